# SPDX-License-Identifier: Apache-2.0
"""Seeds of fuzzers that are called .json are read: JSON, and no key twice in an object. Where the
reader refuses a seed, the fuzzer begins with nothing. What is refused on purpose has another
name."""
import json

from common import files, finish

CORPUS = "tests/fuzz/corpus/"


def no_key_twice(pairs):
    keys = [key for key, _ in pairs]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ValueError(f"key \"{twice[0]}\" stands twice in an object")
    return dict(pairs)


def no_constant(word):
    raise ValueError(f"{word} is no JSON")


findings = []
for path in files(".json", under=CORPUS):
    try:
        with open(path, encoding="utf-8") as f:
            json.load(f, object_pairs_hook=no_key_twice, parse_constant=no_constant)
    except ValueError as wrong:
        findings.append(f"{path}: {wrong}")
finish("corpus", findings)
