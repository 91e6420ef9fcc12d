"""Runs the load generator (load.cpp) and reads its result."""

import json
import os
import subprocess
from pathlib import Path

KEYS = {"requests", "seconds", "rate", "p50_us", "p90_us", "p99_us", "p99.9_us", "max_us", "client_late_p99_us", "not_200", "errors",
        "unanswered", "reconnects", "idle_lost", "server_cpu_us", "client_cpu_us"}
PATIENCE_S = 90  # beyond the time of the load: to open idle connections, and for the last answers


class LoadError(Exception):
    pass


def parse_result(output: str) -> dict[str, float]:
    """The result in the generator's output: its last line."""
    lines = output.strip().splitlines()
    try:
        result = json.loads(lines[-1])
    except (IndexError, ValueError):
        raise LoadError("the load generator gave no result") from None
    if not isinstance(result, dict) or KEYS - result.keys():
        raise LoadError(f"the load generator's result lacks {', '.join(sorted(KEYS - set(result)))}")
    return result


def failed(result: dict[str, float]) -> int:
    """Requests without a good answer. A connection that a server closes between two requests is none."""
    return int(result["not_200"] + result["errors"] + result["unanswered"] + result["idle_lost"])


def pin(cpu: int | None):
    """For preexec_fn: what the child runs on."""
    return (lambda: os.sched_setaffinity(0, {cpu})) if cpu is not None else None


class LoadClient:
    def __init__(self, program: Path, cpu: int | None):
        self.program, self.cpu = program, cpu

    def _argv(self, where: int | str, request: Path, options: dict) -> list[str]:
        argv = [str(self.program), *(["-p", str(where)] if isinstance(where, int) else ["-u", where]), "-f", str(request)]
        for name, value in options.items():
            if isinstance(value, bool):
                argv += [f"-{name}"] if value else []
                continue
            for one in value if isinstance(value, list) else [value]:
                argv += [f"-{name}", str(one)]
        return argv

    def run(self, where: int | str, request: Path, **options) -> dict[str, float]:
        """The options are the generator's, by their letter: d=0.6, x=True, t=[pid, pid]."""
        argv = self._argv(where, request, options)
        limit = options.get("d", 1) + options.get("w", 0) + PATIENCE_S
        try:
            done = subprocess.run(argv, capture_output=True, text=True, timeout=limit, preexec_fn=pin(self.cpu))
        except subprocess.TimeoutExpired:
            raise LoadError(f"the load generator did not end within {limit:.0f} s") from None
        if done.returncode != 0:
            raise LoadError(done.stderr.strip() or f"the load generator ended with code {done.returncode}")
        return parse_result(done.stdout)

    def hold(self, where: int | str, request: Path, connections: int) -> subprocess.Popen:
        """Idle connections that have sent a request each; they stay until the process's standard input is closed."""
        argv = self._argv(where, request, {"c": 0, "i": connections, "H": True})
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   preexec_fn=pin(self.cpu))
        if process.stdout.readline() != "ready\n":  # the generator itself limits the time for this
            raise LoadError(process.communicate()[1].strip() or "the load generator did not open the connections")
        return process
