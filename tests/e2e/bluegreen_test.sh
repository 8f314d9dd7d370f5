#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Blue-green on the real API server, with fake pods: attach, forward, back, and what people do to it.
# shellcheck disable=SC2034 # read by lib.sh
cluster_options=--no-node
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"

blue_green='{"blueGreen": {"activeService": "web", "switch": "Approve"}}'
quick='"drain": "1s", "bake": "5s"'

test_attach_changes_nothing() {
    app web 3
    local before pods
    before=$(spec_of web)
    pods=$(kn get pods -o name | sort)
    rollout_with web "$blue_green" "$quick"
    is 'spec of the Deployment' "$before" "$(spec_of web)"
    is 'pods' "$pods" "$(kn get pods -o name | sort)"
    condition web Ready True
    condition web TargetValid True
    kn delete rollout web --timeout=30s >/dev/null
    is 'pods after detaching' "$pods" "$(kn get pods -o name | sort)"
    is 'spec after detaching' "$before" "$(kn get deployment web -o json | jq -c .spec)"
}
spec_of() { # NAME: brake: Paused adds the pause, and nothing else
    kn get deployment "$1" -o json | if brake_by_pause; then jq -c '.spec | del(.paused)'; else jq -c .spec; fi
}

test_forward_by_approval() {
    app web 3
    rollout_with web "$blue_green" "$quick"
    image web v2
    word web Approval
    is 'paused in flight' true "$(deployment web .spec.paused)"
    serving web v1
    serving web-preview v2
    local pods
    pods=$(kn get pods -o json | jq -r '.items[] | select(.spec.containers[0].image |
        endswith(":v2")) | .metadata.uid' | sort)
    sl approve web >/dev/null
    word web Baking
    serving web v2
    at_rest web v2 3
    is 'the pods that were judged are those that stay' "$pods" \
        "$(kn get pods -o json | jq -r '.items[] | select(.metadata.deletionTimestamp == null) |
            .metadata.uid' | sort)"
    is 'last outcome' Promoted "$(rollout web '.status.history[0].outcome')"
    image web v3
    word web Approval
    sl approve web >/dev/null
    at_rest web v3 3
}

test_abort_and_hold() {
    app web 3
    rollout_with web "$blue_green" "$quick"
    image web v2
    word web Approval
    sl abort web >/dev/null
    word web Aborted
    serving web v1
    kn rollout status deployment/web --timeout=10s >/dev/null 2>&1 && is 'rollout status' fails passes
    kn scale deployment web --replicas=0 >/dev/null
    await 30 'no pod left' endpoints_are web 0
    kn scale deployment web --replicas=3 >/dev/null
    await 30 'stable back' endpoints_are web 3
    serving web v1 'serves after 0 and back'
    if ! brake_by_pause; then # else it brings the stable template back, and there is nothing to retry
        kn rollout resume deployment/web >/dev/null 2>&1 || true
        is 'a resume by hand is held' true "$(deployment web .spec.paused)"
    fi
    sl retry web >/dev/null
    word web Approval
    sl approve web >/dev/null
    at_rest web v2 3
}

test_revert_is_rest() {
    app web 3
    rollout_with web "$blue_green" "$quick"
    image web v2
    word web Approval
    image web v1
    at_rest web v1 3
    is 'outcome' Reverted "$(rollout web '.status.history[0].outcome')"
}

test_undo_in_the_bake() {
    app web 3
    rollout_with web '{"blueGreen": {"activeService": "web"}}' '"drain": "1s", "bake": "2m"'
    image web v2
    word web Baking
    serving web v2
    sl undo web >/dev/null
    at_rest web v1 3
    is 'outcome' Undone "$(rollout web '.status.history[0].outcome')"
}

test_undo_at_rest() {
    app web 2
    rollout_with web '{"blueGreen": {"activeService": "web"}}' '"drain": "1s"'
    image web v2
    at_rest web v2 2
    sl undo web >/dev/null
    await 30 'the flight of the undo' rollout_is web '.status.flight != null or .status.history[0].outcome == "Forced"'
    at_rest web v1 2
}

test_superseded() {
    app web 3
    rollout_with web "$blue_green" "$quick"
    image web v2
    word web Approval
    image web v3
    await 60 'v3 in flight, waiting' rollout_is web '.status.history[0].outcome == "Superseded" and
        .status.display.status == "Approval"'
    serving web v1
    sl approve web >/dev/null
    at_rest web v3 3
}

test_deleted_in_flight() {
    local how
    app web 3
    for how in Revert Hold Promote; do
        rollout_with web "$blue_green" "$quick, \"onDelete\": \"$how\""
        image web v2
        word web Approval
        kn delete rollout web --timeout=60s >/dev/null
        await 20 'no fence left' no_object controllerrevision web-sluice
        case $how in
        Revert)
            await 30 'v1 whole' whole web 3
            serving web v1
            ;;
        Hold)
            serving web v1
            is 'paused' true "$(deployment web .spec.paused)"
            kn rollout resume deployment/web >/dev/null
            await 30 'v1 whole' whole web 3
            serving web v1
            ;;
        Promote)
            await 30 'v2 whole' whole web 3
            serving web v2
            ;;
        esac
        is 'selector' '{"app":"web"}' "$(kn get service web -o json | jq -c .spec.selector)"
    done
}

event_told() { # REASON
    kn get events.events.k8s.io -o json | jq -e --arg r "$1" 'any(.items[]; .reason == $r)' >/dev/null
}

test_things_deleted_in_flight() {
    app web 3
    rollout_with web "$blue_green" "$quick"
    image web v2
    word web Approval
    kn delete controllerrevision web-sluice >/dev/null
    await 30 'the fence again' kn get controllerrevision web-sluice
    await 20 'it to be told' event_told RecordLost
    kn delete service web >/dev/null
    kn apply -f - >/dev/null <<EOF
{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
 "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}}
EOF
    await 30 'the Service to reach stable' endpoints_are web 3
    serving web v1 'a Service made again is pinned'
    kn delete rs -l pod-template-hash="$(rollout web .status.stable.revision)" >/dev/null
    await 30 'stable again' endpoints_are web 3
    serving web v1
    word web Approval
    sl approve web >/dev/null
    at_rest web v2 3
}

test_scaled_in_flight() {
    app web 3
    rollout_with web "$blue_green" "$quick"
    image web v2
    word web Approval
    kn scale deployment web --replicas=5 >/dev/null
    await 30 'preview to follow' endpoints_are web-preview 5
    await 30 'stable to follow' endpoints_are web 5
    kn scale deployment web --replicas=0 >/dev/null
    await 30 'nothing left' endpoints_are web 0
    kn scale deployment web --replicas=2 >/dev/null
    await 30 'stable again' endpoints_are web 2
    serving web v1
    await 30 'approval again' word_is web Approval
    sl approve web >/dev/null
    at_rest web v2 2
}

test_applied_again_in_flight() {
    app web 3
    rollout_with web "$blue_green" "$quick"
    image web v2
    word web Approval
    kn get deployment web -o json | jq 'del(.metadata.managedFields, .metadata.resourceVersion,
        .metadata.uid, .status, .spec.paused) | .metadata.annotations = {}' |
        kn replace -f - >/dev/null
    brake_by_pause || is 'still paused' true "$(deployment web .spec.paused)"
    await 20 'the pause' deployment_is web .spec.paused
    kn apply --server-side --force-conflicts --field-manager=git -f - >/dev/null <<EOF
{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
 "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}}
EOF
    brake_by_pause || is 'still pinned' "$(rollout web .status.stable.revision)" "$(pin_of web)"
    await 20 'the pin' pinned_to_stable web
    sl approve web >/dev/null
    at_rest web v2 3
}

pin_of() { kn get service "$1" -o json | jq -r '.spec.selector["pod-template-hash"]'; }
pinned_to_stable() { [ "$(pin_of "$1")" = "$(rollout "$1" .status.stable.revision)" ]; }

test_operator_killed() {
    app web 3
    rollout_with web '{"blueGreen": {"activeService": "web"}}' '"drain": "1s", "bake": "2s"'
    released_under_kills web 3 v2 v3 v2
}

test_wrong_input_is_told() {
    app web 2
    kn apply -f - >/dev/null <<EOF
{"apiVersion": "sluice.dev/v1beta1", "kind": "Rollout", "metadata": {"name": "web"},
 "spec": {"targetRef": {"name": "web"}, "strategy": {"blueGreen": {"activeService": "nowhere"}}}}
EOF
    await 20 'the missing Service to be told' rollout_is web \
        '.status.conditions[] | select(.type == "Stalled") | .reason == "ServiceNotFound"'
    kn delete rollout web --timeout=20s >/dev/null
}

run_tests "$@"
