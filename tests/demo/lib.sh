# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # the variables are those of run
# How the demo talks, waits and counts, on any stage: real.sh and simulated.sh give kd, sluice and the
# users.

if [ -t 1 ]; then
    bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'
else
    bold='' dim='' plain=''
fi

say() { printf '\n%s\n' "$*" | fold -s -w 96 | sed 's/ *$//'; }
title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
note() { printf '%s%s%s\n' "$dim" "$*" "$plain"; }

# A command as a person would type it, and then as it is run here.
typed() { # 'LINE' CMD...
    printf '\n%s$ %s%s\n' "$bold" "$1" "$plain"
    shift
    "$@"
}

# --- waiting, with the screen that people look at ----------------------------------------------

# Draws `sluice get`: on a terminal over what it drew last; elsewhere if its first line has changed.
screen_lines=0 screen_head=''
draw() { # ROLLOUT
    local screen head
    screen=$(sluice get "$1" 2>&1 || true)
    head=$(head -n 1 <<<"$screen")
    head=${head%% for *}
    if [ -t 1 ]; then
        ((screen_lines == 0)) || printf '\e[%dA\e[J' "$screen_lines"
        printf '%s\n' "$screen"
        screen_lines=$(wc -l <<<"$screen")
    elif [ "$head" != "$screen_head" ]; then
        printf '\n%s\n' "$screen"
        screen_head=$head
    fi
}
holds() { kd get rollouts.sluice.dev "$1" -o json | jq -e "$2" >/dev/null; } # ROLLOUT JQ

# Shows the release until JQ holds for the Rollout.
until_rollout() { # ROLLOUT SECONDS JQ
    local end=$((SECONDS + $2))
    screen_lines=0 screen_head=''
    [ ! -t 1 ] || printf '\n'
    until holds "$1" "$3"; do
        ((SECONDS < end)) || fail "not within $2 s: Rollout $1: $3"
        sleep 0.3
        draw "$1"
    done
    draw "$1"
}

# What Rollout NAME must end as: the exit code of `sluice status`, which waits for that.
ends() { # NAME CODE SECONDS WORDS
    local code=0 said
    said=$(sluice status "$1" --timeout "$3s" 2>&1 | tail -n 1) || code=$?
    printf '\n%s$ sluice status %s%s\n%s\n' "$bold" "$1" "$plain" "$said"
    [ "$code" = "$2" ] || fail "$1 was to be $4 (exit $2), but the exit is $code"
}

fail() {
    printf '\n%sFAILED: %s%s\n' "$bold" "$*" "$plain" >&2
    exit 1
}

# --- what became of the requests ---------------------------------------------------------------

summary() { # TITLE NAME
    local report
    report=$(became_of "$2")
    title "$1"
    jq -r '
        def row($k; $v): "  \($k + " " * (28 - ($k | length)))\($v)";
        row("requests sent"; .sent),
        (.versions | to_entries | sort_by(.key)[] | row("  answered by \(.key)"; .value)),
        row("  answered with an error"; .errors),
        row("requests lost"; .lost)' <<<"$report"
    sent=$((sent + $(jq .sent <<<"$report")))
    lost=$((lost + $(jq .lost <<<"$report")))
}

# --- pods ----------------------------------------------------------------------------------------

restarts() {
    kd get pods -o json | jq '[.items[].status.containerStatuses[]?.restartCount] | add // 0'
}
# The uids of the pods of one version: the same before and after means that none was replaced.
pods_of() { # APP VERSION
    kd get pods -l "app=$1" -o json | jq -r --arg v "$2" '[
        .items[] | select(.metadata.deletionTimestamp == null) |
        select(.spec.containers[0].image | endswith(":" + $v)) | .metadata.uid] |
        sort | join(" ")'
}
