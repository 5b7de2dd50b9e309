"""What the fifty requests ask for, beside the hello-world of the page."""

import hashlib
import json
import os
import re
import signal
import time

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path, re_path

PATTERN = b"0123456789abcdef"
# Django refuses more than 2.5 MB by itself.
settings.DATA_UPLOAD_MAX_MEMORY_SIZE = None


def echo(request):
    body = request.body
    facts = {
        "method": request.method,
        "path": request.path,
        "query": request.META.get("QUERY_STRING", ""),
        "type": request.META.get("CONTENT_TYPE", ""),
        "length": len(body),
        "sha1": hashlib.sha1(body).hexdigest(),
        "test": request.META.get("HTTP_X_TEST", ""),
        "cookie": request.META.get("HTTP_COOKIE", ""),
    }
    return HttpResponse(json.dumps(facts), content_type="application/json")


def sized(body, status=200, **headers):
    answer = HttpResponse(body, status=status, content_type="application/octet-stream")
    answer["Content-Length"] = str(len(body))
    for name, value in headers.items():
        answer[name.replace("_", "-")] = value
    return answer


def some_bytes(request, count):
    return sized((PATTERN * (count // 16 + 1))[:count])


def stream(request, count):
    return StreamingHttpResponse((f"piece {i}\n" for i in range(count)), content_type="text/plain")


def status(request, code):
    return HttpResponse("" if code in (204, 304) else f"status {code}", status=code)


def redirect(request):
    answer = HttpResponse("", status=302)
    answer["Location"] = "/echo?moved=1"
    return answer


def cookies(request):
    answer = HttpResponse("two")
    answer.set_cookie("a", "1", httponly=True)
    answer.set_cookie("b", "2", expires="Wed, 21 Oct 2037 07:28:00 GMT")
    return answer


def fields(request):
    answer = HttpResponse("fields")
    for i in range(30):
        answer[f"X-Field-{i}"] = f"value {i}"
    return answer


def ranges(request):
    data = (PATTERN * 63)[:1000]
    found = re.fullmatch(r"bytes=(\d+)-(\d*)", request.META.get("HTTP_RANGE", ""))
    if found is None:
        return sized(data, Accept_Ranges="bytes")
    first, last = int(found[1]), min(int(found[2] or 999), 999)
    if first > last:
        return sized(b"", status=416, Content_Range="bytes */1000")
    return sized(data[first : last + 1], status=206, Content_Range=f"bytes {first}-{last}/1000")


def etag(request):
    fresh = request.META.get("HTTP_IF_NONE_MATCH") == '"abc"'
    answer = HttpResponse(status=304) if fresh else HttpResponse("tagged")
    answer["ETag"] = '"abc"'
    return answer


def slow(request):
    time.sleep(1)
    return HttpResponse("slow")


def error(request):
    raise RuntimeError("as asked for")


def truncated(request):
    answer = StreamingHttpResponse(iter([b"0123456789"]))
    answer["Content-Length"] = "1000"
    return answer


def die(request):
    os.kill(os.getpid(), signal.SIGKILL)


more_urls = [
    re_path(r"^echo(/.*)?$", lambda request, *rest: echo(request)),
    path("bytes/<int:count>", some_bytes),
    path("stream/<int:count>", stream),
    path("status/<int:code>", status),
    path("redirect", redirect),
    path("cookies", cookies),
    path("fields", fields),
    path("range", ranges),
    path("etag", etag),
    path("slow", slow),
    path("error", error),
    path("truncated", truncated),
    path("die", die),
]
