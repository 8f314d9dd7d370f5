#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stands in for kubectl where there is none: the few commands of the demo and of tests/served.

    kubectl.py [-n NS] apply -f FILE|-
    kubectl.py [-n NS] get KIND [NAME] [-l SELECTOR] [-o json]
    kubectl.py [-n NS] set image deployment/NAME CONTAINER=IMAGE
    kubectl.py [-n NS] rollout status deployment NAME [--timeout 60s]
    kubectl.py [-n NS] delete KIND NAME
"""
import argparse
import base64
import json
import os
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import yaml

PLURALS = {"Namespace": "namespaces", "Service": "services", "ConfigMap": "configmaps",
           "Deployment": "deployments", "ReplicaSet": "replicasets", "Pod": "pods",
           "HTTPRoute": "httproutes", "Rollout": "rollouts", "EndpointSlice": "endpointslices"}
GROUPS = {"deployments": "apis/apps/v1", "replicasets": "apis/apps/v1",
          "rollouts": "apis/sluice.dev/v1beta1", "endpointslices": "apis/discovery.k8s.io/v1",
          "httproutes": "apis/gateway.networking.k8s.io/v1"}


class Api:
    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            config = yaml.safe_load(f)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.server, self.token = cluster["server"], user["token"]
        ca = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self.tls = ssl.create_default_context(cadata=ca)

    def call(self, method, path, body=None, kind="application/json"):
        request = urllib.request.Request(
            f"{self.server}/{path}", method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": kind})
        try:
            with urllib.request.urlopen(request, context=self.tls, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as e:
            raise SystemExit(f"Error from server: {json.load(e)['message']}") from e


def plural(word):
    word = word.split(".")[0]
    for kind, name in PLURALS.items():
        if word.lower() in (kind.lower(), name):
            return name
    raise SystemExit(f"{word}: not a kind that this stand-in for kubectl knows")


def path(kind, ns, name=None):
    where = "" if kind == "namespaces" else f"/namespaces/{ns}"
    return f"{GROUPS.get(kind, 'api/v1')}{where}/{kind}" + (f"/{name}" if name else "")


def apply(api, args):
    with (sys.stdin if args.file == "-" else open(args.file, encoding="utf-8")) as f:
        docs = [d for d in yaml.safe_load_all(f) if d]
    for doc in docs:
        for item in doc["items"] if doc["kind"] == "List" else [doc]:
            where = path(PLURALS[item["kind"]], args.namespace, item["metadata"]["name"])
            api.call("PATCH", where + "?fieldManager=kubectl&force=true", item,
                     "application/apply-patch+yaml")
            print(f"{item['kind'].lower()}/{item['metadata']['name']} applied")


def get(api, args):
    query = "?labelSelector=" + urllib.parse.quote(args.selector) if args.selector else ""
    doc = api.call("GET", path(plural(args.kind), args.namespace, args.name) + query)
    if args.output == "json":
        print(json.dumps(doc))
        return
    for item in doc.get("items", [doc]):
        print(item["metadata"]["name"])


def set_image(api, args):
    container, image = args.image.split("=", 1)
    name = args.what.split("/")[1]
    pod = {"spec": {"containers": [{"name": container, "image": image}]}}
    api.call("PATCH", path("deployments", args.namespace, name) + "?fieldManager=kubectl-set",
             {"spec": {"template": pod}}, "application/strategic-merge-patch+json")
    print(f"deployment.apps/{name} image updated")


def is_whole(doc):
    status, n = doc.get("status", {}), doc["spec"]["replicas"]
    return status.get("observedGeneration", 0) >= doc["metadata"]["generation"] and all(
        status.get(key, 0) == n for key in ("replicas", "updatedReplicas", "availableReplicas"))


def rollout_status(api, args):
    end = time.monotonic() + float(args.timeout.rstrip("s"))
    while not is_whole(api.call("GET", path("deployments", args.namespace, args.name))):
        if time.monotonic() > end:
            raise SystemExit("error: timed out waiting for the condition")
        time.sleep(0.2)
    print(f'deployment "{args.name}" successfully rolled out')


def delete(api, args):
    api.call("DELETE", path(plural(args.kind), args.namespace, args.name))
    print(f'{args.kind} "{args.name}" deleted')


def parse():
    top = argparse.ArgumentParser()
    top.add_argument("-n", "--namespace", default="default")
    verbs = top.add_subparsers(required=True)
    verb = verbs.add_parser("apply")
    verb.add_argument("-f", dest="file", required=True)
    verb.set_defaults(run=apply)
    verb = verbs.add_parser("get")
    verb.add_argument("kind")
    verb.add_argument("name", nargs="?")
    verb.add_argument("-l", dest="selector")
    verb.add_argument("-o", dest="output")
    verb.set_defaults(run=get)
    verb = verbs.add_parser("set")
    verb.add_argument("image_word", choices=["image"])
    verb.add_argument("what")
    verb.add_argument("image")
    verb.set_defaults(run=set_image)
    verb = verbs.add_parser("rollout")
    verb.add_argument("status_word", choices=["status"])
    verb.add_argument("kind")
    verb.add_argument("name")
    verb.add_argument("--timeout", default="60s")
    verb.set_defaults(run=rollout_status)
    verb = verbs.add_parser("delete")
    verb.add_argument("kind")
    verb.add_argument("name")
    verb.set_defaults(run=delete)
    return top.parse_args()


arguments = parse()
arguments.run(Api(os.environ["KUBECONFIG"]), arguments)
