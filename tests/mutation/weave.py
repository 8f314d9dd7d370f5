# SPDX-License-Identifier: Apache-2.0
"""All small edits of one C file, woven into it behind a switch.

clang's syntax tree says where expressions and statements begin and end. An expression E with the
edits 7 and 8 becomes (MUTANT(7) ? E7 : MUTANT(8) ? E8 : E), a statement S that edit 9 drops
becomes { if (!MUTANT(9)) S }. As only one edit is on at a time, what an edit puts instead of E
holds no further edits, and the text grows little.
"""
import json
import subprocess

PREFIX = """#include <stdbool.h>
extern int mutant_picked;
extern unsigned char *mutant_reached;
#define MUTANT(n) (mutant_reached[n] = 1, mutant_picked == (n))
#line 1
"""
SWAPS = {
    "<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"),
    "==": ("!=",), "!=": ("==",), "&&": ("||",), "||": ("&&",),
    "+": ("-",), "-": ("+",), "*": ("/",), "/": ("*",), "%": ("*",), "&": ("|",), "|": ("&",),
    "+=": ("-=",), "-=": ("+=",), "|=": ("=",), "&=": ("=",), "++": ("--",), "--": ("++",),
}
COMPARES = ("<", "<=", ">", ">=", "==", "!=", "&&", "||")
CONDITIONS = {"IfStmt": 0, "WhileStmt": 0, "ConditionalOperator": 0, "DoStmt": 1}
CASTS = ("ImplicitCastExpr", "ParenExpr", "ExprWithCleanups")
DROPPED = ("CallExpr", "BinaryOperator", "CompoundAssignOperator", "UnaryOperator", "BreakStmt",
           "ContinueStmt")
SIZED = ("xcalloc", "xmalloc", "xrealloc", "xgrow")  # more room than needed means the same
FOREIGN = ("ConstantExpr", "UnaryExprOrTypeTraitExpr", "StaticAssertDecl", "AsmStmt",
           "StmtExpr", "OffsetOfExpr")


class Mutant:
    def __init__(self, number, line, function, was, now):
        self.number, self.line, self.function = number, line, function
        self.was, self.now = " ".join(was.split()), " ".join(now.split())

    def __str__(self):
        return f"{self.line}: {self.function}: {self.was[:70]}  ->  {self.now[:70]}"


def syntax_tree(path, flags):
    done = subprocess.run(["clang", *flags, "-w", "-Xclang", "-ast-dump=json", "-fsyntax-only",
                           path], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


class Weaver:
    """`wanted` None: all edits; else only those numbers, the others are as though unknown."""

    def __init__(self, path, flags, wanted=None):
        with open(path, "rb") as file:
            self.text = file.read()
        self.tree = syntax_tree(path, flags)
        self.wanted = wanted
        self.mutants = []
        self.pieces = []  # (begin, end, new text), outermost last, of the function at hand
        self.function, self.type = "", ""

    # --- where a node stands ---
    def closing(self, at):
        """Behind the bracket that closes the one at `at`."""
        depth = 0
        for i in range(at, len(self.text)):
            depth += {40: 1, 41: -1}.get(self.text[i], 0)
            if depth == 0:
                return i + 1
        return None

    def edge(self, loc, last):
        """Offset, and of which macro's expansion (its offset) it is a part, None: of none."""
        if "expansionLoc" not in loc:
            if "offset" not in loc:
                return None, None
            return loc["offset"] + (loc["tokLen"] if last else 0), None
        macro = loc["expansionLoc"]
        if "includedFrom" in macro or "offset" not in macro:
            return None, None
        end = macro["offset"] + macro["tokLen"]
        if self.text[end:end + 1] == b"(":
            end = self.closing(end)
        return (end if last else macro["offset"]), macro["offset"]

    def span(self, node):
        """(begin, end), None when the node is a piece of a macro."""
        where = node.get("range", {})
        begin, of = self.edge(where.get("begin", {}), False)
        end, too = self.edge(where.get("end", {}), True)
        if begin is None or end is None or (of is not None and of == too):
            return None
        return begin, end

    def source(self, span):
        return self.text[span[0]:span[1]].decode()

    # --- noting edits ---
    def note(self, span, now):
        number = len(self.mutants) + 1
        line = self.text.count(b"\n", 0, span[0]) + 1
        self.mutants.append(Mutant(number, line, self.function, self.source(span), now))
        return number

    def instead(self, span, texts):
        noted = [(self.note(span, text), text) for text in texts]
        noted = [(n, text) for n, text in noted if self.wanted is None or n in self.wanted]
        if noted:
            head = "".join(f"MUTANT({n}) ? ({text}) : " for n, text in noted)
            self.pieces.append((span[0], span[1], "(" + head + "(", "))"))

    def drop(self, span, words):
        number = self.note(span, words)
        if self.wanted is None or number in self.wanted:
            self.pieces.append((span[0], span[1], "{ if (!MUTANT(%d)) " % number, " }"))

    # --- which edits there are ---
    def binary(self, node, span):
        left = self.span(node["inner"][0])
        right = self.span_or_macro(node["inner"][1])
        op = node["opcode"]
        if not left or not right or op not in SWAPS:
            return
        if op in "+-" and any("*" in n["type"]["qualType"] for n in (node, *node["inner"])):
            return  # pointers
        between = self.text[left[1]:right[0]].decode()
        if between.strip() != op:
            return
        self.instead(span, [self.text[span[0]:left[1]].decode() + between.replace(op, other, 1) +
                            self.text[right[0]:span[1]].decode() for other in SWAPS[op]])

    def span_or_macro(self, node):
        """Also where a whole macro is the operand."""
        where = node.get("range", {})
        begin, end = self.edge(where.get("begin", {}), False)[0], \
            self.edge(where.get("end", {}), True)[0]
        return (begin, end) if begin is not None and end is not None else None

    def unary(self, node, span):
        op, text = node["opcode"], self.source(span)
        if op == "!":
            self.instead(span, ["!" + text])
        elif op in ("++", "--"):
            self.instead(span, [text.replace(op, SWAPS[op][0], 1)])

    def literal(self, node, span):
        text = self.source(span)
        value = int(node.get("value", "0"))
        self.instead(span, [text + " + 1"] + ([text + " - 1"] if value > 0 else []))

    def condition(self, node):
        """Negated, unless another edit of it is the same."""
        while node["kind"] in CASTS and node.get("inner"):
            node = node["inner"][0]
        span = self.span(node)
        if span and node.get("opcode") not in (*COMPARES, "!"):
            self.instead(span, ["!(" + self.source(span) + ")"])

    def returned(self, node):
        if not node.get("inner"):
            return
        value = node["inner"][0]
        span = self.span_or_macro(value)
        inner = value
        while inner["kind"] in CASTS and inner.get("inner"):
            inner = inner["inner"][0]
        if not span or inner.get("opcode") in COMPARES or inner.get("opcode") == "!":
            return
        text = self.source(span)
        if self.type.endswith("*"):
            if text != "NULL":
                self.instead(span, ["(void *)0"])
        elif self.type == "bool" or self.type.startswith("_Bool"):
            self.instead(span, [{"true": "false", "false": "true"}.get(text, f"!({text})")])
        elif self.type.startswith("enum"):
            self.instead(span, [f"!({text})"])
        elif not self.type.startswith("struct"):
            self.instead(span, [f"({text}) + 1"])

    def statement(self, node):
        """An expression statement can be dropped, with its semicolon."""
        if node["kind"] not in DROPPED and not (node["kind"] == "ReturnStmt" and
                                                not node.get("inner")):
            return
        span = self.span(node)
        if not span or self.keeps_literal(node):
            return
        end = self.text.find(b";", span[1])
        if end >= 0 and not self.text[span[1]:end].strip():
            self.drop((span[0], end + 1), "(dropped)")

    def keeps_literal(self, node):
        """A compound literal whose address is stored lives only as long as its block."""
        return node.get("opcode") == "=" and '"CompoundLiteralExpr"' in json.dumps(node)

    # --- the walk: children first, so that pieces nest ---
    def walk(self, node):
        kind = node.get("kind")
        if kind in FOREIGN or (kind == "VarDecl" and node.get("storageClass") == "static"):
            return
        if kind == "CallExpr" and self.source(self.span(node) or (0, 0)).startswith(SIZED):
            return
        children = node.get("inner", [])
        for child in children[1:] if kind in ("CaseStmt",) else children:
            self.walk(child)
        span = self.span(node)
        if kind in ("BinaryOperator", "CompoundAssignOperator") and span:
            self.binary(node, span)
        elif kind == "UnaryOperator" and span:
            self.unary(node, span)
        elif kind == "IntegerLiteral" and span:
            self.literal(node, span)
        elif kind == "ReturnStmt":
            self.returned(node)
        if kind in CONDITIONS and len(children) > CONDITIONS[kind]:
            self.condition(children[CONDITIONS[kind]])
        for child in self.statements(kind, children):
            self.statement(child)

    @staticmethod
    def statements(kind, children):
        if kind in ("CompoundStmt", "DefaultStmt"):
            return children
        if kind in ("IfStmt", "CaseStmt", "WhileStmt"):
            return children[1:]
        return children[-1:] if kind == "ForStmt" else []

    def functions(self):
        for node in self.tree["inner"]:
            if node.get("kind") == "FunctionDecl" and "includedFrom" not in node["loc"] and \
                    node.get("inner") and node["inner"][-1]["kind"] == "CompoundStmt":
                yield node

    def woven(self):
        for node in self.functions():
            self.function = node["name"]
            self.type = node["type"]["qualType"].split("(")[0].strip()
            self.walk(node["inner"][-1])
        return PREFIX + self.rendered()

    def rendered(self):
        """Pieces are in the order inner before outer: marks at one place nest in that order."""
        before, behind = {}, {}
        for begin, end, head, tail in self.pieces:
            before[begin] = head + before.get(begin, "")
            behind[end] = behind.get(end, "") + tail
        out, last = [], 0
        for at in sorted(set(before) | set(behind)):
            out.append(self.text[last:at].decode())
            out.append(behind.get(at, "") + before.get(at, ""))
            last = at
        return "".join(out) + self.text[last:].decode()
