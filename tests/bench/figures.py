# SPDX-License-Identifier: Apache-2.0
"""Figures of a bench run: from the API server's audit log and what tests/bench/lib.sh noted.
Usage: figures.py AUDIT-LOG DIRECTORY OUT.json"""
import collections
import datetime
import glob
import json
import os
import re
import sys

WRITES = ("create", "update", "patch", "delete", "deletecollection")
RELEASE = re.compile(r"[a-z][0-9]{4}")  # which release an object belongs to, by its name


def percentile(values, share):
    values = sorted(values)
    return values[min(int(len(values) * share), len(values) - 1)] if values else None


def seconds(stamp):
    moment = datetime.datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%fZ")
    return moment.replace(tzinfo=datetime.timezone.utc).timestamp()


class Request:
    """One line of the audit log."""

    def __init__(self, line):
        entry = json.loads(line)
        ref = entry.get("objectRef", {})
        self.user = entry["user"]["username"]
        self.verb = entry["verb"]
        self.resource = ref.get("resource", "")
        self.code = entry.get("responseStatus", {}).get("code", 0)
        self.asked, self.answered = entry["requestReceivedTimestamp"], entry["stageTimestamp"]
        name = RELEASE.match(ref.get("name", "") or "")
        self.release = (ref.get("namespace"), name.group(0)) if name else None
        # A lease and a watch are the price of being there, not of a release.
        self.standing = self.resource == "leases" or self.verb == "watch"
        self.event = self.resource == "events"
        self.write = self.verb in WRITES and not self.standing and not self.event


class Run:
    def __init__(self, audit, directory):
        self.audit, self.directory = audit, directory
        self.facts, self.windows, self.asked = {}, collections.defaultdict(dict), {}
        self.cpu = collections.defaultdict(list)
        for line in open(os.path.join(directory, "facts"), encoding="utf-8"):
            key, *rest = line.split()
            if key == "window":
                name, end, offset, _, at = rest
                self.windows[name][end] = (int(offset), int(at) / 1e6)
            elif key == "asked":
                self.asked[rest[0]] = int(rest[1]) / 1e6
            elif key == "cpu":
                self.cpu[rest[0]].append(int(rest[1]))
            elif key.startswith("memory"):
                self.facts[f"{key} {rest[0]}"] = [int(x) / 1024 for x in rest[1:]]
            else:
                self.facts[key] = " ".join(rest)
        self.n, self.rounds = int(self.facts["n"]), int(self.facts["rounds"])

    def requests(self, window):
        """Of everybody, in the order of the answers."""
        (begin, _), (end, _) = self.windows[window]["from"], self.windows[window]["to"]
        with open(self.audit, "rb") as log:
            log.seek(begin)
            lines = log.read(end - begin).split(b"\n")
        # The log is written in blocks: its first and last line may be cut.
        out = []
        for line in lines:
            try:
                out.append(Request(line))
            except (ValueError, KeyError):
                pass
        return sorted(out, key=lambda r: r.answered)

    def took(self, window):
        """Seconds from the beginning to the end of each release."""
        start, last = self.windows[window]["from"][1], {}
        for path in glob.glob(os.path.join(self.directory, f"done.{glob.escape(window)}.*")):
            first = {}
            for line in open(path, encoding="utf-8"):
                at, name = line.split()
                first.setdefault(name, float(at))
            for name, at in first.items():
                last[name] = max(last.get(name, 0), at)
        return [at - start for at in last.values()]

    def named(self, prefix):
        return sorted(w for w in self.windows if w.startswith(prefix))


def gaps(requests, account):
    """From the newest change of a release's objects, by whomever, to the controller's write."""
    changed, out = {}, []
    for r in requests:
        if not r.write or not r.release or r.code >= 300:
            continue
        if r.user == account and r.release in changed:
            out.append(max(seconds(r.asked) - changed[r.release], 0))
        changed[r.release] = seconds(r.answered)
    return out


def histogram(path, name, share):
    """A percentile by a Prometheus histogram, linear within a bucket."""
    buckets = []
    for line in open(path, encoding="utf-8"):
        match = re.match(re.escape(name) + r'_bucket\{(?:.*,)?le="([^"]+)"\} (\d+)', line)
        if match:
            buckets.append((float(match.group(1)), int(match.group(2))))
    if not buckets or not buckets[-1][1]:
        return None
    wanted, low, below = share * buckets[-1][1], 0.0, 0
    for bound, count in buckets:
        if count >= wanted and count > below:
            return low if bound == float("inf") else \
                low + (bound - low) * (wanted - below) / (count - below)
        low, below = bound, count
    return low


class Report:
    def __init__(self):
        self.figures = []

    def head(self, text):
        print(f"\n{text}")

    def add(self, name, value, unit, goal=None):
        if value is None:
            return
        value = round(value, 4 if abs(value) < 10 else 1)
        self.figures.append({"name": name, "value": value, "unit": unit, "goal": goal})
        verdict = "" if goal is None else \
            f"goal <= {goal:g}   {'met' if value <= goal else 'MISSED'}"
        print(f"  {name:44} {value:>10g} {unit:12} {verdict}".rstrip())


def releases(run, report, who, goals):
    rolling = run.named(f"{who}.r")
    rolling = [w for w in rolling if re.search(r"\.\d+$", w)]
    plain = run.named(f"plain.{who}.")
    count = run.n * len(rolling)
    account = run.facts[f"account.{who}"]
    theirs, ours = [run.took(w) for w in plain], [run.took(w) for w in rolling]
    report.head(f"{who}: {run.rounds} x {run.n} releases of 5 replicas, beside as many Deployments")
    report.add(f"{who}.plain.time", sum(map(max, theirs)) / len(theirs), "s")
    report.add(f"{who}.releases.time", sum(map(max, ours)) / len(ours), "s")
    report.add(f"{who}.time.ratio", sum(map(max, ours)) / sum(map(max, theirs)), "",
               1.1 if goals else None)
    for share in (0.5, 0.99):
        report.add(f"{who}.plain.p{share * 100:g}", percentile(sum(theirs, []), share), "s")
        report.add(f"{who}.release.p{share * 100:g}", percentile(sum(ours, []), share), "s")

    ticks = sum(b - a for name, (a, b) in run.cpu.items() if name.startswith(f"{who}.round"))
    cpu = ticks / int(run.facts["ticks"])
    report.add(f"{who}.cpu", cpu / len(rolling), "s")
    report.add(f"{who}.cpu.per200", cpu / count * 200, "s", 2 if goals else None)

    mine, delays = [], []
    for window in rolling:
        requests = run.requests(window)
        mine += [r for r in requests if r.user == account and not r.standing]
        delays += gaps(requests, account)
    writes = [r for r in mine if r.write]
    by_verb = collections.Counter(r.verb for r in mine if not r.event)
    report.add(f"{who}.requests", len(mine) / count, "per release")
    for verb, number in sorted(by_verb.items()):
        report.add(f"{who}.requests.{verb}", number / count, "per release")
    report.add(f"{who}.requests.events", sum(r.event for r in mine) / count, "per release")
    report.add(f"{who}.requests.conflicts", sum(r.code == 409 for r in writes) / count,
               "per release")
    report.add(f"{who}.requests.failed",
               sum(r.code >= 400 and r.code not in (404, 409) for r in mine) / count, "per release")
    report.add(f"{who}.writes", len(writes) / count, "per release")
    for share in (0.5, 0.99):
        delay = percentile(delays, share)
        report.add(f"{who}.write.after.p{share * 100:g}", delay and delay * 1000, "ms")

    rest = [r for r in run.requests(f"{who}.rest") if r.user == account and not r.standing]
    minutes = int(run.facts["rest"]) / 60
    report.add(f"{who}.requests.rest", len(rest) / minutes, "per minute", 0 if goals else None)
    for r in rest[:5]:
        print(f"    at rest: {r.verb} {r.resource} {r.code} {r.release or ''}")


def cluster(run, report, who):
    """Processor time of the cluster's own processes in a round, beside the plain updates."""
    spent = collections.Counter()
    for name, (begin, end) in run.cpu.items():
        if name.startswith(f"cluster.{who}."):
            kind, _, process = name.split(".")[2:5]
            spent[process, kind] += (end - begin) / int(run.facts["ticks"]) / run.rounds
    for process in sorted({p for p, _ in spent}):
        for kind in ("plain", "releases"):
            report.add(f"{who}.cluster.cpu.{process}.{kind}", spent[process, kind], "s")


def memory(run, report, who, goals):
    peak_goal = 24 if goals and run.n >= 1000 else None
    samples = [[int(x) / 1024 for x in line.split()]
               for line in open(os.path.join(run.directory, f"memory.{who}"), encoding="utf-8")]
    samples = [s for s in samples if len(s) == 3]
    idle, rest = run.facts[f"memory {who}.idle"], run.facts[f"memory {who}.rest"]
    report.add(f"{who}.memory.idle.resident", idle[0], "MB", 14 if goals else None)
    report.add(f"{who}.memory.idle.private", idle[1], "MB", 4 if goals else None)
    report.add(f"{who}.memory.idle.written", idle[2], "MB")
    report.add(f"{who}.memory.rest.resident", rest[0], "MB", peak_goal)
    report.add(f"{who}.memory.rest.private", rest[1], "MB")
    report.add(f"{who}.memory.peak.resident", run.facts[f"memory-peak {who}"][0], "MB", peak_goal)
    report.add(f"{who}.memory.peak.private", max(s[1] for s in samples), "MB")


def writes_of(run, window, count):
    account = run.facts["account.sluice"]
    return sum(r.write and r.user == account for r in run.requests(f"sluice.{window}")) / count


def writes(run, report):
    blue, steps = int(run.facts["blue"]), int(run.facts["steps"])
    report.head("sluice: writes")
    if blue:
        report.add("sluice.writes.bluegreen", writes_of(run, "blue-green", blue), "per release", 18)
    if not steps:
        return
    two = [f"rolling.{i}" for i in range(1, run.rounds + 1)]
    two = sum(writes_of(run, w, run.n) for w in two) / len(two)
    four = writes_of(run, "rolling4", steps)
    report.add("sluice.writes.rolling4", four, "per release")
    report.add("sluice.writes.step.rolling", (four - two) / 2, "per step", 4)
    two, four = writes_of(run, "canary2", steps), writes_of(run, "canary4", steps)
    report.add("sluice.writes.canary", two, "per release")
    report.add("sluice.writes.step.canary", (four - two) / 2, "per step", 4)


def inside(run, report):
    """What the operator says of itself."""
    path = os.path.join(run.directory, "metrics.txt")
    report.head("sluice: by its own clock")
    for name, what in (("sluice_reaction_seconds", "reaction"), ("sluice_look_seconds", "look"),
                       ("workqueue_queue_duration_seconds", "queue")):
        for share in (0.5, 0.99):
            value = histogram(path, name, share)
            report.add(f"sluice.{what}.p{share * 100:g}", value and value * 1000, "ms")


def main():
    audit, directory, out = sys.argv[1:]
    run, report = Run(audit, directory), Report()
    print(f"{run.facts['processors']} x {run.facts['model']}, "
          f"load before it began {run.facts['load']}")
    for who in ("sluice", "peer"):
        if f"account.{who}" in run.facts:
            releases(run, report, who, who == "sluice")
            cluster(run, report, who)
            memory(run, report, who, who == "sluice")
        if who == "sluice":
            writes(run, report)
            inside(run, report)
    with open(out, "w", encoding="utf-8") as file:
        json.dump(report.figures, file, indent=1)
        file.write("\n")


main()
