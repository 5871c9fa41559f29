"""Every case at the sandboxes: all cases at once through Kafka, every role, Open Dental and QuickBooks.

Each case is a practice with an office and, where it needs one, a company of its own. The acts of all cases go in
rounds: the next act of each case whose clock is the earliest is told, then the run waits until each of them is as its
table says, then the targets' own books are read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Final

import msgspec

from deploy.sandbox.demonstration import quickbooks_mapping, quickbooks_secrets
from schemas.codec import encode_event
from schemas.events import Event
from schemas.topics import STREAM_TOPICS
from tests.scenarios.business_time import BusinessTime
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.raw_records import put_all
from tests.vectors.by_effects import START
from tests.vectors.case_events import CaseEvents
from tests.vectors.entries import EFFECTS, EVENTS, VERDICTS, Found, as_effect, unmet
from tests.vectors.office_books import Books, unlike, unlike_company
from tests.vectors.practice import PATIENTS, facts, first_settings, settings_of, unlinked
from tests.vectors.reading import Act, Case, Row, VectorError

WITHIN_S: Final = 200.0
"""For one round of all cases."""
SET_UP_AT_ONCE: Final = 6
"""Practices that are set up at once: it is mostly waiting."""
LIVE: Final = ("SENDING", "ACCEPTED", "RETRYING", "UNCERTAIN")


class Running(msgspec.Struct, kw_only=True):
    """A case on its way."""

    case: Case
    practice: str
    case_events: CaseEvents
    acts: list[Act]
    clock: datetime = START
    words: dict[str, str] = {}
    saved: Row | None = None
    books: Books | None = None

    @classmethod
    def of(cls, case: Case, number: int) -> Running:
        practice = f"{case.name}-{number:03}"
        return cls(case=case, practice=practice, case_events=CaseEvents(practice), acts=list(case.acts))

    @property
    def due(self) -> datetime:
        """When the next act takes place."""
        said = [row.more["at"] for row in self.acts[0].steps if row.kind == "fact" and row.what == "clock"]
        return datetime.fromisoformat(said[0]) if said else self.clock


class AtTheTargets:
    """All cases in one pipeline."""

    def __init__(self, pipeline: Pipeline, cases: Sequence[Case]) -> None:
        self.pipeline = pipeline
        self.time = BusinessTime(pipeline, START)
        self.left = [Running.of(case, number) for number, case in enumerate(cases)]
        self.failed: dict[str, list[str]] = {}
        self.sent = 0
        with ThreadPoolExecutor(SET_UP_AT_ONCE) as pool:
            list(pool.map(self._set_up, self.left))

    def _set_up(self, running: Running) -> None:
        case, pipeline = running.case, self.pipeline
        if facts(case, "unknown"):
            return
        running.saved = first_settings(case)
        pms = not facts(case, "no-pms")
        books = any(row.what.startswith("payout") for act in case.acts for row in act.steps if row.kind == "told")
        pipeline.practice(
            running.practice,
            patients=[each for each in PATIENTS if each not in unlinked(case)],
            pms=pms,
            quickbooks=books and not facts(case, "income"),
            **msgspec.structs.asdict(settings_of(running.saved)),
        )
        if pms:
            running.books = Books.opened(pipeline, running.practice, case)
        if facts(case, "income"):
            self._booked_apart(running)

    def _booked_apart(self, running: Running) -> None:
        """Kinds of payment with an account of their own, a liability's: no deposit takes those (B-6)."""
        sandbox, realm = self.pipeline.sandbox, self.pipeline.accounts[running.practice][1]
        company = sandbox.quickbooks.add_company(realm, name=running.practice)
        by_kind = {
            kind: company.account(name.replace("_", " "))
            for row in facts(running.case, "income")
            for kind, name in row.more.items()
        }
        mapping = quickbooks_mapping(sandbox, realm) | {"income_by_kind": by_kind, "form": "JOURNAL_ENTRY"}
        secrets = quickbooks_secrets(sandbox, realm)
        self.pipeline.connect(running.practice, "quickbooks", sandbox.address.quickbooks, mapping, secrets)

    def run(self) -> dict[str, list[str]]:
        """What was not as its case says, by case; empty when all was."""
        while self.left:
            due = min(running.due for running in self.left)
            if due > self.time.now():
                self.time.to(due)
            self._round([running for running in self.left if running.due == due])
            self.left = [each for each in self.left if each.acts and each.case.name not in self.failed]
        return self.failed

    def _round(self, together: list[Running]) -> None:
        """One act of each of these cases."""
        events: list[Event] = []
        acts: dict[str, Act] = {}
        for running in together:
            running.clock = running.due
            acts[running.practice] = act = running.acts.pop(0)
            for row in act.steps:
                events += self._step(running, row)
        self.sent += len(events)
        self._send(events)
        wrong: dict[str, list[str]] = {}

        def settled() -> bool:
            wrong.clear()
            found = self._look()
            for running in together:
                if said := self._unmet(running, acts[running.practice], found[running.practice]):
                    wrong[running.case.name] = said
            return not wrong

        try:
            self.pipeline.until(lambda: self._stored() and settled(), "every case is as its table says", WITHIN_S)
        except AssertionError:
            if not wrong:
                raise
            self.failed |= wrong
        for running in together:
            if running.case.name not in self.failed and (said := self._at_targets(running, acts[running.practice])):
                self.failed[running.case.name] = said

    def _send(self, events: list[Event]) -> None:
        """As bytes: some of the cases are what the producer kit would not let out of the house."""
        records = [
            (STREAM_TOPICS[event.stream], event.practice_id.encode(), encode_event(event), None) for event in events
        ]
        if records:
            put_all(self.pipeline.world, [*records])

    def _step(self, running: Running, row: Row) -> list[Event]:
        if row.kind == "told":
            event = running.case_events.event(row, self.time.now())
            if row.what != "again":
                running.words[event.event_id] = row.what
            return [event]
        if row.kind == "settings":
            if row is not running.saved:
                self.pipeline.save(running.practice, **msgspec.structs.asdict(settings_of(row)))
        elif row.kind == "fact" and row.what == "link":
            self._link(running, row)
        elif row.kind != "fact":
            raise VectorError(f"{row.place}: {row.kind} is for the effects alone")
        return []

    def _link(self, running: Running, row: Row) -> None:
        if running.books is None:
            raise VectorError(f"{row.place}: there is no office to link to")
        patient = row.words[0]
        self.pipeline.link(running.practice, patient, str(running.books.add_patient(patient)))

    def _stored(self) -> bool:
        return int(self.pipeline.rows("SELECT count(*) AS n FROM receipts")[0]["n"]) >= self.sent

    def _unmet(self, running: Running, act: Act, found: Found) -> list[str]:
        if act.expected:
            return unmet(running.case, act.expected, found, running.words)
        now = self.time.now()
        posted = {(each.event_id, each.kind) for each in found.effects if each.state == "POSTED"}
        return [
            f"not at rest: {each}"
            for each in found.effects
            if each.state in LIVE
            or (
                each.state == "SCHEDULED"
                and each.due <= now
                and (each.after is None or (each.event_id, each.after) in posted)
            )
        ]

    def _look(self) -> dict[str, Found]:
        """The ledger of every case at once: one statement a table."""
        found: dict[str, Found] = defaultdict(Found)
        for row in self._all(EFFECTS):
            found[row.pop("practice_id")].effects.append(as_effect(row))
        for row in self._all(EVENTS):
            found[row["practice_id"]].events[row["event_id"]] = (row["state"], row["reason"])
        for row in self._all(VERDICTS):
            found[row["practice_id"]].verdicts.append(row["verdict"])
        for row in self.pipeline.rows("SELECT practice_id, reason FROM dead_letters WHERE effect_id = 0"):
            found[row["practice_id"]].letters.append(row["reason"])
        return found

    def _all(self, query: str) -> list[dict[str, Any]]:
        """A query of one practice for all of them, with the practice's name."""
        table = "e." if " e " in query else ""
        wide = query.replace("SELECT ", f"SELECT {table}practice_id, ", 1)
        return self.pipeline.rows(wide.replace(f"{table}practice_id = %s", "true"))

    def _at_targets(self, running: Running, act: Act) -> list[str]:
        said: list[str] = []
        if act.expected and running.books is not None:
            said = unlike(act.expected, running.books)
        if any(row.kind == "books" for row in act.expected):
            realm = self.pipeline.accounts[running.practice][1]
            said += unlike_company(act.expected, self.pipeline.sandbox.quickbooks.company(realm))
        return said
