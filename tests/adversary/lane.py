# SPDX-License-Identifier: Apache-2.0
"""A lane: a namespace with a Deployment, its Services and a Rollout, driven through releases one
after another, with hostile acts at random moments. What happens is judged by its observer."""
import json
import threading
import time

import acts
import rest
import unseen
from api import JSON_PATCH, MERGE, ApiError
from cluster import brief, whole
from objects import APP, DEAD_MAN, Strategy, deployment, rollout, service, template, version_of
from observer import Observer

SETTLE_S = 90  # after the last act; time in which nobody worked is added
SLOW_S, MOVES_S = 240, 20
ANSWER_S = 8  # a command that was not answered for so long is given again


class Stuck(Exception):
    """The lane cannot go on; it is given up, and another takes its place."""


class Settings:
    """Strategy and surroundings of a lane, drawn once."""

    def __init__(self, strategy, n, config, services=(APP,)):
        self.strategy, self.n, self.config, self.services = strategy, n, config, list(services)


def drawn(kind, rng, brake):
    strategy = Strategy(kind, rng)
    n = rng.randint(1, 8)
    surge, unavailable = rng.choice([(1, 0), (1, 0), (0, 1), (1, 1), (2, 1), (3, 0), (0, 2)])
    if kind != "rolling":
        surge = max(surge, 1)
    config = {
        "surge": surge, "unavailable": unavailable, "history": rng.choice([0, 1, 3, 10]),
        "min_ready": rng.choice([0, 0, 1]), "drain": rng.choice(["0s", "1s"]),
        "bake": rng.choice(["0s", "1s", "3s", "6s"]),
        "deadline": rng.choice(["10s", "20s", "20s"]),
        "after_abort": rng.choice(["Hold", "Hold", "Revert"]), "brake": brake}
    services = [APP, "web-too"] if rng.random() < 0.3 else [APP]
    return Settings(strategy, n, config, services)


class Lane:
    prefix = "adversary"

    def __init__(self, number, settings, cluster, operators, rng, report, budget):
        self.number, self.rng, self.report = number, rng, report
        self.cluster, self.api = cluster, cluster.api
        self.operators, self.budget = operators, budget
        self.ns = f"{self.prefix}-{number}"
        self.strategy, self.config = settings.strategy, settings.config
        self.kind, self.services = self.strategy.kind, settings.services
        self.by_pause = self.config.get("brake") == "Paused"
        self.strategy.room = self.config["surge"] > 0
        self.strategy.single = self.config["surge"] + self.config["unavailable"] == 1
        # Rolling with one replica and no room for another is refused (V43).
        self.least = 2 if self.kind == "rolling" and not self.strategy.room else 1
        self.n = max(settings.n, self.least)
        self.next_version, self.next_id = 1, 1
        self.asked = None  # the last command's id
        self.good, self.templates = set(), {}
        self.git = self.new_template(bad=0)
        self.generation = self.rollout_generation = 1
        self.observer = Observer(self.strategy, self.services,
                                 lambda n: self.config["unavailable"], operators.down,
                                 self.violated, self.by_pause)
        self.space = cluster.enter(self.ns, self.observer.changed)
        self.observer.space = self.space

    # ---- small words -------------------------------------------------------------------------

    def new_template(self, bad=0.12):
        good = self.rng.random() >= bad
        tmpl = template(f"v{self.next_version}", good)
        self.next_version += 1
        self.template_known(tmpl, good)
        return tmpl

    def template_known(self, tmpl, good=None):
        version = version_of(tmpl)
        self.templates[version] = tmpl
        if good or (good is None and "kwok.test/ready" not in tmpl["metadata"]["annotations"]):
            self.good.add(version)

    def manifest(self):
        """What Git holds."""
        return deployment(self.n, self.git, self.config)

    def deployment(self):
        return self.space.one("deployments") or {"metadata": {}, "spec": {"template": {}}}

    def status(self):
        return (self.space.one("rollouts") or {}).get("status", {})

    def word(self):
        return self.status().get("display", {}).get("status")

    def finalizer(self):
        return (self.space.one("rollouts") or {"metadata": {}})["metadata"].get("finalizers")

    def robbed(self, seconds):
        self.observer.robs(seconds)

    def pause(self, least, most):
        self.operators.stop.wait(self.rng.uniform(least, most))

    def release(self, tmpl):
        self.git = tmpl
        self.space.note("driver", f"template {version_of(tmpl)}")
        self.patch_deployment([{"op": "replace", "path": "/spec/template", "value": tmpl}],
                              JSON_PATCH)

    def patch_deployment(self, body, form=MERGE, query=None):
        self.saw(self.api.patch("deployments", self.ns, APP, body, form, query))

    def saw(self, d):
        """Our watches are behind what was answered to us."""
        self.generation = max(self.generation, d["metadata"]["generation"])
        with self.cluster.lock:
            self.observer.may_roll(d)

    def answered(self):
        """Has the last command been answered?"""
        return self.asked in (None, self.status().get("lastAction", {}).get("id"))

    def asks(self):
        """Does a step wait for a person?"""
        return any(step["approve"] for step in self.strategy.steps)

    def patch_rollout(self, body):
        self.rollout_generation = self.api.patch("rollouts", self.ns, APP,
                                                 body)["metadata"]["generation"]

    def wait(self, seconds, until, meanwhile=None):
        """Until it is so; time in which nobody works does not count."""
        began = time.time()
        while time.time() - began < seconds + self.operators.down(time.time() - began):
            with self.cluster.lock:
                if until():
                    return True
            if meanwhile:
                try:
                    meanwhile()
                except ApiError as e:
                    self.space.note("driver", str(e))
            time.sleep(0.1)
            if self.report.given_up.is_set():
                raise Stuck("given up")
        return False

    def violated(self, rule, words, residual=None):
        self.report.violation(self, rule, words, residual)

    def stuck(self, words):
        d, r = self.space.one("deployments"), self.space.one("rollouts")
        self.violated("STUCK", f"{words}: {d and brief('deployments', d)}; "
                               f"{r and brief('rollouts', r)}; {self.settled()}")
        raise Stuck(words)

    def that_got_ready(self):
        """Stable, or where that is none the newest version that does."""
        stable = self.observer.ledger.stable
        if stable in self.good:
            return self.templates[stable]
        return next(self.templates[v] for v in reversed(self.templates) if v in self.good)

    # ---- a person's commands -----------------------------------------------------------------

    def version_in_flight(self, revision):
        return self.space.version_with(revision) or \
            version_of(self.deployment()["spec"]["template"])

    def command(self, verb):
        with self.cluster.lock:
            status = self.status()
            flight = status.get("flight")
            revision = (flight or {}).get("revision") or status.get("stable", {}).get("revision")
            if verb == "Retry" and not flight:
                revision = status.get("rejected", {}).get("revision")
            if not revision or (not flight and verb not in ("Undo", "Retry")):
                return False
            version, ledger = self.version_in_flight(revision), self.observer.ledger
            if verb in ("Approve", "Skip", "Promote"):
                ledger.allow(version, flight["step"], time.time(), verb == "Promote")
            if verb == "Undo" and not flight:
                ledger.undo_until = time.time() + 60
        body = {"id": f"{self.ns}-{self.next_id}", "verb": verb, "revision": revision}
        self.next_id += 1
        if flight:
            body["step"] = flight["step"]
        self.space.note("driver", f"{verb} {revision} ({version}) {body.get('step')}")
        self.patch_rollout({"spec": {"action": body}})
        self.asked = body["id"]
        return True

    def help_on(self):
        """What a person does so that a release goes on: each thing once in a while, and not again
        before it was answered, or that took long."""
        word = self.word()
        patience = 1 if self.answered() else ANSWER_S
        key = (word, self.status().get("flight", {}).get("step"), time.time() // patience)
        if key == self.helped:
            return
        self.helped = key
        if word == "Approval":
            self.command("Approve")
        elif word == "Decision":
            self.command("Abort")
        d = self.deployment()
        users = d["spec"].get("paused") and \
            "PausedByUser" in json.dumps(self.status().get("conditions", []))
        if users:  # with a dead man its controller reverts, and starts a new pod for a moment
            self.observer.exposed |= DEAD_MAN in d["metadata"].get("annotations", {})
            acts.resume(self)
        stable = self.templates.get(self.observer.ledger.stable)
        if word == "Stalled" and stable and \
                "put its template back" in json.dumps(self.status().get("conditions", [])):
            self.release(stable)  # as its message says: put its template back
        # Nothing stops one that never gets ready where stable has no pod left, or is not known; and
        # where stable was lost, that put back may be such a one.
        if word == "Pending" and version_of(d["spec"]["template"]) not in self.good and \
                "NotComplete" in json.dumps(self.status().get("conditions", [])):
            self.release(self.that_got_ready())

    helped = None

    # ---- the lane's life ---------------------------------------------------------------------

    def run(self):
        try:
            self.set_up()
            while self.budget.take():
                self.one_release()
                self.budget.done(self.kind)
        except Stuck:
            pass
        except (ApiError, OSError, KeyError) as e:
            self.report.trouble(self, e)
        finally:
            self.cluster.leave(self.ns)
            self.api.forget("namespaces", None, self.ns)

    def set_up(self):
        self.api.create("namespaces", None, {"metadata": {"name": self.ns}})
        self.set_up_in_namespace()

    def set_up_in_namespace(self):
        self.api.create("deployments", self.ns, self.manifest())
        for name in self.services:
            self.api.create("services", self.ns, service(name))
        if not self.wait(60, self.whole):
            raise Stuck("the Deployment does not become whole")
        self.api.create("rollouts", self.ns, rollout(self.strategy, self.config))
        self.wait_attached(90)
        with self.cluster.lock:
            self.observer.begin(self.n)
        self.space.note("driver", f"{self.kind} {self.strategy.manifest()} {self.config}")

    def wait_attached(self, seconds=60):
        def attached():
            armed = [c for c in self.status().get("conditions", [])
                     if c["type"] == "BrakeArmed" and c["status"] == "True"]
            return bool(armed)
        if not self.wait(seconds, attached, self.help_on):
            self.stuck("the Rollout does not attach")

    def whole(self):
        return whole(self.deployment())

    def settle(self, what):
        """Slowness is not being stuck: as long as pods move it is waited for, to a limit."""
        end = time.time() + SLOW_S
        done = self.wait(SETTLE_S, lambda: not self.settled(), self.help_on)
        while not done and time.time() < end and time.time() - self.space.moved_at < MOVES_S:
            done = self.wait(MOVES_S, lambda: not self.settled(), self.help_on)
        if not done:
            self.stuck(what)

    def one_release(self):
        version = version_of(self.deployment()["spec"]["template"])
        old = sorted(self.good - {version, self.observer.ledger.stable})
        if old and self.rng.random() < 0.25:
            self.release(self.templates[self.rng.choice(old)])
        else:
            self.release(self.new_template())
        self.hostilities()
        self.settle("not settled")
        if self.word() == "Aborted" and self.rng.random() < 0.5:
            stable = self.templates.get(self.observer.ledger.stable)
            if stable:
                self.release(stable)
                self.settle("not settled after the revert")
        if self.word() == "Resting":
            rest.check(self)

    def hostilities(self):
        """A few acts, at moments of a release that lasts seconds."""
        rare = self.rng.random() < 0.35
        count = self.rng.choice([0, 1, 1, 2, 2, 3, 4])
        rare_at = self.rng.randrange(count + 1) if rare else None
        act = unseen.draw(self)
        if act and self.rng.random() < self.operators.options.unseen:
            self.play(act)
        for i in range(count + bool(rare)):
            until = time.time() + self.rng.choice([0.1, 0.5, 1, 2, 3, 5]) * self.rng.random()
            eager = self.rng.random() < 0.5
            self.wait(max(until - time.time(), 0.01), lambda: False,
                      self.help_on if eager else None)
            self.play(acts.draw(self.rng, acts.RARE if i == rare_at else acts.COMMON))

    def play(self, act):
        if acts.play(self, act):
            self.report.count(self.kind, act.__name__)

    # ---- what shall be at the end ------------------------------------------------------------

    def settled(self):
        """What is still missing; nothing: the release ended, or is held on stable."""
        d, word = self.deployment(), self.word()
        if d["metadata"].get("generation", 0) < self.generation or \
                self.status().get("observedGeneration", 0) < self.rollout_generation:
            return "the last command was not seen"
        seen = self.status().get("target", {}).get("observedGeneration", 0)
        if seen < d["metadata"].get("generation", 1 << 60):
            return "the Deployment's last change was not judged"
        if word == "Aborted":
            n, stable = d["spec"]["replicas"], self.observer.ledger.stable
            have = self.space.served(APP)
            if have[stable] != n or sum(have.values()) != n:
                return f"held, {dict(have)} serve of {n} of {stable}"
            return ""
        if word != "Resting":
            return f"it is {word}"
        if not self.whole():
            return "the Deployment is not whole"
        return rest.left_over(self)


def start(lane):
    thread = threading.Thread(target=lane.run, daemon=True, name=lane.ns)
    thread.start()
    return thread
