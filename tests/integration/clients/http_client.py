#!/usr/bin/env python3
"""Python's own HTTP client against the echo example: http_client.py HOST PORT. Prints nothing if all is well."""

import http.client
import json
import sys
import zlib


def main(host: str, port: str) -> None:
    connection = http.client.HTTPConnection(host, int(port), timeout=20)

    connection.request("GET", "/a?b=c", headers={"X-One": "1"})
    response = connection.getresponse()
    account = json.load(response)
    assert response.status == 200 and response.version == 11, response.status
    assert account["method"] == "GET" and account["path"] == "/a" and account["query"] == "b=c", account
    assert ["x-one", "1"] in account["headers"], account
    socket = connection.sock

    body = bytes(range(256)) * 40_960  # 10 MiB
    connection.request("POST", "/upload", body=body)  # http.client sends everything before it reads, so no echo
    account = json.load(connection.getresponse())
    assert account == {"bytes": len(body), "crc32": zlib.crc32(body)}, account

    pieces = [b"a" * 1000, b"b" * 70_000, b"c"]
    connection.request("POST", "/echo", body=iter(pieces), encode_chunked=True)
    response = connection.getresponse()
    assert response.read() == b"".join(pieces)

    connection.request("HEAD", "/large?bytes=1000000")
    response = connection.getresponse()
    assert response.getheader("Content-Length") == "1000000" and response.read() == b""

    connection.request("GET", "/stream?chunks=1000")
    response = connection.getresponse()
    assert response.read().count(b"\n") == 1000

    connection.request("GET", "/status?code=404")
    response = connection.getresponse()
    assert (response.status, response.reason, response.read()) == (404, "Not Found", b"status 404\n")

    assert connection.sock is socket, "one connection for all of it"
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
