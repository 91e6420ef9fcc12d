"""Tokens for requests: forged with the service's own key and then damaged, or saved from an earlier answer."""

from __future__ import annotations

import base64
import hmac
import json
import time
import uuid
from typing import Any, Callable

import jwt

from contract import Recipe

KEY = "contract-test-only-0123456789abcdef0123456789abcdef0123456789abcdef"
OTHER_KEY = "another-key-only-0123456789abcdef0123456789abcdef0123456789abcdef"
ABSENT = object()
AGE = 100  # seconds; the age of forged tokens, to recognise their iat in an answer


class After(int):
    """A time, as seconds from now."""


class AfterFloat(float):
    """The same, written with a fraction."""


def b64(data: bytes | str) -> str:
    data = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def payload_of(token: str) -> dict:
    return json.loads(unb64(token.split(".")[1]))


def claims_of(kind: str, changes: dict, run: Any) -> dict:
    now, claim_names, settings = time.time(), run.profile.claim_names, run.profile.settings
    claims = {claim_names.get("type", "token_type"): kind, "exp": After(1000), "iat": After(-AGE),
              claim_names.get("jti", "jti"): uuid.uuid4().hex}
    if kind == "sliding":
        claims[claim_names.get("refresh_exp", "refresh_exp")] = After(2000)
    claims[claim_names.get("user_id", "user_id")] = settings.get("user_id_field", "1").replace("username", "alice")
    claims |= run.profile.written
    claims |= changes
    plain = {}
    for name, value in claims.items():
        if callable(value):
            value = value(run)
        if isinstance(value, After):
            value = int(now) + int(value)
        elif isinstance(value, AfterFloat):
            value = now + float(value)
        if value is not ABSENT:
            plain[name] = value
    return plain


def sign(payload: bytes | str, key: Any, algorithm: str, head: dict | None = None, header: str = "") -> str:
    """Signs without the checks of jwt.encode: the tokens are wrong on purpose."""
    header = header or json.dumps({"alg": algorithm, "typ": "JWT", **(head or {})}, separators=(",", ":"))
    text = f"{b64(header)}.{b64(payload)}"
    if algorithm.startswith("HS"):
        signature = hmac.digest(key.encode(), text.encode(), "sha" + algorithm[2:])
    else:
        method = jwt.algorithms.get_default_algorithms()[algorithm]
        signature = method.sign(text.encode(), method.prepare_key(key))
    return f"{text}.{b64(signature)}"


def forge(kind: str = "access", *, key: Any = None, alg: str | None = None, head: dict | None = None,
          payload: str | None = None, save: str = "", **changes: Any) -> Recipe:
    """`payload`: a text, instead of claims. Keys and names come from the run's profile."""
    def make(run: Any) -> str:
        text = payload if payload is not None else json.dumps(
            claims_of(kind, changes, run), separators=(",", ":"))
        token = sign(text, key or run.key, alg or run.profile.algorithm, head)
        if save:
            run.saved[save] = token
        return token
    return Recipe(make)


def saved(name: str) -> Recipe:
    return Recipe(lambda run: run.saved[name])


def jti_of(name: str) -> Callable[[Any], str]:
    return lambda run: payload_of(run.saved[name])["jti"]


def changed(recipe: Recipe, change: Callable[[str, str, str], tuple | str]) -> Recipe:
    """change(header, payload, signature) returns three new parts, or the whole token."""
    def make(run: Any) -> str:
        result = change(*recipe.make(run).split("."))
        return result if isinstance(result, str) else ".".join(result)
    return Recipe(make)


def flip(text: str) -> str:
    """Changes a letter in the middle: the last letter may hold unused bits."""
    middle = len(text) // 2
    return text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1:]


def stray(letter: str) -> str:
    """A letter that differs only in the unused bits of the last letter of a 256-bit signature."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return alphabet[alphabet.index(letter) ^ 1]


def other_claims(kind: str, **changes: Any) -> Recipe:
    """A valid signature with another payload."""
    return changed(forge(kind), lambda head, body, signature: (
        head, b64(json.dumps({**json.loads(unb64(body)), **changes})), signature))


# Tokens that no endpoint may accept: (name, recipe for a kind). All are "Token is invalid".
MALFORMED = (
    ("not a token", lambda kind: "nonsense"),
    ("three dotted parts of nonsense", lambda kind: "a.b.c"),
    ("two parts", lambda kind: changed(forge(kind), lambda h, p, s: f"{h}.{p}")),
    ("four parts", lambda kind: changed(forge(kind), lambda h, p, s: f"{h}.{p}.{s}.{s}")),
    ("no signature", lambda kind: changed(forge(kind), lambda h, p, s: f"{h}.{p}.")),
    ("tampered header", lambda kind: changed(forge(kind), lambda h, p, s: (b64('{"typ":"JWT","alg":"HS256"}'), p, s))),
    ("tampered payload", lambda kind: other_claims(kind, user_id="2")),
    ("tampered signature", lambda kind: changed(forge(kind), lambda h, p, s: (h, p, flip(s)))),
    ("cut short", lambda kind: changed(forge(kind), lambda h, p, s: (h, p, s[:-4]))),
    ("signed with another key", lambda kind: forge(kind, key=OTHER_KEY)),
    ("HS512 with the same key", lambda kind: forge(kind, alg="HS512")),
    ("alg none", lambda kind: changed(forge(kind), lambda h, p, s: f'{b64(NONE_HEAD)}.{p}.')),
    ("alg none, the signature left", lambda kind: changed(forge(kind), lambda h, p, s: (b64(NONE_HEAD), p, s))),
    ("header no JSON", lambda kind: changed(forge(kind), lambda h, p, s: (b64("{"), p, s))),
    ("header an array", lambda kind: changed(forge(kind), lambda h, p, s: (b64("[]"), p, s))),
    ("header without alg", lambda kind: changed(forge(kind), lambda h, p, s: (b64('{"typ":"JWT"}'), p, s))),
    ("payload an array", lambda kind: forge(kind, payload="[]")),
    ("payload a string", lambda kind: forge(kind, payload='"x"')),
    ("payload no JSON", lambda kind: forge(kind, payload="{")),
    ("payload empty", lambda kind: forge(kind, payload="")),
    ("exp not a number", lambda kind: forge(kind, exp="soon")),
    ("exp not a number, NaN", lambda kind: forge(kind, exp=float("nan"))),
    ("iat in the future", lambda kind: forge(kind, iat=After(100))),
    ("iat not a number", lambda kind: forge(kind, iat="then")),
    ("nbf in the future", lambda kind: forge(kind, nbf=After(100))),
    ("crit, which nobody knows", lambda kind: forge(kind, head={"crit": ["x"], "x": 1})),
    ("crit, of nothing", lambda kind: forge(kind, head={"crit": []})),
    ("crit, no array", lambda kind: forge(kind, head={"crit": "x"})),
    ("kid not a string", lambda kind: forge(kind, head={"kid": 1})),
    ("nbf not a number", lambda kind: forge(kind, nbf="then")),
)
NONE_HEAD = '{"alg":"none","typ":"JWT"}'
EXPIRED = (
    ("expired", lambda kind: forge(kind, exp=After(-10))),
    ("expired this second", lambda kind: forge(kind, exp=After(0))),
    ("expired, a fraction", lambda kind: forge(kind, exp=AfterFloat(-0.5))),
    ("expired in 1970", lambda kind: forge(kind, exp=0)),
    ("expired before 1970", lambda kind: forge(kind, exp=-1)),
    ("expired, of a wrong type too", lambda kind: forge("nonsense", exp=After(-10))),
)
# Odd tokens that are accepted.
ACCEPTED = (
    ("as issued", lambda kind: forge(kind)),
    ("exp with a fraction", lambda kind: forge(kind, exp=AfterFloat(100.5))),
    ("no iat", lambda kind: forge(kind, iat=ABSENT)),
    ("nbf passed", lambda kind: forge(kind, nbf=After(-10))),
    ("an audience that nobody asked for", lambda kind: forge(kind, aud="someone")),
    ("an issuer that nobody asked for", lambda kind: forge(kind, iss="someone")),
    ("a sub that is a string", lambda kind: forge(kind, sub="1")),
    ("a kid", lambda kind: forge(kind, head={"kid": "k1"})),
    ("another typ", lambda kind: forge(kind, head={"typ": "at+jwt"})),
    ("an unknown header", lambda kind: forge(kind, head={"x-unknown": {"a": 1}})),
    ("user_id a number", lambda kind: forge(kind, user_id=1)),
)
# Refused by the newer PyJWT, accepted by the older one.
NEWLY_MALFORMED = (
    ("sub not a string", lambda kind: forge(kind, sub=1), "no-subject-check"),
    ("jti not a string", lambda kind: forge(kind, jti=1), "no-subject-check"),
)
def twice(kind: str, first: str, last: str, name: str = "exp") -> Recipe:
    """A token whose payload repeats a claim."""
    other = '"exp":9999999999,' if name != "exp" else ""
    return forge(payload='{"token_type":"%s",%s"%s":%s,"%s":%s,"jti":"%s","user_id":"1"}' % (
        kind, other, name, first, name, last, "0" * 32))


# Two readers may understand these differently: the service refuses repeated names.
AMBIGUOUS = (
    ("exp twice, the last ahead", lambda kind: twice(kind, "1", "9999999999")),
    ("user_id twice", lambda kind: twice(kind, '"2"', '"1"', "user_id")),
    ("alg twice", lambda kind: changed(forge(kind), lambda h, p, s: sign(
        unb64(p), KEY, "HS256", header='{"alg":"none","alg":"HS256"}'))),
)
# Other spellings of the same bytes, which Python's base64 accepts and ours does not.
LENIENT = (
    ("padded signature", lambda kind: changed(forge(kind), lambda h, p, s: (h, p, s + "="))),
    ("letters that base64 has not", lambda kind: changed(forge(kind), lambda h, p, s: (h, p, s + "!!!!"))),
    ("bits that no byte needs", lambda kind: changed(forge(kind), lambda h, p, s: (h, p, s[:-1] + stray(s[-1])))),
)
# The older library fails with an exception on these.
FATAL = (
    ("exp null", lambda kind: forge(kind, exp=None), "500-exp"),
    ("exp infinite", lambda kind: forge(kind, exp=float("inf")), "500-exp"),
    ("exp the digits of a number", lambda kind: forge(kind, exp="99999999999"), "500-exp"),
)
