# SPDX-License-Identifier: Apache-2.0
"""Where two answers differ, and which differences are known, with their reasons."""
import itertools
import re

MISSING = "(not there)"


def differences(real, sim, path=""):
    """Triples (path, real, sim) of leaves."""
    if isinstance(real, dict) and isinstance(sim, dict):
        for key in sorted(real.keys() | sim.keys()):
            yield from differences(real.get(key, MISSING), sim.get(key, MISSING),
                                   f"{path}.{key}" if path else key)
    elif isinstance(real, list) and isinstance(sim, list):
        for i, pair in enumerate(itertools.zip_longest(real, sim, fillvalue=MISSING)):
            yield from differences(*pair, f"{path}[{i}]")
    elif real != sim or isinstance(real, bool) != isinstance(sim, bool):
        yield path, real, sim


# name, pattern of the kind, pattern of the path, test of (op, real, sim) or None, reason
EXPLAINED = (
    ("empty endpoints", "endpointslices", r"endpoints$", lambda op, r, s: r is None and s == [],
     "a patch leaves null or [] for no endpoints, by its type; readers take both"),
    ("raw data", "controllerrevisions", r"", lambda op, r, s:
     op.get("type", "").startswith("application/strategic") and "data" in str(op.get("body")),
     "data of a ControllerRevision has no strategic merge: the real server answers 500"),
    ("status made", "services|leases|events", r"", lambda op, r, s: op.get("sub") == "status" and
     op["verb"] == "PUT", "a PUT of the status of what is not there is checked by the real server "
     "as if it made the object"),
    ("no such part", "rollouts", r"details", lambda op, r, s: op.get("sub") == "nothing",
     "the real server names an object of a definition even where its part is not there"),
    ("other kind", "rollouts", r"", lambda op, r, s: op["verb"] == "POST" and
     op.get("body", {}).get("kind") != "Rollout",
     "a body of another kind is 422 for kinds of a definition, 400 here as for all others"),
    ("unknown", ".*", r"noSuch", None,
     "what no schema names is kept for built-in kinds: there are no schemas of them here"),
)


def explanation(op, path, real, sim):
    for name, kind, where, test, _ in EXPLAINED:
        if re.fullmatch(kind, op["kind"]) and re.search(where, path) and \
                (test is None or test(op, real, sim)):
            return name
    return None


def judge(op, real, sim, tally):
    """The differences that nothing explains; those that are explained are counted."""
    out = []
    for path, r, s in differences(real, sim):
        name = explanation(op, path, r, s)
        if name:
            tally[name] = tally.get(name, 0) + 1
        else:
            out.append((path, r, s))
    return out
