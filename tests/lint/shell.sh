#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every shell script passes shellcheck.
set -u
command -v shellcheck >/dev/null || exit 77
mapfile -t files < <(git ls-files -co --exclude-standard | sort -u | while read -r file; do
    [ -f "$file" ] && head -c 64 "$file" | head -n 1 | grep -qaE '^#!.*\b(sh|bash)$' && echo "$file"
done)
printf '%s\0' "${files[@]}" | xargs -0 -P 2 -n 6 shellcheck -x -S warning
