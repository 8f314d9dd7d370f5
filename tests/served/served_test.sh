#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Whole releases by the real operator, the CLI and kubectl on the simulated cluster (sluice-sim).
# Usage: [SLUICE_BIN=build/dev/bin] tests/served/served_test.sh [TEST...]
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -n "${SERVED_PROBES:-}" ] || exec tests/served/inside tests/served/served_test.sh "$@"
# shellcheck source=tests/served/lib.sh
source tests/served/lib.sh

passed=0 failed=0
kn() { k -n default "$@"; }
is() { # WHAT WANTED ACTUAL
    [ "$2" = "$3" ] || die "$test: $1: wanted '$2', is '$3'"
}
says() { # WHAT TEXT ACTUAL
    [[ $3 == *"$2"* ]] || die "$test: $1: '$2' is not in: $3"
}

# ---- objects ----------------------------------------------------------------------------------

app() { # NAME N [ENV]: by default it covers for its end, as a preStop hook does
    local env=${3-"{name: GRACEFUL, value: '1'}"}
    kn apply -f - >/dev/null <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: {name: $1, annotations: {people.test/note: 'kept, whatever it is'}}
spec:
  replicas: $2
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}}
    spec:
      containers:
        - {name: app, image: 'sluice.test/app:v1', ports: [{name: http, containerPort: 8080}],
           env: [$env]}
---
apiVersion: v1
kind: Service
metadata: {name: $1}
spec: {selector: {app: $1}, ports: [{name: http, port: 80, targetPort: http}]}
YAML
    kn rollout status deployment "$1" --timeout=30s >/dev/null
}
rollout() { # NAME STRATEGY [MORE-MEMBERS]
    kn apply -f - >/dev/null <<YAML
{"apiVersion": "sluice.dev/v1beta1", "kind": "Rollout", "metadata": {"name": "$1"},
 "spec": {"targetRef": {"name": "$1"}, "strategy": $2, "drain": "500ms", "bake": "1s"${3:+, $3}}}
YAML
    await 20 "Rollout $1 at rest and its brake proved" attached "$1"
}
attached() {
    kn get rollout "$1" -o json | jq -e '[.status.conditions[]? | select(.status == "True") | .type] |
        contains(["BrakeArmed", "Ready"])'
}
image() { kn set image "deployment/$1" "app=sluice.test/app:$2" >/dev/null; }
word_is() { [ "$(kn get rollout "$1" -o json | jq -r .status.display.status)" = "$2" ]; }
word() { await "${3:-30}" "Rollout $1 to say $2" word_is "$1" "$2"; }
ends() { # NAME EXIT WORDS: what `sluice status` waits for
    local code=0 said
    said=$(sl status "$1" --timeout 60s 2>&1) || code=$?
    is "exit of sluice status $1: $said" "$2" "$code"
    says "sluice status $1" "$3" "$said"
}
version() { kn get deployment "$1" -o json | jq -r '.spec.template.spec.containers[0].image | sub(".*:"; "")'; }
pods_of() { # NAME VERSION: uids
    kn get pods -l "app=$1" -o json | jq -r --arg v ":$2" '[.items[] | select(.metadata.deletionTimestamp
        == null and (.spec.containers[0].image | endswith($v))) | .metadata.uid] | sort | join(" ")'
}
requests() { knob GET requests | jq -r "[.by[] | select(.name == \"$1\")] | sort_by(.kind)[0] | $2"; } # NAME JQ

# Users were served all the time, by every VERSION; nothing of ours is left.
served_whole() { # NAME VERSION...
    local name=$1 tag
    is 'requests lost' 0 "$(requests "$name" .lost)"
    shift
    for tag; do
        [ "$(requests "$name" ".versions.$tag // 0")" -gt 0 ] || die "$test: $tag served nobody"
    done
    is 'the note of people' 'kept, whatever it is' \
        "$(kn get deployment "$name" -o json | jq -r '.metadata.annotations["people.test/note"]')"
}
at_rest() {
    word "$1" Resting
    is 'paused at rest' false "$(kn get deployment "$1" -o json | jq '.spec.paused // false')"
    is 'fences at rest' 0 "$(kn get replicasets -o json |
        jq --arg n "$1" '[.items[] | select(.metadata.labels["sluice.dev/of"] == $n)] | length')"
}

# ---- releases ---------------------------------------------------------------------------------

test_blue_green() {
    local first judged gates=''
    [ "$SERVED_PROBES" = no ] ||
        gates='"gates": [{"name": "smoke", "probe": {"http": {"path": "/healthz"}, "every": "1s"}}]'
    app shop 3
    rollout shop '{"blueGreen": {"activeService": "shop", "switch": "Approve"}}' "$gates"
    first=$(pods_of shop v1)
    says 'sluice get' 'the brake is armed' "$(sl get shop)"
    image shop v2
    word shop Approval
    is 'paused in flight' true "$(kn get deployment shop -o json | jq .spec.paused)"
    is 'pods of v1 in flight' "$first" "$(pods_of shop v1)"
    judged=$(pods_of shop v2)
    says 'sluice get' 'sluice approve shop' "$(sl get shop)"
    sl approve shop >/dev/null
    ends shop 0 promoted
    at_rest shop
    is 'pods that serve' "$judged" "$(pods_of shop v2)"
    says 'sluice list' shop "$(sl list)"
    says 'sluice history' Promoted "$(sl history shop)"
    served_whole shop v1 v2
}
test_undo_in_the_bake() {
    local warm
    app shop 2
    rollout shop '{"blueGreen": {"activeService": "shop"}}' '"onFailure": "Abort"'
    warm=$(pods_of shop v1)
    kn apply -f - >/dev/null <<<'{"apiVersion": "sluice.dev/v1beta1", "kind": "Rollout", "metadata":
        {"name": "shop"}, "spec": {"targetRef": {"name": "shop"}, "strategy": {"blueGreen":
        {"activeService": "shop"}}, "drain": "500ms", "bake": "60s"}}'
    image shop v2
    word shop Baking
    sl undo shop >/dev/null
    at_rest shop
    is 'version' v1 "$(version shop)"
    is 'pods of v1' "$warm" "$(pods_of shop v1)"
    served_whole shop v1 v2
}
test_canary_by_pods() {
    app web 4
    rollout web '{"canary": {"stableService": "web", "steps": [{"weight": 25}, {"weight": 50, "approve": true}]}}'
    image web v2
    word web Approval
    is 'replicas of v2' 4 "$(pods_of web v2 | wc -w)"
    says 'sluice get' '50 %' "$(sl get web)"
    sl approve web >/dev/null
    ends web 0 promoted
    at_rest web
    served_whole web v1 v2
}
# What looks and what acts, on a release that waits; and what needs files alone.
test_every_command_of_the_cli() {
    local files=tests/cli/manifests out code=0
    app web 3
    rollout web '{"canary": {"steps": [{"weight": 50, "approve": true}]}}'
    says 'sluice plan of the cluster' '50' "$(sl plan web)"
    image web v2
    word web Approval
    says 'sluice get -v' 'web-' "$(sl get web -v)"
    is 'sluice get -o json' web "$(sl get web -o json | jq -r .metadata.name)"
    is 'sluice list -o name' rollout.sluice.dev/web "$(sl list -o name)"
    says 'sluice list -o wide' Approval "$(sl list -o wide)"
    says 'sluice traffic' web "$(sl traffic web)"
    says 'sluice plan -v' 'Nothing to write now' "$(sl plan web -v)"
    says 'sluice get --watch' Approval "$(in_ns timeout 3 "$served_bin/sluice" get web -w || true)"
    says 'completion of names' web "$(sl __complete get w)"
    says 'sluice help' 'sluice status' "$(sl help status)"
    sl pause web >/dev/null
    word web Paused
    sl resume web >/dev/null
    word web Approval
    out=$(sl undo web 2>&1) || code=$?
    [ "$code" != 0 ] || die "$test: undo in a step: $out"
    says 'undo in a step' abort "$out"
    sl skip web >/dev/null
    ends web 0 promoted
    at_rest web
    sl restart web >/dev/null
    word web Approval
    sl promote web >/dev/null
    ends web 0 promoted
    code=0
    out=$(sl get nobody 2>&1) || code=$?
    [ "$code" != 0 ] || die "$test: get of nothing: $out"
    says 'get of nothing' nobody "$out"
    says 'sluice plan of files' step "$(sl plan -f $files/shop.yaml)"
    code=0
    out=$(sl lint -f $files/wrong.yaml -f $files/web.yaml 2>&1) || code=$?
    [ "$code" != 0 ] || die "$test: lint of what is wrong: $out"
    says 'sluice lint' "$files/wrong.yaml:" "$out"
    says 'sluice simulate' promoted "$(sl simulate -f $files/shop.yaml)"
    is 'sluice simulate -o json' promoted "$(sl simulate -f $files/shop.yaml -o json | jq -r .outcome)"
    says 'sluice completion' complete "$(sl completion bash)"
    says 'sluice version' sluice "$(sl version)"
}
test_abort_and_retry() {
    local first
    app web 3
    rollout web '{"canary": {"stableService": "web", "steps": [{"weight": 50, "approve": true}]}}'
    first=$(pods_of web v1)
    image web v2
    word web Approval
    sl abort web >/dev/null
    ends web 5 aborted
    is 'pods of v1' "$first" "$(pods_of web v1)"
    sl retry web >/dev/null
    word web Approval
    sl abort web >/dev/null
    ends web 5 aborted
    image web v1
    at_rest web
    served_whole web v1 v2
}
test_rolling() {
    app api 4
    rollout api '{"rolling": {"steps": [{"replicas": "25%"}, {"replicas": "50%", "approve": true}]}}'
    image api v2
    word api Approval
    sl approve api >/dev/null
    ends api 0 promoted
    at_rest api
    served_whole api v1 v2
}
test_a_metric_turns_it_back() {
    local first
    app web 3
    rollout web '{"canary": {"stableService": "web", "steps": [{"weight": 50, "hold": "20s"}]}}' '"gates":
        [{"name": "errors", "metric": {"prometheus": {"query": "sum(rate(x{pod=~\"$(pods)\",code=\"500\"}[5s]))"},
          "max": "0.02", "every": "1s", "count": 3, "failures": 2}, "during": ["BeforeSwitch", "AfterSwitch"]}]'
    first=$(pods_of web v1)
    knob POST 'errors?version=v2&percent=30' >/dev/null
    image web v2
    ends web 5 aborted
    is 'pods of v1' "$first" "$(pods_of web v1)"
    [ "$(requests web .errors)" -gt 0 ] || die "$test: v2 answered nobody with an error"
    served_whole web v1 v2
}
test_the_operator_dies() {
    app web 3
    rollout web '{"canary": {"stableService": "web", "steps": [{"weight": 50, "approve": true}]}}'
    image web v2
    word web Approval
    kill -KILL "$served_operator"
    wait "$served_operator" 2>/dev/null || true
    operator_up
    sl approve web >/dev/null 2>&1 || true # it leads once the dead one's lease has run out
    ends web 0 promoted
    at_rest web
    served_whole web v1 v2
}

# The figure can be another than 0: what the real thing loses is lost here too.
test_a_plain_update_of_abrupt_pods_loses_requests() {
    app web 4 ''
    image web v2
    kn rollout status deployment web --timeout=60s >/dev/null
    [ "$(requests web .lost)" -gt 0 ] || die "$test: nothing was lost: $(knob GET requests)"
}
test_canary_by_route() {
    app web 3
    kn apply -f - >/dev/null <<<'{"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata":
        {"name": "web"}, "spec": {"parentRefs": [{"name": "gw"}], "rules": [{"backendRefs":
        [{"name": "web", "port": 80}]}]}}'
    local rest
    rest=$(kn get httproute web -o json | jq -c .spec)
    rollout web '{"canary": {"stableService": "web", "traffic": [{"gatewayAPI": {"name": "web"}}],
        "steps": [{"weight": 20, "approve": true}]}}'
    image web v2
    word web Approval
    is 'the weights' '[80,20]' "$(kn get httproute web -o json | jq -c '[.spec.rules[0].backendRefs[].weight]')"
    sl approve web >/dev/null
    ends web 0 promoted
    at_rest web
    is 'the route at rest' "$rest" "$(kn get httproute web -o json | jq -c .spec)"
    served_whole web v1 v2
}
test_without_kubectl() {
    kubectl_program=$SLUICE_ROOT/tests/served/kubectl.py
    app web 2
    rollout web '{"blueGreen": {"activeService": "web"}}'
    image web v2
    ends web 0 promoted
    served_whole web v1 v2
    kn delete rollout web >/dev/null
    is 'pods that stay' 2 "$(pods_of web v2 | wc -w)"
}

# ---- the API ----------------------------------------------------------------------------------

test_invalid_rollouts_are_refused() {
    local said
    app web 1
    said=$(kn apply -f - 2>&1 <<<'{"apiVersion": "sluice.dev/v1beta1", "kind": "Rollout", "metadata":
        {"name": "web"}, "spec": {"targetRef": {"name": "web"}, "strategy": {"canary": {"steps":
        [{"weight": 300}]}}}}') &&
        die "$test: it was taken"
    says refusal 'steps[0].weight' "$said"
}
test_a_namespace_ends_with_all_in_it() {
    k apply -f - >/dev/null <<<'{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "brief"}}'
    kn() { k -n brief "$@"; }
    app web 2
    rollout web '{"blueGreen": {"activeService": "web"}}'
    k delete namespace brief >/dev/null
    await 30 'the namespace to be gone' gone namespace brief
    is 'what is left' 0 "$(k -n brief get pods -o json | jq '.items | length')"
}
gone() { ! k get "$1" "$2" 2>/dev/null; }
test_kubectl_speaks_to_it() {
    has_kubectl || return 77
    local dir
    dir=$(mktemp -d)
    app web 3
    says 'kubectl get' '3/3' "$(kn get deployments)"
    says 'kubectl get all' 'replicaset.apps/web-' "$(kn get all)"
    kn scale deployment web --replicas=5 >/dev/null
    kn wait --for=jsonpath='{.status.availableReplicas}'=5 deployment/web --timeout=20s >/dev/null
    kn label deployment web kept=yes >/dev/null
    kn get deployment web -o yaml | sed 's/replicas: 5/replicas: 4/' >"$dir/web.yaml"
    kn replace -f "$dir/web.yaml" >/dev/null
    is replicas 4 "$(kn get deployment web -o jsonpath='{.spec.replicas}')"
    says 'a stale write' 'the object has been modified' "$(kn replace -f "$dir/web.yaml" 2>&1 || true)"
    kn rollout pause deployment web >/dev/null
    is paused true "$(kn get deployment web -o jsonpath='{.spec.paused}')"
    kn rollout resume deployment web >/dev/null
    image web v2
    kn rollout status deployment web --timeout=30s >/dev/null
    kn rollout undo deployment web >/dev/null 2>&1
    kn rollout status deployment web --timeout=30s >/dev/null
    is version v1 "$(version web)"
    says 'a JSON Patch whose test fails' 'the test does not hold' "$(kn patch deployment web --type=json \
        -p '[{"op":"test","path":"/spec/replicas","value":99}]' 2>&1 || true)"
    says 'kubectl explain' 'Exactly one of' "$(k explain rollout.spec.strategy)"
    says 'kubectl describe' 'NewReplicaSet' "$(kn describe deployment web)"
    is 'kubectl auth can-i' yes "$(k auth can-i patch deployments)"
    is 'a selector' deployment.apps/web "$(kn get deployments -l kept=yes,app!=x -o name)"
    kn delete deployment web >/dev/null
    await 20 'its pods to go' no_pods web
    rm -rf "$dir"
}
no_pods() { [ -z "$(kn get pods -l "app=$1" -o name)" ]; }

# ---- all of them ------------------------------------------------------------------------------

run_one() (
    set -e
    test=$1
    trap 'code=$?; ((code == 0 || code == 77)) || tail -n 5 "$served/operator.log"
        served_down || { echo "$test: a program ended badly"; code=1; }; exit $code' EXIT
    served_up --pod-start 300
    "$1"
)

tests=("$@")
((${#tests[@]})) || mapfile -t tests < <(declare -F | sed -n 's/^declare -f \(test_.*\)/\1/p')
skipped=0
for one in "${tests[@]}"; do
    served=$(mktemp -d)
    served_config=$served/kubeconfig
    set +e # beside ||, set -e would mean nothing in there
    run_one "$one"
    code=$?
    set -e
    case $code in
        0) passed=$((passed + 1)) && echo "ok   $one" ;;
        77) skipped=$((skipped + 1)) && echo "skip $one: there is no kubectl: tests/cluster/cluster builds one" ;;
        *) failed=$((failed + 1)) && echo "FAIL $one" ;;
    esac
done
[ "$SERVED_PROBES" = yes ] || echo 'no network namespace may be made here: nothing was probed'
echo "served: $passed passed, $failed failed, $skipped skipped"
((failed == 0)) || exit 1
((passed > 0)) || exit 77
