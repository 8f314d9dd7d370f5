# SPDX-License-Identifier: Apache-2.0
"""The simulated cluster and a real one, asked the same; see README.md."""
import argparse
import http.client
import json
import multiprocessing
import os
import re
import signal
import sys
import time

import histories
import stream
import teller
from side import Side

TOLD_MAX = 5  # differences of one kind: they may have more causes than one


def arguments():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--real", required=True, help="kubeconfig of the real cluster")
    p.add_argument("--sim", required=True, help="kubeconfig of the simulated one")
    p.add_argument("--seed", type=int, default=1, help="of the first stream")
    p.add_argument("--streams", type=int, default=100, help="of API operations, or histories")
    p.add_argument("--length", type=int, default=60, help="operations in a stream")
    p.add_argument("--jobs", type=int, default=4)
    p.add_argument("--seconds", type=float, default=0, help="no stream begins later; 0: no limit")
    p.add_argument("--differences", type=int, default=10, help="the run ends after so many")
    p.add_argument("--histories", action="store_true", help="of Deployments, instead")
    p.add_argument("--told", action="store_true", help="histories of Deployments without pods")
    p.add_argument("--kubernetes", default="v1.36", help="minor of the real cluster")
    p.add_argument("--no-shrink", action="store_true")
    p.add_argument("--out", default="-", help="where the numbers go, as JSON")
    return p.parse_args()


def told(seed, ops, watched, found):
    index, differing, answers = found
    lines = [f"DIFFERENCE  --seed {seed} --streams 1 (watched: {watched})"]
    lines += ["  " + json.dumps(op, sort_keys=True) for op in ops[:index + 1]]
    lines += [f"  {p}: real {json.dumps(r)[:300]}, simulated {json.dumps(s)[:300]}"
              for p, r, s in differing[:12]]
    return "\n".join(lines)


def signature(op, found):
    path = re.sub(r"\[\d+\]", "[]", found[1][0][0])
    return f"{op['verb']} {op['kind']} {op.get('sub', '')} {op.get('type', '')[12:18]} {path}"


def one_stream(pair, seed, a):
    ops, watched = stream.stream(seed, a.length, a.kubernetes)
    found = pair.play(ops, watched)
    if not found:
        return None
    ops = ops[:found[0] + 1]
    if not a.no_shrink:
        ops, found = pair.shrink(ops, watched, found)
    last = ops[found[0]] if found[0] < len(ops) else {"verb": "WATCH", "kind": watched}
    return signature(last, found), told(seed, ops, watched, found)


def namespace(server, name):
    server.ask("POST", "/api/v1/namespaces", json.dumps({"metadata": {"name": name}}))
    # Its own finalizer would wait for a controller: nothing in it needs one.
    return name


def worked(pair, seed, a):
    try:
        if a.histories:
            return histories.history(pair.sides, seed, not a.no_shrink)
        if a.told:
            return teller.history(pair.sides, seed, not a.no_shrink)
        return one_stream(pair, seed, a)
    except (OSError, http.client.HTTPException) as e:
        return "no answer", f"DIFFERENCE  --seed {seed} --streams 1: {e!r}"


def work(number, seeds, results, a):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    name = f"differential-{os.getpid()}-{number}"
    sides = [Side(config, name) for config in (a.real, a.sim)]
    for side in sides:
        namespace(side.server, name)
    pair, found = stream.Pair(*sides), None
    while (seed := seeds.get()) is not None:
        # Without a server there is nothing to compare: what is left is only taken.
        if found and found[0] == "no answer":
            continue
        found = worked(pair, seed, a)
        if found and found[0] == histories.ONCE:
            print(found[1], flush=True)
            pair.tally[histories.ONCE], found = 1, None
        results.put((seed, found, pair.count, dict(pair.tally)))
        pair.count, pair.tally = 0, {}
    results.put(None)


def feed(seeds, a, stop):
    end = time.monotonic() + a.seconds
    for seed in range(a.seed, a.seed + a.streams):
        if stop.is_set() or a.seconds and time.monotonic() > end:
            break
        seeds.put(seed)
    for _ in range(a.jobs):
        seeds.put(None)


def run(a):
    seeds, results = multiprocessing.Queue(2 * a.jobs), multiprocessing.Queue()
    stop = multiprocessing.Event()
    feeder = multiprocessing.Process(target=feed, args=(seeds, a, stop))
    workers = [multiprocessing.Process(target=work, args=(n, seeds, results, a))
               for n in range(a.jobs)]
    for p in [feeder] + workers:
        p.start()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())  # what has begun is played to its end
    total = {"operations": 0, "streams": 0, "differences": 0, "explained": {}, "signatures": {}}
    left = a.jobs
    while left:
        got = results.get()
        if got is None:
            left -= 1
            continue
        add(total, got)
        if total["differences"] >= a.differences:
            stop.set()
    for p in [feeder] + workers:
        p.join()
    return total


def add(total, got):
    _, found, count, tally = got
    total["streams"] += 1
    total["operations"] += count
    for name, n in tally.items():
        total["explained"][name] = total["explained"].get(name, 0) + n
    if found:
        total["differences"] += 1
        n = total["signatures"].get(found[0], 0)
        total["signatures"][found[0]] = n + 1
        if n < TOLD_MAX:
            print(found[0] + "\n" + found[1], flush=True)


def main():
    a = arguments()
    begin = time.monotonic()
    total = run(a)
    total["seconds"] = round(time.monotonic() - begin, 1)
    text = json.dumps(total, indent=1)
    if a.out == "-":
        print(text)
    else:
        with open(a.out, "w", encoding="utf-8") as f:
            f.write(text + "\n")
    return 1 if total["differences"] else 0


if __name__ == "__main__":
    sys.exit(main())
