# SPDX-License-Identifier: Apache-2.0
"""Shared by the lints: which files there are, and C text without comments and strings."""
import os
import re
import subprocess
import sys

TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def files(*suffixes, under=""):
    """Tracked files and new ones that are not ignored; by suffix when any is given."""
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], check=True,
                         capture_output=True, text=True).stdout.split("\n")
    return [f for f in sorted(set(out))
            if f and f.startswith(under) and os.path.isfile(f)
            and (not suffixes or f.endswith(suffixes))]


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def bare_c(text):
    """The same lines, with comments and the insides of strings blanked."""
    def blank(m):
        t = m.group(0)
        if t[0] == "/":
            return re.sub(r"[^\n]", " ", t)
        return t[0] + " " * (len(t) - 2) + t[-1]
    return TOKEN.sub(blank, text)


def finish(name, findings):
    for f in findings:
        print(f)
    print(f"{name}: {len(findings)} findings")
    sys.exit(1 if findings else 0)
