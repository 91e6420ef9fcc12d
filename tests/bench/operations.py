#!/usr/bin/env python3
"""Operations under load: what each of them loses.

  tests/bench/operations.py [--build build/dev] [--seconds 20] [--unix] [SCENARIO...]

Closed-loop clients (tests/bench/load.cpp: half on kept connections, half on a new one per request) check every answer while
the server is reloaded, upgraded, scaled, recycled, killed. *lost* is a request that was sent whole and got anything but its
right answer; *refused* a connection that could not be made. One row per scenario; the exit code is 1 if anything was lost that
must not be (where workers are killed, at most what was in flight may be).
"""
import argparse
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

CLIENTS = 16
BOOT_LIMIT_S = 30


class Server:
    def __init__(self, build, folder, app, arguments, unix):
        self.pidfile = folder / "pid"
        self.log_path = folder / "log"
        self.bind = f"unix:{folder}/socket" if unix else "127.0.0.1:0"
        self.process = subprocess.Popen(
            [build / "server" / "alicorn", "-b", self.bind, "-p", self.pidfile, "--error-logfile", self.log_path, *arguments, app],
            cwd=folder, start_new_session=True)
        self.wait_for(lambda: "listening at" in self.log())
        self.address = self.bind if unix else re.search(r"http://(\S+)", self.log())[1].rstrip(",")

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def wait_for(self, condition, limit=BOOT_LIMIT_S):
        deadline = time.monotonic() + limit
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(self.log()[-2000:])
            time.sleep(0.02)

    def master(self):
        return int(self.pidfile.read_text())

    def workers(self):
        path = pathlib.Path(f"/proc/{self.master()}/task/{self.master()}/children")
        pids = [int(word) for word in path.read_text().split()]
        return [pid for pid in pids if b"worker" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]

    def signal(self, number):
        os.kill(self.master(), number)

    def stop(self):
        """The exit code of the master that runs; None where that is no child of ours."""
        master = self.master()
        os.kill(master, signal.SIGTERM)
        if master == self.process.pid:
            return self.process.wait(60)
        self.wait_for(lambda: not pathlib.Path(f"/proc/{master}").exists(), 60)
        return self.process.wait(60)


def every(seconds, count, action):
    def run(server):
        for index in range(count):
            time.sleep(seconds)
            action(server, index)
    return run


def upgrade(server, _):
    before = server.master()
    server.signal(signal.SIGUSR2)
    # The pidfile is the new master's as soon as it starts; the old one leaves when that serves.
    server.wait_for(lambda: server.pidfile.exists() and server.master() != before)
    server.wait_for(lambda: not pathlib.Path(f"/proc/{before}").exists()
                    or "State:\tZ" in pathlib.Path(f"/proc/{before}/status").read_text())


def kill_a_worker(server, _):
    workers = server.workers()
    if workers:
        os.kill(random.choice(workers), signal.SIGKILL)


def burst(server, _):
    for _ in range(25):
        for number in (signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGUSR1):
            server.signal(number)


class Scenario:
    def __init__(self, arguments, run, may_lose=False, app="examples/hello_c/hello_c.so", workers=4):
        self.arguments, self.run, self.may_lose, self.app, self.workers = arguments, run, may_lose, app, workers


FOUR = ["-w", "4"]
SCENARIOS = {
    "HUP x20, one a second": Scenario(FOUR, every(1, 20, lambda server, _: server.signal(signal.SIGHUP))),
    "HUP x20 with preload": Scenario([*FOUR, "--preload"], every(1, 20, lambda server, _: server.signal(signal.SIGHUP))),
    "USR2 x5": Scenario(FOUR, every(2, 5, upgrade)),
    "TTIN/TTOU churn": Scenario(FOUR, every(0.1, 150, lambda server, i: server.signal((signal.SIGTTIN, signal.SIGTTOU)[i % 2]))),
    "USR1 x20": Scenario(FOUR, every(0.5, 20, lambda server, _: server.signal(signal.SIGUSR1))),
    "max_requests 100": Scenario([*FOUR, "--max-requests", "100"], every(20, 1, lambda server, _: None)),
    "max_worker_rss": Scenario([*FOUR, "--max-worker-rss", "48M"], every(20, 1, lambda server, _: None), app="tests/apps/leak.so"),
    "burst of 100 signals x5": Scenario(FOUR, every(2, 5, burst)),
    "kill -9 of a worker x40": Scenario(FOUR, every(0.5, 40, kill_a_worker), may_lose=True),
}


def measure(name, scenario, options):
    with tempfile.TemporaryDirectory(prefix="alicorn-operations-") as folder:
        folder = pathlib.Path(folder)
        server = Server(options.build, folder, options.build / scenario.app, scenario.arguments, options.unix)
        try:
            load = subprocess.Popen([options.build / "tests" / "bench" / "load", server.address, str(options.seconds), str(CLIENTS)],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            scenario.run(server)
            output, problems = load.communicate()
            report = json.loads(output)
            server.wait_for(lambda: len(server.workers()) == scenario.workers, 60)
            code = server.stop()
        finally:
            for pid in {server.process.pid, server.master() if server.pidfile.exists() else server.process.pid}:
                try:
                    os.kill(pid, signal.SIGTERM)
                except ProcessLookupError:
                    pass
        bad = (report["lost"] and not scenario.may_lose) or report["refused"] or code != 0
        print(f"{name:28} {report['answered']:9} answered  {report['lost']:4} lost  {report['refused']:4} refused  exit {code}"
              f"{'   <-- not as it must be' if bad else ''}", flush=True)
        if problems and not scenario.may_lose:
            print(problems, end="")
        return bool(bad)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="*", help="words of their names; all without any: " + "; ".join(SCENARIOS))
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/dev"))
    parser.add_argument("--seconds", type=float, default=22)
    parser.add_argument("--unix", action="store_true", help="over a unix socket instead of TCP")
    options = parser.parse_args()
    options.build = options.build.resolve()
    chosen = {name: scenario for name, scenario in SCENARIOS.items()
              if not options.scenario or any(word.lower() in name.lower() for word in options.scenario)}
    if not chosen:
        parser.error("no such scenario")
    return int(any([measure(name, scenario, options) for name, scenario in chosen.items()]))


if __name__ == "__main__":
    sys.exit(main())
