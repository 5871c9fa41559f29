"""Every case at the effects: the real rules, the real ledger, and a poster that posts whatever it may at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from processors.rules.source_records import decide_record
from schemas.codec import encode_event
from schemas.events import Event
from schemas.topics import STREAM_TOPICS, TopicName
from schemas.vocabulary import EntryKind
from schemas.writebacks import SourcePosition, Writeback
from sinks.ledger.practices.links import link
from sinks.ledger.practices.settings import settings_store
from sinks.targets.open_dental.capabilities import ALWAYS
from tests.sinks.ledger.ledger_fixture import SAVING, SOURCE_ID, LedgerDatabase
from tests.sinks.ledger.posting_by_hand import post_what_is_due, record_by_hand
from tests.vectors.case_events import CaseEvents
from tests.vectors.entries import EFFECTS, EVENTS, VERDICTS, Found, as_effect, unmet
from tests.vectors.practice import PATIENTS, facts, first_settings, settings_of, unlinked
from tests.vectors.reading import Act, Case, Row, VectorError

START: Final = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
"""Noon in New York, on a Wednesday."""
CHARGES: Final = sorted(ALWAYS | {EntryKind.CHARGE})


class Logged(msgspec.Struct, frozen=True, kw_only=True):
    """A record that the broker has, or `posted`, `recorded`: what was done to effects."""

    at: datetime
    what: str
    position: SourcePosition | None = None
    event: Event | None = None
    writeback: Writeback | None = None
    """None: the rules refuse it."""


class AtTheEffects:
    """One case in a ledger that it shares with others, as a practice of its own."""

    def __init__(self, database: LedgerDatabase, case: Case) -> None:
        self.database, self.case = database, case
        self.practice = f"v-{case.name}"
        self.case_events = CaseEvents(self.practice)
        self.letters: list[str] = []
        self.words: dict[str, str] = {}
        self.log: list[Logged] = []
        """What befell the ledger, in order: a replay goes through it again."""
        self._saved = first_settings(case)
        self.database.clock.instant = START
        self._set_up()

    def _set_up(self) -> None:
        case, database = self.case, self.database
        if facts(case, "unknown"):
            return
        since = next((int(row.more["days"]) for row in facts(case, "since")), 30)
        settings_store.add_practice(
            database.connection,
            self.practice,
            settings_of(self._saved),
            SAVING,
            clock=database.clock,
            jitter_s=0,
            since=START - timedelta(days=since),
        )
        if not facts(case, "no-pms"):
            database.connect(self.practice)
            cannot = {row.words[0] for row in facts(case, "route-cannot")}
            database.connection.execute(
                "UPDATE connections SET capabilities = %s WHERE home_practice_id = %s AND target = 'PMS'",
                ([str(kind) for kind in CHARGES if kind not in cannot], self.practice),
            )
        for patient in PATIENTS:
            if patient not in unlinked(case):
                self._link(patient)

    def _link(self, patient: str) -> None:
        link(self.database.connection, self.practice, patient, "17", SAVING, clock=self.database.clock, jitter_s=0)

    def run(self) -> list[str]:
        """What was not as the case says; empty when all was."""
        self.database.clock.instant = START
        for act in self.case.acts:
            self._act(act)
            if act.expected and (said := unmet(self.case, act.expected, self.found(), self.words)):
                return said
        return []

    def _act(self, act: Act) -> None:
        told: list[Writeback] = []
        for row in act.steps:
            if row.kind == "told":
                told += self._tell(row)
                continue
            self._store(told)
            told = []
            if row.kind == "settings":
                self._settings(row)
            elif row.kind == "fact":
                self._fact(row)
            elif row.kind == "hand":
                self._hand(row)
        self._store(told)
        self.database.clock.instant += timedelta(milliseconds=1)
        post_what_is_due(self.database, self.practice)
        self.log.append(Logged(at=self.database.clock.instant, what="posted"))

    def _minute(self) -> None:
        self.database.clock.instant += timedelta(minutes=1)

    def _store(self, told: list[Writeback]) -> None:
        if told:
            self.database.store(*told)

    def _tell(self, row: Row) -> list[Writeback]:
        event = self.case_events.event(row, self.database.clock.instant)
        if row.what != "again":
            self.words[event.event_id] = row.what
        return self.decided(event)

    def decided(self, event: Event) -> list[Writeback]:
        database, topic = self.database, STREAM_TOPICS[event.stream]
        position = SourcePosition(
            topic=topic.value,
            topic_id=SOURCE_ID,
            partition=0,
            offset=database.source_offset,
            appended_at=database.clock.instant,
        )
        database.source_offset += 1
        said = decide_record(position, event.practice_id.encode(), encode_event(event), database.history)
        decided = said if isinstance(said, Writeback) else None
        at = database.clock.instant
        self.log.append(Logged(at=at, what="told", position=position, event=event, writeback=decided))
        if isinstance(said, Writeback):
            return [said]
        self.letters.append(said.reason.value)
        return []

    def _settings(self, row: Row) -> None:
        if row is self._saved:
            return
        self._minute()
        settings_store.save(
            self.database.connection, self.practice, settings_of(row), SAVING, clock=self.database.clock, jitter_s=0
        )
        self._minute()

    def _fact(self, row: Row) -> None:
        if row.what == "clock":
            self.database.clock.instant = datetime.fromisoformat(row.more["at"])
        elif row.what == "minute":
            self._minute()
        elif row.what == "link":
            self._link(row.words[0])

    def _hand(self, row: Row) -> None:
        if row.what != "record":
            raise VectorError(f"{row.place}: no hand {row.what}")
        record_by_hand(self.database, self.practice)
        self.log.append(Logged(at=self.database.clock.instant, what="recorded"))

    def found(self) -> Found:
        rows = _dicts(self.database, EFFECTS, self.practice)
        refused = _dicts(
            self.database,
            "SELECT headers FROM outbox WHERE practice_id = %s AND topic = %s",
            self.practice,
            TopicName.DEAD_LETTERS.value,
        )
        events = _dicts(self.database, EVENTS, self.practice)
        return Found(
            effects=[as_effect(row) for row in rows],
            events={row["event_id"]: (row["state"], row["reason"]) for row in events},
            letters=self.letters + [dict(row["headers"])["dl-reason"] for row in refused],
            verdicts=[row["verdict"] for row in _dicts(self.database, VERDICTS, self.practice)],
        )


def _dicts(database: LedgerDatabase, query: str, *values: Any) -> list[dict[str, Any]]:
    cursor = database.connection.execute(query, values)
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
