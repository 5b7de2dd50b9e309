"""What the fifty requests ask for, beside the tutorial's own hello-world."""

import hashlib
import json
import os
import re
import signal
import time

from flask import Response, request
from hello import app

ALL = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
PATTERN = b"0123456789abcdef"


def route(rule, **options):
    return app.route(rule, methods=ALL, provide_automatic_options=False, **options)


@route("/echo", defaults={"rest": ""})
@route("/echo/<path:rest>")
def echo(rest):
    body = request.get_data()
    facts = {
        "method": request.method,
        "path": request.path,
        "query": request.query_string.decode("latin-1"),
        "type": request.headers.get("Content-Type", ""),
        "length": len(body),
        "sha1": hashlib.sha1(body).hexdigest(),
        "test": request.headers.get("X-Test", ""),
        "cookie": request.headers.get("Cookie", ""),
    }
    return Response(json.dumps(facts), mimetype="application/json")


@route("/bytes/<int:count>")
def some_bytes(count):
    return Response((PATTERN * (count // 16 + 1))[:count], mimetype="application/octet-stream")


@route("/stream/<int:count>")
def stream(count):
    return Response((f"piece {i}\n" for i in range(count)), mimetype="text/plain")


@route("/status/<int:code>")
def status(code):
    return Response("" if code in (204, 304) else f"status {code}", status=code, mimetype="text/plain")


@route("/redirect")
def redirect():
    return Response("", status=302, headers={"Location": "/echo?moved=1"})


@route("/cookies")
def cookies():
    answer = Response("two")
    answer.headers.add("Set-Cookie", "a=1; HttpOnly; Path=/")
    answer.headers.add("Set-Cookie", "b=2; expires=Wed, 21 Oct 2037 07:28:00 GMT; Path=/")
    return answer


@route("/fields")
def fields():
    answer = Response("fields")
    for i in range(30):
        answer.headers.add(f"X-Field-{i}", f"value {i}")
    return answer


@route("/range")
def ranges():
    data = (PATTERN * 63)[:1000]
    found = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
    if found is None:
        return Response(data, mimetype="application/octet-stream", headers={"Accept-Ranges": "bytes"})
    first, last = int(found[1]), min(int(found[2] or 999), 999)
    if first > last:
        return Response("", status=416, headers={"Content-Range": "bytes */1000"})
    part = Response(data[first : last + 1], status=206, mimetype="application/octet-stream")
    part.headers["Content-Range"] = f"bytes {first}-{last}/1000"
    return part


@route("/etag")
def etag():
    if request.headers.get("If-None-Match") == '"abc"':
        return Response(status=304, headers={"ETag": '"abc"'})
    return Response("tagged", headers={"ETag": '"abc"'})


@route("/slow")
def slow():
    time.sleep(1)
    return "slow"


@route("/error")
def error():
    raise RuntimeError("as asked for")


@route("/truncated")
def truncated():
    return Response(iter([b"0123456789"]), headers={"Content-Length": "1000"})


@route("/die")
def die():
    os.kill(os.getpid(), signal.SIGKILL)
