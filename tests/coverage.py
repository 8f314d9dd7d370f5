# SPDX-License-Identifier: Apache-2.0
"""Adds up gcov's reports (JSON, one a line, on standard input) by file and by room.

A branch is a way out of a condition: `a && b` has four. The goals are those of the project:
every branch of the planner, the executor and the parsers, 95 of 100 lines of the whole.
"""
import collections
import json
import os
import sys

BRANCH_GOALS = ("src/plan", "src/ctl", "src/json", "src/model")
LINE_GOAL = 95.0


class Count:
    def __init__(self):
        self.lines, self.branches = {}, {}

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
    files = collections.defaultdict(Count)
    for report in sys.stdin:
        for file in json.loads(report)["files"]:
            path = os.path.relpath(file["file"])
            if path.startswith(("src/", "cmd/")):
                for line in file["lines"]:
                    files[path].add(line)
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
