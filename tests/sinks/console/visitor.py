"""A person at the console without a browser: cookies, forms as they were handed out, and an authenticator app."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import re
import struct
import time
from collections.abc import Mapping
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

import msgspec

from tests.scenarios.waiting import WITHIN_S

NEW_PASSWORD = "a long sentence of mine"


class Form(msgspec.Struct):
    """One form of a page: where it goes, and what it sends untouched."""

    action: str
    method: str
    fields: dict[str, str]


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(found.get("action", ""), found.get("method", "get"), {}))
        elif tag == "input" and self.forms and "name" in found:
            kind = found.get("type", "text")
            if (kind not in ("checkbox", "radio") or "checked" in found) and "disabled" not in found:
                self.forms[-1].fields[found["name"]] = found.get("value", "")
        elif tag == "select":
            self._select = found.get("name", "") if "disabled" not in found else ""
        elif tag == "option" and self.forms and self._select:
            fields = self.forms[-1].fields
            if "selected" in found or self._select not in fields:
                fields[self._select] = found.get("value", "")


class Answer(msgspec.Struct, frozen=True):
    path: str
    status: int
    headers: dict[str, str]
    text: str

    def form(self, has: str = "") -> Form:
        """The first form that is sent by POST and has a field of this name, or none of the bar's."""
        parser = _Forms()
        parser.feed(self.text)
        for each in parser.forms:
            if each.method == "post" and "account/sign-out" not in each.action and (not has or has in each.fields):
                return each
        raise AssertionError(f"no form with {has!r} on {self.path}: {self.text[:2000]}")

    @property
    def words(self) -> str:
        """What is read on the page."""
        body = self.text.partition("<main")[2]
        return " ".join(re.sub(r"<[^>]*>", " ", body).split())


class Visitor:
    """One browser at one console. Never follows a redirect by itself unless told to."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.host, self.port = parts.hostname or "", parts.port or 0
        self.cookies: dict[str, str] = {}
        self.secret = ""
        self._step = 0
        self._spare: list[str] = []

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> Answer:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=WITHIN_S)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if method == "POST":
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        try:
            connection.request(method, path, body=body or None, headers=sent)
            found = connection.getresponse()
            text = found.read().decode(errors="replace")
        finally:
            connection.close()
        for name, value in found.getheaders():
            if name.lower() == "set-cookie":
                self._keep(value)
        answered = {name.lower(): value for name, value in found.getheaders()}
        return Answer(path, found.status, answered, text)

    def _keep(self, header: str) -> None:
        for name, morsel in SimpleCookie(header).items():
            if morsel["max-age"] == "0" or not morsel.value:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value

    def get(self, path: str, *, follow: bool = False, **headers: str) -> Answer:
        answer = self.ask("GET", path, **headers)
        while follow and answer.status == 302:
            answer = self.ask("GET", answer.headers["location"])
        return answer

    def submit(
        self, page: Answer, has: str = "", also: Mapping[str, str] | None = None, *, follow: bool = True, **fields: str
    ) -> Answer:
        """Send the page's form with these fields filled in; `also`: those whose names are no words."""
        form = page.form(has)
        answer = self.ask("POST", form.action or page.path, urlencode(form.fields | dict(also or {}) | fields))
        return self.get(answer.headers["location"], follow=True) if follow and answer.status == 302 else answer

    # -- signing in

    def first_sign_in(self, name: str, password: str) -> Answer:
        """With the password that an operator handed over: a new one, then an authenticator app. Ends at the codes."""
        page = self.submit(self.get("/account/sign-in"), login=name, password=password)
        page = self.submit(page, "oldpassword", oldpassword=password, password1=NEW_PASSWORD, password2=NEW_PASSWORD)
        page = self.get("/", follow=True)
        self.secret = re.findall(r"<code>([A-Z2-7]+)</code>", page.text)[0]
        page = self.submit(page, "code", code=self.code())
        self._spare = re.findall(r"<li><code>([0-9]+)</code>", page.text)
        return page

    def sign_in(self, name: str, password: str = NEW_PASSWORD) -> Answer:
        page = self.submit(self.get("/account/sign-in"), login=name, password=password)
        return self.submit(page, "code", code=self.spare())

    def spare(self) -> str:
        """A recovery code that was not used: an app has two codes a minute."""
        return self._spare.pop()

    def code(self) -> str:
        """Of the authenticator app; each is another one, for the console takes none twice."""
        now = int(time.time()) // 30
        self._step = max(now, self._step + 1)
        return one_time_code(self.secret, self._step)


def one_time_code(secret: str, step: int) -> str:
    """RFC 6238: six digits of the secret and the number of half minutes."""
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"
