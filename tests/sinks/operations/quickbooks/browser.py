"""What a person does in a browser at QuickBooks: opens an address, picks a company, and is sent back."""

from __future__ import annotations

import re
from html import unescape
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urljoin, urlsplit

_LINK = re.compile(r'<a href="([^"]+)">([^<]+)</a>')


def pick(address: str, company: str) -> str:
    """Where the browser is sent after somebody picked a company by its name, or `Cancel`."""
    _, page = _get(address)
    links = {unescape(name): unescape(link) for link, name in _LINK.findall(page)}
    answer, _ = _get(urljoin(address, links[company]))
    assert answer.status == 302, "QuickBooks sends the browser back"
    return str(answer.headers["Location"])


def go(address: str) -> tuple[int, str]:
    """Follow where one is sent: the status and the page."""
    answer, page = _get(address)
    return answer.status, page


def _get(address: str) -> tuple[HTTPResponse, str]:
    parts = urlsplit(address)
    connection = HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        return answer, answer.read().decode()
    finally:
        connection.close()
