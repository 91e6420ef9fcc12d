"""Sends requests, and reports how an answer differs from the expected one."""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt

from contract import FORM, HELLO, JSON, MULTIPART, Answer, Form, Multipart, Recipe, Request, Token
from profiles import Profile
from recipes import KEY, b64, payload_of, unb64

JUDGED = ("content-type", "vary", "allow", "www-authenticate", "content-length", "location")
SLACK = 20  # seconds; what a request may take on a busy machine
ORDER = {
    "access": ("type", "exp", "iat", "jti", "user_id"),
    "refresh": ("type", "exp", "iat", "jti", "user_id"),
    "sliding": ("type", "exp", "iat", "jti", "refresh_exp", "user_id"),
}
CLAIM_NAMES = {"type": "token_type", "jti": "jti", "refresh_exp": "refresh_exp", "user_id": "user_id"}


@dataclass
class Got:
    status: int
    headers: list  # (name in lower case, value)
    body: bytes

    def values(self, name: str) -> list:
        return [value for key, value in self.headers if key == name]


@dataclass
class Run:
    """One target with one profile, and the tokens of one case so far."""

    target: str
    profile: Profile
    is_django: bool = False
    key: str = KEY  # the key to forge tokens with: a secret, or a private key's PEM
    public_key: str = ""  # the PEM, if there is one
    saved: dict = field(default_factory=dict)
    sent: str = ""  # the token of the last request
    reasons: set = field(default_factory=set)  # the keys of differences.py that this case needed

    def expected(self, answer: Answer) -> Answer:
        if self.is_django and answer.django is not None:
            self.reasons.add(answer.django[0])
            return answer.django[1]
        return answer


def bake(run: Run, value: Any) -> Any:
    """The value with its recipes replaced by tokens."""
    if isinstance(value, Recipe):
        run.sent = value.make(run)
        return run.sent
    if isinstance(value, dict):
        return type(value)((name, bake(run, item)) for name, item in value.items())
    return [bake(run, item) for item in value] if isinstance(value, list) else value


def encode_body(body: Any) -> tuple:
    """(Content-Type, bytes)"""
    if body is None or isinstance(body, bytes):
        return (None if body is None else JSON), body
    if isinstance(body, Form):
        return FORM, urlencode(body).encode()
    if isinstance(body, Multipart):
        parts = "".join(f'--limit\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                        for name, value in body.items())
        return MULTIPART, (parts + "--limit--\r\n").encode()
    return JSON, json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def ask(run: Run, request: Request) -> Got:
    content_type, body = encode_body(bake(run, request.body))
    if request.content_type != "":
        content_type = request.content_type
    headers = [] if content_type is None else [("Content-Type", content_type)]
    for name, value in request.headers:
        if isinstance(value, tuple):
            value = "".join(bake(run, part) for part in value)
        headers.append((name, value))
    return exchange(run.target, request.method, request.path, headers, body)


def exchange(target: str, method: str, path: str, headers: list, body: bytes | None) -> Got:
    connection = http.client.HTTPConnection(urlsplit(target).netloc, timeout=30)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value.encode() if isinstance(value, str) else value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body if body else None)
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        response = connection.getresponse()
        return Got(response.status, [(name.lower(), value) for name, value in response.getheaders()], response.read())
    finally:
        connection.close()


def judge(run: Run, request: Request, answer: Answer, got: Got) -> list:
    """The differences, a line each."""
    wrong = []
    if got.status != answer.status:
        wrong.append(f"- status {answer.status}\n+ status {got.status}")
    wrong += judge_headers(run, request, answer, got)
    text = got.body.decode("utf-8", "backslashreplace")
    if request.method == "HEAD":
        if got.body:
            wrong.append(f"- (no body)\n+ {text}")
    elif answer.body is not None:
        wrong += judge_body(run, answer, text)
    return wrong


def judge_headers(run: Run, request: Request, answer: Answer, got: Got) -> list:
    wanted = dict.fromkeys(JUDGED)
    if not answer.plain:
        wanted |= {"content-type": JSON, "vary": "Accept",
                   "allow": "GET, HEAD, OPTIONS" if request.path.startswith(HELLO) else "POST, OPTIONS",
                   "www-authenticate": run.profile.challenge if answer.status == 401 else None}
    wanted["content-length"] = str(len(answer.body.encode() if request.method == "HEAD" else got.body))
    wanted |= answer.headers
    judged = wanted if not answer.plain else answer.headers
    wrong = []
    for name in judged:
        want = [] if wanted[name] is None else [wanted[name]]
        same = len(want) == len(got.values(name)) and all(
            re.fullmatch(re.escape(one).replace("…", ".+"), value) for one, value in zip(want, got.values(name)))
        if not same:
            wrong.append(f"- {name}: {want}\n+ {name}: {got.values(name)}")
    return wrong


def judge_body(run: Run, answer: Answer, text: str) -> list:
    names: list = []

    def part(match: re.Match) -> str:
        if match[0] == "…":
            return '[^"]*'
        names.append(match[1])
        return r"([\w-]+\.[\w-]+\.[\w-]+)"

    pattern = "".join(part(piece) if piece[0] == "…" or piece[1] else re.escape(piece[0])
                      for piece in re.finditer(r"…|<(refresh|access|token)>|.", answer.body, re.S))
    match = re.fullmatch(pattern, text)
    if match is None:
        return [f"- {answer.body}\n+ {text}"]
    wrong = []
    sent = run.sent
    for name, token in zip(names, match.groups()):
        expected = answer.tokens[name]
        run.saved[expected.save or name] = token
        wrong += [f"{name}: {line}" for line in judge_token(run, expected, token, sent)]
    if names == ["refresh", "access"] or names == ["access", "refresh"]:
        begun = {payload_of(run.saved[answer.tokens[name].save or name])["exp"] - run.profile.lifetime(name)
                 for name in names}
        # Within rotation_grace the refresh token is the one issued earlier.
        apart = max(begun) - min(begun) > run.profile.settings.get("rotation_grace", 0)
        wrong += [f"the pair was not issued at one time: {begun}"] * apart
    return wrong


def names_of(run: Run, expected: Token) -> list:
    names = CLAIM_NAMES | run.profile.claim_names
    claims = expected.claims or ORDER[expected.kind]
    return [names.get(claim, claim).removeprefix("=") for claim in claims] + list(run.profile.written)


def judge_token(run: Run, expected: Token, token: str, sent: str) -> list:
    header, payload, _ = token.split(".")
    wrong = []
    want_header = f'{{"alg":"{run.profile.algorithm}","typ":"JWT"}}'
    if header != b64(want_header):
        wrong.append(f"- {want_header}\n+ {unb64(header)!r}")
    if run.public_key:
        try:
            jwt.api_jws.decode(token, run.public_key, [run.profile.algorithm])
        except jwt.PyJWTError as error:
            wrong.append(f"python3-jwt does not verify it: {error}")
    claims = payload_of(token)
    floats = any(isinstance(value, float) for value in claims.values())  # can be spelled in several ways
    if not floats and unb64(payload).decode() != json.dumps(claims, separators=(",", ":")):
        wrong.append(f"the payload is not as Python writes it: {unb64(payload).decode()}")
    if list(claims) != names_of(run, expected):
        return wrong + [f"- claims {names_of(run, expected)}\n+ claims {list(claims)}"]
    names = CLAIM_NAMES | run.profile.claim_names
    now = time.time()
    exact = dict(expected.values)
    if "type" in (expected.claims or ORDER[expected.kind]):
        exact.setdefault(names["type"], expected.kind)
    exact |= run.profile.written
    if run.is_django and expected.integer_django and "user_id" in exact:
        run.reasons.add("integer-user-id")
        exact["user_id"] = int(exact["user_id"])
    if sent and (expected.keeps or expected.renews):
        before = payload_of(sent)
        exact |= {name: before[name] for name in expected.keeps}
        wrong += [f"{name} is still {before[name]}" for name in expected.renews if claims[name] == before[name]]
    wrong += [f"- {name}: {value!r}\n+ {name}: {claims.get(name)!r}" for name, value in exact.items()
              if claims.get(name) != value or type(claims.get(name)) is not type(value)]
    times = {"exp": expected.lifetime or run.profile.lifetime(expected.kind), "iat": 0}
    if run.is_django and expected.iat_django:
        run.reasons.add("iat-copied")
        times["iat"] = -expected.iat_django
    if names["refresh_exp"] in claims:
        times[names["refresh_exp"]] = run.profile.sliding_refresh_lifetime
    for name, offset in times.items():
        value = claims.get(name)
        if name not in exact and not (isinstance(value, int) and abs(value - now - offset) <= SLACK):
            wrong.append(f"{name}: {value!r} is not about now{offset:+} ({int(now) + offset})")
    jti = claims.get(names["jti"])
    if names["jti"] not in exact and "jti" in (expected.claims or ORDER[expected.kind]) and \
            not re.fullmatch("[0-9a-f]{32}", str(jti)):
        wrong.append(f"jti: {jti!r} is not 32 hexadecimal digits")
    return wrong
