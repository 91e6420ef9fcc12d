"""Section 2.1 of the contract: what every POST endpoint reads of a request; and methods, slashes, 404."""

from contract import (BLACKLIST, BLANK, FORM, HELLO, JSON, MULTIPART, NO_ACCOUNT, NO_STRING, NUL, NULL, OBTAIN,
                      REFRESH, REQUIRED, SLIDE, SLIDING, VERIFY, Answer, Case, Form, Multipart, Request, compact,
                      detail, fields, get, pair, post, refused, table)
from database import PASSWORD

BOTH = fields(username=REQUIRED, password=REQUIRED)
ALICE = {"username": "alice", "password": PASSWORD}
ALICE_JSON = compact(ALICE).encode()
FILE_PART = (b'--limit\r\nContent-Disposition: form-data; name="username"; filename="a"\r\n\r\nalice\r\n--limit\r\n'
             b'Content-Disposition: form-data; name="password"\r\n\r\nx\r\n--limit--\r\n')


def parse_error(text: str = "…") -> Answer:
    # CPython's own words, which are not part of the contract.
    return Answer(400, '{"detail":"JSON parse error - …"}' if text == "…" else
                  compact({"detail": f"JSON parse error - {text}"}))


def no_dictionary(kind: str) -> Answer:
    return fields(non_field_errors=f"Invalid data. Expected a dictionary, but got {kind}.")


def unsupported(media_type: str) -> Answer:
    return detail(415, f'Unsupported media type "{media_type}" in request.')


# Bodies that fail in the same way at every endpoint.
SYNTAX = [
    ("JSON list", b"[]", no_dictionary("list")),
    ("JSON string", b'"str"', no_dictionary("str")),
    ("JSON integer", b"5", no_dictionary("int")),
    ("JSON float", b"5.5", no_dictionary("float")),
    ("JSON true", b"true", no_dictionary("bool")),
    ("JSON null", b"null", fields(non_field_errors="No data provided")),
    ("JSON {", b"{", Answer(400, '{"detail":"JSON parse error - …"}')),
    ("JSON with a trailing comma", b'{"username":"alice",}', parse_error()),
    ("JSON in single quotes", b"{'username':'alice'}", parse_error()),
    ("JSON with data after it", b"{}x", parse_error()),
    ("JSON with a byte order mark", b"\xef\xbb\xbf{}", parse_error()),
    ("JSON of white space alone", b"  ", parse_error()),
    ("JSON with a raw line feed in a string", b'{"username":"a\nb"}', parse_error()),
    ("NaN", b'{"username":NaN}', parse_error("Out of range float values are not JSON compliant: 'NaN'")),
    ("Infinity", b'{"username":Infinity}', parse_error("Out of range float values are not JSON compliant: 'Infinity'")),
    ("-Infinity", b'[-Infinity]', parse_error("Out of range float values are not JSON compliant: '-Infinity'")),
    ("not UTF-8", b"\xff", parse_error("'utf-8' codec can't decode byte 0xff in position 0: invalid start byte")),
    ("not UTF-8 further in", b'{"username":"\xff"}', parse_error()),
]
# (name, what is sent for the field, the message about it)
FIELD = [
    ("blank", "", BLANK), ("white space", " \t ", BLANK), ("null", None, NULL), ("true", True, NO_STRING),
    ("false", False, NO_STRING), ("an object", {}, NO_STRING), ("an array", ["a"], NO_STRING),
    ("with a NUL", "a\0b", NUL),
]


def bodies_of(path: str, names: tuple) -> list[Case]:
    required = fields(**dict.fromkeys(names, REQUIRED))
    half = b"{" + b",".join(f'"{field}":"\\ud800"'.encode() for field in names) + b"}"
    rows = [
        ("{}", {}, required),
        ("no body", b"", required),
        ("no body, nor Content-Type", post(path, b"", content_type=None), required),
        ("no body, text/plain", post(path, b"", content_type="text/plain"), required),
        ("an empty form", post(path, b"", content_type=FORM), required),
        ("an empty multipart", post(path, b"", content_type=MULTIPART), required),
        ("fields in the query alone", post(path + "?" + "&".join(f"{name}=x" for name in names), {}), required),
        ("another field alone", {"nobody": "x"}, required),
        ("text/plain", post(path, b"x", content_type="text/plain"), unsupported("text/plain")),
        ("application/xml", post(path, b"x", content_type="application/xml"), unsupported("application/xml")),
        ("nonsense for a Content-Type", post(path, b"x", content_type="nonsense"), unsupported("nonsense")),
        ("a Content-Type with a parameter", post(path, b"x", content_type="text/plain; a=b"),
         unsupported("text/plain; a=b")),
        ("no Content-Type", post(path, b"{}", content_type=None), unsupported("")),
        ("multipart without a boundary", post(path, b"x", content_type="multipart/form-data"),
         Answer(400, '{"detail":"Multipart form parse error - …"}')),
    ]
    for name, value, message in FIELD:
        answer = fields(**dict.fromkeys(names, message))
        rows.append((f"{' and '.join(names)} {name}", dict.fromkeys(names, value), answer))
    rows.append(("half a surrogate pair", half, parse_error().unlike("half-surrogate", fields(
        **dict.fromkeys(names, "Surrogate characters are not allowed: U+D800.")))))
    for kind in (Form, Multipart):
        rows += [(f"{kind.__name__}: blank", kind(dict.fromkeys(names, "")), fields(**dict.fromkeys(names, BLANK))),
                 (f"{kind.__name__}: nothing of ours", kind(nobody="x"), required)]
    return table(path, rows + SYNTAX, f"body of {path}")


def methods_of(path: str) -> list[Case]:
    cases = [(f"{method}", get(path, method=method), detail(405, f'Method "{method}" not allowed.'))
             for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "BREW")]
    no_accept = detail(406, "Could not satisfy the request Accept header.")
    page = Answer(405, None, {"content-type": "text/html; charset=utf-8"})
    cases += [
        ("Accept: application/xml", post(path, {}, ("Accept", "application/xml")), no_accept),
        ("Accept: application/xml with GET", get(path, ("Accept", "application/xml")), no_accept),
        ("Accept: text/html", get(path, ("Accept", "text/html")), no_accept.unlike("browsable-page", page)),
    ]
    for accept in ("*/*", "application/*", "application/json", "application/xml, application/json;q=0.5",
                   "application/json; charset=utf-8", "text/plain, */*; q=0.1"):
        cases.append((f"Accept: {accept}", get(path, ("Accept", accept)), detail(405, 'Method "GET" not allowed.')))
    bare = path.rstrip("/")
    for method in ("POST", "GET"):
        for query in ("", "?a=b"):
            cases.append((f"no slash at the end, {method} {query}", Request(method, bare + query, None), Answer(
                301, "", {"location": path + query, "content-type": "text/html; charset=utf-8", "content-length": "0",
                          "www-authenticate": None}, plain=True)))
    return table(path, cases, path)


def two_fields(path: str) -> list[Case]:
    return table(path, [
        ("username alone", {"username": "alice"}, fields(password=REQUIRED)),
        ("password alone", {"password": "x"}, fields(username=REQUIRED)),
        ("username blank, password null", {"username": "", "password": None}, fields(username=BLANK, password=NULL)),
        ("one field is wrong", {"username": "alice", "password": []}, fields(password=NO_STRING)),
        ("the other is wrong", {"username": {}, "password": "x"}, fields(username=NO_STRING)),
        ("a NUL in one", {"username": "a\0b", "password": "x"}, fields(username=NUL)),
        ("form: one is missing", Form(username="alice"), fields(password=REQUIRED)),
        ("form: twice, the last blank", post(path, b"username=a&username=&password=x", content_type=FORM),
         fields(username=BLANK)),
        ("form: a NUL", post(path, b"username=a%00b&password=x", content_type=FORM), fields(username=NUL)),
        ("form: not UTF-8", post(path, b"username=%ff&password=x", content_type=FORM), NO_ACCOUNT),
        ("multipart: a file for the name", post(path, FILE_PART, content_type=MULTIPART), fields(username=NO_STRING)),
        ("numbers for text", {"username": 1, "password": 1.5}, NO_ACCOUNT),
    ], path)


READ_ALIKE = table(OBTAIN, [
    ("form", Form(ALICE), pair(user_id="1")),
    ("multipart", Multipart(ALICE), pair(user_id="1")),
    ("form with a charset", post(OBTAIN, b"username=alice&password=correct-horse-battery",
                                 content_type=FORM + "; charset=utf-8"), pair(user_id="1")),
    ("JSON with a charset", post(OBTAIN, ALICE_JSON, content_type=JSON + "; charset=utf-8"), pair(user_id="1")),
    ("JSON with another charset", post(OBTAIN, ALICE_JSON, content_type=JSON + "; charset=latin-1"), pair(user_id="1")),
    ("JSON, in capitals", post(OBTAIN, ALICE_JSON, content_type="Application/JSON"), pair(user_id="1")),
    ("JSON with spaces", b' \r\n\t{ "username" : "alice" , "password" : "correct-horse-battery" } \n',
     pair(user_id="1")),
    ("JSON with escapes", b'{"\\u0075sername":"\\u0061lice","password":"correct\\u002dhorse-battery"}',
     pair(user_id="1")),
    ("duplicate keys: the last wins", b'{"username":"bob","username":"alice","password":"correct-horse-battery"}',
     pair(user_id="1")),
    ("form, twice: the last wins", post(OBTAIN, b"username=bob&username=alice&password=correct-horse-battery",
                                        content_type=FORM), pair(user_id="1")),
    ("form with escapes", post(OBTAIN, b"username=%61lice+&password=correct%2Dhorse-battery", content_type=FORM),
     pair(user_id="1")),
    ("unknown fields", {**ALICE, "x": [1, {"y": None}], "refresh": "z"}, pair(user_id="1")),
    ("a Content-Type that is not ASCII", post(OBTAIN, b"x", content_type="text/\xe5"), Answer(
        415, None).unlike("500-content-type", Answer(500, None, plain=True))),
    ("number for a token", post(REFRESH, {"refresh": 12345}), refused("Token is invalid")),
    ("form for a token", post(VERIFY, Form(token="x")), refused("Token is invalid")),
    ("multipart for a token", post(BLACKLIST, Multipart(refresh="x")), refused("Token is invalid")),
    ("credentials in the query", post(OBTAIN + "?username=alice&password=" + PASSWORD, {}), BOTH),
], "reading")

NOWHERE = [Case("no such page", (get("/nope/"), Answer(404, None, plain=True)))]

ONE_FIELD = ((REFRESH, "refresh"), (VERIFY, "token"), (BLACKLIST, "refresh"), (SLIDE, "token"))
CASES = [
    *bodies_of(OBTAIN, ("username", "password")), *two_fields(OBTAIN), *methods_of(OBTAIN),
    *bodies_of(SLIDING, ("username", "password")), *two_fields(SLIDING), *methods_of(SLIDING),
    *READ_ALIKE, *NOWHERE,
]
for _path, _name in ONE_FIELD:
    CASES += bodies_of(_path, (_name,)) + methods_of(_path)
CASES += [Case(f"{HELLO}: no slash at the end", (get("/hello"), Answer(
    301, "", {"location": "/hello/", "content-length": "0"}, plain=True)))]
