# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # the variables are lib.sh's
# Processes of the development cluster: started detached, known by pid and start time, so that
# neither a reused pid nor another one's process is ever taken for ours. Source lib.sh first.

# started_at PID: when the process was started, in ticks since boot; fails if it is not there.
started_at() {
    local stat
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    # The name may hold spaces: count from its closing parenthesis. A zombie is not there.
    read -ra stat <<<"${stat##*) }"
    [[ ${stat[0]} != Z ]] || return 1
    echo "${stat[19]}"
}

# spawn NAME CMD...: starts CMD in the cluster's network namespace, as the head of a process group.
# Its parent is gone before it begins: some programs (Envoy) end when their parent does.
spawn() {
    local name=$1 pid boot
    shift
    mkdir -p "$CLUSTER_RUN/log" "$CLUSTER_RUN/pid"
    pid=$(
        setsid nsenter --net="/run/netns/$CLUSTER_NETNS" -- "$@" \
            </dev/null >>"$CLUSTER_RUN/log/$name.log" 2>&1 8>&- 9>&- &
        echo $!
    )
    read -r boot </proc/sys/kernel/random/boot_id
    echo "$pid $(started_at "$pid") $boot" >"$CLUSTER_RUN/pid/$name"
}

# pid_of NAME: its pid; fails if it does not run.
pid_of() {
    local pid start boot now
    { read -r pid start boot <"$CLUSTER_RUN/pid/$1"; } 2>/dev/null || return 1
    read -r now </proc/sys/kernel/random/boot_id
    [[ $boot == "$now" && $(started_at "$pid") == "$start" ]] || return 1
    echo "$pid"
}

alive() { pid_of "$1" >/dev/null; }
gone() { ! alive "$1"; }

# halt NAME [SECONDS]: ends it and its group, by force after SECONDS (5); 0 means at once.
halt() {
    local pid
    if pid=$(pid_of "$1"); then
        if ((${2:-5} == 0)) || ! { kill -TERM -- "-$pid" && await "${2:-5}" "$1 ends" gone "$1"; } 2>/dev/null; then
            kill -KILL -- "-$pid" 2>/dev/null || true
            await 10 "$1 ends" gone "$1"
        fi
    fi
    rm -f "$CLUSTER_RUN/pid/$1"
}

# await_up NAME SECONDS CMD...: until CMD succeeds, or NAME has died: then its last words.
await_up() {
    local name=$1 limit=$2
    shift 2
    if ! await "$limit" "$name is up" up_or_dead "$name" "$@" || gone "$name"; then
        printf -- '--- %s:\n' "$CLUSTER_RUN/log/$name.log" >&2
        tail -n 15 "$CLUSTER_RUN/log/$name.log" | cut -c 1-400 >&2
        return 1
    fi
}
up_or_dead() {
    local name=$1
    shift
    gone "$name" || "$@"
}
