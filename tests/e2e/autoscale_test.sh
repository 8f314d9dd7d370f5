#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A HorizontalPodAutoscaler at work during releases: up, down, to nothing and back, in every regime.
# It scales by an external metric of the tests' own, one replica for each unit of it.
# shellcheck disable=SC2034 # read by lib.sh
cluster_options=--no-node
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"

load=$PWD/$e2e_log/autoscale-load
demand() { echo "$1" >"$load.part" && mv "$load.part" "$load"; } # N

metrics_served() { k get --raw /apis/external.metrics.k8s.io/v1beta1/namespaces/default/load; }
metrics_up() {
    local key=$PWD/$e2e_log/autoscale.key crt=$PWD/$e2e_log/autoscale.crt
    demand 4
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=metrics -keyout "$key" -out "$crt" 2>/dev/null
    become_in_ns "$PWD/tests/e2e/external_metrics.py" "$CLUSTER_ADDRESS" 6444 "$crt" "$key" "$load" \
        >"$e2e_log/autoscale-metrics.log" 2>&1 &
    metrics_pid=$!
    k apply -f - >/dev/null <<EOF
{"apiVersion": "v1", "kind": "List", "items": [
 {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "metrics", "namespace": "default"},
  "spec": {"type": "ExternalName", "externalName": "$CLUSTER_ADDRESS", "ports": [{"port": 6444}]}},
 {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
  "metadata": {"name": "v1beta1.external.metrics.k8s.io"},
  "spec": {"group": "external.metrics.k8s.io", "version": "v1beta1", "insecureSkipTLSVerify": true,
   "groupPriorityMinimum": 100, "versionPriority": 100,
   "service": {"name": "metrics", "namespace": "default", "port": 6444}}}]}
EOF
    await 60 'the metrics to be served' metrics_served
}
metrics_down() {
    k delete apiservice v1beta1.external.metrics.k8s.io --wait=false >/dev/null || true
    kill "$metrics_pid" 2>/dev/null || true
}

autoscaler() { # NAME
    kn apply -f - >/dev/null <<EOF
{"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "$1"},
 "spec": {"minReplicas": 0, "maxReplicas": 20,
  "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "$1"},
  "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0,
    "policies": [{"type": "Percent", "value": 100, "periodSeconds": 1}]},
   "scaleUp": {"policies": [{"type": "Pods", "value": 20, "periodSeconds": 1}]}},
  "metrics": [{"type": "External", "external": {"metric": {"name": "load"},
   "target": {"type": "AverageValue", "averageValue": "1"}}}]}}
EOF
}
# The autoscaler has set N replicas and has no complaint.
scaled_to() { # NAME N
    [ "$(deployment "$1" .spec.replicas)" = "$2" ] &&
        kn get hpa "$1" -o json | jq -e 'any(.status.conditions[]; .type == "AbleToScale" and
            .status == "True")' >/dev/null
}
scales_to() { # NAME N
    demand "$2"
    await 60 "the autoscaler to want $2" scaled_to "$1" "$2"
}
pods_ready() { # NAME: of both revisions
    kn get pods -l "app=$1" -o json | jq '[.items[] | select(.metadata.deletionTimestamp == null and
        any(.status.conditions[]?; .type == "Ready" and .status == "True"))] | length'
}
has_ready() { [ "$(pods_ready "$1")" -ge "$2" ]; }
reason_is() { rollout_is "$1" ".status.conditions[] | select(.type == \"Reconciling\") | .reason == \"$2\""; }

released_while_scaled() { # STRATEGY
    demand 4
    app web 4
    autoscaler web
    rollout_with web "$1" '"drain": "1s", "bake": "6s"'
    scales_to web 5 # at rest
    await 60 'five pods' whole web 5
    image web v2
    word web Approval
    scales_to web 8
    await 60 'eight pods in the step' has_ready web 8
    word web Approval
    scales_to web 3
    word web Approval
    scales_to web 0
    await 60 'nothing to be judged' reason_is web ScaledToZero
    scales_to web 6
    word web Approval
    await 60 'six pods in the step' has_ready web 6
    sl approve web >/dev/null
    word web Baking
    scales_to web 7
    at_rest web v2 7
    image web v3
    word web Approval
    scales_to web 4
    sl abort web >/dev/null
    word web Aborted
    scales_to web 0
    scales_to web 5
    await 60 'five pods of stable' serves_with web v2 5
    image web v2
    at_rest web v2 5
}
serves_with() { serves "$1" "$2" && endpoints_are "$1" "$3"; } # NAME TAG N

test_blue_green() { released_while_scaled '{"blueGreen": {"activeService": "web", "switch": "Approve"}}'; }
test_canary() { released_while_scaled '{"canary": {"steps": [{"weight": 40, "approve": true}]}}'; }
test_rolling() { released_while_scaled '{"rolling": {"steps": [{"replicas": "50%", "approve": true}]}}'; }

before_tests=metrics_up
after_tests=metrics_down
run_tests "$@"
