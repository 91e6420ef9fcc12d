"""RFC 6749 section 4.4 at /oauth/token: programs get their own tokens. oauth.py makes the clients."""

from __future__ import annotations

import base64
from urllib.parse import quote_plus, urlencode

from contract import (EMPTY, FORM, HELLO, JSON, REFRESH, VERIFY, Answer, Case, Form, Request, Token, bearer, compact, get,
                      post, refused)
from recipes import saved

TOKEN = "/oauth/token"
# (id, secret, scopes). The second client has every character that a form encodes.
CLIENTS = (("robot", "robots-secret-0123456789", ("read", "write")),
           ("odd+id%41/&=", "p:l+u s%2B&=é", ()),
           ("retired", "retireds-secret-0123456789", ("read",)),
           ("more", "a-secret-012345678901", ()), ("pad", "a-secret-012345678901", ()))
ROBOT, ODD, RETIRED, PADDED, MORE_PADDED = CLIENTS
GRANT = {"grant_type": "client_credentials"}
LIFETIME = 3600
NEVER_STORED = {"allow": "POST", "cache-control": "no-store", "pragma": "no-cache", "www-authenticate": None}
BASIC = {"www-authenticate": 'Basic realm="oauth"'}


def basic(client: tuple | str, secret: str = "", scheme: str = "Basic") -> tuple:
    text = client if isinstance(client, str) else f"{quote_plus(client[0])}:{quote_plus(secret or client[1])}"
    return ("Authorization", f"{scheme} {base64.b64encode(text.encode()).decode()}")


def in_body(client: tuple, **more: str) -> Form:
    return Form(GRANT | {"client_id": client[0], "client_secret": client[1]} | more)


def ask_for(*headers: tuple, **parameters: str) -> Request:
    return post(TOKEN, Form(GRANT | parameters), *headers)


def raw(text: str, *headers: tuple, content_type: str | None = FORM) -> Request:
    return post(TOKEN, text.encode(), *headers, content_type=content_type)


def granted(client: tuple = ROBOT, scope: str = "read write") -> Answer:
    values = {"sub": client[0], "client_id": client[0]} | ({"scope": scope} if scope else {})
    token = Token("access", ("type", "exp", "iat", "jti", *values), values, lifetime=LIFETIME)
    body = {"access_token": "<access>", "token_type": "Bearer", "expires_in": LIFETIME} | (
        {"scope": scope} if scope else {})
    return Answer(200, compact(body), NEVER_STORED, tokens={"access": token})


def error(status: int, code: str, headers: dict | None = None) -> Answer:
    return Answer(status, compact({"error": code, "error_description": "…"}), NEVER_STORED | (headers or {}))


BAD_REQUEST = error(400, "invalid_request")
NO_CLIENT, NO_CLIENT_BASIC = error(401, "invalid_client"), error(401, "invalid_client", BASIC)
NO_SCOPE = error(400, "invalid_scope")
NO_METHOD = Answer(405, '{"error":"invalid_request","error_description":"The method must be POST."}', NEVER_STORED)
PLAIN = urlencode(in_body(ROBOT))

GRANTED = [
    ("Basic", ask_for(basic(ROBOT)), granted()),
    ("Basic, in capitals", ask_for(basic(ROBOT, scheme="BASIC")), granted()),
    ("Basic, and the same client_id in the body", ask_for(basic(ROBOT), client_id=ROBOT[0]), granted()),
    ("Basic, with signs that a form encodes", ask_for(basic(ODD)), granted(ODD, "")),
    ("Basic, one letter of padding", ask_for(basic(PADDED)), granted(PADDED, "")),
    ("Basic, two letters of padding", ask_for(basic(MORE_PADDED)), granted(MORE_PADDED, "")),
    ("in the body", post(TOKEN, in_body(ROBOT)), granted()),
    ("in the body, with signs that a form encodes", post(TOKEN, in_body(ODD)), granted(ODD, "")),
    ("a Content-Type with a charset", raw(PLAIN, content_type=FORM + "; charset=UTF-8"), granted()),
    ("an unknown parameter", post(TOKEN, in_body(ROBOT, resource="x")), granted()),
    ("a query", post(TOKEN + "?grant_type=password", in_body(ROBOT)), granted()),
    ("Accept: text/html", post(TOKEN, in_body(ROBOT), ("Accept", "text/html")), granted()),
    ("one scope", post(TOKEN, in_body(ROBOT, scope="write")), granted(scope="write")),
    ("all scopes, the other way round", post(TOKEN, in_body(ROBOT, scope="write read")), granted(scope="write read")),
    ("an empty scope is none", post(TOKEN, in_body(ROBOT, scope="")), granted()),
    ("an empty parameter twice", raw(PLAIN + "&scope=&scope="), granted()),
]
REFUSED = [
    ("Basic and a secret in the body", post(TOKEN, in_body(ROBOT), basic(ROBOT)), BAD_REQUEST),
    ("Basic and another client_id in the body", ask_for(basic(ROBOT), client_id="retired"), BAD_REQUEST),
    ("no credentials", ask_for(), NO_CLIENT),
    ("a client_id alone", ask_for(client_id=ROBOT[0]), NO_CLIENT),
    ("an empty secret", ask_for(client_id=ROBOT[0], client_secret=""), NO_CLIENT),
    ("Bearer", ask_for(("Authorization", "Bearer a.b.c")), NO_CLIENT_BASIC),
    ("Basic of nothing", ask_for(("Authorization", "Basic")), NO_CLIENT_BASIC),
    ("Basic, no base64", ask_for(("Authorization", "Basic !!!!")), NO_CLIENT_BASIC),
    ("Basic, padded too much", ask_for(("Authorization", "Basic " + "cm9ib3Q6eA" + "=" * 6)), NO_CLIENT_BASIC),
    ("Basic without a colon", ask_for(basic("robot")), NO_CLIENT_BASIC),
    ("Basic with an empty secret", ask_for(basic("robot:")), NO_CLIENT_BASIC),
    ("an unknown client", post(TOKEN, in_body(("nobody", "x" * 20))), NO_CLIENT),
    ("an unknown client, Basic", ask_for(basic(("nobody", "x" * 20))), NO_CLIENT_BASIC),
    ("a client's id with a NUL", post(TOKEN, in_body(("robot\0", ROBOT[1]))), NO_CLIENT),
    ("a client's id of 10,000 letters", post(TOKEN, in_body(("x" * 10_000, "x"))), NO_CLIENT),
    ("a user's name and password", post(TOKEN, in_body(("alice", "correct-horse-battery"))), NO_CLIENT),
    ("a wrong secret", post(TOKEN, in_body(ROBOT, client_secret="wrong")), NO_CLIENT),
    ("a wrong secret, Basic", ask_for(basic(ROBOT, "wrong")), NO_CLIENT_BASIC),
    ("another's secret", post(TOKEN, in_body(ROBOT, client_secret=RETIRED[1])), NO_CLIENT),
    ("an inactive client", post(TOKEN, in_body(RETIRED)), NO_CLIENT),
    ("an inactive client, Basic", ask_for(basic(RETIRED)), NO_CLIENT_BASIC),
    ("no grant_type", raw("client_id=robot&client_secret=" + ROBOT[1]), BAD_REQUEST),
    ("an empty grant_type", post(TOKEN, in_body(ROBOT, grant_type="")), BAD_REQUEST),
    ("no grant_type, nor a client", raw("a=b"), BAD_REQUEST),
    ("no body", raw(""), BAD_REQUEST),
    ("another grant_type", post(TOKEN, in_body(ROBOT, grant_type="password")), error(400, "unsupported_grant_type")),
    ("grant_type in capitals", post(TOKEN, in_body(ROBOT, grant_type="CLIENT_CREDENTIALS")),
     error(400, "unsupported_grant_type")),
    ("grant_type twice", raw(PLAIN + "&grant_type=client_credentials"), BAD_REQUEST),
    ("scope twice", raw(PLAIN + "&scope=read&scope=write"), BAD_REQUEST),
    ("client_secret twice", raw(PLAIN + "&client_secret=x"), BAD_REQUEST),
    ("an unknown parameter twice", raw(PLAIN + "&a=b&a=b"), BAD_REQUEST),
    ("2000 parameters", raw(PLAIN + "".join(f"&p{i}=x" for i in range(2000))), BAD_REQUEST),
    ("a scope that it may not have", post(TOKEN, in_body(ROBOT, scope="admin")), NO_SCOPE),
    ("one of two that it may not have", post(TOKEN, in_body(ROBOT, scope="read admin")), NO_SCOPE),
    ("the beginning of a scope", post(TOKEN, in_body(ROBOT, scope="rea")), NO_SCOPE),
    ("a scope in capitals", post(TOKEN, in_body(ROBOT, scope="READ")), NO_SCOPE),
    ("two spaces between scopes", post(TOKEN, in_body(ROBOT, scope="read  write")), NO_SCOPE),
    ("a scope for a client that has none", post(TOKEN, in_body(ODD, scope="read")), NO_SCOPE),
    ("JSON", post(TOKEN, dict(in_body(ROBOT))), BAD_REQUEST),
    ("a form that is called JSON", raw(PLAIN, content_type=JSON), BAD_REQUEST),
    ("no Content-Type", raw(PLAIN, content_type=None), BAD_REQUEST),
    ("multipart", raw("x", content_type="multipart/form-data; boundary=x"), BAD_REQUEST),
    *((method, get(TOKEN, basic(ROBOT), method=method), NO_METHOD)
      for method in ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE")),
    ("GET with all of it in the query", get(f"{TOKEN}?{PLAIN}"), NO_METHOD),
]
USED = [
    Case("oauth: what a client's token is good for", (
        post(TOKEN, in_body(ROBOT)), granted(),
        post(VERIFY, {"token": saved("access")}), EMPTY,
        get(HELLO, bearer(saved("access"))), refused("Token contained no recognizable user identification"),
        post(REFRESH, {"refresh": saved("access")}), refused("Token has wrong type"))),
    Case("oauth: each token is another", (
        post(TOKEN, in_body(ROBOT)), granted(), post(TOKEN, in_body(ROBOT)), granted(),
        post(VERIFY, {"token": saved("access")}), EMPTY)),
]
WRONG = post(TOKEN, in_body(ROBOT, client_secret="wrong"))
TOO_MANY = error(429, "temporarily_unavailable", {"retry-after": "…"})
THROTTLED = [
    Case("oauth: who is right is not counted", (
        *(step for _ in range(5) for step in (post(TOKEN, in_body(ODD)), granted(ODD, ""))),), "throttled"),
    Case("oauth: the fourth wrong secret", (
        WRONG, NO_CLIENT, ask_for(basic(ROBOT, "wrong")), NO_CLIENT_BASIC, WRONG, NO_CLIENT, WRONG, TOO_MANY,
        post(TOKEN, in_body(ROBOT)), TOO_MANY, ask_for(basic(ROBOT)), TOO_MANY,
        post(TOKEN, in_body(ODD)), granted(ODD, "")), "throttled"),
]
CASES = [*(Case(f"oauth: {name}", (request, answer)) for name, request, answer in GRANTED + REFUSED), *USED, *THROTTLED]
