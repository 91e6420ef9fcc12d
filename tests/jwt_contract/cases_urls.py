"""Spellings of a path: RFC 3986 section 6.2.2's equivalent ones reach the same page, as behind a WSGI server."""

from dataclasses import replace

from contract import HELLO, OBTAIN, REFRESH, REQUIRED, Answer, Case, Request, detail, fields, get, post

NOT_PROVIDED = replace(detail(401, "Authentication credentials were not provided."),
                       headers={"allow": "GET, HEAD, OPTIONS"})
BOTH = fields(username=REQUIRED, password=REQUIRED)
NO_GET = detail(405, 'Method "GET" not allowed.')
NOWHERE = Answer(404, None, plain=True)


def moved(location: str) -> Answer:
    return Answer(301, "", {"location": location, "content-type": "text/html; charset=utf-8", "content-length": "0",
                            "www-authenticate": None}, plain=True)


PAGES = [  # (path, the page that it is)
    *((path, HELLO) for path in ("/hell%6f/", "/hell%6F/", "/%68%65%6c%6C%6f/", "/hello%2f", "/hello%2F",
                                 "/hell%6f/?%61=b", "/hello/?", "/hello/?/%2e%2e/", "http://other.example/hell%6f/")),
    *((path, OBTAIN) for path in ("/%61pi/t%6Fken/", "/api%2Ftoken%2f", "/api%2ftoken/?next=%2F")),
    *((path, REFRESH) for path in ("/api/token%2frefresh/", "/api/token/%72efresh%2F")),
]
MOVED = [
    ("/hell%6f", "/hello/"), ("/hell%6f?a=%62", "/hello/?a=%62"), ("/hello?", "/hello/"),
    ("/hello?%zz&a=%", "/hello/?%zz&a=%"), ("/hello?next=//x/%2f..", "/hello/?next=//x/%2f.."),
    ("/hello?a=\"<>|^`{}\\[]~'", "/hello/?a=%22%3C%3E%7C%5E%60%7B%7D%5C[]~'"),
    ("/api%2Ftoken", "/api/token/"), ("/%61pi/token%2Frefresh?a=b+c", "/api/token/refresh/?a=b+c"),
    ("http://other.example/hell%6f", "/hello/"),
]
ELSEWHERE = (
    "//hello/", "//hello", "///hello/", "/%2fhello/", "/%2Fhello", "/hello//", "/hello%2f/", "/./hello/", "/hello/.",
    "/hello/./", "/x/../hello/", "/hello/..", "/%2e/hello/", "/%2e%2e/hello/", "/api/token/x/../", "/api/token/%2e%2e/",
    "/hello/%00", "/hello%00/", "/hello%00", "/hello/%0a", "/hello%0a", "/hello/%0d%0a", "/hello%0d%0aSet-Cookie:%20a=b",
    "/hello/%ff", "/hello%ff", "/hello%c0%af", "/%c0%afhello/", "/hello%e0%80%af", "/hello%ed%a0%80/", "/%c3%a9/",
    "/%252fhello/", "/%2568ello/", "/hello%252f", "/hello%", "/hello/%", "/hello%2", "/hello%u002f", "/hello%3f",
    "/hello%3Fa=b", "/hello%23", "/HELLO/", "/%48ello/", "/hello;a=b", "/hello/;a=b", "/hello%3b/", "/hello%20/",
    "/hello/+", "/api+token/", "/hello\\", "/%5chello/", "/", "/%", "/%2f",
)


def spelling(path: str, page: str) -> list[Case]:
    if page == HELLO:
        return [Case(f"address {path}", (get(path), NOT_PROVIDED))]
    missing = BOTH if page == OBTAIN else fields(refresh=REQUIRED)
    return [Case(f"address {path}", (post(path, {}), missing, get(path), NO_GET))]


def echoed(name: str, content_type: bytes, text: str) -> Case:
    return Case(f"a boundary {name}", (post(OBTAIN, b"x", content_type=content_type),
                                       detail(400, f"Multipart form parse error - {text}")))


CASES = [
    *(case for path, page in PAGES for case in spelling(path, page)),
    *(Case(f"address {path}", tuple(step for method in ("GET", "POST", "OPTIONS")
                                    for step in (Request(method, path, None), moved(location))))
      for path, location in MOVED),
    *(Case(f"address {path}", (get(path), NOWHERE, Request("POST", path, None), NOWHERE)) for path in ELSEWHERE),
    # Quoted parts of a request are UTF-8, whatever the bytes were.
    echoed("that is too long", b"multipart/form-data; boundary=" + b"x" * 300, "Invalid boundary in multipart: " + "x" * 300),
    echoed("of Latin-1", b"multipart/form-data; boundary=\xe5\xff",
           "Invalid non-ASCII Content-Type in multipart: multipart/form-data; boundary=\xe5\xff"),
    echoed("of UTF-8", "multipart/form-data; boundary=é".encode(),
           "Invalid non-ASCII Content-Type in multipart: multipart/form-data; boundary=Ã©"),
    echoed("and another parameter of Latin-1", b"multipart/form-data; boundary=limit; a=\xff",
           "Invalid non-ASCII Content-Type in multipart: multipart/form-data; boundary=limit; a=\xff"),
]
