# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # variables of run, and for the scenes
# The demo on a real Kubernetes that is brought up here: real pods, a real router, real requests.
# shellcheck source=tests/cluster/lib.sh
source tests/cluster/lib.sh

# As tests/cluster/gateway and tests/cluster/prometheus say.
gateway_namespace=gateway gateway_name=sluice-gw gateway_url=http://$CLUSTER_ADDRESS:8080
prometheus=http://$CLUSTER_ADDRESS:9090
probed='probed, '
users_words='200 requests a second, three quarters of them on a new connection each.'
bin=${SLUICE_BIN:-build/bin} # the release programs

kd() { k -n "$demo" "$@"; }
sluice() { in_ns "$(realpath -m "$bin")/sluice" -n "$demo" "$@"; }

stage_up() {
    local installed
    title 'Bringing up a real Kubernetes (the first time takes some minutes) ...'
    tests/deps >/dev/null
    tests/cluster/cluster up
    [ -x "$bin/sluice-controller" ] || make build
    tests/app/build v1 v2 v3 v4
    SLUICE_CONTROLLER=$bin/sluice-controller tests/operator-image/build build/image/sluice-controller.tar >/dev/null
    tests/cluster/cluster load-image build/app/app-v{1..4}.tar build/image/sluice-controller.tar

    installed=$(k -n sluice-system get deployment sluice-controller --ignore-not-found -o name)
    say 'Installing Sluice: a CRD, two admission policies, the controller and its rights.'
    typed 'kubectl apply -f manifests/install.yaml' k apply -f manifests/install.yaml | tail -n 3
    k wait --for=condition=Established crd/rollouts.sluice.dev --timeout=20s >/dev/null
    # The image may be another than that of the last run, under the same name.
    [ -z "$installed" ] || k -n sluice-system rollout restart deployment sluice-controller >/dev/null
    k -n sluice-system rollout status deployment sluice-controller --timeout=120s | tail -n 1
    k delete namespace "$demo" --ignore-not-found --timeout=60s >/dev/null
    k create namespace "$demo" >/dev/null
}
stage_routes() {
    tests/cluster/gateway up
    tests/cluster/prometheus up
}
last_words() {
    k -n sluice-system logs -l app.kubernetes.io/component=operator --tail=15 2>/dev/null | cut -c1-300 || true
}
stage_down() {
    if [ "$keep" = no ]; then
        kd delete rollouts.sluice.dev --all --timeout=60s >/dev/null 2>&1 || true
        k delete namespace "$demo" --ignore-not-found --timeout=60s >/dev/null 2>&1 || true
    fi
}
stage_goodbye() { note 'The cluster is still up; tests/cluster/cluster down ends it.'; }

# --- users, and what became of their requests ----------------------------------------------------

declare -a loads=() # reports of those that run

# steady_load NAME ARG...: requests until users_go.
steady_load() {
    loads+=("$work/$1.report")
    load_start "$work/$1.report" "${@:2}"
}
users_go() {
    local report
    for report in "${loads[@]}"; do
        load_stop "$report" >/dev/null
    done
    loads=()
}

# The reports of one application added up.
became_of() { # NAME
    jq -s '{sent: (map(.sent) | add), errors: (map(.errors) | add), lost: (map(.lost) | add),
        versions: (map(.by_version | to_entries[]) | group_by(.key) |
            map({key: .[0].key, value: (map(.value) | add)}) | from_entries)}' "$work/$1"-*.report
    jq -c 'select(.lost > 0) | {lost_why, lost_ms, seen_ms}' "$work/$1"-*.report >&2
}
answered() { became_of "$1" 2>/dev/null | jq -e --arg v "$2" '.versions | has($v)' >/dev/null; } # NAME VERSION

users_of() { # NAME
    local url=$gateway_url/ header='Host: web.sluice-demo.test'
    if [ "$1" = shop ]; then
        url=http://$(kd get service shop -o jsonpath='{.spec.clusterIP}')/ header='Host: shop'
    fi
    await 30 "$1 answers" in_ns curl -fsS -m 2 -o /dev/null -H "$header" "$url"
    steady_load "$1-new" --rate 150 --connections new --header "$header" "$url"
    steady_load "$1-kept" --rate 50 --connections keepalive --header "$header" "$url"
}
