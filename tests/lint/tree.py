"""What the lint scripts share: the files of the repository, and how each script reports and tests itself."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = {".c", ".h", ".cpp", ".hpp"}
LAYERS = ("base", "app_api", "workers", "server")  # each may include itself and those to its left

_COMMENT_OR_LITERAL = re.compile(
    r'R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)"'
    r'|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.|[^\'\\\n])+\'', re.S)


def files(root: Path, *folders: str, suffixes=None) -> list[Path]:
    """Files below root's folders (or root) that git tracks or would track; build folders are left out."""
    if (root / ".git").exists():
        listed = subprocess.run(
            ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *folders],
            check=True, capture_output=True).stdout.decode().split("\0")
        paths = {root / name for name in listed if name}
    else:  # an unpacked archive, or a fixture
        tops = [root / folder for folder in folders] or [root]
        paths = {path for top in tops for path in top.rglob("*")}
    return sorted(p for p in paths if p.is_file() and (suffixes is None or p.suffix in suffixes))


def code_alone(text: str) -> str:
    """The text with comments, strings and characters blanked; every line keeps its number."""
    return _COMMENT_OR_LITERAL.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def main(check, fixtures) -> None:
    """check(root) yields one line per finding. fixtures are (findings expected, {path: text}): --self-test
    runs check over each, which shows that it can fail and does not always fail."""
    if sys.argv[1:] == ["--self-test"]:
        failures = [line for expected, fixture in fixtures for line in _try_fixture(check, expected, fixture)]
        print("\n".join(failures) or f"{len(fixtures)} fixtures judged rightly")
        sys.exit(1 if failures else 0)
    if sys.argv[1:]:
        sys.exit(f"usage: {sys.argv[0]} [--self-test]")
    found = list(check(ROOT))
    print("\n".join(found) or "nothing found")
    sys.exit(1 if found else 0)


def _try_fixture(check, expected: int, fixture: dict[str, str]):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in fixture.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        found = list(check(Path(folder)))
    if len(found) != expected:
        yield f"{sorted(fixture)}: {expected} findings expected, got {found}"
