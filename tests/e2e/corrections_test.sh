#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What would be stuck or surprised by a Deployment that is borrowed (S), and what a first protocol got wrong (P): each
# is brought about on purpose, and what happens is watched without a gap. tests/TRAPS.md is the list.
# shellcheck disable=SC2034 # read by lib.sh
cluster_options=--no-node
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/watch.sh
source "$(dirname "$0")/watch.sh"
# shellcheck source=tests/e2e/three.sh
source "$(dirname "$0")/three.sh"

# ---- S: stuck or surprised -----------------------------------------------------------------------------------

# After an abort kubectl, Flux and Helm read "failed" in a condition that the Deployment controller keeps while the
# Deployment is paused: the next release must not inherit it.
test_s1_the_next_release_is_not_failed() {
    local s
    apps 2
    attach
    release v2
    each sl abort
    all_say Aborted
    for s in "${three[@]}"; do
        is "$s: failed" ProgressDeadlineExceeded "$(progressing "$s")"
        is "$s: rollout status" 1 "$(kn rollout status "deployment/$s" --timeout=5s 2>&1 |
            grep -c 'exceeded its progress deadline')"
    done
    release v3
    for s in "${three[@]}"; do
        is "$s: in flight" DeploymentPaused "$(progressing "$s")"
        is "$s: rollout status" 0 "$(kn rollout status "deployment/$s" --timeout=2s 2>&1 |
            grep -c 'exceeded its progress deadline')"
    done
    each sl approve
    rest v3 2
    for s in "${three[@]}"; do
        is "$s: at rest" NewReplicaSetAvailable "$(progressing "$s")"
        kn rollout status "deployment/$s" --timeout=5s >/dev/null
    done
}
progressing() { deployment "$1" '.status.conditions[] | select(.type == "Progressing") | .reason'; }

# `rollout undo` puts the annotations of the ReplicaSet in place of the Deployment's, and the Deployment's go to the
# next ReplicaSet: nothing of ours may be among them (and no role of a ReplicaSet, correction 7).
test_s3_annotations_are_not_ours() {
    local s
    apps 2
    attach
    watch_start
    release v2
    each sl approve
    rest v2 2
    for s in "${three[@]}"; do
        kn annotate deployment "$s" kept=yes >/dev/null
        kn rollout undo "deployment/$s" >/dev/null
    done
    all_say Approval
    each sl approve
    rest v1 2
    is 'annotations of ReplicaSets' '' "$(seen 'of("ReplicaSet") | map(.object.metadata.annotations // {} | keys[] |
        select(test("sluice|rollback"))) | unique | join(" ")')"
    is 'annotations of Deployments' deprecated.deployment.rollback.to "$(seen 'of("Deployment") |
        map(.object.metadata.annotations // {} | keys[] | select(test("sluice|rollback"))) | unique | join(" ")')"
}

# The Deployment is deleted in flight, its ReplicaSets stay, and one of its name comes: another uid, nothing of the
# flight is true of it, and nothing that the fence held may be left, or serve.
test_s4_orphaned_and_made_again() {
    local s
    apps 3
    attach
    release v2
    watch_start
    kn delete deployments --all --cascade=orphan --timeout=30s >/dev/null
    apps 3
    rest v1 3
    is 'new pods' 0 "$(new_pods v2)"
    is 'behind the pinned Service' v1 "$(behind blue)"
    for s in "${three[@]}"; do
        at_least "$s: lowest" 3 "$(lowest "$s")"
        # Inside, the candidate was the Deployment's own: it is history, as in any update that is taken back.
        is "$s: ReplicaSets" "$([ "$s" = rolling ] && echo 2 || echo 1)" \
            "$(kn get rs -o json | jq --arg n "$s-" '[.items[] |
            select(.metadata.name | startswith($n))] | length')"
    done
    release v2
    each sl approve
    rest v2 3
}

# No finalizer at rest: who removes the controller first is not stuck. None ever on what is the user's.
test_s6_left_without_the_operator() {
    apps 2
    attach
    release v2
    is 'finalizers in flight' 0 "$(kn get rs,deployments,services,controllerrevisions -o json |
        jq '[.items[].metadata.finalizers[]?] | length')"
    each sl approve
    rest v2 2
    operator_kill
    each kn delete --timeout=20s rollout
    operator_start
}

# A ReplicaSet of somebody else has the candidate's name: it is left alone, and the release tells or goes round it.
test_s9_the_name_is_taken() {
    local name uid
    app blue 2
    rollout_with blue "${strategy[blue]}" "$quick"
    image blue v2
    word blue Approval
    name=$(replicaset blue v2 .metadata.name)
    image blue v1
    at_rest blue v1 2
    await 30 'the candidate to be gone' no_object rs "$name"
    kn apply -f - >/dev/null <<EOF2
{"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "$name"}, "spec": {"replicas": 1,
  "selector": {"matchLabels": {"of": "others"}}, "template": {"metadata": {"labels": {"of": "others"}},
   "spec": {$fake_pods "containers": [{"name": "app", "image": "sluice.test/app:other"}]}}}}
EOF2
    uid=$(kn get rs "$name" -o json | jq -c '[.metadata.uid, .metadata.generation]')
    watch_start
    image blue v2
    await 60 'it to go round, or to be told' goes_round_or_tells blue "$name"
    is 'the other ReplicaSet' "$uid" "$(kn get rs "$name" -o json | jq -c '[.metadata.uid, .metadata.generation]')"
    is 'behind the Service' v1 "$(behind blue)"
    kn delete rs "$name" >/dev/null
    word blue Approval
    sl approve blue >/dev/null
    at_rest blue v2 2
}
goes_round_or_tells() {
    word_is "$1" Approval || rollout "$1" '.status.conditions[] | select(.type == "Stalled") | .message' |
        grep -q "$2"
}

# The template is copied as the server has it: numbers, escapes, empty members, a variable listed twice.
test_s11_an_odd_template() {
    local s
    for s in "${three[@]}"; do
        kn apply -f - >/dev/null 2>&1 <<EOF2
{"apiVersion": "v1", "kind": "List", "items": [
 {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "$s"}, "spec": {"replicas": 2,
  "selector": {"matchLabels": {"app": "$s"}}, $careful "template": {"metadata": {"labels": {"app": "$s"},
   "annotations": {"odd": "\u00e9 \\\\ \" \u2028 \ud83d\ude00 </script> \t", "empty": "", "1e15": "1e15"}},
   "spec": {"nodeSelector": {"type": "kwok"}, "tolerations": [{"key": "kwok.x-k8s.io/node", "operator": "Exists"},
     {"key": "k", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 9223372036854775807}],
    "securityContext": {}, "hostAliases": [], "terminationGracePeriodSeconds": 5,
    "containers": [{"name": "app", "image": "sluice.test/app:v1", "securityContext": {"runAsUser": 2147483647},
     "resources": {"requests": {"cpu": "0.1", "memory": "1073741824"}},
     "env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}, {"name": "B"}],
     "args": ["", "\u0001", "1e400", "{\"a\":1}"]}]}}}},
 {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "$s"},
  "spec": {"selector": {"app": "$s"}, "ports": [{"port": 80}]}}]}
EOF2
        await 60 "$s to be whole" whole "$s" 2
    done
    attach
    watch_start
    release v2
    for s in "${three[@]}"; do
        is "$s: template" "$(deployment "$s" '.spec.template | tojson')" \
            "$(replicaset "$s" v2 '.spec.template | del(.metadata.labels["pod-template-hash"]) | tojson')"
    done
    each sl approve
    rest v2 2
    for s in "${three[@]}"; do
        is "$s: ReplicaSets" 2 "$(seen 'of("ReplicaSet") | map(.object.metadata |
            select(.name | startswith($app)) | .uid) | unique | length' app "$s-")"
    done
}

# Two operators that both act: what one has decided on is not there any more when the other writes.
test_s12_two_operators() {
    local s
    apps 3
    attach
    become_in_ns "$PWD/$SLUICE_BIN/sluice-controller" --kubeconfig "$PWD/${e2e_kubeconfig#"$PWD"/}" \
        --namespace sluice-system --leader-elect=false --listen 127.0.0.1:8084 \
        >"$e2e_log/traps-second.log" 2>&1 &
    pid=$! # seen at the end, so not local
    watch_start
    trap 'kill "$pid"; watch_stop' EXIT
    await 30 'the second operator' in_ns curl -sf http://127.0.0.1:8084/readyz
    release v2
    each sl approve
    rest v2 3
    release v3
    each sl abort
    all_say Aborted
    release v4
    each_image v2 # what is stable
    rest v2 3
    kept_capacity 3
    is 'behind the pinned Service' 'v1 v2' "$(behind blue)"
    for s in blue canary; do
        is "$s: inside with replicas" 1 "$(inside "$s")"
    done
}

# ---- P: the twelve corrections -------------------------------------------------------------------------------

# Between the commit and the return of the new ReplicaSet nothing is inside: the pods serve on, whoever dies, and
# what is asked for meanwhile is done after. A return needs no number of replicas (correction 10).
test_p1_stopped_after_the_commit() {
    local way
    app blue 3
    rollout_with blue "${strategy[blue]}" "$quick"
    for way in forward back; do
        return_denied
        image blue v2
        word blue Approval
        watch_start
        sl approve blue >/dev/null
        await 60 'the refusal to be told' reason_is blue Stalled AdmissionDenied
        is "$way: committed" "$(rollout blue .status.stable.revision)" "$(replicaset blue v2 "$hash_of")"
        is "$way: of the Deployment" 0 "$(kn get rs -o json | jq '[.items[] |
            select(.metadata.ownerReferences[0].kind == "Deployment")] | length')"
        operator_kill
        case $way in
        forward) kn scale deployment blue --replicas=5 >/dev/null ;;
        back) image blue v1 ;;
        esac
        return_allowed
        operator_start
        case $way in
        forward) at_rest blue v2 5 ;;
        back) at_rest blue v1 3 ;;
        esac
        at_least "$way: lowest" 3 "$(lowest blue)"
        kn scale deployment blue --replicas=3 >/dev/null
        image blue v1
        await 60 'to be settled or asked' rests_or_asks blue
        sl approve blue >/dev/null 2>&1 || true
        at_rest blue v1 3
    done
}
hash_of='.spec.selector.matchLabels["pod-template-hash"]'
rests_or_asks() { rests "$1" || word_is "$1" Approval; }
return_denied() {
    k apply -f - >/dev/null <<POLICY
{"apiVersion": "v1", "kind": "List", "items": [
 {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "$ns"},
  "spec": {"matchConstraints": {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "$ns"}},
    "resourceRules": [{"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["UPDATE"],
     "resources": ["replicasets"]}]},
   "validations": [{"expression": "object.metadata.ownerReferences[0].kind == oldObject.metadata.ownerReferences[0].kind
     || object.metadata.ownerReferences[0].kind != 'Deployment'", "message": "not now"}]}},
 {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
  "metadata": {"name": "$ns"}, "spec": {"policyName": "$ns", "validationActions": ["Deny"]}}]}
POLICY
}
return_allowed() { k delete validatingadmissionpolicybinding,validatingadmissionpolicy "$ns" >/dev/null; }

# The record is an annotation, and those have a limit: a template too large for it is refused before anything moves.
test_p2_a_template_too_large() {
    app blue 2
    rollout_with blue "${strategy[blue]}" "$quick"
    watch_start
    head -c 210000 /dev/zero | tr '\0' x |
        jq -R '{spec: {template: {spec: {containers: [{name: "app", image: "sluice.test/app:v2",
        env: [{name: "LARGE", value: .}]}]}}}}' >"$e2e_log/traps-large.json"
    kn patch deployment blue --type=strategic --patch-file "$e2e_log/traps-large.json" >/dev/null
    await 60 'it to be told' stalled_with blue 'too large'
    is 'behind the Service' v1 "$(behind blue)"
    kn patch deployment blue --type=json -p '[
        {"op": "remove", "path": "/spec/template/spec/containers/0/env"},
        {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "sluice.test/app:v3"}]' >/dev/null
    await 60 'v3 asked for' rollout_is blue '.status.display.status == "Approval"'
    sl approve blue >/dev/null
    at_rest blue v3 2
}
stalled_with() {
    rollout "$1" '.status.conditions[] | select(.type == "Stalled") | .message' | grep -q "$2"
}

# An operator that slept wakes up with a view of then: it must look before it acts on it.
test_p3_woken_with_an_old_view() {
    local s
    operator_stop
    operator_start --leader-elect=false # else it would end when it wakes, and another would take over
    apps 3
    attach
    release v2
    pid=$(cat "$e2e_log/$suite-operator.pid")
    watch_start
    kill -STOP "$pid"
    trap 'kill -CONT "$pid"; watch_stop' EXIT
    each approved_unheard
    each_image v3
    scale 5
    kn delete controllerrevision blue-sluice >/dev/null
    kill -CONT "$pid"
    for s in "${three[@]}"; do
        await 60 "$s: v3 asked for" rollout_is "$s" '.status.history[0].outcome == "Superseded" and
            .status.display.status == "Approval"'
    done
    is 'behind the pinned Service' v1 "$(behind blue)"
    kept_capacity 3
    each sl approve
    rest v3 5
}

approved_unheard() { sl approve "$1" 2>/dev/null || true; } # nobody is there to answer

# The pods that were judged broke just before the switch: what serves goes on serving.
test_p5_no_switch_to_what_broke() {
    app blue 3
    rollout_with blue "${strategy[blue]}" "$quick"
    image blue v2
    word blue Approval
    kn annotate pods -l "app=blue,pod-template-hash=$(revision blue)" kwok.test/ready=false >/dev/null
    await 30 'the preview to be broken' endpoints_are blue-preview 0
    watch_start
    sl approve blue >/dev/null
    await 30 'the wait for pods' waits_for_pods blue
    is 'behind the Service' v1 "$(behind blue)"
    at_least 'lowest' 3 "$(lowest blue)"
    kn annotate pods -l "app=blue,pod-template-hash=$(revision blue)" kwok.test/ready- >/dev/null
    at_rest blue v2 3
    at_least 'lowest' 3 "$(lowest blue)"
}
waits_for_pods() { rollout_is "$1" 'any(.status.flight.awaiting[]?; .what == "Capacity")'; }

# The dead man follows the commit: a new template in the bake goes back to what was promoted, not to what was before.
test_p6_a_new_template_in_the_bake() {
    local s
    apps 3
    attach '"drain": "1s", "bake": "5m"'
    release v2
    each sl promote
    all_say Baking
    release v3
    for s in "${three[@]}"; do past_the_brake rollout resume "deployment/$s" >/dev/null; done
    for s in "${three[@]}"; do
        await 60 "$s: v2 again" at_rest_with "$s" v2 3
    done
    rest v2 3
}
at_rest_with() { rests "$1" && serves "$1" "$2" && endpoints_are "$1" "$3"; }

# A copy of stable's ReplicaSet, that the Deployment adopted: with it in history the Deployment might take the wrong
# one of the two later, so it goes.
test_p8_a_copy_of_stable() {
    app blue 3
    rollout_with blue "${strategy[blue]}" "$quick"
    image blue v2
    word blue Approval
    watch_start
    kn get rs "$(replicaset blue v1 .metadata.name)" -o json | jq '.metadata = {name: "blue-copy", labels:
        (.metadata.labels + {"pod-template-hash": "copy"})} | .spec.replicas = 0 |
        .spec.selector.matchLabels["pod-template-hash"] = "copy" |
        .spec.template.metadata.labels["pod-template-hash"] = "copy"' | kn create -f - >/dev/null
    await 30 'the copy to go' no_object rs blue-copy
    word blue Approval
    sl approve blue >/dev/null
    at_rest blue v2 3
    is 'ReplicaSets of v1' 1 "$(kn get rs -o json | jq '[.items[] | select(.spec.template.spec.containers[0].image |
        endswith(":v1"))] | length')"
    at_least 'lowest' 3 "$(lowest blue)"
}

# Somebody got past the policies and took the dead man off as well: braked again, while stable still serves.
test_p9_the_brake_was_beaten() {
    local s
    apps 4
    attach
    for s in "${three[@]}"; do
        kn patch deployment "$s" --type=merge -p '{"spec": {"template": {"metadata": {"annotations":
            {"kwok.test/ready-after": "4s"}}}}}' >/dev/null
    done
    all_say Approval
    watch_start
    for s in "${three[@]}"; do
        past_the_brake patch deployment "$s" --type=merge -p "{\"spec\": {\"paused\": false}, \"metadata\":
            {\"annotations\": {\"$DEAD_MAN\": null}}}" >/dev/null
    done
    for s in "${three[@]}"; do await 10 "$s to be braked again" braked "$s"; done
    all_say Approval
    kept_capacity 4
    each sl approve
    rest v1 4
}
braked() {
    kn get deployment "$1" -o json |
        jq -e --arg a "$DEAD_MAN" '.spec.paused and .metadata.annotations[$a] != null' >/dev/null
}

run_tests "$@"
