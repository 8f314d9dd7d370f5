#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Real pods under steady load: no request may be lost, and no pod restarted. Slow: `make load`.
# The app exits at once on SIGTERM, the worst kind, unless a test says otherwise.
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"

rate=${LOAD_RATE:-200}
quick='"drain": "3s", "bake": "3s"'
blue_green='{"blueGreen": {"activeService": "web"}}'
canary='{"canary": {"steps": [{"weight": 25}, {"weight": 50, "hold": "2s"}]}}'
routed='{"canary": {"stableService": "web", "traffic": [{"gatewayAPI": {"name": "web"}}],
    "steps": [{"weight": 20, "hold": "2s"}, {"weight": 50, "approve": true}]}}'

images() {
    tests/app/build >"$e2e_log/load-app.log" 2>&1
    tests/cluster/cluster load-image build/app/app-v*.tar >>"$e2e_log/load-app.log" 2>&1
}
reached() { in_ns curl -sf -o /dev/null "$1"; }
address() { kn get service "$1" -o json | jq -r .spec.clusterIP; }

load_on() { # URL: both kinds of clients
    await 30 "$1 to answer" reached "$1"
    load_start "$e2e_log/load-new.json" --rate "$rate" --connections new "$1"
    load_start "$e2e_log/load-keep.json" --rate "$rate" --connections keepalive "$1"
}
load_off() { # LOST-WITH-NEW-CONNECTIONS LOST-WITH-KEEP-ALIVE ('any' is not judged)
    local new keep
    new=$(load_stop "$e2e_log/load-new.json")
    keep=$(load_stop "$e2e_log/load-keep.json")
    printf '  new connections: %s sent, %s lost; keep-alive: %s sent, %s lost\n' \
        "$(jq .sent <<<"$new")" "$(jq .lost <<<"$new")" "$(jq .sent <<<"$keep")" "$(jq .lost <<<"$keep")"
    jq -c 'select(.lost > 0) | {lost_why, lost_ms}' <<<"$new $keep"
    is 'requests were sent' true "$(jq '.sent > 500' <<<"$new")"
    is 'lost, new connections' "$1" "$(jq .lost <<<"$new")"
    [ "$2" = any ] || is 'lost, keep-alive' "$2" "$(jq .lost <<<"$keep")"
    is 'restarts' 0 "$(restarts)"
}

route() {
    kn apply -f - >/dev/null <<EOF
{"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "web"},
 "spec": {"parentRefs": [{"name": "sluice-gw", "namespace": "gateway"}],
  "rules": [{"backendRefs": [{"name": "web", "port": 80}]}]}}
EOF
    await 60 'the route to answer' reached http://198.18.0.1:8080/
}

test_blue_green_exits_at_once() {
    images
    app web 3 real
    rollout_with web "$blue_green" "$quick"
    load_on "http://$(address web)/"
    image web v2
    at_rest web v2 3
    image web v3
    word web Baking
    sl undo web >/dev/null
    at_rest web v2 3
    load_off 0 any
}

test_blue_green_graceful() {
    images
    app web 3 real
    env_of web GRACEFUL=1
    await 60 'the app whole' whole web 3
    rollout_with web "$blue_green" "$quick"
    load_on "http://$(address web)/"
    image web v2
    at_rest web v2 3
    load_off 0 0
}

test_canary_by_pods() {
    images
    app web 3 real
    rollout_with web "$canary" "$quick"
    load_on "http://$(address web)/"
    image web v2
    at_rest web v2 3
    load_off 0 any
}

app_behind_route() {
    images
    tests/cluster/gateway up >"$e2e_log/load-gateway.log" 2>&1
    app web 3 real
    route
    route_before=$(kn get httproute web -o json | jq -cS .spec)
}
route_as_before() { is 'the route is as it was' "$route_before" "$(kn get httproute web -o json | jq -cS .spec)"; }

test_canary_by_route() {
    app_behind_route
    rollout_with web "$routed" "$quick"
    load_on http://198.18.0.1:8080/
    image web v2
    word web Approval 90
    is 'weight' 50 "$(kn get httproute web -o json | jq '.spec.rules[0].backendRefs[] |
        select(.name == "web-canary") | .weight')"
    sl abort web >/dev/null
    word web Aborted
    image web v3
    word web Approval 90
    sl approve web >/dev/null
    at_rest web v3 3
    route_as_before
    load_off 0 any
}

share() { # TAG WEIGHT: the answers of 15 s are within 4 sigma of the weight
    local report=$e2e_log/load-split.json n new
    in_ns load --rate 300 --seconds 15 --connections new --report "$report" http://198.18.0.1:8080/ >/dev/null
    n=$(jq .ok "$report")
    new=$(jq --arg t "$1" '.by_version[$t] // 0' "$report")
    printf '  weight %s: %s of %s\n' "$2" "$new" "$n"
    is "share at weight $2" true "$(jq -n --argjson n "$n" --argjson x "$new" --argjson w "$2" \
        '($x - $n * $w / 100) | fabs <= 4 * ($n * $w / 100 * (1 - $w / 100) | sqrt) + 0.5')"
}

test_split_follows_weight() {
    app_behind_route
    rollout_with web '{"canary": {"stableService": "web", "traffic": [{"gatewayAPI": {"name": "web"}}],
        "steps": [{"weight": 10, "approve": true}, {"weight": 50, "approve": true},
            {"weight": 100, "approve": true}]}}' "$quick"
    image web v2
    local weight
    for weight in 10 50 100; do
        await 60 "weight $weight" rollout_is web ".status.flight.weight.accepted == $weight and
            .status.display.status == \"Approval\""
        share v2 "$weight"
        sl approve web >/dev/null
    done
    at_rest web v2 3
}

# Abort at every step, try again, supersede, undo: both kinds of clients, an app that ends gracefully.
every_way() { # TAG...: v2 is refused twice, v3 superseded by v2, which goes through
    image web v2
    word web Approval 90
    sl abort web >/dev/null
    word web Aborted 60
    sl retry web >/dev/null
    word web Approval 90
    sl approve web >/dev/null
    await 60 'step 2' rollout_is web '.status.flight.step == 2 and .status.display.status == "Approval"'
    sl abort web >/dev/null
    word web Aborted 60
    image web v3
    word web Approval 90
    image web v2
    await 60 'v2 again, held' word_is web Aborted
    sl retry web >/dev/null
    word web Approval 90
    sl promote web >/dev/null
    word web Baking 90
    sl undo web >/dev/null
    at_rest web v1 3
}
asked='"steps": [{"weight": 25, "approve": true}, {"weight": 50, "approve": true}]'

test_every_way_blue_green() {
    images
    app web 3 real
    env_of web GRACEFUL=1
    await 60 'the app whole' whole web 3
    rollout_with web '{"blueGreen": {"activeService": "web", "switch": "Approve"}}' '"drain": "2s", "bake": "1m"'
    load_on "http://$(address web)/"
    image web v2
    word web Approval
    sl abort web >/dev/null # at the preview
    word web Aborted
    sl retry web >/dev/null
    word web Approval
    image web v3 # superseded
    await 60 'v3 at the preview' previews v3
    sl approve web >/dev/null
    word web Baking
    sl abort web >/dev/null # at the switch
    word web Aborted
    serving web v1
    image web v2
    word web Approval
    sl approve web >/dev/null
    word web Baking
    sl undo web >/dev/null
    at_rest web v1 3
    load_off 0 0
}
previews() { word_is web Approval && [ "$(images_behind web-preview)" = "$1" ]; } # TAG

test_every_way_by_pods() {
    images
    app web 3 real
    env_of web GRACEFUL=1
    await 60 'the app whole' whole web 3
    rollout_with web "{\"canary\": {$asked}}" '"drain": "2s", "bake": "1m"'
    load_on "http://$(address web)/"
    every_way
    load_off 0 0
}

test_every_way_by_route() {
    images
    tests/cluster/gateway up >"$e2e_log/load-gateway.log" 2>&1
    app web 3 real
    env_of web GRACEFUL=1
    await 60 'the app whole' whole web 3
    route
    rollout_with web '{"canary": {"stableService": "web", "traffic": [{"gatewayAPI": {"name": "web"}}],
        '"$asked}}" '"drain": "2s", "bake": "1m"'
    load_on http://198.18.0.1:8080/
    every_way
    load_off 0 0
}

test_operator_killed_under_load() {
    images
    app web 3 real
    rollout_with web "$blue_green" "$quick"
    load_on "http://$(address web)/"
    released_under_kills web 3 v2 v3
    load_off 0 any
}

test_operator_killed_under_routed_load() {
    app_behind_route
    rollout_with web '{"canary": {"stableService": "web", "traffic": [{"gatewayAPI": {"name": "web"}}],
        "steps": [{"weight": 25, "hold": "1s"}, {"weight": 50, "hold": "1s"}]}}' "$quick"
    load_on http://198.18.0.1:8080/
    released_under_kills web 3 v2 v3
    route_as_before
    load_off 0 any
}

# The spec forgets the route whose weights are at 50 %: it is given back, then the new strategy runs.
test_strategy_edited_under_routed_load() {
    app_behind_route
    rollout_with web "$routed" "$quick"
    load_on http://198.18.0.1:8080/
    image web v2
    word web Approval 90
    kn patch rollout web --type=json -p '[{"op": "replace", "path": "/spec/strategy", "value":
        {"canary": {"steps": [{"weight": 50, "hold": "1s"}]}}}]' >/dev/null
    at_rest web v2 3
    route_as_before
    is 'the first one' true "$(rollout web 'any(.status.history[]; .outcome == "Superseded")')"
    load_off 0 any
}

# A rolling update removes pods that serve: with a preStop sleep none is lost; without, no more than
# by the Deployment's own rolling update beside it.
test_rolling_with_pre_stop() {
    images
    app web 4 real
    kn patch deployment web --type=json -p '[{"op": "add", "path":
        "/spec/template/spec/containers/0/lifecycle", "value": {"preStop": {"sleep": {"seconds": 3}}}}]' >/dev/null
    await 90 'the app whole' whole web 4
    rollout_with web '{"rolling": {"steps": [{"replicas": "50%"}]}}' '"bake": "1s"'
    load_on "http://$(address web)/"
    image web v2
    at_rest web v2 4
    load_off 0 any
}

test_rolling_beside_native() {
    images
    app web 4 real
    app plain 4 real
    rollout_with web '{"rolling": {"steps": [{"replicas": "50%"}]}}' '"bake": "1s"'
    local ours native
    await 30 'web to answer' reached "http://$(address web)/"
    await 30 'plain to answer' reached "http://$(address plain)/"
    load_start "$e2e_log/load-ours.json" --rate "$rate" --connections new "http://$(address web)/"
    load_start "$e2e_log/load-native.json" --rate "$rate" --connections new "http://$(address plain)/"
    for i in 2 3; do
        image web "v$i"
        image plain "v$i"
        at_rest web "v$i" 4
        await 90 'plain whole' whole plain 4
    done
    ours=$(load_stop "$e2e_log/load-ours.json" | jq .lost)
    native=$(load_stop "$e2e_log/load-native.json" | jq .lost)
    printf '  lost: rolling %s, native %s\n' "$ours" "$native"
    is 'no more lost than natively, within noise' true \
        "$(jq -n --argjson o "$ours" --argjson n "$native" '$o <= $n + 10 + $n / 2')"
}

run_tests "$@"
