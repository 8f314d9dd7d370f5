#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Do the tests notice small edits of the code? Prints how many of them, and those they do not.

Usage: tests/mutation/run.py [FILE...]    default: all of src/plan and src/ctl
  --draw N       only N edits of all, by chance
  --seed S       of that chance (1)
  --mutants N,N  only these, of one file
  --tests T,T    only by these tests, also of other layers; served_NAME is a test of tests/served,
                 whose programs are then built with the edits in them
  --jobs N       tests at a time (2); those of the operator mostly wait: there three times as many
  --quiet        figures alone
Edits: < <= > >= == != && || + - turned, conditions and results negated, numbers one more or less,
statements dropped. One build a file holds them all behind a switch (weave.py); an edit is run by
the tests that come by it, until one fails. What does not end counts as noticed, and
what leaks in the operator.
"""
import argparse
import os
import random
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from bench import BUILD, CLUSTER, EXECUTABLES, SERVED, Bench  # noqa: E402

# Which tests are meant to notice, quick ones first.
TESTS = {
    "plan": ("plan_facts_test", "sim_attach_test", "sim_attach_fine_test", "sim_command_test",
             "sim_service_test", "sim_worlds_test", "sim_ends_test", "sim_finish_test",
             "sim_return_test", "sim_closing_test",
             "sim_step_test", "sim_step_waits_test", "sim_told_test", "sim_pass_test",
             "sim_flight_test", "sim_facts_test", "sim_rest_test", "sim_plan_test",
             "sim_borrow_test", "sim_capacity_test", "sim_capacity_extras_test",
             "sim_traffic_test", "sim_routes_test", "sim_pins_test", "sim_pinned_test",
             "sim_report_test", "sim_columns_test", "sim_edit_test", "sim_turns_test",
             "sim_record_test", "sim_acts_test",
             "sim_asks_test", "sim_answers_test",
             "sim_hands_test", "sim_outgrown_test", "sim_pods_test", "sim_ended_test",
             "sim_gates_test", "sim_guards_test", "cli_plan_test", "cli_get_test",
             "sim_paused_test", "sim_release_test", "sim_two_test", "sim_families_test",
             "sim_stories_test", "sim_mishap_test", "sim_play"),
    "ctl": ("ctl_next_test", "ctl_send_test", "ctl_send_failed_test", "ctl_turn_test",
            "ctl_turn_waits_test", "ctl_store_test"),
}


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="*")
    parser.add_argument("--draw", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mutants")
    parser.add_argument("--tests")
    parser.add_argument("--jobs", type=int, default=int(os.environ.get("JOBS", "2")))
    parser.add_argument("--quiet", action="store_true")
    return parser.parse_args()


def layer_of(source):
    return Path(source).parent.name


def tests_of(source, options):
    """Those of the list, and any other of the layer; gates have their own, which take long."""
    if options.tests:
        return options.tests.split(",")
    layer = layer_of(source).replace("sluice", "cli")  # of cmd/sluice
    listed = TESTS.get(layer, ())
    more = sorted(p.stem for p in Path("tests/unit").glob(f"{layer}_*_test.c"))
    every = [*listed, *(t for t in more if t not in listed)]
    gates = Path(source).stem.startswith("gate")
    return [t for t in every if gates or "_gate_" not in t]


def make(names):
    targets = [n for n in names if not n.startswith(SERVED)]
    if targets != names:
        targets += [*EXECUTABLES, CLUSTER]
    done = subprocess.run(["cmake", "--build", str(BUILD), "--target", "unit_lib", "sluice_cli",
                           "sim_play_program", *targets], stdout=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode:
        sys.exit(done.stdout[-3000:])


def chosen(options, benches):
    """{source: numbers}."""
    if options.mutants:
        return {benches[0].source: {int(n) for n in options.mutants.split(",")}}
    every = [(b.source, m.number) for b in benches for m in b.mutants]
    if options.draw and options.draw < len(every):
        every = random.Random(options.seed).sample(every, options.draw)
    return {b.source: {n for s, n in every if s == b.source} for b in benches}


def judge(bench, numbers, options):
    """(killed, tried, never reached) of one file."""
    layer = layer_of(bench.source)
    jobs = options.jobs
    bench.build(tests_of(bench.source, options))
    mutants = [m for m in bench.mutants if m.number in numbers]
    with ThreadPoolExecutor(jobs * 3 if layer == "ctl" else jobs) as pool:
        results = list(pool.map(bench.try_one, mutants))
    killed = sum(bool(r) for r in results)
    unreached = sum(r is None for r in results)
    percent = 100 * killed / len(mutants) if mutants else 100.0
    print(f"{bench.source}: {killed}/{len(mutants)} killed, {percent:.1f} %, "
          f"{unreached} never reached", flush=True)
    for mutant, result in zip(mutants, results):
        if not result and not options.quiet:
            print(f"  {'-' if result is None else '*'} #{mutant.number} "
                  f"{Path(bench.source).name}:{mutant}", flush=True)
    return killed, len(mutants), unreached


def main():
    options = arguments()
    sources = options.files or sorted(str(p) for d in TESTS for p in Path("src", d).glob("*.c"))
    make(sorted({t for s in sources for t in tests_of(s, options)}))
    sums = {}
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        subprocess.run([str(BUILD / "bin" / "sim_play")], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "SIM_EXPECTED_WRITE": str(where / "expected")})
        benches = [Bench(source, where) for source in sources]
        picked = chosen(options, benches)
        for bench in benches:
            if picked[bench.source]:
                counts = judge(bench, picked[bench.source], options)
                of = sums.setdefault(layer_of(bench.source), [0, 0, 0])
                for i, n in enumerate(counts):
                    of[i] += n
    for layer, (killed, tried, unreached) in sums.items():
        print(f"mutation: src/{layer} {killed}/{tried} killed, {100 * killed / tried:.1f} %, "
              f"{unreached} never reached, seed {options.seed}")


main()
