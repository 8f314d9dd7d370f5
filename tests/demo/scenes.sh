# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # the variables are those of run and of the stage
# What is shown, whatever the cluster: blue-green and canary, forward and back.

attached() { # NAME: at rest, and its brake is proved
    until_rollout "$1" 60 '[.status.conditions[]? | select(.status == "True") | .type] |
        contains(["BrakeArmed", "Ready"])'
}
at_rest() { until_rollout "$1" 60 '.status.flight == null and (.status.held | not)'; }
held() { # stopped, all is taken back
    until_rollout "$1" 120 '.status.flight == null and
        any(.status.conditions[]; .type == "Stalled" and .status == "True")'
}
# The release waits for WHAT.
awaits() { # ROLLOUT WHAT SECONDS
    until_rollout "$1" "$3" "any(.status.flight.awaiting[]?; .what == \"$2\")"
}

# --- blue-green --------------------------------------------------------------------------------------

blue_green() {
    title 'Blue-green'
    say "An ordinary Deployment of three pods, version v1, behind a Service. $users_words"
    { deployment shop v1; echo ---; service shop; } | kd apply -f - >/dev/null
    kd rollout status deployment shop --timeout=60s | tail -n 1
    users_of shop

    say "Attaching a Rollout. It says only how a change reaches users: behind a preview, ${probed}switched by" \
        'a person, watched for ten seconds.'
    rollout_blue_green | sed -n '/^spec/,$p'
    typed 'kubectl apply -f rollout.yaml' kd apply -f - < <(rollout_blue_green)
    attached shop
    local first judged
    first=$(pods_of shop v1)

    say 'Version v2. Nothing rolls: the Deployment is paused in the very request that changes it. The new pods' \
        'stand behind the preview Service and are probed; the switch waits for a word.'
    typed 'kubectl set image deployment/shop app=sluice.test/app:v2' kd set image deployment/shop app=sluice.test/app:v2
    awaits shop Approval 60
    judged=$(pods_of shop v2)
    typed 'sluice approve shop' sluice approve shop
    awaits shop Bake 60
    ends shop 0 60 promoted
    at_rest shop
    [ "$(pods_of shop v2)" = "$judged" ] || fail 'the pods that serve are not the pods that were judged'
    note 'The pods that serve v2 are the same ones that were probed behind the preview.'

    say 'Version v3, approved too soon. In the bake the old pods are still warm: undo takes traffic back at once.'
    typed 'kubectl set image deployment/shop app=sluice.test/app:v3' kd set image deployment/shop app=sluice.test/app:v3
    awaits shop Approval 60
    typed 'sluice approve shop' sluice approve shop
    awaits shop Bake 60
    typed 'sluice undo shop' sluice undo shop
    at_rest shop
    [ "$(pods_of shop v2)" = "$judged" ] || fail 'undo did not keep the pods of v2'
    [ "$(kd get deployment shop -o json | jq -r '.spec.template.spec.containers[0].image')" = sluice.test/app:v2 ] ||
        fail 'undo did not put the template of v2 back'
    note 'The same pods of v2 as before serve again.'

    if [ -z "$probed" ]; then
        note 'Nothing is probed here, so nothing is shown of a version that fails its probe.'
        users_go
        summary 'Blue-green: what became of the requests' shop
        return
    fi
    say 'Version v4 fails its probe. No user sees it; the Deployment is held on v2 and reports failed.'
    typed 'kubectl apply -f shop-v4.yaml' kd apply -f - < <(deployment shop v4 FAIL_HEALTH=1)
    held shop
    ends shop 5 60 aborted
    [ "$(pods_of shop v2)" = "$judged" ] || fail 'a failed release touched the stable pods'
    [ "$first" != "$judged" ] || fail 'v1 and v2 have the same pods'
    users_go
    summary 'Blue-green: what became of the requests' shop
    ! answered shop v4 || fail 'v4 was served, though nobody approved it'
}

# --- canary ------------------------------------------------------------------------------------------

canary() {
    title 'Canary'
    stage_routes
    say 'Another ordinary Deployment, behind an HTTPRoute of the Gateway API. Prometheus counts its answers.'
    { deployment web v1; echo ---; service web; echo ---; route; } | kd apply -f - >/dev/null
    kd rollout status deployment web --timeout=60s | tail -n 1
    users_of web

    say 'Attaching a Rollout: 10 % of the requests, then 50 %, then all; at most 2 % errors.'
    rollout_canary | sed -n '/^spec/,$p'
    typed 'kubectl apply -f rollout.yaml' kd apply -f - < <(rollout_canary)
    attached web
    local first rest judged
    first=$(pods_of web v1)
    rest=$(kd get httproute web -o json | jq -c .spec)

    say 'Version v2 answers every fourth request with an error. A tenth of the users meets it, for seconds.'
    typed 'kubectl apply -f web-v2.yaml' kd apply -f - < <(deployment web v2 ERROR_RATE=0.25)
    held web
    ends web 5 30 aborted
    [ "$(pods_of web v1)" = "$first" ] || fail 'a failed release touched the stable pods'

    say 'Version v3 is good.'
    typed 'kubectl apply -f web-v3.yaml' kd apply -f - < <(deployment web v3)
    until_rollout web 120 '.status.flight.step == 2'
    until_rollout web 120 'any(.status.flight.awaiting[]?; .what == "Bake") or .status.flight == null'
    judged=$(pods_of web v3)
    ends web 0 120 promoted
    at_rest web
    [ "$(pods_of web v3)" = "$judged" ] || fail 'the pods that serve are not the pods that were judged'
    [ "$(kd get httproute web -o json | jq -c .spec)" = "$rest" ] || fail 'the route is not as it was'
    note 'The route is byte for byte what it was before the release.'
    users_go
    summary 'Canary: what became of the requests' web
}
