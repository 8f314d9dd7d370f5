# SPDX-License-Identifier: Apache-2.0
"""Objects of each kind, from small vocabularies so that operations meet: valid, and spoilt."""

from objects import API
from side import merge

NAMES = ("a", "b", "c", "d")
# No server chooses it by itself: it is among the first 32 of the real one's 198.18.2.0/23.
FIXED = "198.18.2.9"
OWNERS = ("configmaps", "deployments", "services")


def labels(rng):
    pool = {"app": ("x", "y", "z"), "tier": ("1", "2"), "on": ("",)}
    return {k: rng.choice(v) for k, v in pool.items() if rng.random() < 0.5}


def metadata(rng, name):
    meta = {"name": name}
    if rng.random() < 0.7:
        meta["labels"] = labels(rng)
    if rng.random() < 0.3:
        meta["annotations"] = {"note": rng.choice(("one", "two", ""))}
    if rng.random() < 0.15:
        meta["finalizers"] = ["people.test/hold"]
    if rng.random() < 0.1:
        kind, owner = rng.choice(OWNERS), rng.choice(NAMES)
        meta["ownerReferences"] = [{"apiVersion": API[kind][0], "kind": API[kind][1],
                                    "name": owner, "uid": f"$uid:{kind}/{owner}"}]
    return meta


def container(rng):
    out = {"name": "app", "image": rng.choice(("test/app:v1", "test/app:v2", "test/app",
                                               "test/app:latest"))}
    if rng.random() < 0.4:
        out["ports"] = [{"name": "http", "containerPort": 8080}]
    if rng.random() < 0.4:
        out["env"] = [{"name": "A", "value": rng.choice("12")}, {"name": "B", "value": "3"}][
            :rng.randint(1, 2)]
    if rng.random() < 0.3:
        out["readinessProbe"] = {"httpGet": {"path": "/ready", "port": rng.choice((8080, "http"))},
                                 "periodSeconds": 1}
    if rng.random() < 0.2:
        out["lifecycle"] = {"preStop": {"exec": {"command": ["sleep", "1"]}}}
    if rng.random() < 0.2:
        out["resources"] = {"requests": {"cpu": "10m", "memory": "8Mi"}}
    return out


def template(rng, app):
    spec = {"containers": [container(rng)]}
    if rng.random() < 0.2:
        spec["terminationGracePeriodSeconds"] = rng.choice((0, 5))
    if rng.random() < 0.1:
        spec["volumes"] = [{"name": "tmp", "emptyDir": {}}]
    if rng.random() < 0.2:
        spec["nodeSelector"] = {"type": "kwok"}
        spec["tolerations"] = [{"key": "kwok.x-k8s.io/node", "operator": "Exists"}]
    return {"metadata": {"labels": {"app": app}}, "spec": spec}


def configmaps(rng):
    return {"data": {k: rng.choice("12") for k in "pq" if rng.random() < 0.7}}


def services(rng):
    port = {"name": "http", "port": rng.choice((80, 81))}
    if rng.random() < 0.6:
        port["targetPort"] = rng.choice(("http", 8080))
    spec = {"selector": {"app": rng.choice("xy")}, "ports": [port]}
    if rng.random() < 0.2:
        spec["ports"].append({"name": "more", "port": 90, "protocol": "TCP"})
    if rng.random() < 0.15:
        spec["clusterIP"] = "None"
    if rng.random() < 0.1:
        spec["sessionAffinity"] = "ClientIP"
    return {"spec": spec}


def deployments(rng):
    app = rng.choice("xy")
    spec = {"selector": {"matchLabels": {"app": app}}, "template": template(rng, app)}
    if rng.random() < 0.7:
        spec["replicas"] = rng.randint(0, 3)
    if rng.random() < 0.3:
        spec["strategy"] = rng.choice((
            {"type": "Recreate"}, {"type": "RollingUpdate"},
            {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "50%"}}))
    if rng.random() < 0.2:
        spec["paused"] = rng.random() < 0.7
    if rng.random() < 0.2:
        spec["minReadySeconds"] = rng.randint(0, 3)
    if rng.random() < 0.2:
        spec["revisionHistoryLimit"] = rng.randint(0, 3)
    return {"spec": spec}


def replicasets(rng):
    app = rng.choice("xy")
    spec = {"selector": {"matchLabels": {"app": app}}, "template": template(rng, app)}
    if rng.random() < 0.7:
        spec["replicas"] = rng.randint(0, 3)
    return {"spec": spec}


def controllerrevisions(rng):
    return {"data": {"spec": {"n": rng.randint(0, 2)}}, "revision": rng.randint(0, 3)}


def endpointslices(rng):
    end = {"addresses": [rng.choice(("198.19.0.1", "198.19.0.2"))]}
    if rng.random() < 0.7:
        end["conditions"] = {"ready": rng.random() < 0.5}
    out = {"addressType": "IPv4", "endpoints": [end]}
    if rng.random() < 0.7:
        out["ports"] = [{"name": "http", "port": 8080}]
    return out


def leases(rng):
    spec = {"holderIdentity": rng.choice(("me", "you")), "leaseDurationSeconds": 15,
            "renewTime": f"2026-01-01T00:00:0{rng.randint(0, 9)}.000000Z"}
    return {"spec": {k: v for k, v in spec.items() if rng.random() < 0.8}}


def events(rng):
    return {"eventTime": "2026-01-01T00:00:00.000000Z", "reportingController": "sluice.dev/test",
            "reportingInstance": "test-1", "action": "Test", "type": rng.choice(
                ("Normal", "Warning")), "reason": rng.choice(("Began", "Ended")),
            "note": rng.choice(("a note", "another")),
            "regarding": {"apiVersion": "v1", "kind": "ConfigMap", "name": "a",
                          "namespace": "$ns"}}


def steps(rng):
    pool = ({"weight": 10, "hold": "5s"}, {"weight": 25}, {"weight": "50%"},
            {"weight": 75, "approve": True},
            {"approve": True, "deadline": "1h", "onDeadline": "Fail", "weight": 80})
    return [dict(pool[i]) for i in sorted(rng.sample(range(len(pool)), rng.randint(1, 3)))]


def rollouts(rng):
    strategy = rng.choice((
        lambda: {"rolling": {}}, lambda: {"blueGreen": {"activeService": "a"}},
        lambda: {"blueGreen": {"activeService": "a", "switch": "Approve"}},
        lambda: {"canary": {"stableService": "a", "steps": steps(rng)}},
        lambda: {"rolling": {"steps": [{"replicas": "25%"}, {"approve": True}]}}))()
    spec = {"targetRef": {"name": rng.choice(NAMES)}, "strategy": strategy}
    if rng.random() < 0.2:
        spec["targetRef"]["kind"] = "Deployment"
    if rng.random() < 0.3:
        spec[rng.choice(("bake", "drain"))] = rng.choice(("5s", "1m30s"))
    if rng.random() < 0.2:
        spec["onFailure"] = rng.choice(("Abort", "Pause"))
    return {"spec": spec}


MAKERS = {f.__name__: f for f in (configmaps, services, deployments, replicasets,
                                  controllerrevisions, endpointslices, leases, events, rollouts)}


def whole(rng, kind, name):
    api, word = API[kind]
    return {"apiVersion": api, "kind": word, "metadata": metadata(rng, name), **MAKERS[kind](rng)}


# What a change may be, as merge patches: mostly good ones.
META_EDITS = (
    {"metadata": {"labels": {"app": "x"}}}, {"metadata": {"labels": {"app": None, "tier": "2"}}},
    {"metadata": {"annotations": {"note": "three"}}}, {"metadata": {"annotations": None}},
    {"metadata": {"finalizers": ["people.test/hold"]}}, {"metadata": {"finalizers": None}},
    {"metadata": {"finalizers": ["people.test/a", "people.test/b"]}}, {"metadata": {"labels": {}}},
    {"metadata": {"labels": {"app": "not valid!"}}}, {},
)
EDITS = {
    "configmaps": ({"data": {"p": "9"}}, {"data": {"p": None}}, {"data": None},
                   {"data": {"p": 1}}, {"immutable": True}, {"data": {"not valid!": "1"}}),
    "services": ({"spec": {"selector": {"app": "x", "rev": "1"}}},
                 {"spec": {"selector": {"rev": None}}}, {"spec": {"sessionAffinity": "None"}},
                 {"spec": {"ports": [{"name": "http", "port": 82}]}},
                 {"spec": {"ports": []}}, {"spec": {"clusterIP": FIXED}},
                 {"spec": {"sessionAffinity": "Other"}}, {"spec": {"selector": None}}),
    "deployments": ({"metadata": {"generation": 77}},
                    {"spec": {"replicas": 2}}, {"spec": {"replicas": 0}},
                    {"spec": {"paused": True}}, {"spec": {"paused": None}},
                    {"spec": {"replicas": -1}}, {"spec": {"replicas": "3"}},
                    {"spec": {"selector": {"matchLabels": {"app": "w"}}}},
                    {"spec": {"template": {"metadata": {"annotations": {"at": "1"}}}}},
                    {"spec": {"template": {"metadata": {"labels": {"app": "w"}}}}},
                    {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}},
                    {"spec": {"strategy": {"type": "Recreate"}}},
                    {"spec": {"strategy": {"rollingUpdate": {"maxSurge": 0}}}},
                    {"spec": {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}}},
                    {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 7}}}},
                    {"spec": {"minReadySeconds": 3}}, {"spec": {"progressDeadlineSeconds": 2}},
                    {"spec": {"template": {"spec": {"containers": None}}}},
                    {"spec": {"revisionHistoryLimit": None}}),
    "replicasets": ({"spec": {"replicas": 2}}, {"spec": {"replicas": -1}},
                    {"spec": {"selector": {"matchLabels": {"app": "w"}}}},
                    {"spec": {"template": {"metadata": {"labels": {"app": "w"}}}}},
                    {"spec": {"template": {"metadata": {"annotations": {"at": "1"}}}}},
                    {"spec": {"minReadySeconds": 2}}),
    "controllerrevisions": ({"data": {"spec": {"n": 5}}}, {"revision": 9}, {"revision": 1},
                            {"data": None}, {"revision": None}),
    "endpointslices": ({"endpoints": []}, {"endpoints": [{"addresses": ["198.19.0.9"]}]},
                       {"ports": [{"name": "http", "port": 81, "protocol": "TCP"}]},
                       {"addressType": "IPv6"}, {"endpoints": [{"addresses": []}]}),
    "leases": ({"spec": {"holderIdentity": "they"}}, {"spec": {"leaseTransitions": 3}},
               {"spec": {"leaseDurationSeconds": 0}}, {"spec": {"leaseDurationSeconds": -1}},
               {"spec": {"renewTime": None}}, {"spec": None}),
    "events": ({"series": {"count": 2, "lastObservedTime": "2026-01-01T00:00:05.000000Z"}},
               {"note": "changed"}, {"series": {"count": 1,
                "lastObservedTime": "2026-01-01T00:00:05.000000Z"}}, {"reason": "Other"}),
    "rollouts": ({"spec": {"bake": "9s"}}, {"spec": {"bake": None}}, {"spec": {"bake": "soon"}},
                 {"spec": {"targetRef": {"name": "other"}}},
                 {"spec": {"strategy": {"blueGreen": {"activeService": "a"}}}},
                 {"spec": {"strategy": {"canary": None, "blueGreen": None, "rolling": {}}}},
                 {"spec": {"strategy": {"canary": {"stableService": "a",
                                                   "steps": [{"weight": 300}]},
                                        "blueGreen": None, "rolling": None}}},
                 {"spec": {"strategy": {"canary": {"stableService": "a", "steps": [
                     {"weight": 10, "gates": ["none"]}]}, "blueGreen": None, "rolling": None}}},
                 {"spec": {"onFailure": "Other"}}, {"spec": {"brake": "Paused"}},
                 {"spec": {"strategy": {"rolling": {"steps": [{"weight": 20}]},
                                        "blueGreen": None, "canary": None}}},
                 {"spec": {"noSuch": 1}}, {"spec": {"targetRef": None}}),
}
STATUS = {
    "deployments": ({"status": {"observedGeneration": 1}},
                    {"status": {"replicas": 2, "updatedReplicas": 1}},
                    {"status": {"readyReplicas": 9}}, {"status": {"replicas": -1}},
                    {"spec": {"replicas": 3}, "status": {"replicas": 1}}),
    "replicasets": ({"status": {"replicas": 2, "observedGeneration": 1}},
                    {"status": {"replicas": 1, "readyReplicas": 3}}, {"spec": {"replicas": 3}}),
    "services": ({"status": {"loadBalancer": {"ingress": [{"ip": "198.18.9.9"}]}}},
                 {"spec": {"selector": {"app": "w"}}}),
    "rollouts": ({"status": {"observedGeneration": 1}},
                 {"status": {"display": {"status": "Resting"}}},
                 {"spec": {"bake": "7s"}, "status": {"observedGeneration": 2}},
                 {"metadata": {"labels": {"app": "y"}}}),
}
