"""SMS: one call of Twilio's Messages API, which is public and needs no library: a form, answered with a message's id.

The API has no key that would make a repeat harmless, so a message in doubt may come twice: it is repeated once, as on
every channel. What it says is short: the subject and the incident's reference.
"""

from __future__ import annotations

import json
import re
from typing import Final
from urllib.parse import quote, urlencode

import aiohttp

from sinks.notices.channels.http_post import AT_ONCE, DEADLINE_S, Answer, post
from sinks.notices.channels.message_ids import digest_of
from sinks.notices.channels.port import DeliveryKey, Message, Outcome, SendResult
from sinks.notices.channels.public_address import checked_url
from streams.runtime.errors import ConfigurationError
from streams.runtime.loopback import is_loopback
from streams.settings import ProgramSettings

MISSING: Final = "there is no SMS account (WRITEBACK_SMS_ACCOUNT, WRITEBACK_SMS_TOKEN, WRITEBACK_SMS_FROM)"
HOST: Final = "https://api.twilio.com"
LONGEST: Final = 300
"""Characters: two parts of an SMS in the plain alphabet, some more in others. Twilio takes 1,600."""
_NUMBER: Final = re.compile(r"\+[1-9]\d{6,14}")
"""E.164."""
_ACCOUNT: Final = re.compile(r"AC[0-9a-fA-F]{32}")
_SENDER: Final = re.compile(r"\+[1-9]\d{6,14}|MG[0-9a-fA-F]{32}")
_OF_THE_RECIPIENT: Final = frozenset({21211, 21214, 21217, 21610, 21612, 21614, 21635})
"""Error codes that say that this number takes no SMS from us: not valid, not reachable, unsubscribed, a landline."""
_CREATED: Final = 201
_NOT_NOW: Final = frozenset({429, 503})


class SmsChannel:
    """A `Channel`. Without an account its messages wait."""

    name = "sms"
    at_once = AT_ONCE
    deadline_s = DEADLINE_S

    def __init__(self, settings: ProgramSettings) -> None:
        """Raises ConfigurationError for a sender, an account or an operator's number that cannot be."""
        self._account, self._token = settings.sms_account, settings.sms_token
        self._sender = settings.sms_from
        self._url = settings.sms_url.rstrip("/")
        self._loopback = is_loopback(self._url)
        if not self._loopback and self._url != HOST:
            raise ConfigurationError(f"WRITEBACK_SMS_URL: {HOST}, or a rehearsal server on this machine")
        checked_url(self._url, "WRITEBACK_SMS_URL", loopback=self._loopback)
        for variable, value, form, such in (
            ("WRITEBACK_SMS_ACCOUNT", self._account, _ACCOUNT, "AC and 32 hexadecimal digits"),
            (
                "WRITEBACK_SMS_FROM",
                self._sender,
                _SENDER,
                "a number such as +12125550100, or a messaging service (MG…)",
            ),
            ("WRITEBACK_OPS_SMS", settings.ops_sms, _NUMBER, "a number such as +12125550100"),
        ):
            if value and not form.fullmatch(value):
                raise ConfigurationError(f"{variable}: expected {such}")
        self.operator = settings.ops_sms or None
        self.missing = None if self._account and self._token and self._sender else MISSING

    def message_id(self, key: DeliveryKey) -> str:
        return digest_of(key)

    async def send(self, message: Message) -> SendResult:
        if self.missing is not None:
            return SendResult(Outcome.NOT_SENT, "NO_ACCOUNT")
        if not is_number(message.recipient):
            return SendResult(Outcome.REFUSED, "BAD_NUMBER")
        sender = "MessagingServiceSid" if self._sender.startswith("MG") else "From"
        form = urlencode({"To": message.recipient, sender: self._sender, "Body": short_text(message)})
        answer = await post(
            f"{self._url}/2010-04-01/Accounts/{quote(self._account, safe='')}/Messages.json",
            form.encode(),
            {
                "content-type": "application/x-www-form-urlencoded",
                "accept": "application/json",
                "authorization": aiohttp.encode_basic_auth(self._account, self._token),
            },
            loopback=self._loopback,
        )
        return outcome(answer) if isinstance(answer, Answer) else answer


def is_number(text: str) -> bool:
    """Whether a text is a telephone number with its country (E.164). Pure."""
    return _NUMBER.fullmatch(text) is not None


def short_text(message: Message) -> str:
    """The subject and the incident's reference, cut in the subject. Pure."""
    subject = message.subject.removeprefix("[Writeback] ")
    reference = f" {message.incident.reference}" if message.incident.reference else ""
    room = LONGEST - len("Writeback: ") - len(reference)
    return f"Writeback: {subject if len(subject) <= room else subject[: room - 1] + '…'}{reference}"


def outcome(answer: Answer) -> SendResult:
    """Taken, refused for this number, not now, or in doubt: what else failed on their side may have gone out. Pure."""
    if answer.status == _CREATED:
        return SendResult(Outcome.SENT, "201")
    if answer.status < 500 or answer.status in _NOT_NOW:
        code = _code_of(answer.text)
        for_good = code in _OF_THE_RECIPIENT
        shown = f"{answer.status}" if code is None else f"{answer.status}/{code}"
        return SendResult(Outcome.REFUSED if for_good else Outcome.NOT_SENT, shown)
    return SendResult(Outcome.UNCERTAIN, str(answer.status))


def _code_of(text: bytes) -> int | None:
    """The number of the error, and nothing of its text (H-3)."""
    try:
        said = json.loads(text)
    except ValueError:
        return None
    code = said.get("code") if isinstance(said, dict) else None
    return code if isinstance(code, int) and not isinstance(code, bool) and 0 < code < 1_000_000 else None
