# SPDX-License-Identifier: Apache-2.0
"""Ten releases, each killed at every request, side by side. See README.md."""
import argparse
import asyncio
import collections
import os
import random
import shutil
import signal
import sys
import threading
import time

from api import Api
from cluster import Cluster, stamp
from controller import Way
from gate import Gate, Plan
from lane import Stuck
from load import Load
from mortal import Mortal
from objects import APP
from observer import ticker
from releases import LOADED, RELEASES, Lane
from report import Report, report_options

HARMS = ("reply dropped", "delays", "watches cut", "server frozen")
SERVERS = [("198.18.0.1", 6443), ("198.18.0.1", 6444)]
OUT = os.path.join("build", "kills")
OTHERS = 6     # of reads and events, so many moments of a release without --all
LATE_EVERY = 3  # of the writes, without --all


def options():
    p = argparse.ArgumentParser(prog="tests/kills/run")
    p.add_argument("--seed", type=int, default=1, help="of the random choices (1)")
    p.add_argument("--release", action="append", choices=[r.name for r in RELEASES + LOADED],
                   help="only this; repeatable")
    p.add_argument("--all", action="store_true", help="at every read and event too, late too")
    p.add_argument("--part", default="1/1", metavar="I/N", help="every N-th kill, from the I-th")
    p.add_argument("--loaded", type=int, default=8,
                   help="kills in each of two releases under load (8); 0: no real pods")
    p.add_argument("--lanes", type=int, default=10, help="releases side by side (10)")
    p.add_argument("--minutes", type=float, default=60,
                   help="then no other kill is begun (60)")
    p.add_argument("--no-harm", action="store_true", help="kills alone")
    report_options(p, OUT)
    return p.parse_args()


class Player:
    """Plays one release as often as there are moments to be killed at."""

    def __init__(self, release, place, world):
        self.release, self.world = release, world
        self.ns, self.kind = release.name, release.strategy().kind
        self.rng = random.Random(f"{world.o.seed} {release.name}")
        self.place, self.tries = place, 0
        self.lane = self.operator = self.load = None
        self.tally = collections.Counter()

    def run(self):
        self.world.turns.acquire()
        try:
            wanted, plans = self.undisturbed()
            for plan in plans:
                late = time.time() > self.world.end and not self.release.real
                if self.world.report.given_up.is_set() or late:
                    self.tally["left out"] += 1
                    continue
                self.disturbed(plan, wanted)
        except Exception as e:  # whatever it is, the run has failed
            self.world.report.trouble(self.lane or self, e)
        finally:
            self.close()
            self.world.turns.release()

    # ---- a lane of its own -------------------------------------------------------------------

    def open(self):
        world, self.tries = self.world, self.tries + 1
        name = f"{world.run}-{self.place}-{self.tries}"
        gate = Gate(world.loop, SERVERS, world.way, name, self.rng)
        self.operator = Mortal(world.api, world.o, f"kills-{name}", gate, self.rng,
                               lambda words: self.lane.violated("CRASH", words))
        self.lane = Lane(name, self.release, world.cluster, self.operator, self.rng, world.report)
        self.lane.gate = gate
        space = self.lane.space  # a timer may speak when the lane is closed
        gate.say = lambda text: space.note("gate", text)
        world.join(self.lane)
        gate.start()
        self.lane.set_up(self.operator.start)
        if self.release.real:
            address = world.api.get("services", self.lane.ns, APP)["spec"]["clusterIP"]
            self.load = Load(address, os.path.join(world.o.out, f"load-{name}.json"))

    def close(self):
        if not self.lane:
            return
        if self.load:
            sent, lost = self.load.end()
            self.load = None
            self.tally.update({"requests": sent, "lost": lost})
            if lost:
                self.lane.violated("LOST", f"{lost} of {sent} requests")
        self.tally["kills"] += self.operator.kills
        code = self.operator.end()
        if code not in (0, 1):
            self.lane.violated("CRASH", f"asked to end, it ended with {code}")
        self.lane.gate.stop()
        self.world.leave(self.lane)
        self.lane = None

    # ---- plans -------------------------------------------------------------------------------

    def undisturbed(self):
        self.open()
        self.lane.play_release(Plan())  # the first has no history behind it
        wanted = self.lane.play_release(Plan())
        ends = (wanted["template"], wanted["stable"], wanted["history"])
        if ends != self.release.ends:
            self.lane.violated("END", f"undisturbed it ends in {ends}, not {self.release.ends}")
        counts = dict(self.lane.gate.counts)
        print(f"{stamp(time.time())} {self.release.name}: {counts.get('writes')} writes, "
              f"{counts.get('others')} reads and events", flush=True)
        return wanted, self.plans(counts.get("writes", 0), counts.get("others", 0))

    def plans(self, writes, others):
        o, out = self.world.o, []
        for k in range(1, writes + 1):
            out += [("writes", k, "before"), ("writes", k, "after")]
            if o.all or k % LATE_EVERY == 0:
                out.append(("writes", k, "late"))
        for k in range(1, others + 1, 1 if o.all else max(others // OTHERS, 1)):
            out.append(("others", k, self.rng.choice(("before", "after"))))
        self.rng.shuffle(out)
        part, parts = (int(x) for x in o.part.split("/"))
        chosen = out[:o.loaded] if self.release.real else out[part - 1::parts]
        return [Plan(*moment, None if o.no_harm else self.rng.choice(HARMS)) for moment in chosen]

    def disturbed(self, plan, wanted):
        if not self.lane:
            self.open()
            self.lane.play_release(Plan())
        try:
            have = self.lane.play_release(plan)
        except Stuck:
            self.close()
            return
        gate = self.lane.gate
        self.tally["releases"] += 1
        self.tally["not reached"] += not gate.fired
        self.tally[f"killed {plan.when}"] += gate.fired
        self.tally["harms"] += gate.harmed
        if have != wanted:
            differ = {key: (wanted[key], have[key]) for key in wanted if wanted[key] != have[key]}
            self.lane.violated("END", f"{plan}: {differ}")


class World:
    """What all share."""

    def __init__(self, o):
        self.o, self.run = o, f"{int(time.time()) % 100000}"
        self.end = time.time() + o.minutes * 60
        self.api = Api(o.kubeconfig)
        self.cluster, self.report = Cluster(self.api), Report(o.out, o.stop_at)
        self.way = Way(o.operator_kubeconfig, o.out)
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True, name="gates").start()
        self.turns, self.observers = threading.Semaphore(o.lanes), {}

    def start(self):
        self.cluster.start()
        ticker(lambda: list(self.observers.values()), self.cluster.lock, self.cluster.stop)

    def join(self, lane):
        with self.cluster.lock:
            self.observers[lane.ns] = lane.observer

    def leave(self, lane):
        with self.cluster.lock:
            self.observers.pop(lane.ns, None)
        self.cluster.leave(lane.ns)
        self.api.forget("namespaces", None, lane.ns)


def main():
    o = options()
    shutil.rmtree(o.out, ignore_errors=True)
    os.makedirs(o.out)
    o.controller = shutil.copy(o.controller, o.out)  # a build meanwhile changes nothing
    world = World(o)
    world.api.forget_namespaces("kills-")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    world.start()
    players = [Player(r, i, world) for i, r in enumerate(RELEASES + LOADED)
               if (not o.release or r.name in o.release) and (o.loaded or not r.real)]
    try:  # under load for themselves: the machine's own slowness is no loss
        for real in (False, True):
            play([p for p in players if p.release.real == real])
        for thread in world.report.threads:
            thread.join()
    finally:
        for p in players:  # when it is cut off
            p.close()
    return tell(players, world.report)


def play(players):
    threads = [threading.Thread(target=p.run, name=p.release.name, daemon=True) for p in players]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def tell(players, report):
    total = collections.Counter()
    for p in players:
        total.update(p.tally)
        print(f"{p.release.name}: " + ", ".join(f"{n} {what}" for what, n in
                                                sorted(p.tally.items())))
    bad = report.violations() + len(report.troubles)
    print(f"kills: {total['releases']} releases, {total['kills']} kills at requests, "
          f"{total['harms']} other faults, {bad} violations, {total['lost']} of "
          f"{total['requests']} requests lost")
    return 1 if bad or not total["kills"] else 0


if __name__ == "__main__":
    sys.exit(main())
