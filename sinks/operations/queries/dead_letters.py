"""What stands dead: entries at a target, and records that were never understood or stored."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_value
from sinks.notices.email_text import correlation_id
from sinks.operations.ledger import Connection
from sinks.operations.queries.practices import check_practice
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from streams.runtime.errors import ConfigurationError, Permanent

_SQL: Final = named_queries("sinks.operations.queries", "dead_letters.sql")
_MOST_CALLED: Final = 5
"""Records of one event that are named to choose from."""


class DeadId(msgspec.Struct, frozen=True):
    """How the command line names one: `e:42` is an entry, `payments.v1:0:17` a record by its place."""

    effect_id: int | None = None
    topic: str | None = None
    part: int | None = None
    off: int | None = None

    def __str__(self) -> str:
        return f"{self.topic}:{self.part}:{self.off}" if self.topic else f"e:{self.effect_id}"

    @classmethod
    def parse(cls, text: str) -> DeadId:
        """Raises ValueError with what an id looks like."""
        head, *rest = text.split(":")
        numbers = [int(each) for each in rest if each.isdecimal() and each.isascii()]
        if head == "e" and len(rest) == len(numbers) == 1:
            return cls(effect_id=numbers[0])
        if head and len(rest) == len(numbers) == 2:
            return cls(topic=head, part=numbers[0], off=numbers[1])
        raise ValueError(f"{text!r} is no dead letter's id: an entry's is like e:42, a record's like payments.v1:0:17")


class DeadWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Filters; None = all. Times are when it failed last, `until` excluded."""

    practice_id: str | None = None
    reason: str | None = None
    target: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    lanes_of: tuple[int, ...] = ()
    """Only entries of the lanes in which these are, dead or not; needs the practice. A lane has no name that may be
    shown: it may hold a patient's surrogate."""
    id: DeadId | None = None
    most: int = 500


class DeadEntry(msgspec.Struct, frozen=True):
    """An effect in a dead state."""

    practice_id: str
    effect_id: int
    target: str
    entry_kind: str
    part: str
    lane: str
    connection_id: str | None
    state: str
    reason: str
    event_id: str
    changed_at: datetime
    attempts: int
    redrives: int
    last_code: str | None
    look_first: bool
    """It was sent once, or may have been: a redrive reads back before it sends."""
    dependents: int
    held_by: int | None
    """The entry it depends on, where that is not posted."""
    closed_reason: str | None
    in_doubt: int | None
    """Another entry of its lane whose outcome is open."""
    elsewhere: bool = False
    """In doubt at another account than the one that is connected now (P-15)."""

    @property
    def id(self) -> str:
        return f"e:{self.effect_id}"


class DeadRecord(msgspec.Struct, frozen=True):
    """An open dead letter of stage decode, rules or intake, or a duplicate found at a target."""

    practice_id: str
    topic: str
    topic_id: str
    part: int
    off: int
    effect_id: int
    redrives: int
    stage: str
    reason: str
    field: str | None
    fault: str | None
    source: str | None
    event_id: str | None
    target: str | None
    ambiguous: bool
    attempts: int
    first_failed_at: datetime
    last_failed_at: datetime
    size: int | None

    @property
    def id(self) -> str:
        return f"{self.topic}:{self.part}:{self.off}"


class OpenNotice(msgspec.Struct, frozen=True):
    cause: str
    opened_at: datetime


class _Place(msgspec.Struct, frozen=True):
    topic: str
    part: int
    off: int


@sees(View.TRANSACTIONS)
def dead_called(connection: Connection, practice_id: str | None, text: str) -> DeadId:
    """The one that a person names: by its id, or a record by its event's id, as letters name it. Blocks for one
    statement; ConfigurationError where it is neither, or the event has several records that stand dead."""
    try:
        return DeadId.parse(text)
    except ValueError as error:
        wrong = str(error)
    parameters = {"practice_id": practice_id, "event_id": text, "most": _MOST_CALLED}
    found = fetch_all(connection, _Place, _SQL["dead_called"], parameters)
    places = [DeadId(topic=each.topic, part=each.part, off=each.off) for each in found]
    if not places:
        raise ConfigurationError(f"{wrong}; and no record of an event {text!r} stands dead: see `writeback dlq list`")
    if len(places) > 1:
        raise ConfigurationError(f"several records of event {text!r} stand dead: name {', '.join(map(str, places))}")
    return places[0]


def check_wanted(connection: Connection, wanted: DeadWanted) -> None:
    """Refuse a practice, or an entry whose lane is wanted, that the ledger does not know, with ConfigurationError.
    Blocks for two statements."""
    check_practice(connection, wanted.practice_id)
    if not wanted.lanes_of:
        return
    if wanted.practice_id is None:
        raise ConfigurationError("--lane needs --practice: entries are numbered at each practice by themselves")
    for effect_id in wanted.lanes_of:
        place = {"practice_id": wanted.practice_id, "effect_id": effect_id}
        if fetch_value(connection, _SQL["entry_exists"], place) is None:
            raise ConfigurationError(
                f"--lane: practice {wanted.practice_id} has no entry e:{effect_id}: see `writeback dlq list` or "
                "`writeback entries list`"
            )


def dead_entries(connection: Connection, wanted: DeadWanted) -> list[DeadEntry]:
    """Entries that match, in the order in which they would be sent. Blocks for one statement."""
    if wanted.id is not None and wanted.id.effect_id is None:
        return []
    named = {"effect_id": wanted.id.effect_id if wanted.id else None, "lanes_of": list(wanted.lanes_of)}
    parameters = filters(wanted) | named
    return fetch_all(connection, DeadEntry, _SQL["dead_entries"], parameters)


def dead_records(connection: Connection, wanted: DeadWanted) -> list[DeadRecord]:
    """Records that match, in the order of their topics; none where a lane is wanted, which only entries have. Blocks
    for one statement."""
    if wanted.lanes_of or (wanted.id is not None and wanted.id.topic is None):
        return []
    place = wanted.id or DeadId()
    parameters = filters(wanted) | {"topic": place.topic, "part": place.part, "off": place.off}
    return fetch_all(connection, DeadRecord, _SQL["dead_records"], parameters)


@sees(View.TRANSACTIONS, practice="wanted.practice_id")
def find_dead(connection: Connection, wanted: DeadWanted) -> tuple[list[DeadEntry], list[DeadRecord]]:
    """Both; raises as `check_wanted`. Blocks for four statements."""
    check_wanted(connection, wanted)
    return dead_entries(connection, wanted), dead_records(connection, wanted)


@sees(View.TRANSACTIONS, practice="wanted.practice_id")
def one_dead(connection: Connection, wanted: DeadWanted) -> DeadEntry | DeadRecord:
    """The one that `wanted.id` names. Permanent where nothing dead is called so; else as `find_dead`."""
    entries, records = find_dead(connection, wanted)
    found: list[DeadEntry | DeadRecord] = [*entries, *records]
    if found:
        return found[0]
    raise Permanent(
        f"nothing dead is called {str(wanted.id)!r} at practice {wanted.practice_id}: see `writeback dlq list`"
    )


@sees(View.TRANSACTIONS, practice="dead.practice_id")
def notice_of(connection: Connection, dead: DeadEntry | DeadRecord) -> str | None:
    """The reference of the open notice that reported it to the practice (NOT-2). Blocks for one statement."""
    for notice in fetch_all(connection, OpenNotice, _SQL["notice_of"], {"practice_id": dead.practice_id}):
        if notice.cause.endswith(f":{dead.reason}"):
            return correlation_id(dead.practice_id, notice.cause, notice.opened_at)
    return None


def filters(wanted: DeadWanted) -> dict[str, object]:
    """What every query about dead letters is narrowed by. Pure."""
    return {
        "practice_id": wanted.practice_id,
        "reason": wanted.reason,
        "target": wanted.target,
        "since": wanted.since,
        "until": wanted.until,
        "most": wanted.most,
    }
