# SPDX-License-Identifier: Apache-2.0
"""No file over 600 lines, tests 800; functions over 70 lines are listed, over 120 refused."""
from common import files, finish, read

FILE_LINES_MAX, TEST_LINES_MAX = 600, 800
FUNCTION_LINES_SOFT, FUNCTION_LINES_MAX = 70, 120

findings, lengths = [], []
for path in files(".c", ".h", ".def", ".py", ".sh", ".go"):
    lines = read(path).split("\n")
    most = TEST_LINES_MAX if path.startswith("tests/") else FILE_LINES_MAX
    if len(lines) - 1 > most:
        findings.append(f"{path}: {len(lines) - 1} lines, over {most}")
    if not path.endswith(".c"):
        continue
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start:
            length = number - start - 1
            lengths.append(length)
            if length > FUNCTION_LINES_MAX:
                findings.append(f"{path}:{start}: function of {length} lines")
            elif length > FUNCTION_LINES_SOFT:
                print(f"{path}:{start}: note: function of {length} lines")
            start = None
if lengths:
    lengths.sort()
    print(f"{len(lengths)} functions: median {lengths[len(lengths) // 2]} lines, "
          f"90% within {lengths[len(lengths) * 9 // 10]}, longest {lengths[-1]}")
finish("size", findings)
