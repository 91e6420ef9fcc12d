"""Section 5 of the contract: settings that a client sees. Each profile has several independent settings."""

from contract import (BLACKLIST, EMPTY, ERROR_PAGE, HELLO, HELLO_WORLD, NO_ACCOUNT, NO_ACCOUNT_OF_TOKEN, OBTAIN, REFRESH,
                      REQUIRED, SLIDE, SLIDING, VERIFY, Answer, Case, Query, Sql, Token, compact, detail, fields, get,
                      guarded, issued, pair, post, refused, table)
from cases_guarded import BAD_HEADER, INACTIVE, NOT_PROVIDED, hello
from cases_obtain import login
from cases_refresh import access
from database import PASSWORD, encoded, fingerprint
from recipes import ABSENT, AGE, After, forge, saved

INVALID, EXPIRED = refused("Token is invalid"), refused("Token is expired")
BLACKLISTED, NO_ID = refused("Token is blacklisted"), refused("Token has no id")


def verify(**claims) -> dict:
    return {"token": forge(**claims)}


# Audience ["shop", "depot"], issuer https://id.example, leeway of a minute.
PAIR_OF_CLAIMS = issued(refresh=Token("refresh", values={"user_id": "1"}, integer_django=True),
                        access=Token("access", values={"user_id": "1"}, integer_django=True))
CLAIMS = [
    *table(OBTAIN, [("aud and iss are written", login("alice"), PAIR_OF_CLAIMS)], "claims", "claims"),
    *table(VERIFY, [
        ("as issued", verify(), EMPTY),
        ("one audience of ours", verify(aud="depot"), EMPTY),
        ("one of ours among others", verify(aud=["else", "shop"]), EMPTY),
        ("another audience", verify(aud="else"), INVALID),
        ("our audience in capitals", verify(aud="SHOP"), INVALID),
        ("no audience", verify(aud=ABSENT), INVALID),
        ("an empty audience", verify(aud=[]), INVALID),
        ("an audience that is no string", verify(aud=["shop", 1]), INVALID),
        ("an audience that is an object", verify(aud={"shop": 1}), INVALID),
        ("another issuer", verify(iss="https://id.example/"), INVALID),
        ("no issuer", verify(iss=ABSENT), INVALID),
        ("an issuer that is no string", verify(iss=1), INVALID),
        ("expired within the leeway", verify(exp=After(-40)), EMPTY),
        ("expired beyond it", verify(exp=After(-70)), EXPIRED),
        ("expired, and another audience", verify(exp=After(-70), aud="else"), EXPIRED),
        ("nbf within it", verify(nbf=After(40)), EMPTY),
        ("nbf beyond it", verify(nbf=After(80)), INVALID),
        ("iat within it", verify(iat=After(40)), EMPTY),
        ("iat beyond it", verify(iat=After(80)), INVALID),
    ], "claims", "claims"),
    *table(SLIDE, [
        ("refresh_exp within it", {"token": forge("sliding", refresh_exp=After(-40))},
         issued(token=Token("sliding", keeps=("jti", "refresh_exp")))),
        ("refresh_exp beyond it", {"token": forge("sliding", refresh_exp=After(-70))},
         refused("Token 'refresh_exp' claim has expired")),
    ], "claims", "claims"),
    *table(REFRESH, [("aud and iss go on", {"refresh": forge("refresh")}, access())], "claims", "claims"),
    *table(HELLO, [("as issued", hello(forge()), HELLO_WORLD),
                   ("another audience", hello(forge(aud="else")), guarded("Token is invalid"))], "claims", "claims"),
]


# All names changed, algorithm HS512, the user's name instead of the id; sliding tokens are accepted, too.
def shown(*value) -> tuple:
    return ("X-Access-Token", value)


BOTH_CLASSES = (("AccessToken", "access"), ("SlidingToken", "sliding"))
BOTH_WRONG = guarded("Token has wrong type", BOTH_CLASSES)
NAMES = [
    *table(OBTAIN, [
        ("names of claims", login("alice"), issued(refresh=Token("refresh", values={"name": "alice"}),
                                                   access=Token("access", values={"name": "alice"}))),
        ("another user", login("josé", "pässwörd ☃"), issued(
            refresh=Token("refresh", values={"name": "josé"}), access=Token("access", values={"name": "josé"}))),
        ("refused", login("alice", "wrong"), NO_ACCOUNT),
    ], "names", "names"),
    *table(SLIDING, [("names of claims", login("alice"), issued(token=Token("sliding", values={"name": "alice"})))],
           "names", "names"),
    *table(REFRESH, [
        ("as issued", {"refresh": forge("refresh")}, issued(access=Token("access", renews=("id",), iat_django=AGE))),
        ("jti is not copied either", {"refresh": forge("refresh", jti="x")}, issued(
            access=Token("access", renews=("id",), iat_django=AGE))),
        ("the usual claim names are others'", {"refresh": forge("refresh", token_type="access", user_id="9")}, issued(
            access=Token("access", ("type", "exp", "iat", "jti", "user_id", "=token_type", "=user_id"), renews=("id",),
                         iat_django=AGE))),
        ("no id", {"refresh": forge("refresh", id=ABSENT, jti="x")}, NO_ID.unlike("500-no-jti", ERROR_PAGE)),
        ("no sort", {"refresh": forge("refresh", sort=ABSENT, token_type="refresh")}, refused("Token has no type")),
        ("HS256", {"refresh": forge("refresh", alg="HS256")}, INVALID),
        ("a user that is gone", {"refresh": forge("refresh", name="bob")},
         NO_ACCOUNT_OF_TOKEN.unlike("no-user-lookup", Answer(200, None))),
    ], "names", "names"),
    *table(SLIDE, [
        ("as issued", {"token": forge("sliding")}, issued(token=Token("sliding", keeps=("id", "until", "name")))),
        ("no until", {"token": forge("sliding", until=ABSENT, refresh_exp=After(100))},
         refused("Token has no 'until' claim")),
        ("until passed", {"token": forge("sliding", until=After(-10))}, refused("Token 'until' claim has expired")),
    ], "names", "names"),
    *table(HELLO, [
        ("first scheme", get(HELLO, shown("JWT ", forge())), HELLO_WORLD),
        ("second scheme", get(HELLO, shown("Token ", forge())), HELLO_WORLD),
        ("a sliding token", get(HELLO, shown("JWT ", forge("sliding"))), HELLO_WORLD),
        ("a refresh token", get(HELLO, shown("JWT ", forge("refresh"))), BOTH_WRONG),
        ("not a token", get(HELLO, shown("JWT x")), guarded("Token is invalid", BOTH_CLASSES)),
        ("Bearer", get(HELLO, shown("Bearer ", forge())), NOT_PROVIDED),
        ("JWT alone", get(HELLO, shown("JWT")), BAD_HEADER),
        ("in Authorization", get(HELLO, ("Authorization", ("JWT ", forge(), ""))), NOT_PROVIDED),
        ("no name", get(HELLO, shown("JWT ", forge(name=ABSENT, user_id="1"))),
         refused("Token contained no recognizable user identification")),
        ("inactive", get(HELLO, shown("JWT ", forge(name="ghost"))), INACTIVE),
    ], "names", "names"),
]

# token_type_claim and jti_claim are off.
UNCHECKED = [
    *table(HELLO, [
        ("neither type nor id", hello(forge(token_type=ABSENT, jti=ABSENT)), HELLO_WORLD),
        ("a refresh token", hello(forge("refresh")), HELLO_WORLD),
        ("no exp", hello(forge(exp=ABSENT)), guarded("Token has no 'exp' claim")),
    ], "unchecked", "unchecked"),
    *table(REFRESH, [("an access token without an id", {"refresh": forge(jti=ABSENT)}, Answer(200, None))],
           "unchecked", "unchecked"),
    *table(VERIFY, [("no id", verify(jti=ABSENT), EMPTY)], "unchecked", "unchecked"),
]

# check_revoke_token.
OLD, NEW = encoded(PASSWORD), encoded("another-password")
PASSWORD_CHANGED = detail(401, "The user's password has been changed.")
GUARD_CHANGED = Answer(401, compact({"detail": "The user's password has been changed.", "code": "password_changed"}))
WITH_HASH = ("type", "exp", "iat", "jti", "user_id", "hash_password")
MARK = {"user_id": "5", "hash_password": fingerprint(OLD)}
SET_PASSWORD = "update auth_user set password = '%s' where id = 5"
LOGIN_WITH_HASH = issued(refresh=Token("refresh", WITH_HASH, MARK), access=Token("access", WITH_HASH, MARK))
SLIDING_WITH_HASH = issued(token=Token(
    "sliding", ("type", "exp", "iat", "jti", "refresh_exp", "user_id", "hash_password"), MARK))
REVOKE = [
    Case("revoke: nothing changed", (
        post(OBTAIN, login("turncoat")), LOGIN_WITH_HASH, hello(saved("access")), HELLO_WORLD,
        post(REFRESH, {"refresh": saved("refresh")}), issued(access=Token("access", WITH_HASH, MARK)),
        hello(saved("access")), HELLO_WORLD), "revoke"),
    Case("revoke: the password changed", (
        post(OBTAIN, login("turncoat")), LOGIN_WITH_HASH, Sql(SET_PASSWORD % NEW),
        hello(saved("access")), GUARD_CHANGED,
        post(VERIFY, {"token": saved("access")}), EMPTY,
        post(REFRESH, {"refresh": saved("refresh")}), PASSWORD_CHANGED,
        post(REFRESH, {"refresh": saved("refresh")}), BLACKLISTED,
        Sql(SET_PASSWORD % OLD), hello(saved("access")), HELLO_WORLD,
        post(REFRESH, {"refresh": saved("refresh")}), BLACKLISTED), "revoke"),
    Case("revoke: the password of a sliding token's user changed", (
        post(SLIDING, login("turncoat")), SLIDING_WITH_HASH,
        post(SLIDE, {"token": saved("token")}), SLIDING_WITH_HASH,
        Sql(SET_PASSWORD % NEW), post(SLIDE, {"token": saved("token")}), PASSWORD_CHANGED,
        Sql(SET_PASSWORD % OLD)), "revoke"),
    *table(HELLO, [
        ("a token without the mark", hello(forge(user_id="5")), GUARD_CHANGED),
        ("the mark in lower case", hello(forge(user_id="5", hash_password=fingerprint(OLD).lower())), GUARD_CHANGED),
        ("forged with the mark", hello(forge(**MARK)), HELLO_WORLD),
        ("inactive", hello(forge(user_id="2")), INACTIVE),
    ], "revoke", "revoke"),
]

# check_user_is_active is off.
INACTIVE_TOO = [
    *table(HELLO, [("inactive", hello(forge(user_id="2")), HELLO_WORLD)], "inactive too", "inactive_too"),
    *table(REFRESH, [
        ("inactive", {"refresh": forge("refresh", user_id="2")}, access(user_id="2")),
        ("gone", {"refresh": forge("refresh", user_id="999")}, NO_ACCOUNT_OF_TOKEN),
    ], "inactive too", "inactive_too"),
    *table(OBTAIN, [("a login is another thing", login("ghost"), NO_ACCOUNT)], "inactive too", "inactive_too"),
]
# Section 8: beyond simplejwt. A period in which a repeated refresh gets the same successor, and a limit on failed
# logins with REST framework's answer.
ROTATED = issued(access=Token("access", values={"user_id": "1"}), refresh=Token("refresh", renews=("jti",), save="second"))
AGAIN = issued(access=Token("access", values={"user_id": "1"}), refresh=Token("refresh", renews=("jti",), save="again"))
GRACE = [
    Case("grace: a refresh that is sent twice", (
        post(REFRESH, {"refresh": forge("refresh", save="first")}), ROTATED,
        post(REFRESH, {"refresh": saved("first")}), AGAIN,
        Query("select count(*) from auth_user where id = 1 and '{token:second}' = '{token:again}'", "1"),
        post(VERIFY, {"token": saved("first")}), fields(non_field_errors="Token is blacklisted"),
        post(BLACKLIST, {"refresh": saved("first")}), BLACKLISTED,
        post(REFRESH, {"refresh": saved("second")}), issued(access=Token("access"), refresh=Token("refresh"))), "grace"),
    Case("grace: not for what was blacklisted by hand", (
        post(BLACKLIST, {"refresh": forge("refresh", save="first")}), EMPTY,
        post(REFRESH, {"refresh": saved("first")}), BLACKLISTED), "grace"),
    Case("grace: the user went meanwhile", (
        post(REFRESH, {"refresh": forge("refresh", user_id="5", save="first")}), issued(
            access=Token("access"), refresh=Token("refresh")),
        Sql("update auth_user set is_active = false where id = 5"),
        post(REFRESH, {"refresh": saved("first")}), NO_ACCOUNT_OF_TOKEN,
        Sql("update auth_user set is_active = true where id = 5")), "grace"),
]
# A jti that the database cannot store could not be revoked.
UNSTORABLE = [Case(f"a jti of {what}, at {path}", (
    post(path, {field: forge(kind, jti=jti)}), INVALID), "grace")
    for what, jti in (("256 letters", "x" * 256), ("256 characters", "é" * 256), ("a NUL", "a\0b"))
    for path, field, kind in ((REFRESH, "refresh", "refresh"), (BLACKLIST, "refresh", "refresh"),
                              (SLIDE, "token", "sliding"), (VERIFY, "token", "access"))]
UNSTORABLE += [Case("a jti of 255 characters", (
    post(BLACKLIST, {"refresh": forge("refresh", jti="é" * 255, save="long")}), EMPTY,
    post(BLACKLIST, {"refresh": saved("long")}), BLACKLISTED), "grace")]
THROTTLED = Answer(429, '{"detail":"Request was throttled. Expected available in … seconds."}', {"retry-after": "…"})
WRONG = login("visitor", "wrong")
THROTTLING = [Case("throttled: the fourth login", (
    post(OBTAIN, WRONG), NO_ACCOUNT, post(SLIDING, WRONG), NO_ACCOUNT, post(OBTAIN, WRONG), NO_ACCOUNT,
    post(OBTAIN, WRONG), THROTTLED, post(SLIDING, login("visitor")), THROTTLED,
    post(OBTAIN, login("alice")), pair(user_id="1"), post(OBTAIN, {}), fields(username=REQUIRED, password=REQUIRED)),
    "throttled"),
    Case("throttled: who is right is not counted", (
        *(step for _ in range(5) for step in (post(OBTAIN, login("turncoat")), pair(user_id="5"))),), "throttled")]
CASES = [*GRACE, *UNSTORABLE, *THROTTLING, *CLAIMS, *NAMES, *UNCHECKED, *REVOKE, *INACTIVE_TOO]
