#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# All C is as `make fmt` leaves it. Other versions of clang-format differ in details.
set -u
if ! clang-format --version 2>/dev/null | grep -q 'version 14\.'; then
    echo "clang-format 14 is not here"
    exit 77
fi
mapfile -t files < <(git ls-files -co --exclude-standard '*.c' '*.h' | sort -u)
clang-format --dry-run -Werror "${files[@]}"
