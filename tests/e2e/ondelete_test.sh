#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The Rollout is deleted in flight, held after an abort, and in the bake: each onDelete, each strategy.
# shellcheck disable=SC2034 # read by lib.sh
cluster_options=--no-node
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"

# What must serve when it is gone, and whether the pause stays, by when and how.
deleted() { # STRATEGY WHEN HOW SERVES PAUSED
    app web 2
    rollout_with web "$1" '"drain": "1s", "bake": "1m", "onDelete": "'"$3"'"'
    image web v2
    case $2 in
    flight) word web Approval ;;
    held)
        word web Approval
        sl abort web >/dev/null
        word web Aborted
        ;;
    bake)
        word web Approval
        sl promote web >/dev/null
        word web Baking
        ;;
    esac
    kn delete rollout web --timeout=60s >/dev/null
    await 30 "$2 $3: $4 alone to serve" serves web "$4"
    await 20 "$2 $3: no fence" no_object controllerrevision web-sluice
    is "$2 $3: paused" "$5" "$(deployment web '.spec.paused // false')"
    is "$2 $3: selector" '{"app":"web"}' "$(kn get service web -o json | jq -c .spec.selector)"
    is "$2 $3: our ReplicaSets" 0 "$(kn get rs -l sluice.dev/of=web -o json | jq '.items | length')"
    [ "$5" = false ] || kn rollout resume deployment/web >/dev/null
    await 60 "$2 $3: whole" whole web 2
    serving web "$4" "$2 $3: serves in the end"
    kn delete deployment,service web --timeout=30s >/dev/null
}

each() { # STRATEGY
    deleted "$1" flight Revert v1 false
    deleted "$1" flight Hold v1 true
    deleted "$1" flight Promote v2 false
    deleted "$1" held Revert v1 false
    deleted "$1" held Hold v1 true
    deleted "$1" held Promote v1 true
    deleted "$1" bake Revert v2 false
    deleted "$1" bake Hold v2 false
    deleted "$1" bake Promote v2 false
}

test_blue_green() { each '{"blueGreen": {"activeService": "web", "switch": "Approve"}}'; }
test_canary() { each '{"canary": {"steps": [{"weight": 50, "approve": true}]}}'; }
test_rolling() { each '{"rolling": {"steps": [{"replicas": 1, "approve": true}]}}'; }

run_tests "$@"
