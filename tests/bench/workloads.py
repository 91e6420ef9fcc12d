"""The requests that the benchmarks send. The field that the yardstick looks at is always the last one: see floor.cpp."""

BODY_SIZE = 16 * 1024
PROXY_HEAD_SIZE = 847  # of W4, whose ten fields are what a browser sends and a proxy adds

# The name is as long on every machine and port, and so is each request.
_HOST = "Host: bench.example\r\n"
_PROXY_FIELDS = (
    _HOST + "X-Forwarded-For: 203.0.113.195\r\nX-Forwarded-Proto: https\r\nX-Real-IP: 203.0.113.195\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-US,en;q=0.9,nb;q=0.8\r\n"
    "Cookie: sessionid=0123456789abcdef0123456789abcdef; csrftoken=abcdefghijklmnopqrstuvwxyz0123456789\r\n"
    "Authorization: Bearer {token}\r\n")

TITLES = {
    "W1": "hello, kept connections",
    "W2": "hello, a connection for each request",
    "W3": "POST of 16 KiB, echoed",
    "W4": "hello with a proxy's ten fields",
    "W5": "W1 beside idle connections",
    "W6": "W1 through nginx and a unix socket",
}


def _proxy_request() -> str:
    head = "GET / HTTP/1.1\r\n" + _PROXY_FIELDS + "\r\n"
    room = PROXY_HEAD_SIZE - len(head.format(token=""))
    return head.format(token=("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." + "eyJzdWIiOiJhbGljb3JuLWJlbmNo" * 20)[:room])


def request(workload: str) -> bytes:
    if workload == "W2":
        text = f"GET / HTTP/1.1\r\n{_HOST}Connection: close\r\n\r\n"
    elif workload == "W3":
        text = f"POST /echo HTTP/1.1\r\n{_HOST}Content-Length: {BODY_SIZE}\r\n\r\n" + "x" * BODY_SIZE
    elif workload == "W4":
        text = _proxy_request()
    else:
        text = f"GET / HTTP/1.1\r\n{_HOST}\r\n"
    return text.encode()
