#!/usr/bin/env python3
"""Counts the instructions that a worker runs in user space for one request, with valgrind's cachegrind.

  instructions.py --check     compare with tests/golden/instructions.json; more than 3 % above or below fails
  instructions.py --write     measure, and write that file
  instructions.py             measure and print

Unlike times the counts hardly depend on the machine or on what else runs. Each is the difference of two runs with a different
number of requests, so that starting and stopping cancel out. One connection sends one request after the other: with more, the
number of requests in a turn of the worker's loop would be a matter of chance. The counts hold for one compiler, llhttp, C library
and architecture. Where one of these differs, --check measures, prints, and does not compare.
"""

import argparse
import json
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import places
import workloads
from load_client import LoadClient, LoadError
from processes import Server, ServerError, free_port

GOLDEN = places.ROOT / "tests/golden/instructions.json"
TOLERANCE = 0.03
FEW, MANY = 2_000, 20_000
START_S = 90  # under valgrind, on a busy machine
LOG_LINE = "log line"
MEASURED = ("W1", "W2", "W3", "W4", LOG_LINE)
WRITE_COMMAND = "python3 -B tests/bench/instructions.py --write"


def summary(text: str) -> int:
    """The total of a file that cachegrind has written."""
    found = re.search(r"^summary: (\d+)", text, re.M)
    if found is None:
        raise ServerError("valgrind left a file without a summary")
    return int(found[1])


def conditions(version_text: str, libc: tuple[str, str], machine: str, cpu_flags: str) -> dict[str, str]:
    """What the counts depend on besides the source code. `version_text`: the output of alicorn --version."""
    def found(pattern):
        match = re.search(pattern, version_text)
        return match[1] if match else "unknown"

    # The C library chooses its functions by what the processor can do.
    wide = [name for name in ("avx2",) if name in cpu_flags.split()]
    return {"compiler": found(r"((?:gcc|clang) [\d.]+)"), "llhttp": found(r"llhttp ([\d.]+)"), "libc": " ".join(libc),
            "architecture": " ".join([machine, *wide])}


def own_conditions(alicorn: Path) -> dict[str, str]:
    text = subprocess.run([alicorn, "--version"], capture_output=True, text=True, timeout=30, check=True).stdout
    flags = re.search(r"^(?:flags|Features)\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    return conditions(text, platform.libc_ver(), platform.machine(), flags[1] if flags else "")


def compare(golden: dict, measured: dict) -> tuple[str, list[str]]:
    """("same" | "differs" | "not compared", a line for each finding)."""
    other = [f"{name} {measured['conditions'].get(name)} here, {value} in the file"
             for name, value in golden["conditions"].items() if measured["conditions"].get(name) != value]
    if other:
        return "not compared", [f"not compared: {'; '.join(other)}"]
    lines = []
    for name, wanted in golden["instructions"].items():
        counted = measured["instructions"].get(name)
        if counted is None:
            lines.append(f"{name}: not measured")
        elif abs(counted - wanted) > TOLERANCE * wanted:
            lines.append(f"{name}: {counted:,} instructions per request, {(counted / wanted - 1) * 100:+.1f} % "
                         f"of the {wanted:,} in the file")
    lines += [f"{name}: not in the file" for name in measured["instructions"] if name not in golden["instructions"]]
    return ("differs", lines) if lines else ("same", [])


class Counter:
    def __init__(self, where: places.Places, folder: Path):
        self.where, self.folder = where, folder
        self.load = LoadClient(where.load, None)
        self.runs = 0

    def _count(self, app: Path, options: list[str], workload: str, requests: int) -> int:
        """What the worker runs from its start to its end. The runs of one workload differ in their requests only."""
        self.runs += 1
        folder = self.folder / str(self.runs)
        folder.mkdir()
        request = folder / "request"
        request.write_bytes(workloads.request(workload))
        port = free_port(None, 0)
        argv = [places.program("valgrind"), "--tool=cachegrind", "--cache-sim=no", "--trace-children=yes",
                f"--cachegrind-out-file={folder}/counts.%p", str(self.where.alicorn), "--workers", "1", "--bind", f"127.0.0.1:{port}",
                *options, str(app)]
        with Server("alicorn under valgrind", argv, folder, port, None) as server:
            server.await_answer(workloads.request("W2"), START_S)
            workers = server.workers()
            result = self.load.run(port, request, c=1, n=requests, d=120, x=workload == "W2")
            if result["requests"] != requests:
                raise LoadError(f"{workload}: {result['requests']} answers to {requests} requests")
            server.stop(START_S)
        return sum(summary((folder / f"counts.{pid}").read_text(errors="replace")) for pid in workers)

    def per_request(self, app: Path, options: list[str], workload: str) -> int:
        few, many = (self._count(app, options, workload, requests) for requests in (FEW, MANY))
        return round((many - few) / (MANY - FEW))

    def measure(self, names=MEASURED) -> dict[str, int]:
        found = {}
        for name in names:
            if name == LOG_LINE:
                logged = self.per_request(self.where.hello, ["--access-logfile", "access.log"], "W1")
                found[name] = logged - (found.get("W1") or self.per_request(self.where.hello, [], "W1"))
            else:
                found[name] = self.per_request(self.where.body_back if name == "W3" else self.where.hello, [], name)
        return found


def measure(where: places.Places, names=MEASURED) -> dict:
    with tempfile.TemporaryDirectory(prefix="instructions-") as folder:
        counts = Counter(where, Path(folder)).measure(names)
    return {"conditions": own_conditions(where.alicorn), "instructions": counts}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="compare with the file")
    what.add_argument("--write", action="store_true", help="write the file")
    places.add_arguments(parser)
    options = parser.parse_args()
    where = places.Places(options.build, options.programs)
    where.require("alicorn", "hello", "body_back", "load", "valgrind")
    try:
        measured = measure(where)
    except (ServerError, LoadError) as error:
        print(f"could not measure: {error}", file=sys.stderr)
        return 2
    for name, value in measured["conditions"].items():
        print(f"{name}: {value}")
    for name, count in measured["instructions"].items():
        print(f"{name}: {count:,} instructions per request")
    if options.write:
        GOLDEN.write_text(json.dumps(measured, indent=2) + "\n")
    if not options.check:
        return 0
    verdict, lines = compare(json.loads(GOLDEN.read_text()), measured)
    print("\n".join(lines or [f"within {TOLERANCE:.0%} of {GOLDEN.relative_to(places.ROOT)}"]))
    if verdict == "differs":
        print(f"If the change is meant to cost this, or saves it, write the file anew: {WRITE_COMMAND}")
    return 1 if verdict == "differs" else 0


if __name__ == "__main__":
    sys.exit(main())
