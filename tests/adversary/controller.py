# SPDX-License-Identifier: Apache-2.0
"""One controller as a process, and the proxy that it may go through."""
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

KINDS = ("rollouts", "deployments", "replicasets", "pods", "services", "endpointslices",
         "controllerrevisions")
COUNTED = {"misled": "sluice_cache_misled_total", "looks again": "sluice_looks_again_total",
           "barrier looks": "sluice_barrier_looks_total"}
LEASE_LOST = 1  # a leader without its lease ends, and is started anew
BROKEN = 99     # what a sanitizer found
SANITIZERS = {"ASAN_OPTIONS": f"exitcode={BROKEN}:quarantine_size_mb=8:malloc_context_size=12",
              "LSAN_OPTIONS": f"exitcode={BROKEN}", "UBSAN_OPTIONS": "print_stacktrace=1"}
END_S = 20      # a controller that was asked to end has ended by then
HERE = os.path.dirname(os.path.abspath(__file__))


class Way:
    """What a proxy needs to stand between an operator and its API server, in files of `out`."""

    def __init__(self, kubeconfig, out):
        self.out = out
        with open(kubeconfig, encoding="utf-8") as f:
            self.text = f.read()
        self.server = re.search(r"https://([^\s\"]+)", self.text).group(1)
        self.data = re.search(r"certificate-authority-data\"?: \"?([^\s\",]+)",
                              self.text).group(1)
        self.certificate, self.key, self.authority = (
            os.path.join(out, name) for name in ("proxy.crt", "proxy.key", "authority.crt"))
        if not os.path.exists(self.certificate):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                            "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                            "/CN=adversary", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                            self.key, "-out", self.certificate], check=True, capture_output=True)
        with open(self.authority, "wb") as f:
            f.write(base64.b64decode(self.data))

    def kubeconfig(self, name, port):
        """A copy that goes through the proxy at `port`: its file."""
        with open(self.certificate, "rb") as f:
            ours = base64.b64encode(f.read()).decode()
        path = os.path.join(self.out, name + ".kubeconfig")
        with open(path, "w", encoding="utf-8") as f:
            f.write(self.text.replace(self.data, ours).replace(self.server, f"127.0.0.1:{port}"))
        return path


class Operator:
    def __init__(self, number, options, out):
        self.number, self.options, self.out = number, options, out
        self.port, self.proxy_port = 8090 + number, 8095 + number
        self.process = self.proxy = None
        self.stopped = self.leads = False
        self.lock = threading.RLock()  # while it is killed and started it has not died of itself
        self.counts = collections.Counter()
        self.worked_at = 0.0  # when it last began to work: was started, continued, got the lease
        self.log = open(os.path.join(out, f"operator{number}.log"), "ab")

    def start(self, delays, alone):
        """`delays`: seconds by kind, None for a straight connection; `alone`: without a lease."""
        config = self.options.operator_kubeconfig
        if delays is not None:
            config = self.proxied(delays)
        self.process = subprocess.Popen(
            [self.options.controller, "--kubeconfig", config, "--namespace", "sluice-system",
             "--listen", f"127.0.0.1:{self.port}", "--log-level", self.options.log_level,
             f"--leader-elect={'false' if alone else 'true'}"],
            stdout=self.log, stderr=subprocess.STDOUT, env=os.environ | SANITIZERS)
        self.stopped = self.leads = False
        self.worked_at = time.time()

    def proxied(self, delays):
        """The proxy in front of the API server, and a kubeconfig that goes through it."""
        way = Way(self.options.operator_kubeconfig, self.out)
        config = way.kubeconfig(f"operator{self.number}", self.proxy_port)
        self.proxy = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "proxy.py"), str(self.proxy_port),
             way.server, way.certificate, way.key, way.authority]
            + [f"{k}={v}" for k, v in delays.items()],
            stdin=subprocess.PIPE, stdout=self.log, stderr=subprocess.STDOUT)
        await_port(self.proxy_port)
        return config

    def hold(self, kinds, seconds):
        """No news of these kinds for so long; all kinds when there are none."""
        proxy = self.proxy
        try:
            proxy.stdin.write(" ".join([str(seconds), *kinds]).encode() + b"\n")
            proxy.stdin.flush()
        except (AttributeError, OSError):
            return False  # it has no proxy, or is being killed
        return True

    def kill(self, sig=signal.SIGKILL):
        """Its exit code: that of a signal when it did not end in time."""
        self.scrape()
        for process in (self.process, self.proxy):
            if process and process.poll() is None:
                process.send_signal(sig if process is self.process else signal.SIGKILL)
                if self.stopped:
                    process.send_signal(signal.SIGCONT)
                try:
                    process.wait(END_S)
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
        led, self.leads = self.leads, bool(
            re.search(r"^leader_election_master_status\S* 1$", text, re.M))
        if self.leads and not led:
            self.worked_at = time.time()
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
