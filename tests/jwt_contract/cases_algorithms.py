"""Public-key algorithms: the service and python3-jwt verify each other's tokens; algorithm confusion is refused."""

from __future__ import annotations

import hmac
from typing import Any

from contract import (EMPTY, HELLO, HELLO_WORLD, OBTAIN, REFRESH, VERIFY, Case, Recipe, Token, bearer, get, guarded,
                      issued, pair, post, refused, table)
from cases_obtain import login
from make_key import ALGORITHMS
from recipes import NONE_HEAD, After, b64, changed, forge, saved

INVALID = refused("Token is invalid")
def with_public_key_as_secret(kind: str) -> Recipe:
    """A token for verifiers that let it choose HS256: everybody knows the public key."""
    def make(run: Any) -> str:
        _, payload, _ = forge(kind).make(run).split(".")
        text = b64('{"alg":"HS256","typ":"JWT"}') + "." + payload
        return f"{text}.{b64(hmac.digest(run.public_key.encode(), text.encode(), 'sha256'))}"
    return Recipe(make)


def cases(profile: str) -> list[Case]:
    return [
        Case(f"{profile}: a pair works, and is judged by python3-jwt", (
            post(OBTAIN, login("alice")), pair(user_id="1"), get(HELLO, bearer(saved("access"))), HELLO_WORLD,
            post(REFRESH, {"refresh": saved("refresh")}), issued(access=Token("access"))), profile),
        *table(HELLO, [
            ("signed by python3-jwt", get(HELLO, bearer(forge())), HELLO_WORLD),
            ("the public key as an HMAC secret", get(HELLO, bearer(with_public_key_as_secret("access"))),
             guarded("Token is invalid")),
            ("expired", get(HELLO, bearer(forge(exp=After(-5)))), guarded("Token is expired")),
        ], profile, profile),
        *table(VERIFY, [
            ("signed by python3-jwt", {"token": forge()}, EMPTY),
            ("the public key as an HMAC secret", {"token": with_public_key_as_secret("access")}, INVALID),
            ("alg none", {"token": changed(forge(), lambda h, p, s: f"{b64(NONE_HEAD)}.{p}.")}, INVALID),
            ("no signature", {"token": changed(forge(), lambda h, p, s: f"{h}.{p}.")}, INVALID),
            ("a signature of zeros", {"token": changed(forge(), lambda h, p, s: f"{h}.{p}.{'A' * len(s)}")}, INVALID),
            ("a signature of another payload", {"token": changed(forge(), lambda h, p, s: (
                h, b64('{"token_type":"access","exp":99999999999,"jti":"0","user_id":"2"}'), s))}, INVALID),
            ("half a signature", {"token": changed(forge(), lambda h, p, s: (h, p, s[:len(s) // 2]))}, INVALID),
        ], profile, profile),
    ]


CASES = [case for algorithm in ALGORITHMS for case in cases(algorithm)]
