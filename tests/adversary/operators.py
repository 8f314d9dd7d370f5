# SPDX-License-Identifier: Apache-2.0
"""Two controllers as processes: killed, stopped for seconds, with caches that lag, and at times
both active at once (each without a lease)."""
import base64
import collections
import http.client
import os
import re
import signal
import subprocess
import sys
import threading
import time

from api import ApiError

KINDS = ("rollouts", "deployments", "replicasets", "pods", "services", "endpointslices",
         "controllerrevisions")
COUNTED = {"misled": "sluice_cache_misled_total", "looks again": "sluice_looks_again_total",
           "barrier looks": "sluice_barrier_looks_total"}
LEASE_LOST = 1  # a leader without its lease ends, and is started anew
HERE = os.path.dirname(os.path.abspath(__file__))


class Operator:
    """One of the two, and the proxy that it may go through."""

    def __init__(self, number, options, out):
        self.number, self.options, self.out = number, options, out
        self.port, self.proxy_port = 8090 + number, 8095 + number
        self.process = self.proxy = None
        self.stopped = self.leads = False
        self.lock = threading.RLock()  # while it is killed and started it has not died of itself
        self.counts = collections.Counter()
        self.log = open(os.path.join(out, f"operator{number}.log"), "ab")

    def start(self, delays, alone):
        """`delays`: seconds by kind, none for a straight connection; `alone`: without a lease."""
        config = self.options.operator_kubeconfig
        if delays:
            config = self.proxied(delays)
        self.process = subprocess.Popen(
            [self.options.controller, "--kubeconfig", config, "--namespace", "sluice-system",
             "--listen", f"127.0.0.1:{self.port}", "--log-level", self.options.log_level,
             f"--leader-elect={'false' if alone else 'true'}"],
            stdout=self.log, stderr=subprocess.STDOUT)
        self.stopped = self.leads = False

    def proxied(self, delays):
        """The proxy in front of the API server, and a kubeconfig that goes through it."""
        certificate, key = (os.path.join(self.out, "proxy." + end) for end in ("crt", "key"))
        if not os.path.exists(certificate):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                            "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                            "/CN=adversary", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                            key, "-out", certificate], check=True, capture_output=True)
        with open(self.options.operator_kubeconfig, encoding="utf-8") as f:
            text = f.read()
        server = re.search(r"https://([^\s\"]+)", text).group(1)
        config = os.path.join(self.out, f"operator{self.number}.kubeconfig")
        authority = os.path.join(self.out, "authority.crt")
        data = re.search(r"certificate-authority-data\"?: \"?([^\s\",]+)", text).group(1)
        with open(authority, "wb") as f:
            f.write(base64.b64decode(data))
        with open(certificate, "rb") as f:
            ours = base64.b64encode(f.read()).decode()
        with open(config, "w", encoding="utf-8") as f:
            f.write(text.replace(data, ours).replace(server, f"127.0.0.1:{self.proxy_port}"))
        self.proxy = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "proxy.py"), str(self.proxy_port), server,
             certificate, key, authority] + [f"{k}={v}" for k, v in delays.items()],
            stdout=self.log, stderr=subprocess.STDOUT)
        await_port(self.proxy_port)
        return config

    def kill(self, sig=signal.SIGKILL):
        self.scrape()
        for process in (self.process, self.proxy):
            if process and process.poll() is None:
                process.send_signal(sig if process is self.process else signal.SIGKILL)
                if self.stopped:
                    process.send_signal(signal.SIGCONT)
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        code = self.process.returncode if self.process else None
        self.process = self.proxy = None
        self.leads = False
        return code

    def scrape(self):
        """Does it lead? And what it counted since it was started."""
        if not self.process or self.stopped:
            return
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
            connection.close()
        except (OSError, http.client.HTTPException):
            self.leads = False
            return
        self.leads = bool(re.search(r"^leader_election_master_status\S* 1$", text, re.M))
        now = {k: value_of(text, name) for k, name in COUNTED.items()}
        now["conflicts"] = value_of(text, 'sluice_write_failures_total{kind="conflict"}')
        for what, value in now.items():
            self.counts[(self.process.pid, what)] = int(value)


def value_of(text, name):
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.M)
    return float(found.group(1)) if found else 0


def await_port(port):
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            http.client.HTTPConnection("127.0.0.1", port, timeout=1).connect()
            return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(f"nothing listens at port {port}")


class Operators:
    """Both of them, what befalls them, and for how long nobody worked."""

    def __init__(self, api, options, rng, out):
        self.api, self.options, self.rng = api, options, rng
        self.both = [Operator(i, options, out) for i in (1, 2)]
        self.acts, self.crashes = collections.Counter(), []
        self.idle = collections.deque(maxlen=4000)  # moments at which nobody worked
        self.stop = threading.Event()
        self.say = lambda text: None

    def start(self):
        for operator in self.both:
            self.start_one(operator)
        threading.Thread(target=self.watch, daemon=True, name="operators").start()

    def start_one(self, operator):
        stale = self.rng.random() < self.options.stale
        delays = {kind: round(self.rng.uniform(0.5, 5), 1) for kind in KINDS
                  if self.rng.random() < 0.6} if stale else {}
        alone = self.rng.random() < self.options.alone
        operator.start(delays, alone)
        self.acts["stale starts"] += bool(delays)
        self.acts["starts without a lease"] += alone
        self.say(f"operator {operator.number} started, delays {delays or 'none'}"
                 + (", no lease" if alone else ""))

    def watch(self):
        """Twice a second: who leads, who has died of itself."""
        while not self.stop.wait(0.5):
            for operator in self.both:
                self.look_after(operator)
            if not any(o.leads and not o.stopped for o in self.both):
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
        """For how many of the last seconds nobody worked."""
        since = time.time() - seconds
        return sum(0.5 for at in list(self.idle) if at > since)

    def trouble(self):
        """Once in a while something happens to one of them, or to both."""
        while not self.stop.wait(self.rng.uniform(*self.options.every)):
            some = self.both if self.rng.random() < 0.15 else [self.rng.choice(self.both)]
            if self.rng.random() < 0.5:
                self.kill(some)
            else:
                self.freeze(some)

    def kill(self, some):
        for operator in some:
            self.acts["kills"] += 1
            with operator.lock:
                operator.kill()
            self.say(f"operator {operator.number} killed")
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
                operator.stopped = False
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
