#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The pure layers as built ask the system for nothing: no clock, file, socket, process, output.
set -u
build=${SLUICE_BUILD:-build/dev}
bad=0
deny='time|clock_.*|gettimeofday|nanosleep|u?sleep|getenv|secure_getenv|rand|random|getrandom'
deny+='|open|openat|fopen|read|write|fwrite|fputs|puts|printf|fprintf|vfprintf|log_line'
deny+='|socket|connect|send|recv|poll|epoll_.*|curl_.*|event_.*|SSL_.*|fork|execve?|posix_spawn.*'

for layer in json model route metric plan; do
    library=$build/libsluice_$layer.a
    [ -f "$library" ] || continue
    calls=$(nm -u "$library" 2>/dev/null | awk '{print $2}' | grep -Ex "($deny)" | sort -u)
    if [ -n "$calls" ]; then
        echo "$library: calls" $calls
        bad=$((bad + 1))
    fi
done
echo "pure: $bad findings"
[ "$bad" -eq 0 ]
