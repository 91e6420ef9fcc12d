"""The vocabulary of the tables of cases: requests, answers, and tokens that must come back.

An answer's body is exact. In it, and in a header, "…" stands for any text without a quotation mark, and <refresh>, <access>, <token>
for a token, which is decoded and judged separately. `django`: the answer of Debian's older Django if it differs, and the
entry of differences.py that justifies the difference.
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
    """An application/x-www-form-urlencoded body."""


class Multipart(dict):
    """A multipart/form-data body."""


@dataclass(frozen=True)
class Recipe:
    """A token that is made together with the request: make(run) returns its text."""

    make: Callable[[Any], str]


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: Any = None  # bytes (unchanged), Form or Multipart; anything else becomes JSON. All may contain recipes
    headers: tuple = ()  # (name, value); a value may be (prefix, recipe, suffix)
    content_type: str | None = ""  # "": the type of the body; None: no such field


@dataclass(frozen=True)
class Sql:
    """A statement to run on the database between two requests."""

    statement: str


@dataclass(frozen=True)
class Query:
    """A query with one value, as text; {jti:NAME} is the jti of a saved token."""

    statement: str
    expected: str
    django: tuple | None = None  # (key in differences.py, the query's result there)


@dataclass(frozen=True)
class Token:
    """What a returned token must look like."""

    kind: str
    claims: tuple = ()  # in order, under their usual names (=NAME: literally); empty: those of the kind
    values: dict = field(default_factory=dict)
    keeps: tuple = ()  # claims with the same value as in the token that was sent
    renews: tuple = ()  # claims with another value
    iat_django: int = 0  # the age of iat in the older library
    integer_django: bool = False  # user_id is a number there
    save: str = ""  # the name to save it under; empty: its name in the body
    lifetime: int = 0  # 0: the kind's


@dataclass(frozen=True)
class Answer:
    status: int
    body: str | None  # None: not checked
    headers: dict = field(default_factory=dict)  # besides those that every answer has; None: absent
    tokens: dict = field(default_factory=dict)
    plain: bool = False  # not from the framework: expect only `headers`
    django: tuple | None = None  # (key in differences.py, Answer)

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
    """The cases of one path, from rows (name, body or Request, Answer)."""
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
    """The tokens that a login returns."""
    return issued(refresh=Token("refresh", values=values, integer_django=True),
                  access=Token("access", values=values, integer_django=True))


REQUIRED, BLANK = "This field is required.", "This field may not be blank."
NULL, NO_STRING, NUL = "This field may not be null.", "Not a valid string.", "Null characters are not allowed."
NO_ACCOUNT = detail(401, "No active account found with the given credentials")
NO_ACCOUNT_OF_TOKEN = detail(401, "No active account found for the given token.")
HELLO_WORLD = Answer(200, '{"message":"Hello, World!"}')
