"""The servers that are compared: how each is started, and which workloads it can serve."""

import os
import pwd
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import places
import workloads
from processes import Server, free_port

START_S = 20
CONNECTIONS = 2_000  # that a worker may keep, unless more are needed: nginx reserves memory for each
KEEP_ALIVE_S = 300  # longer than any measurement
GUNICORN_THREADS = 4
_HELLO_TEXT = "Hello, world\\n"

# Limits that a measurement could meet are out of the way; everything else is nginx's default.
_NGINX = """daemon off;
{user}
worker_processes {workers};
worker_rlimit_nofile {files};
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections {connections}; }}
http {{
    access_log off;
    default_type text/plain;
    keepalive_timeout {keep_alive}s;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{rest}
}}
"""
_NGINX_HELLO = """    server {{
        listen {where} backlog=4096;
        location / {{ return 200 "{text}"; }}
    }}"""
_NGINX_FRONT = """    upstream backend {{ server unix:{socket}; keepalive 64; }}
    server {{
        listen {where} backlog=4096;
        location / {{ proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; }}
    }}"""


@dataclass
class Setup:
    """What a server is started for."""
    where: int | str  # a port of 127.0.0.1, or the path of a unix socket
    folder: Path
    workers: int = 1
    workload: str = "W1"
    connections: int = CONNECTIONS


def bind_address(where: int | str) -> str:
    return f"127.0.0.1:{where}" if isinstance(where, int) else f"unix:{where}"


def _nginx(setup: Setup, rest: str) -> list[str]:
    user = f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else ""  # the folder is private
    config = setup.folder / "nginx.conf"
    config.write_text(_NGINX.format(user=user, workers=setup.workers, files=setup.connections * 2, connections=setup.connections,
                                    folder=setup.folder, keep_alive=KEEP_ALIVE_S, rest=rest))
    return [places.program("nginx"), "-p", str(setup.folder), "-e", str(setup.folder / "error.log"), "-c", str(config)]


def nginx_hello(setup: Setup) -> list[str]:
    return _nginx(setup, _NGINX_HELLO.format(where=bind_address(setup.where), text=_HELLO_TEXT))


def nginx_front(setup: Setup, socket: str) -> list[str]:
    return _nginx(setup, _NGINX_FRONT.format(where=bind_address(setup.where), socket=socket))


def gunicorn(setup: Setup, worker_class: str) -> list[str]:
    threads = ["--threads", str(GUNICORN_THREADS)] if worker_class == "gthread" else []
    return [places.program("gunicorn"), "--worker-class", worker_class, *threads, "--workers", str(setup.workers), "--worker-connections",
            str(setup.connections), "--keep-alive", str(KEEP_ALIVE_S), "--bind", bind_address(setup.where), "--pythonpath",
            str(places.HERE), "--log-level", "warning", "hello_wsgi:application"]


def alicorn(setup: Setup, binary: Path, app: Path, *options: str) -> list[str]:
    return [str(binary), "--workers", str(setup.workers), "--worker-connections", str(setup.connections), "--keep-alive",
            str(KEEP_ALIVE_S), "--bind", bind_address(setup.where), *options, str(app)]


@dataclass
class Kind:
    """One server of the comparison."""
    argv: Callable[[Setup], list[str]]
    needs: tuple[str, ...]  # for Places.require()
    version: Callable[[], str]
    note: str
    cannot: dict[str, str]  # workload: why
    has_workers: bool = True


def _version(argv: list[str], pattern: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30)
    found = re.search(pattern, done.stdout + done.stderr)
    return found[1] if found else "unknown"


def kinds(where: places.Places) -> dict[str, Kind]:
    def gunicorn_version():
        return _version([places.program("gunicorn"), "--version"], r"version ([^)]+)")

    def alicorn_version():
        return _version([str(where.alicorn), "--version"], r"alicorn (.+)")

    def app_of(setup):
        return where.body_back if setup.workload == "W3" else where.hello

    return {
        "floor": Kind(lambda setup: [str(where.floor), str(setup.where)], ("floor",), lambda: "of this repository",
                      "an epoll loop that parses nothing and answers with canned text; in W3 with the body", {}, has_workers=False),
        "nginx": Kind(nginx_hello, ("nginx",), lambda: _version([places.program("nginx"), "-v"], r"nginx/(\S+)"),
                      "`return 200`", {"W3": "nginx has no echo"}),
        "alicorn": Kind(lambda setup: alicorn(setup, where.alicorn, app_of(setup)), ("alicorn", "hello", "body_back"), alicorn_version,
                        "a pool app: `examples/hello_c`, in W3 `tests/apps/body_back.c`", {}),
        "alicorn-loop": Kind(lambda setup: alicorn(setup, where.alicorn, where.hello_loop), ("alicorn", "hello_loop"), alicorn_version,
                             "a loop app: `tests/apps/hello_loop.c`", {}),
        "gunicorn-gthread": Kind(lambda setup: gunicorn(setup, "gthread"), ("gunicorn",), gunicorn_version,
                                 f"{GUNICORN_THREADS} threads, `tests/bench/hello_wsgi.py`", {}),
        "gunicorn-sync": Kind(lambda setup: gunicorn(setup, "sync"), ("gunicorn",), gunicorn_version,
                              "closes the connection after each answer, `tests/bench/hello_wsgi.py`",
                              {"W5": "a sync worker keeps no connections"}),
    }


class Starter:
    """Starts servers in folders of their own."""

    def __init__(self, kinds_by_name: dict[str, Kind], folder: Path, cpu: int | None, port_base: int | None):
        self.kinds, self.folder, self.cpu, self.port_base = kinds_by_name, folder, cpu, port_base
        self.started = 0

    def setup(self, name: str, by_socket: bool = False, **more) -> Setup:
        self.started += 1
        folder = self.folder / f"{self.started}-{name}"
        folder.mkdir()
        where = str(folder / "socket") if by_socket else free_port(self.port_base, self.started)
        return Setup(where, folder, **more)

    def run(self, name: str, setup: Setup, argv: list[str], wrap: tuple[str, ...] = (), environment: dict | None = None) -> Server:
        server = Server(name, [*wrap, *argv], setup.folder, setup.where, self.cpu, environment)
        try:
            server.await_answer(workloads.request("W2"), START_S)
        except BaseException:
            server.stop()
            raise
        return server

    def start(self, name: str, **options) -> Server:
        setup = self.setup(name, **options)
        return self.run(name, setup, self.kinds[name].argv(setup))

    def start_front(self, socket: str) -> Server:
        setup = self.setup("front")
        return self.run("nginx in front", setup, nginx_front(setup, socket))
