#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Deployments that are not like the others, for each strategy where it matters.
# shellcheck disable=SC2034 # read by lib.sh
cluster_options=--no-node
needs_admission=a_users_own_pause # with brake: Paused a pause is how it is to be
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"

blue_green='{"blueGreen": {"activeService": "web"}}'
asked='{"blueGreen": {"activeService": "web", "switch": "Approve"}}'
canary='{"canary": {"steps": [{"weight": 50}]}}'
rolling='{"rolling": {"steps": [{"replicas": "50%"}]}}'
quick='"drain": "1s", "bake": "1s"'

test_no_history_and_min_ready_seconds() {
    local strategy
    app web 3 fake '"revisionHistoryLimit": 0, "minReadySeconds": 2,'
    for strategy in "$blue_green" "$rolling"; do
        rollout_with web "$strategy" "$quick"
        image web v2
        at_rest web v2 3
        image web v1
        at_rest web v1 3
        kn delete rollout web --timeout=30s >/dev/null
    done
}

# The candidate is the ReplicaSet that history holds already: no second one with its template.
test_template_of_history() {
    local strategy
    app web 3
    for strategy in "$blue_green" "$canary" "$rolling"; do
        rollout_with web "$strategy" "$quick"
        image web v2
        at_rest web v2 3
        image web v1
        at_rest web v1 3
        is 'ReplicaSets' 2 "$(kn get rs -o json | jq '.items | length')"
        is 'history in order' true "$(kn get rs -o json | jq '[.items[] | {n: (.metadata.annotations
            ["deployment.kubernetes.io/revision"] | tonumber), r: .spec.replicas}] |
            max_by(.n).r == 3')"
        kn delete rollout web --timeout=30s >/dev/null
    done
}

test_zero_replicas() {
    local strategy
    app web 0
    for strategy in "$blue_green" "$canary" "$rolling"; do
        rollout_with web "$strategy" "$quick"
        image web v2
        await 60 'nothing to be judged' rollout_is web '.status.conditions[] |
            select(.type == "Reconciling") | .reason == "ScaledToZero"'
        kn scale deployment web --replicas=2 >/dev/null
        at_rest web v2 2
        image web v1
        at_rest web v1 2
        kn delete rollout web --timeout=30s >/dev/null
        kn scale deployment web --replicas=0 >/dev/null
        await 30 'no pod left' whole web 0
    done
}

# Stable is broken already: its capacity is not waited for, the repair goes through.
test_stable_broken() {
    app web 2
    rollout_with web "$asked" "$quick"
    kn annotate pods -l app=web kwok.test/ready=false >/dev/null
    await 30 'stable to be broken' endpoints_are web 0
    image web v2
    word web Approval
    sl approve web >/dev/null
    at_rest web v2 2
}

test_promoted_never_whole_turns_back() {
    app web 2
    rollout_with web "$asked" "$quick"', "progressDeadline": "10s"'
    kn patch deployment web --type=merge -p '{"spec": {"template": {"metadata": {"annotations":
        {"kwok.test/ready": "false"}}}}}' >/dev/null
    word web Aborted
    serving web v1
    image web v2
    kn patch deployment web --type=json -p '[{"op": "remove",
        "path": "/spec/template/metadata/annotations"}]' >/dev/null
    word web Approval
    sl approve web >/dev/null
    at_rest web v2 2
}

test_steps_edited_in_flight() {
    app web 4
    rollout_with web '{"rolling": {"steps": [{"replicas": 1}, {"replicas": 2, "approve": true}]}}' '"bake": "1s"'
    image web v2
    word web Approval
    kn patch rollout web --type=merge -p '{"spec": {"strategy": {"rolling": {"steps":
        [{"replicas": 1}, {"replicas": 2, "hold": "1s"}]}}}}' >/dev/null
    at_rest web v2 4
}

test_paused_stands_still() {
    app web 2
    rollout_with web "$blue_green" "$quick"
    sl pause web >/dev/null
    image web v2
    word web Paused
    serving web v1
    sl resume web >/dev/null
    at_rest web v2 2
}

# For API servers without the policy: paused at rest too, and leaving takes the pause off.
test_brake_by_pause() {
    app web 2
    rollout_with web "$blue_green" "$quick"', "brake": "Paused"'
    await 30 'the pause' deployment_is web '.spec.paused'
    local tag
    for tag in v2 v3; do
        image web "$tag"
        await 60 "$tag promoted, at rest" rests_on web "$tag"
        await 30 'whole' whole web 2
        is 'paused at rest' true "$(deployment web .spec.paused)"
        serving web "$tag"
    done
    kn delete rollout web --timeout=30s >/dev/null
    is 'paused' null "$(deployment web .spec.paused)"
    is 'dead man' null "$(deployment web ".metadata.annotations[\"$DEAD_MAN\"]")"
}
rests_on() { rests "$1" && serves "$1" "$2"; }

# A pause of the user's own is nothing of ours; a change of the template then starts a release.
test_a_users_own_pause() {
    app web 2
    rollout_with web "$asked" "$quick"
    kn rollout pause deployment/web >/dev/null
    await 30 'the pause to be told' rollout_is web '.status.conditions[] |
        select(.type == "TargetValid") | .reason == "PausedByUser"'
    kn rollout resume deployment/web >/dev/null
    at_rest web v1 2
}

# An upgrade of Sluice may hash templates another way: that starts, ends and rejects nothing.
test_digests_of_another_version() {
    app web 2
    rollout_with web "$asked" "$quick"
    upgraded web
    at_rest web v1 2
    image web v2
    word web Approval
    upgraded web
    word web Approval
    is 'one flight' '0 1' "$(rollout web '"\(.status.history | length) \(.status.flight.step)"')"
    sl abort web >/dev/null
    word web Aborted
    upgraded web
    word web Aborted
    serving web v1
    is 'told' '' "$(kn get events.events.k8s.io -o json | jq -r '.items[] |
        select(.reason == "BrakeMissed" or .reason == "Superseded") | .reason')"
    image web v1
    at_rest web v1 2
}
upgraded() { # NAME: every digest in the status is another version's; then the operator starts anew
    local before generation
    before=$(rollout "$1" '.status | [.stable, .rejected.digest, .flight.digest, .target.digest] | tojson')
    generation=$(deployment "$1" .metadata.generation)
    operator_stop
    kn get rollout "$1" -o json | jq '{status: (.status |
        walk(if type == "object" and has("digest") then .digest |= (explode | reverse | implode) else . end))}' \
        >"$e2e_log/cases-status.json"
    kn patch rollout "$1" --subresource=status --type=merge --patch-file "$e2e_log/cases-status.json" >/dev/null
    operator_start
    await 30 'the digests to be renewed' digests_are "$1" "$before"
    is 'the Deployment was left alone' "$generation" "$(deployment "$1" .metadata.generation)"
}
digests_are() {
    [ "$(rollout "$1" '.status | [.stable, .rejected.digest, .flight.digest, .target.digest] | tojson')" = "$2" ]
}

# What has no ports can only be headless; so is its preview.
test_headless_without_ports() {
    app web 2
    kn apply -f - >/dev/null <<EOF
{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "peers"},
 "spec": {"clusterIP": "None", "selector": {"app": "web"}}}
EOF
    rollout_with web '{"blueGreen": {"activeService": "peers", "switch": "Approve"}}' "$quick"
    image web v2
    word web Approval
    is 'the preview' None "$(kn get service peers-preview -o json | jq -r .spec.clusterIP)"
    serving peers v1
    serving peers-preview v2
    sl approve web >/dev/null
    at_rest web v2 2
}

# Whoever may write a status may take anything out of it: that ends no operator and no release.
test_a_status_that_lacks() {
    local lack
    app web 2
    rollout_with web "$asked" "$quick"
    image web v2
    word web Approval
    for lack in 'del(.flight.step)' 'del(.flight.revision)' 'del(.flight.steps)' '.flight.awaiting = []' \
        'del(.conditions[] | select(.type == "BrakeArmed") | .message)' 'del(.flight.specDigest)' \
        'del(.display)' '.flight.weight.desired = 100000' 'del(.stable)'; do
        status_without "$lack"
        await 30 "$lack: the step again" rollout_is web \
            '.status.display.status == "Approval" and .status.flight.step == 1'
        is "$lack: the operator" 200 "$(in_ns curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8083/readyz)"
    done
    sl approve web >/dev/null
    at_rest web v2 2
}
status_without() { # JQ: what becomes of the status, while nobody looks
    operator_stop
    kn get rollout web -o json | jq ".status |= ($1)" >"$e2e_log/cases-status.json"
    kn replace --subresource=status -f "$e2e_log/cases-status.json" >/dev/null
    operator_start
}

test_deployment_deleted_in_flight() {
    app web 2
    rollout_with web "$asked" "$quick"
    image web v2
    word web Approval
    kn delete deployment web --timeout=30s >/dev/null
    await 30 'everything of it to go' nothing_left
    app web 2
    await 60 'the new one to be attached' rollout_is web '.status.display.status == "Resting"'
    at_rest web v1 2
}
nothing_left() {
    [ "$(kn get rs,controllerrevisions,pods -o json | jq '.items | length')" = 0 ]
}

run_tests "$@"
