# SPDX-License-Identifier: Apache-2.0
"""What shall be at rest: nothing of ours in the users' objects but for the brake, and nothing is
written."""
import json
import time

from objects import APP, DEAD_MAN, braked

TOLD_S = 5.5   # after it came to rest a report that only retells may take so long
COUNTS_S = 12  # ... and counts that changed just after they were told, ten seconds
QUIET_S = 2.5  # then nothing is written: watched for so long
FRESH_S = 6.5  # an operator that has begun to work so lately may report what it finds


def wrong_brake(lane, d):
    """At admission nothing of it is in the objects; brake: Paused is there, and complete."""
    if lane.by_pause:
        if not braked(d):
            return "the Deployment is not paused with a dead man that names its own revision"
        return "" if lane.finalizer() else "the finalizer is missing"
    if d["spec"].get("paused"):
        return "the Deployment is paused"
    if DEAD_MAN in d["metadata"].get("annotations", {}):
        return "the dead man is left"
    return "the finalizer is left" if lane.finalizer() else ""


def left_over(lane):
    """Of ours, in the users' objects (I13)."""
    d = lane.deployment()
    if wrong_brake(lane, d):
        return wrong_brake(lane, d)
    if lane.space.all("controllerrevisions"):
        return "a fence is left"
    names = sorted(s["metadata"]["name"] for s in lane.space.all("services"))
    if names != sorted(lane.services):
        return f"Services {names}"
    for name in lane.services:
        s = lane.space.one("services", name)
        if s["spec"].get("selector") != {"app": APP} or \
                s["metadata"].get("labels") != {"app": APP}:
            return f"Service {name} is pinned or labelled"
    for rs in lane.space.all("replicasets"):
        refs = rs["metadata"].get("ownerReferences", [])
        if "sluice.dev/of" in rs["metadata"].get("labels", {}) or len(refs) != 1 or \
                refs[0]["uid"] != d["metadata"]["uid"]:
            return f"ReplicaSet {rs['metadata']['name']} was not given back"
    return ""


def check(lane):
    d, wanted = lane.deployment(), lane.manifest()
    for key in ("minReadySeconds", "revisionHistoryLimit"):
        if d["spec"].get(key, 0) != wanted["spec"][key]:
            lane.violated("REST", f"spec.{key} is {d['spec'].get(key)}")
    marks = set(d["metadata"].get("annotations", {})) - {
        "deployment.kubernetes.io/revision", "kubectl.kubernetes.io/restartedAt"}
    marks -= {DEAD_MAN} if lane.by_pause else set()
    if marks:
        lane.violated("REST", f"annotations {marks}")
    if lane.rng.random() < 0.2:
        check_quiet(lane)


def objects(lane):
    with lane.cluster.lock:
        return {(kind, o["metadata"]["name"]): o
                for kind in ("deployments", "replicasets", "services", "rollouts")
                for o in lane.space.all(kind)}


def without_report(obj):
    """A Rollout as people wrote it."""
    meta = {k: v for k, v in obj["metadata"].items() if k not in ("resourceVersion",
                                                                  "managedFields")}
    return json.dumps([meta, obj.get("spec")], sort_keys=True)


def changed(before, after, may_report):
    """What was written; a report is none for whoever has just begun, or is one of two."""
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if old and new and old["metadata"]["resourceVersion"] == new["metadata"]["resourceVersion"]:
            continue
        if may_report and key[0] == "rollouts" and old and new and \
                without_report(old) == without_report(new):
            continue
        yield key


def counts_told(lane):
    n = lane.deployment()["spec"]["replicas"]
    return f"on {n}/{n} pods" in json.dumps((lane.space.one("rollouts") or {}).get("status", {}))


def check_quiet(lane):
    """No write at rest (I6): the status is the last, a moment after all else."""
    end = time.time() + COUNTS_S
    lane.operators.stop.wait(TOLD_S)
    while not counts_told(lane) and time.time() < end and not lane.operators.stop.wait(0.1):
        pass
    before, since = objects(lane), time.time()
    lane.operators.stop.wait(QUIET_S)
    may_report = lane.operators.began(since - FRESH_S) or lane.operators.may_differ()
    found = list(changed(before, objects(lane), may_report))
    if found:
        lane.violated("REST", f"written at rest: {found}")
