"""Section 3 of the contract: a protected page; and what OPTIONS says about each view."""

from contract import (BLACKLIST, ERROR_PAGE, HELLO, HELLO_WORLD, OBTAIN, REFRESH, SLIDE, SLIDING, VERIFY, Answer,
                      Case, Request, bearer, compact, detail, get, guarded, refused, table)
from recipes import ABSENT, ACCEPTED, AMBIGUOUS, EXPIRED, FATAL, LENIENT, MALFORMED, NEWLY_MALFORMED, After, forge

INVALID, WRONG_TYPE = guarded("Token is invalid"), guarded("Token has wrong type")
NOT_PROVIDED = detail(401, "Authentication credentials were not provided.")
BAD_HEADER = Answer(401, compact({"detail": "Authorization header must contain two space-delimited values",
                                  "code": "bad_authorization_header"}))
NOT_FOUND = Answer(401, compact({"detail": "User not found", "code": "user_not_found"}))
INACTIVE = Answer(401, compact({"detail": "User is inactive", "code": "user_inactive"}))
NOBODY = refused("Token contained no recognizable user identification")


def hello(recipe) -> Request:
    return get(HELLO, bearer(recipe))


def header(*parts) -> Request:
    return get(HELLO, ("Authorization", tuple(parts)))


ACCESS = forge()
ROWS = [
    *((name, hello(make("access")), INVALID) for name, make in MALFORMED),
    *((name, hello(make("access")), guarded("Token is expired")) for name, make in EXPIRED),
    *((name, hello(make("access")), INVALID.unlike(why, HELLO_WORLD)) for name, make, why in NEWLY_MALFORMED),
    *((name, hello(make("access")), INVALID.unlike("lenient-base64", HELLO_WORLD)) for name, make in LENIENT),
    *((name, hello(make("access")), INVALID.unlike("said-twice", HELLO_WORLD)) for name, make in AMBIGUOUS),
    *((name, hello(make("access")), INVALID.unlike(why, ERROR_PAGE)) for name, make, why in FATAL),
    *((name, hello(make("access")), HELLO_WORLD) for name, make in ACCEPTED),
    ("no header", get(HELLO), NOT_PROVIDED),
    ("empty header", header(""), NOT_PROVIDED),
    ("Bearer in lower case", header("bearer ", ACCESS), NOT_PROVIDED),
    ("BEARER in capitals", header("BEARER ", ACCESS), NOT_PROVIDED),
    ("Basic", header("Basic YTpi"), NOT_PROVIDED),
    ("Token", header("Token ", ACCESS), NOT_PROVIDED),
    ("a token without a scheme", header(ACCESS), NOT_PROVIDED),
    ("Bearer glued to the token", header("Bearer", ACCESS), NOT_PROVIDED),
    ("Bearer with a comma", header("Bearer, ", ACCESS), NOT_PROVIDED),
    ("Bearer alone", header("Bearer"), BAD_HEADER),
    ("Bearer and spaces", header("Bearer  "), BAD_HEADER),
    ("three parts", header("Bearer ", ACCESS, " x"), BAD_HEADER),
    ("the token in two", header("Bearer a b c"), BAD_HEADER),
    ("two spaces", header("Bearer  ", ACCESS), HELLO_WORLD),
    ("a tab", header("Bearer\t", ACCESS), HELLO_WORLD),
    ("white space around", header("  Bearer ", ACCESS, " \t"), HELLO_WORLD),
    ("beyond ASCII", header("Bearer \xe5.\xe5.\xe5"), INVALID),
    ("a refresh token", hello(forge("refresh")), WRONG_TYPE),
    ("a sliding token", hello(forge("sliding")), WRONG_TYPE),
    ("no exp", hello(forge(exp=ABSENT)), guarded("Token has no 'exp' claim")),
    ("no jti", hello(forge(jti=ABSENT)), guarded("Token has no id")),
    ("no token_type", hello(forge(token_type=ABSENT)), guarded("Token has no type")),
    ("no jti, nor token_type", hello(forge(jti=ABSENT, token_type=ABSENT)), guarded("Token has no id")),
    ("no user_id", hello(forge(user_id=ABSENT)), NOBODY),
    ("user unknown", hello(forge(user_id="999")), NOT_FOUND),
    ("user unknown, a number", hello(forge(user_id=999)), NOT_FOUND),
    ("user_id null", hello(forge(user_id=None)), NOT_FOUND),
    ("user_id blank", hello(forge(user_id="")), NOT_FOUND.unlike("500-user-id", ERROR_PAGE)),
    ("user_id not a number", hello(forge(user_id="x")), NOT_FOUND.unlike("500-user-id", ERROR_PAGE)),
    ("user_id an array", hello(forge(user_id=[1])), NOT_FOUND.unlike("500-user-id", ERROR_PAGE)),
    ("user_id beyond all numbers", hello(forge(user_id="9" * 40)), NOT_FOUND.unlike("500-user-id", ERROR_PAGE)),
    ("inactive", hello(forge(user_id="2")), INACTIVE),
    ("POST", Request("POST", HELLO, {}, (bearer(ACCESS),)), detail(405, 'Method "POST" not allowed.')),
    ("DELETE", get(HELLO, bearer(ACCESS), method="DELETE"), detail(405, 'Method "DELETE" not allowed.')),
    ("POST without a token", Request("POST", HELLO, {}), NOT_PROVIDED),
    ("POST with a bad token", Request("POST", HELLO, {}, (bearer("x"),)), INVALID),
    ("HEAD", get(HELLO, bearer(ACCESS), method="HEAD"), HELLO_WORLD),
    ("HEAD without a token", get(HELLO, method="HEAD"), NOT_PROVIDED),
    ("OPTIONS without a token", get(HELLO, method="OPTIONS"), NOT_PROVIDED),
    ("Accept: application/xml", get(HELLO, bearer(ACCESS), ("Accept", "application/xml")),
     detail(406, "Could not satisfy the request Accept header.")),
    ("Accept: application/xml without a token", get(HELLO, ("Accept", "application/xml")),
     detail(406, "Could not satisfy the request Accept header.")),
    ("a query", get(HELLO + "?a=b", bearer(ACCESS)), HELLO_WORLD),
    ("a token in the query alone", get(HELLO + "?access_token=x"), NOT_PROVIDED),
]

PARSED = '"parses":["application/json","application/x-www-form-urlencoded","multipart/form-data"]'


def described(name: str, text: str, *inputs: tuple) -> Answer:
    actions = ",".join(f'"{field}":{{"type":"string","required":{required},"read_only":{read_only},'
                       f'"label":"{field.title()}"}}' for field, required, read_only in inputs)
    actions = f',"actions":{{"POST":{{{actions}}}}}' if inputs else ""

    def answer(renders: list) -> Answer:
        return Answer(200, f'{{"name":"{name}","description":{compact(text)},"renders":{compact(renders)},'
                      f'{PARSED}{actions}}}')
    return answer(["application/json"]).unlike("browsable-page", answer(["application/json", "text/html"]))


def given(name: str) -> tuple:
    return name, "true", "false"


OPTIONS = [
    (OBTAIN, described(
        "Token Obtain Pair", "Takes a set of user credentials and returns an access and refresh JSON web\n"
        "token pair to prove the authentication of those credentials.", given("username"), given("password"))),
    (SLIDING, described(
        "Token Obtain Sliding", "Takes a set of user credentials and returns a sliding JSON web token to\n"
        "prove the authentication of those credentials.", given("username"), given("password"))),
    (REFRESH, described(
        "Token Refresh", "Takes a refresh type JSON web token and returns an access type JSON web\n"
        "token if the refresh token is valid.", given("refresh"), ("access", "false", "true"))),
    (SLIDE, described(
        "Token Refresh Sliding", "Takes a sliding JSON web token and returns a new, refreshed version if the\n"
        "token's refresh period has not expired.", given("token"))),
    (VERIFY, described(
        "Token Verify", "Takes a token and indicates if it is valid.  This view provides no\n"
        "information about a token's fitness for a particular use.", given("token"))),
    (BLACKLIST, described(
        "Token Blacklist", "Takes a token and blacklists it. Must be used with the\n"
        "`rest_framework_simplejwt.token_blacklist` app installed.", given("refresh"))),
]
STATELESS = [
    ("as issued", hello(ACCESS), HELLO_WORLD),
    ("user unknown", hello(forge(user_id="999")), HELLO_WORLD),
    ("inactive", hello(forge(user_id="2")), HELLO_WORLD),
    ("user_id not a number", hello(forge(user_id="x")), HELLO_WORLD),
    ("no user_id", hello(forge(user_id=ABSENT)), NOBODY),
    ("expired", hello(forge(exp=After(-10))), guarded("Token is expired")),
    ("a refresh token", hello(forge("refresh")), WRONG_TYPE),
    ("no header", get(HELLO), NOT_PROVIDED),
]
CASES = [
    *table(HELLO, ROWS, "guarded"),
    *table(HELLO, STATELESS, "stateless", "stateless"),
    *(Case(f"OPTIONS {path}", (get(path, method="OPTIONS"), answer)) for path, answer in OPTIONS),
    Case(f"OPTIONS {HELLO}", (get(HELLO, bearer(ACCESS), method="OPTIONS"), described("Hello", ""))),
]
