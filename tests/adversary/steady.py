# SPDX-License-Identifier: Apache-2.0
"""What an operator costs that works from the beginning to the end of a run: resident memory, open
descriptors. And what sanitizers wrote into the operators' logs."""
import glob
import os
import re
import threading
import time

FIRST_S = 300  # till then it gets what it needs; with sanitizers also what they keep of the freed
SETTLE_S = 15  # the connections of its first lists are closed once their number stood so long
END_S = 150    # and those that idle at the end by then
MOST = 1.25    # times the memory of then
REPORT = re.compile(rb"ERROR: \w+Sanitizer|runtime error: |SUMMARY: \w+Sanitizer")


def resident(pid):
    """In MiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"VmRSS:\s+(\d+) kB", f.read()).group(1)) / 1024


def descriptors(pid):
    """The least within a second: we ask for its metrics ourselves, now and then."""
    least = []
    for _ in range(10):
        least.append(len(os.listdir(f"/proc/{pid}/fd")))
        time.sleep(0.1)
    return min(least)


class Steady:
    def __init__(self, operators):
        self.operators, self.operator = operators, operators.steady
        self.pid, self.began = None, 0.0
        self.descriptors = self.first = self.peak = 0

    def begin(self):
        """Before there is a Rollout: it works, and has nothing to do."""
        while not self.operator.leads:
            self.operators.stop.wait(0.1)
        self.pid = self.operator.process.pid
        self.descriptors, since = descriptors(self.pid), time.monotonic()
        while time.monotonic() - since < SETTLE_S:
            now = descriptors(self.pid)
            if now != self.descriptors:
                self.descriptors, since = now, time.monotonic()
        self.began = time.monotonic()
        threading.Thread(target=self.watch, daemon=True, name="steady").start()

    def watch(self):
        while not self.operators.stop.wait(5):
            now = resident(self.pid)
            if time.monotonic() - self.began < FIRST_S:
                self.first = now
            self.peak = max(self.peak, now)

    def wrong(self):
        """Told when all is over, and all lanes are gone; True if it cost more than it may."""
        if self.operator.process is None or self.operator.process.pid != self.pid:
            print("the steady operator ended by itself")
            return True
        end = time.monotonic() + END_S
        while descriptors(self.pid) > self.descriptors and time.monotonic() < end:
            pass
        open_now, memory = descriptors(self.pid), resident(self.pid)
        self.first = self.first or memory  # it was a very short run
        print(f"the steady operator: {time.monotonic() - self.began:.0f} s, descriptors "
              f"{self.descriptors} at the beginning, {open_now} at the end; resident "
              f"{self.first:.1f} MiB after {FIRST_S} s, {memory:.1f} MiB at the end "
              f"({memory / self.first:.2f} times), at most {self.peak:.1f} MiB")
        return open_now > self.descriptors or memory > MOST * self.first


def sanitizer_reports(out):
    """Lines of the operators' logs in which a sanitizer speaks."""
    found = []
    for path in sorted(glob.glob(os.path.join(out, "operator?.log"))):
        with open(path, "rb") as f:
            found += [line.decode(errors="replace").strip() for line in f if REPORT.search(line)]
    return found
