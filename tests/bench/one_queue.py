#!/usr/bin/env python3
"""How well the threads of all workers are used: calls of 5 ms, one in twenty of 50 ms, from clients that ask again at once.
Holds what comes out against what one queue over all threads could do (queue_model.py).

    tests/bench/one_queue.py [--clients 8,32] [--runs 5] [--servers alicorn,puma] [--fronts none,nginx,haproxy]
                             [--binds tcp,unix] [--shapes 4x1,2x4] [--seconds 4]

A proxy in front keeps its connections to the server. Prints a table: medians of the runs, and how far they lie apart."""

import argparse
import contextlib
import os
import pwd
import random
import selectors
import shutil
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

import places
import queue_model
from processes import Server, free_port

SERVICE = "5:0.95,50:0.05"
APPS = places.ROOT / "tests/apps"
START_S = 20
CONNECT_S = 1  # a client that is not let in by then stays away
WARM_S = 1.0  # or three rounds of all clients
SEED = 100  # the same for all runs: otherwise the calls themselves lie apart by 4 %
REQUEST = "GET /sleep?ms={} HTTP/1.1\r\nHost: a\r\n\r\n"

_NGINX = """daemon off;
user {user};
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 2000; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    upstream backend {{ server {backend}; keepalive 16; }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{ proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; }}
    }}
}}
"""
_HAPROXY = """global
    maxconn 2000
defaults
    mode http
    timeout client 60s
    timeout server 60s
    timeout connect 5s
    http-reuse always
frontend front
    bind 127.0.0.1:{port}
    default_backend backend
backend backend
    server only {backend}
"""


def bind(where):
    return f"127.0.0.1:{where}" if isinstance(where, int) else f"unix:{where}"


class Bench:
    def __init__(self, options):
        self.where = places.Places(options.build, options.programs)
        self.where.require("alicorn", "slow")
        self.options = options
        user = pwd.getpwuid(os.geteuid()).pw_name
        self.user = user

    def argv(self, name, where, workers, threads):
        address = bind(where)
        gunicorn = [places.program("gunicorn"), "--pythonpath", str(APPS), "--log-level", "warning", "--keep-alive", "60",
                    "--workers", str(workers), "--bind", address]
        return {
            "alicorn": [str(self.where.alicorn), "-w", str(workers), "--threads", str(threads), "--bind", address, "--user", self.user,
                        str(self.where.slow_threads if threads > 1 else self.where.slow)],
            "alicorn-apart": [str(self.where.alicorn), "-w", str(workers), "--threads", str(threads), "--bind", address, "--user", self.user,
                              "--no-hand-over", str(self.where.slow_threads if threads > 1 else self.where.slow)],
            "gunicorn-sync": gunicorn + ["sleep_wsgi:application"],
            "gunicorn-gthread": gunicorn + ["--worker-class", "gthread", "--threads", str(threads), "sleep_wsgi:application"],
            "uwsgi": [places.program("uwsgi"), "--plugin", "python3", "--master", "--need-app", "--disable-logging",
                      "--processes", str(workers), "--threads", str(threads), "--chdir", str(APPS), "--module",
                      "sleep_wsgi:application", "--http11-socket", address.removeprefix("unix:"), "--die-on-term", "--listen", "1024"],
            "puma": [places.program("puma"), "-q", "-e", "production", "-w", str(workers), "-t", f"{threads}:{threads}", "-b",
                     f"tcp://{address}" if isinstance(where, int) else f"unix://{where}", str(APPS / "sleep.ru")],
        }[name]

    @contextlib.contextmanager
    def running(self, name, front, kind, workers, threads):
        """The address at which clients find it."""
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="queue-")))
            where = free_port(None, 0) if kind == "tcp" else str(folder / "app.sock")
            first = REQUEST.format(0).encode()
            server = stack.enter_context(Server(name, self.argv(name, where, workers, threads), folder, where, None))
            server.await_answer(first, START_S)
            if front == "none":
                yield where
                return
            port = free_port(None, 0)
            backend = bind(where)
            config = folder / "front.conf"
            if front == "nginx":
                config.write_text(_NGINX.format(user=self.user, folder=folder, backend=backend, port=port))
                argv = [places.program("nginx"), "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(config)]
            else:
                config.write_text(_HAPROXY.format(port=port, backend=backend.replace("unix:", "unix@")))
                argv = [places.program("haproxy"), "-db", "-f", str(config)]
            proxy = stack.enter_context(Server(front, argv, folder, port, None))
            proxy.await_answer(first, START_S)
            yield port


def connect(where):
    client = socket.socket(socket.AF_INET if isinstance(where, int) else socket.AF_UNIX)
    client.settimeout(CONNECT_S)
    client.connect(("127.0.0.1", where) if isinstance(where, int) else where)
    if isinstance(where, int):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


class ClosedLoop:
    """Clients that ask again as soon as they have an answer, and connect again when they are sent away."""

    def __init__(self, where, clients, service, round_s):
        self.where, self.service, self.round_s = where, service, round_s
        self.selector = selectors.DefaultSelector()
        self.latencies, self.answered, self.bad, self.reconnects = [], [0] * clients, 0, 0
        for client in range(clients):
            self.come(client)

    def come(self, client):
        try:
            self.ask(connect(self.where), client, is_new=True)
        except OSError:
            self.bad += 1

    def ask(self, sock, client, is_new=False):
        if is_new:
            self.selector.register(sock, selectors.EVENT_READ, [client, 0.0, b""])
        state = self.selector.get_key(sock).data
        state[1:] = time.monotonic(), b""
        try:
            sock.send(REQUEST.format(int(self.service())).encode())
        except OSError:
            pass  # recv will say so

    def again(self, sock, client):
        self.selector.unregister(sock)
        sock.close()
        self.reconnects += 1
        self.come(client)

    def run(self, seconds):
        begun = time.monotonic()
        warm = begun + max(WARM_S, 3 * self.round_s)
        while (now := time.monotonic()) < warm + seconds:
            for key, _ in self.selector.select(0.1):
                self.look(key, now > warm)
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.latencies.sort()

    def look(self, key, counts):
        sock, state = key.fileobj, key.data
        try:
            piece = sock.recv(65536)
        except OSError:
            piece = b""
        state[2] += piece
        if piece and not state[2].endswith((b"awake\n", b"lives\n")) and state[2][9:12] == b"200":
            return
        if piece and counts:
            self.latencies.append(time.monotonic() - state[1])
            self.answered[state[0]] += 1
        self.bad += not piece or state[2][9:12] != b"200"
        if not piece or b"onnection: close" in state[2]:
            self.again(sock, state[0])
        else:
            self.ask(sock, state[0])


def quantile(sorted_values, share):
    if not sorted_values:
        return float("inf")  # nobody was answered
    return sorted_values[min(len(sorted_values) - 1, int(share * len(sorted_values)))]


def possible(workers, threads, clients):
    model = queue_model.Model("one queue", workers, threads, clients, queue_model.service_times(SERVICE, 1))
    model.run(20000, warm=2000)
    return model.rate(), model.percentile(0.99)


def measure(bench, name, front, kind, shape, clients, possible_rate, options):
    workers, threads = map(int, shape.split("x"))
    rates, p50s, p99s, fair, bad = [], [], [], [], 0
    for _ in range(options.runs):
        with bench.running(name, front, kind, workers, threads) as where:
            load = ClosedLoop(where, clients, queue_model.service_times(SERVICE, SEED), clients / possible_rate)
            load.run(options.seconds)
        rates.append(len(load.latencies) / options.seconds)
        p50s.append(1000 * quantile(load.latencies, 0.5))
        p99s.append(1000 * quantile(load.latencies, 0.99))
        fair.append(min(load.answered) / max(1, *load.answered))
        bad += load.bad
    return rates, p50s, p99s, fair, bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", default="4,8,16,32,64,256")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4, help="of each run, after one to warm up")
    parser.add_argument("--servers", default="alicorn,gunicorn-sync,gunicorn-gthread,uwsgi,puma")
    parser.add_argument("--fronts", default="none,nginx,haproxy")
    parser.add_argument("--binds", default="tcp,unix")
    parser.add_argument("--shapes", default="4x1,2x4", help="workers x threads")
    places.add_arguments(parser)
    options = parser.parse_args()
    bench = Bench(options)
    print("| threads | front | bind | clients | server | requests/s | of what is possible | apart | p50 | p99 | × one queue | least/most served | bad |")
    print("|---|---|---|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for shape in options.shapes.split(","):
        for front in options.fronts.split(","):
            for kind in options.binds.split(","):
                for clients in map(int, options.clients.split(",")):
                    rate, p99 = possible(*map(int, shape.split("x")), clients)
                    for name in options.servers.split(","):
                        rates, p50s, p99s, fair, bad = measure(bench, name, front, kind, shape, clients, rate, options)
                        middle = statistics.median(rates)
                        apart = (max(rates) - min(rates)) / max(1, middle)
                        print(f"| {shape} | {front} | {kind} | {clients} | {name} | {middle:,.0f} | {middle / rate:.3f} | {apart:.1%} | "
                              f"{statistics.median(p50s):.1f} | {statistics.median(p99s):.1f} | {statistics.median(p99s) / p99:.2f} | "
                              f"{min(fair):.2f} | {bad} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
