"""Section 2.2 of the contract, and section 4: logins, and the tokens that they give."""

from contract import (EMPTY, HELLO, HELLO_WORLD, NO_ACCOUNT, OBTAIN, SLIDING, VERIFY, Answer, Case, Query, Sql, Token,
                      bearer, get, issued, pair, post, table)
from database import PASSWORD
from recipes import saved


def login(username, password=PASSWORD) -> dict:
    return {"username": username, "password": password}


def sliding(**values) -> Answer:
    return issued(token=Token("sliding", values=values, integer_django=True))


REFUSED = [
    ("wrong password", login("alice", "wrong"), NO_ACCOUNT),
    ("no such user", login("bob"), NO_ACCOUNT),
    ("inactive user", login("ghost"), NO_ACCOUNT),
    ("inactive user, wrong password", login("ghost", "wrong"), NO_ACCOUNT),
    ("a user without a usable password", login("nopass"), NO_ACCOUNT),
    ("that user, the hash for a password", login("nopass", "!unusable"), NO_ACCOUNT),
    ("name in capitals", login("ALICE"), NO_ACCOUNT),
    ("a name with accents of nobody", login("ålice"), NO_ACCOUNT),
    ("the accent as a character of its own", login("jose\u0301", "pässwörd ☃"), NO_ACCOUNT),
    ("a name of 300 characters", login("a" * 300), NO_ACCOUNT),
    ("password as a prefix", login("alice", PASSWORD[:-1]), NO_ACCOUNT),
    ("password with something behind", login("alice", PASSWORD + "x"), NO_ACCOUNT),
    ("white space within the password", login("alice", "correct-horse -battery"), NO_ACCOUNT),
    ("quotes and wild cards", login("' or '1'='1"), NO_ACCOUNT),
    ("a wild card", login("al%"), NO_ACCOUNT),
]


def taken(answer) -> list:
    return [
        ("as usual", login("alice"), answer(user_id="1")),
        ("white space around the name", login(" \talice\n"), answer(user_id="1")),
        ("white space around the password", login("alice", f" {PASSWORD}\n"), answer(user_id="1")),
        ("a no-break space around it", login("\u00a0alice\u2003"), answer(user_id="1")),
        ("beyond ASCII", login("josé", "pässwörd ☃"), answer(user_id="3")),
        ("numbers", login(12345, 67890), answer(user_id="6")),
    ]


FORGET_LOGIN = "update auth_user set last_login = null where id = 7"
CASES = [
    *table(OBTAIN, taken(pair) + REFUSED, "obtain"),
    *table(SLIDING, taken(sliding) + REFUSED, "obtain sliding"),
    *table(OBTAIN, [
        ("a bad Authorization beside it", post(OBTAIN, login("alice"), ("Authorization", "Bearer nonsense")),
         pair(user_id="1")),
        ("another scheme beside it", post(OBTAIN, login("alice"), ("Authorization", "Basic YTpi")), pair(user_id="1")),
    ], "obtain"),
    Case("obtain: the pair works", (
        post(OBTAIN, login("alice")), pair(user_id="1"), get(HELLO, bearer(saved("access"))), HELLO_WORLD,
        post(VERIFY, {"token": saved("access")}), EMPTY, post(VERIFY, {"token": saved("refresh")}), EMPTY)),
    Case("obtain: the refresh token is listed", (
        post(OBTAIN, login("alice")), pair(user_id="1"),
        Query("select count(*) from token_blacklist_outstandingtoken where user_id = 1 and jti = '{jti:refresh}' "
              "and token = '{token:refresh}'", "1"),
        Query("select count(*) from token_blacklist_outstandingtoken where jti = '{jti:access}'", "0"))),
    Case("obtain sliding: the token is listed", (
        post(SLIDING, login("alice")), sliding(user_id="1"),
        Query("select count(*) from token_blacklist_outstandingtoken where user_id = 1 and jti = '{jti:token}' "
              "and token = '{token:token}'", "1"))),
    Case("obtain: last_login is left alone", (
        Sql(FORGET_LOGIN),
        post(OBTAIN, login("visitor")), pair(user_id="7"),
        Query("select count(*) from auth_user where id = 7 and last_login is null", "1"))),
    Case("obtain: last_login is written", (
        Sql(FORGET_LOGIN),
        post(OBTAIN, login("visitor", "wrong")), NO_ACCOUNT,
        Query("select count(*) from auth_user where id = 7 and last_login is null", "1"),
        post(OBTAIN, login("visitor")), pair(user_id="7"),
        Query("select count(*) from auth_user where id = 7 and last_login > '2026-01-02'", "1")), "rotation_blacklist"),
    Case("obtain sliding: last_login is written", (
        Sql(FORGET_LOGIN),
        post(SLIDING, login("visitor")), sliding(user_id="7"),
        Query("select count(*) from auth_user where id = 7 and last_login > '2026-01-02'", "1")), "rotation_blacklist"),
]
