# SPDX-License-Identifier: Apache-2.0
"""What must never happen (I of src/README.md), judged by watches and a ledger of our own, which is
asked whether a commit was allowed. Versions are told apart by an annotation of the template.

  EARLY     a version is behind a Service of users, or stable, that may not be yet (I2, I3)
  SHARE     more new pods serve than the step allows (I3)
  FOREIGN   a version that is neither stable nor on its way gets pods, or they become ready
  CAPACITY  fewer ready endpoints than N less what the strategy allows (I1, I11)
  OWNERS    two ReplicaSets of one template; more than one with pods inside a paused Deployment (I5)
  BRAKE     brake: Paused leaves the Deployment unpaused
  REST      something of ours is left at rest, or is written (I6, I13)
  STUCK     a release neither ends nor is held once the hostile acts have stopped"""
import collections
import datetime
import json
import threading
import time

from cluster import owner, whole
from ledger import LATE_S, RECENT_S, Ledger
from loose import Loose
from objects import DEAD_MAN, braked, version_of

DOUBT_S = 1.5      # watches of different kinds are apart: a suspicion must outlive that,
LAG_S = 90         # which on a busy machine is as long as one of them is behind, to a limit
OWNERS_S = 10
ROBBED_S = 60      # for so long the Deployment controller's own shares are not ours
BRAKE_S = 30       # how long a pause may be off that stays at rest
BACK_S = 5         # what was taken is missed only after it was whole again


class Observer:
    """One lane's. `tell` gets a rule, words and the kind of what no controller can prevent; `down`
    says for how long nobody worked lately; `by_pause`: brake: Paused."""

    def __init__(self, strategy, services, unavailable, down, tell, by_pause=False):
        self.ledger = Ledger(strategy)
        self.kind, self.services, self.unavailable = strategy.kind, services, unavailable
        self.down, self.tell, self.space = down, tell, None
        self.attached = False
        self.before = collections.defaultdict(collections.Counter)
        self.doubts = {}      # (rule, about): (since, still wrong?, words)
        self.twins = None     # since when two ReplicaSets have one template ...
        self.borne = set()    # ... and of which versions that was told, and could not be prevented
        self.quiet_until = self.robbed_at = 0  # a hostile act took capacity
        self.robbed_inside = 0  # when stable lost its pods; rolling shares with the new ones
        self.exposed = False  # stable lost its pods before the flight had fenced the history
        self.samples = 0
        self.rest_since = None
        self.by_pause, self.loose = by_pause, Loose(down)
        self.unpaused = None  # since when it is not paused, where it shall be
        self.told = None      # status.stable

    # ---- the driver says ---------------------------------------------------------------------

    def begin(self, n):
        now = time.time()
        self.ledger.begin(version_of(self.space.one("deployments")["spec"]["template"]), n, now)
        self.attached, self.told = True, self.stable_told()

    def robs(self, seconds):
        """Capacity is being taken by us: not missed for a while."""
        self.robbed_at = time.time()
        self.quiet_until = max(self.quiet_until, self.robbed_at + seconds)

    def expose(self, git, deleted=False):
        """Stable is about to lose its pods. If its Deployment is paused and history not fenced yet,
        or being given back, the Deployment controller revives that, but where stable's is the
        template and its ReplicaSet there; without a fence nobody has stable's template."""
        self.robbed_inside = time.time()
        d, fences = self.space.one("deployments"), self.space.all("controllerrevisions")
        flight = (self.space.one("rollouts") or {}).get("status", {}).get("flight") or {}
        gives = flight.get("direction") != "Forward"
        inside = [rs for rs in self.space.all("replicasets") if rs["spec"]["replicas"] == 0
                  and (gives or (owner(rs) or {}).get("kind") == "Deployment")]
        now = {version_of(git), version_of(d["spec"]["template"])} if d else set()
        paused = d and d["spec"].get("paused") and (deleted or not self.by_pause)
        moved = d and (now != {self.ledger.stable} or paused)
        if moved and (inside or not fences):
            self.exposed, self.rest_since = True, None  # its watch may not have told yet

    def may_roll(self, d):
        """So the Deployment was written, whatever our watches have seen of it."""
        if self.by_pause and self.attached:
            rests = version_of(d["spec"]["template"]) == self.ledger.stable and \
                not self.space.all("controllerrevisions")
            self.loose.look(d, rests, time.time())

    def unpins(self, service):
        """It is about to be written as people have it, without a pin."""
        if self.by_pause:
            self.loose.unpins(service, time.time())

    # ---- changes -----------------------------------------------------------------------------

    def changed(self, kind):
        if not self.attached:
            return
        now = time.time()
        self.samples += 1
        if kind == "deployments":
            self.read_deployment(now)
        if kind == "controllerrevisions":
            self.read_record()
        if kind == "rollouts" and self.by_pause:
            self.read_status()
        if kind in ("pods", "deployments", "rollouts"):
            self.ledger.advance(self.space.ready_pods(), now)
        if kind == "rollouts":
            self.edit_seen()
        if kind == "pods":
            self.look_pods(now)
        if kind == "endpointslices":
            self.look_served(now)
        if kind == "replicasets":
            self.look_owners()
        self.look_capacity(now)

    def read_deployment(self, now):
        d = self.space.one("deployments")
        if not d:
            return
        self.ledger.resized(d["spec"]["replicas"], now)
        version = version_of(d["spec"]["template"])
        served = max([self.space.served(s)[version] for s in self.services] or [0])
        self.ledger.template_is(version, served, now)
        self.may_roll(d)
        if not whole(d) or not self.rests(d, version):
            self.rest_since = None
        elif self.rest_since is None:
            self.rest_since = now
        if not self.by_pause and self.rests(d, version) and version != self.ledger.stable:
            self.commit_seen(version, "the Deployment was resumed with it", time.time())

    def rests(self, d, version):
        """By its brake alone."""
        if self.by_pause:
            return braked(d) and version == self.ledger.stable and \
                not self.space.all("controllerrevisions")
        return not d["spec"].get("paused", False) and \
            DEAD_MAN not in (d["metadata"].get("annotations") or {})

    def stable_told(self):
        status = (self.space.one("rollouts") or {}).get("status") or {}
        return (status.get("stable") or {}).get("revision")

    def recorded(self):
        """What records say that is stable."""
        for fence in self.space.all("controllerrevisions"):
            record = fence["metadata"].get("annotations", {}).get("sluice.dev/record")
            if record:
                yield stable_of(record), record

    def read_status(self):
        """Without a record stable changes where a template went out by itself: it counts then."""
        told = self.stable_told()
        if told in (None, self.told):
            return
        self.told = told
        version = self.space.version_with(told)

        def natively():  # the next release may begin at once, from there
            return self.told == told and version not in (None, self.ledger.stable) and \
                all(stable == version for stable, _ in self.recorded())

        def settle():
            if not self.ledger.may_be_stable(version) and version != self.ledger.previous:
                self.violation("EARLY", f"{version} went out natively, {self.standing()}")
            self.ledger.promoted(version)
        if natively():
            self.doubt(("EARLY", version), natively, settle)

    def read_record(self):
        for stable, record in self.recorded():
            if stable and stable != self.ledger.stable:
                self.commit_seen(stable, "the record says that it is stable",
                                 decided_at(record) or time.time())

    def commit_seen(self, version, how, decided):
        ledger = self.ledger
        if version == ledger.previous:
            ledger.previous, ledger.stable = ledger.stable, version
            return
        ledger.advance(self.space.ready_pods(), time.time())
        if ledger.may_be_stable(version) or ledger.was_last(version, decided):
            ledger.promoted(version)
            return
        flight = ledger.flights.get(version)
        words = f"{how}: {version}, which is at step {flight.level if flight else 'none'}"

        def settle():
            stands = ledger.may_be_stable(version) or ledger.was_last(version, decided)
            if not stands and version != ledger.stable:
                # A revived old version may count as stable then; what is new may not.
                candidate = version == ledger.template and not self.loose.cause(time.time())
                (self.tell if candidate else self.violation)("EARLY", words)
            ledger.promoted(version)
        self.doubt(("EARLY", version), lambda: version != ledger.stable, settle)

    def edit_seen(self):
        r = self.space.one("rollouts")
        if r and r.get("status", {}).get("observedGeneration") == r["metadata"]["generation"]:
            for flight in self.ledger.flights.values():
                if flight.edited and time.time() - flight.edited[2] > RECENT_S:
                    flight.edited = None

    # ---- rules -------------------------------------------------------------------------------

    def look_pods(self, now):
        ready = self.space.ready_pods()
        for version, count in ready.items():
            if count > self.before["pods"][version] and not self.ledger.known(version, now):
                self.doubt(("FOREIGN", version),
                           lambda v=version: not self.ledger.known(v, time.time()),
                           lambda v=version, c=count: self.violation(
                               "FOREIGN", f"{c} ready pods of {v}, {self.standing()}"))
        self.before["pods"] = ready

    def look_served(self, now):
        for name in self.services:
            served = self.space.served(name)
            before, self.before[name] = self.before[name], served
            for version, count in served.items():
                if version is None or count <= before[version]:
                    continue
                limit = self.ledger.limit(version, now)
                if limit is not None and count > limit:
                    self.too_many(name, version, count)

    def too_many(self, name, version, count):
        flight = self.ledger.flights.get(version)
        level = flight.level if flight else None
        rule = "FOREIGN" if not flight else "EARLY" if self.kind == "blueGreen" else "SHARE"

        def wrong():
            limit = self.ledger.limit(version, time.time())
            return limit is not None and count > limit
        self.doubt((rule, version), wrong, lambda: self.violation(
            rule, f"{count} endpoints of {version} behind {name} at step {level}, allowed "
                  f"{self.ledger.limit(version, time.time())}, {self.standing()}", name))

    def least_served(self, now):
        sizes = self.ledger.recent_sizes(now, RECENT_S + self.down(60))
        return min(sizes) - (self.unavailable(min(sizes)) if self.kind == "rolling" else 0)

    def look_capacity(self, now):
        least = self.least_served(now)
        if now < self.quiet_until:
            if now > self.robbed_at + BACK_S and all(
                    sum(self.space.served(name).values()) >= least for name in self.services):
                self.quiet_until = 0
            return
        for name in self.services:
            have = sum(self.space.served(name).values())
            if self.space.one("services", name) and have < least:
                key = ("CAPACITY", name)
                if key not in self.doubts:
                    # A scale may be seen after what it did to endpoints: N is asked for again.
                    self.doubt(key, lambda n=name: sum(self.space.served(n).values()) <
                               self.least_served(time.time()) and time.time() > self.quiet_until,
                               lambda n=name, h=have: self.violation(
                                   "CAPACITY", f"{h} endpoints behind {n}, at least {least}, "
                                               f"{self.standing()}"), wait=0.6)

    def look_owners(self):
        d = self.space.one("deployments")
        if not d or time.time() < self.quiet_until:
            return
        sets = self.space.all("replicasets")
        inside = [rs for rs in sets if rs["spec"]["replicas"] > 0
                  and not rs["metadata"].get("deletionTimestamp")
                  and (owner(rs) or {}).get("uid") == d["metadata"]["uid"]]
        if self.kind != "rolling" and d["spec"].get("paused") and len(inside) > 1:
            words = "inside a paused Deployment with pods: " + ", ".join(
                f"{rs['metadata']['name']} {version_of(rs['spec']['template'])} "
                f"{rs['spec']['replicas']}" for rs in inside)
            if self.by_pause:  # that the pause was off may be seen after what that did
                self.doubt(("OWNERS", None), lambda: True, lambda: self.violation("OWNERS", words))
            else:
                self.violation("OWNERS", words)
        for version in {version_of(rs["spec"]["template"]) for rs in inside}:
            if not self.ledger.known(version, time.time()):
                self.doubt(("FOREIGN", version), lambda: True, lambda v=version: self.violation(
                    "FOREIGN", f"{v} is given pods by the Deployment, {self.standing()}"))
        names = [version_of(rs["spec"]["template"]) for rs in sets]
        twins = {v for v in names if names.count(v) > 1}
        self.borne &= twins  # they stay as long as history does
        twins = sorted(twins - self.borne)
        self.twins = (self.twins if self.twins and self.twins[1] == twins
                      else (time.time(), twins)) if twins else None

    # ---- suspicions --------------------------------------------------------------------------

    def doubt(self, key, wrong, then, wait=DOUBT_S):
        """Judged a moment later, by what is known then."""
        self.doubts.setdefault(key, (time.time() + wait, self.space.come_to(), wrong, then))

    def tick(self):
        now = time.time()
        for key, (due, version, wrong, then) in list(self.doubts.items()):
            if now >= due and (self.space.caught_up(version) or now >= due + LAG_S):
                del self.doubts[key]
                if wrong():
                    then()
        if not self.attached:
            return
        if self.twins and now - self.twins[0] > OWNERS_S + self.down(60):
            if self.residual("OWNERS"):
                self.borne |= set(self.twins[1])
            self.violation("OWNERS", f"two ReplicaSets of {self.twins[1]}")
            self.twins = None
        if self.rest_since and now - self.rest_since > 5:
            self.ledger.previous, self.exposed = None, False
        for version, flight in list(self.ledger.flights.items()):
            if flight.left and now - flight.left > 2 * LATE_S:
                del self.ledger.flights[version]
        self.look_capacity(now)
        if self.by_pause:
            self.look_brake(now)

    def look_brake(self, now):
        if self.loose.closed(now):
            self.look_again(now)
        d, r = self.space.one("deployments"), self.space.one("rollouts")
        off = d and r and not r["metadata"].get("deletionTimestamp") and \
            not d["spec"].get("paused") and self.space.ready_pods()[self.ledger.stable] and \
            self.stable_told()  # a Rollout made anew waits until its Deployment is whole
        if not off:
            self.unpaused = None
        elif self.unpaused is None:
            self.unpaused = now
        elif now - self.unpaused > BRAKE_S + self.down(60):
            self.doubt(("BRAKE", None), lambda: self.unpaused, lambda: self.violation(
                "BRAKE", f"the Deployment stays unpaused, {self.standing()}"))

    def look_again(self, now):
        """What nobody could prevent was to be taken back by now; but rolling keeps what it has."""
        for version, count in self.space.ready_pods().items():
            if self.kind == "rolling" and version in self.ledger.flights:
                self.ledger.flights[version].carry = count
        for name in self.services:
            self.before[name] = collections.Counter()
        self.look_served(now)

    def standing(self):
        ledger = self.ledger
        return (f"stable {ledger.stable}, before {ledger.previous}, template {ledger.template}, "
                f"N {[n for _, n in ledger.sizes[-4:]]}")

    def violation(self, rule, words, service=None):
        self.tell(rule, words, self.residual(rule, service))

    def residual(self, rule, service=None):
        """Of which kind, if no controller can prevent it; said in the documentation."""
        if rule in ("REST", "BRAKE"):
            return None
        now = time.time()
        if self.loose.cause(now, service):
            return self.loose.cause(now, service)
        if self.exposed:
            return "stable lost"
        shares = now - self.robbed_inside < ROBBED_S + self.down(60)
        return "native share" if self.kind == "rolling" and rule == "SHARE" and shares else None


def stable_of(record):
    stable = json.loads(record).get("stable", {})
    return version_of(stable["template"]) if stable.get("template") else None


def decided_at(record):
    """When the commit was decided, by its writer's clock, which is ours; None: it tells of none."""
    text = json.loads(record).get("committedAt")
    return text and datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def ticker(observers, lock, stop):
    """Judges suspicions of all lanes, ten times a second."""
    def run():
        while not stop.wait(0.1):
            with lock:
                for observer in list(observers()):
                    observer.tick()
    threading.Thread(target=run, daemon=True, name="ticker").start()
