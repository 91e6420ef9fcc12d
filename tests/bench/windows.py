"""Loads several servers in turn, in short windows: what disturbs the machine then disturbs all of them alike."""

import random
from contextlib import ExitStack
from dataclasses import dataclass

import quartiles
import workloads
from load_client import LoadClient, LoadError, failed
from processes import Server, ServerError
from servers import Starter

CONNECTIONS = 64
IDLE = 1000  # in W5
WARM_S = 0.1
WINDOW_S = 0.6
LATENCY_WINDOW_S = 2.0
LATENCY_SHARE = 0.7


@dataclass
class Summary:
    """What all windows of one server in one workload say."""
    cpu_us: float  # per request
    ratio: quartiles.Ratio  # of cpu_us, to the floor's
    rate: float  # requests per second
    client_cpu: float  # share of its CPU that the load generator used
    failed: int


@dataclass
class Latency:
    rate: float  # requests per second that were due
    us: dict[str, quartiles.Ratio]  # percentile: its median and quartiles over the windows
    client_late_us: float
    failed: int


class Windows:
    def __init__(self, starter: Starter, load: LoadClient, say):
        self.starter, self.load, self.say = starter, load, say

    def _request(self, server: Server, workload: str):
        path = server.folder / "request"
        path.write_bytes(workloads.request(workload))
        return path

    def _one(self, server: Server, front: Server | None, workload: str, seconds: float, **options) -> dict[str, float]:
        return self.load.run(front.where if front else server.where, self._request(server, workload), c=CONNECTIONS, d=seconds, w=WARM_S,
                             x=workload == "W2", i=IDLE if workload == "W5" else 0, t=server.pids(), **options)

    def compare(self, workload: str, names: list[str], rounds: int, seconds: float = WINDOW_S) -> dict[str, list[dict[str, float]]]:
        """The results of each server, one for each round."""
        results = {name: [] for name in names}
        with ExitStack() as running:
            running_servers = {}
            for name in names:
                server = running.enter_context(self.starter.start(name, workload=workload, by_socket=workload == "W6"))
                front = running.enter_context(self.starter.start_front(server.where)) if workload == "W6" else None
                running_servers[name] = server, front
            for number in range(rounds):
                for name in random.sample(names, len(names)):
                    server, front = running_servers[name]
                    try:
                        results[name].append(self._one(server, front, workload, seconds))
                    except LoadError as error:
                        raise ServerError(f"{name}, {workload}: {error}. The end of its log:\n{server.log_end()}") from None
                self.say(f"{workload}: round {number + 1} of {rounds}")
        return results

    def latency(self, names: list[str], rounds: int, seconds: float, capacity_s: float = WINDOW_S) -> dict[str, Latency]:
        """The capacity is measured just before each window: on a machine that others use it may be half of that a minute later."""
        rates, results = {name: [] for name in names}, {name: [] for name in names}
        with ExitStack() as running:
            servers = {name: running.enter_context(self.starter.start(name)) for name in names}
            for number in range(rounds):
                for name in random.sample(names, len(names)):
                    capacity = self._one(servers[name], None, "W1", capacity_s)["rate"]
                    rates[name].append(max(1, round(LATENCY_SHARE * capacity)))
                    results[name].append(self._one(servers[name], None, "W1", seconds, r=rates[name][-1]))
                self.say(f"latency: round {number + 1} of {rounds}")
        return {name: summarise_latency(rates[name], results[name]) for name in names}


def summarise_latency(rates: list[float], results: list[dict[str, float]]) -> Latency:
    us = {}
    for percentile in ("p50", "p99", "p99.9"):
        values = [result[f"{percentile}_us"] for result in results]
        us[percentile] = quartiles.Ratio(quartiles.median(values), *quartiles.spread(values))
    return Latency(quartiles.median(rates), us, quartiles.median([result["client_late_p99_us"] for result in results]),
                   sum(map(failed, results)))


def cpu_us(results: list[dict[str, float]]) -> list[float]:
    return [result["server_cpu_us"] / max(result["requests"], 1) for result in results]


def summarise(results: dict[str, list[dict[str, float]]], floor: str = "floor") -> dict[str, Summary]:
    reference = cpu_us(results[floor])
    return {name: Summary(quartiles.lower_quartile(cpu_us(windows)), quartiles.ratio(cpu_us(windows), reference),
                          quartiles.median([window["rate"] for window in windows]),
                          quartiles.median([window["client_cpu_us"] / 1e6 / window["seconds"] for window in windows]),
                          sum(map(failed, windows)))
            for name, windows in results.items()}
