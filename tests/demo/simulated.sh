# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # variables of run, and for the scenes
# The demo on a simulated cluster (sluice-sim): it is there at once. The operator, the command line
# and kubectl are the real ones.
# shellcheck source=tests/served/lib.sh
source tests/served/lib.sh

gateway_namespace=gateway gateway_name=sluice-gw
probed='probed, '
[ "$SERVED_PROBES" = yes ] || probed=''
users_words='200 requests a second, of simulated users.'

kd() { k -n "$demo" "$@"; }
sluice() { sl -n "$demo" "$@"; }

stage_up() {
    title 'A simulated cluster: nothing runs in containers, and the users are simulated too.'
    note 'API server, controllers, pods, endpoints, router and metrics are those of sluice-sim, on 127.0.0.1.'
    note 'The controller, sluice and kubectl are the real programs. make demo CLUSTER=real: a real Kubernetes.'
    has_kubectl || note 'There is no kubectl here: tests/served/kubectl.py sends the same requests.'
    [ -n "$probed" ] || note 'No network namespace may be made here: pods cannot be probed.'
    served_up --requests 200
    prometheus=$served_metrics
    k apply -f - >/dev/null <<<"{\"apiVersion\": \"v1\", \"kind\": \"Namespace\", \"metadata\": {\"name\": \"$demo\"}}"
}
stage_routes() { :; }
last_words() { tail -n 15 "$served/operator.log" | cut -c1-300; }
stage_down() { served_down || note "A program ended badly."; }
stage_goodbye() { :; }

# --- users, and what became of their requests ----------------------------------------------------

# They come by themselves, to every Service and route in use.
became_of() { knob GET requests | jq --arg n "$1" '[.by[] | select(.name == $n)] | sort_by(.kind)[0]'; } # NAME
has_users() { became_of "$1" | jq -e '.sent > 0'; }
users_of() { await 30 "$1 answers" has_users "$1"; } # NAME
users_go() { :; }
answered() { became_of "$1" | jq -e --arg v "$2" '.versions | has($v)' >/dev/null; } # NAME VERSION
