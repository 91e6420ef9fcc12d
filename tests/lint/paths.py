#!/usr/bin/env python3
"""Where root works for others, no file is inspected or given away by its path: a moment later the path may name another file."""

import re
from pathlib import Path

import tree

FOLDERS = ("server/host", "server/control", "examples/jwt_auth/admin", "examples/jwt_auth/store")
GIVES = re.compile(r"::(?:l?chown|chmod|mknod|utimes?)\s*\(")
GIVES_AT = re.compile(r"::(?:fchownat|fchmodat)\s*\(")
LOOKS = re.compile(r"::(?:access|euidaccess|l?stat|statx)\s*\(|(?:\bfs|\bfilesystem)::(?:exists|is_\w+|(?:symlink_)?status|"
                   r"permissions|file_size|last_write_time|rename|remove\w*|copy\w*)\s*\(")
WAY_OUT = "open it once (O_NOFOLLOW), and ask the descriptor; or hold its folder (held_folder.hpp, place.hpp)"

# Checks by path whose answer decides only about a message.
MAY_LOOK = {"examples/jwt_auth/store/open_sqlite.cpp": "whether a typing error is to become an empty database; by who may not act on it"}


def check(root: Path):
    for path in tree.files(root, *FOLDERS, suffixes=tree.CODE):
        name = path.relative_to(root).as_posix()
        code = tree.code_alone(path.read_text())
        for match in GIVES.finditer(code):
            yield f"{name}:{tree.line_of(code, match.start())}: {match[0]}) by a path: {WAY_OUT}"
        for match in GIVES_AT.finditer(code):
            if "AT_EMPTY_PATH" not in code[match.start():code.find(";", match.start())]:
                yield f"{name}:{tree.line_of(code, match.start())}: {match[0]}) without AT_EMPTY_PATH: {WAY_OUT}"
        for match in LOOKS.finditer(code):
            if name not in MAY_LOOK:
                yield f"{name}:{tree.line_of(code, match.start())}: {match[0]}) by a path: {WAY_OUT}"


FIXTURES = (
    (1, {"server/host/a.cpp": "if (::chown(path, uid, gid) != 0) {}\n"}),
    (1, {"examples/jwt_auth/admin/a.cpp": "if (::lchown(path, uid, gid) != 0) {}\n"}),
    (1, {"server/host/a.cpp": "::fchownat(folder, name, uid, gid, 0);\n"}),
    (0, {"server/host/a.cpp": '::fchownat(fd, "", uid, gid,\n  AT_EMPTY_PATH);\n'}),
    (0, {"server/host/a.cpp": "::fchown(fd, uid, gid); ::fchmod(fd, 0600);\n"}),
    (1, {"server/host/a.cpp": "if (::access(path.c_str(), W_OK) == 0) {}\n"}),
    (2, {"server/control/a.cpp": "::stat(path, &status); ::lstat(path, &status);\n"}),
    (0, {"server/host/a.cpp": "struct stat status {};\n::fstat(fd, &status); ::faccessat(fd, \".\", W_OK, 0);\n"}),
    (1, {"examples/jwt_auth/admin/a.cpp": "if (!std::filesystem::exists(path)) {}\n"}),
    (1, {"examples/jwt_auth/admin/a.cpp": "fs::rename(a, b);\n"}),
    (0, {"examples/jwt_auth/admin/a.cpp": "// fs::exists(path) would be wrong\nfs::absolute(path);\n"}),
    (0, {"workers/a.cpp": "::stat(path, &status);\n"}),
)

if __name__ == "__main__":
    tree.main(check, FIXTURES)
