# SPDX-License-Identifier: Apache-2.0
"""Two controllers: killed, asked to end, stopped for seconds, with caches that lag or stand still,
and at times both active at once (each without a lease)."""
import collections
import signal
import threading
import time

from api import ApiError
from controller import LEASE_LOST, Operator

KINDS = ("rollouts", "deployments", "replicasets", "pods", "services", "endpointslices",
         "controllerrevisions")
BETWEEN_S = 8   # after a hold, until the next: the caches come up to date


class Operators:
    """Both of them, what befalls them, and for how long nobody worked."""

    def __init__(self, api, options, rng, out):
        self.api, self.options, self.rng = api, options, rng
        self.both = [Operator(i, options, out) for i in (1, 2)]
        self.steady = self.both[0] if options.steady else None  # no harm is done to it
        self.acts, self.crashes = collections.Counter(), []
        self.idle = collections.deque(maxlen=4000)  # moments at which nobody worked
        self.stop = threading.Event()
        self.say = lambda text: None
        self.hold_lock, self.held_until, self.held = threading.Lock(), 0.0, set()

    def start(self):
        for operator in self.both:
            self.start_one(operator)
        threading.Thread(target=self.watch, daemon=True, name="operators").start()

    def start_one(self, operator):
        steady = operator is self.steady
        drawn = self.rng.random()
        delays = {} if drawn < self.options.proxied or steady else None
        if drawn < self.options.stale and not steady:
            delays = {kind: round(self.rng.uniform(0.5, 5), 1) for kind in KINDS
                      if self.rng.random() < 0.6}
        alone = self.rng.random() < self.options.alone or steady
        operator.start(delays, alone)
        self.acts["starts"] += 1
        self.acts["stale starts"] += bool(delays)
        self.acts["starts without a lease"] += alone
        self.say(f"operator {operator.number} started, delays {delays}"
                 + (", no lease" if alone else ""))

    # ---- what it is told ---------------------------------------------------------------------

    def hold(self, kinds, seconds, through, least):
        """Nothing of `kinds` is told to whoever works, for so long, while what is `through` is:
        until when. Another lane's hold will do when `least` seconds of it are left. None: not now;
        one works that has no proxy, or another hold is on or has only just ended."""
        with self.hold_lock:
            now, kinds = time.time(), set(kinds)
            if now < self.held_until:
                suits = kinds <= self.held and not self.held & set(through)
                return self.held_until if suits and self.held_until - now >= least else None
            working = [o for o in self.both if o.leads and not o.stopped]
            if now < self.held_until + BETWEEN_S or not working or \
                    not all([o.hold(kinds, seconds) for o in working]):
                return None
            self.held_until, self.held = now + seconds, kinds
        self.acts["holds"] += 1
        self.say(f"held for {seconds:.1f} s: {' '.join(sorted(kinds))}")
        return self.held_until

    # ---- what is known of them ---------------------------------------------------------------

    def watch(self):
        """Twice a second: who leads, who has died of itself."""
        while not self.stop.wait(0.5):
            for operator in self.both:
                self.look_after(operator)
            if time.time() < self.held_until or \
                    not any(o.leads and not o.stopped for o in self.both):
                self.idle.append(time.time())

    def look_after(self, operator):
        with operator.lock:
            if operator.process and operator.process.poll() is not None:
                code = operator.kill()
                self.acts["leases lost"] += code == LEASE_LOST
                if code != LEASE_LOST:
                    self.crashes.append(code)
                self.say(f"operator {operator.number} ended by itself: {code}")
                self.start_one(operator)
            operator.scrape()

    def down(self, seconds):
        """For how many of the last seconds nobody worked, or could see."""
        since = time.time() - seconds
        return sum(0.5 for at in list(self.idle) if at > since)

    def began(self, since):
        """Has one begun to work since then?"""
        return any(o.worked_at >= since for o in self.both)

    def may_differ(self):
        """Both at once, without a lease: they see the same at other times, and each reports it."""
        return all(o.leads and not o.stopped for o in self.both)

    # ---- what befalls them -------------------------------------------------------------------

    def trouble(self):
        """Once in a while something happens to one of them, or to both."""
        mortal = [o for o in self.both if o is not self.steady]
        while not self.stop.wait(self.rng.uniform(*self.options.every)):
            some = mortal if self.rng.random() < 0.15 else [self.rng.choice(mortal)]
            if self.rng.random() < 0.5:
                self.kill(some)
            else:
                self.freeze(some)

    def kill(self, some):
        asked = self.rng.random() < 0.3
        for operator in some:
            self.acts["asked to end" if asked else "kills"] += 1
            with operator.lock:
                code = operator.kill(signal.SIGTERM if asked else signal.SIGKILL)
            if asked and code not in (0, LEASE_LOST):
                self.crashes.append(code)
            self.say(f"operator {operator.number} " + ("asked to end" if asked else "killed"))
        if self.rng.random() < 0.8:  # else the other one waits until the lease runs out
            try:
                self.api.delete("leases", "sluice-system", "sluice-controller")
            except ApiError:
                pass
        self.stop.wait(self.rng.uniform(0.2, 3))
        for operator in some:
            with operator.lock:
                if not self.stop.is_set():
                    self.start_one(operator)

    def freeze(self, some):
        for operator in some:
            self.acts["freezes"] += 1
            with operator.lock:
                operator.stopped = True
                operator.process.send_signal(signal.SIGSTOP)
            self.say(f"operator {operator.number} stopped")
        self.stop.wait(self.rng.uniform(1, 5))
        for operator in some:
            with operator.lock:
                if operator.process:
                    operator.process.send_signal(signal.SIGCONT)
                operator.stopped, operator.worked_at = False, time.time()
            self.say(f"operator {operator.number} continued")

    def end(self):
        self.stop.set()
        codes = []
        for operator in self.both:
            with operator.lock:
                codes.append(operator.kill(signal.SIGTERM))
        return codes

    def counted(self):
        out = collections.Counter()
        for operator in self.both:
            for (_, what), value in operator.counts.items():
                out[what] += value
        return out
