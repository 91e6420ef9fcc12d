#!/usr/bin/env python3
"""Asks examples/django the same 200 things behind Alicorn and behind Gunicorn, and compares status, fields and bodies.

    tests/interop/django_beside_gunicorn.py ALICORN

Both serve one database. Fields that belong to the server (Date, Server, Connection, framing) are left out, and so are tokens,
which are new in each answer. Prints each difference that is not among those that are known; exit code 77: no Django here.
"""

import http.client
import itertools
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2] / "examples" / "django"
PYTHON = "/usr/bin/python3"
SERVERS_OWN = {"date", "server", "connection", "transfer-encoding", "keep-alive"}
OF_THE_SECOND = {"expires"}
START_S = 30


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process):
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            pass
        try:
            process.wait(timeout=0.05)
            break
        except subprocess.TimeoutExpired:
            pass
    sys.exit(f"{process.args[0]} does not listen")


def ask(port, method, target, fields, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in fields.items():
        connection.putheader(name, value)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    left_out = SERVERS_OWN | OF_THE_SECOND
    headers = sorted((name.lower(), steady(value)) for name, value in answer.getheaders() if name.lower() not in left_out)
    if "chunked" not in (answer.getheader("transfer-encoding") or "") and method != "HEAD":
        headers = [pair for pair in headers if pair[0] != "content-length" or int(pair[1]) == len(content)]
    return answer.status, answer.reason, headers, steady(content.decode("latin-1"))


def steady(text):
    """Without what is new in each answer."""
    text = re.sub(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", "TOKEN", text)
    text = re.sub(r"(csrftoken|sessionid)=\w+", r"\1=X", text)
    text = re.sub(r"expires=[^;]+", "expires=X", text)
    text = re.sub(r'(csrfToken: ")\w+', r"\1X", text)
    return re.sub(r'(name="csrfmiddlewaretoken" value=")\w+', r"\1X", text)


def requests(token):
    bearer = {"Authorization": "Bearer " + token}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    json = {"Content-Type": "application/json"}
    boundary = "b0undary"
    upload = (f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n' + "x" * 5000 +
              f"\r\n--{boundary}--\r\n").encode()
    paths = ["/", "/hello/", "/hello", "/admin/", "/admin/login/", "/admin/login/?next=/admin/", "/missing/", "/hello/?a=b&c=%20d",
             "/h%C3%A4llo/", "/hello/%2e%2e/admin/", "/a%00b/", "//hello/", "/static/admin/css/base.css",
             "/static/admin/css/missing.css", "/static/admin/", "/api/token/", "/api/token/verify/"]
    for path, method in itertools.product(paths, ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH"]):
        yield method, path, {}, b"" if method in ("POST", "PUT", "PATCH") else None
    for accept in ["*/*", "application/json", "text/html", "text/html;q=0.5,application/json", "image/png", "nonsense"]:
        yield "GET", "/hello/", {**bearer, "Accept": accept}, None
        yield "GET", "/hello/", {"Accept": accept}, None
    for authorization in ["Bearer x", "Bearer", "Bearer a.b.c", "Basic eDp5", "", "Bearer " + token + "x", "bearer " + token]:
        yield "GET", "/hello/", {"Authorization": authorization}, None
    for body in [b"username=demo&password=secret", b"username=demo", b"", b"username=demo&password=wrong", b"a" * 3000, b"\xff\xfe=%zz"]:
        yield "POST", "/api/token/", form, body
        yield "POST", "/api/token/", {}, body
    for body in [b'{"username": "demo", "password": "secret"}', b"{", b"[]", b'{"username": "\\u00e4"}', b"null", b'"x"', b"\xff"]:
        yield "POST", "/api/token/", json, body
        yield "POST", "/api/token/verify/", json, body
        yield "POST", "/api/token/refresh/", json, body
    yield "POST", "/api/token/verify/", json, b'{"token": "' + token.encode() + b'"}'
    yield "POST", "/upload/", {**bearer, "Content-Type": "multipart/form-data; boundary=" + boundary}, upload
    yield "POST", "/upload/", {**bearer, "Content-Type": "multipart/form-data; boundary=" + boundary}, upload[:-20]
    yield "POST", "/upload/", {**bearer, **json}, b"{}"
    yield "POST", "/upload/", {"Content-Type": "multipart/form-data; boundary=" + boundary}, upload
    for fields in [{"Cookie": "sessionid=none; csrftoken=x"}, {"X-Forwarded-Proto": "https"}, {"X-Forwarded-For": "192.0.2.1"},
                   {"X-Requested-With": "XMLHttpRequest"}, {"Referer": "http://elsewhere/"}, {"User-Agent": "caf\xe9"},
                   {"If-Modified-Since": "Tue, 01 Jan 2030 00:00:00 GMT"}, {"Accept-Language": "de"}, {"Origin": "http://x"},
                   {"X-Long": "v" * 4000}]:
        yield "GET", "/admin/login/", fields, None
        yield "POST", "/admin/login/", {**fields, **form}, b"username=demo&password=secret&csrfmiddlewaretoken=x"
    yield "GET", "/static/admin/css/base.css", {"If-Modified-Since": "Tue, 01 Jan 2030 00:00:00 GMT"}, None
    yield "GET", "/clock/", {}, None
    yield "HEAD", "/clock/", {}, None
    yield "GET", "/hello/", {**bearer, "Connection": "close"}, None


def known(target, ours, theirs):
    """Differences that are meant, and why."""
    if "%00" in target and ours[0] == 400:
        return "a path with a zero byte is refused by Alicorn"
    if ours[0] == theirs[0] == 500 and "DEBUG = True" in ours[3] and "DEBUG = True" in theirs[3]:
        return "Django's page about an exception shows the environ"
    if ours[0] == theirs[0] == 304 and ("content-length", "0") in theirs[2]:
        return "Gunicorn sends the Content-Length: 0 of a 304, which would be that of the file (RFC 9110 section 8.6)"
    return None


def main():
    try:
        import django  # noqa: F401
        import gunicorn  # noqa: F401
        import rest_framework_simplejwt  # noqa: F401
    except ImportError as error:
        print(f"skipped: {error}")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, SECRET_KEY="k" * 40, DATABASE_URL=f"sqlite:///{folder}/db.sqlite3", DEBUG="1",
                           ALLOWED_HOSTS="*", PYTHONDONTWRITEBYTECODE="1")
        environment.pop("PYTHONPATH", None)
        for words in (["migrate", "--verbosity", "0"],
                      ["shell", "-c", "from django.contrib.auth import get_user_model as m; m().objects.create_superuser('demo', password='secret')"]):
            subprocess.run([PYTHON, str(PROJECT / "manage.py"), *words], env=environment, check=True)
        ports = free_port(), free_port()
        user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
        commands = ([os.path.abspath(sys.argv[1]), "-b", f"127.0.0.1:{ports[0]}", "--user", user, "--pythonpath", str(PROJECT), "--error-logfile",
                     f"{folder}/alicorn.log", "mysite.wsgi:application"],
                    [PYTHON, "-m", "gunicorn", "-b", f"127.0.0.1:{ports[1]}", "--chdir", str(PROJECT), "--log-file", f"{folder}/gunicorn.log",
                     "mysite.wsgi:application"])
        processes = [subprocess.Popen(command, env=environment, cwd=folder, stderr=subprocess.DEVNULL) for command in commands]
        try:
            for port, process in zip(ports, processes):
                wait_for(port, process)
            return compare(ports)
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(timeout=START_S)


def compare(ports):
    answer = ask(ports[1], "POST", "/api/token/", {"Content-Type": "application/x-www-form-urlencoded"}, b"username=demo&password=secret")
    assert answer[0] == 200, answer
    connection = http.client.HTTPConnection("127.0.0.1", ports[1])
    connection.request("POST", "/api/token/", b"username=demo&password=secret", {"Content-Type": "application/x-www-form-urlencoded"})
    token = re.search(rb'"access":"([^"]+)', connection.getresponse().read())[1].decode()
    count, differ, meant = 0, 0, {}
    for method, target, fields, body in requests(token):
        count += 1
        fields = {"Host": "example", **fields}
        ours, theirs = (ask(port, method, target, fields, body) for port in ports)
        if ours == theirs:
            continue
        if why := known(target, ours, theirs):
            meant[why] = meant.get(why, 0) + 1
            continue
        differ += 1
        print(f"{method} {target} {fields}\n  alicorn:  {str(ours)[:400]}\n  gunicorn: {str(theirs)[:400]}")
    for why, times in meant.items():
        print(f"{times} answers differ as meant: {why}")
    print(f"{count} requests, {differ} answers differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
