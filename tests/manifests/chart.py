#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what Helm renders with the manifests, object by object. Argument: the Helm program."""
import subprocess
import sys

import yaml

HELM = sys.argv[1]
CHART = "charts/sluice"
passed = failed = 0


def key(o):
    return o["kind"], o["metadata"].get("namespace", ""), o["metadata"]["name"]


def objects(text):
    return {key(o): o for o in yaml.safe_load_all(text) if o}


def render(*args, namespace="sluice-system"):
    command = [HELM, "template", "sluice", CHART, "--namespace", namespace, "--include-crds",
               "--kube-version", "1.36.3", *args]
    return objects(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def check(what, holds, detail=""):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {what} {detail}")


def names(rendered, *kinds):
    return sorted(k[2] for k in rendered if k[0] in kinds)


with open("manifests/install.yaml", encoding="utf-8") as f:
    manifests = objects(f.read())
del manifests[("Namespace", "", "sluice-system")]  # Helm's --create-namespace

plain = render()
check("the chart has the same objects", plain.keys() == manifests.keys(),
      sorted(plain.keys() ^ manifests.keys()))
for k in plain.keys() & manifests.keys():
    check(f"{k} is as in manifests/", plain[k] == manifests[k],
          f"\n  chart:     {plain[k]}\n  manifests: {manifests[k]}")

other = render(namespace="elsewhere")
check("another namespace reaches everything",
      "sluice-system" not in yaml.dump(list(other.values())))
expression = other[("MutatingAdmissionPolicy", "", "sluice-brake")]["spec"]["matchConditions"][0]
check("and the policies' exempt account",
      "system:serviceaccount:elsewhere:sluice-controller" in expression["expression"])

BRAKE = ("MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding")
check("brake.enabled=false leaves the policies out",
      names(render("--set", "brake.enabled=false"), *BRAKE) == [])
check("brake.strict=false leaves the strict pair out",
      names(render("--set", "brake.strict=false"), *BRAKE)
      == ["sluice-brake", "sluice-brake", "sluice-pin", "sluice-pin"])
check("gatewayAPI.enabled=false leaves its rights out",
      "httproutes" not in yaml.dump(list(render("--set", "gatewayAPI.enabled=false").values())
                                    ).replace("gatewayAPI", ""))
check("people.enabled=false leaves the roles of people out",
      not {"sluice-view", "sluice-edit", "sluice-operate"}
      & set(names(render("--set", "people.enabled=false"), "ClusterRole")))

DEPLOYMENT = ("Deployment", "sluice-system", "sluice-controller")


def container(*args):
    return render(*args)[DEPLOYMENT]["spec"]["template"]["spec"]["containers"][0]


check("no argument by default", "args" not in container())
check("image", container("--set", "image.repository=r.example/c,image.tag=9")["image"]
      == "r.example/c:9")
check("prometheus", container("--set", "prometheus=http://p:9090")["args"]
      == ["--prometheus=http://p:9090"])
watched = render("--set", "watchNamespace=shop,extraArgs={--log-level=debug}")
check("watchNamespace and extraArgs",
      watched[DEPLOYMENT]["spec"]["template"]["spec"]["containers"][0]["args"]
      == ["--watch-namespace=shop", "--log-level=debug"])
check("watchNamespace binds there only",
      names(watched, "ClusterRoleBinding")
      == ["sluice-controller-brake", "sluice-controller-gateways"]
      and {k[1:] for k in watched if k[0] == "RoleBinding"}
      == {("shop", "sluice-controller"), ("shop", "sluice-controller-gateway-api"),
          ("sluice-system", "sluice-controller")})
placed = render("--set", "nodeSelector.zone=a,tolerations[0].operator=Exists,replicas=1,"
                "imagePullSecrets[0].name=s")[DEPLOYMENT]["spec"]
check("replicas, nodeSelector, tolerations, imagePullSecrets",
      placed["replicas"] == 1
      and placed["template"]["spec"]["nodeSelector"] == {"zone": "a"}
      and placed["template"]["spec"]["tolerations"] == [{"operator": "Exists"}]
      and placed["template"]["spec"]["imagePullSecrets"] == [{"name": "s"}])

print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
