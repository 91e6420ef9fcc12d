#!/usr/bin/env python3
"""Tests wait for a condition, never for a fixed time, and let the kernel choose their ports."""

import re
from pathlib import Path

import tree

SLEEP = re.compile(r"\b(?:u|nano)?sleep(?:_for|_until)?\s*\(")
FIXED_PORT = re.compile(r"(?:127\.0\.0\.1|localhost|0\.0\.0\.0|\[::1?\]):[1-9]\d*")

# The one loop that polls, and applications and clients that are slow on purpose.
MAY_SLEEP = re.compile(r"tests/(?:support/eventually\.[ch]pp|apps/.*|integration/soak_test\.cpp)")


def check(root: Path):
    for path in tree.files(root, "tests", suffixes={".c", ".cpp", ".hpp", ".py", ".sh"}):
        name = path.relative_to(root).as_posix()
        if name.startswith("tests/lint/"):
            continue
        text = path.read_text()
        code = tree.code_alone(text) if path.suffix in tree.CODE else text
        if not MAY_SLEEP.fullmatch(name):
            for match in SLEEP.finditer(code):
                yield f"{name}:{tree.line_of(code, match.start())}: {match[0]}): wait for a condition instead"
        if not name.startswith(("tests/unit/", "tests/bench/")):  # these open no port: it is text to parse
            for match in FIXED_PORT.finditer(text):
                yield f"{name}:{tree.line_of(text, match.start())}: {match[0]}: bind port 0 and ask which it became"


FIXTURES = (
    (1, {"tests/unit/a_test.cpp": "TEST(A, B) { ::usleep(10); }\n"}),
    (1, {"tests/integration/a_test.cpp": "TEST(A, B) { std::this_thread::sleep_for(10ms); }\n"}),
    (1, {"tests/integration/a.py": "time.sleep(1)\n"}),
    (0, {"tests/support/eventually.hpp": "inline void f() { usleep(10); }\n"}),
    (0, {"tests/apps/slow.c": "void f(void) { sleep(60); }\n"}),
    (0, {"tests/integration/a_test.cpp": '// sleep(1) would be wrong\nauto path = "/sleep(1)";\n'}),
    (1, {"tests/integration/a_test.cpp": 'start("-b", "127.0.0.1:8000");\n'}),
    (0, {"tests/integration/a_test.cpp": 'start("-b", "127.0.0.1:0");\n'}),
    (0, {"tests/unit/a_test.cpp": 'parse("127.0.0.1:8000");\n'}),
)

if __name__ == "__main__":
    tree.main(check, FIXTURES)
