# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A simulated cluster on a loopback socket (sluice-sim) with the real operator on it: source this.
#
#   served_up [ARG...]     both, in $served; ARGs are sluice-sim's. Ended by served_down
#   k ARG...               kubectl on it, or what stands in for kubectl where there is none
#   sl ARG...              sluice on it
#   knob METHOD PATH       /sim/...: requests, errors?version=v2&percent=25 ...
#   await, die             as in tests/cluster/lib.sh
# shellcheck source=tests/cluster/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../cluster/lib.sh"

: "${SLUICE_BIN:=build/bin}"
served_bin=$(realpath -m "$SLUICE_BIN")
served=$(mktemp -d)
served_config=$served/kubeconfig

served_kubectl() {
    local program
    for program in "$(command -v kubectl)" "$CLUSTER_BIN/kubectl"; do
        if [ -n "$program" ] && [ -x "$program" ]; then
            echo "$program"
            return
        fi
    done
    echo "$SLUICE_ROOT/tests/served/kubectl.py"
}
kubectl_program=$(served_kubectl)
has_kubectl() { [[ $kubectl_program != *.py ]]; }

in_ns() { KUBECONFIG=$served_config "$@"; }
k() { in_ns "$kubectl_program" "$@"; }
sl() { in_ns "$served_bin/sluice" "$@"; }
knob() { curl -fsS -m 5 -X "$1" "$served_metrics/sim/$2"; }

# Once sluice-sim has said where it listens, the kubeconfig is there.
served_says() { sed -n "s#.*$1 \(http[^ ,]*\).*#\1#p" "$served/sim.log"; }
served_listens() { [ -s "$served_config" ] && [ -n "$(served_says 'metrics on')" ]; }
served_ready() { curl -fsS -m 2 "http://127.0.0.1:$served_health/readyz"; }

# A port that is free now.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

served_built() {
    local program
    for program in sluice sluice-controller sluice-sim; do
        [ -x "$served_bin/$program" ] || die "there is no $served_bin/$program: make, or say SLUICE_BIN=..."
    done
}

served_up() {
    served_built
    local file manifests=()
    for file in "$SLUICE_ROOT"/manifests/crd/*.yaml "$SLUICE_ROOT"/manifests/policies/{brake,pin,bindings}.yaml; do
        manifests+=(--apply "$file")
    done
    "$served_bin/sluice-sim" --kubeconfig "$served_config" "${manifests[@]}" "$@" \
        >"$served/sim.log" 2>&1 &
    served_sim=$!
    await 20 'the simulated cluster' served_listens
    served_metrics=$(served_says 'metrics on')
    operator_up
}
operator_up() {
    served_health=$(free_port)
    "$served_bin/sluice-controller" --kubeconfig "$served_config.operator" --namespace sluice-system \
        --listen "127.0.0.1:$served_health" --prometheus "$served_metrics" >>"$served/operator.log" 2>&1 &
    served_operator=$!
    await 30 'the operator' served_ready
}

# served_end PID: asks it to end, and gives its exit code.
served_end() {
    kill -TERM "$1" 2>/dev/null || true
    wait "$1"
}
served_down() {
    local code=0
    served_end "$served_operator" || code=$?
    served_end "$served_sim" || code=$?
    ((code == 0)) || tail -n 30 "$served/sim.log" "$served/operator.log"
    rm -rf "$served"
    return "$code"
}
