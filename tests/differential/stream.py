# SPDX-License-Identifier: Apache-2.0
"""One stream of API operations on both servers: until they differ, and then its shortest part."""
import random

import operations
from api import Api  # of ../adversary
from compare import judge

STUCK_MAX = 20
SHRINK_MAX = 150


def clear(side, kinds):
    """Nothing of these kinds is left in the namespace."""
    for kind in kinds:
        path = Api.path(kind, side.ns)
        for _ in range(STUCK_MAX):
            side.server.ask("DELETE", path)
            items = side.server.ask("GET", path)[1].get("items") or []
            for item in items:
                name = item["metadata"]["name"]
                side.server.ask("PATCH", Api.path(kind, side.ns, name),
                                '{"metadata": {"finalizers": null}}', operations.MERGE)
            if not items:
                break
        else:
            raise RuntimeError(f"{path} is not to be emptied: {items}")


def kinds_of(ops):
    return sorted({op["kind"] for op in ops if op["kind"] != "pods"})


class Pair:
    """Both servers, seen from one namespace of each."""

    def __init__(self, real, sim):
        self.sides = (real, sim)
        self.count, self.tally = 0, {}

    def begin(self, kinds, watched):
        for side in self.sides:
            clear(side, kinds)
            side.begin()
            side.start = side.server.ask("GET", Api.path(watched, side.ns))[1][
                "metadata"]["resourceVersion"]

    def step(self, op):
        answers = [side.do(op) for side in self.sides]
        self.count += 1
        return judge(op, *answers, self.tally), answers

    def play(self, ops, watched):
        """(index, differences, answers) of the first operation that differs; None: none does."""
        last = [operations.sentinel(watched),
                {"verb": "WATCH", "kind": watched, "until": operations.SENTINEL}]
        self.begin(sorted(set(kinds_of(ops)) | {watched}), watched)
        for i, op in enumerate(ops + last):
            found, answers = self.step(op)
            if found:
                return i, found, answers
        return None

    def shrink(self, ops, watched, want):
        """The fewest operations, as far as a bounded search finds them, that differ likewise."""
        tries, size = 0, max(len(ops) // 2, 1)
        while size:
            at = 0
            while at < len(ops) and tries < SHRINK_MAX:
                less = ops[:at] + ops[at + size:]
                tries += 1
                if (found := self.play(less, watched)) and same(found, want):
                    ops, want = less[:found[0] + 1], found
                else:
                    at += size
            size //= 2
        return ops, want


def same(found, want):
    return {p for p, _, _ in found[1]} & {p for p, _, _ in want[1]}


def stream(seed, length, kubernetes):
    ops, watched = operations.sequence(random.Random(f"api {seed}"), length)
    return [operations.fit(op, kubernetes) for op in ops], watched
