#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Gates on real pods: Prometheus scrapes the app; versions with errors, slow ones, ones whose probe
# fails or that never become ready; Prometheus stopped. Slow: `make gates`.
# shellcheck disable=SC2016 # $(pods) is Sluice's
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"

canary='{"canary": {"steps": [{"weight": 50, "hold": "5s"}]}}'
quick='"drain": "1s", "bake": "1s", "progressDeadline": "20s"'
metric() { # NAME MAX QUERY
    jq -cn --arg n "$1" --arg m "$2" --arg q "$3" '{name: $n, metric: {every: "2s", count: 3,
        failures: 2, max: $m, prometheus: {address: "http://198.18.0.1:9090", query: $q}}}'
}
answers='rate(http_requests_total{pod=~"$(pods)"}[15s])'
bad_answers='rate(http_requests_total{code="500",pod=~"$(pods)"}[15s])'
times='rate(http_request_duration_seconds_bucket{pod=~"$(pods)"}[15s])'
errors=$(metric errors 0.1 "sum($bad_answers) / sum($answers)")
latency=$(metric latency 0.2 "histogram_quantile(0.9, sum by (le) ($times))")
probe='{"name": "smoke", "probe": {"http": {"path": "/healthz", "port": "http"}, "every": "1s", "failures": 2}}'

images() {
    tests/app/build >"$e2e_log/gates-app.log" 2>&1
    tests/cluster/cluster load-image build/app/app-v*.tar >>"$e2e_log/gates-app.log" 2>&1
}
metrics() { tests/cluster/prometheus up >"$e2e_log/gates-prometheus.log" 2>&1; }
reached() { in_ns curl -sf -o /dev/null "$1"; }

begin() { # GATE
    images
    app web 3 real
    kn patch deployment web --type=merge -p '{"spec": {"template": {"metadata": {"annotations":
        {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"}}}}}' >/dev/null
    await 60 'the app whole' whole web 3
    rollout_with web "$canary" "$quick, \"gates\": [$1]"
    local url
    url="http://$(kn get service web -o json | jq -r .spec.clusterIP)/"
    await 30 'the app to answer' reached "$url"
    load_start "$e2e_log/gates-load.json" --rate 100 --connections new "$url"
}

aborted_by() { # WORDS
    word web Aborted 120
    is 'why' true "$(rollout web ".status.rejected.reason | test(\"$1\")")"
    is 'the CLI says why' true "$(sl get web | grep -q "$1" && echo true)"
    await 30 'stable alone' endpoints_are web 3
    serving web v1
    is 'restarts' 0 "$(restarts)"
    load_stop "$e2e_log/gates-load.json" >/dev/null
}

test_good_version_passes_on_metrics() {
    metrics
    begin "$errors, $latency"
    image web v2
    at_rest web v2 3
    is 'verdict' Pass "$(rollout web '.status.gates[] | select(.name == "latency") | .verdict')"
    load_stop "$e2e_log/gates-load.json" >/dev/null
}

test_errors_abort() {
    metrics
    begin "$errors"
    env_of web ERROR_RATE=0.5
    aborted_by errors
}

test_slow_aborts() {
    metrics
    begin "$latency"
    env_of web DELAY_MS=600
    aborted_by latency
}

test_failing_probe_aborts() {
    begin "$probe"
    env_of web FAIL_HEALTH=1
    aborted_by smoke
}

test_never_ready_aborts() {
    begin "$probe"
    env_of web NEVER_READY=1
    aborted_by 'no progress'
}

test_metrics_down_waits_and_can_be_skipped() {
    metrics
    begin "$errors"
    tests/cluster/prometheus stop >>"$e2e_log/gates-prometheus.log" 2>&1
    image web v2
    word web Gating 60
    await 30 'the CLI to say that nobody answers' rollout_is web '.status.gates[0].message != null'
    is 'verdict' Wait "$(rollout web '.status.gates[0].verdict')"
    sl abort web >/dev/null
    word web Aborted 30
    serving web v1
    sl retry web >/dev/null
    word web Gating 60
    sl skip web >/dev/null
    tests/cluster/prometheus start >>"$e2e_log/gates-prometheus.log" 2>&1
    at_rest web v2 3
    load_stop "$e2e_log/gates-load.json" >/dev/null
}

test_deadline_asks_a_person() {
    begin '{"name": "nobody", "deadline": "5s", "metric": {"every": "1s", "max": "1",
        "prometheus": {"address": "http://198.18.0.1:9999", "query": "up"}}}'
    image web v2
    word web Decision 60
    condition web Stalled True
    sl status web --watch=false >/dev/null && is 'status' 4 0
    is 'exit code' 4 "$(sl status web --watch=false >/dev/null 2>&1; echo $?)"
    sl promote web >/dev/null
    at_rest web v2 3
    is 'outcome' Forced "$(rollout web '.status.history[0].outcome')"
    load_stop "$e2e_log/gates-load.json" >/dev/null
}

run_tests "$@"
