#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Whatever changes a template is braked, whatever loosens the brake in flight is put back, and
# without the policies the way back is the Deployment controller's own.
# shellcheck disable=SC2034 # read by lib.sh
cluster_options=--no-node
needs_admission='every_change_is_held nothing_loosens_it_in_flight zz_crd_gone z_without_policies'
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"

blue_green='{"blueGreen": {"activeService": "web", "switch": "Approve"}}'
quick='"drain": "1s", "bake": "1s"'

manifest() { # TAG: what people keep in Git
    kn get deployment web -o json | jq --arg i "sluice.test/app:$1" 'del(.status, .metadata.uid,
        .metadata.resourceVersion, .metadata.generation, .metadata.creationTimestamp,
        .metadata.managedFields, .spec.paused) | .metadata.annotations = {} |
        .spec.template.spec.containers[0].image = $i'
}

held_release() { # WHAT
    word web Approval
    serving web v1 "$1: serves"
    is "$1: paused" true "$(deployment web .spec.paused)"
    image web v1
    at_rest web v1 2
}

test_every_change_is_held() {
    app web 2
    rollout_with web "$blue_green" "$quick"
    image web v2
    held_release 'set image'
    manifest v2 | kn apply -f - >/dev/null 2>&1
    held_release 'apply'
    manifest v2 | kn apply --server-side --force-conflicts --field-manager=git -f - >/dev/null
    held_release 'server-side apply'
    manifest v2 | kn replace -f - >/dev/null
    held_release 'replace'
    kn rollout restart deployment/web >/dev/null
    word web Approval
    is 'restart: paused' true "$(deployment web .spec.paused)"
    sl approve web >/dev/null
    word web Resting 90
    kn rollout undo deployment/web >/dev/null
    word web Approval
    is 'undo: paused' true "$(deployment web .spec.paused)"
    sl approve web >/dev/null
    at_rest web v1 2
}

test_nothing_loosens_it_in_flight() {
    app web 2
    rollout_with web "$blue_green" "$quick"
    image web v2
    word web Approval
    local dead
    dead=$(deployment web ".metadata.annotations[\"$DEAD_MAN\"]")
    kn rollout resume deployment/web >/dev/null
    manifest v2 | kn replace -f - >/dev/null
    kn annotate deployment web "$DEAD_MAN-" >/dev/null
    kn patch deployment web --type=merge -p '{"spec": {"paused": false}}' >/dev/null
    is 'paused' true "$(deployment web .spec.paused)"
    is 'dead man' "$dead" "$(deployment web ".metadata.annotations[\"$DEAD_MAN\"]")"
    serving web v1
    sl approve web >/dev/null
    at_rest web v2 2
}

test_history_tells_the_truth() {
    app web 2
    rollout_with web "$blue_green" "$quick"
    image web v2
    word web Approval
    sl approve web >/dev/null
    at_rest web v2 2
    is 'rollout status' 0 "$(kn rollout status deployment/web --timeout=5s >/dev/null; echo $?)"
    is 'revisions' '1 2' "$(kn rollout history deployment/web | awk '/^[0-9]/ {print $1}' | tr '\n' ' ' | sed 's/ $//')"
}

# Every Service on the pods is pinned alike, a headless one too; only the preview reaches the new.
test_three_services() {
    app web 2
    kn apply -f - >/dev/null <<EOF
{"apiVersion": "v1", "kind": "List", "items": [
 {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "headless"},
  "spec": {"clusterIP": "None", "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}},
 {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "other"},
  "spec": {"selector": {"app": "web"}, "ports": [{"port": 81, "targetPort": 8080}]}}]}
EOF
    rollout_with web "$blue_green" "$quick"
    image web v2
    word web Approval
    local s
    for s in web headless other; do
        serving "$s" v1 "$s serves"
    done
    serving web-preview v2
    sl approve web >/dev/null
    at_rest web v2 2
    for s in headless other; do
        is "$s selector" '{"app":"web"}' "$(kn get service "$s" -o json | jq -c .spec.selector)"
    done
}

back_in() { # prints the milliseconds from the command until stable alone serves and all is held
    local began=${EPOCHREALTIME/[^0-9]/}
    sl abort web >/dev/null
    await 20 'pinned back' pinned_to_stable
    echo $(((${EPOCHREALTIME/[^0-9]/} - began) / 1000))
}
pinned_to_stable() {
    kn get service web -o json | jq -e --arg r "$(rollout web .status.stable.revision)" \
        '(.spec.selector["pod-template-hash"] // $r) == $r' >/dev/null
}

test_abort_with_every_gate_dead() {
    app web 2
    rollout_with web '{"blueGreen": {"activeService": "web"}}' "$quick"', "gates": [{"name": "dead",
        "during": ["AfterSwitch"], "metric": {"every": "1s", "max": "1", "prometheus": {"address":
        "http://198.18.0.1:9999", "query": "up"}}}]'
    image web v2
    await 60 'the switch' serves web v2
    printf '  back on stable in %s ms\n' "$(back_in)"
    word web Aborted
    serving web v1
}

test_undo_in_the_bake_is_at_once() {
    app web 2
    rollout_with web '{"blueGreen": {"activeService": "web"}}' '"drain": "1s", "bake": "2m"'
    local stable began
    stable=$(rollout web .status.stable.revision)
    image web v2
    word web Baking
    began=${EPOCHREALTIME/[^0-9]/}
    sl undo web >/dev/null
    await 20 'stable to serve' serves web v1
    printf '  undone in %s ms\n' $(((${EPOCHREALTIME/[^0-9]/} - began) / 1000))
    at_rest web v1 2
    is 'stable' "$stable" "$(rollout web .status.stable.revision)"
}

# With the CRD gone and the API server restarted no Deployment of the cluster may be stuck.
test_zz_crd_gone() {
    app web 1
    k delete crd rollouts.sluice.dev >/dev/null
    tests/cluster/cluster restart kube-apiserver >/dev/null 2>&1
    await 60 'the API server' k get --raw /readyz
    image web v2
    await 60 'an ordinary rolling update' whole web 1
    is 'image' sluice.test/app:v2 "$(deployment web '.spec.template.spec.containers[0].image')"
    k delete -f manifests/install.yaml -l app.kubernetes.io/component=binding >/dev/null
    image web v3
    await 60 'and another without the bindings' whole web 1
    install
}

# Near the last: without the policies a resume in flight brings the stable template back natively.
test_z_without_policies() {
    app web 2
    rollout_with web "$blue_green" "$quick"
    image web v2
    word web Approval
    k delete mutatingadmissionpolicybindings sluice-brake >/dev/null
    condition web BrakeArmed False
    await 30 'the resume to take, once the API server has dropped the policy' resumed
    at_rest_without_brake
    k apply -f manifests/install.yaml >/dev/null
    k -n sluice-system scale deployment sluice-controller --replicas=0 >/dev/null
    condition web BrakeArmed True
    at_rest web v1 2
}
resumed() {
    kn rollout resume deployment/web >/dev/null 2>&1 || true
    tag_is v1
}
at_rest_without_brake() {
    await 60 'the stable template again' tag_is v1
    await 60 'whole' whole web 2
    serving web v1
}
tag_is() { deployment web '.spec.template.spec.containers[0].image' | grep -q ":$1\$"; }

run_tests "$@"
