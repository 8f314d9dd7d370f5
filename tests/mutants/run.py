#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Builds each planted fault of table.py and lets the simulated cluster look for it.

Usage: tests/mutants/run.py [NAME...]     (SLUICE_BUILD: the build to take objects from, build/dev)
  SIM_PART=i/n   only every n-th planted fault, from the i-th on
  SIM_TALLY      file that counts are added to
Ends with "KILLED/PLANTED planted faults killed"; fails when one cannot be planted, or survives and
is not of those that only a real cluster finds (BEYOND).
"""
import json
import os
import re
import resource
import shlex
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from table import BEYOND, PLANTED  # noqa: E402

BUILD = Path(os.environ.get("SLUICE_BUILD", "build/dev"))
LAYERS = ("sim", "plan", "metric", "route", "model", "json", "base")
PACKAGES = ("libcjson", "yaml-0.1", "libcrypto", "cmocka")
SURVIVES = "survives"
PLAY_CPU_SECONDS = 300  # of the processor: others may want it too


def compile_flags(source):
    """How the build compiles `source`: the command without its input, output and launcher."""
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        if entry["file"].endswith("/" + source):
            words = shlex.split(entry["command"])
            words = words[next(i for i, w in enumerate(words) if re.search(r"(gcc|clang|cc)$", w)):]
            at = words.index("-o")
            return [w for w in words[:at] + words[at + 2:] if w != "-c" and not w.endswith(source)]
    sys.exit(f"{source}: not in {BUILD}/compile_commands.json")


def planted_source(edits):
    """The files of a planted fault with its edits in them; None: one does not fit."""
    texts = {}
    for path, there, instead in edits:
        text = texts.get(path) or Path(path).read_text()
        if text.count(there) != 1:
            return None, f"{path}: stands there {text.count(there)} times: {there.strip()[:60]}"
        texts[path] = text.replace(there, instead)
    return texts, None


def run(words, **more):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          **more)


def build(name, edits, where):
    texts, wrong = planted_source(edits)
    if wrong:
        return None, wrong
    objects = []
    for path, text in texts.items():
        source = where / f"{name}-{Path(path).name}"
        source.write_text(text)
        flags = compile_flags(path)
        out = source.with_suffix(".o")
        near = ["-w", "-I", str(Path(path).parent)]
        done = run(flags + near + ["-c", str(source), "-o", str(out)])
        if done.returncode:
            return None, done.stdout[-600:]
        objects.append(str(out))
    program = where / name
    libs = [str(BUILD / f"libsluice_{layer}.a") for layer in LAYERS]
    others = shlex.split(run(["pkg-config", "--libs", *PACKAGES]).stdout)
    done = run(flags + [str(BUILD / "tests" / "libsim_play.a"), *objects, *libs, *others,
                        "-lm", "-o", str(program)])
    return (program, None) if done.returncode == 0 else (None, done.stdout[-600:])


def bounded():
    resource.setrlimit(resource.RLIMIT_CPU, (PLAY_CPU_SECONDS, PLAY_CPU_SECONDS + 1))


def play(program, expected):
    """What the cluster found: one line, or None."""
    done = run([str(program)], env={**os.environ, "SIM_EXPECTED": expected}, preexec_fn=bounded)
    if done.returncode == -signal.SIGXCPU:
        return "it does not come to an end"
    if done.returncode == 0:
        return None
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    if done.returncode < 0 or "Sanitizer" in done.stdout:
        return "it breaks down: " + (lines[0] if lines else str(done.returncode))
    return lines[-1] if lines else "it fails"


def try_one(name, edits, where, expected):
    program, wrong = build(name, edits, where)
    if wrong:
        return name, False, "cannot be planted: " + wrong
    found = play(program, expected)
    program.unlink()
    return name, found is not None, found or SURVIVES


def chosen():
    part = os.environ.get("SIM_PART", "")
    rows = [row for row in PLANTED if not sys.argv[1:] or row[0] in sys.argv[1:]]
    if "/" in part:
        first, step = (int(n) for n in part.split("/"))
        rows = rows[:3] + rows[3 + first::step]
    return rows


def all_fit():
    """Every text stands in its file once, whatever is chosen: else nothing is planted by it."""
    for name, edits in PLANTED:
        _, wrong = planted_source(edits)
        if wrong:
            sys.exit(f"{name} cannot be planted: {wrong}")


def tally(killed, planted):
    path = os.environ.get("SIM_TALLY")
    if path:
        with open(path, "a", encoding="utf-8") as out:
            out.write(f"killed {killed}\nplanted {planted}\n")


def main():
    all_fit()
    rows = chosen()
    killed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        expected = str(where / "expected")
        done = run([str(BUILD / "bin" / "sim_play")],
                   env={**os.environ, "SIM_EXPECTED_WRITE": expected})
        if done.returncode:
            sys.exit(f"nothing is planted, and still: {done.stdout}")
        false_alarm = play(BUILD / "bin" / "sim_play", expected)
        if false_alarm:
            sys.exit(f"nothing is planted, and still: {false_alarm}")
        with ThreadPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
            tries = pool.map(lambda row: try_one(*row, where, expected), rows)
            for name, dead, words in tries:
                killed += dead
                beyond = words == SURVIVES and BEYOND.get(name)
                failed += not dead and not beyond
                words = f"{words}; found by {beyond}" if beyond else words[:200]
                print(f"{'killed' if dead else 'ALIVE '}  {name}: {words}", flush=True)
    tally(killed, len(rows))
    print(f"{killed}/{len(rows)} planted faults killed")
    return failed != 0


sys.exit(main())
