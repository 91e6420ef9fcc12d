"""What Gunicorn and uWSGI serve in one_queue.py: /sleep?ms=N holds the thread for so long."""

import time


def application(environ, start_response):
    time.sleep(int(environ["QUERY_STRING"].removeprefix("ms=") or 0) / 1000)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "6")])
    return [b"awake\n"]
