#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each header compiles by itself, as the first include, in strict C17, and says what it is for.
set -u
bad=0
cc=${CC:-cc}

for header in $(find include src cmd -name '*.h' 2>/dev/null | sort); do
    name=${header#include/}
    if ! "$cc" -std=c17 -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only -Iinclude \
        -I"$(dirname "$header")" -include "$header" -x c /dev/null; then
        echo "$header: does not compile by itself"
        bad=$((bad + 1))
    fi
    if ! sed -n 1p "$header" | grep -q '^/\* SPDX-License-Identifier: Apache-2.0 \*/$' ||
        ! sed -n 2p "$header" | grep -q "^/\* ${name##*/} - "; then
        echo "$header: must start with the SPDX line and a comment \"/* ${name##*/} - ...\""
        bad=$((bad + 1))
    fi
    guard=$(tr a-z/. A-Z__ <<<"${name#sluice/}")
    guard=SLUICE_${guard#SRC_}
    if ! grep -q "^#ifndef ${guard/CMD_SLUICE_/CMD_}\$" "$header" &&
        ! grep -q "^#ifndef $guard\$" "$header"; then
        echo "$header: the guard should be $guard"
        bad=$((bad + 1))
    fi
done
echo "headers: $bad findings"
[ "$bad" -eq 0 ]
