# SPDX-License-Identifier: Apache-2.0
"""The same history of a Deployment on both servers, their controllers at work. After each group of
acts both shall settle alike: the same ReplicaSets by template, sizes, owners, revisions, counts."""
import json
import random
import time

from api import Api  # of ../adversary
from operations import MERGE

REVISION = "deployment.kubernetes.io/revision"
DEADLINE_S = 120
LOOK_S = 0.2
SHRINK_MAX = 12
ONCE = "only once"
COUNTS = ("replicas", "readyReplicas", "availableReplicas")


def manifest(name):
    spec = {"nodeSelector": {"type": "kwok"}, "terminationGracePeriodSeconds": 1, "tolerations": [
        {"key": "kwok.x-k8s.io/node", "operator": "Exists"}], "containers": [
            {"name": "app", "image": "test/app:v1"}]}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {
        "replicas": 2, "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": spec}}}


# ---- acts: (what, argument); a template is its image's tag -------------------------------------

def acts_of(rng):
    begin = shared(rng) if rng.random() < 0.4 else []
    return begin + [group(rng) for _ in range(rng.randint(3, 7))]


def shared(rng):
    """Two sides with pods in a paused Deployment, as in a rolling release: what the controller
    shares out hangs on the sizes that each side was last told of."""
    return [[["template", 1], ["scale", rng.randint(1, 9)]],
            [["template", 2], ["strategy", rng.choice(([1, 0], [0, 1], [0, 2], [3, 1]))]],
            [["scale", rng.randint(1, 9)]],
            [["pause", True], ["template", rng.choice((1, 3))]],
            [["scale-rs", [rng.choice((1, 2)), rng.randint(1, 5)]]],
            [["scale", rng.randint(0, 9)]]]


def group(rng):
    """Something done to a ReplicaSet, or one write to the Deployment: of two writes the controller
    may see the second only, and either is right."""
    acts = [act(rng) for _ in range(rng.choice((1, 1, 1, 2)))]
    by_hand = [a for a in acts if a[0].endswith("-rs")]
    return by_hand[:1] or list({a[0]: a for a in acts}.values())


def act(rng):
    what = rng.choices(("template", "scale", "pause", "resume", "strategy", "history",
                        "delete-rs", "orphan-rs", "scale-rs"), (9, 4, 2, 4, 3, 1, 2, 1, 2))[0]
    return [what, {
        "template": lambda: rng.randint(1, 4), "scale": lambda: rng.randint(0, 9),
        "pause": lambda: True, "resume": lambda: None,
        "strategy": lambda: rng.choice(([1, 0], [0, 1], ["50%", "50%"], [2, 2], "Recreate")),
        "history": lambda: rng.randint(0, 3), "delete-rs": lambda: rng.randint(1, 4),
        "orphan-rs": lambda: rng.randint(1, 4),
        "scale-rs": lambda: [rng.randint(1, 4), rng.randint(0, 6)]}[what]()]


def strategy(value):
    if value == "Recreate":
        return {"type": "Recreate", "rollingUpdate": None}
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": value[0],
                                                       "maxUnavailable": value[1]}}


def change_of(what, value):
    if what == "template":
        return {"template": {"metadata": {"annotations": {"made": f"v{value}"}}}}
    return {"scale": {"replicas": value}, "pause": {"paused": value}, "resume": {"paused": value},
            "history": {"revisionHistoryLimit": value},
            "strategy": {"strategy": strategy(value) if what == "strategy" else None}}[what]


def tag(rs):
    return rs["spec"]["template"]["metadata"].get("annotations", {}).get("made", "v0")


class Place:
    """The Deployment on one of the servers."""

    def __init__(self, side, name):
        self.server, self.ns, self.name = side.server, side.ns, name
        self.heard = False  # the controller has seen the last change of what is wanted

    def ask(self, method, kind, name=None, body=None, query=""):
        return self.server.ask(method, Api.path(kind, self.ns, name) + query,
                               body and json.dumps(body), MERGE if method == "PATCH" else
                               "application/json")

    def begin(self):
        self.ask("POST", "deployments", body=manifest(self.name))

    def end(self):
        self.ask("DELETE", "deployments", self.name, query="?propagationPolicy=Background")

    def sets(self):
        return self.ask("GET", "replicasets", query=f"?labelSelector=app={self.name}")[1]["items"]

    def do(self, acts):
        spec = {}
        for what, value in acts:
            if what.endswith("-rs"):
                self.by_hand(what, value)
            else:
                spec.update(change_of(what, value))
        if spec:
            self.ask("PATCH", "deployments", self.name, {"spec": spec})

    def by_hand(self, what, value):
        which = value[0] if isinstance(value, list) else value
        for rs in self.sets():
            if tag(rs) == f"v{which}":
                self.act_on_set(what, rs["metadata"]["name"], value)

    def act_on_set(self, what, name, value):
        if what == "delete-rs":
            self.ask("DELETE", "replicasets", name, query="?propagationPolicy=Background")
        elif what == "orphan-rs":
            self.ask("PATCH", "replicasets", name, {"metadata": {"ownerReferences": None}})
        else:
            self.ask("PATCH", "replicasets", name, {"spec": {"replicas": value[1]}})

    def look(self):
        """What there is, and whether it is at rest."""
        d, sets = self.ask("GET", "deployments", self.name)[1], self.sets()
        status, spec = d.get("status", {}), d["spec"]
        self.heard = status.get("observedGeneration", 0) >= d["metadata"]["generation"]
        state = {"revision": d["metadata"].get("annotations", {}).get(REVISION),
                 "updated": status.get("updatedReplicas", 0),
                 **{k: status.get(k, 0) for k in COUNTS}, "sets": {}}
        rest = self.heard
        for rs in sets:
            counts = {k: rs.get("status", {}).get(k, 0) for k in COUNTS}
            owners = rs["metadata"].get("ownerReferences", [])
            state["sets"][tag(rs)] = {
                "size": rs["spec"]["replicas"], "owned": len(owners) == 1, **counts,
                "revision": rs["metadata"].get("annotations", {}).get(REVISION)}
            rest = rest and set(counts.values()) == {rs["spec"]["replicas"]}
        if not spec.get("paused"):
            rest = rest and state["replicas"] == state["updated"] == spec["replicas"]
        return state, rest


def settle(places):
    """None when both came to rest alike, or are alike at the deadline: some Deployments never rest,
    such as one of strategy Recreate with two sides. Else what they say then."""
    end = time.monotonic() + DEADLINE_S
    while True:
        looks = [p.look() for p in places]
        if looks[0] == looks[1] and looks[0][1]:
            return None
        if time.monotonic() > end:
            return None if looks[0][0] == looks[1][0] else looks
        time.sleep(LOOK_S)


def step(places, acts):
    for p in places:
        p.do(acts)
    return settle(places)


def play(sides, name, groups, place=Place, stepped=step):
    """(number of the group, what is there) where they differ, or None."""
    places = [place(side, name) for side in sides]
    for p in places:
        p.begin()
    try:
        for i, acts in enumerate([[]] + groups):
            if looks := stepped(places, acts):
                return i, looks
        return None
    finally:
        for p in places:
            p.end()


def shrink(sides, name, groups, found, played):
    groups, tries, at = groups[:found[0]], 0, 0
    while at < len(groups) and tries < SHRINK_MAX:
        tries += 1
        less = groups[:at] + groups[at + 1:]
        if again := played(sides, f"{name}-{tries}", less):
            groups, found = less[:again[0]], again
        else:
            at += 1
    return groups, found


def history(sides, seed, wants_shrink):
    """The kind and text of a difference, or None. What differs once only is told as that: the real
    ReplicaSet controller may have slept."""
    groups = acts_of(random.Random(f"history {seed}"))
    names = f"h{seed}", f"--histories --seed {seed}"
    found = play(sides, names[0], groups)
    if found and not play(sides, f"{names[0]}-again", groups):
        return ONCE, f"{ONCE}: {names[1]} --streams 1, not again: {json.dumps(found[1])}"
    return judged(sides, names, groups, found, play, wants_shrink)


def judged(sides, names, groups, found, played, wants_shrink):
    """`names`: of the Deployment, and what asks for this history again."""
    if not found:
        return None
    if wants_shrink:
        groups, found = shrink(sides, names[0], groups, found, played)
    real, sim = found[1]
    return names[1].split()[0][2:], "\n".join(
        [f"DIFFERENCE  {names[1]} --streams 1"] +
        [f"  {json.dumps(g)}" for g in groups[:found[0]]] +
        [f"  real      {json.dumps(real)}", f"  simulated {json.dumps(sim)}"])
