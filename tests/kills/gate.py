# SPDX-License-Identifier: Apache-2.0
"""A gate between one operator and two API servers that knows requests from replies: it counts
them, kills the operator at the one that was asked for, and does harm of other kinds.

  before    killed when the request has come; the server never sees it
  after     killed when the server has answered; the operator never sees that
  late      killed when the request has come; the server gets it when a successor leads already"""
import asyncio
import collections
import random
import re
import threading
import time

import proxy

LENGTH = re.compile(rb"\r\nContent-Length: *(\d+)", re.I)
LOOK_S = 0.05
LATE_S = 40         # a successor leads by then, or there is none
ANSWER_S = 10       # to a request that came late


class Plan:
    """What shall befall one release. `which` is "writes" or "others" (reads, events)."""

    def __init__(self, which=None, at=0, when=None, harm=None):
        self.which, self.at, self.when, self.harm = which, at, when, harm

    def __str__(self):
        kill = f"killed {self.when} number {self.at} of {self.which}" if self.when else "not killed"
        return kill + (f", {self.harm}" if self.harm else "")


class Dropped(ConnectionError):
    """The connection ends here, and what is on it is lost."""


def class_of(verb, path):
    """None: not counted, as it comes by the clock and not by the release."""
    if "/leases" in path or "watch=" in path:
        return None
    return "others" if verb == "GET" or "/events" in path else "writes"


class Line(proxy.Line):
    def __init__(self, gate, server):
        super().__init__(gate.pace)
        self.gate, self.server, self.front = gate, server, None
        self.pending, self.replied, self.number = None, asyncio.Event(), None
        self.life = gate.life  # which operator's it is: the how manieth

    async def up(self, reader, writer):
        while data := await reader.read(65536):
            self.note(data)
            late = False
            if proxy.REQUEST.match(data):
                data = await self.whole(data, reader)
                verb, path = (word.decode() for word in data.split(b" ", 2)[:2])
                self.replied.clear()
                self.pending = (verb, path)
                late = await self.gate.comes(self, verb, path)
            await self.gate.thawed(self)
            writer.write(data)
            await writer.drain()
            if late:  # whoever sent it is dead: nothing else keeps the connection open
                await asyncio.wait_for(self.replied.wait(), ANSWER_S)

    async def whole(self, data, reader):
        """With its body: a request is either sent or not."""
        length = LENGTH.search(data)
        missing = int(length.group(1)) - len(data.split(b"\r\n\r\n", 1)[1]) if length else 0
        return data + (await reader.readexactly(missing) if missing > 0 else b"")

    async def down(self, reader):
        while data := await reader.read(65536):
            await self.gate.thawed(self)
            if self.pending:
                (verb, path), self.pending = self.pending, None
                self.replied.set()
                self.gate.answered(self, verb, path, data)
            delay = self.pace.delay(self.kind) if self.kind else self.gate.latency()
            await self.queue.put((time.monotonic() + delay, data))

    async def deliver(self, writer):
        self.front = writer
        await super().deliver(writer)


class Gate:
    """`kill` ends the operator at once; `led` is told when one has got the lease."""

    def __init__(self, loop, servers, way, name, rng):
        self.loop, self.servers, self.way = loop, servers, way
        self.name, self.rng = name, rng
        self.front, self.behind = (proxy.front_tls(way.certificate, way.key),
                                   proxy.behind_tls(way.authority))
        self.kill = self.led = lambda: None
        self.say = lambda text: None
        self.lines, self.turn, self.life = set(), 0, 1
        self.blind = []  # spans in which a server said nothing
        self.leads = asyncio.Event()
        self.arm(Plan())

    def start(self):
        asyncio.run_coroutine_threadsafe(self.listen(), self.loop).result(10)

    def stop(self):
        self.loop.call_soon_threadsafe(self.server.close)

    async def listen(self):
        self.server = await asyncio.start_server(self.accept, "127.0.0.1", 0, ssl=self.front)
        port = self.server.sockets[0].getsockname()[1]
        self.kubeconfig = self.way.kubeconfig(self.name, port)

    async def accept(self, reader, writer):
        self.turn += 1
        line = Line(self, self.turn % len(self.servers))
        self.lines.add(line)
        try:
            await proxy.serve(line, self.servers[line.server], self.behind, reader, writer)
        finally:
            self.lines.discard(line)

    # ---- what shall happen -------------------------------------------------------------------

    def arm(self, plan):
        """From now on it counts anew; the harm begins."""
        self.plan, self.counts = plan, collections.Counter()
        self.fired = self.slow = False
        self.harmed = 0
        self.frozen, self.frozen_until = None, 0.0
        self.drop_at = 0
        self.pace = proxy.Pace({})
        for line in list(self.lines):
            line.pace = self.pace
        harm = plan.harm
        if harm == "reply dropped":
            self.drop_at = self.rng.randint(1, 12)
        elif harm == "delays":
            self.slow, self.harmed = True, 1
            self.pace.delays.update({kind: self.rng.uniform(0.2, 1.5)
                                     for kind in ("rollouts", "deployments", "replicasets",
                                                  "services", "endpointslices",
                                                  "controllerrevisions")
                                     if self.rng.random() < 0.6})
        elif harm in ("watches cut", "server frozen"):
            work = self.cut if harm == "watches cut" else self.freeze
            self.after(self.rng.uniform(0.2, 5), plan, work)

    def after(self, seconds, plan, work):
        def then():
            if self.plan is plan:
                work()
                self.harmed += 1
        timer = threading.Timer(seconds, lambda: self.loop.call_soon_threadsafe(then))
        timer.daemon = True
        timer.start()

    def cut(self):
        watches = [line for line in self.lines if line.kind and line.front]
        self.say(f"{len(watches)} watches cut")
        for line in watches:
            line.front.transport.abort()

    def freeze(self):
        """One server says nothing more for a while, and takes nothing; what it was sent before
        may still be done."""
        seconds = self.rng.choice([1.5, 3, 3, 6])
        self.frozen = self.rng.randrange(len(self.servers))
        self.frozen_until = time.monotonic() + seconds
        self.blind.append((time.time(), time.time() + seconds))
        self.say(f"API server {self.frozen} frozen for {seconds} s")

    def latency(self):
        return random.uniform(0, 0.25) if self.slow else 0.0

    # ---- what comes and goes -----------------------------------------------------------------

    async def thawed(self, line):
        while line.server == self.frozen and time.monotonic() < self.frozen_until:
            await asyncio.sleep(LOOK_S)

    async def comes(self, line, verb, path):
        """True: it is late, the operator is dead and another leads."""
        which = class_of(verb, path)
        line.number = None
        if not which:
            return False
        self.counts[which] += 1
        line.number = (self.plan, which, self.counts[which])
        if not self.is_now(line, ("before", "late")):
            return False
        self.shoot(verb, path, self.plan.when)
        if self.plan.when == "before":
            raise Dropped
        await asyncio.wait_for(self.leads.wait(), LATE_S)
        await asyncio.sleep(self.rng.uniform(0, 1))
        self.say(f"now comes the late {verb} {path}")
        return True

    def answered(self, line, verb, path, data):
        if line.life == self.life and "/leases" in path and verb != "GET" and \
                re.match(rb"HTTP/1.1 20[01]", data):
            self.leads.set()
            self.led()
        if not line.number:
            return
        if self.is_now(line, ("after",)):
            self.shoot(verb, path, "after " + data[9:12].decode())
            raise Dropped
        plan, which, number = line.number
        if plan is self.plan and which == "writes" and number == self.drop_at:
            self.harmed += 1
            self.say(f"reply {data[9:12].decode()} dropped: {verb} {path}")
            raise Dropped

    def is_now(self, line, moments):
        plan, which, number = line.number
        return plan is self.plan and not self.fired and plan.when in moments and \
            (plan.which, plan.at) == (which, number)

    def shoot(self, verb, path, when):
        self.fired = True
        self.life += 1
        self.leads.clear()
        self.kill()
        self.say(f"operator killed {when}: {verb} {path}")
