# SPDX-License-Identifier: Apache-2.0
"""The planted mutants: what is changed where, under which troubles, and the rules that tell.
Usage: mutants.py list | copy TREE | plant NAME TREE | heal NAME TREE | options NAME
                  | caught NAME LOG"""
import os
import re
import shutil
import subprocess
import sys

CALM = ["--every", "1000", "2000", "--stale", "0", "--alone", "0", "--unseen", "0"]
BLIND = ["--every", "60", "99", "--stale", "0", "--alone", "0", "--proxied", "1", "--unseen", "1",
         "--unseen-only", "left_then_ready"]

# name: (file, text, replacement, options, rules of which one must be broken)
MUTANTS = {
    "history-not-fenced": (
        "src/plan/borrow.c",
        "if (rs->meta.deleting_ms || rs_fenced(p, rs) || inside_allowed(p, rs))\n"
        "            continue; /* what hangs",
        "if (rs->meta.deleting_ms || rs_fenced(p, rs) || inside_allowed(p, rs) || rs_empty(rs))\n"
        "            continue; /* what hangs",
        ["--strategy", "canary"] + CALM, {"FOREIGN", "OWNERS"}),
    "returned-before-fenced": (
        "src/plan/plan.c",
        '    {"inside", rule_inside},\n    {"give", rule_give},\n',
        '    {"give", rule_give},\n    {"inside", rule_inside},\n',
        ["--strategy", "blueGreen", "--strategy", "canary"] + CALM, {"OWNERS", "CAPACITY"}),
    "not-confirmed": (
        "src/ctl/next.c",
        "        return v->action->harmful || v->moved || v->look_age_ms > LOOK_AGE_MS;\n",
        "        return false;\n",
        ["--strategy", "blueGreen", "--strategy", "canary"] + BLIND,
        {"EARLY", "SHARE", "FOREIGN", "CAPACITY", "OWNERS", "STUCK"}),
    "not-pinned": (
        "src/plan/pins.c",
        "    if (p->forward && p->c.by != TRAFFIC_PODS)\n        return p->stable;\n",
        "",
        ["--strategy", "blueGreen"] + CALM, {"EARLY"}),
    "not-approved": (
        "src/plan/step.c",
        "    if (s->approve && !record_of(p)->approved)\n",
        "    if (s->approve && !record_of(p)->approved && p->now == 0)\n",
        CALM, {"EARLY", "SHARE"}),
}


def copy(tree):
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], check=True,
                            capture_output=True, text=True).stdout.split("\n")
    names = [name for name in listed if os.path.isfile(name)
             and name.startswith(("src/", "include/", "cmd/", "CMake", "tests/"))]
    for place, _, files in os.walk(tree):  # CMake would find what is no longer there
        for name in files:
            path = os.path.join(place, name)
            if os.path.relpath(path, tree) not in names:
                os.remove(path)
    for name in names:
        target = os.path.join(tree, name)
        if os.path.exists(target) and read(target) == read(name):
            continue
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(name, target)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def replace(path, old, new, name):
    text = read(path).decode()
    if text.count(old) != 1:
        sys.exit(f"mutants: {name} no longer applies: its text is {text.count(old)} times in "
                 f"{path}")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace(old, new))


def plant(name, tree):
    path, old, new, _, _ = MUTANTS[name]
    replace(os.path.join(tree, path), old, new, name)


def heal(name, tree):
    path = MUTANTS[name][0]
    shutil.copyfile(path, os.path.join(tree, path))


def caught(name, log):
    with open(log, encoding="utf-8") as f:
        for line in f:
            found = re.match(r"\S+ (adversary-\S+) (\w+) ([A-Z]+): (.*)", line)
            if found and found.group(3) in MUTANTS[name][4]:
                print(f"caught {name}: {found.group(3)} by {found.group(2)}: {found.group(4)}")
                return True
    return False


def main(verb, *arguments):
    if verb == "list":
        print("\n".join(MUTANTS))
    elif verb == "options":
        print("\n".join(MUTANTS[arguments[0]][3]))
    elif verb == "caught":
        sys.exit(0 if caught(*arguments) else 1)
    else:
        {"copy": copy, "plant": plant, "heal": heal}[verb](*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
