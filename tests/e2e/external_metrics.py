#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""external.metrics.k8s.io/v1beta1, as much of it as an autoscaler asks for: every metric of every
namespace has the value that FILE holds now.

usage: external_metrics.py ADDRESS PORT CERTIFICATE KEY FILE
"""
import datetime
import http.server
import json
import ssl
import sys

GROUP = "external.metrics.k8s.io/v1beta1"
ROOT = "/apis/" + GROUP


def answer(path, value):
    if path == ROOT:
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": GROUP, "resources": [
            {"name": "load", "namespaced": True, "kind": "ExternalMetricValueList",
             "singularName": "", "verbs": ["get"]}]}
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"kind": "ExternalMetricValueList", "apiVersion": GROUP, "metadata": {}, "items": [
        {"metricName": path.rsplit("/", 1)[1], "metricLabels": {}, "timestamp": now,
         "value": value}]}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.path.split("?")[0]
        known = path.startswith(ROOT)
        with open(sys.argv[5], encoding="ascii") as file:
            body = json.dumps(answer(path, file.read().strip()) if known else {}).encode()
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def main():
    server = http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


main()
