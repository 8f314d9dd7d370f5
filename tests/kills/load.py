# SPDX-License-Identifier: Apache-2.0
"""Steady requests to a Service, each on a connection of its own, and what became of them."""
import http.client
import json
import os
import signal
import subprocess
import time

RATE = "100"
ANSWERS_S = 30


class Load:
    def __init__(self, address, report):
        self.report = report
        await_answer(address)
        self.process = subprocess.Popen(
            ["load", "--rate", RATE, "--connections", "new", "--report", report,
             f"http://{address}/"], stdout=subprocess.DEVNULL)

    def end(self):
        """(sent, lost): an answer of 500 or more is lost as well."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(ANSWERS_S)
        if not os.path.exists(self.report):
            raise RuntimeError("no report of the load")
        with open(self.report, encoding="utf-8") as f:
            told = json.load(f)
        return told["sent"], told["lost"] + told["errors"]


def await_answer(address):
    end = time.monotonic() + ANSWERS_S
    while True:
        try:
            connection = http.client.HTTPConnection(address, timeout=1)
            connection.request("GET", "/")
            if connection.getresponse().status == 200:
                return
        except OSError:
            if time.monotonic() > end:
                raise
        time.sleep(0.1)
