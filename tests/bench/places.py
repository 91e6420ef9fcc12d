"""Where the programs are that the benchmarks run, and what is missing."""

import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent


class Places:
    """`build`: of the server and the examples; `programs`: of the load generator, the yardstick and the test apps."""

    def __init__(self, build: Path, programs: Path):
        self.alicorn = build / "server/alicorn"
        self.hello = build / "examples/hello_c/hello_c.so"
        self.body_back = programs / "tests/apps/body_back.so"
        self.slow = programs / "tests/apps/slow.so"
        self.slow_threads = programs / "tests/apps/lifecycle.so"
        self.hello_loop = programs / "tests/apps/hello_loop.so"
        self.floor = programs / "tests/bench/floor"
        self.load = programs / "tests/bench/load"

    def require(self, *names: str) -> None:
        """Ends the program unless these files are there: attributes of this class, or programs of the system."""
        missing = [str(getattr(self, name)) for name in names if hasattr(self, name) and not getattr(self, name).exists()]
        unknown = [name for name in names if not hasattr(self, name) and program(name) is None]
        if missing or unknown:
            what = [*(os.path.relpath(path) for path in missing), *unknown]
            sys.exit(f"missing: {', '.join(what)}. script/bench installs and builds what it needs.")


def program(name: str) -> str | None:
    """The path of a program of the system. Some are where only root looks."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin")


def add_arguments(parser) -> None:
    parser.add_argument("--build", type=Path, default=ROOT / "build/release", metavar="DIR",
                        help="build folder of the server and the examples [build/release]")
    parser.add_argument("--programs", type=Path, default=ROOT / "build/bench", metavar="DIR",
                        help="build folder of the load generator and the test apps [build/bench]")
