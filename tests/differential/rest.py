# SPDX-License-Identifier: Apache-2.0
"""Kept connections to an API server, by a kubeconfig with a certificate or a token. What is sent is
meant to be refused now and then: an answer is a code and a document, and nothing is sent twice."""
import http.client
import json
import urllib.parse

from api import config_value, tls_of  # of ../adversary

TIMEOUT = 60


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
