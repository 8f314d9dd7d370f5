# SPDX-License-Identifier: Apache-2.0
"""One of the two servers, as a stream of operations meets it: what was seen there, and answers in
words that do not depend on which server gave them."""
import copy
import json
import re
import urllib.parse

from api import Api  # of ../adversary
from objects import API
from rest import Server

REFERENCE = re.compile(r"^\$(uid|rv|old-rv):([a-z]+)/([-a-z0-9.]+)$")
TIMES = ("creationTimestamp", "deletionTimestamp")
# No watch of a stream tells more.
EVENTS_MAX = 2000
# A ControllerRevision's data is kept byte for byte: a blank more, and a later patch, which writes
# none, is refused for changing it.
COMPACT = (",", ":")


def merge(doc, patch):
    """A merge patch."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    out = dict(doc) if isinstance(doc, dict) else {}
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = merge(out.get(key), value)
    return out


class Names:
    """What a server made up, numbered in the order in which it was first seen."""

    def __init__(self):
        self.known = {}

    def of(self, kind, text):
        if not isinstance(text, str) or not text:
            return text
        if (kind, text) not in self.known:
            self.known[kind, text] = f"{kind}{sum(k == kind for k, _ in self.known) + 1}"
        return self.known[kind, text]


def named(op):
    api, kind = API[op["kind"]]
    return {"apiVersion": api, "kind": kind, "metadata": {"name": op["name"]}}


class Side:
    def __init__(self, kubeconfig, ns):
        self.server, self.ns = Server(kubeconfig), ns
        self.begin()

    def begin(self):
        self.seen, self.names = {}, Names()

    # ---- requests ----------------------------------------------------------------------------

    def reference(self, text):
        found = REFERENCE.match(text)
        if not found:
            return text
        what, kind, name = found.groups()
        docs = self.seen.get((kind, name), [])
        if not docs:
            return "1" if what != "uid" else "11111111-2222-3333-4444-555555555555"
        doc = docs[-1]
        if what == "old-rv":
            others = [d for d in docs if d["metadata"]["resourceVersion"] !=
                      doc["metadata"]["resourceVersion"]]
            doc = others[-1] if others else doc
        return doc["metadata"]["uid" if what == "uid" else "resourceVersion"]

    def resolve(self, value):
        if isinstance(value, dict):
            return {k: self.resolve(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.resolve(v) for v in value]
        return self.reference(value) if isinstance(value, str) else value

    def body(self, op):
        if "raw" in op:
            return op["raw"]
        body = op.get("body")
        if op.get("onto_seen"):
            docs = self.seen.get((op["kind"], op["name"]))
            body = merge(docs[-1] if docs else named(op), body)
        return None if body is None else json.dumps(self.resolve(body), separators=COMPACT)

    def query(self, op):
        words = {k: self.resolve(v) for k, v in op.get("query", {}).items()}
        return "?" + urllib.parse.urlencode(words) if words else ""

    def do(self, op):
        """The answer in normal form."""
        if op["verb"] == "WATCH":
            return self.watched(op)
        path = Api.path(op["kind"], self.ns, op.get("name"), op.get("sub")) + self.query(op)
        code, doc = self.server.ask(op["verb"], path, self.body(op),
                                    op.get("type", "application/json"))
        pages = [doc]
        while doc.get("metadata", {}).get("continue") and len(pages) < 20:
            _, doc = self.server.ask("GET", path + "&continue=" + urllib.parse.quote(
                doc["metadata"]["continue"]))
            pages.append(doc)
        self.remember(op, pages[0])
        if len(pages) > 1:
            return {"code": code, "pages": [self.normal(p) for p in pages]}
        return {"code": code, "doc": self.normal(pages[0])}

    def remember(self, op, doc):
        meta = doc.get("metadata", {})
        if "dryRun" in op.get("query", {}):
            return
        if meta.get("resourceVersion") and meta.get("name") and not op.get("sub") == "scale":
            self.seen.setdefault((op["kind"], meta["name"]), []).append(doc)

    def watched(self, op):
        path = Api.path(op["kind"], self.ns) + f"?watch=1&resourceVersion={self.start}"
        out = []
        for event in self.server.watch(path):
            doc = self.normal(event["object"])
            out.append({"type": event["type"], "object": doc})
            if event["type"] in ("ERROR", "REFUSED") or len(out) >= EVENTS_MAX or \
                    doc["metadata"].get("name") == op["until"]:
                break
        return {"events": out}

    # ---- answers -----------------------------------------------------------------------------

    def normal(self, doc):
        if not isinstance(doc, dict):
            return doc
        if doc.get("kind") == "Status" and doc.get("apiVersion") == "v1":
            return self.normal_status(doc)
        doc = dict(doc)
        if isinstance(doc.get("items"), list):
            doc["items"] = [self.normal(item) for item in doc["items"]]
            doc["metadata"] = {k: v for k, v in doc["metadata"].items()
                               if k not in ("resourceVersion", "continue")}
            return doc
        if isinstance(doc.get("metadata"), dict):
            doc["metadata"] = self.normal_meta(doc["metadata"])
        if isinstance(doc.get("spec"), dict):
            doc["spec"] = normal_spec(doc["spec"])
        return doc

    def normal_status(self, doc):
        details = {k: v for k, v in doc.get("details", {}).items()
                   if k not in ("causes", "retryAfterSeconds")}
        if "uid" in details:
            details["uid"] = self.names.of("uid", details["uid"])
        return {"status": doc.get("status"), "reason": doc.get("reason"), "details": details,
                "code": doc.get("code")}

    def normal_meta(self, meta):
        meta = {k: v for k, v in meta.items() if k != "managedFields"}
        for key in TIMES:
            if meta.get(key):
                meta[key] = "time"
        for key, kind in (("uid", "uid"), ("resourceVersion", "rv")):
            if key in meta:
                meta[key] = self.names.of(kind, meta[key])
        if meta.get("generateName") and str(meta.get("name")).startswith(meta["generateName"]):
            meta["name"] = meta["generateName"] + "*"
        if meta.get("namespace") == self.ns:
            meta["namespace"] = "ns"
        if isinstance(meta.get("ownerReferences"), list):
            meta["ownerReferences"] = [dict(o, uid=self.names.of("uid", o.get("uid")))
                                       for o in meta["ownerReferences"]]
        return meta


def normal_spec(spec):
    """Addresses and node ports are the server's own choice."""
    spec = dict(spec)
    if spec.get("clusterIP") not in (None, "", "None"):
        spec["clusterIP"] = "address"
        if "clusterIPs" in spec:
            spec["clusterIPs"] = ["address" for _ in spec["clusterIPs"]]
    if spec.get("type") in ("NodePort", "LoadBalancer") and spec.get("ports"):
        spec["ports"] = [dict(p, nodePort="port") if "nodePort" in p else p
                         for p in spec["ports"]]
    return spec
