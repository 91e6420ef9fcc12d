"""The words the tables of cases are written in: requests, answers, tokens that must come back.

An answer's body is exact. In it, and in a header, "…" stands for any text without a quotation mark, and <refresh>, <access>, <token>
for a token, which is decoded and judged by itself. `django` says what Debian's older Django answers where that is
something else, and which entry of differences.py justifies it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any, Callable

OBTAIN, REFRESH = "/api/token/", "/api/token/refresh/"
VERIFY, BLACKLIST = "/api/token/verify/", "/api/token/blacklist/"
SLIDING, SLIDE = "/api/token/sliding/", "/api/token/sliding/refresh/"
HELLO = "/hello/"

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=limit"


class Form(dict):
    """A body of application/x-www-form-urlencoded."""


class Multipart(dict):
    """A body of multipart/form-data."""


@dataclass(frozen=True)
class Recipe:
    """A token that is made when the request is: make(run) gives its text."""

    make: Callable[[Any], str]


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: Any = None  # bytes as they are; Form; Multipart; all else becomes JSON. In any of them: recipes
    headers: tuple = ()  # (name, value); a value may be (prefix, recipe, suffix)
    content_type: str | None = ""  # "": what suits the body; None: no such field


@dataclass(frozen=True)
class Sql:
    """Run against the database between two requests."""

    statement: str


@dataclass(frozen=True)
class Query:
    """Asked of the database: one value, as text; {jti:NAME} is the jti of a saved token."""

    statement: str
    expected: str
    django: tuple | None = None  # (key of differences.py, what the query gives there)


@dataclass(frozen=True)
class Token:
    """What a token that comes back must be."""

    kind: str
    claims: tuple = ()  # in order, under their usual names (=NAME: as it is); empty: those of the kind
    values: dict = field(default_factory=dict)
    keeps: tuple = ()  # claims that are those of the token that was sent
    renews: tuple = ()  # claims that are not
    iat_django: int = 0  # age of iat in the older library
    integer_django: bool = False  # there its user_id is a number
    save: str = ""  # under which name; empty: its name in the body
    lifetime: int = 0  # 0: that of its kind


@dataclass(frozen=True)
class Answer:
    status: int
    body: str | None  # None: not judged
    headers: dict = field(default_factory=dict)  # beside those that every answer has; None: absent
    tokens: dict = field(default_factory=dict)
    plain: bool = False  # not from the framework: only `headers` are expected
    django: tuple | None = None  # (key of differences.py, Answer)

    def unlike(self, why: str, there: Answer) -> Answer:
        return replace(self, django=(why, there))


@dataclass(frozen=True)
class Case:
    name: str
    steps: tuple  # Request, Answer, Request, Answer ...; between them Sql, Query
    profile: str = "default"

    @property
    def needs_database(self) -> bool:
        return any(isinstance(step, (Sql, Query)) for step in self.steps)


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def post(path: str, body: Any, *headers: tuple, content_type: str | None = "") -> Request:
    return Request("POST", path, body, headers, content_type)


def get(path: str, *headers: tuple, method: str = "GET", body: Any = None) -> Request:
    return Request(method, path, body, headers)


def bearer(token: Recipe | str, scheme: str = "Bearer") -> tuple:
    return ("Authorization", (scheme + " ", token, ""))


def table(path: str, rows: list, prefix: str, profile: str = "default") -> list[Case]:
    """Rows (name, body or Request, Answer) of one path."""
    return [Case(f"{prefix}: {name}", (what if isinstance(what, Request) else post(path, what), answer), profile)
            for name, what, answer in rows]


# ---- Answers

ERROR_PAGE = Answer(500, None, plain=True)
EMPTY = Answer(200, "{}")


def detail(status: int, text: str) -> Answer:
    return Answer(status, compact({"detail": text}))


def fields(**errors: str) -> Answer:
    return Answer(400, compact({name: [text] for name, text in errors.items()}))


def refused(message: str) -> Answer:
    """At the token endpoints."""
    return _unlike_older(message, lambda text: Answer(401, compact({"detail": text, "code": "token_not_valid"})))


def guarded(message: str, classes: tuple = (("AccessToken", "access"),)) -> Answer:
    """At a protected page."""
    def answer(text: str) -> Answer:
        messages = [{"token_class": name, "token_type": kind, "message": text} for name, kind in classes]
        return Answer(401, compact({"detail": "Given token not valid for any token type", "code": "token_not_valid",
                                    "messages": messages}))
    return _unlike_older(message, answer)


def _unlike_older(message: str, answer: Callable[[str], Answer]) -> Answer:
    here = answer(message)
    if message in ("Token is invalid", "Token is expired"):
        return here.unlike("one-message", answer("Token is invalid or expired"))
    return here


def issued(**tokens: Token) -> Answer:
    return Answer(200, compact({name: f"<{name}>" for name in tokens}), tokens=tokens)


def pair(**values: Any) -> Answer:
    """What a login gives."""
    return issued(refresh=Token("refresh", values=values, integer_django=True),
                  access=Token("access", values=values, integer_django=True))


REQUIRED, BLANK = "This field is required.", "This field may not be blank."
NULL, NO_STRING, NUL = "This field may not be null.", "Not a valid string.", "Null characters are not allowed."
NO_ACCOUNT = detail(401, "No active account found with the given credentials")
NO_ACCOUNT_OF_TOKEN = detail(401, "No active account found for the given token.")
HELLO_WORLD = Answer(200, '{"message":"Hello, World!"}')
