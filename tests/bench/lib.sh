# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # what tests/e2e/lib.sh and run define
# For tests/bench/run: many objects at once, when each of them is done, what a process takes.
#
#   objects TEMPLATE PREFIX COUNT TAG     the text for PREFIX0001, PREFIX0002 ..., PER in a namespace
#   release WINDOW PREFIX COUNT RESOURCE 'RESOURCE CONDITION'...
#                                         changes all images and waits until all are done
#   await_all PREFIX RESOURCE COUNT TAG CONDITION
#   memory, sample_memory, cpu_of, quiet  of a process
#   cluster_cpu        processor time of the cluster's own processes
#
# RESOURCE is apis/GROUP/VERSION/PLURAL; CONDITION is jq's, of one object.

say() { printf '%s  %s\n' "$(date +%T)" "$*" >&2; }

# ---- facts: "KEY VALUE..." a line, for figures.py ------------------------------------------------

fact() { echo "$*" >>"$e2e_log/facts"; }
facts_start() {
    : >"$e2e_log/facts"
    fact n "$N"
    fact per "$PER"
    fact rounds "$ROUNDS"
    fact blue "$BLUE"
    fact steps "$STEPS"
    fact rest "$REST"
    fact load "$(cut -d ' ' -f 1 /proc/loadavg)"
    fact processors "$(nproc)"
    fact model "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
    fact ticks "$(getconf CLK_TCK)"
}

# A window is a part of the audit log, begun at a time.
mark_window() { fact "window $1 from $(audit_mark) at $2"; } # NAME MICROSECONDS
close_window() { fact "window $1 to $(audit_mark) at $(date +%s%6N)"; }

# ---- the API, by curl: neither its start nor its cache costs much ---------------------------------

api_start() {
    local config dir=$CLUSTER_RUN/bench
    mkdir -p "$dir"
    chmod 700 "$dir"
    config=$(k config view --raw --minify -o json)
    jq -r '.clusters[0].cluster["certificate-authority-data"] // empty' <<<"$config" | base64 -d >"$dir/ca"
    jq -r '.users[0].user["client-certificate-data"] // empty' <<<"$config" | base64 -d >"$dir/crt"
    jq -r '.users[0].user["client-key-data"] // empty' <<<"$config" | base64 -d >"$dir/key"
    api=$(jq -r '.clusters[0].cluster.server' <<<"$config")
    api_options=(--cacert "$dir/ca" --cert "$dir/crt" --key "$dir/key" --silent --show-error --fail
        --retry 100 --retry-all-errors --retry-delay 1)
}

objects() { # TEMPLATE PREFIX COUNT TAG
    awk -v prefix="$2" -v count="$3" -v tag="$4" -v per="$PER" '
        { text = text $0 "\n" }
        END {
            for (i = 1; i <= count; i++) {
                one = text
                gsub("NAMESPACE", sprintf("bench-%s%d", prefix, (i + per - 1) / per), one)
                gsub("NAME", sprintf("%s%04d", prefix, i), one)
                gsub("TAG", tag, one)
                printf "%s", one
            }
        }' "$1"
}
create_all() { k create -f - >/dev/null; }
create_namespaces() { # PREFIX COUNT
    local i
    for ((i = 1; i <= ($2 + PER - 1) / PER; i++)); do
        printf '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bench-%s%d"}}\n' "$1" "$i"
    done | create_all
}

# The images of all, by a JSON patch each, over one connection.
change_images() { # PREFIX COUNT RESOURCE TAG
    local patch='[{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "bench.test/app:TAG"}]'
    {
        printf '%s\n' next "url = \"$api/${3%/*}/namespaces/NAMESPACE/${3##*/}/NAME\"" 'request = PATCH'
        printf 'header = "Content-Type: application/json-patch+json"\n'
        printf 'data = "%s"\n' "${patch//\"/\\\"}"
        printf 'output = "/dev/null"\n'
        # These too count up to the next one only.
        printf 'cacert = "%s"\ncert = "%s"\nkey = "%s"\nfail\n' \
            "$CLUSTER_RUN/bench/ca" "$CLUSTER_RUN/bench/crt" "$CLUSTER_RUN/bench/key"
    } >"$e2e_log/patch"
    objects "$e2e_log/patch" "$1" "$2" "$4" | tail -n +2 | in_ns curl --silent --show-error --config -
}

# ---- when each is done ---------------------------------------------------------------------------

# watch_start FILE ...: FILE gets a line "SECONDS NAME" whenever an object is seen to be done.
watches=()
watch_start() { # FILE PREFIX RESOURCE TAG SINCE CONDITION
    local options=("${api_options[@]}")
    : >"$1"
    # The server ends a watch that does not keep up with thousands of objects: the next tells of all.
    (
        trap 'kill "$curl"; exit' TERM
        while :; do
            become_in_ns curl -N "${options[@]}" "$api/$3?watch=1" &
            curl=$!
            wait "$curl" || true
        done
    ) > >(
        exec jq --unbuffered -r --arg tag "$4" --arg since "$5" --arg names "^$2[0-9]{4}\$" \
            ".object | select((.metadata.name | test(\$names)) and ($6)) | \"\\(now) \\(.metadata.name)\"" >"$1"
    ) &
    watches+=($!)
}
watches_stop() {
    local pid
    for pid in "${watches[@]}"; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    watches=()
}
has_lines() { # FILE COUNT: that many names
    local count
    count=$(cut -d ' ' -f 2 "$1" | sort -u | wc -l)
    echo "$count of $2"
    [ "$count" -ge "$2" ]
}

await_all() { # PREFIX RESOURCE COUNT TAG CONDITION
    watch_start "$e2e_log/all" "$1" "$2" "$4" '' "$5"
    await "$LIMIT" "all $3 ${2##*/} $1..." has_lines "$e2e_log/all" "$3"
    watches_stop
}

tag=1
release() { # WINDOW PREFIX COUNT RESOURCE 'RESOURCE CONDITION'...
    local window=$1 prefix=$2 count=$3 resource=$4 since start files=() file
    shift 4
    tag=$((tag + 1))
    say "$window: $count releases"
    since=$(date -u +%FT%TZ)
    for condition; do
        file=$e2e_log/done.$window.${#files[@]}
        files+=("$file")
        watch_start "$file" "$prefix" "${condition%% *}" "v$tag" "$since" "${condition#* }"
    done
    start=$(date +%s%6N)
    mark_window "$window" "$start"
    change_images "$prefix" "$count" "$resource" "v$tag"
    fact "asked $window $(date +%s%6N)"
    for file in "${files[@]}"; do
        await "$LIMIT" "the $count releases of $window" has_lines "$file" "$count"
    done
    watches_stop
    close_window "$window"
}

# ---- what a process takes ------------------------------------------------------------------------

ticks_of() { # PID: of processor time
    local stat
    read -r stat <"/proc/$1/stat"
    read -ra stat <<<"${stat##*) }"
    echo $((stat[11] + stat[12]))
}
cpu_of() { fact "cpu $2 $(ticks_of "$1")"; } # PID NAME: before, and after
# The same of what the cluster consists of, around a round.
cluster_cpu() { # NAME COMMAND...
    local name=$1
    shift
    cluster_cpu_note "$name"
    "$@"
    cluster_cpu_note "$name"
}
cluster_cpu_note() { # NAME
    local file pid
    for file in "$CLUSTER_RUN"/pid/*; do
        read -r pid _ <"$file"
        cpu_of "$pid" "cluster.$1.${file##*/}"
    done
}

# Two seconds with next to no work.
quiet() { # PID
    local before
    before=$(ticks_of "$1")
    sleep 2
    (($(ticks_of "$1") - before <= 2))
}

older() { # PID SECONDS: has run for so long; what a start leaves behind is given back by then
    [ "$(ps -o etimes= -p "$1")" -ge "$2" ]
}

rollup() { # PID: kB resident, of it private, of it written
    awk '/^Rss:/ { rss = $2 } /^Private_Clean:/ { clean = $2 } /^Private_Dirty:/ { dirty = $2 }
        END { print rss, clean + dirty, dirty }' "/proc/$1/smaps_rollup"
}
memory() { fact "memory $2 $(rollup "$1")"; }                                                   # PID NAME
memory_peak() { fact "memory-peak $2 $(awk '/^VmHWM:/ { print $2 }' "/proc/$1/status")"; } # PID NAME

samplers=()
sample_memory() { # PID NAME
    while rollup "$1" >>"$e2e_log/memory.$2"; do sleep 0.5; done 2>/dev/null &
    samplers+=($!)
}
samplers_stop() {
    [ ${#samplers[@]} -eq 0 ] || kill "${samplers[@]}" 2>/dev/null || true
    samplers=()
}

profiler=
profile_start() { # WHO PID
    [ -n "$PROFILE" ] && [ "$1" = sluice ] || return 0
    perf record -q -F 299 --call-graph dwarf,16384 -p "$2" -o "$e2e_log/perf.data" >/dev/null 2>&1 &
    profiler=$!
}
profile_stop() {
    [ -n "$profiler" ] || return 0
    kill -INT "$profiler" && wait "$profiler" || true
    profiler=
    {
        perf report -i "$e2e_log/perf.data" --no-children -g none --percent-limit 0.5 --stdio
        perf report -i "$e2e_log/perf.data" --children -g none --percent-limit 1 --stdio
    } >"$e2e_log/profile.txt" 2>/dev/null
}
