#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Rolling, on the real API server, with fake pods.
# shellcheck disable=SC2034 # read by lib.sh
cluster_options=--no-node
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"

rolling='{"rolling": {"steps": [{"replicas": "20%"}, {"replicas": "60%", "approve": true}]}}'
quick='"bake": "1s"'

forward() { # N SURGE UNAVAILABLE
    app web "$1" fake "\"strategy\": {\"rollingUpdate\": {\"maxSurge\": $2, \"maxUnavailable\": $3}},"
    rollout_with web "$rolling" "$quick"
    image web v2
}

test_forward() {
    forward 10 3 2
    word web Approval
    is 'new pods at 60 %' 6 "$(new_pods v2)"
    is 'old pods' 7 "$(new_pods v1)"
    is 'no Service touched' '{"app":"web"}' "$(kn get service web -o json | jq -c .spec.selector)"
    sl approve web >/dev/null
    at_rest web v2 10
    is 'outcome' Promoted "$(rollout web '.status.history[0].outcome')"
}

test_without_surge() {
    forward 4 0 1
    word web Approval
    is 'never more pods than replicas' 4 "$(kn get rs -o json | jq '[.items[].spec.replicas] | add')"
    sl approve web >/dev/null
    at_rest web v2 4
}

test_one_replica() {
    forward 1 1 0
    word web Approval
    sl approve web >/dev/null
    at_rest web v2 1
}

test_abort_and_scale() {
    forward 6 2 0
    word web Approval
    sl abort web >/dev/null
    word web Aborted
    await 30 'stable whole' endpoints_are web 6
    serving web v1
    kn scale deployment web --replicas=0 >/dev/null
    await 30 'nothing left' endpoints_are web 0
    kn scale deployment web --replicas=4 >/dev/null
    await 30 'stable only' endpoints_are web 4
    serving web v1 'serves after 0 and back'
    image web v1
    at_rest web v1 4
}

test_scaled_in_flight() {
    forward 6 2 0
    word web Approval
    kn scale deployment web --replicas=10 >/dev/null
    await 30 'both to follow' endpoints_are web 12
    kn scale deployment web --replicas=0 >/dev/null
    await 30 'nothing left' endpoints_are web 0
    kn scale deployment web --replicas=5 >/dev/null
    await 60 'approval again' word_is web Approval
    sl approve web >/dev/null
    at_rest web v2 5
}

test_undo_in_the_bake() {
    app web 4
    rollout_with web '{"rolling": {}}' '"bake": "2m"'
    image web v2
    word web Baking
    sl undo web >/dev/null
    at_rest web v1 4
    is 'outcome' Undone "$(rollout web '.status.history[0].outcome')"
}

test_superseded_and_reverted() {
    forward 5 1 1
    word web Approval
    image web v3
    await 60 'v3 waits' rollout_is web '.status.history[0].outcome == "Superseded" and
        .status.display.status == "Approval"'
    image web v1
    at_rest web v1 5
}

test_operator_killed() {
    app web 6
    rollout_with web '{"rolling": {"steps": [{"replicas": "20%"}, {"replicas": "60%"}]}}' "$quick"
    released_under_kills web 6 v2 v3
}

run_tests "$@"
