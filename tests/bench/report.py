"""What a run of the benchmark has found, and its tables in Markdown."""

from dataclasses import dataclass, field

import quartiles
import workloads
from costs import REST_S
from windows import LATENCY_SHARE, Latency, Summary


@dataclass
class Report:
    conditions: dict[str, str] = field(default_factory=dict)  # date, machine, versions: a name and a text
    notes: dict[str, str] = field(default_factory=dict)  # server: what it is
    cannot: dict[str, dict[str, str]] = field(default_factory=dict)  # server: workload: why it is not measured
    failures: dict[str, str] = field(default_factory=dict)  # subject: why it was not measured
    is_quick: bool = False
    rounds: int = 0
    window_s: float = 0
    load: dict[str, dict[str, Summary]] = field(default_factory=dict)  # workload: server
    noise: dict[str, float] = field(default_factory=dict)  # workload: of the floor's windows
    latency: dict[str, Latency] = field(default_factory=dict)
    calls: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)  # server: workload: call
    instructions: dict[str, int] = field(default_factory=dict)
    memory: dict[str, dict[int, float]] = field(default_factory=dict)  # server: workers: bytes per worker
    idle: dict[str, tuple[float, float]] = field(default_factory=dict)  # server: bytes per connection, at once and after a rest
    idle_connections: int = 0
    starts_s: list[float] = field(default_factory=list)
    reloads_s: list[float] = field(default_factory=list)


def table(head: list[str], rows: list[list[str]], text_columns: tuple[int, ...] = (0,)) -> str:
    """The other columns are numbers."""
    lines = [head, ["---" if column in text_columns else "---:" for column in range(len(head))], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def with_spread(ratio: quartiles.Ratio, form: str = ".2f") -> str:
    return f"{ratio.value:{form}} ({ratio.low:{form}}–{ratio.high:{form}})"


def load_table(report: Report, workload: str) -> str:
    rows = []
    for name, found in report.load[workload].items():
        rows.append([name, f"{found.cpu_us:.1f}", with_spread(found.ratio), f"{found.rate:,.0f}", f"{found.client_cpu:.0%}",
                     str(found.failed)])
    return table(["server", "CPU µs per request", "ratio to the floor", "requests/s", "client's CPU", "failed"], rows)


def ratio_table(report: Report) -> str:
    """All workloads on one screen."""
    names = list(dict.fromkeys(name for found in report.load.values() for name in found))
    rows = [[name, *(f"{found[name].ratio.value:.2f}" if name in found else "–" for found in report.load.values())] for name in names]
    rows.append(["*noise of the floor*", *(f"{report.noise[workload]:.0%}" for workload in report.load)])
    return table(["server", *report.load], rows)


def latency_table(report: Report) -> str:
    rows = []
    for name, found in report.latency.items():
        rows.append([name, f"{found.rate:,.0f}", *(with_spread(found.us[percentile], ",.0f") for percentile in ("p50", "p99", "p99.9")),
                     f"{found.client_late_us:,.0f}", str(found.failed)])
    return table(["server", f"requests/s ({LATENCY_SHARE:.0%})", "p50 µs", "p99 µs", "p99.9 µs", "client late, p99 µs", "failed"], rows)


def calls_table(report: Report) -> str:
    rows = []
    for name, by_workload in report.calls.items():
        for workload, calls in by_workload.items():
            most = sorted(calls.items(), key=lambda call: -call[1])
            listed = ", ".join(f"{call} {count:.2f}" for call, count in most if count >= 0.01)
            rows.append([name, workload, f"{sum(calls.values()):.2f}", listed])
    return table(["server", "workload", "calls per request", "which"], rows, (0, 1, 3))


def instructions_table(report: Report) -> str:
    return table(["of alicorn's worker, per request", "instructions"],
                 [[name if name not in workloads.TITLES else f"{name}, {workloads.TITLES[name]}", f"{count:,}"]
                  for name, count in report.instructions.items()])


def memory_table(report: Report) -> str:
    numbers = sorted({number for by_number in report.memory.values() for number in by_number})
    head = ["server", *(f"PSS per worker, {number} worker{'s' if number > 1 else ''}, MiB" for number in numbers)]
    rows = [[name, *(f"{by_number[number] / 2**20:.1f}" if number in by_number else "–" for number in numbers)]
            for name, by_number in report.memory.items()]
    return table(head, rows)


def idle_table(report: Report) -> str:
    return table([f"bytes per connection, {report.idle_connections:,} connections", "at once", f"after {REST_S} s"],
                 [[name, *(f"{size:,.0f}" for size in sizes)] for name, sizes in report.idle.items()])


def times_table(report: Report) -> str:
    rows = []
    for what, values in (("exec to READY=1, one worker", report.starts_s), ("reload of four workers", report.reloads_s)):
        if values:
            rows.append([what, *(f"{value * 1000:.0f}" for value in (quartiles.median(values), min(values), max(values))), str(len(values))])
    return table(["alicorn", "median ms", "least", "most", "times"], rows)


# In the order of the page: what the table is in a title, the attribute that it needs, and the function that makes it.
SUBJECTS = (
    ("Ratios of CPU time per request to the floor's", "load", ratio_table),
    ("Latency", "latency", latency_table),
    ("System calls", "calls", calls_table),
    ("Instructions", "instructions", instructions_table),
    ("Memory of a worker", "memory", memory_table),
    ("Memory of an idle connection", "idle", idle_table),
    ("Start and reload", "starts_s", times_table),
)


def as_text(report: Report) -> str:
    parts = []
    for title, attribute, make in SUBJECTS:
        if getattr(report, attribute):
            parts.append(f"{title}\n\n{make(report)}")
        if attribute == "load":
            parts += [f"{workload}: {workloads.TITLES[workload]}\n\n{load_table(report, workload)}" for workload in report.load]
    return "\n\n".join(parts)
