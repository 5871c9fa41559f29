"""Plans the messages of one step of a notice: one row per recipient, text and message id frozen (law 26)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, LiteralString

import msgspec
import psycopg
from psycopg.rows import TupleRow

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all_async, fetch_one_async, fetch_value_async
from sinks.notices.cases import UNNAMED, Reader
from sinks.notices.channels.port import Channel, DeliveryKey
from sinks.notices.contacts import Contact, held_until
from sinks.notices.email_text import Email
from streams.runtime.logging import log

Connection = psycopg.AsyncConnection[TupleRow]
Channels = Mapping[str, Channel]

_SQL: Final[dict[str, LiteralString]] = named_queries("sinks.notices")
_LOG: Final = log(__name__)


class Recipient(msgspec.Struct, frozen=True, order=True):
    """Somebody who is notified, by one channel."""

    channel: str
    address: str


QuietHours = Mapping[Recipient, datetime]
"""Until when messages to somebody wait, where it is quiet there now."""


class NoticeKey(msgspec.Struct, frozen=True):
    """A notice: the primary key of its row."""

    practice_id: str
    cause: str
    opened_at: datetime

    def parameters(self) -> dict[str, Any]:
        return msgspec.structs.asdict(self)

    def delivery(self, step: str, recipient: Recipient) -> DeliveryKey:
        return (
            self.practice_id,
            self.cause,
            self.opened_at.isoformat(),
            step,
            recipient.channel,
            recipient.address,
        )


async def contacts_of(connection: Connection, practice_id: str) -> list[Contact]:
    """The practice's contacts and its group's, on every channel."""
    return await fetch_all_async(connection, Contact, _SQL["contacts"], {"practice_id": practice_id})


def recipient(contact: Contact) -> Recipient:
    return Recipient(contact.channel, contact.address)


def quiet_hours(contacts: Iterable[Contact], zone: str | None, now: datetime) -> QuietHours:
    """Of those contacts for whom it is quiet now. Pure. `zone`: the practice's."""
    return {recipient(each): until for each in contacts if (until := held_until(each, zone, now)) is not None}


async def route_of(connection: Connection, practice_id: str, target: str) -> str | None:
    """Through which route the practice's target is reached, None where it is not connected."""
    found: str | None = await fetch_value_async(
        connection, _SQL["route_of"], {"practice_id": practice_id, "target": target}
    )
    return found


async def reader_of(connection: Connection, practice_id: str) -> Reader:
    """The practice's name and its present zone; both unknown for a practice that the ledger does not know."""
    return await fetch_one_async(connection, Reader, _SQL["reader_of"], {"practice_id": practice_id}) or UNNAMED


def operators(channels: Channels) -> list[Recipient]:
    """The operator, on every channel for which the settings name an address. Pure."""
    return [Recipient(name, each.operator) for name, each in channels.items() if each.operator is not None]


async def plan_deliveries(
    connection: Connection,
    channels: Channels,
    notice: NoticeKey,
    step: str,
    recipients: Iterable[Recipient],
    text: Email,
    at: datetime | None,
    quiet: QuietHours = MappingProxyType({}),
) -> int:
    """Write a row per recipient, in the caller's transaction; returns how many. A row that is there already stays.
    Where it is quiet, the message waits until it is not, and takes the place of one that waits already.

    A contact on a channel that is not in this release is said and left out. `at`: business time, None = the
    database's clock.
    """
    planned = 0
    for each in recipients:
        channel = channels.get(each.channel)
        if channel is None:
            _LOG.error(
                "a contact's channel is not in this release", practice_id=notice.practice_id, channel=each.channel
            )
            continue
        key = notice.delivery(step, each)
        delivery = {
            "step": step,
            "channel": each.channel,
            "recipient": each.address,
            "not_before": quiet.get(each),
            "message_id": channel.message_id(key),
            "subject": text.subject,
            "body": text.body,
            "now": at,
        }
        await connection.execute(_SQL["said_anew"], notice.parameters() | delivery)
        await connection.execute(_SQL["plan_delivery"], notice.parameters() | delivery)
        planned += 1
    return planned


async def put_in_inbox(connection: Connection, notice: NoticeKey, step: str, text: Email, at: datetime | None) -> None:
    """What the practice reads in the product itself, whoever else is told; in the caller's transaction."""
    message = {"step": step, "subject": text.subject, "body": text.body, "now": at}
    await connection.execute(_SQL["put_in_inbox"], notice.parameters() | message)
