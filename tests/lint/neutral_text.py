#!/usr/bin/env python3
"""No file names a folder of the machine it was written on, because that means nothing on another machine."""

import re
from pathlib import Path

import tree

# Spelled in pieces, so that this file passes its own check.
HOME = re.compile(rb"(?<![\w.}*)-])/(?:" + b"|".join((b"ro" + b"ot", b"wo" + b"rk", b"ho" + b"me/[a-z]+")) + rb")(?:/|\b(?![\w-]))")


def check(root: Path):
    for path in tree.files(root):
        data = path.read_bytes()
        for match in HOME.finditer(data):
            line = data.count(b"\n", 0, match.start()) + 1
            yield f"{path.relative_to(root)}:{line}: {match[0].decode()}: a path of one machine"


_HOME = "/ro" + "ot"
FIXTURES = (
    (1, {"docs/a.md": f"see {_HOME}/x\n"}),
    (1, {"script/a": f"cd {_HOME}\n"}),
    (1, {"a.cpp": 'auto path = "/ho' + 'me/someone/x";\n'}),
    (0, {"a.cpp": "auto path = dir" + _HOME + "; auto url = \"/workers\";\n"}),
    (0, {"nginx.conf": "root /srv/www;\n"}),
)

if __name__ == "__main__":
    tree.main(check, FIXTURES)
