#!/usr/bin/env python3
"""What docs/architecture.md quotes is in the code, word for word."""

import re
from pathlib import Path

import tree

BLOCK = re.compile(r"^```cpp\n(.*?)^```$", re.S | re.M)


def check(root: Path):
    page = root / "docs/architecture.md"
    text = page.read_text()
    sources = [path.read_text() for path in tree.files(root, *tree.LAYERS, suffixes=tree.CODE)]
    for match in BLOCK.finditer(text):
        if not any(match[1] in source for source in sources):
            first = match[1].splitlines()[0]
            yield f"docs/architecture.md:{tree.line_of(text, match.start())}: no source file has this: {first}"


_QUOTE = "```cpp\nint main() {\n  return 0;\n}\n```\n"
FIXTURES = (
    (0, {"docs/architecture.md": _QUOTE, "server/main.cpp": "#include <a>\n\nint main() {\n  return 0;\n}\n"}),
    (1, {"docs/architecture.md": _QUOTE, "server/main.cpp": "int main() {\n  return 1;\n}\n"}),
)

if __name__ == "__main__":
    tree.main(check, FIXTURES)
