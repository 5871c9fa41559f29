"""Webhook: a message as JSON, signed as Standard Webhooks has it, so that any of its libraries verifies it.

The id stays the same at every try and the time of the signature is that of the try: a receiver that keeps ids for some
minutes and refuses older times takes each message once.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from standardwebhooks.webhooks import Webhook

from sinks.notices.channels.endpoints import NO_KEY, OPERATOR, Endpoint, checked_signing_key, key_ring, open_endpoint
from sinks.notices.channels.http_post import AT_ONCE, DEADLINE_S, Answer, post
from sinks.notices.channels.message_ids import digest_of
from sinks.notices.channels.port import DeliveryKey, Message, Outcome, SendResult
from sinks.notices.channels.public_address import checked_url
from streams.settings import ProgramSettings

_GONE = 410
"""The receiver says so itself: the address is to be called no more."""


class NoticeData(msgspec.Struct, frozen=True, kw_only=True):
    """The `data` of a message: the incident by its reference, and what people read. No patient."""

    reference: str | None
    practice_id: str
    cause: str
    opened_at: datetime
    subject: str
    text: str


class NoticePayload(msgspec.Struct, frozen=True):
    """The body, as Standard Webhooks lays it out."""

    type: str
    """`notice.opened`, `notice.more`, `notice.reminder`, `notice.escalated`, `notice.resolved` or `notice.digest`."""
    timestamp: datetime
    data: NoticeData


class WebhookChannel:
    """A `Channel`. The operator has one where the settings name it; a contact's address is sealed."""

    name = "webhook"
    at_once = AT_ONCE
    deadline_s = DEADLINE_S

    def __init__(self, settings: ProgramSettings) -> None:
        """Raises ConfigurationError for an address or a key that cannot be."""
        self._loopback = settings.notice_loopback
        self._keys = key_ring(settings)
        self._operator: Endpoint | None = None
        if settings.ops_webhook_url:
            url = checked_url(settings.ops_webhook_url, "WRITEBACK_OPS_WEBHOOK_URL", loopback=self._loopback)
            key = checked_signing_key(settings.ops_webhook_secret, "WRITEBACK_OPS_WEBHOOK_SECRET")
            self._operator = Endpoint(url, key)
        self.operator = OPERATOR if self._operator else None
        self.missing = None if self._keys or self._operator else NO_KEY

    def message_id(self, key: DeliveryKey) -> str:
        return f"msg_{digest_of(key)}"

    async def send(self, message: Message) -> SendResult:
        to_operator = message.recipient == self.operator and message.endpoint is None
        endpoint = self._operator if to_operator else open_endpoint(self._keys, self.name, message)
        if endpoint is None or isinstance(endpoint, SendResult):
            return endpoint or SendResult(Outcome.REFUSED, "CONTACT_REMOVED")
        body = payload(message)
        headers = signed_headers(endpoint.signing_key, message.message_id, body, datetime.now(UTC))
        answer = await post(endpoint.url, body, headers, loopback=self._loopback)
        return outcome(answer) if isinstance(answer, Answer) else answer


def payload(message: Message) -> bytes:
    """The same bytes at every try. Pure."""
    incident = message.incident
    data = NoticeData(
        reference=incident.reference,
        practice_id=incident.practice_id,
        cause=incident.cause,
        opened_at=incident.opened_at,
        subject=message.subject,
        text=message.body,
    )
    return msgspec.json.encode(NoticePayload(f"notice.{incident.step}", message.written_at, data))


def signed_headers(signing_key: str, message_id: str, body: bytes, at: datetime) -> dict[str, str]:
    """The headers of one try at `at`, this machine's true time: receivers compare it with their own. Pure."""
    signature = Webhook(signing_key).sign(message_id, at, body.decode())
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }


def outcome(answer: Answer) -> SendResult:
    """Taken, gone for good, or to be tried again: whatever a receiver answers meanwhile, it knows the id. Pure."""
    if 200 <= answer.status < 300:
        return SendResult(Outcome.SENT, str(answer.status))
    return SendResult(Outcome.REFUSED if answer.status == _GONE else Outcome.NOT_SENT, str(answer.status))
