# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034 # the variables are for the scripts
# For scripts that use the development cluster: source it.
#
#   k get pods              kubectl inside the cluster's network namespace
#   in_ns curl ...          any program there, with KUBECONFIG and PATH set
#   await 30 'pods ready' CMD...   until CMD succeeds; its last output if it does not
#   kubeconfig_of FILE      of an administrator who asks by a token
#   load_start FILE ARG...; load_stop FILE        tests/app/load in the background, and its report
#   audit_mark; audit_count MARK CONDITION        how many requests the API server has answered

SLUICE_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CLUSTER_BUILD=$SLUICE_ROOT/build/cluster
CLUSTER_BIN=$CLUSTER_BUILD/bin
CLUSTER_SHARE=$CLUSTER_BUILD/share
# The minor of Kubernetes: its control plane has a folder, and its cluster a name, of its own.
CLUSTER_KUBERNETES=${SLUICE_KUBERNETES:-v1.36}
CLUSTER_CONTROL=$CLUSTER_BIN
CLUSTER_NETNS=${SLUICE_CLUSTER:-sluice} # also the cluster's name: several may run side by side
if [[ $CLUSTER_KUBERNETES != v1.36 ]]; then
    CLUSTER_CONTROL=$CLUSTER_BIN/$CLUSTER_KUBERNETES
    CLUSTER_NETNS=${SLUICE_CLUSTER:-sluice-$CLUSTER_KUBERNETES}
fi
CLUSTER_RUN=$CLUSTER_BUILD/run
[[ $CLUSTER_NETNS == sluice ]] || CLUSTER_RUN+=-$CLUSTER_NETNS
CLUSTER_ADDRESS=198.18.0.1 # the machine as the cluster sees it: API server, node, routers
CLUSTER_KUBECONFIG=$CLUSTER_RUN/kubeconfig/admin
CLUSTER_AUDIT=$CLUSTER_RUN/log/audit.json

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# in_ns CMD...: runs CMD inside the cluster's network namespace. Only the network changes: with
# `ip netns exec` /sys would too. become_in_ns CMD...: the same, in place of this shell, so that of
# `become_in_ns CMD... &` the pid is CMD's.
in_ns() {
    KUBECONFIG=$CLUSTER_KUBECONFIG PATH=$CLUSTER_BIN:$SLUICE_ROOT/build/app:$PATH \
        nsenter --net="/run/netns/$CLUSTER_NETNS" -- "$@"
}
become_in_ns() {
    export KUBECONFIG=$CLUSTER_KUBECONFIG PATH=$CLUSTER_BIN:$SLUICE_ROOT/build/app:$PATH
    exec nsenter --net="/run/netns/$CLUSTER_NETNS" -- "$@"
}

k() { in_ns kubectl "$@"; }

# await SECONDS 'description' CMD...: runs CMD every 0.2 s until it succeeds. Fails after SECONDS,
# with what CMD printed last. CMD may be a function; it runs in a subshell.
await() {
    local limit=$1 what=$2 output end
    shift 2
    end=$((${EPOCHREALTIME/[^0-9]/} + limit * 1000000))
    until output=$("$@" 2>&1); do
        if ((${EPOCHREALTIME/[^0-9]/} >= end)); then
            printf 'not within %s s: %s\n  by: %s\n%s\n' "$limit" "$what" "$*" "$output" >&2
            return 1
        fi
        sleep 0.2
    done
}

# kubeconfig_text NAME CREDENTIALS: a kubeconfig of NAME, who shows these, in YAML on one line.
kubeconfig_text() {
    cat <<EOF
apiVersion: v1
kind: Config
current-context: sluice
contexts: [{name: sluice, context: {cluster: sluice, user: "$1"}}]
clusters:
- name: sluice
  cluster:
    server: https://$CLUSTER_ADDRESS:6443
    certificate-authority-data: $(base64 -w0 "$CLUSTER_RUN/pki/ca.crt")
users: [{name: "$1", user: $2}]
EOF
}

# kubeconfig_of FILE: an administrator who asks by a token: a client's certificate is verified anew at
# each request, which takes the API server a seventh of its time.
kubeconfig_of() {
    local name=asks-by-token token
    k -n kube-system get serviceaccount "$name" >/dev/null 2>&1 ||
        k -n kube-system create serviceaccount "$name" >/dev/null
    k get clusterrolebinding "$name" >/dev/null 2>&1 ||
        k create clusterrolebinding "$name" --clusterrole cluster-admin \
            --serviceaccount "kube-system:$name" >/dev/null
    token=$(k -n kube-system create token "$name" --duration 24h)
    (umask 077 && kubeconfig_text "$name" "{token: \"$token\"}" >"$1")
}

# load_start FILE ARG...: load (tests/app/load.c) with ARGs, in the background; FILE gets its report.
# load_stop FILE: ends it, if --seconds has not yet, and prints the report.
load_start() {
    rm -f "$1"
    become_in_ns load --report "$@" >/dev/null &
    echo $! >"$1.pid"
}
load_stop() {
    kill -TERM "$(cat "$1.pid")" 2>/dev/null || true
    rm -f "$1.pid"
    await 15 "the load's report" test -e "$1" && cat "$1"
}

# audit_mark: prints a place in the API server's audit log: now.
audit_mark() { stat -c %s "$CLUSTER_AUDIT"; }

# audit_count MARK CONDITION: prints how many requests since MARK meet the jq CONDITION, such as
# '.user.username == "system:serviceaccount:sluice:sluice" and .verb == "patch"'.
audit_count() {
    tail -c "+$(($1 + 1))" "$CLUSTER_AUDIT" | jq -n "[inputs | select($2)] | length"
}
