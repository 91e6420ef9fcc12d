"""What a server costs besides the CPU time of its requests: system calls, memory, the times of a start and of a reload."""

import os
import re
import select
import signal
import socket
import subprocess
import time
from pathlib import Path

import places
import workloads
from load_client import LoadClient
from processes import Server, ServerError
from servers import Starter, alicorn
from windows import CONNECTIONS

TRACED_REQUESTS = 5_000
WARM_REQUESTS = 2_000
RELOAD_WORKERS = 4
REST_S = 8  # a quiet worker of Alicorn returns memory after five seconds
PATIENCE_S = 20


def count_calls(strace_summary: str) -> dict[str, int]:
    """name -> number of calls, from the table that strace -c prints."""
    calls = {}
    for line in strace_summary.splitlines():
        fields = line.split()
        # % time, seconds, usecs/call, calls, [errors,] name
        if len(fields) in (5, 6) and re.fullmatch(r"[\d.]+", fields[0]) and fields[-1] != "total":
            calls[fields[-1]] = int(fields[3])
    return calls


def memory(pid: int, what: str) -> int:
    """Bytes of "Pss" or "Rss"."""
    found = re.search(rf"^{what}:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
    return int(found[1]) * 1024


class Costs:
    def __init__(self, starter: Starter, load: LoadClient, where: places.Places, say):
        self.starter, self.load, self.where, self.say = starter, load, where, say

    def _request(self, server: Server, workload: str) -> Path:
        path = server.folder / "request"
        path.write_bytes(workloads.request(workload))
        return path

    def _warm(self, server: Server) -> None:
        self.load.run(server.where, self._request(server, "W1"), c=CONNECTIONS, n=WARM_REQUESTS, d=30)

    def system_calls(self, name: str, workload: str) -> dict[str, float]:
        """By name, per request."""
        with self.starter.start(name, workload=workload) as server:
            self._warm(server)
            summary = server.folder / "calls"
            attached = [option for pid in server.pids() for option in ("-p", str(pid))]
            tracer = subprocess.Popen([places.program("strace"), "-f", "-c", "-o", str(summary), *attached], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            try:
                said = ""
                for _ in server.pids():  # one line for each process it has attached to
                    said = tracer.stderr.readline()
                    if "attached" not in said:
                        raise ServerError(f"strace cannot trace {name}: {said.strip() or 'it ended'}")
                result = self.load.run(server.where, self._request(server, workload), c=CONNECTIONS, n=TRACED_REQUESTS, d=60,
                                       x=workload == "W2")
                tracer.send_signal(signal.SIGINT)
                tracer.communicate(timeout=PATIENCE_S)
            finally:
                tracer.kill()
                tracer.wait()
            return {call: count / result["requests"] for call, count in count_calls(summary.read_text()).items()}

    def memory_of_workers(self, name: str, workers: int) -> float:
        """PSS per worker, in bytes, after some requests."""
        with self.starter.start(name, workers=workers) as server:
            self._warm(server)
            pids = server.workers() if self.starter.kinds[name].has_workers else server.pids()
            return sum(memory(pid, "Pss") for pid in pids) / len(pids)

    def memory_of_idle_connections(self, name: str, connections: int) -> tuple[float, float]:
        """Bytes of the worker's RSS per connection: at once, and when all have rested. The kernel's memory for a socket is not in it."""
        with self.starter.start(name, connections=2 * connections) as server:
            self._warm(server)
            worker = server.workers()[-1]
            server.has_ended_within(REST_S)
            before = memory(worker, "Rss")
            client = self.load.hold(server.where, self._request(server, "W1"), connections)
            try:
                at_once = memory(worker, "Rss")
                server.has_ended_within(REST_S)
                rested = memory(worker, "Rss")
            finally:
                client.communicate(timeout=PATIENCE_S)
            return (at_once - before) / connections, (rested - before) / connections

    def start_s(self) -> float:
        """From the execution of alicorn, one worker, to READY=1 for systemd."""
        setup = self.starter.setup("alicorn")
        address = str(setup.folder / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
            notified.bind(address)
            notified.settimeout(PATIENCE_S)
            begun = time.monotonic()
            with Server("alicorn", self.starter.kinds["alicorn"].argv(setup), setup.folder, setup.where, self.starter.cpu,
                        {"NOTIFY_SOCKET": address}) as server:
                try:
                    while b"READY=1" not in notified.recv(4096):
                        pass
                except TimeoutError:
                    raise ServerError(f"alicorn did not say READY=1. The end of its log:\n{server.log_end()}") from None
                return time.monotonic() - begun

    def reload_s(self) -> float:
        """From HUP to the log line that says that all workers have been replaced."""
        setup = self.starter.setup("alicorn", workers=RELOAD_WORKERS)
        pipe = str(setup.folder / "error.log")
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        try:
            argv = alicorn(setup, self.where.alicorn, self.where.hello, "--error-logfile", pipe)
            with Server("alicorn", argv, setup.folder, setup.where, self.starter.cpu) as server:
                self._await_line(reader, server)
                begun = time.monotonic()
                server.process.send_signal(signal.SIGHUP)
                self._await_line(reader, server)
                return time.monotonic() - begun
        finally:
            os.close(reader)

    @staticmethod
    def _await_line(reader: int, server: Server, wanted: bytes = b"workers in place") -> None:
        seen, give_up = b"", time.monotonic() + PATIENCE_S
        while wanted not in seen:
            left = give_up - time.monotonic()
            if left <= 0 or server.has_ended_within(0):
                raise ServerError(f'alicorn did not log "{wanted.decode()}": {seen.decode(errors="replace")[-1000:]}\n{server.log_end()}')
            if select.select([reader], [], [], min(left, 1))[0]:
                seen += os.read(reader, 65536)
