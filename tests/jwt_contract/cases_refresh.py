"""Sections 2.3 and 2.4 of the contract: refreshing, rotation, and how a token is judged on the way."""

from contract import (BLACKLIST, EMPTY, ERROR_PAGE, NO_ACCOUNT_OF_TOKEN, OBTAIN, REFRESH, VERIFY, Answer, Case, Query,
                      Token, fields, issued, pair, post, refused, table)
from cases_obtain import login
from recipes import ABSENT, ACCEPTED, AGE, EXPIRED, FATAL, MALFORMED, NEWLY_MALFORMED, After, forge, jti_of, saved

TAKEN = Answer(200, None)
NO_LOOKUP = "no-user-lookup"


def access(*more: str, of: str = "type exp iat jti user_id", **values) -> Answer:
    """The access token for a forged refresh token, whose iat is AGE seconds ago."""
    return issued(access=Token("access", (*of.split(), *more), values, iat_django=AGE, renews=("jti",)))


def body(**claims) -> dict:
    return {"refresh": forge("refresh", **claims)}


REFRESHED = issued(access=Token("access", keeps=("user_id",), renews=("jti",)))
INVALID, BLACKLISTED = refused("Token is invalid"), refused("Token is blacklisted")
COPIED = {"role": "ådmin ☃", "nested": {"b": [1, None, True], "a": ""}, "big": 9223372036854775807, "ratio": 1.5}
JUDGED = [
    *((name, {"refresh": make("refresh")}, INVALID) for name, make in MALFORMED),
    *((name, {"refresh": make("refresh")}, refused("Token is expired")) for name, make in EXPIRED),
    *((name, {"refresh": make("refresh")}, INVALID.unlike(why, TAKEN)) for name, make, why in NEWLY_MALFORMED),
    *((name, {"refresh": make("refresh")}, INVALID.unlike(why, ERROR_PAGE)) for name, make, why in FATAL),
    *((name, {"refresh": make("refresh")}, TAKEN) for name, make in ACCEPTED),
    ("an access token", {"refresh": forge("access")}, refused("Token has wrong type")),
    ("a sliding token", {"refresh": forge("sliding")}, refused("Token has wrong type")),
    ("token_type in capitals", body(token_type="Refresh"), refused("Token has wrong type")),
    ("token_type null", body(token_type=None), refused("Token has wrong type")),
    ("no exp", body(exp=ABSENT), refused("Token has no 'exp' claim")),
    ("no jti", body(jti=ABSENT), refused("Token has no id").unlike("500-no-jti", ERROR_PAGE)),
    ("no token_type", body(token_type=ABSENT), refused("Token has no type")),
    ("no exp, nor token_type", body(exp=ABSENT, token_type=ABSENT), refused("Token has no 'exp' claim")),
    ("white space around it", {"refresh": " a.b.c "}, INVALID),
]
USERS = [
    ("a user that is gone", body(user_id="999"), NO_ACCOUNT_OF_TOKEN.unlike(NO_LOOKUP, TAKEN)),
    ("an inactive user", body(user_id="2"), NO_ACCOUNT_OF_TOKEN.unlike(NO_LOOKUP, TAKEN)),
    ("an inactive user, a number", body(user_id=2), NO_ACCOUNT_OF_TOKEN.unlike(NO_LOOKUP, TAKEN)),
    ("user_id not a number", body(user_id="x"), NO_ACCOUNT_OF_TOKEN.unlike(NO_LOOKUP, TAKEN)),
    ("user_id beyond all numbers", body(user_id="9" * 40), NO_ACCOUNT_OF_TOKEN.unlike(NO_LOOKUP, TAKEN)),
    ("user_id an array", body(user_id=[1]), NO_ACCOUNT_OF_TOKEN.unlike(NO_LOOKUP, TAKEN)),
    ("user_id an object", body(user_id={"id": 1}), NO_ACCOUNT_OF_TOKEN.unlike(NO_LOOKUP, TAKEN)),
    ("no user_id", body(user_id=ABSENT), access(of="type exp iat jti")),
    ("user_id blank", body(user_id=""), access(user_id="")),
    ("user_id null", body(user_id=None), access(user_id=None)),
    ("user_id 0", body(user_id=0), access(user_id=0)),
    ("as issued", body(), access(user_id="1")),
    ("user_id a number", body(user_id=1), access(user_id=1)),
    ("claims are copied", body(**COPIED), access(*COPIED, user_id="1", **COPIED)),
    ("claims are copied in their order", {"refresh": forge("refresh", b="x", sub="s", aud="t", a=1)},
     access("b", "sub", "aud", "a", b="x", sub="s", aud="t", a=1)),
    ("no iat", body(iat=ABSENT), issued(access=Token("access"))),
    ("nbf is copied", body(nbf=1), access("nbf", nbf=1)),
]


def rotated(**values) -> Answer:
    return issued(
        access=Token("access", values=values, iat_django=AGE, renews=("jti",)),
        refresh=Token("refresh", values=values, keeps=("user_id",), renews=("jti", "exp"), save="second"))


OUTSTANDING = "select count(*) from token_blacklist_outstandingtoken where jti = '{jti:second}' and user_id = 1"
CASES = [
    *table(REFRESH, JUDGED + USERS, "refresh"),
    Case("refresh: not rotated", (
        post(OBTAIN, login("alice")), pair(user_id="1"),
        post(REFRESH, {"refresh": saved("refresh")}), REFRESHED,
        post(REFRESH, {"refresh": saved("refresh")}), REFRESHED)),
    Case("refresh: what is expired and blacklisted is expired", (
        post(BLACKLIST, body(save="r")), EMPTY,
        post(REFRESH, body(jti=jti_of("r"), exp=After(-10))), refused("Token is expired"))),
    Case("refresh: what is blacklisted and has no exp, or a wrong type, is blacklisted", (
        post(BLACKLIST, body(save="r")), EMPTY,
        post(REFRESH, body(jti=jti_of("r"), exp=ABSENT)), BLACKLISTED,
        post(REFRESH, body(jti=jti_of("r"), token_type=ABSENT)), BLACKLISTED,
        post(REFRESH, {"refresh": forge("sliding", jti=jti_of("r"))}), BLACKLISTED,
        post(REFRESH, {"refresh": forge("access", jti=jti_of("r"))}), BLACKLISTED)),
    Case("rotation: a new one, and the old one stays", (
        post(REFRESH, body(save="first")), rotated(user_id="1"),
        post(REFRESH, {"refresh": saved("first")}), rotated(user_id="1"),
        post(VERIFY, {"token": saved("first")}), EMPTY,
        post(REFRESH, {"refresh": saved("second")}), issued(
            access=Token("access", keeps=("user_id",), renews=("jti",)),
            refresh=Token("refresh", keeps=("user_id",), renews=("jti",)))), "rotation"),
    Case("rotation: claims go on", (
        post(REFRESH, body(role="x")), issued(
            access=Token("access", ("type", "exp", "iat", "jti", "user_id", "role"), {"role": "x"}, iat_django=AGE),
            refresh=Token("refresh", ("type", "exp", "iat", "jti", "user_id", "role"), {"role": "x"}))), "rotation"),
    Case("rotation: the new one is listed", (
        post(REFRESH, body()), rotated(user_id="1"),
        Query(OUTSTANDING, "1", ("no-outstanding-rotation", "0"))), "rotation"),
    *table(REFRESH, [
        ("expired", body(exp=After(-10)), refused("Token is expired")),
        ("an access token", {"refresh": forge("access")}, refused("Token has wrong type")),
        ("an inactive user", body(user_id="2"), NO_ACCOUNT_OF_TOKEN.unlike(NO_LOOKUP, TAKEN)),
    ], "rotation", "rotation"),
    Case("rotation with blacklist: the old one is refused", (
        post(REFRESH, body(save="first")), rotated(user_id="1"),
        post(REFRESH, {"refresh": saved("first")}), BLACKLISTED,
        post(BLACKLIST, {"refresh": saved("first")}), BLACKLISTED,
        post(VERIFY, {"token": saved("first")}), fields(non_field_errors="Token is blacklisted"),
        post(VERIFY, {"token": saved("second")}), EMPTY,
        post(VERIFY, {"token": saved("access")}), EMPTY,
        post(REFRESH, {"refresh": saved("second")}), issued(
            access=Token("access", keeps=("user_id",)), refresh=Token("refresh", renews=("jti",)))),
         "rotation_blacklist"),
    Case("rotation with blacklist: both are listed, the old one is black", (
        post(REFRESH, body(save="first")), rotated(user_id="1"),
        Query("select count(*) from token_blacklist_blacklistedtoken b join token_blacklist_outstandingtoken o "
              "on b.token_id = o.id where o.jti = '{jti:first}'", "1"),
        Query(OUTSTANDING, "1", ("no-outstanding-rotation", "0"))), "rotation_blacklist"),
    Case("rotation with blacklist: nothing is spent on a user that is gone", (
        post(REFRESH, body(user_id="2", save="first")), NO_ACCOUNT_OF_TOKEN.unlike(NO_LOOKUP, TAKEN),
        Query("select count(*) from token_blacklist_blacklistedtoken b join token_blacklist_outstandingtoken o "
              "on b.token_id = o.id where o.jti = '{jti:first}'", "0", (NO_LOOKUP, "1"))), "rotation_blacklist"),
    Case("rotation without the blacklist app: the old one stays", (
        post(REFRESH, body(save="first")), rotated(user_id="1"),
        post(REFRESH, {"refresh": saved("first")}), rotated(user_id="1"),
        post(BLACKLIST, {"refresh": saved("first")}), EMPTY,
        post(VERIFY, {"token": saved("first")}), EMPTY,
        post(REFRESH, {"refresh": saved("first")}), rotated(user_id="1")), "no_blacklist"),
    *table(REFRESH, [("no jti", body(jti=ABSENT), refused("Token has no id"))], "without the blacklist app",
           "no_blacklist"),
]
