# SPDX-License-Identifier: Apache-2.0
"""Kept connections to an API server, by a kubeconfig with a certificate or a token."""
import base64
import http.client
import json
import os
import re
import ssl
import tempfile
import urllib.parse

TIMEOUT = 60
GROUPS = {
    "configmaps": "api/v1", "services": "api/v1", "pods": "api/v1", "namespaces": "api/v1",
    "deployments": "apis/apps/v1", "replicasets": "apis/apps/v1",
    "controllerrevisions": "apis/apps/v1", "endpointslices": "apis/discovery.k8s.io/v1",
    "leases": "apis/coordination.k8s.io/v1", "events": "apis/events.k8s.io/v1",
    "rollouts": "apis/sluice.dev/v1beta1",
}


def config_value(text, key):
    found = re.search(rf"{key}\"?: *\"?([^\s\"}},]+)", text)
    return found.group(1) if found else None


def tls_of(text):
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


def path_of(kind, ns, name=None, sub=None):
    parts = [GROUPS[kind]] + (["namespaces", ns] if ns else []) + [kind]
    return "/" + "/".join(parts + [urllib.parse.quote(p) for p in (name, sub) if p])


class Server:
    def __init__(self, kubeconfig):
        with open(kubeconfig, encoding="utf-8") as f:
            text = f.read()
        where = urllib.parse.urlsplit(config_value(text, "server"))
        self.host, self.port = where.hostname, where.port
        self.tls, token = tls_of(text), config_value(text, "token")
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.kept = self.connect()

    def connect(self):
        return http.client.HTTPSConnection(self.host, self.port, timeout=TIMEOUT,
                                           context=self.tls)

    def ask(self, method, path, body=None, content="application/json"):
        """Code and document; a request is never sent twice."""
        headers = dict(self.headers, Accept="application/json")
        if body is not None:
            headers["Content-Type"] = content
        self.kept.request(method, path, body, headers)
        answer = self.kept.getresponse()
        text = answer.read()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, {"text": text.decode(errors="replace")}

    def watch(self, path):
        """Events, as long as the other side of the loop wants them."""
        mine = self.connect()
        try:
            mine.request("GET", path, headers=self.headers)
            answer = mine.getresponse()
            if answer.status != 200:
                yield {"type": "REFUSED", "object": json.loads(answer.read())}
                return
            while line := answer.readline():
                yield json.loads(line)
        finally:
            mine.close()
