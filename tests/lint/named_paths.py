#!/usr/bin/env python3
"""If a comment or a document names a file of this repository, the file exists."""

import re
from pathlib import Path

import tree

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "docs", "conf", "systemd", "script", "cmake", "tests", ".ci")
HISTORY = re.compile(r"CHANGELOG\.md|docs/decisions/\d")  # true when it was written
# What looks like one of our source files. A file of another kind is named with its folder.
NAME = re.compile(r"(?<![\w/.*{}$<>-])((?:[\w.-]+/)*[A-Za-z][\w-]*\.(?:cpp|hpp|py)|(?:docs|conf|script|cmake|tests|systemd)/[\w./-]*\w)(?![\w*(/-])")
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)
SCRIPT_COMMENT = re.compile(r'#[^\n]*|""".*?"""', re.S)
OF_OTHERS = re.compile(r"(?:boost|tl|CLI)/|manage\.py|NAME|^(?:app|program)\.cpp$")
SKIPPED = ("tests/fuzz/corpus/", "tests/golden/", "tests/lint/")


def named(path: Path, text: str):
    """(line, name) of each file that prose names."""
    whole = re.compile(r".+", re.S)
    prose = COMMENT if path.suffix in tree.CODE else whole if path.suffix in {".md", ".1"} else SCRIPT_COMMENT
    for part in prose.finditer(text):
        for match in NAME.finditer(part[0]):
            if not OF_OTHERS.search(match[1]):
                yield tree.line_of(text, part.start() + match.start()), match[1]


def check(root: Path):
    known = {path.relative_to(root).as_posix() for path in tree.files(root)}
    endings = {"/".join(name.split("/")[at:]) for name in known for at in range(name.count("/") + 1)}
    folders = {name.rsplit("/", 1)[0] for name in known if "/" in name}
    folders |= {"/".join(folder.split("/")[:size]) for folder in folders for size in range(1, folder.count("/") + 2)}
    for path in tree.files(root, *tree.LAYERS, *DOCUMENTS):
        name = path.relative_to(root).as_posix()
        if name.startswith(SKIPPED) or HISTORY.match(name) or path.suffix in {".pem", ".json", ".jsonl"}:
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for line, mentioned in named(path, text):
            if mentioned not in endings and mentioned.rstrip("/") not in folders and f"{mentioned}.in" not in endings:
                yield f"{name}:{line}: there is no {mentioned}"


FIXTURES = (
    (0, {"base/a.cpp": "// see b.hpp and base/b.hpp\n", "base/b.hpp": ""}),
    (1, {"base/a.cpp": "int x;  // see gone.hpp\n"}),
    (0, {"base/a.cpp": '#include "gone.hpp"\nauto s = "gone.cpp";\n'}),  # the compiler checks these
    (1, {"docs/a.md": "[decision](docs/gone.md)\n"}),
    (0, {"docs/a.md": "script/test runs base/a.cpp\n", "script/test": "", "base/a.cpp": ""}),
    (1, {"docs/a.md": "`other/a.cpp` moved\n", "base/a.cpp": ""}),
    (0, {"docs/decisions/0001-a.md": "it was gone.cpp\n"}),
)

if __name__ == "__main__":
    tree.main(check, FIXTURES)
