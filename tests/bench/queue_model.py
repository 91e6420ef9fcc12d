#!/usr/bin/env python3
"""A model of what workers can do with the same requests: with one queue over all threads, with a queue for each worker,
and as Alicorn shares its queues. So a measured p99 can be held against what is possible.

    tests/bench/queue_model.py [--workers 4] [--threads 1] [--clients 8,32] [--service 5:0.95,50:0.05] [--requests 20000]

Clients ask again as soon as they have an answer, each on a connection of its own that belongs to a worker. Times are in
ms. All three kinds get the same service times in the order in which the requests start."""

import argparse
import dataclasses
import heapq
import itertools
import random
from collections import deque

KINDS = ("one queue", "queues apart", "alicorn")


@dataclasses.dataclass(frozen=True)
class Rules:
    """How Alicorn shares its queues (docs/decisions/0021-one-queue.md)."""
    hand_over: float = 0.05   # from one worker to the other
    patience: float = 1.25    # another worker's oldest request must have waited this much longer than the own oldest one
    moves_max: int = 3        # of one request


@dataclasses.dataclass
class Request:
    client: int
    came: float
    moves: int = 0


class Worker:
    def __init__(self, threads: int):
        self.free = threads
        self.queue = deque()
        self.asks = False  # and keeps a thread for what comes

    def oldest(self, rules):
        return next((request for request in self.queue if request.moves < rules.moves_max), None)

    def insert(self, request):
        """By age: a request that has waited elsewhere is not last again."""
        place = next((i for i, other in enumerate(self.queue) if other.came > request.came), len(self.queue))
        self.queue.insert(place, request)


class Model:
    def __init__(self, kind, workers, threads, clients, service, rules=Rules()):
        self.kind, self.rules, self.service = kind, rules, service
        self.workers = [Worker(workers * threads)] if kind == "one queue" else [Worker(threads) for _ in range(workers)]
        self.home = [client % len(self.workers) for client in range(clients)]
        self.events, self.order = [], itertools.count()
        self.latencies, self.moves, self.time, self.first = [], 0, 0.0, 0.0
        for client in range(clients):
            self.at(0.001 * client, self.arrive, Request(client, 0.001 * client), self.home[client])

    def at(self, time, action, *arguments):
        heapq.heappush(self.events, (time, next(self.order), action, arguments))

    def run(self, requests, warm):
        while len(self.latencies) < requests + warm:
            self.time, _, action, arguments = heapq.heappop(self.events)
            action(*arguments)
            if len(self.latencies) == warm and not self.first:
                self.first = self.time
        del self.latencies[:warm]
        self.latencies.sort()

    def arrive(self, request, number):
        self.home[request.client] = number
        worker = self.workers[number]
        worker.insert(request)
        self.go_on(number)

    def go_on(self, number):
        worker = self.workers[number]
        while worker.free and worker.queue:
            request = worker.queue.popleft()
            worker.free -= 1
            self.at(self.time + self.service(), self.finish, request, number)
        if self.kind == "alicorn":
            self.push(number)

    def push(self, number):
        """Requests that wait here go to workers that have a free thread."""
        worker = self.workers[number]
        for other, target in enumerate(self.workers):
            while other != number and target.free > 0 and not target.queue and (request := worker.oldest(self.rules)):
                # The thread is as good as taken.
                target.free -= 1
                self.move(request, number, other)

    def move(self, request, source, target, is_asked=False):
        self.workers[source].queue.remove(request)
        request.moves += 1
        self.moves += 1
        self.at(self.time + self.rules.hand_over, self.take, request, target, is_asked)

    def take(self, request, number, is_asked):
        worker = self.workers[number]
        worker.free += 1  # that was kept
        if is_asked:
            worker.asks = False
        self.arrive(request, number)

    def pull(self, number):
        """A thread is free again: does somebody else have an older request than this worker? Then it is kept for that."""
        worker = self.workers[number]
        if worker.asks or not worker.free:
            return
        others = [(request.came, other) for other, peer in enumerate(self.workers)
                  if other != number and (request := peer.oldest(self.rules))]
        if not others:
            return
        came, other = min(others)
        own = worker.oldest(self.rules)
        if own is None or self.time - came > self.rules.patience * (self.time - own.came):
            worker.asks = True
            worker.free -= 1
            self.at(self.time + self.rules.hand_over, self.give, other, number)

    def give(self, source, target):
        if request := self.workers[source].oldest(self.rules):
            self.move(request, source, target, is_asked=True)
        else:
            self.at(self.time + self.rules.hand_over, self.nothing, target)

    def nothing(self, number):
        worker = self.workers[number]
        worker.asks = False
        worker.free += 1
        self.pull(number)
        self.go_on(number)

    def finish(self, request, number):
        self.latencies.append(self.time - request.came)
        self.workers[number].free += 1
        self.at(self.time + self.rules.hand_over, self.arrive, Request(request.client, self.time), self.home[request.client])
        if self.kind == "alicorn":
            self.pull(number)
        self.go_on(number)

    def percentile(self, share):
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]

    def rate(self):
        return 1000 * len(self.latencies) / (self.time - self.first)


def service_times(text, seed):
    """"5:0.95,50:0.05": 5 ms, and one in twenty 50 ms."""
    parts = [part.split(":") for part in text.split(",")]
    chance = random.Random(seed)
    times, shares = [float(time) for time, _ in parts], [float(share) for _, share in parts]
    return lambda: chance.choices(times, shares)[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1, help="of each worker")
    parser.add_argument("--clients", default="4,8,16,32,64,256")
    parser.add_argument("--service", default="5:0.95,50:0.05", help="MS:SHARE,...")
    parser.add_argument("--requests", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print("| clients | kind | requests/s | p50 | p99 | p99.9 | moves per request |\n|---:|---|---:|---:|---:|---:|---:|")
    for clients in map(int, options.clients.split(",")):
        for kind in KINDS:
            model = Model(kind, options.workers, options.threads, clients, service_times(options.service, options.seed))
            model.run(options.requests, warm=options.requests // 10)
            print(f"| {clients} | {kind} | {model.rate():,.0f} | {model.percentile(0.5):.1f} | {model.percentile(0.99):.1f} | "
                  f"{model.percentile(0.999):.1f} | {model.moves / (options.requests * 1.1):.2f} |")


if __name__ == "__main__":
    main()
