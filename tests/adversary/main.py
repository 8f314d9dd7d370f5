# SPDX-License-Identifier: Apache-2.0
"""Runs lanes side by side until enough was released, and reports. See README.md."""
import argparse
import os
import random
import shutil
import signal
import sys
import threading
import time

import lane as lanes
from api import Api
from cluster import Cluster, stamp
from observer import ticker
from operators import Operators
from report import Report, report_options
from steady import Steady, sanitizer_reports

STRATEGIES = ("blueGreen", "canary", "rolling")
OUT = os.path.join("build", "adversary")
PER_LANE = 12  # releases, then another lane with other settings takes its place
TELL_S = 60    # how often it is said how far it has come


class Budget:
    """How many releases of a strategy are still to come, for all its lanes."""

    def __init__(self, report, kind, total, end):
        self.report, self.kind, self.left, self.end = report, kind, total, end
        self.lock = threading.Lock()

    def empty(self):
        return self.left <= 0 or time.time() > self.end or self.report.given_up.is_set()


class Share:
    """A lane's part of it."""

    def __init__(self, budget):
        self.budget, self.mine = budget, PER_LANE

    def take(self):
        with self.budget.lock:
            if self.mine <= 0 or self.budget.empty():
                return False
            self.mine -= 1
            self.budget.left -= 1
            return True

    def done(self, kind):
        self.budget.report.count(kind, "releases")


def options():
    p = argparse.ArgumentParser(prog="tests/adversary/run")
    p.add_argument("--seed", type=int, default=int(time.time()),
                   help="fixes the random choices, not the moments at which they meet")
    p.add_argument("--releases", type=int, default=300, help="of each strategy (300)")
    p.add_argument("--minutes", type=float, default=60, help="at most (60)")
    p.add_argument("--strategy", action="append", choices=STRATEGIES, help="only this; repeatable")
    p.add_argument("--lanes", type=int, default=4, help="of each strategy, side by side (4)")
    p.add_argument("--stale", type=float, default=0.4,
                   help="share of an operator's starts with watches that come late (0.4)")
    p.add_argument("--alone", type=float, default=0.2,
                   help="share of an operator's starts without a lease: then two may act (0.2)")
    p.add_argument("--proxied", type=float, default=0.7,
                   help="share of an operator's starts whose watches can be held still (0.7)")
    p.add_argument("--unseen", type=float, default=0.1,
                   help="share of the releases in which something happens meanwhile (0.1)")
    p.add_argument("--unseen-only", action="append", metavar="ACT",
                   help="of these acts of unseen.py only; repeatable")
    p.add_argument("--paused", action="store_true",
                   help="brake: Paused, without the policies; so it is where they are not served")
    p.add_argument("--steady", action="store_true",
                   help="no harm to one operator: its memory and descriptors are judged")
    p.add_argument("--every", type=float, nargs=2, default=(4, 20), metavar=("FROM", "TO"),
                   help="seconds between an operator's troubles (4 20)")
    report_options(p, OUT)
    return p.parse_args()


def drive(o, cluster, operators, report):
    """Keeps so many lanes of each strategy going until its budget is spent."""
    rng, number = random.Random(o.seed), 0
    told = time.time()
    end = told + o.minutes * 60
    running, run = {}, f"{int(time.time()) % 100000}"  # the seed's namespaces may still be there
    budgets = {kind: Budget(report, kind, o.releases, end)
               for kind in o.strategy or STRATEGIES}
    while True:
        for kind, budget in budgets.items():
            for place in range(o.lanes):
                thread = running.get((kind, place))
                if (thread and thread.is_alive()) or budget.empty():
                    continue
                number += 1
                own = random.Random(rng.random())
                settings = lanes.drawn(kind, own, "Paused" if o.paused else "Auto")
                lane = lanes.Lane(f"{run}-{number}", settings, cluster, operators, own, report,
                                  Share(budget))
                with cluster.lock:
                    report.lanes[lane.ns] = lane
                running[(kind, place)] = lanes.start(lane)
        if not any(t.is_alive() for t in running.values()):
            return
        if time.time() > told + TELL_S:
            told = time.time()
            print(f"{stamp(told)} " + ", ".join(
                f"{kind} {report.counts[kind]['releases']}" for kind in budgets), flush=True)
        time.sleep(0.5)


def main():
    o = options()
    shutil.rmtree(o.out, ignore_errors=True)
    os.makedirs(o.out)
    o.controller = shutil.copy(o.controller, o.out)  # a build meanwhile changes nothing
    print(f"seed {o.seed}", flush=True)
    api = Api(o.kubeconfig)
    cluster, report = Cluster(api), Report(o.out, o.stop_at)
    report.lanes = {}
    operators = Operators(api, o, random.Random(o.seed + 1), o.out)

    def say(text):
        with cluster.lock:
            for space in cluster.spaces.values():
                space.note("operators", text)
    operators.say = say
    api.forget_namespaces("adversary-")
    api.forget("leases", "sluice-system", "sluice-controller")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # its operators are ended, then
    costly = False
    try:
        operators.start()
        cluster.start()
        ticker(lambda: [report.lanes[ns].observer for ns in cluster.spaces if ns in report.lanes],
               cluster.lock, cluster.stop)
        steady = Steady(operators) if o.steady else None
        if steady:
            steady.begin()
        threading.Thread(target=operators.trouble, daemon=True, name="trouble").start()
        drive(o, cluster, operators, report)
        costly = bool(steady) and steady.wrong()
    finally:
        codes = operators.end()
        for thread in report.threads:
            thread.join()
        report.print(operators)
    return 1 if verdict(o, operators, report, codes) or costly else 0


def verdict(o, operators, report, codes):
    """True if anything was wrong."""
    broken = sanitizer_reports(o.out)
    print("".join(f"{line}\n" for line in broken[:20]), end="")
    if any(codes) or operators.crashes:
        print(f"operators ended with {codes}, and by themselves with {operators.crashes}")
    bad = bool(report.violations() or report.troubles or any(codes) or operators.crashes or broken)
    print(f"{report.violations()} violations, {len(broken)} lines of sanitizers"
          + (f"; traces are in {o.out}" if bad else ""))
    return bad


if __name__ == "__main__":
    sys.exit(main())
