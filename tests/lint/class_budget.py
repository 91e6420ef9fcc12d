#!/usr/bin/env python3
"""A report, not a gate: which classes are larger than the guide says, so that a reviewer can ask why.

The guide: a class has at most 40 methods, 20 data members and 6 bools, and lives in at most two source files; a header
includes at most 14 of ours. What is found is printed; nothing fails but a class twice as large in methods or members."""

import re
import sys
from pathlib import Path

import tree

METHODS, MEMBERS, BOOLS, FILES, INCLUDES = 40, 20, 6, 2, 14
CLASS = re.compile(r"\b(?:class|struct)\s+(?:alignas\(\d+\)\s+|\[\[\w+\]\]\s+|ALICORN_\w+\([^()]*(?:\([^()]*\))?\)\s+)*(\w+)\b(?:\s+final)?\s*(?::[^{};]*)?\{")
ATTRIBUTE = re.compile(r"\bALICORN_[A-Z_]+(?:\((?:[^()]|\([^()]*\))*\))?")
OTHER = re.compile(r"^(?:using|typedef|friend|enum|static_assert|class|struct|union|template\s*<[^>]*>\s*(?:class|struct|friend)|"
                   r"static\s+(?:inline\s+)?const)\b")
METHOD = re.compile(r"[\w~\]>=!<+*&|/-]\s*\(")
DECLARATOR = re.compile(r"(\w+)\s*(?:\[[^\]]*\]\s*)*(?:[={][^,;]*)?(?:,|;|$)")


def end_of_block(code: str, at: int) -> int:
    depth = 0
    for match in re.compile(r"[{}]").finditer(code, at):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return match.start()
    return len(code)


def statements(body: str):
    """The declarations of a class's own level: blocks are left out, but tell that something had one."""
    depth, since, had_block = 0, 0, False
    text = ""
    for match in re.finditer(r"[{};]|\b(?:public|protected|private)\s*:", body):
        if depth == 0:
            text += body[since:match.start()]
        if match[0] == "{":
            depth += 1
            had_block = True
        elif match[0] == "}":
            depth -= 1
            # The body of a function ends its declaration; that of an initialiser or a type is followed by a ';'.
            if depth == 0 and METHOD.search(ATTRIBUTE.sub("", text)) and not OTHER.match(text.strip()):
                yield text.strip()
                text, had_block = "", False
        elif depth == 0:
            if match[0] == ";" and text.strip():
                yield text.strip()
            text, had_block = "", False
        since = match.end()


def count(body: str):
    methods = members = bools = 0
    for statement in statements(body):
        plain = ATTRIBUTE.sub("", statement).strip()
        if not plain or OTHER.match(plain):
            continue
        before_value = re.split(r"[={]", plain)[0]
        if METHOD.search(before_value) and not re.match(r"(?:const\s+)?std::function<", plain):
            methods += 1
            continue
        depth_free = re.sub(r"<[^<>]*(?:<[^<>]*(?:<[^<>]*>)?[^<>]*>)?[^<>]*>", "", plain)
        depth_free = re.sub(r"\([^()]*\)", "", depth_free)
        names = depth_free.count(",") + 1
        members += names
        if re.match(r"(?:mutable\s+|const\s+)*(?:bool\b|std::atomic<bool>)", plain):
            bools += names
    return methods, members, bools


def classes(root: Path):
    """(name, where, methods, members, bools, source files) of each class, the innermost ones too."""
    texts = {path: tree.code_alone(path.read_text()) for path in tree.files(root, *tree.LAYERS, suffixes={".hpp", ".cpp"})}
    for path, code in texts.items():
        for match in CLASS.finditer(code):
            body = code[match.end():end_of_block(code, match.end() - 1)]
            name = match[1]
            defines = re.compile(rf"\b{name}::~?\w+\s*\([^;]*?\)[^;{{]*\{{", re.S)
            inside = [p for p, text in texts.items() if p.suffix == ".cpp" and p != path and
                      p.parts[:len(path.parts) - 1] == path.parts[:-1] and defines.search(text)]
            yield (name, path.relative_to(root).as_posix(), *count(body), 1 + len(inside))


def findings(root: Path):
    for name, where, methods, members, bools, files in classes(root):
        over = [f"{value} {what}" for value, limit, what in
                ((methods, METHODS, "methods"), (members, MEMBERS, "data members"), (bools, BOOLS, "bools"), (files, FILES, "files"))
                if value > limit]
        if over and not (where.endswith("settings.hpp") or name.endswith(("Settings", "Config"))):
            yield f"{where}: {name} has {', '.join(over)}", methods > 2 * METHODS or (members > 2 * MEMBERS and methods > 3)
    for path in tree.files(root, *tree.LAYERS, suffixes={".hpp"}):
        ours = re.findall(r'^#include "(?!alicorn/)', path.read_text(), re.M)
        if len(ours) > INCLUDES:
            yield f"{path.relative_to(root).as_posix()}: includes {len(ours)} of ours", False


def check(root: Path):
    for finding, is_gross in findings(root):
        if is_gross:
            yield finding


_METHODS = "".join(f"  int m{i}(int a, int b = 0) const;\n" for i in range(81))
_MEMBERS = "".join(f"  std::map<int, std::string> m{i}_;\n" for i in range(41))
FIXTURES = (
    (0, {"base/a.hpp": "class A {\n public:\n" + _METHODS[:1400] + "};\n"}),
    (1, {"base/a.hpp": "class A {\n public:\n" + _METHODS + "};\n"}),
    (1, {"base/a.hpp": "struct A {\n" + "  void f() { if (x) { g(); } }\n" * 4 + _MEMBERS + "};\n"}),
    (0, {"base/a.hpp": "struct A {\n" + _MEMBERS + "};\n"}),  # a plain record
)

if __name__ == "__main__":
    if sys.argv[1:2] == ["--of"]:  # of another tree: for a comparison
        print("\n".join(finding for finding, _ in findings(Path(sys.argv[2]))))
        sys.exit(0)
    if not sys.argv[1:]:
        for line, _ in findings(tree.ROOT):
            print(line)
    tree.main(check, FIXTURES)
