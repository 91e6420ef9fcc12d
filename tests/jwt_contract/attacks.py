#!/usr/bin/python3
"""Attacks a running service: every attack is refused as the contract says, and the server's log contains no secret.

  attacks.py TARGET [--profile NAME] [--log FILE]...

Where the contract is silent, the answer may be any refusal, but neither a server error (5xx) nor a success.
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
import threading
import time
from pathlib import Path

from contract import (BLACKLIST, EMPTY, FORM, HELLO, HELLO_WORLD, JSON, MULTIPART, NO_ACCOUNT, OBTAIN, REFRESH, SLIDING,
                      VERIFY, Case, Recipe, bearer, detail, get, guarded, pair, post, refused)
from cases_obtain import login
from cases_parsing import BOTH
from database import PASSWORD, USERS
from judge import Run, ask, exchange
from profiles import PROFILES
from recipes import KEY, OTHER_KEY, After, changed, b64, forge, saved
from run import check

INVALID = refused("Token is invalid")
FORGED = {"key": OTHER_KEY}
JWK = {"kty": "oct", "k": b64(OTHER_KEY), "alg": "HS256", "kid": "k"}
WRONG_PASSWORD, NO_TOKEN = "a-password-that-is-wrong", "a-token.that-is.none"
KIDS = ("/dev/null", "../../../../dev/null", "' or '1'='1", "k\r\nX-Injected: 1", "", "x" * 5000, "| id")


def embedded() -> list[Case]:
    """A header that contains its own key, or points to one."""
    heads = [("jwk", {"jwk": JWK}), ("jku", {"jku": "http://attacker.invalid/jwks.json", "kid": "k"}),
             ("x5u", {"x5u": "http://attacker.invalid/cert.pem"}), ("x5c", {"x5c": [b64(OTHER_KEY)]})]
    heads += [(f"kid {kid[:30]!r}", {"kid": kid}) for kid in KIDS]
    return [Case(f"a key by {name}, at {where}", steps) for name, head in heads for where, steps in (
        (HELLO, (get(HELLO, bearer(forge(head=head, **FORGED))), guarded("Token is invalid"))),
        (REFRESH, (post(REFRESH, {"refresh": forge("refresh", head=head, **FORGED)}), INVALID)),
        (VERIFY, (post(VERIFY, {"token": forge(head=head, **FORGED)}), INVALID)))]


EXACT = [
    *embedded(),
    Case("exp is now", (post(VERIFY, {"token": forge(exp=After(0))}), refused("Token is expired"))),
    Case("exp a second ago", (post(VERIFY, {"token": forge(exp=After(-1))}), refused("Token is expired"))),
    Case("a token of 60 kB", (post(REFRESH, {"refresh": "x" * 60_000}), INVALID)),
    Case("a token of 60 kB, as a form", (post(REFRESH, b"refresh=" + b"x" * 60_000, content_type=FORM), INVALID)),
    Case("a token of 60 kB with dots", (post(VERIFY, {"token": "a." * 30_000}), INVALID)),
    Case("60 kB of header", (post(VERIFY, {"token": b64("{" + " " * 45_000 + "}") + ".e30.x"}), INVALID)),
    Case("a header of 65 members", (post(VERIFY, {"token": forge(head={f"h{i}": 0 for i in range(63)})}), INVALID)),
    Case("1024 claims, signed", (post(VERIFY, {"token": forge(**{f"c{i}": 0 for i in range(1019)})}), EMPTY)),
    Case("1025 claims, signed", (post(VERIFY, {"token": forge(**{f"c{i}": 0 for i in range(1020)})}), INVALID)),
    Case("a payload nested deep, signed", (post(VERIFY, {"token": forge(
        payload='{"token_type":"access","exp":99999999999,"jti":"0","a":' + "[" * 500 + "]" * 500 + "}")}), INVALID)),
    Case("a payload nested too deep, unsigned", (
        post(VERIFY, {"token": b64('{"alg":"HS256"}') + "." + b64("[" * 40_000) + ".x"}), INVALID)),
    *(Case(f"login of {name[:24]!r}, {len(name)} characters", (post(path, login(name, WRONG_PASSWORD)), NO_ACCOUNT))
      for path in (OBTAIN, SLIDING) for name in (
          "x" * 10_000, "alice\r\nX-Injected: 1\r\n\r\n[CRITICAL] root", "\x1b[2J\x1b[31malice", "alice\u2028\u202e",
          "alice'; drop table auth_user; --", "%s%n{jti}%(h)s", "${jndi:ldap://x}", "é" * 10_000)),
    Case("a wrong password", (post(OBTAIN, login("alice", WRONG_PASSWORD)), NO_ACCOUNT)),
    Case("a password of an inactive user", (post(OBTAIN, login("ghost", PASSWORD)), NO_ACCOUNT)),
    Case("no token at all", (post(REFRESH, {"refresh": NO_TOKEN}), INVALID,
                             get(HELLO, bearer(NO_TOKEN)), guarded("Token is invalid"))),
    *(Case(f"a body of more than 64 KiB, {kind}", (
        post(OBTAIN, b" " * 65_537, content_type=content_type),
        detail(400, f"{kind} parse error - more than 65536 bytes")))
      for kind, content_type in (("JSON", JSON), ("Form", FORM), ("Multipart form", MULTIPART))),
    Case("JSON of 1000 members", (post(OBTAIN, {f"x{i}": i for i in range(1000)}), BOTH)),
    Case("JSON of 1001 members", (post(OBTAIN, {f"x{i}": i for i in range(1001)}),
                                  detail(400, "JSON parse error - too many fields"))),
    Case("JSON of 65 levels", (post(OBTAIN, b"[" * 65 + b"]" * 65), detail(400, "JSON parse error - too deeply nested"))),
    Case("a password of 60 kB", (post(OBTAIN, login("alice", "x" * 60_000)), NO_ACCOUNT)),
    Case("after all of that, a login", (
        post(OBTAIN, login("alice")), pair(user_id="1"), get(HELLO, bearer(saved("access"))), HELLO_WORLD)),
]

EXPS = ("2147483648", "4294967296", "253402300799", "253402300800", "9007199254740993", "9223372036854775807",
        "9223372036854775808", "18446744073709551616", "1" + "0" * 400, "1e300", "1e400", "1.7976931348623157e308",
        "0.0", "-0", "-9223372036854775808", "-1e300", "[]", "{}", "true", "false", '""', '"\\u0000"')
PART = '--limit\r\nContent-Disposition: form-data; name="username"\r\n\r\nalice\r\n'
MULTIPARTS = {
    "no end": PART, "only the end": "--limit--\r\n", "no headers": "--limit\r\n\r\nalice\r\n--limit--",
    "bare line feeds": PART.replace("\r", "") + "--limit--",
    "no name": PART.replace('; name="username"', "") + "--limit--",
    "a name of 100 kB": PART.replace("username", "x" * 100_000) + "--limit--",
    "a header of 1 MB": PART.replace("form-data", "form-data; a=" + "b" * 1_000_000) + "--limit--",
    "10,000 parts": PART * 10_000 + "--limit--",
    "a boundary in a boundary": "--limit--limit\r\n" + PART + "--limit--",
    "base64": PART.replace("\r\n\r\n", "\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!") + "--limit--",
    "another folder": PART.replace('"username"', '"username"; filename="../../etc/passwd"') + "--limit--",
    "a charset": PART.replace("\r\n\r\n", "\r\nContent-Type: text/plain; charset=utf-99\r\n\r\n") + "--limit--",
    "nested": PART.replace("\r\n\r\n", "\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--") +
              "--limit--",
    "NUL": PART.replace("alice", "\0") + "--limit--", "noise": "\xff\xfe\x00" * 1000,
}

def one_bucket(count: int) -> bytes:
    """An object whose names share one bucket of Boost.JSON 1.81's table (FNV-1a, salted with the table's address)."""
    prime, mask = 0x100000001B3, (1 << 16) - 1
    letters = [code for code in range(33, 127) if code not in b'"\\']
    inverse = pow(prime & mask, -1, 1 << 16)
    endings: dict = {}
    for last in letters:
        for one_before in letters:
            endings.setdefault(((last * inverse) & mask) ^ one_before, []).append(bytes((one_before, last)))
    names = []
    for begin in itertools.product(letters, repeat=3):
        state = (0xCBF29CE484222325 + 0x10) & mask
        for code in begin:
            state = ((state ^ code) * prime) & mask
        names += [bytes(begin) + ending for ending in endings.get(state, ())]
        if len(names) >= count:
            break
    return b"{" + b",".join(b'"' + name + b'":0' for name in names[:count]) + b"}"


BODIES = {
    "100,000 arrays": b"[" * 100_000, "100,000 objects": b'{"a":' * 100_000,
    "names of one bucket": one_bucket(10_000), "names of one bucket, as many as are read": one_bucket(999),
    "closed arrays": b"[" * 5000 + b"]" * 5000,
    "deep in a field": b'{"username":' + b"[" * 5000 + b"]" * 5000 + b',"password":"x"}',
    "a huge number": b'{"username":1e400,"password":-1e400}',
    "a long number": b'{"username":' + b"9" * 100_000 + b"}",
    "a long fraction": b'{"username":0.' + b"9" * 100_000 + b',"password":1}',
    "half an escape": b'{"username":"\\u12"}',
    "100,000 keys": b"{" + b",".join(b'"%d":1' % i for i in range(100_000)) + b"}",
}
BOUNDARIES = ("boundary=", "boundary=" + "x" * 5000, 'boundary="a\\"b"', "boundary=a b", "boundary=é",
              "boundary=limit; boundary=x")


LONGEST = 3  # seconds: strangers must not be able to occupy a thread for longer


def tolerated() -> list:
    """Requests (name, method, path, headers, body) that must be refused, in any words."""
    rows = [(f"multipart: {name}", "POST", OBTAIN, [("Content-Type", "multipart/form-data; boundary=limit")],
             body.encode("latin-1")) for name, body in MULTIPARTS.items()]
    rows += [(f"multipart: {text[:30]}", "POST", OBTAIN,
              [("Content-Type", f"multipart/form-data; {text}".encode("latin-1"))], PART.encode()) for text in BOUNDARIES]
    rows += [(f"JSON: {name}", "POST", OBTAIN, [("Content-Type", JSON)], body) for name, body in BODIES.items()]
    rows += [(f"form: {name}", "POST", OBTAIN, [("Content-Type", FORM)], body) for name, body in (
        ("100,000 fields", b"a=b&" * 100_000), ("no end of an escape", b"username=%&password=%u0041"),
        ("no equals signs", b"&&&=&username&=x"))]
    rows += [(f"path {path!r}", "GET", path, [], None) for path in (
        "/hello%0d%0aSet-Cookie:%20a=b", "//hello", "/hello/../hello/", "/hello%2f", "/%2e%2e/etc/passwd", 
        "/hello/%00", "/api/token%0d%0a", "//127.0.0.1/api/token",
        "/api/token/;a=b")]
    rows += [("two Authorization fields", "GET", HELLO,
              [("Authorization", "Bearer a.b.c"), ("Authorization", "Bearer x")], None),
             ("a token of 7 kB in the header", "GET", HELLO, [("Authorization", "Bearer " + "x" * 7000)], None),
             ("a token of 1 MB in the header", "GET", HELLO, [("Authorization", "Bearer " + "x" * 1_000_000)], None),
             ("a method of 5000 letters", "X" * 5000, OBTAIN, [], None),
             ("a Content-Type of 5000 letters", "POST", OBTAIN, [("Content-Type", "x" * 5000)], b"x"),
             ("an Accept of 5000 types", "POST", OBTAIN, [("Accept", "a/b," * 1500)], b"{}")]
    return rows


def attack_tolerated(run: Run) -> list:
    wrong = []
    for name, method, path, headers, body in tolerated():
        begun = time.monotonic()
        try:
            got = exchange(run.target, method, path, headers, body)
        except (ConnectionError, OSError) as error:
            # The server may close the connection before a request that is too long was sent completely.
            if "1 MB" not in name:
                wrong.append(f"{name}: {error!r}")
            continue
        if not 300 <= got.status < 500 or got.values("set-cookie") or any("\n" in value for _, value in got.headers):
            wrong.append(f"{name}: {got.status} {got.headers} {got.body[:200]!r}")
        if (took := time.monotonic() - begun) > LONGEST:
            wrong.append(f"{name}: took {took:.1f} s")
    return wrong


def attack_with_exp(run: Run) -> list:
    """Correctly signed tokens with any exp: accepted or refused at every endpoint, but never a server error."""
    wrong = []
    for exp in EXPS:
        for kind, path, field in (("access", VERIFY, "token"), ("refresh", REFRESH, "refresh"),
                                  ("refresh", BLACKLIST, "refresh"), ("access", HELLO, "")):
            token = forge(payload='{"token_type":"%s","exp":%s,"jti":"%s","user_id":"1"}' % (
                kind, exp, f"{abs(hash((exp, path))):032x}"))
            request = post(path, {field: token}) if field else get(path, bearer(token))
            got = ask(run, request)
            if got.status not in (200, 401):
                wrong.append(f"exp {exp[:40]} at {path}: {got.status} {got.body[:200]!r}")
    return wrong


def race(run: Run) -> list:
    """If the old token is blacklisted, exactly one of several parallel refreshes with one token wins."""
    wrong = []
    for _ in range(5):
        token = forge("refresh").make(run)
        statuses: list = []
        gate = threading.Barrier(8)

        def refresh() -> None:
            gate.wait()
            statuses.append(ask(run, post(REFRESH, {"refresh": token})).status)

        threads = [threading.Thread(target=refresh) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if sorted(statuses) != [200] + [401] * 7:
            wrong.append(f"8 parallel refreshes with one token: {sorted(statuses)}")
    return wrong


def secrets_in(log: str) -> list:
    wrong = [f"a JSON Web Token: {match[0][:20]}..." for match in re.finditer(r"eyJ[\w-]{8,}\.", log)]
    words = {"a key": KEY, "another key": OTHER_KEY, "a password": PASSWORD, "a wrong password": WRONG_PASSWORD,
             "what was sent for a token": NO_TOKEN, "that of josé": "pässwörd",
             **{f"the hash of {name}": hashed.rpartition("$")[2] for _, name, hashed, _ in USERS}}
    wrong += [f"{name}" for name, word in words.items() if word in log]
    wrong += ["a line that an attacker wrote"] * bool(re.search(r"^(X-Injected|\[CRITICAL\] root)", log, re.M))
    wrong += ["an escape character"] * ("\x1b" in log)
    return [f"the log has {one}" for one in wrong]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("target")
    parser.add_argument("--profile", default="default", choices=PROFILES)
    parser.add_argument("--database", help="ignored")
    parser.add_argument("--log", type=Path, action="append", default=[])
    parser.add_argument("--django", action="store_true", help="the target is the older Django")
    options = parser.parse_args()
    run = Run(options.target, PROFILES[options.profile], options.django)
    failures, _ = check(run, EXACT, None)
    wrong = attack_tolerated(run) + attack_with_exp(run)
    if run.profile.settings.get("blacklist_after_rotation"):
        wrong += race(run)
    for log in options.log:
        wrong += secrets_in(log.read_text(errors="replace"))
    print("\n".join(wrong) or "nothing got through")
    sys.exit(1 if failures or wrong else 0)


if __name__ == "__main__":
    main()
