#!/usr/bin/env python3
"""Measures what a request costs, beside other servers on the same machine. script/bench builds what this needs and runs it.

  bench.py                          everything, about a quarter of an hour
  bench.py --quick                  everything, in a minute or two, with much noise
  bench.py --write                  also writes docs/performance.md and docs/performance.svg
  bench.py --subjects load --only floor,nginx,alicorn --workloads W1,W4 --rounds 8

Servers run on the first CPU, the client on the second. Whatever was started is stopped at the end, also after Ctrl-C.
"""

import argparse
import os
import platform
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import instructions
import places
import quartiles
import workloads
from chart import chart
from costs import Costs
from load_client import LoadClient, LoadError
from page import CHART, CHART_TITLE, page
from processes import ServerError
from report import Report, as_text
from servers import Starter, kinds
from windows import IDLE, LATENCY_WINDOW_S, WINDOW_S, Windows, cpu_us, summarise

SUBJECTS = ("load", "latency", "calls", "instructions", "memory", "times")
ALSO_FAST = ("alicorn", "nginx")  # those whose latency, system calls and idle connections are measured
ROUNDS, LATENCY_ROUNDS, TIMES, IDLE_CONNECTIONS = 16, 12, 7, 10_000
QUICK_LATENCY_ROUNDS, QUICK_LATENCY_S = 3, 0.4
QUICK_ROUNDS, QUICK_WINDOW_S, QUICK_IDLE_CONNECTIONS, QUICK_REQUESTS = 2, 0.2, 2_000, 4_000
DOCS = places.ROOT / "docs"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def listed(known, what):
    """For argparse: names of `known`, separated by commas."""
    def parse(text: str) -> list[str]:
        names = text.split(",")
        wrong = [name for name in names if name not in known]
        if wrong:
            raise argparse.ArgumentTypeError(f"no such {what}: {', '.join(wrong)} (there are {', '.join(known)})")
        return names
    return parse


def parse_arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = list(kinds(places.Places(Path(), Path())))
    parser.add_argument("--rounds", type=int, metavar="N", help=f"windows for each server and workload [{ROUNDS}]")
    parser.add_argument("--only", type=listed(names, "server"), metavar="SERVERS", help=f"some of {','.join(names)}; floor is needed for load")
    parser.add_argument("--workloads", type=listed(workloads.TITLES, "workload"), metavar="WORKLOADS", help="some of W1,...,W6")
    parser.add_argument("--subjects", type=listed(SUBJECTS, "subject"), metavar="SUBJECTS", help=f"some of {','.join(SUBJECTS)}")
    parser.add_argument("--quick", action="store_true", help="few and short windows")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    parser.add_argument("--port-base", type=int, metavar="PORT", help="ports from here on, instead of the kernel's choice")
    places.add_arguments(parser)
    options = parser.parse_args(argv)
    if options.write and (options.only or options.workloads or options.subjects):
        parser.error("--write needs everything: leave out --only, --workloads and --subjects")
    options.only = options.only or names
    options.workloads = options.workloads or list(workloads.TITLES)
    options.subjects = options.subjects or list(SUBJECTS)
    if {"load", "latency"} & set(options.subjects) and "floor" not in options.only:
        parser.error("--only: the floor is missing, to which the others are compared")
    if options.rounds is not None and options.rounds < 1:
        parser.error("--rounds: at least 1")
    options.rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    return options


def choose_cpus() -> tuple[int | None, int | None]:
    """Of the servers and of the client."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        say("only one CPU: the servers and the client share it, so rates and latencies are those of both together")
        return None, None
    return cpus[0], cpus[1]


def describe(names: list[str], kinds_by_name: dict) -> dict[str, str]:
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    versions = {}
    for name in names:
        versions.setdefault(name.split("-")[0], kinds_by_name[name].version())
    return {"date": time.strftime("%Y-%m-%d"), "processor": model[1] if model else platform.processor(),
            "CPUs": str(os.cpu_count()), "kernel": platform.release(),
            "load average before": " ".join(f"{value:.1f}" for value in os.getloadavg()),
            **{f"version of {name}": version for name, version in versions.items() if name != "floor"}}


class Bench:
    def __init__(self, options: argparse.Namespace, folder: Path):
        self.options, self.folder = options, folder
        self.where = places.Places(options.build.resolve(), options.programs.resolve())
        self.kinds = kinds(self.where)
        server_cpu, client_cpu = choose_cpus()
        self.starter = Starter(self.kinds, folder, server_cpu, options.port_base)
        load = LoadClient(self.where.load, client_cpu)
        self.windows = Windows(self.starter, load, say)
        self.costs = Costs(self.starter, load, self.where, say)
        self.fast = [name for name in options.only if name in ALSO_FAST]
        self.report = Report(is_quick=options.quick)

    def require(self) -> None:
        needed = {"load"}
        for name in self.options.only:
            needed |= set(self.kinds[name].needs)
        if "W6" in self.options.workloads and "load" in self.options.subjects:
            needed.add("nginx")
        if "calls" in self.options.subjects and self.fast:
            needed.add("strace")
        if "instructions" in self.options.subjects and "alicorn" in self.options.only:
            needed.add("valgrind")
        self.where.require(*sorted(needed))

    def measure_load(self) -> None:
        self.report.rounds = self.options.rounds
        self.report.window_s = QUICK_WINDOW_S if self.options.quick else WINDOW_S
        for workload in self.options.workloads:
            names = [name for name in self.options.only if workload not in self.kinds[name].cannot]
            results = self.windows.compare(workload, names, self.options.rounds, self.report.window_s)
            self.report.load[workload] = summarise(results)
            self.report.noise[workload] = quartiles.noise(cpu_us(results["floor"]))

    def measure_latency(self) -> None:
        rounds, seconds = (QUICK_LATENCY_ROUNDS, QUICK_LATENCY_S) if self.options.quick else (LATENCY_ROUNDS, LATENCY_WINDOW_S)
        self.report.latency = self.windows.latency(["floor", *self.fast], rounds, seconds)

    def measure_calls(self) -> None:
        for name in self.fast:
            self.report.calls[name] = {workload: self.costs.system_calls(name, workload)
                                       for workload in self.options.workloads if workload in ("W1", "W2")}

    def measure_instructions(self) -> None:
        if "alicorn" in self.options.only:
            say("counting instructions")
            if self.options.quick:
                instructions.MANY = QUICK_REQUESTS
            self.report.instructions = instructions.measure(self.where)["instructions"]

    def measure_memory(self) -> None:
        for name in self.options.only:
            if self.kinds[name].has_workers:
                say(f"memory of {name}")
                self.report.memory[name] = {workers: self.costs.memory_of_workers(name, workers) for workers in (1, 4)}
        self.report.idle_connections = QUICK_IDLE_CONNECTIONS if self.options.quick else IDLE_CONNECTIONS
        for name in self.fast:
            say(f"idle connections of {name}")
            self.report.idle[name] = self.costs.memory_of_idle_connections(name, self.report.idle_connections)

    def measure_times(self) -> None:
        if "alicorn" in self.options.only:
            say("start and reload")
            times = 3 if self.options.quick else TIMES
            self.report.starts_s = [self.costs.start_s() for _ in range(times)]
            self.report.reloads_s = [self.costs.reload_s() for _ in range(times)]

    def run(self) -> Report:
        self.report.conditions = describe(self.options.only, self.kinds)
        self.report.notes = {name: self.kinds[name].note for name in self.options.only}
        self.report.cannot = {name: self.kinds[name].cannot for name in self.options.only if self.kinds[name].cannot}
        for subject in self.options.subjects:
            try:
                getattr(self, f"measure_{subject}")()
            except (ServerError, LoadError) as error:  # the other subjects may have taken a quarter of an hour
                self.report.failures[subject] = str(error)
        return self.report


def write(report: Report) -> None:
    groups = {f"{workload}: {workloads.TITLES[workload]}{f' ({IDLE:,})' if workload == 'W5' else ''}":
              {name: summary.ratio.value for name, summary in found.items() if name != "floor"}
              for workload, found in report.load.items()}
    (DOCS / CHART).write_text(chart(CHART_TITLE, groups))
    (DOCS / "performance.md").write_text(page(report))
    say(f"wrote docs/performance.md and docs/{CHART}")


def tell_of_failed_requests(report: Report) -> bool:
    found = [f"{name}, {workload}" for workload, servers in report.load.items() for name, summary in servers.items() if summary.failed]
    found += [f"{name}, latency" for name, latency in report.latency.items() if latency.failed]
    if found:
        say(f"bench: requests failed, so that these figures cannot be compared: {'; '.join(found)}")
    return bool(found)


def allow_many_descriptors() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main(argv: list[str]) -> int:
    options = parse_arguments(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    allow_many_descriptors()
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        bench = Bench(options, folder)
        bench.require()
        report = bench.run()
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(as_text(report))
    for subject, why in report.failures.items():
        say(f"bench: {subject}: {why}")
    if report.failures:
        return 1
    if options.write:
        write(report)
    return 1 if tell_of_failed_requests(report) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
