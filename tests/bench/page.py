"""Writes docs/performance.md."""

import report as reports
import workloads
from costs import REST_S
from instructions import TOLERANCE
from report import Report
from windows import CONNECTIONS, IDLE, LATENCY_SHARE

CHART = "performance.svg"
CHART_TITLE = "CPU time per request as a multiple of the floor's, on a logarithmic scale"
_BEGIN = """# Performance

<!-- Written by script/bench --write. -->

What a request costs on one machine, beside other servers that ran on it at the same time. Figures of another machine differ; the
ratios to the *floor* differ less. The floor (`tests/bench/floor.cpp`) is an epoll loop that parses nothing and answers with canned
text: its time is the kernel's part of a request, which no server can save. To repeat all of this: `script/bench`, and
`script/bench --write` to write this page.

"""
_QUICK = """**These figures are from a quick run (`script/bench --quick`): few and short windows, so that the noise is larger than most of the
differences.**

"""
_COMPARED = """Each server has one worker, pinned to one CPU, and the client runs on another CPU. All servers are up at once. The client loads
them in turn, in random order, in windows of {window:g} s, {rounds} for each server, so that what disturbs the machine disturbs all of
them alike. The client (`tests/bench/load.cpp`) has {connections} connections and sends the next request on a connection when the
answer to the last one is there. The CPU time is what the kernel counts in `schedstat` for all threads of all processes of the server;
in W6 the nginx in front does not count. The time of a server is the lower quartile of its windows. The ratio is that time divided by
the floor's; in brackets are the quartiles of the ratios that the single rounds gave. Requests per second are the client's limit where
the client's CPU is near 100%, and say nothing about the server then.

"""
_TRUST = """How far to trust it: the upper quartile of the floor's own windows was {noise} above the lower one. Two ratios that differ by less
than their brackets are wide do not differ. Instruction counts do not have this noise.

"""
_LATENCY = """Each server gets {share:.0%} of the requests per second that it served in W1 just before, evenly spaced, whether or not it keeps
up. A latency counts from the time at which the request was due, so that a request which had to wait because others were late counts
with its waiting time. The figures are medians over the windows, with their quartiles in brackets. *Client late* is how late the client
itself sent a request although it had a free connection: that part of a latency is not the server's.

"""
_CALLS = """Counted by `strace -c` for all threads of the server, with {connections} connections. A traced server is slower, so that more
requests wait for it at a time, and calls that serve several requests (`epoll_wait`) are fewer than otherwise.

"""
_INSTRUCTIONS = """Counted by valgrind's cachegrind in user space, for one connection; the difference of two runs with a different number of
requests. The counts repeat within 0.5%. The log line is W1 with an access log minus W1 without. `.ci/run instructions` compares them
with `tests/golden/instructions.json`, and fails at a difference of more than {tolerance:.0%}.

"""
_MEMORY = """PSS is the worker's own memory and its share of what it has in common with other processes, after 2,000 requests.

"""
_IDLE = """The growth of one worker's RSS, divided by the number of connections, each of which has sent one request and waits; when the
last one has its answer, and {rest} s later. The kernel's memory for a socket is not in it, and neither is what nginx reserves at its
start for each of its `worker_connections`.

"""
_TIMES = """From the execution of the program to `READY=1` for systemd, and from `HUP` to the log line `workers in place`.

"""


def _chart(report: Report) -> str:
    servers = list(dict.fromkeys(name for found in report.load.values() for name in found if name != "floor"))
    alt = f"{CHART_TITLE}: bars for {', '.join(servers)} in {', '.join(report.load)}. The table has the same figures."
    return f'![{alt}]({CHART} "{CHART_TITLE}")\n\n'


def _absences(report: Report) -> str:
    lines = [f"{name} has no {workload}: {why}." for name, by_workload in report.cannot.items() for workload, why in by_workload.items()]
    return " ".join(lines) + "\n\n" if lines else ""


def _load(report: Report) -> str:
    titles = [[workload, title + (f" ({IDLE:,})" if workload == "W5" else "")] for workload, title in workloads.TITLES.items()]
    parts = ["## CPU time per request\n\n", _chart(report), reports.table(["workload", ""], titles, (0, 1)), "\n\n",
             reports.ratio_table(report), "\n\n", _absences(report),
              _COMPARED.format(window=report.window_s, rounds=report.rounds, connections=CONNECTIONS)]
    noise = report.noise.values()
    parts.append(_TRUST.format(noise=f"{min(noise):.0%} to {max(noise):.0%}"))
    for workload in report.load:
        parts.append(f"### {workload}: {workloads.TITLES[workload]}\n\n{reports.load_table(report, workload)}\n\n")
    return "".join(parts)


def page(report: Report) -> str:
    conditions = reports.table(["", ""], [[name, text] for name, text in report.conditions.items()], (0, 1))
    servers = reports.table(["server", ""], [[name, note] for name, note in report.notes.items()], (0, 1))
    introductions = {
        "latency": _LATENCY.format(share=LATENCY_SHARE), "calls": _CALLS.format(connections=CONNECTIONS),
        "instructions": _INSTRUCTIONS.format(tolerance=TOLERANCE), "memory": _MEMORY, "idle": _IDLE.format(rest=REST_S), "starts_s": _TIMES}
    parts = [_BEGIN, _QUICK if report.is_quick else "", conditions, "\n\n", servers, "\n\n", _load(report)]
    for title, attribute, make in reports.SUBJECTS:
        if attribute in introductions and getattr(report, attribute):
            parts.append(f"## {title}\n\n{introductions[attribute]}{make(report)}\n\n")
    return "".join(parts).rstrip("\n") + "\n"
