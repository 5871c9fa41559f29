"""A rehearsal server of Twilio's Messages API: takes the documented form, answers as documented, sends nothing.

What it keeps to is the published reference: Basic authentication with account and token, `To`, `Body`, and `From` or
`MessagingServiceSid`; 201 with the message as queued; errors with their code. The numbers that always fail are those of
the vendor's own test credentials.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from deploy.sandbox.control import CONTROL
from deploy.sandbox.exchange import Answer, Incoming, Route, as_json

PATH: Final = "/2010-04-01/Accounts/{account}/Messages.json"
LONGEST_BODY: Final = 1_600
REFUSED_NUMBERS: Final = {
    "+15005550001": (21211, "The 'To' number is not a valid phone number."),
    "+15005550002": (21612, "The 'To' phone number is not currently reachable via SMS."),
    "+15005550003": (21408, "Permission to send an SMS has not been enabled for the region of the 'To' number."),
    "+15005550004": (21610, "The message From/To pair violates a blacklist rule."),
    "+15005550009": (21614, "'To' number is not a valid mobile number."),
}


class ReceivedSms(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it was taken."""

    sid: str
    at_ns: int
    account: str
    to: str
    sender: str
    body: str


class SmsSink:
    """The messages that came, and the account that may send them; any account and token until one is set."""

    def __init__(self) -> None:
        self.messages: list[ReceivedSms] = []
        self.token: str | None = None
        self.answers: list[int] = []
        """Statuses that the next calls get instead of an answer."""

    def routes(self) -> Iterator[Route]:
        yield Route("POST", PATH, self._create)
        yield Route("GET", f"{CONTROL}/messages", lambda _: as_json(200, self.messages))
        yield Route("DELETE", f"{CONTROL}/messages", self._clear)
        yield Route("POST", f"{CONTROL}/answers", self._answer_next)

    def _create(self, given: Incoming) -> Answer:
        if self.answers:
            return _error(self.answers.pop(0), 20500, "An internal server error has occurred")
        account = given.parts["account"]
        if not self._may(given, account):
            return _error(401, 20003, "Authenticate")
        form = {name: values[-1] for name, values in parse_qs(given.body.decode(), keep_blank_values=True).items()}
        to, body = form.get("To", ""), form.get("Body", "")
        sender = form.get("From") or form.get("MessagingServiceSid") or ""
        if not to:
            return _error(400, 21604, "A 'To' phone number is required.")
        if not sender:
            return _error(400, 21603, "A 'From' phone number is required.")
        if not body:
            return _error(400, 21602, "Message body is required.")
        if len(body) > LONGEST_BODY:
            return _error(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
        if to in REFUSED_NUMBERS:
            return _error(400, *REFUSED_NUMBERS[to])
        sid = f"SM{len(self.messages) + 1:032x}"
        self.messages.append(
            ReceivedSms(sid=sid, at_ns=time.time_ns(), account=account, to=to, sender=sender, body=body)
        )
        message = {
            "sid": sid,
            "account_sid": account,
            "to": to,
            "from": form.get("From"),
            "messaging_service_sid": form.get("MessagingServiceSid"),
            "body": body,
            "status": "queued",
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
        }
        return as_json(201, message)

    def _may(self, given: Incoming, account: str) -> bool:
        kind, _, credentials = given.headers.get("authorization", "").partition(" ")
        try:
            user, _, token = base64.b64decode(credentials, validate=True).decode().partition(":")
        except ValueError:
            return False
        return kind == "Basic" and user == account and bool(token) and self.token in (None, token)

    def _clear(self, _: Incoming) -> Answer:
        self.messages.clear()
        return as_json(200, {})

    def _answer_next(self, given: Incoming) -> Answer:
        self.answers += msgspec.json.decode(given.body, type=list[int])
        return as_json(201, {})


def _error(status: int, code: int, message: str) -> Answer:
    more: dict[str, Any] = {"code": code, "message": message, "status": status}
    return as_json(status, more | {"more_info": f"https://www.twilio.com/docs/errors/{code}"})
