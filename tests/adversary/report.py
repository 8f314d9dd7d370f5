# SPDX-License-Identifier: Apache-2.0
"""What was done and what was violated, by lane; a violation is written with what went before."""
import argparse
import collections
import glob
import json
import os
import threading
import time

from cluster import stamp

TRACE_S = 90     # of what went before a violation
AFTERMATH_S = 3  # and after it


def report_options(p, out):
    """What every run takes, and what its script passes on."""
    p.add_argument("--stop-at", type=int, default=0, help="give up after so many violations")
    p.add_argument("--out", default=out, help=f"for traces and logs ({out})")
    p.add_argument("--log-level", default="debug", help="of the operators (debug)")
    p.add_argument("--kubeconfig", help=argparse.SUPPRESS)
    p.add_argument("--operator-kubeconfig", help=argparse.SUPPRESS)
    p.add_argument("--controller", help=argparse.SUPPRESS)


class Report:
    def __init__(self, out, stop_at):
        self.out, self.lock, self.stop_at = out, threading.Lock(), stop_at
        self.counts = collections.defaultdict(collections.Counter)
        self.broken = collections.defaultdict(collections.Counter)
        self.residuals = collections.defaultdict(collections.Counter)
        self.troubles, self.last, self.threads = [], {}, []
        self.given_up = threading.Event()

    def count(self, kind, what):
        with self.lock:
            self.counts[kind][what] += 1

    def violation(self, lane, rule, words, residual=None):
        """`residual`: of which kind that no controller can prevent; then it is counted apart."""
        now = time.time()
        if residual:
            rule, words = "RESIDUAL", f"{residual}: {rule}: {words}"
        with self.lock:
            again = now - self.last.get((lane.ns, rule, residual), 0) < 5
            self.last[(lane.ns, rule, residual)] = now
            if again:
                return
            self.residuals[lane.kind][residual] += residual is not None
            self.broken[lane.kind][rule] += 1
            number = sum(sum(c.values()) for c in self.broken.values())
        lane.space.note("VIOLATION", f"{rule}: {words}")
        print(f"{stamp(now)} {lane.ns} {lane.kind} {rule}: {words}", flush=True)
        writer = threading.Thread(target=self.write_trace, args=(lane, rule, now, number))
        writer.start()
        self.threads.append(writer)
        if self.stop_at and rule != "RESIDUAL" and number >= self.stop_at:
            self.given_up.set()

    def write_trace(self, lane, rule, at, number):
        time.sleep(AFTERMATH_S)
        lines = [(t, text) for t, text in list(lane.space.trace) if t > at - TRACE_S]
        lines += operator_lines(self.out, lane.ns, at - TRACE_S)
        path = os.path.join(self.out, f"{number:03}-{lane.kind}-{rule}.txt")
        with open(path, "w", encoding="utf-8") as f:
            f.write(f"{lane.ns} {lane.kind} {lane.strategy.manifest()} {lane.config}\n")
            f.writelines(text + "\n" for _, text in sorted(lines))

    def trouble(self, lane, e):
        with self.lock:
            self.troubles.append(f"{lane.ns}: {e!r}")
        print(f"{stamp(time.time())} {lane.ns} {lane.kind} the driver failed: {e!r}", flush=True)

    def violations(self):
        return sum(n for c in self.broken.values() for rule, n in c.items() if rule != "RESIDUAL")

    def print(self, operators):
        for kind, counts in self.counts.items():
            done = dict(counts)
            releases = done.pop("releases", 0)
            broken = ", ".join(f"{n} {rule}" for rule, n in self.broken[kind].items()
                               if rule != "RESIDUAL") or "no violation"
            residual = ", ".join(f"{n} {what}" for what, n in
                                 sorted((+self.residuals[kind]).items()))
            print(f"{kind}: {releases} releases, {sum(done.values())} hostile acts ("
                  + ", ".join(f"{n} {what}" for what, n in sorted(done.items()))
                  + f"), {broken}" + (f", known residuals: {residual}" if residual else ""))
        print("operators: " + ", ".join(f"{n} {what}" for what, n in
                                        list(operators.acts.items())
                                        + list(operators.counted().items())))


def operator_lines(out, ns, since):
    found = []
    for path in glob.glob(os.path.join(out, "operator*.log")):
        who = os.path.basename(path).split(".")[0]
        with open(path, "rb") as f:
            f.seek(max(os.path.getsize(path) - 40_000_000, 0))
            for line in f:
                if ns.encode() + b'"' not in line:
                    continue
                try:
                    entry = json.loads(line)
                    clock = entry.pop("time")
                    at = time.mktime(time.strptime(clock[:19], "%Y-%m-%dT%H:%M:%S")) \
                        - time.timezone + float("0" + clock[19:-1])
                except ValueError:
                    continue
                entry.pop("namespace", None)
                if at > since:
                    found.append((at, f"{stamp(at)} {who:<20} "
                                  + " ".join(f"{k}={v}" for k, v in entry.items())))
    return found
