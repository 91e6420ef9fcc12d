"""Sections 2.5, 2.6 and 2.7 of the contract: verify, blacklist, and refreshing a sliding token."""

from contract import (BLACKLIST, EMPTY, ERROR_PAGE, HELLO, HELLO_WORLD, NO_ACCOUNT_OF_TOKEN, OBTAIN, REFRESH, SLIDE,
                      SLIDING, VERIFY, Answer, Case, Query, Sql, Token, bearer, get, issued, pair, post, refused,
                      table)
from cases_obtain import login, sliding
from recipes import (ABSENT, ACCEPTED, AMBIGUOUS, EXPIRED, FATAL, LENIENT, MALFORMED, NEWLY_MALFORMED, After, forge,
                     jti_of, saved)

INVALID, BLACKLISTED = refused("Token is invalid"), refused("Token is blacklisted")
EXPIRED_TOKEN, WRONG_TYPE = refused("Token is expired"), refused("Token has wrong type")
NO_ID, NO_EXP = refused("Token has no id"), refused("Token has no 'exp' claim")
NO_LOOKUP, TAKEN = "no-user-lookup", Answer(200, None)

VERIFIED = [
    *((name, {"token": make("access")}, INVALID) for name, make in MALFORMED),
    *((name, {"token": make("refresh")}, EXPIRED_TOKEN) for name, make in EXPIRED),
    *((name, {"token": make("access")}, INVALID.unlike(why, EMPTY)) for name, make, why in NEWLY_MALFORMED),
    *((name, {"token": make("access")}, INVALID.unlike("lenient-base64", EMPTY)) for name, make in LENIENT),
    *((name, {"token": make("access")}, INVALID.unlike("said-twice", EMPTY)) for name, make in AMBIGUOUS),
    *((name, {"token": make("access")}, INVALID.unlike(why, ERROR_PAGE)) for name, make, why in FATAL),
    *((name, {"token": make("access")}, EMPTY) for name, make in ACCEPTED),
    ("a refresh token", {"token": forge("refresh")}, EMPTY),
    ("a sliding token", {"token": forge("sliding")}, EMPTY),
    ("a sliding token whose refresh_exp passed", {"token": forge("sliding", refresh_exp=After(-10))}, EMPTY),
    ("a type that nobody knows", {"token": forge("nonsense")}, EMPTY),
    ("no token_type", {"token": forge(token_type=ABSENT)}, EMPTY),
    ("no user_id", {"token": forge(user_id=ABSENT)}, EMPTY),
    ("a user that is gone", {"token": forge(user_id="999")}, EMPTY),
    ("no exp", {"token": forge(exp=ABSENT)}, NO_EXP),
    ("no jti", {"token": forge(jti=ABSENT)}, NO_ID),
    ("neither", {"token": forge(exp=ABSENT, jti=ABSENT)}, NO_EXP),
]
TO_BLACKLIST = [
    *((name, {"refresh": make("refresh")}, INVALID) for name, make in MALFORMED),
    *((name, {"refresh": make("refresh")}, EXPIRED_TOKEN) for name, make in EXPIRED),
    *((name, {"refresh": make("refresh")}, EMPTY) for name, make in ACCEPTED),
    ("an access token", {"refresh": forge("access")}, WRONG_TYPE),
    ("a sliding token", {"refresh": forge("sliding")}, WRONG_TYPE),
    ("no exp", {"refresh": forge("refresh", exp=ABSENT)}, NO_EXP),
    ("no jti", {"refresh": forge("refresh", jti=ABSENT)}, NO_ID.unlike("500-no-jti", ERROR_PAGE)),
    ("no token_type", {"refresh": forge("refresh", token_type=ABSENT)}, refused("Token has no type")),
    ("a user that is gone", {"refresh": forge("refresh", user_id="999")}, EMPTY),
]
SLID = issued(token=Token("sliding", keeps=("jti", "refresh_exp", "user_id")))
SLIDE_JUDGED = [
    *((name, {"token": make("sliding")}, INVALID) for name, make in MALFORMED),
    *((name, {"token": make("sliding")}, EXPIRED_TOKEN) for name, make in EXPIRED),
    ("as issued", {"token": forge("sliding")}, SLID),
    ("claims go on", {"token": forge("sliding", role="x")}, issued(token=Token(
        "sliding", ("type", "exp", "iat", "jti", "refresh_exp", "user_id", "role"), {"role": "x"},
        keeps=("jti", "refresh_exp")))),
    ("expired, refresh_exp good", {"token": forge("sliding", exp=After(-10))}, EXPIRED_TOKEN),
    ("no refresh_exp", {"token": forge("sliding", refresh_exp=ABSENT)}, refused("Token has no 'refresh_exp' claim")),
    ("refresh_exp passed", {"token": forge("sliding", refresh_exp=After(-10))},
     refused("Token 'refresh_exp' claim has expired")),
    ("refresh_exp this second", {"token": forge("sliding", refresh_exp=After(0))},
     refused("Token 'refresh_exp' claim has expired")),
    ("an access token", {"token": forge("access")}, WRONG_TYPE),
    ("a refresh token", {"token": forge("refresh")}, WRONG_TYPE),
    ("no exp", {"token": forge("sliding", exp=ABSENT)}, NO_EXP),
    ("no jti", {"token": forge("sliding", jti=ABSENT)}, NO_ID.unlike("500-no-jti", ERROR_PAGE)),
    ("no token_type", {"token": forge("sliding", token_type=ABSENT)}, refused("Token has no type")),
    ("a user that is gone", {"token": forge("sliding", user_id="999")}, NO_ACCOUNT_OF_TOKEN.unlike(NO_LOOKUP, TAKEN)),
    ("an inactive user", {"token": forge("sliding", user_id="2")}, NO_ACCOUNT_OF_TOKEN.unlike(NO_LOOKUP, TAKEN)),
    ("an inactive user, refresh_exp passed", {"token": forge("sliding", user_id="2", refresh_exp=After(-10))},
     NO_ACCOUNT_OF_TOKEN.unlike(NO_LOOKUP, refused("Token 'refresh_exp' claim has expired"))),
    ("user_id not a number", {"token": forge("sliding", user_id="x")}, NO_ACCOUNT_OF_TOKEN.unlike(NO_LOOKUP, TAKEN)),
]
IS_BLACK = ("select count(*) from token_blacklist_blacklistedtoken b join token_blacklist_outstandingtoken o "
            "on b.token_id = o.id where o.jti = '{jti:refresh}'")
CASES = [
    *table(VERIFY, VERIFIED, "verify"),
    Case("verify: blacklisted, but nothing is blacklisted after rotation", (
        post(BLACKLIST, {"refresh": forge("refresh", save="r")}), EMPTY,
        post(VERIFY, {"token": saved("r")}), EMPTY)),
    *table(BLACKLIST, TO_BLACKLIST, "blacklist"),
    Case("blacklist: twice, then refresh; access goes on", (
        post(OBTAIN, login("alice")), pair(user_id="1"),
        Query(IS_BLACK, "0"),
        post(BLACKLIST, {"refresh": saved("refresh")}), EMPTY,
        Query(IS_BLACK, "1"),
        post(BLACKLIST, {"refresh": saved("refresh")}), BLACKLISTED,
        post(REFRESH, {"refresh": saved("refresh")}), BLACKLISTED,
        get(HELLO, bearer(saved("access"))), HELLO_WORLD)),
    Case("blacklist: only the one", (
        post(BLACKLIST, {"refresh": forge("refresh", save="r")}), EMPTY,
        post(BLACKLIST, {"refresh": forge("refresh")}), EMPTY,
        post(BLACKLIST, {"refresh": forge("refresh", jti=jti_of("r"))}), BLACKLISTED)),
    *table(SLIDE, SLIDE_JUDGED, "slide"),
    Case("slide: from the login on", (
        post(SLIDING, login("alice")), sliding(user_id="1"),
        post(SLIDE, {"token": saved("token")}), SLID,
        post(SLIDE, {"token": saved("token")}), SLID)),
    Case("slide: blacklisted", (
        post(SLIDING, login("alice")), sliding(user_id="1"),
        Sql("insert into token_blacklist_blacklistedtoken (token_id, blacklisted_at) "
            "select id, created_at from token_blacklist_outstandingtoken where jti = '{jti:token}'"),
        post(SLIDE, {"token": saved("token")}), BLACKLISTED)),
    *table(VERIFY, [("no jti", {"token": forge(jti=ABSENT)}, NO_ID), ("as issued", {"token": forge()}, EMPTY)],
           "verify", "rotation_blacklist"),
]
