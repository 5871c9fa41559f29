"""The files that a browser is given beside pages: our one stylesheet, and htmx from the wheel that carries it."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

_FILES: Final = {
    "console.css": ("sinks.console", "static/console.css", "text/css; charset=utf-8"),
    "htmx.js": ("django_htmx", "static/django_htmx/htmx-2.min.js", "text/javascript; charset=utf-8"),
}
_FOR_GOOD: Final = "public, max-age=31536000, immutable"


class _Asset(msgspec.Struct, frozen=True):
    body: bytes
    kind: str
    digest: str


def asset(request: HttpRequest, digest: str, name: str) -> HttpResponse:
    """A file under the digest of its content, so that a browser never asks for it again."""
    if name not in _FILES:
        raise Http404
    found = _asset(name)
    if digest != found.digest:
        raise Http404
    return HttpResponse(found.body, content_type=found.kind, headers={"Cache-Control": _FOR_GOOD})


def addresses(_: HttpRequest) -> dict[str, str]:
    """For templates: where the files are."""
    return {
        f"{name.partition('.')[0]}_address": reverse("asset", kwargs={"digest": _asset(name).digest, "name": name})
        for name in _FILES
    }


@cache
def _asset(name: str) -> _Asset:
    package, path, kind = _FILES[name]
    body = files(package).joinpath(path).read_bytes()
    return _Asset(body, kind, sha256(body).hexdigest()[:16])
