# SPDX-License-Identifier: Apache-2.0
"""A small client of the Kubernetes API: requests with the administrator's certificate, watches."""
import base64
import http.client
import json
import os
import re
import ssl
import tempfile
import threading
import time
import urllib.parse

GROUPS = {
    "deployments": "apis/apps/v1", "replicasets": "apis/apps/v1",
    "controllerrevisions": "apis/apps/v1", "rollouts": "apis/sluice.dev/v1beta1",
    "endpointslices": "apis/discovery.k8s.io/v1", "leases": "apis/coordination.k8s.io/v1",
    "events": "apis/events.k8s.io/v1", "services": "api/v1", "pods": "api/v1",
    "configmaps": "api/v1", "namespaces": "api/v1",
}
MERGE, JSON_PATCH = "application/merge-patch+json", "application/json-patch+json"
STRATEGIC, APPLY = "application/strategic-merge-patch+json", "application/apply-patch+yaml"
TIMEOUT = 30


class ApiError(Exception):
    """The API server refused, or gave no answer (code 0)."""

    def __init__(self, code, text):
        super().__init__(f"{code} {text}")
        self.code = code


def config_value(text, key):
    found = re.search(rf"{key}\"?: *\"?([^\s\"}},]+)", text)
    return found.group(1) if found else None


def tls_of(text):
    """Of a kubeconfig: whom to trust, and the client's certificate if it has one."""
    tls = ssl.create_default_context(
        cadata=base64.b64decode(config_value(text, "certificate-authority-data")).decode())
    if not config_value(text, "client-certificate-data"):
        return tls
    with tempfile.TemporaryDirectory() as place:
        names = []
        for key in ("client-certificate-data", "client-key-data"):
            names.append(os.path.join(place, key))
            with open(names[-1], "wb") as f:
                f.write(base64.b64decode(config_value(text, key)))
        tls.load_cert_chain(*names)
    return tls


class Api:
    def __init__(self, kubeconfig):
        with open(kubeconfig, encoding="utf-8") as f:
            text = f.read()
        where = urllib.parse.urlsplit(config_value(text, "server"))
        self.host, self.port = where.hostname, where.port
        self.tls = tls_of(text)
        self.mine = threading.local()

    def connect(self, timeout=TIMEOUT):
        return http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=self.tls)

    @staticmethod
    def path(kind, ns=None, name=None, sub=None):
        parts = [GROUPS[kind]]
        if ns:
            parts += ["namespaces", ns]
        parts += [urllib.parse.quote(part) for part in (kind, name, sub) if part]
        return "/" + "/".join(parts)

    def request(self, verb, path, body=None, form="application/json", query=None):
        if query:
            path += "?" + urllib.parse.urlencode(query)
        text = json.dumps(body) if body is not None else None
        headers = {"Content-Type": form, "Accept": "application/json"}
        # A kept connection may have been closed at the other end: a read is then asked once more.
        for last in (False, True):
            connection = getattr(self.mine, "connection", None) or self.connect()
            self.mine.connection = connection
            try:
                connection.request(verb, path, text, headers)
                answer = connection.getresponse()
                raw = answer.read()
                break
            except (OSError, http.client.HTTPException) as e:
                connection.close()
                self.mine.connection = None
                if last or verb == "POST":
                    raise ApiError(0, str(e)) from e
        if answer.status >= 300:
            raise ApiError(answer.status, raw.decode(errors="replace")[:300])
        return json.loads(raw)

    def get(self, kind, ns, name):
        return self.request("GET", self.path(kind, ns, name))

    def list(self, kind, ns=None, query=None):
        return self.request("GET", self.path(kind, ns), query=query)

    def create(self, kind, ns, obj):
        return self.request("POST", self.path(kind, ns), obj)

    def put(self, kind, ns, name, obj):
        return self.request("PUT", self.path(kind, ns, name), obj)

    def patch(self, kind, ns, name, body, form=MERGE, query=None):
        return self.request("PATCH", self.path(kind, ns, name), body, form, query)

    def delete(self, kind, ns, name, policy="Background"):
        return self.request("DELETE", self.path(kind, ns, name),
                            {"kind": "DeleteOptions", "apiVersion": "v1",
                             "propagationPolicy": policy})

    def forget(self, kind, ns, name):
        """Deletes it without waiting; that it is gone or on its way out is as good."""
        try:
            self.request("DELETE", self.path(kind, ns, name))
        except ApiError:
            pass

    def forget_namespaces(self, prefix):
        """What a run before this one left when it was cut off."""
        for namespace in self.list("namespaces")["items"]:
            if namespace["metadata"]["name"].startswith(prefix):
                self.forget("namespaces", None, namespace["metadata"]["name"])

    def watch(self, kind, tell, stop):
        """Calls tell(type, object) for all that is and comes, until `stop` is set."""
        known = {}
        while not stop.is_set():
            try:
                version = self.relist(kind, known, tell)
                while not stop.is_set():
                    version = self.follow(kind, version, known, tell, stop)
            except (ApiError, OSError, ValueError, http.client.HTTPException):
                time.sleep(0.2)  # the server is away, or the version is too old

    def relist(self, kind, known, tell):
        answer = self.list(kind)
        now = {item["metadata"]["uid"]: item for item in answer["items"]}
        for uid in [uid for uid in known if uid not in now]:
            tell("DELETED", known.pop(uid))
        for uid, item in now.items():
            known[uid] = item
            tell("ADDED", item)
        return answer["metadata"]["resourceVersion"]

    def follow(self, kind, version, known, tell, stop):
        connection = self.connect(timeout=90)
        query = urllib.parse.urlencode({"watch": "1", "resourceVersion": version,
                                        "allowWatchBookmarks": "true", "timeoutSeconds": "60"})
        try:
            connection.request("GET", f"{self.path(kind)}?{query}")
            answer = connection.getresponse()
            while not stop.is_set():
                line = answer.readline()
                if not line:
                    return version
                event = json.loads(line)
                obj = event["object"]
                if event["type"] == "ERROR":
                    raise ApiError(obj.get("code", 0), obj.get("message", ""))
                version = obj["metadata"]["resourceVersion"]
                if event["type"] == "BOOKMARK":
                    continue
                if event["type"] == "DELETED":
                    known.pop(obj["metadata"]["uid"], None)
                else:
                    known[obj["metadata"]["uid"]] = obj
                tell(event["type"], obj)
            return version
        finally:
            connection.close()
