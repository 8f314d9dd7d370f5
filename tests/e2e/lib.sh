# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For the suites beside it, which use a real API server: source it, write test_* functions, end with
# `run_tests "$@"`. Each test has a namespace of its own, $ns; names given on the command line choose.
# needs_admission='NAME...' before that names the tests which are left out where the API server does
# not serve MutatingAdmissionPolicy v1; there every Rollout has brake: Paused.
#
#   app NAME N [fake|real]         an ordinary Deployment and its Service, whole when it returns
#   rollout_with NAME STRATEGY [MORE]   a Rollout on Deployment NAME, attached when it returns
#   image NAME TAG                 a person's change of the template
#   word NAME WORD [SECONDS]       until status says WORD
#   serving SERVICE 'TAG...'       until pods of these images, and no others, are behind it
#   is WHAT WANTED ACTUAL          a check; the test goes on, and fails at its end
#   operator_start, operator_kill  the controller as a process, with its own service account
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=tests/cluster/lib.sh
source tests/cluster/lib.sh

: "${SLUICE_BIN:=build/bin}"
e2e_log=build/e2e${SLUICE_KUBERNETES:+/$SLUICE_KUBERNETES}
e2e_kubeconfig=$CLUSTER_RUN/kubeconfig/sluice-controller
DEAD_MAN=deprecated.deployment.rollback.to
mkdir -p "$e2e_log"

# ---- cluster and operator ---------------------------------------------------------------------

# Where the API server does not serve the policies, or a suite does without them, the brake is a
# pause that stays at rest.
policies_served() {
    k get --raw /apis/admissionregistration.k8s.io/v1 |
        jq -e 'any(.resources[]; .name == "mutatingadmissionpolicies")' >/dev/null
}
by_pause='' # true or false once installed
brake_by_pause() { [ "$by_pause" = true ]; }
choose_brake() {
    by_pause=false
    policies_served || by_pause=true
    [ "${without_policies:-false}" = false ] || brake_by_pause || {
        by_pause=true
        k delete mutatingadmissionpolicybindings sluice-brake sluice-pin --ignore-not-found >/dev/null
    }
}
manifests_served() {
    if brake_by_pause; then
        awk -v RS='---\n' -v ORS='---\n' '!/kind: MutatingAdmissionPolicy/' manifests/install.yaml
    else
        cat manifests/install.yaml
    fi
}
install() {
    choose_brake
    manifests_served | k apply -f - >/dev/null
    await 30 'the CRD to be served' k get rollouts.sluice.dev -A
    k -n sluice-system scale deployment sluice-controller --replicas=0 >/dev/null
    local token
    token=$(k -n sluice-system create token sluice-controller --duration=24h)
    k config view --raw --minify -o json |
        jq --arg t "$token" '.users[0].user = {token: $t}' >"$e2e_kubeconfig"
}

# shellcheck disable=SC2120 # some suites give none
operator_start() { # ARG...
    local program=$PWD/$SLUICE_BIN/sluice-controller
    become_in_ns "$program" --kubeconfig "$PWD/${e2e_kubeconfig#"$PWD"/}" --namespace sluice-system \
        --listen 127.0.0.1:8083 "$@" >>"$e2e_log/$suite-operator.log" 2>&1 &
    echo $! >"$e2e_log/$suite-operator.pid" # tests run in subshells: a variable would be lost
    await 30 'the operator to be ready' in_ns curl -sf http://127.0.0.1:8083/readyz
}
operator_gone() { ! kill -0 "$1" 2>/dev/null; }
operator_stop() { # SIGNAL
    local pid
    pid=$(cat "$e2e_log/$suite-operator.pid" 2>/dev/null) || return 0
    kill "-${1:-TERM}" "$pid" 2>/dev/null || true
    await 20 'the operator to end' operator_gone "$pid"
    rm -f "$e2e_log/$suite-operator.pid"
}
operator_kill() { operator_stop KILL; }

# ---- objects ----------------------------------------------------------------------------------

kn() { k -n "$ns" "$@"; }
sl() { in_ns "$PWD/$SLUICE_BIN/sluice" -n "$ns" "$@"; }

fake_pods='"nodeSelector": {"type": "kwok"}, "tolerations": [{"key": "kwok.x-k8s.io/node", "operator": "Exists"}],'

app() { # NAME N [fake|real] [EXTRA-SPEC]
    local where=''
    [ "${3:-fake}" = real ] || where=$fake_pods
    kn apply -f - >/dev/null <<EOF
{"apiVersion": "v1", "kind": "List", "items": [
 {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "$1", "labels": {"app": "$1"}},
  "spec": {"replicas": $2, "selector": {"matchLabels": {"app": "$1"}}, ${4:-}
   "template": {"metadata": {"labels": {"app": "$1"}}, "spec": {$where
    "terminationGracePeriodSeconds": 5, "containers": [{"name": "app", "image": "sluice.test/app:v1",
     "imagePullPolicy": "Never", "ports": [{"name": "http", "containerPort": 8080}],
     "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http"}, "periodSeconds": 1}}]}}}},
 {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "$1"},
  "spec": {"selector": {"app": "$1"}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}}]}
EOF
    await 60 "Deployment $1 to be whole" whole "$1" "$2"
}
whole() { # NAME N
    kn get deployment "$1" -o json | jq -e --argjson n "$2" '.status.observedGeneration >=
        .metadata.generation and (.status.availableReplicas // 0) == $n and (.status.replicas // 0)
        == $n and (.status.updatedReplicas // 0) == $n' >/dev/null
}

rollout_with() { # NAME STRATEGY-JSON [MORE-JSON-MEMBERS]
    local brake=''
    ! brake_by_pause || [[ ${3:-} == *'"brake"'* ]] || brake=', "brake": "Paused"'
    kn apply -f - >/dev/null <<EOF
{"apiVersion": "sluice.dev/v1beta1", "kind": "Rollout", "metadata": {"name": "$1"},
 "spec": {"targetRef": {"name": "$1"}, "strategy": $2${3:+, $3}$brake}}
EOF
    word "$1" Resting 120 # after the CRD was gone the API server takes up to a minute to brake
    condition "$1" BrakeArmed True
}

image() { kn set image "deployment/$1" "app=sluice.test/app:$2" >/dev/null; }
env_of() { kn set env "deployment/$1" "$2" >/dev/null; }

# ---- looking ----------------------------------------------------------------------------------

rollout() { kn get rollout "$1" -o json | jq -r "$2"; } # NAME JQ
deployment() { kn get deployment "$1" -o json | jq -r "$2"; }
word_is() { [ "$(rollout "$1" .status.display.status)" = "$2" ]; }
word() { # NAME WORD [SECONDS]
    await "${3:-60}" "Rollout $1 to say $2" word_is "$1" "$2"
}
condition_is() {
    [ "$(rollout "$1" ".status.conditions[] | select(.type == \"$2\") | .status")" = "$3" ]
}
condition() { await 60 "condition $2 of $1 to be $3" condition_is "$1" "$2" "$3"; } # NAME TYPE STATUS

endpoints() { # SERVICE: ready addresses
    kn get endpointslices -l "kubernetes.io/service-name=$1" -o json |
        jq '[.items[].endpoints[]? | select(.conditions.ready)] | length'
}
images_behind() { # SERVICE: images of its ready pods, each once
    local pod
    for pod in $(kn get endpointslices -l "kubernetes.io/service-name=$1" -o json |
        jq -r '.items[].endpoints[]? | select(.conditions.ready) | .targetRef.name'); do
        kn get pod "$pod" -o json 2>/dev/null | jq -r '.spec.containers[0].image | sub(".*:"; "")'
    done | sort -u | tr '\n' ' ' | sed 's/ $//'
}
serves() { [ "$(images_behind "$1")" = "$2" ]; } # SERVICE 'TAG...'
# Its EndpointSlices follow pods and selectors a moment later, whoever counted those.
serving() { await 10 "${3:-$1 to serve} $2" serves "$1" "$2"; } # SERVICE 'TAG...' [WHAT]

new_pods() { # TAG: pods of that image, those on their way out left out
    kn get pods -o json | jq --arg t ":$1" '[.items[] | select(.metadata.deletionTimestamp == null and
        (.spec.containers[0].image | endswith($t)))] | length'
}

# Each TAG is released while the operator is killed three times, at any moment, and started again.
released_under_kills() { # NAME N TAG...
    local name=$1 n=$2 tag
    shift 2
    for tag in "$@"; do
        image "$name" "$tag"
        for _ in 1 2 3; do
            sleep "$((RANDOM % 2)).$((RANDOM % 9 + 1))"
            operator_kill
            operator_start
        done
        at_rest "$name" "$tag" "$n"
    done
}

# At rest nothing of ours is left in the users' objects (I13).
at_rest() { # NAME TAG N
    await 90 "Rollout $1 to rest with the present template" rests "$1"
    await 20 "Deployment $1 to be whole" whole "$1" "$3"
    is "$1: image" "sluice.test/app:$2" "$(deployment "$1" '.spec.template.spec.containers[0].image')"
    await 20 'no fence left' no_object controllerrevision "$1-sluice"
    if brake_by_pause; then
        is "$1: paused" true "$(deployment "$1" .spec.paused)"
        is "$1: dead man" "$(deployment "$1" '.metadata.annotations["deployment.kubernetes.io/revision"]')" \
            "$(deployment "$1" ".metadata.annotations[\"$DEAD_MAN\"]")"
    else
        is "$1: paused" null "$(deployment "$1" .spec.paused)"
        is "$1: dead man" null "$(deployment "$1" ".metadata.annotations[\"$DEAD_MAN\"]")"
        await 20 'no finalizer left' rollout_is "$1" '.metadata.finalizers == null'
    fi
    is "$1: selector" "{\"app\":\"$1\"}" "$(kn get service "$1" -o json | jq -c .spec.selector)"
    is "$1: label" null "$(kn get service "$1" -o json | jq -r '.metadata.labels["sluice.dev/pin"]')"
    is "$1: our ReplicaSets" 0 "$(kn get rs -l "sluice.dev/of=$1" -o json | jq '.items | length')"
    is "$1: our Services" 0 "$(kn get services -l sluice.dev/created -o json | jq '.items | length')"
    await 20 "Service $1 to reach $3 pods" endpoints_are "$1" "$3"
}
# The word alone could be of the time before the last change: the generation judged says.
rests() { # NAME
    local generation
    generation=$(deployment "$1" .metadata.generation)
    rollout_is "$1" ".status.display.status == \"Resting\" and
        .status.target.observedGeneration >= $generation"
}
no_object() { ! kn get "$1" "$2" >/dev/null 2>&1; }
deployment_is() { kn get deployment "$1" -o json | jq -e "$2" >/dev/null; }
rollout_is() { kn get rollout "$1" -o json | jq -e "$2" >/dev/null; }
endpoints_are() { [ "$(endpoints "$1")" = "$2" ]; }
restarts() { kn get pods -o json | jq '[.items[].status.containerStatuses[]?.restartCount] | add // 0'; }

# jq: what a Rollout says of itself, a line each
told='"\(.metadata.name): \(.status.display // {} | tojson)",
    "  flight \(.status.flight // {} | del(.steps, .gates) | tojson)",
    (.status.conditions[]? | "  \(.type) \(.status) \(.reason) \(.message)")'

# ---- tests ------------------------------------------------------------------------------------

suite=$(basename "$0" _test.sh)
passed=0 failed=0 wrong=0

is() { # WHAT WANTED ACTUAL
    [ "$2" = "$3" ] && return
    wrong=$((wrong + 1))
    printf '  WRONG %s\n    wanted: %s\n    got:    %s\n' "$1" "$2" "$3"
}

# In a subshell, so that a failing command ends this test only; not as a condition, where -e sleeps.
one_test() { # NAME
    local name=$1 status=0 report
    ns=$suite-${name//_/-}
    ns=${ns:0:44}-$RANDOM # a former run's may still be on its way out
    k create namespace "$ns" >/dev/null
    set +e
    (
        set -e
        "test_$name"
        [ "$wrong" -eq 0 ]
    )
    status=$?
    set -e
    if [ "$status" -eq 0 ]; then
        passed=$((passed + 1))
        printf 'ok    %s\n' "$name"
    else
        failed=$((failed + 1))
        printf 'FAIL  %s\n' "$name"
        kn get rollouts,deployments,rs,services,pods,controllerrevisions 2>&1 | head -60
        kn get rollouts -o json | jq -r ".items[] | $told" || true
        for report in "$e2e_log"/*.pid; do # load that the test did not end itself
            [ "$report" = "$e2e_log/$suite-operator.pid" ] || load_stop "${report%.pid}" >/dev/null || true
        done
    fi
    k delete namespace "$ns" --wait=false >/dev/null
}
# shellcheck disable=SC2119
run_tests() { # [NAME...]
    local name start
    [ $# -gt 0 ] || mapfile -t all < <(declare -F | sed -n 's/^declare -f test_//p')
    [ $# -eq 0 ] || all=("$@")
    tests/cluster/cluster up ${cluster_options:+$cluster_options} >"$e2e_log/$suite-cluster.log" 2>&1
    install
    : >"$e2e_log/$suite-operator.log"
    trap 'operator_stop; ${after_tests:-:}' EXIT
    ${before_tests:-:}
    operator_start
    for name in "${all[@]}"; do
        if brake_by_pause && [[ " ${needs_admission:-} " == *" $name "* ]]; then
            printf 'left out %s: it is not of brake: Paused, and %s serves no other\n' "$name" "$CLUSTER_KUBERNETES"
            continue
        fi
        start=$SECONDS
        one_test "$name"
        printf '      %ds\n' $((SECONDS - start))
    done
    printf '%d passed, %d failed\n' "$passed" "$failed"
    [ "$failed" -eq 0 ]
}
