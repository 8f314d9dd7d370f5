# SPDX-License-Identifier: Apache-2.0
"""Every place of ours that asks for memory is refused it once, in every unit test.

A place is a path: three callers of our own, the library function that they called, and what in
there allocates. The program must go on, fail a test in good order, or end with "out of memory":
never crash, and never touch memory that is not its own (the build has AddressSanitizer).

Usage: tests/torture/run.py [TEST...]     default: all but those of the simulator, which allocates
                                          by the same arenas millions of times
  --most N   places of each test, evenly drawn (200)
  --jobs N   at a time (2)
"""
import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BUILD = Path(os.environ.get("SLUICE_BUILD", "build/asan"))
ROOT = Path.cwd()
SECONDS = 120
PLAYS = ("cli_simulate_test", "cli_objects_test")  # on the simulator, as those of sim_
# These end the process themselves: one place of each is as good as all.
OUR_OWN = {"xmalloc", "xcalloc", "xrealloc", "xstrdup"}
OPTIONS = {
    "ASAN_OPTIONS": "detect_leaks=0:exitcode=99:handle_segv=2:handle_sigbus=2:handle_sigfpe=2"
                    ":handle_sigill=2",
    "UBSAN_OPTIONS": "halt_on_error=1:exitcode=99",
}


def symbols(offsets):
    """(function, file:line) of each address in the program."""
    program, wanted = offsets
    text = "".join(f"{w}\n" for w in wanted)
    done = subprocess.run(["llvm-symbolizer", "--no-inlines", "--functions=short", "-e",
                           str(program)], input=text, stdout=subprocess.PIPE, text=True, check=True)
    out = []
    for block in done.stdout.strip().split("\n\n"):
        lines = block.splitlines()
        out.append((lines[0], lines[1] if len(lines) > 1 else "?"))
    return dict(zip(wanted, out))


class Place:
    def __init__(self, line):
        words = line.split()
        self.key = words[0]
        self.frames = [w.rsplit("+", 1) for w in words[1:]]

    def own(self):
        # One less: a return address may be the next line's.
        return [hex(int(offset, 16) - 1) for module, offset in self.frames if module == "-"]

    def words(self, names):
        out = []
        for module, offset in self.frames:
            if module == "-":
                function, at = names[hex(int(offset, 16) - 1)]
                out.append(f"{function} ({at.removeprefix(f'{ROOT}/').rsplit(':', 1)[0]})")
            else:
                out.append(Path(module).name.split(".")[0])
        return " < ".join(out)


def environment(**more):
    return {**os.environ, **OPTIONS, **more}


def places_of(program, folder):
    """Those that begin in the product, each of our own allocators once."""
    note = folder / (program.name + ".places")
    subprocess.run([program], env=environment(TORTURE_PLACES=str(note)), timeout=SECONDS * 5,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    places = [Place(line) for line in note.read_text().splitlines()] if note.exists() else []
    names = symbols((program, sorted({o for p in places for o in p.own()}) or ["0x0"]))
    kept, seen = [], set()
    for place in places:
        own = place.own()
        if not own or any("cmocka" in module for module, _ in place.frames):
            continue
        function, at = names[own[0]]
        if not at.startswith((f"{ROOT}/src/", f"{ROOT}/cmd/")) or function in seen:
            continue
        if function in OUR_OWN:
            seen.add(function)
        kept.append((place.key, place.words(names)))
    return kept


def wrong(program, key, ours):
    """None: it took it well; else the words that tell of the crash. `ours`: asked by one of our
    own allocators, whose last words may go where the test has led standard error."""
    try:
        done = subprocess.run([program], env=environment(TORTURE_FAIL=key), timeout=SECONDS,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    except subprocess.TimeoutExpired:
        return "it does not come to an end"
    text = done.stdout.decode(errors="replace")
    if re.search(r"Sanitizer|runtime error:|failed with exception", text) or done.returncode == 99:
        return text
    if done.returncode >= 0 or (done.returncode == -signal.SIGABRT and
                                (ours or re.search("out of memory", text, re.I))):
        return None
    return f"signal {-done.returncode}\n{text}"


def brief(text):
    lines = [line.strip() for line in text.splitlines()]
    telling = re.compile(r"ERROR:|runtime error|exception|Assert|signal|#[0-7] ")
    told = [line for line in lines if telling.search(line)]
    return "\n      ".join((told or lines)[:8])


def torture(program, options, folder):
    places = places_of(program, folder)
    every = len(places)
    if every > options.most:
        places = [places[i * every // options.most] for i in range(options.most)]
    with ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(lambda place: wrong(program, place[0],
                                                    place[1].split()[0] in OUR_OWN), places))
    bad = [(words, key, text) for (key, words), text in zip(places, results) if text]
    print(f"{'FAIL' if bad else 'ok  '}  {program.name}: {len(places)} of {every} places, "
          f"{len(bad)} crash", flush=True)
    for words, key, text in bad:
        print(f"    TORTURE_FAIL={key}  {words}\n      {brief(text)}", flush=True)
    return len(places), len(bad)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tests", nargs="*")
    parser.add_argument("--most", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=int(os.environ.get("JOBS", "2")))
    options = parser.parse_args()
    names = options.tests or sorted(
        p.name for p in (BUILD / "bin").glob("*_test")
        if not p.name.startswith("sim_") and p.name not in PLAYS)
    tried = crashed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            name = name if name.endswith("_test") else name + "_test"
            places, bad = torture(BUILD / "bin" / name, options, Path(folder))
            tried += places
            crashed += bad
    print(f"torture: {len(names)} tests, {tried} places refused memory, {crashed} crashes")
    return crashed > 0 or tried == 0


sys.exit(main())
