#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Canary without a router, on the real API server, with fake pods.
# shellcheck disable=SC2034 # read by lib.sh
cluster_options=--no-node
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"

canary='{"canary": {"steps": [{"weight": 20}, {"weight": 50, "approve": true}]}}'
quick='"drain": "1s", "bake": "2s"'

test_forward() {
    app web 4
    rollout_with web "$canary" "$quick"
    image web v2
    word web Approval
    is 'step' 2 "$(rollout web .status.flight.step)"
    is 'new pods at 50 %' 4 "$(new_pods v2)"
    is 'old pods' 4 "$(new_pods v1)"
    serving web 'v1 v2' 'both serve'
    is 'no Service touched' '{"app":"web"}' "$(kn get service web -o json | jq -c .spec.selector)"
    sl approve web >/dev/null
    at_rest web v2 4
    is 'outcome' Promoted "$(rollout web '.status.history[0].outcome')"
}

test_abort_scale_and_apply_again() {
    app web 4
    rollout_with web "$canary" "$quick"
    image web v2
    word web Approval
    sl abort web >/dev/null
    word web Aborted
    serving web v1
    kn scale deployment web --replicas=0 >/dev/null
    await 30 'nothing left' endpoints_are web 0
    kn scale deployment web --replicas=3 >/dev/null
    await 30 'stable only' endpoints_are web 3
    serving web v1 'serves after 0 and back'
    image web v3
    word web Approval
    sl approve web >/dev/null
    at_rest web v3 3
}

test_revert_and_apply_again_is_held() {
    app web 3
    rollout_with web "$canary" "$quick, \"afterAbort\": \"Revert\""
    image web v2
    word web Approval
    sl abort web >/dev/null
    at_rest web v1 3
    image web v2
    word web Aborted
    serving web v1
    is 'history' 1 "$(rollout web '.status.history | length')"
    image web v1
    at_rest web v1 3
}

test_superseded_and_edited() {
    app web 4
    rollout_with web "$canary" "$quick"
    image web v2
    word web Approval
    image web v3
    await 60 'v3 waits' rollout_is web '.status.history[0].outcome == "Superseded" and
        .status.display.status == "Approval"'
    kn patch rollout web --type=merge -p \
        '{"spec": {"strategy": {"canary": {"steps": [{"weight": 20}, {"weight": 50}]}}}}' >/dev/null
    at_rest web v3 4
}

test_never_ready_reaches_its_deadline() {
    app web 3
    rollout_with web "$canary" "$quick, \"progressDeadline\": \"10s\""
    kn patch deployment web --type=merge -p '{"spec": {"template": {"metadata": {"annotations":
        {"kwok.test/ready": "false"}}}}}' >/dev/null
    word web Aborted 60
    is 'why' true "$(rollout web '.status.rejected.reason | test("no progress")')"
    serving web v1
}
test_operator_killed() {
    app web 4
    rollout_with web '{"canary": {"steps": [{"weight": 20}, {"weight": 50}]}}' "$quick"
    released_under_kills web 4 v2 v3
}

run_tests "$@"
