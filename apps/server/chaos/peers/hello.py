"""gunicorn's side of the reload test: it answers after 10 ms, so that there are always requests in flight."""

import time


def app(environ, start_response):
    time.sleep(0.01)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "6")])
    return [b"hello\n"]
