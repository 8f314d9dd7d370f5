# SPDX-License-Identifier: Apache-2.0
"""Calls that are not made: unbounded copies, hidden state, shells, and cJSON outside its layer."""
import re

from common import bare_c, files, finish, read

EVERYWHERE = {
    "strcpy strcat stpcpy strncpy strncat": "arena_strdup, strbuf or snprintf",
    "sprintf vsprintf gets": "snprintf or strbuf_addf",
    "atoi atol atoll atof sscanf": "strtoll or strtod with its end checked",
    "strtok strtok_r": "strcspn and strspn",
    "gmtime localtime ctime asctime mktime strftime gmtime_r localtime_r": "sluice/base/clock.h",
    "system popen": "posix_spawn with a list of arguments",
    "setlocale": "nothing: numbers are read in the C locale",
    "alloca": "arena_alloc",
    "rand srand random": "getrandom",
    "longjmp siglongjmp": "err",
    "mktemp tmpnam tempnam": "mkstemp",
}
# Only where base makes them safe; elsewhere x..., or an arena.
OUTSIDE_BASE = {"malloc calloc realloc strdup strndup asprintf": "xmalloc and friends, or an arena"}
PURE = ("src/json/", "src/model/", "src/route/", "src/metric/", "src/plan/")
IN_PURE = {"time clock_gettime gettimeofday clock_wall_ms clock_mono_ms": "now_ms, an argument",
           "getenv secure_getenv fopen open socket printf fprintf log_line": "the shell's work"}


def rules(path):
    out = [EVERYWHERE]
    if path.startswith(("src/", "cmd/")) and not path.startswith("src/base/"):
        out.append(OUTSIDE_BASE)
    if path.startswith(PURE):
        out.append(IN_PURE)
    return out


findings = []
for path in files(".c", ".h"):
    if not path.startswith(("src/", "include/", "cmd/", "tests/unit/", "tests/fuzz/")):
        continue
    text = bare_c(read(path))
    for table in rules(path):
        for names, instead in table.items():
            call = re.compile(r"(?<![\w.>])(" + "|".join(names.split()) + r")\s*\(")
            for m in call.finditer(text):
                line = text.count("\n", 0, m.start()) + 1
                findings.append(f"{path}:{line}: {m.group(1)}: use {instead}")
    if not path.startswith(("src/json/", "tests/")):
        for m in re.finditer(r"\bcJSON_[A-Z]\w*\s*\(", text):
            line = text.count("\n", 0, m.start()) + 1
            findings.append(f"{path}:{line}: {m.group(0)}): use sluice/json/json.h")
finish("banned", findings)
