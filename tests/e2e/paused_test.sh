#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# brake: Paused, for API servers without the policies: the pause stays at rest. With fake pods; on
# every minor, the policies are taken away for it.
# shellcheck disable=SC2034 # read by lib.sh
cluster_options=--no-node
without_policies=true
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"

declare -A strategies=(
    [blueGreen]='{"blueGreen": {"activeService": "web", "switch": "Approve"}}'
    [canary]='{"canary": {"steps": [{"weight": 50, "approve": true}]}}'
    [rolling]='{"rolling": {"steps": [{"replicas": "50%", "approve": true}]}}'
)
quick='"drain": "1s"'

attached() { # STRATEGY [MORE]
    rollout_with web "${strategies[$1]}" "$quick${2:+, $2}"
    await 60 'the API server to have dropped the policies' loosened
}
# Asked only: where a policy still acts it holds the pause.
loosened() {
    kn patch deployment web --type=merge --dry-run=server -o json -p '{"spec": {"paused": false}}' |
        jq -e '.spec.paused != true' >/dev/null
}
pods() { kn get pods -o json | jq -r '.items[] | select(.metadata.deletionTimestamp == null) | .metadata.uid' | sort; }
revision() { kn get rs -o json | jq -r --arg t ":$1" '.items[] | select(.spec.template.spec.containers[0].image |
    endswith($t)) | .metadata.name'; }
# What is put over the Deployment by people who know of no pause, and of no annotation of ours.
replaced() { # TAG
    kn get deployment web -o json | jq --arg i "sluice.test/app:$1" 'del(.status, .metadata.uid,
        .metadata.resourceVersion, .metadata.managedFields, .spec.paused) | .metadata.annotations = {} |
        .spec.template.spec.containers[0].image = $i' | kn replace -f - >/dev/null
}

test_attached_and_left() {
    local before
    app web 3
    before=$(pods)
    attached blueGreen
    condition web Ready True
    is 'pods' "$before" "$(pods)"
    at_rest web v1 3
    kn delete rollout web --timeout=30s >/dev/null
    is 'paused' null "$(deployment web .spec.paused)"
    is 'dead man' null "$(deployment web ".metadata.annotations[\"$DEAD_MAN\"]")"
    is 'pods after leaving' "$before" "$(pods)"
    image web v2
    await 60 'an ordinary rolling update' whole web 3
}

released() { # STRATEGY
    app web 4
    attached "$1"
    image web v2
    word web Approval
    is 'paused' true "$(deployment web .spec.paused)"
    sl approve web >/dev/null
    at_rest web v2 4
    is 'outcome' Promoted "$(rollout web '.status.history[0].outcome')"
    sl undo web >/dev/null
    await 60 'the undo' rollout_is web '.status.flight != null or .status.history[0].outcome == "Forced"'
    at_rest web v1 4
    is 'kubectl restarts nothing' 1 "$(kn rollout restart deployment/web >/dev/null 2>&1; echo $?)"
}
test_blue_green() { released blueGreen; }
test_canary() { released canary; }
test_rolling() { released rolling; }

aborted_and_retried() { # STRATEGY
    app web 4
    attached "$1"
    image web v2
    word web Approval
    sl abort web >/dev/null
    word web Aborted
    serving web v1
    is 'paused' true "$(deployment web .spec.paused)"
    kn scale deployment web --replicas=0 >/dev/null
    await 30 'no pod left' endpoints_are web 0
    kn scale deployment web --replicas=4 >/dev/null
    await 30 'stable back' endpoints_are web 4
    serving web v1 'serves after 0 and back'
    sl retry web >/dev/null
    word web Approval
    sl approve web >/dev/null
    at_rest web v2 4
    image web v3
    word web Approval
    image web v2
    at_rest web v2 4
    is 'outcome' Reverted "$(rollout web '.status.history[0].outcome')"
}
test_blue_green_aborted() { aborted_and_retried blueGreen; }
test_canary_aborted() { aborted_and_retried canary; }
test_rolling_aborted() { aborted_and_retried rolling; }

test_undo_in_the_bake() {
    app web 3
    rollout_with web '{"blueGreen": {"activeService": "web"}}' '"drain": "1s", "bake": "2m"'
    image web v2
    word web Baking
    sl undo web >/dev/null
    at_rest web v1 3
    is 'outcome' Undone "$(rollout web '.status.history[0].outcome')"
}

test_leaving_in_flight() {
    local strategy
    app web 3
    for strategy in blueGreen canary rolling; do
        attached "$strategy"
        image web v2
        word web Approval
        kn delete rollout web --timeout=60s >/dev/null
        await 30 'v1 whole' whole web 3
        await 10 "$strategy: v1 alone behind web" serves web v1 # slices follow pods
        is "$strategy: paused" null "$(deployment web '.spec.paused // null')"
        is "$strategy: dead man" null "$(deployment web ".metadata.annotations[\"$DEAD_MAN\"]")"
        is "$strategy: fence" 0 "$(kn get controllerrevisions -o json | jq '.items | length')"
    done
}

# Resumed by hand nothing moves, and it is paused again.
test_resumed_at_rest() {
    local before
    app web 3
    attached blueGreen
    image web v2
    word web Approval
    sl approve web >/dev/null
    at_rest web v2 3
    before=$(pods)
    for _ in 1 2 3; do
        kn rollout resume deployment/web >/dev/null
        await 30 'the pause again' deployment_is web ".spec.paused and .metadata.annotations[\"$DEAD_MAN\"]"
    done
    is 'pods' "$before" "$(pods)"
    at_rest web v2 3
}

# A new template that comes without the pause is stopped late, while stable still serves.
# Pods that are ready at once roll in less time than a write may take that meets others.
braked_late() { # STRATEGY
    app web 10 fake '"minReadySeconds": 2,'
    attached "$1"
    replaced v2
    word web Approval
    is 'paused' true "$(deployment web .spec.paused)"
    is 'no native end' '' "$(kn get events.events.k8s.io -o json | jq -r '.items[] |
        select(.reason == "BrakeMissed") | .note')"
    sl abort web >/dev/null
    word web Aborted
    serving web v1
    await 30 'stable whole' endpoints_are web 10
    image web v1
    at_rest web v1 10
}
test_late_brake_blue_green() { braked_late blueGreen; }
test_late_brake_canary() { braked_late canary; }
test_late_brake_rolling() { braked_late rolling; }

# The Deployment controller would bring back the newest revision before it, and leave it at that.
test_stable_deleted_at_rest() {
    app web 3
    attached blueGreen
    image web v2
    word web Approval
    sl approve web >/dev/null
    at_rest web v2 3
    kn delete rs "$(revision v2)" >/dev/null
    await 60 'v2 again' serves_only v2 3
    at_rest web v2 3
    is 'pods of v1' 0 "$(new_pods v1)"
}
serves_only() { serves web "$1" && endpoints_are web "$2"; }

# Paused with a dead man, the Deployment controller removes no history.
test_history_is_kept_short() {
    local tag
    app web 2 fake '"revisionHistoryLimit": 1,'
    rollout_with web '{"blueGreen": {"activeService": "web"}}' "$quick"
    for tag in v2 v3 v1 v2; do
        image web "$tag"
        at_rest web "$tag" 2
    done
    is 'ReplicaSets' 2 "$(kn get rs -o json | jq '.items | length')"
}

test_operator_killed() {
    app web 3
    rollout_with web '{"blueGreen": {"activeService": "web"}}' '"drain": "1s", "bake": "2s"'
    released_under_kills web 3 v2 v3 v2
}

run_tests "$@"
