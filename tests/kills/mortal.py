# SPDX-License-Identifier: Apache-2.0
"""The operator of one lane: killed, and another started in its place."""
import os
import signal
import subprocess
import threading
import time

from api import ApiError

LEASE_LOST = 1      # a leader without its lease ends, and is started anew
END_S = 20
WAITS = 0.05        # share of successors that wait until the dead one's lease runs out


class Mortal:
    def __init__(self, api, options, ns, gate, rng, wrong):
        self.api, self.options, self.ns, self.gate, self.rng = api, options, ns, gate, rng
        self.wrong = wrong               # told of an end that nobody wanted
        self.kills = 0
        self.idle, self.idle_since = [], time.time()  # spans in which nobody led
        self.worked_at = 0.0
        self.stop = threading.Event()
        self.process, self.killed = None, False
        self.log = open(os.path.join(options.out, f"operator-{ns}.log"), "ab")
        gate.kill, gate.led = self.kill9, self.led

    def start(self):
        self.spawn()
        threading.Thread(target=self.tend, daemon=True, name=f"tend-{self.ns}").start()

    def spawn(self):
        self.killed = False
        self.gate.life += 1
        self.process = subprocess.Popen(
            [self.options.controller, "--kubeconfig", self.gate.kubeconfig, "--namespace", self.ns,
             "--watch-namespace", self.ns, "--listen", "", "--log-level", self.options.log_level],
            stdout=self.log, stderr=subprocess.STDOUT)

    def kill9(self):
        """From the gate, between two bytes."""
        self.killed = True
        self.process.send_signal(signal.SIGKILL)
        self.kills += 1
        self.idle_since = self.idle_since or time.time()

    def led(self):
        now = time.time()
        if self.idle_since:
            self.idle.append((self.idle_since, now))
            self.idle_since, self.worked_at = 0, now

    def tend(self):
        while True:
            code = self.process.wait()
            if self.stop.is_set():
                return
            self.idle_since = self.idle_since or time.time()
            if not self.killed and code != LEASE_LOST:
                self.wrong(f"the operator ended by itself: {code}")
            self.gate.say(f"operator ended: {code}")
            if self.rng.random() >= WAITS:
                try:
                    self.api.delete("leases", self.ns, "sluice-controller")
                except ApiError:
                    pass
            self.spawn()

    def end(self):
        self.stop.set()
        if not self.process:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    # ---- what a lane asks of those who work --------------------------------------------------

    def down(self, seconds):
        """For how many of the last seconds nobody worked, or could see."""
        now = time.time()
        since = now - seconds
        spans = self.idle + ([(self.idle_since, now)] if self.idle_since else [])
        blind = self.gate.blind
        return sum(max(min(b, now) - max(a, since), 0) for a, b in spans + blind)

    def began(self, since):
        return self.worked_at >= since

    def may_differ(self):
        return False  # there is one at a time
