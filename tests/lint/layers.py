# SPDX-License-Identifier: Apache-2.0
"""A file includes headers of its own layer and of those before it, in CMakeLists.txt's order."""
import os
import re

from common import files, finish, read

ORDER = re.search(r"set\(ALL_LAYERS ([a-z ]+)\)", read("CMakeLists.txt")).group(1).split()
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def layer_of(path):
    parts = path.split("/")
    if parts[0] == "include":
        return parts[2]
    return parts[1] if parts[0] == "src" else "cmd"


def wrong_with(path, target):
    layer = layer_of(path)
    if not target.startswith("sluice/"):
        local = os.path.join(os.path.dirname(path), target)
        return None if os.path.isfile(local) else "not beside it"
    other = target.split("/")[1]
    if other not in ORDER:
        return "no such layer"
    if layer != "cmd" and ORDER.index(other) > ORDER.index(layer):
        return f"{layer} comes before {other}"
    return None


findings = []
for path in files(".c", ".h"):
    if not path.startswith(("src/", "include/sluice/", "cmd/")):
        continue
    if layer_of(path) not in ORDER + ["cmd"]:
        findings.append(f"{path}: no such layer")
        continue
    for target in INCLUDE.findall(read(path)):
        why = wrong_with(path, target)
        if why:
            findings.append(f'{path}: includes "{target}": {why}')
finish("layers", findings)
