#!/usr/bin/env python3
"""A function fits a screen (at most 70 lines), a file holds one concept: a file of over 400 lines is reported, so that a
reviewer asks whether it holds a second one, and over 600 lines it fails."""

import re
from pathlib import Path

import tree

FILE_LINES_TOLD = 400
FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
MANUAL = "app_api/include/alicorn/app.h"  # its comments are the manual of the ABI and do not count
FOLDERS = (*tree.LAYERS, "examples", "tests", "script", ".ci", "cmake")
SUFFIXES = tree.CODE | {".py", ".cmake", ""}

PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
SCOPE = re.compile(r"(?:template\b.*?|typedef\s+|inline\s+)?(?:namespace|class|struct|union|enum|extern)\b", re.S)
PARAMETERS_END = re.compile(r"\)\s*(?:const|noexcept(?:\(.*\))?|override|final|->.*|\s)*$", re.S)


def functions(text: str):
    """(first line, last line, head) of each body. Braces are enough: the text before a brace outside of a body
    tells whether the brace opens a scope (a namespace, a class) or a body."""
    code = PREPROCESSOR.sub(lambda match: "\n" * match[0].count("\n"), tree.code_alone(text))
    since, depth, first, name = 0, 0, 0, ""  # since: start of the text after the last ; { }
    for match in re.finditer(r"[{};]", code):
        at = match.start()
        if depth > 0:
            depth += {"{": 1, "}": -1, ";": 0}[match[0]]
            if depth == 0:
                yield first, tree.line_of(code, at), name
        elif match[0] == "{":
            head = code[since:at].strip()
            if not SCOPE.match(head) or PARAMETERS_END.search(head):
                depth = 1
                if head and not head.startswith(","):  # otherwise still the constructor whose member{...} has ended
                    first, name = tree.line_of(code, code.index(head, since)), " ".join(head.split())
        since = at + 1


def check(root: Path):
    for path in tree.files(root, *FOLDERS, suffixes=SUFFIXES):
        name = path.relative_to(root).as_posix()
        if name.startswith(("tests/fuzz/corpus/", "tests/golden/")):
            continue
        text = path.read_text()
        if name == MANUAL:
            lines = sum(line.strip() != "" for line in tree.code_alone(text).split("\n"))
        else:
            lines = text.count("\n")
        if FILE_LINES_TOLD < lines <= FILE_LINES_MAX and root == tree.ROOT:
            print(f"{name}: {lines} lines, more than {FILE_LINES_TOLD}: is there a second concept in it?")
        if lines > FILE_LINES_MAX:
            yield f"{name}: {lines} lines, more than {FILE_LINES_MAX}"
        if path.suffix in tree.CODE:
            for first, last, head in functions(text):
                if (lines := last - first + 1) > FUNCTION_LINES_MAX and "(" in head:
                    yield f"{name}:{first}: {lines} lines, more than {FUNCTION_LINES_MAX}: {head[:60]}"


_LONG = "  x();\n" * 70
FIXTURES = (
    (0, {"base/a.cpp": "int f() {\n" + _LONG[7:14] + "}\n" + "\n" * 590}),
    (1, {"base/a.cpp": "\n" * 601}),
    (0, {MANUAL: "/** much */\n" * 601}),
    (1, {MANUAL: "int f(void);\n" * 601}),
    (0, {"base/a.cpp": "namespace a {\nclass B {\n" + "  int f();\n" * 80 + "};\n}\n"}),
    (1, {"base/a.cpp": "namespace a {\nint f() {\n" + _LONG + "}\n}\n"}),
    (1, {"base/a.cpp": "A::A(int x) : x_{x} {\n" + _LONG + "}\n"}),
    (1, {"base/a.cpp": "A::A(int x) : x_{x}, y_{x} {\n" + _LONG + "}\nint g() {\n  if (a) { b(); }\n}\n"}),
    (1, {"base/a.cpp": 'auto A::f() const -> int {\n  s("}");  // }\n' + _LONG + "}\n"}),
    (1, {"base/a.hpp": "struct A {\n  static struct B f(int) noexcept {\n" + _LONG + "  }\n};\n"}),
    (0, {"base/a.hpp": "struct alignas(64) A {\n" + "  int f();\n" * 80 + "};\n"}),
    (0, {"base/a.cpp": "constexpr int kTable[] = {\n" + "  1,\n" * 90 + "};\n"}),
    (1, {"tests/unit/a_test.cpp": "#define X(a) \\\n  {\nTEST(A, B) {\n" + _LONG + "}\n"}),
)

if __name__ == "__main__":
    tree.main(check, FIXTURES)
