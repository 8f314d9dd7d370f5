# SPDX-License-Identifier: Apache-2.0
"""What a lane is made of: manifests as a user would keep them, strategies and their arithmetic."""
import json

APP = "web"
MARK, RESTARTED = "sluice.test/version", "kubectl.kubernetes.io/restartedAt"
READY = "kwok.test/ready"
HASH, DEAD_MAN = "pod-template-hash", "deprecated.deployment.rollback.to"
REVISION = "deployment.kubernetes.io/revision"


def version_of(obj):
    """The version that a template, or a pod made of it, says it is."""
    marks = (obj.get("metadata") or {}).get("annotations") or {}
    return marks.get(MARK, "?") + ("+" + marks[RESTARTED] if RESTARTED in marks else "")


def braked(d):
    """Paused, with the way back to the template that it has: brake: Paused at rest."""
    marks = d["metadata"].get("annotations") or {}
    return bool(d["spec"].get("paused")) and DEAD_MAN in marks and \
        marks[DEAD_MAN] == marks.get(REVISION)


def template(version, ready=True):
    marks = {MARK: version}
    if not ready:
        marks[READY] = "false"
    return {"metadata": {"labels": {"app": APP}, "annotations": marks},
            "spec": {"nodeSelector": {"type": "kwok"},
                     "tolerations": [{"key": "kwok.x-k8s.io/node", "operator": "Exists"}],
                     "terminationGracePeriodSeconds": 2,
                     "containers": [{"name": "app", "image": "sluice.test/app:v1",
                                     "ports": [{"name": "http", "containerPort": 8080}]}]}}


def plain(tmpl):
    """A ReplicaSet's template as the Deployment would have it."""
    out = json.loads(json.dumps(tmpl))
    out["metadata"].get("labels", {}).pop(HASH, None)
    out["metadata"].pop("creationTimestamp", None)
    return out


class Strategy:
    """A strategy as written, and how many pods each of its steps allows to be new."""

    def __init__(self, kind, rng):
        self.kind = kind
        self.auto = rng.random() < 0.5
        self.room = True  # rolling: for one more pod than replicas
        self.single = False  # ... and one at a time
        self.steps = []
        self.edit(rng)

    def edit(self, rng):
        """Other steps; blue-green has none to change."""
        if self.kind == "blueGreen":
            self.steps = [{"share": 100, "approve": not self.auto}]
            return
        shares = sorted(rng.sample([10, 20, 25, 40, 50] if self.kind == "canary" else
                                   [10, 20, 40, 60, 80], rng.choice([1, 2, 2, 3])))
        self.steps = [{"share": share, "approve": rng.random() < 0.4,
                       "hold": rng.choice([0, 0, 1])} for share in shares]

    def manifest(self):
        if self.kind == "blueGreen":
            return {"blueGreen": {"activeService": APP,
                                  "switch": "Auto" if self.auto else "Approve"}}
        steps = []
        for step in self.steps:
            out = {"weight": step["share"]} if self.kind == "canary" else \
                {"replicas": f"{step['share']}%"}
            if step["approve"]:
                out["approve"] = True
            if step["hold"]:
                out["hold"] = f"{step['hold']}s"
            steps.append(out)
        return {self.kind: {"steps": steps}}

    def pods(self, level, n, steps=None):
        """Pods of the new version that step `level` (from 1) brings with N replicas."""
        steps = steps or self.steps
        if n == 0:
            return 0
        if self.kind == "rolling" and n == 1:
            return int(self.room)  # else there is nothing to judge
        if level > len(steps):
            return n - 1 if self.kind == "rolling" else n
        share = steps[level - 1]["share"]
        if self.kind == "blueGreen":
            return n
        if self.kind == "canary":
            return min(max((2 * n * share + 100 - share) // (2 * (100 - share)), 1), n)
        return min(max(-(-n * share // 100), 1), n - 1)

    @property
    def last(self):
        return len(self.steps) + 1


def deployment(n, tmpl, config):
    return {"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": APP, "labels": {"app": APP}},
            "spec": {"replicas": n, "selector": {"matchLabels": {"app": APP}},
                     "minReadySeconds": config["min_ready"],
                     "revisionHistoryLimit": config["history"],
                     "strategy": {"type": "RollingUpdate",
                                  "rollingUpdate": {"maxSurge": config["surge"],
                                                    "maxUnavailable": config["unavailable"]}},
                     "template": tmpl}}


def service(name):
    return {"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "labels": {"app": APP}},
            "spec": {"selector": {"app": APP},
                     "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}}


def rollout(strategy, config):
    return {"apiVersion": "sluice.dev/v1beta1", "kind": "Rollout", "metadata": {"name": APP},
            "spec": {"targetRef": {"name": APP}, "strategy": strategy.manifest(),
                     "brake": config.get("brake", "Auto"),
                     "drain": config["drain"], "bake": config["bake"],
                     "afterAbort": config["after_abort"], "progressDeadline": config["deadline"]}}
