# SPDX-License-Identifier: Apache-2.0
"""Histories without pods: on both servers the Deployment controller acts alone, and what pods there
are is told here, to both in step, so that both controllers go through the same sequence. Nothing
starts or stops meanwhile: the counts of a release that is under way are compared too."""
import json
import random
import time

import histories
from operations import MERGE

LOOK_S = 0.1
STILL_S = 10  # what both have said for so long they will go on to say
REST_MAX = 40
REST = ["rest", None]
# How far pods have come, by the size wanted and by what was told last: how many there are, how many
# of them ready, how many available.
WAYS = {
    "all": lambda size, was: (size, size, size),
    "made": lambda size, was: (size, min(was[1], size), min(was[2], size)),
    "one": lambda size, was: (size, min(was[1] + 1, size), min(was[2] + 1, size)),
    "half": lambda size, was: (size, size, size // 2),
    "ill": lambda size, was: (size, size // 2, 0),
    "leaving": lambda size, was: (max(was[0], size), min(was[1], size), min(was[2], size)),
}


# ---- acts --------------------------------------------------------------------------------------

def groups_of(rng):
    out = [[REST]]
    for group in histories.acts_of(rng):
        out.append(group)
        out += [[REST]] if rng.random() < 0.5 else [telling(rng) for _ in range(rng.randint(0, 4))]
    return out + [[REST]]


def telling(rng):
    which = rng.randint(0, 4) if rng.random() < 0.3 else None
    return [["tell", [rng.choice(sorted(WAYS)), which]]]


class Place(histories.Place):
    """The Deployment on one of the servers, and the pods that it is told of."""

    def end(self):
        super().end()
        for rs in self.sets():
            self.ask("DELETE", "replicasets", rs["metadata"]["name"])

    def tell(self, way, tag):
        """Whether that is news."""
        news = [self.tell_set(rs, WAYS[way]) for rs in self.sets() if histories.tag(rs) == tag]
        return any(news)

    def tell_set(self, rs, way):
        was = rs.get("status", {})
        counts = way(rs["spec"]["replicas"], [was.get(k, 0) for k in histories.COUNTS])
        now = dict(zip(histories.COUNTS, counts), fullyLabeledReplicas=counts[0],
                   observedGeneration=rs["metadata"]["generation"])
        if all(was.get(k, 0) == v for k, v in now.items()):
            return False
        self.server.ask("PATCH", histories.Api.path("replicasets", self.ns, rs["metadata"]["name"],
                                                    "status"), json.dumps({"status": now}), MERGE)
        return True

    def look(self):
        """What there is, and whether the controller has said all that it was told."""
        state, _ = super().look()
        mine = [s for s in state["sets"].values() if s["owned"]]
        seen = self.heard and all(sum(s[k] for s in mine) == state[k] for k in histories.COUNTS)
        return state, seen

    def newest(self):
        return max((rs["metadata"]["creationTimestamp"] for rs in self.sets()), default="")


# ---- in step -----------------------------------------------------------------------------------

def settle(places):
    """None when both are alike, have heard all and do nothing more; else what they say at the
    deadline."""
    end, since, last = time.monotonic() + histories.DEADLINE_S, 0, None
    while True:
        looks, now = [p.look() for p in places], time.monotonic()
        if looks == last and looks[0] == looks[1] and looks[0][1]:
            return None
        since = since if looks == last else now
        heard = all(heard for _, heard in looks)
        if now > end or heard and now > since + STILL_S:
            return None if looks[0][0] == looks[1][0] else looks
        last = looks
        time.sleep(LOOK_S)


def next_second(place):
    """Of two ReplicaSets of the same second the real controller takes that with the greater name
    for the newer one."""
    newest = place.newest()
    while newest == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()):
        time.sleep(0.05)


def tell(places, way, which=None):
    """Of one ReplicaSet after the other: a controller may act between any two. Whether there was
    news, and the looks where they differ."""
    news = False
    for tag in sorted({histories.tag(rs) for rs in places[0].sets()}):
        if which is not None and tag != f"v{which}":
            continue
        if any([p.tell(way, tag) for p in places]):
            news = True
            if looks := settle(places):
                return news, looks
    return news, None


def rest(places):
    """Tells of all pods until nobody does anything for it."""
    for _ in range(REST_MAX):
        news, looks = tell(places, "all")
        if looks or not news:
            return looks
    return None


def step(places, acts):
    if acts == [REST]:
        return rest(places)
    if acts and acts[0][0] == "tell":
        return tell(places, *acts[0][1])[1]
    next_second(places[0])
    for p in places:
        p.do(acts)
    return settle(places)


def play(sides, name, groups):
    return histories.play(sides, name, groups, Place, step)


def history(sides, seed, wants_shrink):
    """The kind and text of a difference, or None."""
    groups = groups_of(random.Random(f"told {seed}"))
    names = f"t{seed}", f"--told --seed {seed}"
    return histories.judged(sides, names, groups, play(sides, names[0], groups), play,
                            wants_shrink)
