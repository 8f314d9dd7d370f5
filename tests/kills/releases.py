# SPDX-License-Identifier: Apache-2.0
"""The ten releases, and the lane that plays each again and again under plans of the gate."""
import lane as lanes
import rest
from cluster import owner
from objects import APP, MARK, Strategy, template, version_of

DEADLINE_S = 120  # a release ends, time in which nobody worked not counted
CONFIG = {"surge": 1, "unavailable": 0, "history": 3, "min_ready": 0, "drain": "1s", "bake": "1s",
          "deadline": "300s", "after_abort": "Hold"}
LEASES = "apis/rbac.authorization.k8s.io/v1/namespaces"


class Fixed(Strategy):
    """A strategy as written here, not drawn."""

    def __init__(self, kind, *steps):
        self.kind, self.room, self.steps = kind, True, list(steps)
        self.auto = not any(step["approve"] for step in steps)


def step(share, approve=False, hold=0):
    return {"share": share, "approve": approve, "hold": hold}


class Release:
    """`deeds`: what a person does, in this order, each when the Rollout says the word. `ends`:
    whose template there is then, who is stable, and what history says of the others."""

    def __init__(self, name, strategy, deeds, ends, real=False, **config):
        self.name, self.strategy, self.deeds, self.ends = name, strategy, deeds, ends
        self.real = real  # pods of a real node, under load
        self.config = CONFIG | config


def blue_green(approve):
    return lambda: Fixed("blueGreen", step(100, approve))


def canary(approve=False):
    return lambda: Fixed("canary", step(25), step(50, approve, 0 if approve else 1))


def rolling(approve=False):
    return lambda: Fixed("rolling", step(25), step(50, approve, 0 if approve else 1))


APPROVED, UNDONE = [("Approval", "Approve")], [("Baking", "Undo")]
ABORTED = [("Approval", "Abort"), ("Aborted", "revert")]
NEW = ("new", "new", [("new", "Promoted")])
REFUSED = ("old", "old", [("new", "Aborted")])
BACK = ("old", "old", [("new", "Undone")])
RELEASES = [
    Release("blue-green", blue_green(False), [], NEW),
    Release("blue-green-abort", blue_green(True), ABORTED, REFUSED),
    Release("blue-green-preview", blue_green(True), APPROVED, NEW),
    Release("blue-green-superseded", blue_green(True), [("Approval", "newer")] + APPROVED,
            ("newer", "newer", [("newer", "Promoted"), ("new", "Superseded")])),
    Release("blue-green-undo", blue_green(False), UNDONE, BACK, bake="60s"),
    Release("canary", canary(), [], NEW),
    Release("canary-abort", canary(True), ABORTED, REFUSED),
    Release("canary-undo", canary(True), APPROVED + UNDONE, BACK, bake="60s"),
    Release("rolling", rolling(), [], NEW),
    Release("rolling-abort", rolling(True), ABORTED, REFUSED),
]
SLOW = {"drain": "3s", "bake": "3s"}
LOADED = [
    Release("blue-green-loaded", blue_green(False), [], NEW, real=True, **SLOW),
    Release("canary-loaded", canary(), [], NEW, real=True, **SLOW),
]
IMAGES = 3  # of the test's app there are v1 to v3


class Lane(lanes.Lane):
    prefix = "kills"

    def __init__(self, number, release, cluster, operator, rng, report):
        settings = lanes.Settings(release.strategy(), 4, release.config)
        self.name, self.played = release.name, release
        super().__init__(number, settings, cluster, operator, rng, report, None)
        self.deeds, self.given, self.roles, self.hashes = [], None, {}, {}
        self.gate = self.began_with = None

    # ---- setting up --------------------------------------------------------------------------

    def set_up(self, start):
        self.api.create("namespaces", None, {"metadata": {"name": self.ns}})
        self.may_lead()
        start()
        super().set_up_in_namespace()

    def may_lead(self):
        """Its operator has a lease here: each lane one of its own."""
        body = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
                "metadata": {"name": "leads"},
                "rules": [{"apiGroups": ["coordination.k8s.io"], "resources": ["leases"],
                           "verbs": ["get", "update", "create"]}]}
        self.api.request("POST", f"/{LEASES}/{self.ns}/roles", body)
        body = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
                "metadata": {"name": "leads"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role",
                            "name": "leads"},
                "subjects": [{"kind": "ServiceAccount", "name": "sluice-controller",
                              "namespace": "sluice-system"}]}
        self.api.request("POST", f"/{LEASES}/{self.ns}/rolebindings", body)

    def new_template(self, bad=0):
        version = f"v{self.next_version}"
        tmpl = template(version)
        if self.played.real:
            image = f"sluice.test/app:v{self.next_version % IMAGES + 1}"
            tmpl["spec"] = {"terminationGracePeriodSeconds": 5, "containers": [{
                "name": "app", "image": image, "imagePullPolicy": "Never",
                "ports": [{"name": "http", "containerPort": 8080}],
                "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http"},
                                   "periodSeconds": 1}}]}
        self.next_version += 1
        self.template_known(tmpl, True)
        return tmpl

    # ---- one release -------------------------------------------------------------------------

    def play_release(self, plan):
        """What it ended in."""
        self.deeds, self.given = list(self.played.deeds), None
        self.roles = {self.observer.ledger.stable: "old"}
        self.hashes = {}
        self.began_with = self.observer.ledger.stable
        self.space.note("driver", f"{self.name}: {plan}")
        self.gate.arm(plan)
        self.put(self.new_template(bad=0), "new")
        if not self.wait(DEADLINE_S, lambda: not self.deeds and not self.settled() and
                         self.is_told(), self.help_on):
            self.stuck(f"not at an end in {DEADLINE_S} s, {plan}")
        rest.check(self)
        return self.outcome()

    def put(self, tmpl, role):
        self.roles[tmpl["metadata"]["annotations"][MARK]] = role
        self.release(tmpl)

    def help_on(self):
        """The next deed, once its word is said; again, if it was refused."""
        with self.cluster.lock:  # what is aborted may not stay
            self.hashes.update({self.space.hash_of(version): role
                                for version, role in self.roles.items()})
        if self.given and not self.was_done():
            return
        if self.given:
            self.deeds.pop(0)
            self.given = None
        with self.cluster.lock:
            due = self.deeds and self.word() == self.deeds[0][0] and self.is_present()
        if due:
            self.give(self.deeds[0][1])

    def is_present(self):
        """The status is of the newest template and of its flight."""
        status, d = self.status(), self.deployment()
        flight, newest = status.get("flight"), self.space.hash_of(version_of(self.git))
        return d["metadata"]["generation"] >= self.generation and \
            status.get("target", {}).get("observedGeneration", 0) >= \
            d["metadata"]["generation"] and (not flight or flight["revision"] == newest)

    def is_told(self):
        """The EndpointSlices, whose controller may be a moment behind, say which pods there are."""
        with self.cluster.lock:
            return self.space.served(APP) == self.space.ready_pods()

    def give(self, deed):
        if deed == "newer":
            self.put(self.new_template(bad=0), "newer")
        elif deed == "revert":
            self.release(self.templates[self.began_with])
        elif not self.command(deed):
            return
        self.given = deed

    def was_done(self):
        if self.given in ("newer", "revert"):
            return True
        answer = self.status().get("lastAction", {})
        if answer.get("id") != self.asked:
            return False
        if answer.get("outcome") != "Accepted":
            self.space.note("driver", f"{self.given} was refused: {answer.get('reason')}")
            self.given = None  # the word was of a moment before: said again, it is given again
            return False
        return True

    def outcome(self):
        """All that lasts, in words that are the same for every run of this release."""
        with self.cluster.lock:
            d, status = self.deployment(), self.status()
            sets = {}
            for rs in self.space.all("replicasets"):
                version = version_of(rs["spec"]["template"])
                if version in self.roles:
                    sets[self.roles[version]] = (
                        rs["spec"]["replicas"], rs["status"].get("availableReplicas", 0),
                        (owner(rs) or {}).get("kind"))
            history = [(self.hashes[entry["revision"]], entry["outcome"])
                       for entry in status.get("history", [])
                       if self.hashes.get(entry["revision"]) in ("new", "newer")]
            return {
                "template": self.roles.get(version_of(d["spec"]["template"])),
                "replicas": d["spec"]["replicas"], "paused": d["spec"].get("paused", False),
                "marks": sorted(d["metadata"].get("annotations", {})),
                "ReplicaSets": sets, "history": history, "word": self.word(),
                "stable": self.hashes.get(status.get("stable", {}).get("revision")),
                "Services": {s["metadata"]["name"]: (s["spec"].get("selector"),
                                                     s["metadata"].get("labels"))
                             for s in self.space.all("services")},
                "serve": {self.roles.get(v): n for v, n in self.space.served(APP).items()}}
