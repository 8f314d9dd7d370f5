#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The traps of an ordinary Deployment's controller that cost users an outage (O) or capacity (C): each is set on
# purpose, and what happens is watched without a gap. tests/TRAPS.md is the list.
# shellcheck disable=SC2034 # read by lib.sh
cluster_options=--no-node
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/watch.sh
source "$(dirname "$0")/watch.sh"
# shellcheck source=tests/e2e/three.sh
source "$(dirname "$0")/three.sh"

# ---- O: an outage, if Sluice were naive ---------------------------------------------------------------

# A paused Deployment without an active ReplicaSet scales its newest old one to all replicas.
test_o1_history_stays_fenced() {
    local s
    apps 3
    native h1 3
    native h2 3
    attach
    watch_start
    release v3
    each sl approve
    rest v3 3
    is 'pods of history' '0 0' "$(came v1) $(came h1)"
    is 'largest ReplicaSet of history' 0 "$(seen 'of("ReplicaSet") | since |
        map(.object | select(template_tag == "v1" or template_tag == "h1") | .spec.replicas) | max')"
    kept_capacity 3
}

# Whoever resumes in flight, past the policies, gets the stable template back.
test_o2_the_dead_man_reverts() {
    local s
    apps 4
    attach
    release v2
    watch_start
    for s in "${three[@]}"; do past_the_brake rollout resume "deployment/$s" >/dev/null; done
    rest v1 4
    for s in "${three[@]}"; do
        at_least "$s: lowest" 4 "$(lowest "$s")"
        is "$s: outcome" Reverted "$(rollout "$s" '.status.history[0].outcome')"
    done
    is 'behind the pinned Service' v1 "$(behind blue)"
}

# The newest ReplicaSet by creation is a bad one: a Deployment that comes back from 0 must not choose it.
test_o3_from_zero_and_back() {
    local s
    apps 3
    native bad 3
    native v1 3
    attach
    release v3
    watch_start
    scale 0
    await 60 'no pod left' scaled_down
    scale 3
    all_say Approval
    is 'pods of the bad revision' 0 "$(came bad)"
    is 'behind the pinned Service' v1 "$(behind blue)"
    each sl abort
    all_say Aborted
    await 60 'the new pods to go' no_pods_of v3
    watch_start
    scale 0
    await 60 'no pod left' scaled_down
    scale 3
    for s in "${three[@]}"; do await 60 "$s: three pods" endpoints_are "$s" 3; done
    for s in "${three[@]}"; do is "$s serves" v1 "$(behind "$s")"; done
    is 'pods that were not stable' '0 0' "$(came bad) $(came v3)"
}
no_pods_of() { [ "$(new_pods "$1")" = 0 ]; }

# No history is to be kept, and stable has no pod: its ReplicaSet is the way back all the same.
test_o4_stable_outlives_the_history_limit() {
    local s uid
    declare -A uid
    apps 2 '"revisionHistoryLimit": 0, "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},'
    attach
    release v2
    for s in "${three[@]}"; do uid[$s]=$(stable_uid "$s"); done
    watch_start
    scale 0
    await 60 'no pod left' scaled_down
    scale 2
    all_say Approval
    for s in "${three[@]}"; do
        is "$s: stable" "${uid[$s]}" "$(stable_uid "$s")"
        is "$s: deleted" 0 "$(seen 'of("ReplicaSet") | map(select(.type == "DELETED" and
            .object.metadata.uid == $uid)) | length' uid "${uid[$s]}")"
    done
    each sl approve
    rest v2 2
}

# With two ReplicaSets inside, the Deployment controller would drop the old one to 0 at once.
test_o5_never_two_inside() {
    local s
    apps 4
    attach
    watch_start
    release v2
    each sl approve
    rest v2 4
    release v3
    each sl abort
    all_say Aborted
    for s in blue canary; do
        is "$s: inside with replicas" 1 "$(inside "$s")"
    done
    kept_capacity 4
}

# Labels put back by hand, or by a restored backup: what the fence controls is not adopted.
test_o5_labels_put_back() {
    local name
    app blue 4
    rollout_with blue "${strategy[blue]}" "$quick"
    image blue v2
    word blue Approval
    name=$(replicaset blue v2 .metadata.name)
    watch_start
    kn label rs "$name" app=blue "pod-template-hash=$(revision blue)" >/dev/null
    kn scale deployment blue --replicas=5 >/dev/null
    await 30 'stable to follow' endpoints_are blue 5
    await 30 'the preview to follow' endpoints_are blue-preview 5
    is 'controllers of the candidate' ControllerRevision "$(seen 'of("ReplicaSet") |
        map(.object | select(template_tag == "v2") | controller) | unique | join(" ")')"
    at_least 'lowest' 4 "$(lowest blue)"
    is 'serves' v1 "$(behind blue)"
    word blue Approval
    sl approve blue >/dev/null
    at_rest blue v2 5
}

# Of two ReplicaSets with one template the Deployment controller takes the older and drops the other.
test_o6_the_candidate_is_that_of_history() {
    local s
    declare -A uid
    apps 3
    for s in "${three[@]}"; do uid[$s]=$(replicaset "$s" v1 .metadata.uid); done
    native v2 3
    attach
    watch_start
    release v1
    each sl approve
    rest v1 3
    for s in "${three[@]}"; do
        is "$s: ReplicaSet" "${uid[$s]}" "$(stable_uid "$s")"
        at_least "$s: lowest" 3 "$(lowest "$s")"
        is "$s: ReplicaSets" 2 "$(seen 'of("ReplicaSet") | map(.object.metadata | select(.name |
            startswith($app)) | .uid) | unique | length' app "$s-")"
    done
}

# At rest the Deployment heals itself as ever, and the way back follows the ReplicaSet that it makes.
test_o7_heals_at_rest() {
    local s
    apps 3
    attach
    release v2
    each sl approve
    rest v2 3
    for s in "${three[@]}"; do kn delete rs "$(replicaset "$s" v2 .metadata.name)" >/dev/null; done
    rest v2 3
    for s in "${three[@]}"; do condition "$s" BrakeArmed True; done
    release v3
    for s in "${three[@]}"; do past_the_brake rollout resume "deployment/$s" >/dev/null; done
    rest v2 3
}

# A Service applied from Git with force, deleted, made again: never a request to what nobody approved.
test_o8_services_stay_pinned() {
    local manifest
    app blue 3
    rollout_with blue "${strategy[blue]}" "$quick"
    image blue v2
    word blue Approval
    manifest='{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "blue"}, "spec": {"selector":
        {"app": "blue"}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}}'
    watch_start
    for _ in 1 2 3; do
        kn apply --server-side --force-conflicts --field-manager=git -f - <<<"$manifest" >/dev/null
        kn delete service blue >/dev/null
        kn apply --server-side --force-conflicts --field-manager=git -f - <<<"$manifest" >/dev/null
        await 30 'the Service to reach stable' endpoints_are blue 3
    done
    is 'behind the Service' v1 "$(behind blue)"
    sl approve blue >/dev/null
    at_rest blue v2 3
}

# A ReplicaSet that the server changed is not the Deployment's: it must neither serve nor be handed over.
test_o9_templates_changed_by_a_policy() {
    app blue 3
    rollout_with blue "${strategy[blue]}" "$quick"
    k apply -f - >/dev/null <<POLICY
{"apiVersion": "v1", "kind": "List", "items": [
 {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy", "metadata": {"name": "$ns"},
  "spec": {"reinvocationPolicy": "Never", "matchConstraints": {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "$ns"}},
    "resourceRules": [{"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"],
     "resources": ["replicasets"]}]},
   "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression":
    "[JSONPatch{op: 'add', path: '/spec/template/metadata/labels/injected', value: 'yes'}]"}}]}},
 {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicyBinding",
  "metadata": {"name": "$ns"}, "spec": {"policyName": "$ns"}}]}
POLICY
    await 60 'the policy to act' replicasets_are_changed
    watch_start
    image blue v2
    await 60 'it to be told' reason_is blue Stalled TemplateMutated
    nudged blue # and some passes later
    is 'still told' TemplateMutated "$(reason_of blue Stalled)"
    is 'ReplicaSets made' 1 "$(seen 'of("ReplicaSet") | since | map(select(.type == "ADDED")) | length')"
    at_least 'lowest' 3 "$(lowest blue)"
    is 'behind the Service' v1 "$(behind blue)"
    k delete mutatingadmissionpolicybinding,mutatingadmissionpolicy "$ns" >/dev/null
    await 60 'the policy to be gone' replicasets_are_left
    kn delete rs "$(replicaset blue v2 .metadata.name)" >/dev/null
    word blue Approval
    sl approve blue >/dev/null
    at_rest blue v2 3
}
replicasets_are_left() { ! replicasets_are_changed; }
replicasets_are_changed() {
    kn get rs -l app=blue -o json | jq '.items[0] | del(.metadata.ownerReferences, .metadata.resourceVersion,
        .metadata.uid) | .metadata.name = "dry" | .metadata.labels["pod-template-hash"] = "dry" |
        .spec.selector.matchLabels["pod-template-hash"] = "dry" |
        .spec.template.metadata.labels["pod-template-hash"] = "dry"' |
        kn create --dry-run=server -f - -o json | jq -e '.spec.template.metadata.labels.injected == "yes"'
}
nudged() { # NAME: the Rollout is planned anew, and has answered
    local generation
    kn patch rollout "$1" --type=merge -p '{"spec": {"progressDeadline": "11m"}}' >/dev/null
    generation=$(rollout "$1" .metadata.generation)
    await 30 'the spec to be answered' rollout_is "$1" ".status.observedGeneration >= $generation"
}

# Nothing changes hands before the Deployment controller is seen to know of the pause.
test_o10_nothing_moves_before_the_pause_is_seen() {
    apps 2
    attach
    tests/cluster/cluster stop kube-controller-manager >/dev/null
    each_image v2
    local s
    for s in "${three[@]}"; do
        await 30 "$s to wait for it" rollout_is "$s" 'any(.status.flight.awaiting[]?; .what == "Barrier" and
            .name == "deployment")'
    done
    is 'fenced' 0 "$(kn get rs -l sluice.dev/of -o json | jq '.items | length')"
    is 'owned by the Deployments' 3 "$(kn get rs -o json | jq '[.items[] |
        select(.metadata.ownerReferences[0].kind == "Deployment")] | length')"
    tests/cluster/cluster start kube-controller-manager >/dev/null
    all_say Approval
    each sl approve
    rest v2 2
}

# The Deployment is resumed only when its own status has shown the new ReplicaSet as its own, whole.
test_o10_resumed_when_proved() {
    local s
    apps 3
    attach
    watch_start
    release v2
    each sl approve
    rest v2 3
    for s in "${three[@]}"; do
        is "$s: before the resume" 'true true' "$(seen 'of("Deployment") | map(.object | select(name == $app)) |
            [range(1; length) as $i | select(.[$i - 1].spec.paused and (.[$i].spec.paused | not)) | .[$i - 1] |
            .status.observedGeneration >= .metadata.generation and .status.replicas == 3 and
            .status.updatedReplicas == 3 and .status.availableReplicas == 3] |
            "\(length == 1) \(all)"' app "$s")"
        is "$s: ReplicaSets of the new template" 1 "$(seen 'of("ReplicaSet") | map(.object |
            select((name | startswith($app)) and template_tag == "v2") | .metadata.uid) | unique |
            length' app "$s-")"
    done
}

# ---- C: capacity -----------------------------------------------------------------------------------------

# What the Deployment controller sends, late, for a ReplicaSet that it saw without a controller.
test_c1_a_late_adoption_is_refused() {
    local s name patch
    apps 2
    attach
    release v2
    for s in blue canary; do
        name=$(replicaset "$s" v2 .metadata.name)
        patch=$(kn get deployment "$s" -o json | jq -c --arg rs "$(replicaset "$s" v2 .metadata.uid)" '{metadata:
            {uid: $rs, ownerReferences: [{apiVersion: "apps/v1", kind: "Deployment", name: .metadata.name,
            uid: .metadata.uid, controller: true, blockOwnerDeletion: true}]}}')
        is "$s: answer" 'Only one reference can have Controller set to true' "$(kn patch rs "$name" \
            --type=strategic -p "$patch" 2>&1 | grep -o 'Only one reference can have Controller set to true')"
        # S8: whoever looks for any owner still finds the Deployment.
        is "$s: owners" 'ControllerRevision Deployment' \
            "$(replicaset "$s" v2 '[.metadata.ownerReferences[].kind] | join(" ")')"
    done
    each sl approve
    rest v2 2
}

# The fence hangs on the Deployment: what is fenced goes with it, and Sluice makes nothing anew.
test_c2_deleted_in_the_foreground() {
    apps 2
    attach
    release v2
    watch_start
    kn delete deployments --all --cascade=foreground --timeout=60s >/dev/null
    await 30 'everything to go' nothing_left
    is 'made after the deletion' 0 "$(seen '(of("Deployment") |
        map(select(.object.metadata.deletionTimestamp) | .rv) | max) as $gone |
        map(select(.type == "ADDED" and .rv > $gone and .object.kind != "EndpointSlice")) | length')"
    each kn delete --timeout=30s rollout
}

# Idle pods dilute an autoscaler's average: the preview is small, and whole before it serves.
test_c3_a_small_preview_until_the_switch() {
    app blue 4
    rollout_with blue '{"blueGreen": {"activeService": "blue", "switch": "Approve", "previewReplicas": 1}}' "$quick"
    watch_start
    image blue v2
    word blue Approval
    is 'pods behind the preview' 1 "$(endpoints blue-preview)"
    is 'new pods so far' 1 "$(came v2)"
    kn scale deployment blue --replicas=6 >/dev/null
    await 30 'stable to follow' endpoints_are blue 6
    word blue Approval
    is 'the preview does not follow' 1 "$(endpoints blue-preview)"
    sl approve blue >/dev/null
    at_rest blue v2 6
    at_least 'lowest' 4 "$(lowest blue)"
    at_least 'lowest once the new serve' 6 "$(seen 'reached($service) |
        map(select(.tags == ["v2"]) | .ready) | min' service blue)"
}

# A disruption budget of the user's counts both revisions right, fenced or not.
test_c4_disruption_budget() {
    local s
    apps 4
    for s in "${three[@]}"; do
        kn create poddisruptionbudget "$s" --selector="app=$s" --max-unavailable=1 >/dev/null
    done
    attach
    release v2
    for s in blue canary; do
        await 30 "$s: one disruption of $(pods_of "$s") allowed" budget_is "$s" "$(pods_of "$s")" 1
    done
    # Both inside: what a native rolling update shows, one surge pod more than is expected.
    await 30 'rolling: one disruption and the surge allowed' budget_is rolling 4 2
    is 'budgets' 3 "$(kn get pdb -o json | jq '.items | length')"
    each sl approve
    rest v2 4
}
budget_is() { # NAME EXPECTED ALLOWED
    [ "$(kn get pdb "$1" -o json | jq -r '.status | "\(.expectedPods) \(.disruptionsAllowed)"')" = "$2 $3" ]
}
pods_of() { kn get pods -l "app=$1" -o json | jq '[.items[] | select(.metadata.deletionTimestamp == null)] | length'; }

# A Deployment that is itself in the middle of an update is waited for: a pin would cut half of it off.
test_c5_attached_in_the_middle_of_an_update() {
    app blue 3 fake "$careful"
    kn patch deployment blue --type=merge -p '{"spec": {"template": {"metadata": {"annotations":
        {"kwok.test/ready": "false"}}}}}' >/dev/null
    await 30 'the update to hang' surged blue 4
    watch_start
    kn apply -f - >/dev/null <<EOF2
{"apiVersion": "sluice.dev/v1beta1", "kind": "Rollout", "metadata": {"name": "blue"},
 "spec": {"targetRef": {"name": "blue"}, "strategy": ${strategy[blue]}, $quick}}
EOF2
    await 30 'the wait to be told' reason_is blue TargetValid NotComplete
    is 'paused' null "$(deployment blue .spec.paused)"
    kn rollout undo deployment/blue >/dev/null
    word blue Resting 90
    is 'writes to Services' 0 "$(seen 'of("Service") | since | length')"
    image blue v2
    word blue Approval
    sl approve blue >/dev/null
    at_rest blue v2 3
}
surged() { [ "$(deployment "$1" .status.replicas)" = "$2" ]; }

# Copied, and followed in flight: else the Deployment controller would write it at the hand-over, and what was
# available would not be for so long.
test_c6_min_ready_seconds() {
    local s
    apps 2 '"minReadySeconds": 3, "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},'
    attach
    release v2
    for s in "${three[@]}"; do
        kn patch deployment "$s" --type=merge -p '{"spec": {"minReadySeconds": 4}}' >/dev/null
    done
    for s in blue canary; do
        await 30 "$s: the new ReplicaSet to follow" follows_min_ready "$s" v2 4
    done
    all_say Approval
    watch_start
    each sl approve
    rest v2 2
    for s in blue canary; do
        is "$s: fewest available once all were" 2 "$(seen 'of("ReplicaSet") | map(.object |
            select((name | startswith($app)) and template_tag == "v2") | .status.availableReplicas // 0) |
            .[index(2):] | min' app "$s-")"
    done
}
follows_min_ready() { [ "$(replicaset "$1" "$2" .spec.minReadySeconds)" = "$3" ]; }

# Inside the Deployment the sum is shared out as asked: never more new pods than the step says.
test_c7_shares_inside() {
    app rolling 10 fake '"strategy": {"rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}},'
    rollout_with rolling '{"rolling": {"steps": [{"replicas": 2}, {"replicas": 5, "approve": true}]}}' "$quick"
    watch_start
    image rolling v2
    word rolling Approval
    is 'largest candidate before the word' 5 "$(seen 'of("ReplicaSet") |
        map(.object | select(template_tag == "v2") | .spec.replicas) | max')"
    # The new come first, then the Deployment controller takes as many off the old: for a moment there are more.
    at_least 'most pods asked for, at most surge and one step more' "$(seen '[of("ReplicaSet") | states |
        [.now[].spec.replicas] | add] | max')" 16
    at_least 'lowest' 8 "$(lowest rolling)"
    sl approve rolling >/dev/null
    at_rest rolling v2 10
    at_least 'lowest of all' 8 "$(lowest rolling)"
}

# A pin changes no endpoint, so nothing but the label shows that it was seen: no pod comes, and none goes, before.
# And it moves only to what is whole (correction 5).
test_c8_pins_are_proved() {
    local s
    app blue 3
    app canary 3
    rollout_with blue "${strategy[blue]}" "$quick"
    rollout_with canary "${strategy[canary]}" "$quick"
    watch_start
    for s in blue canary; do image "$s" v2; done
    for s in blue canary; do
        word "$s" Approval
        sl approve "$s" >/dev/null
    done
    for s in blue canary; do await 90 "$s to rest" rests "$s"; done
    for s in blue canary; do
        at_rest "$s" v2 3
        is "$s: pinned when the first old pod goes, and whole when pinned" 'v2 v2 3' "$(seen "$pin_order" app "$s")"
    done
    is 'blue: pinned when the first new pod comes' v1 "$(seen "$pin_first" app blue)"
}
pin_common='def mine: map(select(.object.metadata.labels["kubernetes.io/service-name"] == $app));
    def slice_at($rv): of("EndpointSlice") | mine | map(select(.rv < $rv)) | last |
        .object.metadata.labels["sluice.dev/pin"];
    (of("ReplicaSet") | map(select(.object | name | startswith($app + "-")))) as $rs |
    ($rs | map({(.object.spec.selector.matchLabels["pod-template-hash"]): (.object | template_tag)}) | add) as $tags |'
pin_first="$pin_common"' ($rs | map(select((.object | template_tag) == "v2" and .object.spec.replicas > 0))[0].rv)
    as $first | $tags[slice_at($first) // ""] // "none"'
pin_order="$pin_common"' ($rs | map(select((.object | template_tag) == "v1"))) as $old |
    ([range(1; $old | length) as $i | select($old[$i].object.spec.replicas <
        $old[$i - 1].object.spec.replicas) | $old[$i].rv][0]) as $down |
    (of("Service") | map(select((.object | name) == $app and
        $tags[.object.spec.selector["pod-template-hash"] // ""] == "v2"))[0].rv) as $pin |
    ($rs | map(select(.rv < $pin and (.object | template_tag) == "v2")) | last |
        .object.status.availableReplicas) as $n |
    "\($tags[slice_at($down) // ""] // "none") \(if $pin < $down then "v2" else "late" end) \($n)"'

# Two revisions side by side are what these forbid: refused with the reason, and nothing is touched.
test_c9_no_room_for_two() {
    local before
    kn apply -f - >/dev/null <<EOF2
{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "blue"},
 "spec": {"selector": {"app": "blue"}, "ports": [{"port": 80}]}}
EOF2
    refused '"strategy": {"type": "Recreate"},' '' StrategyRecreate 'use RollingUpdate' blue
    refused '' '"ports": [{"containerPort": 8080, "hostPort": 8080}],' NoRoom 'hostPort 8080' blue
    pod_more='"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"labelSelector":
        {"matchLabels": {"app": "blue"}}, "topologyKey": "kubernetes.io/hostname"}]}},' \
        refused '' '' NoRoom 'anti-affinity' blue
    refused '"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},' '' NoRoom 'maxSurge: 1' rolling
}
refused() { # DEPLOYMENT-MEMBERS CONTAINER-MEMBERS REASON TEXT STRATEGY; pod members in $pod_more
    local spec
    kn apply -f - >/dev/null <<EOF2
{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "blue"}, "spec": {"replicas": 1,
  "selector": {"matchLabels": {"app": "blue"}}, $1 "template": {"metadata": {"labels": {"app": "blue"}},
   "spec": {$fake_pods ${pod_more:-} "containers": [{"name": "app", $2 "image": "sluice.test/app:v1"}]}}}}
EOF2
    await 60 'the Deployment to be whole' whole blue 1
    spec=$(deployment blue .spec)
    kn apply -f - >/dev/null <<EOF2
{"apiVersion": "sluice.dev/v1beta1", "kind": "Rollout", "metadata": {"name": "blue"},
 "spec": {"targetRef": {"name": "blue"}, "strategy": ${strategy[$5]}}}
EOF2
    await 30 "$3 to be told" reason_is blue TargetValid "$3"
    is "$3: words" 1 "$(rollout blue '.status.conditions[] | select(.type == "TargetValid") | .message' |
        grep -c -- "$4")"
    is "$3: the Deployment" "$spec" "$(deployment blue .spec)"
    kn delete rollout,deployment blue --timeout=30s >/dev/null
}

run_tests "$@"
