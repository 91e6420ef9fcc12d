#!/usr/bin/python3
"""Checks the keys that a running service publishes, and its tokens when it encrypts them.

  keys.py TARGET [--profile NAME] [--key FILE] [--admin PROGRAM --configuration FILE]

With a profile that encrypts, tokens are decrypted and made here with its key; other profiles have a public key or none.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from urllib.parse import urlencode

import jwt
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cases_oauth import ROBOT, TOKEN, in_body
from contract import BLACKLIST, FORM, HELLO, OBTAIN, REFRESH, SLIDE, SLIDING, VERIFY, bearer, get, post
from database import PASSWORD
from judge import Run, ask
from oauth import Admin
from profiles import PROFILES
from recipes import After, b64, forge, payload_of, unb64

JWKS = "/.well-known/jwks.json"
ALICE = {"username": "alice", "password": PASSWORD}


class Checks:
    def __init__(self, run: Run):
        self.run, self.wrong = run, []

    def equal(self, what: str, got: object, want: object) -> None:
        if got != want:
            self.wrong.append(f"{what}: {got!r}, not {want!r}")

    def answer(self, what: str, request: object, status: int) -> dict:
        got = ask(self.run, request)
        self.equal(f"{what}: status", got.status, status)
        return json.loads(got.body or b"{}")


def check_jwks(checks: Checks) -> None:
    run = checks.run
    got = ask(run, get(JWKS))
    checks.equal("fields", [got.status, got.values("content-type"), got.values("cache-control"), got.values("allow")],
                 [200, ["application/json"], ["public, max-age=300"], ["GET, HEAD"]])
    head = ask(run, get(JWKS, method="HEAD"))
    checks.equal("HEAD", [head.status, head.body, head.values("content-length")], [200, b"", [str(len(got.body))]])
    checks.answer("POST", post(JWKS, {}), 405)
    keys = json.loads(got.body)["keys"]
    if not run.public_key:
        checks.equal("the keys beside a secret", keys, [])
        return
    checks.equal("how many keys", len(keys), 1)
    secret_members = set(keys[0]) & {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
    checks.equal("members of a private key", secret_members, set())
    algorithm = run.profile.algorithm
    checks.equal("use and alg", [keys[0]["use"], keys[0]["alg"]], ["sig", algorithm])
    token = checks.answer("a login", post(OBTAIN, ALICE), 200)["access"]
    claims = jwt.decode(token, jwt.PyJWK(keys[0]).key, [algorithm])
    checks.equal("the claims that python3-jwt verifies", claims.get("user_id"), "1")


def decrypted(run: Run, token: str) -> str:
    header, key, nonce, text, tag = token.split(".")
    assert not key, "dir has no encrypted key"
    content_key = bytes.fromhex(run.profile.settings["encryption_key"])
    return AESGCM(content_key).decrypt(unb64(nonce), unb64(text) + unb64(tag), header.encode()).decode()


def encrypted(content_key: bytes, inner: str) -> str:
    header, nonce = b64('{"alg":"dir","enc":"A256GCM","cty":"JWT"}'), os.urandom(12)
    sealed = AESGCM(content_key).encrypt(nonce, inner.encode(), header.encode())
    return ".".join((header, "", b64(nonce), b64(sealed[:-16]), b64(sealed[-16:])))


def check_encrypted_token(checks: Checks, what: str, token: str) -> None:
    checks.equal(f"{what}: parts", len(token.split(".")), 5)
    try:
        inner = decrypted(checks.run, token)
    except (InvalidTag, ValueError, AssertionError) as error:
        checks.wrong.append(f"{what}: cannot be decrypted: {error!r}")
        return
    checks.equal(f"{what}: token_type", payload_of(inner)["token_type"], what.split()[-1])
    jwt.api_jws.decode(inner, checks.run.key, ["HS256"])


def check_endpoints(checks: Checks) -> None:
    """The whole life of a token."""
    pair = checks.answer("a login", post(OBTAIN, ALICE), 200)
    checks.answer("hello", get(HELLO, bearer(pair["access"])), 200)
    checks.answer("verify", post(VERIFY, {"token": pair["access"]}), 200)
    fresh = checks.answer("refresh", post(REFRESH, {"refresh": pair["refresh"]}), 200)
    checks.answer("hello, refreshed", get(HELLO, bearer(fresh["access"])), 200)
    checks.answer("blacklist", post(BLACKLIST, {"refresh": pair["refresh"]}), 200)
    checks.answer("refresh, blacklisted", post(REFRESH, {"refresh": pair["refresh"]}), 401)
    sliding = checks.answer("sliding", post(SLIDING, ALICE), 200)["token"]
    slid = checks.answer("sliding refresh", post(SLIDE, {"token": sliding}), 200)["token"]
    body = urlencode(in_body(ROBOT)).encode()
    of_client = checks.answer("a client", post(TOKEN, body, content_type=FORM), 200)["access_token"]
    checks.answer("verify, a client's", post(VERIFY, {"token": of_client}), 200)
    checks.answer("hello, a client's", get(HELLO, bearer(of_client)), 401)
    for what, token in (("a pair's access", pair["access"]), ("a pair's refresh", pair["refresh"]),
                        ("the refreshed access", fresh["access"]), ("sliding", sliding), ("slid, sliding", slid),
                        ("a client's access", of_client)):
        check_encrypted_token(checks, what, token)


def check_refusals(checks: Checks) -> None:
    run = checks.run
    content_key = bytes.fromhex(run.profile.settings["encryption_key"])
    invalid = {"detail": "Token is invalid", "code": "token_not_valid"}
    for kind, path, field in (("access", VERIFY, "token"), ("refresh", REFRESH, "refresh"),
                              ("refresh", BLACKLIST, "refresh"), ("sliding", SLIDE, "token")):
        inner = forge(kind).make(run)
        checks.answer(f"{path}: sealed here", post(path, {field: encrypted(content_key, inner)}), 200)
        for what, token in (("in the clear", forge(kind).make(run)),
                            ("sealed with another key", encrypted(b"x" * 32, inner)),
                            ("signed with another key", encrypted(content_key, forge(kind, key="x" * 64).make(run))),
                            ("sealed twice", encrypted(content_key, encrypted(content_key, inner)))):
            got = checks.answer(f"{path}: {what}", post(path, {field: token}), 401)
            checks.equal(f"{path}: {what}", got, invalid)
    checks.answer("hello, in the clear", get(HELLO, bearer(forge())), 401)
    expired = encrypted(content_key, forge(exp=After(-5)).make(run))
    got = checks.answer("expired", post(VERIFY, {"token": expired}), 401)
    checks.equal("expired", got["detail"], "Token is expired")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("target")
    parser.add_argument("--profile", default="default", choices=PROFILES)
    parser.add_argument("--database", help="ignored")
    parser.add_argument("--key", type=Path)
    parser.add_argument("--admin")
    parser.add_argument("--configuration")
    options = parser.parse_args()
    run = Run(options.target, PROFILES[options.profile])
    if options.key:
        run.key, run.public_key = options.key.read_text(), Path(f"{options.key}.pub").read_text()
    checks = Checks(run)
    check_jwks(checks)
    if run.profile.settings.get("encrypt"):
        Admin(options.admin, options.configuration).make_clients()
        check_endpoints(checks)
        check_refusals(checks)
    print("\n".join(checks.wrong) or "as it should be")
    sys.exit(1 if checks.wrong else 0)


if __name__ == "__main__":
    main()
