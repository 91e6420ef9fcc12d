#!/usr/bin/python3
"""Refreshes and revokes tokens while the service's workers or its database are being killed, and checks every answer.

  churn.py TARGET USERNAME PASSWORD FILE

Runs as long as FILE exists, but at most two minutes. The service rotates, and blacklists after rotation. Two threads send each refresh token at the same time. After a
connection error or a 503 it is unknown what was done; everything else must hold whatever is killed:
  - of all requests with one token, at most one gets a successor,
  - a token that once got a successor, or was blacklisted, never gets a successor again,
  - the only statuses are 200, 401 and 503,
  - in the end, the service recovers without help.
Prints what it saw; with violations, prints them and exits with status 1.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

CHAINS = 6
UNKNOWN = 0  # no answer, or 503
RECOVERY_SECONDS = 30
LONGEST_SECONDS = 120


class Violations:
    def __init__(self):
        self.lock, self.counts, self.found = threading.Lock(), Counter(), []

    def count(self, what: str):
        with self.lock:
            self.counts[what] += 1

    def add(self, what: str):
        with self.lock:
            self.found.append(what)


def post(target: str, path: str, body: dict) -> tuple[int, dict]:
    address = urlsplit(target)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=20)
    try:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = json.loads(response.read())
        return (UNKNOWN if response.status == 503 else response.status), answer
    except (OSError, http.client.HTTPException, ValueError):
        return UNKNOWN, {}
    finally:
        connection.close()


class Chain:
    """Repeats a login and everything that follows from it."""

    def __init__(self, target: str, user: dict, seen: Violations, pair: ThreadPoolExecutor):
        self.target, self.user, self.seen, self.pair = target, user, seen, pair
        self.spent: list[str] = []

    def log_in(self, until: float) -> str | None:
        while time.monotonic() < until:
            status, answer = post(self.target, "/api/token/", self.user)
            if status == 200:
                self.seen.count("logins")
                return answer["refresh"]
            if status != UNKNOWN:
                self.seen.add(f"login answered {status} {answer}")
                return None
        return None

    def refresh(self, token: str) -> list[dict]:
        """The successors that two concurrent requests get."""
        both = list(self.pair.map(lambda _: post(self.target, "/api/token/refresh/", {"refresh": token}), range(2)))
        for status, answer in both:
            self.seen.count({200: "rotations", 401: "refusals", UNKNOWN: "unknown"}.get(status, "other"))
            if status not in (200, 401, UNKNOWN):
                self.seen.add(f"refresh answered {status} {answer}")
        successors = [answer for status, answer in both if status == 200]
        if len(successors) > 1:
            self.seen.add("a token was rotated twice at once")
        if any(status == 401 for status, _ in both) or successors:
            self.spent.append(token)
        return successors

    def step(self, token: str) -> str | None:
        successors = self.refresh(token)
        if not successors:
            return None
        old = self.spent[-8:]
        for spent in old[:1]:
            status, answer = post(self.target, "/api/token/refresh/", {"refresh": spent})
            self.seen.count("spent ones tried")
            if status == 200:
                self.seen.add("a spent token was accepted")
        token = successors[0]["refresh"]
        if len(self.spent) % 5 == 0:
            status, _ = post(self.target, "/api/token/blacklist/", {"refresh": token})
            if status == 200:
                self.seen.count("revocations")
                self.spent.append(token)
                if self.refresh(token):
                    self.seen.add("a revoked token was accepted")
                return None
        return token

    def run(self, file: str):
        token, until = None, time.monotonic() + LONGEST_SECONDS
        while os.path.exists(file) and time.monotonic() < until:
            token = self.step(token) if token else self.log_in(time.monotonic() + 1)


def main() -> int:
    target, username, password, file = sys.argv[1:]
    user, seen = {"username": username, "password": password}, Violations()
    chains = [Chain(target, user, seen, ThreadPoolExecutor(2)) for _ in range(CHAINS)]
    threads = [threading.Thread(target=chain.run, args=(file,)) for chain in chains]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for chain in chains:
        token = chain.log_in(time.monotonic() + RECOVERY_SECONDS)
        if token is None or len(chain.refresh(token)) != 1:
            seen.add("the service has not recovered")
        for spent in chain.spent[-30:]:
            if post(target, "/api/token/refresh/", {"refresh": spent})[0] == 200:
                seen.add("a spent token was accepted at the end")
        chain.pair.shutdown()
    print(", ".join(f"{count} {what}" for what, count in sorted(seen.counts.items())))
    for what, count in Counter(seen.found).items():
        print(f"VIOLATION ({count} times): {what}")
    return 1 if seen.found else 0


if __name__ == "__main__":
    sys.exit(main())
