#!/usr/bin/env python3
"""The figures about the sources in docs/architecture.md are those that this script counts, and writes with --write. They are
rounded, so that an ordinary change leaves them."""

import re
import statistics
import sys
from pathlib import Path

import file_sizes
import tree

PAGE = "docs/architecture.md"
BLOCK = re.compile(r"(<!-- figures: tests/lint/figures.py -->\n)(.*?)(<!-- end of figures -->)", re.S)


def rounded(number: float, to: int) -> str:
    return f"{round(number / to) * to:,}"


def rooms(root: Path, layer: str) -> int:
    return len({path.parent for path in tree.files(root, layer, suffixes={".hpp", ".cpp"})})


def figures(root: Path) -> str:
    lines, functions = {}, []
    for path in tree.files(root, *tree.LAYERS, suffixes=tree.CODE):
        text = path.read_text()
        lines[path.relative_to(root).as_posix()] = text.count("\n")
        functions += [last - first + 1 for first, last, head in file_sizes.functions(text) if "(" in head]
    sources = [name for name in lines if name != file_sizes.MANUAL]
    longest = max(sources, key=lambda name: lines[name], default="nothing")
    long_files = sum(lines[name] > file_sizes.FILE_LINES_TOLD for name in sources)
    return (f"`base`, `app_api`, `workers` and `server` have about {rounded(len(lines), 10)} files with "
            f"{rounded(sum(lines.values()), 1000)} lines, comments included, in {rooms(root, 'workers')} rooms of `workers`\n"
            f"and {rooms(root, 'server')} of `server`. The median file has about {rounded(statistics.median(lines.values() or [0]), 10)} "
            f"lines, the median function {round(statistics.median(functions or [0]))}. Files of more than "
            f"{file_sizes.FILE_LINES_TOLD} lines: {long_files};\nthe longest is `{longest}`.\n")


def check(root: Path):
    page = root / PAGE
    block = BLOCK.search(page.read_text())
    if block is None:
        yield f"{PAGE}: has no block of figures"
    elif block[2] != figures(root):
        yield f"{PAGE}: the figures are not those of the sources any more: run script/generate-docs"


_BLOCK = "<!-- figures: tests/lint/figures.py -->\n{}<!-- end of figures -->\n"
FIXTURES = (
    (1, {PAGE: "nothing"}),
    (1, {PAGE: _BLOCK.format("one file\n"), "base/a.hpp": "int f() {\n}\n"}),
)

if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        page = tree.ROOT / PAGE
        page.write_text(BLOCK.sub(lambda block: block[1] + figures(tree.ROOT) + block[3], page.read_text()))
        sys.exit(0)
    tree.main(check, FIXTURES)
