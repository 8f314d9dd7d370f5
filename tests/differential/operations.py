# SPDX-License-Identifier: Apache-2.0
"""Streams of API operations from a seed. An operation is plain data; strings such as
"$uid:configmaps/a" stand for what the server asked has given that object."""
import bodies

MERGE, JSON_PATCH = "application/merge-patch+json", "application/json-patch+json"
STRATEGIC, APPLY = "application/strategic-merge-patch+json", "application/apply-patch+yaml"
KINDS = tuple(k for k in bodies.MAKERS if k != "events")
SCALED = ("deployments", "replicasets")
SENTINEL = "zz-last"
APPLIED = ("s", "t")


def create(rng, kind, name):
    op = {"verb": "POST", "kind": kind, "body": bodies.whole(rng, kind, name)}
    spoil = rng.random()
    meta = op["body"]["metadata"]
    if spoil < 0.05:
        del meta["name"]
        # What follows is made up: two of one prefix would be listed in any order.
        meta["generateName"] = f"{name}{rng.getrandbits(30)}-"
    elif spoil < 0.20:
        rng.choice(SPOILERS)(op, meta)
    if rng.random() < 0.05:
        op["query"] = {"dryRun": "All"}
    return op


def wrong_kind(op, _):
    op["body"]["kind"] = "Secret"


def wrong_version(op, _):
    op["body"]["apiVersion"] = "v9"


def no_kind(op, _):
    del op["body"]["kind"], op["body"]["apiVersion"]


def no_name(_, meta):
    del meta["name"]


def bad_name(_, meta):
    meta["name"] = "Not_Valid!"


def other_namespace(_, meta):
    meta["namespace"] = "elsewhere"


def no_json(op, _):
    op["raw"] = '{"metadata": '


def no_object(op, _):
    op["raw"] = "[1]"


def no_spec(op, _):
    for key in ("spec", "data", "addressType", "regarding"):
        op["body"].pop(key, None)


def unknown_field(op, _):
    op["body"]["noSuchField"] = {"a": 1}


def bad_label(_, meta):
    meta["labels"] = {"app": "not valid!"}


def bad_finalizer(_, meta):
    meta["finalizers"] = ["not valid!"]


def no_owner_uid(_, meta):
    meta["ownerReferences"] = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "a"}]


SPOILERS = (wrong_kind, wrong_version, no_kind, no_name, bad_name, other_namespace,
            no_json, no_object, no_spec, unknown_field, bad_label, bad_finalizer, no_owner_uid)


def edit(rng, kind):
    return rng.choice(bodies.EDITS[kind] if rng.random() < 0.7 else bodies.META_EDITS)


def guarded(rng, kind, name, body):
    """Some writes say which version or object they mean."""
    chance = rng.random()
    meta = dict(body.get("metadata") or {})
    if chance < 0.2:
        meta["resourceVersion"] = f"$rv:{kind}/{name}"
    elif chance < 0.3:
        meta["resourceVersion"] = f"$old-rv:{kind}/{name}"
    elif chance < 0.35:
        meta["uid"] = f"$uid:{kind}/{name}"
    elif chance < 0.38:
        meta["uid"] = "11111111-2222-3333-4444-555555555555"
    return dict(body, metadata=meta) if meta else body


def put(rng, kind, name):
    body = dict(edit(rng, kind))
    chance = rng.random()
    if chance < 0.5:
        body = bodies.merge(body, {"metadata": {"resourceVersion": f"$rv:{kind}/{name}"}})
    elif chance < 0.7:
        body = bodies.merge(body, {"metadata": {"resourceVersion": f"$old-rv:{kind}/{name}"}})
    elif chance < 0.9:
        body = bodies.merge(body, {"metadata": {"resourceVersion": ""}})
    elif chance < 0.93:
        body = bodies.merge(body, {"metadata": {"uid": "11111111-2222-3333-4444-555555555555"}})
    elif chance < 0.96:
        body = bodies.merge(body, {"metadata": {"name": "other"}})
    return {"verb": "PUT", "kind": kind, "name": name, "onto_seen": True, "body": body}


def merge_patch(rng, kind, name):
    return {"verb": "PATCH", "kind": kind, "name": name, "type": MERGE,
            "body": guarded(rng, kind, name, edit(rng, kind))}


def strategic(rng, kind, name):
    body = edit(rng, kind)
    if "data" in body:
        body = {"metadata": {"annotations": {"note": "four"}}}
    if kind == "deployments" and rng.random() < 0.5:
        body = {"spec": {"template": {"spec": {"containers": [rng.choice((
            {"name": "app", "image": "test/app:v3"}, {"name": "app", "env": [
                {"name": "B", "value": "9"}]}, {"name": "side", "$patch": "delete"}))]}}}}
    return {"verb": "PATCH", "kind": kind, "name": name, "type": STRATEGIC,
            "body": guarded(rng, kind, name, body)}


def json_patch(rng, kind, name):
    ops = []
    chance = rng.random()
    if chance < 0.3:
        ops.append({"op": "test", "path": "/metadata/resourceVersion",
                    "value": f"${rng.choice(('rv', 'old-rv'))}:{kind}/{name}"})
    elif chance < 0.5:
        ops.append({"op": "test", "path": "/metadata/uid", "value": f"$uid:{kind}/{name}"})
    for _ in range(rng.randint(0, 2)):
        ops.append(rng.choice((
            {"op": "add", "path": "/metadata/labels", "value": {"app": "y"}},
            {"op": "add", "path": "/metadata/annotations", "value": {"note": "json"}},
            {"op": "remove", "path": "/metadata/labels/app"},
            {"op": "remove", "path": "/metadata/finalizers"},
            {"op": "add", "path": "/metadata/finalizers", "value": ["people.test/hold"]},
            {"op": "test", "path": "/metadata/name", "value": name},
            {"op": "test", "path": "/metadata/labels/app", "value": "x"},
            {"op": "copy", "from": "/metadata/name", "path": "/metadata/annotations/name"},
            {"op": "replace", "path": "/metadata/name", "value": "other"},
            {"op": "other", "path": "/metadata/labels/app"})))
    return {"verb": "PATCH", "kind": kind, "name": name, "type": JSON_PATCH, "body": ops}


def apply(rng, kind, _):
    """Of objects that nobody else writes: whose a member is that two wrote is not simulated."""
    name = rng.choice(APPLIED)
    body = bodies.whole(rng, kind, name)
    spec = body.get("spec", {})
    if spec.get("strategy", {}).get("rolling") == {}:
        spec["strategy"]["rolling"]["steps"] = [{"replicas": "50%"}]
    query = {"fieldManager": "me", "force": "true"}
    if rng.random() < 0.05:
        del query["fieldManager"]
    return {"verb": "PATCH", "kind": kind, "name": name, "type": APPLY, "body": body,
            "query": query}


def odd_patch(rng, kind, name):
    """Types and bodies that no patch has."""
    kind_of_patch, raw = rng.choice((("text/plain", "{}"), (MERGE, "[]"), (JSON_PATCH, "{}"),
                                     (MERGE, "{"), (STRATEGIC, "7"), (JSON_PATCH, "[1]"),
                                     ("application/json", "{}")))
    return {"verb": "PATCH", "kind": kind, "name": name, "type": kind_of_patch, "raw": raw}


def status(rng, kind, name):
    if kind not in bodies.STATUS:
        return merge_patch(rng, kind, name)
    body = rng.choice(bodies.STATUS[kind])
    if rng.random() < 0.4:
        body = bodies.merge(body, {"metadata": {
            "resourceVersion": rng.choice((f"$rv:{kind}/{name}", f"$old-rv:{kind}/{name}", ""))}})
        return {"verb": "PUT", "kind": kind, "name": name, "sub": "status", "onto_seen": True,
                "body": body}
    return {"verb": "PATCH", "kind": kind, "name": name, "sub": "status",
            "type": MERGE if kind == "rollouts" else rng.choice((MERGE, STRATEGIC)),
            "body": guarded(rng, kind, name, body)}


def scale(rng, kind, name):
    if kind not in SCALED:
        return get(rng, kind, name)
    if rng.random() < 0.3:
        return {"verb": "GET", "kind": kind, "name": name, "sub": "scale"}
    return {"verb": "PATCH", "kind": kind, "name": name, "sub": "scale", "type": MERGE,
            "body": {"spec": {"replicas": rng.choice((5, 6, 7, 8, -1))}}}


def get(rng, kind, name):
    name = rng.choice((name,) * 4 + APPLIED)
    op = {"verb": "GET", "kind": kind, "name": name}
    chance = rng.random()
    if chance < 0.03:
        op["sub"] = rng.choice(("nothing", "status"))
    elif chance < 0.06:
        op["kind"] = "pods"
    return op


SELECTORS = ("app=x", "app==y", "app!=x", "app", "!app", "app in (x,y)", "app notin (x, y)",
             "app=x,tier=1", "on=", "tier,!on", "app in x", "=x", "app=x,,", "a b=c")
FIELDS = ("metadata.name=a", "metadata.name!=a", "metadata.name==b", "metadata.namespace=none",
          "metadata.name=a,metadata.name=b", "spec.noSuch=1", "metadata.name")


def listing(rng, kind, _):
    query, chance = {}, rng.random()
    if chance < 0.4:
        query["labelSelector"] = rng.choice(SELECTORS)
    elif chance < 0.6:
        query["fieldSelector"] = rng.choice(FIELDS)
    if not query and rng.random() < 0.5:
        query["limit"] = rng.randint(1, 3)
    if rng.random() < 0.1:
        kind = "pods"
    return {"verb": "GET", "kind": kind, "query": query}


def delete(rng, kind, name):
    name = rng.choice((name,) * 6 + APPLIED)
    op, body = {"verb": "DELETE", "kind": kind, "name": name}, {}
    chance = rng.random()
    if chance < 0.15:
        body["preconditions"] = {"uid": f"$uid:{kind}/{name}"}
    elif chance < 0.3:
        body["preconditions"] = {"resourceVersion":
                                 f"${rng.choice(('rv', 'old-rv'))}:{kind}/{name}"}
    elif chance < 0.33:
        body["preconditions"] = {"uid": "11111111-2222-3333-4444-555555555555"}
    policy = rng.choice(("Background", "Background", "Other", None, None))
    if policy and rng.random() < 0.5:
        body["propagationPolicy"] = policy
    elif policy:
        op["query"] = {"propagationPolicy": policy}
    if rng.random() < 0.05:
        op.setdefault("query", {})["dryRun"] = "All"
    if body:
        op["body"] = dict(body, kind="DeleteOptions", apiVersion="v1")
    return op


ACTS = ((create, 30), (get, 8), (listing, 12), (put, 14), (merge_patch, 14), (strategic, 7),
        (json_patch, 10), (apply, 8), (odd_patch, 2), (status, 8), (scale, 4), (delete, 10))


def sequence(rng, length, kinds=KINDS):
    """Operations on a few kinds, and what a watch tells of one of them."""
    kinds = rng.sample(kinds, min(len(kinds), rng.randint(1, 3)))
    out = []
    while len(out) < length:
        act = rng.choices([a for a, _ in ACTS], [w for _, w in ACTS])[0]
        out.append(act(rng, rng.choice(kinds), rng.choice(bodies.NAMES)))
    return out, rng.choice(kinds)


def fit(op, kubernetes):
    """Without what this minor counts otherwise than the simulated server, which is as v1.36: labels
    in a write of a Rollout's status, of which there nothing is kept, make a new version."""
    meta = (op.get("body") or {}).get("metadata") if op.get("sub") == "status" else None
    if kubernetes != "v1.35" or op["kind"] != "rollouts" or not meta or "labels" not in meta:
        return op
    meta = {k: v for k, v in meta.items() if k != "labels"}
    return dict(op, body=dict(op["body"], metadata=meta))


def sentinel(kind):
    """The last object of a kind: a watch has seen all when it sees it."""
    import random
    body = bodies.whole(random.Random(1), kind, SENTINEL)
    body["metadata"] = {"name": SENTINEL}
    return {"verb": "POST", "kind": kind, "body": body}
