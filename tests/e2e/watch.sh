# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # lib.sh sets ns, suite and e2e_log
# What happens between two looks: source it after lib.sh. The API server's own watches are kept, each change of
# each object once, and read as one story in the order of resourceVersions, which is that of all writes.
#
#   watch_start                from now on, everything in $ns
#   seen JQ [NAME VALUE]...    what JQ makes of the story: an array of {type, rv, object}; NAME is $NAME in it
#   lowest SERVICE             fewest ready endpoints that it ever had
#   behind SERVICE             image tags of the pods that were ever ready behind it
#   past_the_brake ARG...      kubectl as the Deployment controller, which the policies let pass

watch_kinds="api/v1:pods,services apis/apps/v1:deployments,replicasets,controllerrevisions
    apis/discovery.k8s.io/v1:endpointslices apis/sluice.dev/v1beta1:rollouts"
watch_dir=$PWD/$e2e_log/$suite-watch
watch_pids=()

# The first answer to a watch is what there is; what comes later than that is the test's own.
watch_start() {
    local group kinds kind
    watch_stop
    rm -rf "$watch_dir"
    mkdir -p "$watch_dir"
    trap watch_stop EXIT # of the subshell that is a test
    for group in $watch_kinds; do
        IFS=: read -r group kinds <<<"$group"
        for kind in ${kinds//,/ }; do
            become_in_ns curl -sN --cacert "$CLUSTER_RUN/pki/ca.crt" --cert "$CLUSTER_RUN/pki/admin.crt" \
                --key "$CLUSTER_RUN/pki/admin.key" -D "$watch_dir/$kind.head" \
                "https://$CLUSTER_ADDRESS:6443/$group/namespaces/$ns/$kind?watch=1" >"$watch_dir/$kind.json" &
            watch_pids+=($!)
        done
    done
    await 20 'every watch to be answered' watches_answered
    watch_from=$(k get --raw "/api/v1/namespaces/$ns/pods?limit=1" | jq -r .metadata.resourceVersion)
}
watches_answered() {
    [ "$(cat "$watch_dir"/*.head 2>/dev/null | grep -c '200')" -ge "${#watch_pids[@]}" ]
}
watch_stop() {
    [ ${#watch_pids[@]} -eq 0 ] || kill "${watch_pids[@]}" 2>/dev/null || true
    watch_pids=()
}

# What the functions below are made of.
watch_story='
def tag: .spec.containers[0].image | sub(".*:"; "");
def controller: [.metadata.ownerReferences[]? | select(.controller)][0].kind;
def name: .metadata.name;
def of($kind): map(select(.object.kind == $kind));
def since: map(select(.rv > $from));
def template_tag: .spec.template | tag;
# Images of all pods that there ever were, by name.
def tags: of("Pod") | map({(.object | name): (.object | tag)}) | add // {};
# The state after each change: {rv, type, changed, now: {NAME: object}}.
def states: foreach .[] as $e ({now: {}};
    .rv = $e.rv | .type = $e.type | .changed = $e.object |
    if $e.type == "DELETED" then .now |= del(.[$e.object | name]) else .now[$e.object | name] = $e.object end);
# What a Service reached, after each change: {rv, ready, tags}.
def reached($service): tags as $tags |
    [of("EndpointSlice") | map(select(.object.metadata.labels["kubernetes.io/service-name"] == $service)) | states |
        {rv, pods: [.now[].endpoints[]? | select(.conditions.ready) | .targetRef.name]} |
        {rv, ready: (.pods | length), tags: (.pods | map($tags[.]) | unique)}] |
    # what stood when the watch began is one state
    (map(select(.rv <= $from)) | .[-1:]) + map(select(.rv > $from));
'
seen() { # JQ [NAME VALUE]...
    local program=$1 arguments=()
    shift
    while [ $# -gt 0 ]; do
        arguments+=(--arg "$1" "$2")
        shift 2
    done
    cat "$watch_dir"/*.json | jq -n -r "${arguments[@]}" --argjson from "$watch_from" "$watch_story"'
        [inputs | select(.type != "BOOKMARK") | {type, object, rv: (.object.metadata.resourceVersion | tonumber)}] |
        sort_by(.rv) | '"$program"
}

lowest() { seen 'reached($service) | map(.ready) | min' service "$1"; }
behind() { seen 'reached($service) | map(.tags[]) | unique | join(" ")' service "$1"; }
# Pods of an image that came since the watch began.
came() { seen 'of("Pod") | since | map(select(.type == "ADDED" and (.object | tag) == $tag)) | length' tag "$1"; }

past_the_brake() {
    in_ns kubectl --kubeconfig "$(tests/cluster/cluster kubeconfig system:kube-controller-manager system:masters)" \
        -n "$ns" "$@"
}
