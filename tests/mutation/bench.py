# SPDX-License-Identifier: Apache-2.0
"""One file's edits, built once into each test program that may notice them, and run one by one."""
import json
import os
import re
import resource
import shlex
import signal
import subprocess
import threading
import time
from pathlib import Path

from weave import Weaver

BUILD = Path(os.environ.get("SLUICE_BUILD", "build/sim"))
LAYERS = ("cli", "ctl", "kube", "net", "sim", "plan", "metric", "route", "model", "json", "base")
PACKAGES = ("libcurl", "libevent_core", "libevent_extra", "libevent_openssl", "openssl",
            "libcrypto", "libcjson", "yaml-0.1", "cmocka")
MEMORY_BYTES = 2 << 30
LEAKY = ".leaks"
SERVED = "served_"  # a test of tests/served/served_test.sh, on programs with the edits in them
EXECUTABLES = ("sluice-controller", "sluice")
CLUSTER = "sluice-sim"  # as it is
HERE = Path(__file__).parent


def say(words, **more):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **more)


def compile_words(source):
    """How the build compiles `source`: the command without launcher, input and output."""
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        if entry["file"].endswith("/" + source):
            words = shlex.split(entry["command"])
            first = next(i for i, w in enumerate(words) if Path(w).name in ("gcc", "clang", "cc"))
            at = words.index("-o")
            words = words[first:at] + words[at + 2:]
            return [w for w in words if w != "-c" and not w.endswith(source)]
    raise SystemExit(f"{source}: not in {BUILD}/compile_commands.json")


def wrapped(name):
    """What the test stands in for, itself or by a header beside it; as tests/CMakeLists.txt."""
    source = Path(f"tests/unit/{name}.c")
    text = source.read_text() if source.exists() else ""
    beside = [source.parent / h for h in re.findall(r'^#include "([a-z_]+\.h)"', text, re.M)]
    text += "".join(header.read_text() for header in beside if header.exists())
    return re.findall(r"^__typeof__.* __wrap_([A-Za-z0-9_]+);", text, re.M)


class Program:
    """A test with the edits in what it runs; `reached` by its undisturbed run, in any process."""

    def __init__(self, name, words, where):
        self.name, self.words = name, words
        self.reached, self.wall_s, self.cpu_s = b"", 0.0, 0.0
        self.env = {**os.environ, "SIM_EXPECTED": str(where / "expected"), "SIM_SEEDS": "1",
                    "SIM_STALE": "1", "SLUICE_BIN": str(where), "TMPDIR": str(where)}

    def limits(self):
        os.setpgid(0, 0)
        cpu = int(self.cpu_s * 4 + 3)
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
        if not self.name.endswith(LEAKY) and not self.name.startswith(SERVED):
            # The sanitizer reserves terabytes, and a program in Go much.
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def undisturbed(self, where):
        note = where / f"{self.name}.reached"
        env = {**self.env, "MUTANT_REACHED": str(note)}
        begin, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        done = say(self.words, env=env)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.wall_s = time.monotonic() - begin
        self.cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.reached = note.read_bytes() if done.returncode == 0 and note.exists() else b""
        return done.returncode == 0

    def notices(self, number):
        """The first test that fails ends it; what does not end in time is noticed, too."""
        child = subprocess.Popen(self.words, env={**self.env, "MUTANT": str(number)},
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 stdin=subprocess.DEVNULL, preexec_fn=self.limits)
        late = threading.Timer(self.wall_s * 6 + 30, kill_group, [child.pid])
        late.start()
        with child.stdout as lines:
            failed = any(b"[  FAILED  ]" in line for line in lines)
        late.cancel()
        if failed:
            kill_group(child.pid)
        return child.wait() != 0


def kill_group(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it ended just now


class Bench:
    def __init__(self, source, where):
        self.source, self.where = source, where
        self.words = compile_words(source)
        self.leaky = []  # the same programs under LeakSanitizer
        flags = [w for w in self.words[1:] if w.startswith(("-I", "-D", "-std"))]
        self.flags = [*flags, "-I" + str(Path(source).parent)]
        weaver = Weaver(source, self.flags)
        weaver.woven()
        self.mutants = weaver.mutants
        self.programs = []

    def object_with(self, numbers):
        text = Weaver(self.source, self.flags, numbers).woven()
        woven = self.where / Path(self.source).name
        woven.write_text(text)
        out = woven.with_suffix(".o")
        done = say([*self.words, "-w", "-O1", "-I", str(Path(self.source).parent), "-c",
                    str(woven), "-o", str(out)])
        return out if done.returncode == 0 else None

    def unbuildable(self, numbers):
        """Those that do not compile, found by halves."""
        if not numbers or self.object_with(set(numbers)):
            return []
        if len(numbers) == 1:
            return list(numbers)
        half = len(numbers) // 2
        return self.unbuildable(numbers[:half]) + self.unbuildable(numbers[half:])

    def build(self, names):
        """Links the programs `names`; only mutants that compile are left."""
        bad = set(self.unbuildable([m.number for m in self.mutants]))
        self.mutants = [m for m in self.mutants if m.number not in bad]
        made = self.object_with({m.number for m in self.mutants})
        switch = self.where / "switch.o"
        say(["gcc", "-O1", "-c", str(HERE / "switch.c"), "-o", str(switch)])
        self.programs = self.linked(names, [str(made), str(switch)])
        if self.source.startswith("src/ctl/"):  # the planner frees nothing
            units = [n for n in names if not n.startswith(SERVED)]
            self.leaky = self.linked(units, [str(made), str(switch)], LEAKY)

    def linked(self, names, objects, kind=""):
        """Those that pass without an edit, quick ones first."""
        programs = [self.link(name, objects, kind) for name in names]
        for program in [p for p in programs if not p.undisturbed(self.where)]:
            print(f"{program.name} fails without any edit: left out", flush=True)
            programs.remove(program)
        return sorted(programs, key=lambda p: p.wall_s)

    def link(self, name, objects, kind):
        if name.startswith(SERVED):
            for executable in EXECUTABLES:
                folder = BUILD / "CMakeFiles" / f"{executable}.dir" / "cmd" / executable
                self.link_one([str(folder / "main.c.o"), *objects], executable)
            if not (self.where / CLUSTER).exists():
                (self.where / CLUSTER).symlink_to((BUILD / "bin" / CLUSTER).resolve())
            test = name.replace(SERVED, "test_", 1)
            return Program(name, ["tests/served/served_test.sh", test], self.where)
        if name == "sim_play":
            test = [str(BUILD / "tests" / "libsim_play.a")]
        else:
            folder = BUILD / "tests" / "CMakeFiles" / f"{name}.dir" / "unit"
            test = [str(folder / f"{name}.c.o")]
        words = [*test, *(f"-Wl,--wrap={f}" for f in wrapped(name)), *objects,
                 str(BUILD / "tests" / "libunit_lib.a"), *(["-fsanitize=leak"] if kind else [])]
        return Program(name + kind, [self.link_one(words, name + kind)], self.where)

    def link_one(self, words, name):
        out = str(self.where / name)
        libs = [str(BUILD / f"libsluice_{layer}.a") for layer in LAYERS]
        packages = shlex.split(say(["pkg-config", "--libs", *PACKAGES]).stdout)
        done = say(["gcc", *words, *libs, *packages, "-lm", "-o", out])
        if done.returncode:
            raise SystemExit(f"{name}: {done.stdout[-1500:]}")
        return out

    def try_one(self, mutant):
        """The name of the program that noticed; "" none; None: none comes by it. What all of them
        pass is run once more for what it leaks, as the asan build of CI does."""
        programs = [p for p in [*self.programs, *self.leaky] if p.reached[mutant.number]]
        if not programs:
            return None
        return next((p.name for p in programs if p.notices(mutant.number)), "")
