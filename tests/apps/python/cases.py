"""A WSGI application for the tests of the bridge: the path names a case, and each does one thing that PEP 3333 speaks of."""

import io
import os
import random
import sys
import tempfile
import threading
import time
import urllib.parse
from wsgiref.validate import validator

PLAIN = [("Content-Type", "text/plain")]
importer = os.getpid()
closed = []
counted = {}
asked = []
kept = {}
local = threading.local()


def text(start_response, value):
    body = value if isinstance(value, bytes) else str(value).encode("latin-1")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


class Body:
    """An iterable that says when it was closed, and how many pieces were asked for."""

    def __init__(self, pieces, name, fails_after=None):
        self.pieces, self.name, self.fails_after = iter(pieces), name, fails_after
        self.count = 0

    def __iter__(self):
        return self

    def __next__(self):
        if self.count == self.fails_after:
            raise RuntimeError("in the middle of " + self.name)
        self.count += 1
        counted[self.name] = self.count
        return next(self.pieces)

    def close(self):
        closed.append(self.name)


class SaysOne:
    """Its __len__ is wrong."""

    def __len__(self):
        return 1

    def __iter__(self):
        return iter([b"not ", b"one"])


class Sized:
    def __init__(self, pieces):
        self.pieces = pieces

    def __len__(self):
        return len(self.pieces)

    def __iter__(self):
        return iter(self.pieces)


# Each case: (environ, start_response, argument) -> iterable


def env(environ, start_response, name):
    return text(start_response, repr(environ.get(name, "(none)")))


def whole(environ, start_response, _):
    """All of it that can be compared."""
    assert environ["wsgi.input"] is not None and environ["wsgi.errors"] is not None
    own = {key: value for key, value in environ.items() if key not in ("wsgi.input", "wsgi.errors", "wsgi.file_wrapper")}
    body = environ["wsgi.input"].read()
    if environ["SERVER_PORT"] == "0":  # of preload_requests
        environ["wsgi.errors"].write(repr(sorted(own.items())) + repr(body) + "\n")
    environ["HTTP_HOST"] = environ["PATH_INFO"] = "changed"
    del environ["REQUEST_METHOD"]
    return text(start_response, repr(sorted(own.items())) + repr(body))


m = whole  # of /m/whole, if the server has not taken /m away


def first(environ, start_response, _):
    """The requests that were made before."""
    asked.append(f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}{environ['REQUEST_URI']} {os.getpid()}")
    return text(start_response, " ".join(asked))


def opens(environ, start_response, _):
    import socket

    kept["socket"] = socket.socket()
    kept["socket"].bind(("127.0.0.1", 0))
    kept["socket"].listen()
    return text(start_response, "opened")


def types(environ, start_response, _):
    strange = [key for key, value in environ.items() if not key.startswith("wsgi.") and type(value) is not str]
    return text(start_response, f"{type(environ) is dict} {strange}")


def change(environ, start_response, _):
    environ["HTTP_HOST"] = "changed"
    environ.clear()
    return text(start_response, "changed")


def read(environ, start_response, plan):
    """read:3,readline,list,iter: what each call returns."""
    body, results = environ["wsgi.input"], []
    for step in plan.split(","):
        method, _, argument = step.partition(":")
        if method == "list":
            results.append(list(body))
        elif method == "next":
            results.append(next(iter(body), None))
        else:
            arguments = [None if argument == "None" else int(argument)] if argument else []
            results.append(getattr(body, method)(*arguments))
    return text(start_response, repr(results))


def misread(environ, start_response, _):
    body, errors = environ["wsgi.input"], []
    for arguments in (("x",), (1, 2), (1.5,)):
        try:
            body.read(*arguments)
        except TypeError:
            errors.append("TypeError")
    return text(start_response, errors)


def keep(environ, start_response, _):
    kept.update(input=environ["wsgi.input"], start_response=start_response, errors=environ["wsgi.errors"])
    return text(start_response, "kept")


def use_kept(environ, start_response, _):
    errors = []
    for call in (kept["input"].read, lambda: kept["start_response"]("200 OK", [])):
        try:
            call()
        except ValueError as error:
            errors.append(str(error))
    kept["errors"].write("after its request\n")
    return text(start_response, errors)


def several(environ, start_response, _):
    start_response("200 OK", PLAIN)
    return [b"one, ", b"", b"two, ", b"three"]


def a_tuple(environ, start_response, _):
    start_response("200 OK", PLAIN)
    return (b"one, ", b"two")


def nothing(environ, start_response, _):
    start_response("200 OK", PLAIN)
    return []


def stripped(environ, start_response, length):
    start_response("200 OK", PLAIN + [("Content-Length", length)])
    return []


def generator(environ, start_response, _):
    start_response("200 OK", PLAIN)
    return (b"piece %d\n" % i for i in range(3))


def late_start(environ, start_response, _):
    start_response("201 Created", PLAIN)
    yield b""
    yield b"begun late"


def one_sized(environ, start_response, _):
    start_response("200 OK", PLAIN)
    return Sized([b"its length is known"])


def two_sized(environ, start_response, _):
    start_response("200 OK", PLAIN)
    return Sized([b"its length ", b"is not"])


def says_one(environ, start_response, _):
    start_response("200 OK", PLAIN)
    return SaysOne()


def with_write(environ, start_response, _):
    write = start_response("200 OK", PLAIN)
    write(b"one ")
    write(b"two ")
    return [b"three"]


def closes(environ, start_response, name):
    start_response("200 OK", PLAIN)
    return Body([b"a", b"b"], name)


def closes_after_failure(environ, start_response, name):
    start_response("200 OK", PLAIN)
    return Body([b"a", b"b"], name, fails_after=1)


def closes_unstarted(environ, start_response, name):
    return Body([b"a"], name)


def endless(environ, start_response, name):
    start_response("200 OK", PLAIN)
    return Body(iter(lambda: b"x" * 65536, None), name)


def was_closed(environ, start_response, name):
    return text(start_response, closed.count(name))


def started_twice(environ, start_response, _):
    start_response("200 OK", PLAIN)
    start_response("200 OK", PLAIN)
    return [b"never"]


def replaced(environ, start_response, _):
    start_response("200 OK", PLAIN + [("X-First", "1"), ("Content-Length", "5")])
    try:
        raise ValueError("an error page follows")
    except ValueError:
        start_response("503 Service Unavailable", PLAIN, sys.exc_info())
    return [b"the error page"]


def replaced_by_name(environ, start_response, _):
    start_response("200 OK", PLAIN)
    start_response("503 Service Unavailable", PLAIN, exc_info=(ValueError, ValueError(""), None))
    return [b"the error page"]


def replaced_without_reason(environ, start_response, _):
    start_response("200 OK", PLAIN)
    yield b"begun"
    start_response("500 Oops", PLAIN, sys.exc_info())  # there is none: (None, None, None)
    yield b"never"


def replaced_too_late(environ, start_response, _):
    start_response("200 OK", PLAIN)
    yield b"begun"
    try:
        raise ValueError("too late for an error page")
    except ValueError:
        start_response("503 Service Unavailable", PLAIN, sys.exc_info())
    yield b"never"


def fails(environ, start_response, _):
    raise ValueError("on purpose, with an \u00fc and a \u20ac")


def fails_begun(environ, start_response, _):
    start_response("200 OK", PLAIN)
    yield b"begun"
    raise ValueError("after the head")


def exits(environ, start_response, _):
    sys.exit(3)


def silent(environ, start_response, _):
    return [b"no start_response"]


def returns_none(environ, start_response, _):
    start_response("200 OK", PLAIN)


def returns_text(environ, start_response, _):
    start_response("200 OK", PLAIN)
    return ["text"]


def head(environ, start_response, argument):
    """start_response with the status or the headers that the argument evaluates to."""
    status, headers = eval(argument)
    start_response(status, headers)
    return [b"sent"]


def too_much(environ, start_response, _):
    start_response("200 OK", PLAIN + [("Content-Length", "4")])
    return [b"1234", b"5678"]


def too_little(environ, start_response, _):
    start_response("200 OK", PLAIN + [("Content-Length", "10")])
    return [b"1234"]


def far_too_much(environ, start_response, name):
    start_response("200 OK", PLAIN + [("Content-Length", "4")])
    return Body((b"piece" for _ in range(1000)), name)


def count_of(environ, start_response, name):
    return text(start_response, counted.get(name, 0))


def streams(environ, start_response, count):
    """So many pieces of a MiB, each made anew."""
    start_response("200 OK", PLAIN)
    return (bytes([i % 256]) * 1048576 for i in range(int(count)))


def memory(environ, start_response, what):
    """VmRSS or VmHWM, in KiB."""
    with open("/proc/self/status") as status:
        return text(start_response, next(line.split()[1] for line in status if line.startswith(what)))


def other_thread(environ, start_response, _):
    """What start_response and write say to another thread."""
    write = start_response("200 OK", PLAIN)
    errors = []

    def call():
        for attempt in (lambda: start_response("200 OK", PLAIN), lambda: write(b"x")):
            try:
                attempt()
            except RuntimeError as error:
                errors.append(str(error))

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    return ["\n".join(errors).encode()]


def endless_and_fails(environ, start_response, _):
    """Fails when it is told that the client has gone."""
    start_response("200 OK", PLAIN)

    def pieces():
        while True:
            yield b"x" * 65536

    class Failing(Body):
        def close(self):
            raise RuntimeError("in close after the client")

    return Failing(pieces(), "")


def fails_when_gone(environ, start_response, _):
    write = start_response("200 OK", PLAIN)
    try:
        while True:
            write(b"x" * 65536)
    except BrokenPipeError:
        raise RuntimeError("a fault of its own") from None


def as_said(environ, start_response, _):
    start_response("200 OK", PLAIN + [("Content-Length", "8")])
    return iter([b"1234", b"5678"])


def large(environ, start_response, size):
    start_response("200 OK", PLAIN)
    return [b"x" * int(size)]


def large_pieces(environ, start_response, _):
    start_response("200 OK", PLAIN)
    return [b"x" * 50_000, b"y" * 50_000]


def a_file(environ, start_response, argument):
    """The rest of a file from a position."""
    position, _, length = argument.partition(",")
    file = tempfile.TemporaryFile()
    file.write(b"0123456789")
    file.seek(int(position))
    start_response("200 OK", PLAIN + ([("Content-Length", length)] if length else []))
    return environ["wsgi.file_wrapper"](file)


def zipped(environ, start_response, name):
    """Files whose descriptors hold something else than what is read from them."""
    import bz2
    import gzip
    import lzma

    kind = {"gzip": gzip, "bz2": bz2, "lzma": lzma, "buffered": gzip}[name]
    with tempfile.NamedTemporaryFile(delete=False) as file:
        file.write(kind.compress(b"what was meant"))
    opened = kind.open(file.name)
    os.unlink(file.name)
    start_response("200 OK", PLAIN)
    return environ["wsgi.file_wrapper"](io.BufferedReader(opened) if name == "buffered" else opened)


def named_file(environ, start_response, kind):
    """Wrappers that Python and Django have around files."""
    if kind == "temporary":
        file = tempfile.NamedTemporaryFile()
        file.write(b"what was meant")
        file.seek(0)
        start_response("200 OK", PLAIN)
        return environ["wsgi.file_wrapper"](file)
    with tempfile.NamedTemporaryFile(delete=False) as file:
        file.write(b"what was meant")
    opened = open(file.name, "rb")
    os.unlink(file.name)
    if kind == "proxy":

        class Proxy:
            def __getattr__(self, name):
                return getattr(opened, name)

    start_response("200 OK", PLAIN)
    return environ["wsgi.file_wrapper"](Proxy() if kind == "proxy" else opened)


def no_file(environ, start_response, _):
    start_response("200 OK", PLAIN)
    return environ["wsgi.file_wrapper"](io.BytesIO(b"0123456789"), 4)


def wrapper_closes(environ, start_response, name):
    class File(io.BytesIO):
        def close(self):
            closed.append(name)
            super().close()

    start_response("200 OK", PLAIN)
    return environ["wsgi.file_wrapper"](File(b"0123456789"))


def errors(environ, start_response, _):
    stream = environ["wsgi.errors"]
    stream.write("a line for the log\nhalf ")
    stream.write("a line")
    stream.flush()
    stream.writelines(["two \u00fc\n", "not ended"])
    print("printed", file=stream)
    stream.write("endless" * 20000)
    return text(start_response, f"logged {stream.encoding} {stream.isatty()}")


def imported(environ, start_response, _):
    """The process that has imported this module, this process, and a random number."""
    return text(start_response, f"{importer} {os.getpid()} {random.random()}")


def thread(environ, start_response, _):
    """Which thread this is, and how many requests it has served."""
    local.count = getattr(local, "count", 0) + 1
    time.sleep(0.02)
    return text(start_response, f"{os.getpid()} {threading.get_ident()} {local.count}")


def stays(environ, start_response, _):
    """Starts a thread for which Python waits when it ends."""
    threading.Thread(target=time.sleep, args=(999,), name="the one that stays").start()
    return text(start_response, "started")


def collector(environ, start_response, _):
    import gc

    return text(start_response, f"{gc.isenabled()} {gc.get_threshold()} {gc.get_freeze_count() > 0}")


def hangs(environ, start_response, how):
    """Until it is interrupted."""
    if how == "computes":
        while True:
            pass
    elif how == "sleeps":
        time.sleep(999)
    elif how == "locks":
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()
    elif how == "in-c":
        import ctypes

        lock = ctypes.create_string_buffer(40)  # no signal gets anybody out of there
        for _ in range(2):
            ctypes.PyDLL(None).pthread_mutex_lock(lock)  # with the interpreter's lock
    elif how == "in-c-again":
        import ctypes

        while True:
            ctypes.CDLL(None).usleep(10000)
    elif how == "catches":
        while True:
            try:
                time.sleep(999)
            except BaseException:
                pass
    return text(start_response, "never")


def sums(environ, start_response, _):
    """Holds the interpreter's lock for some seconds."""
    return text(start_response, sum(range(10**8)))


def crashes(environ, start_response, how):
    import ctypes

    if how == "in-thread":
        thread = threading.Thread(target=ctypes.string_at, args=(1,))
        thread.start()
        thread.join()
    ctypes.string_at(1)


def spins(environ, start_response, seconds):
    """Python code that holds the interpreter as long as it may."""
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        pass
    return text(start_response, "spun")


def application(environ, start_response):
    name = environ["PATH_INFO"].split("/")[1]
    argument = urllib.parse.unquote(environ["QUERY_STRING"])
    case = globals().get(name.replace("-", "_"))
    if case is None:
        start_response("404 Not Found", PLAIN)
        return [b"no such case\n"]
    return case(environ, start_response, argument)


validated = validator(application)


def create(greeting="made by a factory"):
    def made(environ, start_response):
        return text(start_response, greeting)

    return made


not_callable = 42


class nested:  # noqa: N801
    application = staticmethod(application)
