# SPDX-License-Identifier: Apache-2.0
"""Plain habits of text: width, blanks, licence heads, and nothing that names one machine."""
import os
import re

from common import files, finish, read

WIDE, SHELL_WIDE = 100, 120
CODE = (".c", ".h", ".def", ".py", ".sh", ".cmake", "CMakeLists.txt", "Makefile")
BINARY = (".png", ".ico", ".gz", ".tgz", ".zip", ".woff2", ".der", ".p12")
# Written in pieces, so that this file passes its own check.
PLACES = re.compile("|".join([
    r"(?<![\w\"})])/wo" r"rk/\w", r"(?<![\w\"})])/ro" r"ot\b", r"(?<![\w\"})])/ho" r"me/\w",
    r"deb\.deb" r"ian\.org", r"py" r"pi\.org", r"pythonhos" r"ted", r"proxy\.gol" r"ang",
    r"sum\.gol" r"ang", r"npm" r"js\.org", r"arti" r"factory", r"ne" r"xus\.", r"crates\." r"io",
]))
WORDS = re.compile(r"\bA" r"I\b|\bLL" r"M\b|\bChat" r"GPT\b|\bClau" r"de\b|\bAnthro" r"pic\b|"
                   r"\b(?:this|my|(?:pre|la|ne)\w+|earlier|another) sess" r"ion\b", re.I)


def text_findings(path, text):
    fuzz_input = path.startswith("tests/fuzz/corpus/") or "/fixtures/" in path
    if fuzz_input:
        return
    if text and not text.endswith("\n"):
        yield f"{path}: no newline at its end"
    for number, line in enumerate(text.split("\n"), 1):
        at = f"{path}:{number}"
        wide = SHELL_WIDE if path.endswith(".sh") else WIDE
        if path.endswith(CODE) and len(line) > wide:
            yield f"{at}: {len(line)} columns, over {wide}"
        if line != line.rstrip() and not path.endswith((".md", ".patch")):
            yield f"{at}: blanks at the end of the line"
        if path.endswith((".c", ".h", ".py", ".yaml", ".yml", ".json")) and "\t" in line:
            yield f"{at}: a tab"
        if PLACES.search(line):
            yield f"{at}: names a place: {PLACES.search(line).group(0)}"
        word = WORDS.search(line)
        # "ai" in lower case is a syllable somewhere; the word is written in capitals.
        if word and (len(word.group(0)) > 2 or word.group(0).isupper()):
            yield f"{at}: \"{word.group(0)}\""


findings = []
for path in files():
    if path.endswith(BINARY) or os.path.getsize(path) > 4 * 1024 * 1024:
        continue
    text = read(path)
    if path.endswith((".c", ".h", ".def", ".py", ".sh")):
        if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(text.split("\n")[:3]):
            findings.append(f"{path}: no SPDX line at its head")
    findings += text_findings(path, text)
finish("text", findings)
