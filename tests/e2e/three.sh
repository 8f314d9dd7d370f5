# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034 # the suites read these
# For suites that try the same with each strategy at once: source it after lib.sh and watch.sh. A Deployment, a
# Service and a Rollout for each, of its name: blue, canary, rolling.

three=(blue canary rolling)
declare -A strategy=(
    [blue]='{"blueGreen": {"activeService": "blue", "switch": "Approve"}}'
    [canary]='{"canary": {"steps": [{"weight": 50, "approve": true}]}}'
    [rolling]='{"rolling": {"steps": [{"replicas": "50%", "approve": true}]}}'
)
careful='"strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},'
quick='"drain": "1s", "bake": "1s"'

apps() { # N [EXTRA-SPEC]
    local s
    for s in "${three[@]}"; do app "$s" "$1" fake "${2:-$careful}"; done
}
each_image() { # TAG
    local s
    for s in "${three[@]}"; do image "$s" "$1"; done
}
native() { # TAG N: an ordinary rolling update, for history
    local s
    each_image "$1"
    for s in "${three[@]}"; do await 60 "$s to be at $1" whole "$s" "$2"; done
}
attach() { # [MORE]
    local s
    for s in "${three[@]}"; do rollout_with "$s" "${strategy[$s]}" "${1:-$quick}"; done
}
release() { # TAG: until a person is asked
    local s
    each_image "$1"
    for s in "${three[@]}"; do word "$s" Approval; done
}
each() { # CMD...: with the name of each as its last word
    local s
    for s in "${three[@]}"; do "$@" "$s" >/dev/null; done
}
scale() { # N
    local s
    for s in "${three[@]}"; do kn scale deployment "$s" --replicas="$1" >/dev/null; done
}
scaled_down() { # nothing is left, and the Deployment controller has seen that
    kn get deployments -o json | jq -e 'all(.items[]; .status.observedGeneration >= .metadata.generation and
        (.status.replicas // 0) == 0)' >/dev/null && [ "$(kn get pods -o name | wc -l)" = 0 ]
}
rest() { # TAG N
    local s
    for s in "${three[@]}"; do await 90 "$s to rest with $1" rests_with "$s" "$1"; done
    for s in "${three[@]}"; do at_rest "$s" "$1" "$2"; done
}
all_say() { # WORD
    local s
    for s in "${three[@]}"; do word "$s" "$1"; done
}
at_least() { [ "${3:-0}" -ge "$2" ] || is "$1" "at least $2" "$3"; } # WHAT N ACTUAL
revision() { rollout "$1" .status.flight.revision; }
stable_uid() { # NAME: of the ReplicaSet that counts as stable
    kn get rs -o json | jq -r --arg r "$(rollout "$1" .status.stable.revision)" '.items[] |
        select(.spec.selector.matchLabels["pod-template-hash"] == $r) | .metadata.uid'
}
replicaset() { # NAME TAG JQ: of the ReplicaSet of that image
    kn get rs -o json | jq -r --arg n "$1-" --arg t ":$2" '.items[] | select((.metadata.name |
        startswith($n)) and (.spec.template.spec.containers[0].image | endswith($t))) | '"$3"
}
reason_of() { # NAME TYPE
    rollout "$1" ".status.conditions[] | select(.type == \"$2\") | .reason"
}
reason_is() { [ "$(reason_of "$1" "$2")" = "$3" ]; } # NAME TYPE REASON
rests_with() { # NAME TAG
    rests "$1" && [ "$(deployment "$1" '.spec.template.spec.containers[0].image')" = "sluice.test/app:$2" ]
}
kept_capacity() { # N: at every moment since the watch began
    local s
    for s in "${three[@]}"; do at_least "$s: lowest" "$1" "$(lowest "$s")"; done
}
inside() { # NAME: most ReplicaSets with replicas that the Deployment ever had
    seen '[of("ReplicaSet") | states | [.now[] | select(.metadata.ownerReferences[0].name == $app and
        controller == "Deployment" and .spec.replicas > 0)] | length] | max' app "$1"
}
nothing_left() { [ "$(kn get rs,controllerrevisions,pods -o json | jq '.items | length')" = 0 ]; }
