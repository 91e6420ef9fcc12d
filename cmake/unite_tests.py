#!/usr/bin/env python3
"""Several files of tests as one, so that the templates they share are instantiated once.

  unite_tests.py OUTPUT FOLDER FILE...

FOLDER is where the compiler runs: messages and debuggers name the files from there. What a file has in its anonymous namespace
goes into a namespace of the file's own as well. So two files may use one name for different things, and no name of one file hides
a name of the program from another.
"""
import os
import re
import sys
from pathlib import Path

OPENS, CLOSES = re.compile(r"^namespace \{$", re.M), re.compile(r"^\}  // namespace$", re.M)


def united(file: Path, folder: str) -> str:
    text = file.read_text()
    if len(OPENS.findall(text)) != len(CLOSES.findall(text)):
        sys.exit(f'{file}: "namespace {{" and "}}  // namespace" must stand alone on their lines, as often the one as the other')
    name = re.sub(r"\W", "_", file.stem)
    text = OPENS.sub(f"namespace {{ namespace in_{name} {{", text)
    return f'#line 1 "{os.path.relpath(file, folder)}"\n' + CLOSES.sub("}}  // namespace", text)


output, folder, *files = sys.argv[1:]
Path(output).write_text("\n".join(united(Path(file), folder) for file in files))
