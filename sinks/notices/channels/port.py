"""The port of a notice channel: what it gets, what it answers, and how it is declared.

A channel only carries a message. Who is notified of what, when, in which words, and what follows from an answer is
decided outside (`sinks.notices.store`, `schedule`, `deliver`). To add one: sinks/notices/README.md.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

import msgspec

DeliveryKey = tuple[str, str, str, str, str, str]
"""Practice, cause, opening of the notice, step, channel, recipient: what makes a delivery this one and no other."""


DIGEST: Final = "digest"
"""The cause and the step of a digest, which is about no single incident."""


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """What a message is about: one cause at one practice, the same from its opening to its end on every channel."""

    practice_id: str
    cause: str
    opened_at: datetime
    step: str
    """`opened`, `more`, `reminder`, `escalated`, `resolved` or `digest`."""
    reference: str | None
    """As letters print it; None: a digest."""

    @property
    def is_digest(self) -> bool:
        return self.cause == DIGEST


class SealedEndpoint(msgspec.Struct, frozen=True):
    """The secret address of a contact, as the ledger keeps it. Opened by its channel alone, for one try."""

    owner: str
    """The practice or group that it is bound to."""
    blob: bytes

    def __repr__(self) -> str:
        return f"SealedEndpoint({self.owner})"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one recipient. Fixed words, counts, ids and amounts: no patient.

    What a letter is made of has no field that could hold a patient (`Problem`, `Case`, `Waiting`), and its words are
    constants; a test holds the fields of all of them against a list.
    """

    message_id: str
    """Of `Channel.message_id`; the same for every try, so that the recipient's side can recognise a repeat."""
    recipient: str
    """An address as this channel understands it."""
    subject: str
    body: str
    """Plain text: paragraphs with an empty line between them."""
    written_at: datetime
    """Business time at which the text was frozen; the same for every try."""
    incident: Incident
    thread: str | None = None
    """The id of the first message of this incident to this recipient; None: this is it."""
    endpoint: SealedEndpoint | None = None
    """Of a contact whose address is a secret."""


class Outcome(StrEnum):
    """What is known about a message after one try."""

    SENT = "SENT"
    """The other side took it."""
    NOT_SENT = "NOT_SENT"
    """Proven: it never left, or was refused for now. It is tried again, for a day."""
    REFUSED = "REFUSED"
    """Refused for good: this recipient or this content. It is not tried again."""
    UNCERTAIN = "UNCERTAIN"
    """It left and no answer came. It is repeated once, under the same message id (law 26)."""


class SendResult(msgspec.Struct, frozen=True):
    """The answer of one try."""

    outcome: Outcome
    code: str
    """The other side's status or a word of ours; never its text (H-3)."""


class Channel(Protocol):
    """One way by which notices reach people. One instance per process, used by one event loop.

    Made by the function that `channels.catalogue` lists, from the program's settings, also where these lack what it
    needs: its messages are then planned and wait.
    """

    name: str
    """As `deliveries.channel` and `contacts.channel` store it."""
    missing: str | None
    """Why nothing can be sent, naming the setting; None: ready. Constant while the process runs."""
    operator: str | None
    """The operator's address on this channel, None where the settings name none."""
    at_once: int
    """Messages in flight at most."""
    deadline_s: float
    """Within which `send` returns. A message marked for twice this time has no sender any more."""

    def message_id(self, key: DeliveryKey) -> str:
        """An id in this channel's form. Pure, also while `missing`: the same key gives the same id, in every process
        and after a restart, and two keys give two."""
        ...

    async def send(self, message: Message) -> SendResult:
        """One try, within `deadline_s` in total. Called by the delivery loop after the mark is committed, for several
        messages at a time; waits for the network alone.

        Never raises for what the other side or the network does. Says SENT, REFUSED or NOT_SENT only where that is
        proven; everything else is UNCERTAIN. The same message gives the same bytes.
        """
        ...
