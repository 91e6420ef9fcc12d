"""Starts the servers that are measured, and stops all of their processes."""

import atexit
import contextlib
import ctypes
import os
import select
import signal
import socket
import subprocess
import time
from pathlib import Path

STOP_S = 8
LOG_LINES = 12
_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


_HELD = {signal.SIGTERM, signal.SIGINT}
_running = set()


class ServerError(Exception):
    pass


@contextlib.contextmanager
def held_signals():
    """A signal that ends the program waits, so that a server that starts just then is not forgotten."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD)


@atexit.register
def stop_all() -> None:
    for server in list(_running):
        server.stop(1)


def free_port(base: int | None, index: int) -> int:
    """A port of the kernel's choice, or the one at this place after the base."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        port = 0 if base is None else base + index
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ServerError(f"port {port}: {error.strerror}; choose another --port-base, or leave it out") from None
        return probe.getsockname()[1]


def parents() -> dict[int, int]:
    """pid -> parent's pid, of all processes."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                found[int(entry)] = int(Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                pass  # it has ended
    return found


def ask(where: int | str, request: bytes) -> bytes:
    """The first bytes of the answer."""
    with socket.socket(socket.AF_INET if isinstance(where, int) else socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(("127.0.0.1", where) if isinstance(where, int) else where)
        client.sendall(request)
        return client.recv(4096)


class Server:
    """A running server with all of its processes. They form a session, so that none is forgotten."""

    def __init__(self, name: str, argv: list[str], folder: Path, where: int | str, cpu: int | None, environment: dict | None = None):
        self.name, self.folder, self.where = name, folder, where
        self.log = folder / "log"
        self._watch = select.poll()

        def settle():
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD)
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)  # nothing stays if the benchmark is killed
            if cpu is not None:
                os.sched_setaffinity(0, {cpu})

        try:
            with open(self.log, "ab") as log, held_signals():
                self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, start_new_session=True,
                                                preexec_fn=settle, env={**os.environ, **(environment or {})})
                self._pidfd = os.pidfd_open(self.process.pid)
                self._watch.register(self._pidfd, select.POLLIN)
                _running.add(self)
        except OSError as error:
            raise ServerError(f"{name} cannot be run: {error}") from None

    def log_end(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-LOG_LINES:]) or "    (its log is empty)"

    def has_ended_within(self, seconds: float) -> bool:
        return bool(self._watch.poll(seconds * 1000))

    def await_answer(self, request: bytes, limit_s: float) -> None:
        give_up = time.monotonic() + limit_s
        why = ""
        while not self.has_ended_within(0.02):
            try:
                answer = ask(self.where, request)
                if answer[8:13] == b" 200 ":
                    return
                why = f"it answered {answer[:40]!r}"
            except OSError as error:
                why = str(error)
            if time.monotonic() > give_up:
                raise ServerError(f"{self.name} did not start within {limit_s:.0f} s: {why}. The end of its log:\n{self.log_end()}")
        raise ServerError(f"{self.name} ended before it served ({self.process.wait()}). The end of its log:\n{self.log_end()}")

    def pids(self) -> list[int]:
        """The first process and all of its descendants."""
        parent_of = parents()
        found, grown = {self.process.pid}, True
        while grown:
            more = {pid for pid, parent in parent_of.items() if parent in found} - found
            found |= more
            grown = bool(more)
        return sorted(found)

    def workers(self) -> list[int]:
        return [pid for pid in self.pids() if pid != self.process.pid]

    def stop(self, limit_s: float = STOP_S) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.has_ended_within(limit_s)
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # what is left of its session
        except ProcessLookupError:
            pass
        self.process.wait()
        _running.discard(self)
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
