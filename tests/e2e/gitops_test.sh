#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Those who write the same objects: kubectl apply in a loop, Flux, Argo CD, Helm, and people who edit the template at
# the worst moment. Their field managers and requests are replayed while releases of each strategy go forward and
# back; what each of them sees is checked, and docs/gitops.md says it in a table.
# shellcheck disable=SC2034 # read by lib.sh
cluster_options=--no-node
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/watch.sh
source "$(dirname "$0")/watch.sh"
# shellcheck source=tests/e2e/three.sh
source "$(dirname "$0")/three.sh"

us=system:serviceaccount:sluice-system:sluice-controller

# ---- Git ----------------------------------------------------------------------------------------------

git=$PWD/$e2e_log/gitops.json
manifests() { # TAG: what is in Git from now on, in one move
    local s
    for s in "${three[@]}"; do
        manifests_of "$s" "$1"
    done | jq -s '{apiVersion: "v1", kind: "List", items: .}' >"$git.new"
    mv "$git.new" "$git"
}
manifests_of() { # NAME TAG
    cat <<EOF2
{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "$1", "labels": {"app": "$1"}},
 "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "$1"}},
  "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
  "template": {"metadata": {"labels": {"app": "$1"}}, "spec": {$fake_pods "containers": [{"name": "app",
   "image": "sluice.test/app:$2", "ports": [{"name": "http", "containerPort": 8080}]}]}}}}
{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "$1", "labels": {"app": "$1"}},
 "spec": {"selector": {"app": "$1"}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}}
{"apiVersion": "sluice.dev/v1beta1", "kind": "Rollout", "metadata": {"name": "$1"},
 "spec": {"targetRef": {"name": "$1"}, "strategy": ${strategy[$1]}, "drain": "1s", "bake": "1s"}}
EOF2
}

# ---- who applies it -----------------------------------------------------------------------------------

declare -A flags=(
    [client]=''
    [server]='--server-side --force-conflicts --field-manager=git'
    [flux]='--server-side --force-conflicts --field-manager=kustomize-controller'
    [argo]='--field-manager=argocd-controller'
    [argo_server]='--server-side --force-conflicts --field-manager=argocd-controller'
)
apply_as() { # WHO
    # shellcheck disable=SC2086 # words
    kn apply ${flags[$1]} -f "$git"
}
# Is what it would write what is there? As Flux and Argo CD ask: a dry run of their own apply, compared.
in_sync() { # WHO
    # shellcheck disable=SC2086 # words
    kn diff ${flags[$1]} -f "$git"
}

turns=$PWD/$e2e_log/gitops-turns
sync_start() { # WHO [heal]: applies over and over; with heal only what differs
    rm -f "$turns".*
    : >"$turns.count"
    (
        while [ ! -e "$turns.stop" ]; do
            if [ "${2:-}" != heal ] || ! in_sync "$1" >/dev/null 2>>"$turns.errors"; then
                apply_as "$1" >/dev/null 2>>"$turns.errors" || echo "apply failed" >>"$turns.errors"
                [ "${2:-}" != heal ] || echo healed >>"$turns.healed"
            fi
            echo >>"$turns.count"
        done
    ) &
    sync_pid=$!
}
sync_stop() {
    touch "$turns.stop"
    wait "$sync_pid"
    is 'what went wrong for it' '' "$(grep -v '^Warning:' "$turns.errors" || true)"
}
turned() { [ "$(wc -l <"$turns.count")" -ge "$1" ]; }
more_turns() { await 60 'more turns' turned $(($(wc -l <"$turns.count") + $1)); } # N

# ---- looking ---------------------------------------------------------------------------------------------

attached() {
    local s
    all_say Resting 120
    for s in "${three[@]}"; do condition "$s" BrakeArmed True; done
}
our_writes() { # MARK
    audit_count "$1" ".user.username == \"$us\" and .objectRef.namespace == \"$ns\" and
        (.verb | IN(\"get\", \"list\", \"watch\") | not)"
}
contended() { kn get rollouts -o json | jq -r '[.items[].status.conditions[] | select(.type == "Contended") | .status] |
    unique | join(" ")'; }
generations() { kn get deployments -o json | jq -c '[.items[].metadata.generation]'; }

# ---- tests ----------------------------------------------------------------------------------------------

released_by() { # WHO [heal]
    local mark before
    manifests v1
    apply_as "$1" >/dev/null
    attached
    watch_start
    sync_start "$@"
    manifests v2
    all_say Approval
    more_turns 1
    mark=$(audit_mark)
    before=$(generations)
    more_turns 3
    is 'in flight: drift' '' "$(in_sync "$1" 2>&1 | grep '^[-+]' || true)"
    is 'in flight: our writes' 0 "$(our_writes "$mark")"
    is 'in flight: generations' "$before" "$(generations)"
    is 'in flight: behind the pinned Service' v1 "$(behind blue)"
    is 'in flight: contended' False "$(contended)"
    each sl approve
    rest v2 3
    manifests v3
    all_say Approval
    each sl abort
    all_say Aborted
    more_turns 1
    mark=$(audit_mark)
    before=$(generations)
    more_turns 3
    is 'held: drift' '' "$(in_sync "$1" 2>&1 | grep '^[-+]' || true)"
    is 'held: our writes' 0 "$(our_writes "$mark")"
    is 'held: generations' "$before" "$(generations)"
    is 'held: contended' False "$(contended)"
    all_say Aborted
    manifests v2
    rest v2 3
    sync_stop
    kept_capacity 3
    is 'behind the pinned Service' 'v1 v2' "$(behind blue)"
    is 'pods of v3, of one attempt' 3 "$(seen 'of("Pod") | since | map(select(.type == "ADDED" and
        (.object | tag) == "v3" and .object.metadata.labels.app == "blue")) | length')"
    is 'outcomes' 'Aborted Promoted' "$(kn get rollouts -o json | jq -r '[.items[].status.history |
        map(.outcome) | join(" ")] | unique | join(", ")')"
}

test_apply_in_a_loop() { released_by client; }
test_apply_server_side_with_force_in_a_loop() { released_by server; }
test_flux() { released_by flux heal; }
test_argo_cd() { released_by argo heal; }
test_argo_cd_server_side() { released_by argo_server heal; }

# A template that comes in the middle of the hand-over is a release of its own, gated, and what was promoted before it
# is what it goes back to. Each round strikes at another moment.
test_template_edit_at_the_hand_over() {
    local moment n=1 s edits
    manifests v1
    apply_as client >/dev/null
    attached
    watch_start
    for moment in approved committed returned drained resumed; do
        n=$((n + 1))
        each_image "v$n"
        all_say Approval
        each sl approve
        edits=()
        for s in "${three[@]}"; do
            ( # each at its own time
                await 60 "$s to be $moment" "$moment" "$s" "v$n"
                image "$s" "v${n}x"
            ) &
            edits+=($!)
        done
        wait "${edits[@]}"
        for s in "${three[@]}"; do
            await 90 "$s: v${n}x asked for" asks_for "$s" "v${n}x"
            is "$s $moment: new pods, at most half" true "$(seen 'of("Pod") | since |
                map(select(.type == "ADDED" and (.object | tag) == $tag and .object.metadata.labels.app == $app)) |
                length <= if $app == "rolling" then 2 else 3 end' tag "v${n}x" app "$s")"
        done
        is "$moment: behind the pinned Service, of v${n}x" false "$(seen 'reached("blue") |
            any(.[]; .tags | index($tag) != null)' tag "v${n}x")"
        each sl approve
        rest "v${n}x" 3
    done
    kept_capacity 3
}
approved() { true; }
committed() { # NAME TAG
    kn get controllerrevision "$1-sluice" -o json | jq -e '.metadata.annotations["sluice.dev/record"] | fromjson |
        .committedAt' >/dev/null || resumed "$@"
}
owner_kind() { # NAME TAG KIND
    kn get rs -o json | jq -e --arg n "$1-" --arg t ":$2" --arg k "$3" 'any(.items[]; (.metadata.name | startswith($n))
        and (.spec.template.spec.containers[0].image | endswith($t)) and .metadata.ownerReferences[0].kind == $k)'
}
returned() { committed "$@" && owner_kind "$1" "$2" Deployment >/dev/null; }
drained() {
    returned "$@" && kn get rs -o json | jq -e --arg n "$1-" --arg t ":$2" 'all(.items[]; (.metadata.name |
        startswith($n) | not) or (.spec.template.spec.containers[0].image | endswith($t)) or .spec.replicas == 0)' \
        >/dev/null
}
resumed() { deployment "$1" '.spec.paused | not' | grep -q true; }
asks_for() { # NAME TAG
    word_is "$1" Approval && [ "$(kn get rs -o json | jq -r --arg r "$(rollout "$1" .status.flight.revision)" '
        .items[] | select(.metadata.name | endswith($r)) | .spec.template.spec.containers[0].image')" = \
        "sluice.test/app:$2" ]
}

# What those who wait read: by kstatus (Flux, Helm 4) of the Deployment and of the Rollout, by kubectl, by sluice.
kstatus_of() { kn get "$1" "$2" -o json | in_ns kstatus | sed 's/:.*//'; } # KIND NAME
code() { # CMD...: its exit code
    local code=0
    "$@" >/dev/null 2>&1 || code=$?
    echo "$code"
}
waiters_read() { # WHEN KSTATUS ROLLOUT-STATUS WAIT-READY SLUICE-STATUS
    local s
    for s in "${three[@]}"; do
        is "$1: kstatus of Deployment $s" "$2" "$(kstatus_of deployment "$s")"
        is "$1: kstatus of Rollout $s" "$2" "$(kstatus_of rollout "$s")"
        is "$1: rollout status $s" "$3" "$(kn rollout status "deployment/$s" --timeout=1s 2>&1 | rollout_status)"
        is "$1: wait for $s" "$4" "$(code kn wait --for=condition=Ready "rollout/$s" --timeout=1s)"
        is "$1: sluice status $s" "$5" "$(code sl status "$s" --watch=false)"
    done
}
rollout_status() { # in a word
    sed -n '$ {s/.*successfully rolled out$/succeeds/; s/.*exceeded its progress deadline$/fails/
        s/.*timed out.*/waits/; p}'
}
test_waiters() {
    manifests v1
    apply_as flux >/dev/null
    attached
    waiters_read 'at rest' Current succeeds 0 0
    manifests v2
    apply_as flux >/dev/null
    all_say Approval
    waiters_read 'in flight' InProgress waits 1 4
    each sl abort
    all_say Aborted
    waiters_read 'held' Failed fails 1 5
    manifests v3
    apply_as flux >/dev/null
    all_say Approval
    waiters_read 'the next in flight' InProgress waits 1 4
    each sl approve
    rest v3 3
    waiters_read 'at rest again' Current succeeds 0 0
}

# ---- Helm ------------------------------------------------------------------------------------------------

chart=$PWD/$e2e_log/gitops-chart
make_chart() {
    rm -rf "$chart"
    mkdir -p "$chart/templates"
    printf 'apiVersion: v2\nname: three\nversion: 1.0.0\n' >"$chart/Chart.yaml"
    local s
    for s in "${three[@]}"; do
        manifests_of "$s" '{{ .Values.tag }}' | jq -s '{apiVersion: "v1", kind: "List", items: .} | .items[]' -c |
            sed 's/^/---\n/' >"$chart/templates/$s.yaml"
    done
}
helm() { # PROGRAM ARG...
    local home=$PWD/$e2e_log/gitops-helm
    HELM_CACHE_HOME=$home HELM_CONFIG_HOME=$home HELM_DATA_HOME=$home in_ns "$1" -n "$ns" "${@:2}"
}
helm_log=$PWD/$e2e_log/gitops-helm.log
ended() { ! kill -0 "$1" 2>/dev/null; }

# What `upgrade --wait` says while a person is asked, and of an abort: Helm 3 takes a paused Deployment for ready;
# Helm 4 waits for the end of the release.
through_helm() { # PROGRAM WAITS
    local pid code
    make_chart
    helm "$1" install three "$chart" --set tag=v1 --wait --timeout 2m >/dev/null
    attached
    watch_start
    helm "$1" upgrade three "$chart" --set tag=v2 --wait --timeout 3m >"$helm_log" 2>&1 &
    pid=$!
    all_say Approval
    if [ "$2" = no ]; then
        await 60 'helm to call it done' ended "$pid"
    else
        is 'helm waits' 0 "$(kill -0 "$pid"; echo $?)"
    fi
    is 'behind the pinned Service' v1 "$(behind blue)"
    each sl approve
    rest v2 3
    code=0
    wait "$pid" || code=$?
    is 'upgrade --wait' 0 "$code"

    # Aborted while Helm waits.
    helm "$1" upgrade three "$chart" --set tag=v3 --wait --timeout 20s >"$helm_log" 2>&1 &
    pid=$!
    all_say Approval
    each sl abort
    all_say Aborted
    code=0
    wait "$pid" || code=$?
    is 'upgrade --wait of what is aborted' "$([ "$2" = no ] && echo 0 || echo 1)" "$code"

    # Back to what is stable: at once, no pod is touched.
    helm "$1" rollback three 2 >/dev/null
    rest v2 3

    # Rolled back in flight: taken back before anybody saw it.
    helm "$1" upgrade three "$chart" --set tag=v4 >/dev/null
    all_say Approval
    helm "$1" rollback three 2 >/dev/null
    rest v2 3
    is 'outcome' Reverted "$(kn get rollouts -o json |
        jq -r '[.items[].status.history[0].outcome] | unique | join(" ")')"

    # Rolled back at rest: a release like any other, gated.
    helm "$1" rollback three 1 >/dev/null
    all_say Approval
    is 'behind the pinned Service' 'v1 v2' "$(behind blue)"
    each sl approve
    rest v1 3
    kept_capacity 3
}
test_helm_3() { through_helm helm no; }
test_helm_4() { through_helm helm4 yes; }

before_tests=tools
tools() { tests/cluster/tools --no-node --helm; }
run_tests "$@"
