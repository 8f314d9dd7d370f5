# SPDX-License-Identifier: Apache-2.0
"""Adds up gcov's reports (JSON, one a line, on standard input) by file and by room.

A branch is a way out of a condition: `a && b` has four. Ways that end the process are none, of
`if (a || b) abort();` and of `assert(a && b)` two: what fails an assertion is a mistake of our own,
and out of memory is what tests/torture tries. The goals are those of the project: every branch of
the planner, the executor and the parsers, 95 of 100 lines of the whole.
"""
import collections
import json
import os
import re
import sys
from functools import lru_cache
from pathlib import Path

BRANCH_GOALS = ("src/plan", "src/ctl", "src/json", "src/model")
LINE_GOAL = 95.0


ENDS = re.compile(r"^\s*(default:\s*)?(abort|out_of_memory)\(\);")
LEADS = re.compile(r"^\s*(if \(.*\)|default:|} else)\s*{?$")


@lru_cache(None)
def endings(path):
    """The lines that end the process, and how many ways lead there from which other line."""
    lines = ["", *Path(path).read_text().splitlines()]
    never = {n for n, text in enumerate(lines) if ENDS.match(text)}
    before = {n - 1: 1 + lines[n - 1].count("||") for n in never if LEADS.match(lines[n - 1])}
    asserts = {n: 1 + text.count("&&") for n, text in enumerate(lines)
               if re.match(r"\s*assert\(", text)}
    return never, before | asserts


class Count:
    def __init__(self, path):
        self.lines, self.branches = {}, {}
        self.never, self.leads = endings(path)

    def forget_endings(self):
        for number in self.never:
            self.lines.pop(number, None)
            self.branches.pop(number, None)
        for number, ways in self.leads.items():
            for _ in range(min(ways, self.branches.get(number, []).count(0))):
                self.branches[number].remove(0)

    def add(self, line):
        number = line["line_number"]
        self.lines[number] = self.lines.get(number, 0) + line["count"]
        counts = [b["count"] for b in line.get("branches", ())]
        known = self.branches.get(number, [])
        if len(known) == len(counts):
            counts = [a + b for a, b in zip(known, counts)]
        if counts:
            self.branches[number] = counts

    def missed(self):
        for number in sorted(self.lines):
            ways = self.branches.get(number, [])
            if self.lines[number] == 0:
                yield number, "never"
            elif 0 in ways:
                yield number, f"{ways.count(0)} of {len(ways)} ways never taken"


def sums(counts):
    lines = [n for c in counts for n in c.lines.values()]
    ways = [n for c in counts for branch in c.branches.values() for n in branch]
    return sum(n > 0 for n in lines), len(lines), sum(n > 0 for n in ways), len(ways)


def percent(reached, total):
    return 100 * reached / total if total else 100.0


def row(name, counts):
    lines, all_lines, ways, all_ways = sums(counts)
    return (percent(ways, all_ways),
            f"{percent(lines, all_lines):6.1f}% lines {percent(ways, all_ways):6.1f}% branches "
            f"({all_ways - ways:4} missed)  {name}")


def read():
    files = {}
    for report in sys.stdin:
        for file in json.loads(report)["files"]:
            path = os.path.relpath(file["file"])
            if path.startswith(("src/", "cmd/")):
                count = files.setdefault(path, Count(path))
                for line in file["lines"]:
                    count.add(line)
    for count in files.values():
        count.forget_endings()
    return files


def main():
    files = read()
    rooms = collections.defaultdict(list)
    for path, count in files.items():
        rooms[os.path.dirname(path)].append(count)
    print("\n".join(text for _, text in sorted(row(p, [c]) for p, c in files.items())))
    print()
    for room, counts in sorted(rooms.items()):
        goal = "  goal: 100 % of branches" if room in BRANCH_GOALS else ""
        print(row(room, counts)[1] + goal)
    print(f"{row('all', files.values())[1]}  goal: {LINE_GOAL:.0f} % of lines")
    asked = os.environ.get("COVERAGE_MISSED")
    for path, count in sorted(files.items()):
        for number, words in count.missed() if asked and path.startswith(asked) else ():
            print(f"{path}:{number}: {words}")


main()
