# SPDX-License-Identifier: Apache-2.0
"""What there is, by watches of our own: every lane's objects, and the trace of their changes."""
import collections
import json
import threading
import time

from objects import APP, DEAD_MAN, HASH, REVISION, version_of

KINDS = ("deployments", "replicasets", "pods", "services", "endpointslices",
         "controllerrevisions", "rollouts")
BUSY = ("deployments", "replicasets", "pods", "endpointslices", "rollouts")
TRACE_LINES = 4000


def stamp(at):
    return time.strftime("%H:%M:%S", time.gmtime(at)) + f".{int(at * 1000) % 1000:03d}"


def owner(obj):
    for ref in obj["metadata"].get("ownerReferences", []):
        if ref.get("controller"):
            return ref
    return None


def ready(pod):
    return any(c["type"] == "Ready" and c["status"] == "True"
               for c in pod.get("status", {}).get("conditions", []))


def whole(d):
    status, n = d.get("status", {}), d["spec"].get("replicas", -1)
    return status.get("observedGeneration") == d["metadata"].get("generation") and \
        all(status.get(k, 0) == n for k in ("replicas", "updatedReplicas", "availableReplicas"))


def brief(kind, obj):
    """One line of what matters here."""
    meta, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
    notes = meta.get("annotations") or {}
    if kind == "deployments":
        return (f"n={spec['replicas']} {version_of(spec['template'])} gen={meta['generation']}"
                f"/{status.get('observedGeneration')} paused={spec.get('paused', False)} "
                f"deadman={notes.get(DEAD_MAN)} pods={status.get('replicas', 0)} "
                f"updated={status.get('updatedReplicas', 0)} "
                f"av={status.get('availableReplicas', 0)}")
    if kind == "replicasets":
        ref = owner(obj)
        return (f"{version_of(spec['template'])} want={spec['replicas']} "
                f"pods={status.get('replicas', 0)} av={status.get('availableReplicas', 0)} "
                f"by={ref['kind'] if ref else None} rev={notes.get(REVISION)}"
                + (" deleting" if meta.get("deletionTimestamp") else ""))
    if kind == "pods":
        return (f"{version_of(obj)} ready={ready(obj)}"
                + (" deleting" if meta.get("deletionTimestamp") else ""))
    if kind == "services":
        return f"selector={spec.get('selector')} pin={meta.get('labels', {}).get('sluice.dev/pin')}"
    if kind == "endpointslices":
        return f"ready={len(slice_pods(obj))} pin={meta['labels'].get('sluice.dev/pin')}"
    if kind == "controllerrevisions":
        record = json.loads(notes.get("sluice.dev/record", "{}"))
        return (f"stable={record.get('stable', {}).get('revision')} "
                f"committed={record.get('committedAt')} history={record.get('history')}")
    flight, answer = status.get("flight") or {}, status.get("lastAction") or {}
    return (f"{status.get('display', {}).get('status')} flight={flight.get('revision')} "
            f"step={flight.get('step')} {flight.get('direction')} stable="
            f"{status.get('stable', {}).get('revision')} rejected="
            f"{status.get('rejected', {}).get('revision')} last={answer.get('verb')}/"
            f"{answer.get('reason')}")


def slice_pods(obj):
    return [e["targetRef"]["name"] for e in obj.get("endpoints") or []
            if e.get("conditions", {}).get("ready") and "targetRef" in e]


class Space:
    """A lane's namespace as last seen."""

    def __init__(self, seen):
        self.seen = seen  # how far the watch of each kind has come, in resource versions
        self.objects = {kind: {} for kind in KINDS}
        self.versions = {}  # of every pod there ever was
        self.trace = collections.deque(maxlen=TRACE_LINES)
        self.moved_at = 0  # a ReplicaSet was changed: something is going on

    def one(self, kind, name=APP):
        return self.objects[kind].get(name)

    def all(self, kind):
        return list(self.objects[kind].values())

    def come_to(self):
        return max(self.seen.values(), default=0)

    def caught_up(self, version):
        """Have the watches that always have news told all that there was before?"""
        return all(self.seen[kind] >= version for kind in BUSY)

    def note(self, who, text):
        now = time.time()
        self.trace.append((now, f"{stamp(now)} {who:<20} {text}"))

    def take(self, kind, change, obj):
        name = obj["metadata"]["name"]
        if kind == "pods":
            self.versions[name] = version_of(obj)
        if kind == "replicasets":
            self.moved_at = time.time()
        if change == "DELETED":
            known = self.objects[kind].get(name)
            if known and known["metadata"]["uid"] == obj["metadata"]["uid"]:
                del self.objects[kind][name]
        else:
            self.objects[kind][name] = obj
        self.note(f"{kind}/{name}", f"{change} rv={obj['metadata']['resourceVersion']} "
                  f"{brief(kind, obj)}")

    def ready_pods(self):
        """By version: those that are ready and stay."""
        out = collections.Counter()
        for pod in self.objects["pods"].values():
            if ready(pod) and not pod["metadata"].get("deletionTimestamp"):
                out[version_of(pod)] += 1
        return out

    def wanted_pods(self):
        """By version: those that ReplicaSets ask for."""
        out = collections.Counter()
        for rs in self.objects["replicasets"].values():
            out[version_of(rs["spec"]["template"])] += rs["spec"]["replicas"]
        return out

    def served(self, service):
        """By version: ready endpoints of a Service; None for a pod that was not seen yet."""
        names = set()
        for piece in self.objects["endpointslices"].values():
            if piece["metadata"]["labels"].get("kubernetes.io/service-name") == service:
                names.update(slice_pods(piece))
        return collections.Counter(self.versions.get(name) for name in names)

    def version_with(self, revision):
        """Of the ReplicaSet of this revision; None: there is none."""
        for rs in self.objects["replicasets"].values():
            if rs["spec"]["selector"]["matchLabels"].get(HASH) == revision:
                return version_of(rs["spec"]["template"])
        return None

    def hash_of(self, version):
        for rs in self.objects["replicasets"].values():
            if version_of(rs["spec"]["template"]) == version:
                return rs["spec"]["selector"]["matchLabels"].get(HASH)
        return None


class Cluster:
    """All lanes' spaces, kept by one watch per kind; whoever is told sees one change at a time."""

    def __init__(self, api):
        self.api, self.spaces, self.listeners = api, {}, {}
        self.seen = collections.defaultdict(int)
        self.lock, self.stop = threading.RLock(), threading.Event()

    def start(self):
        for kind in KINDS:
            threading.Thread(target=self.api.watch, daemon=True, name=f"watch-{kind}",
                             args=(kind, lambda c, o, k=kind: self.take(k, c, o),
                                   self.stop)).start()

    def take(self, kind, change, obj):
        ns = obj["metadata"]["namespace"]
        with self.lock:
            self.seen[kind] = max(self.seen[kind], int(obj["metadata"]["resourceVersion"]))
            space = self.spaces.get(ns)
            if not space:
                return
            space.take(kind, change, obj)
            listener = self.listeners.get(ns)
            if listener:
                listener(kind)

    def enter(self, ns, listener):
        with self.lock:
            self.spaces[ns], self.listeners[ns] = Space(self.seen), listener
            return self.spaces[ns]

    def leave(self, ns):
        with self.lock:
            self.listeners.pop(ns, None)
            self.spaces.pop(ns, None)
