"""The story that `make demo` tells: a day, a crash, a cut-off, the books, a repair. It checks its own claims."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import Final

import psycopg

from deploy.demo.coming_back import judge_coming_back, morning_after
from deploy.demo.counting import records_by_practice
from deploy.demo.day import Day, practice_day
from deploy.demo.furnishing import connect_pms, furnish
from deploy.demo.outcome import Claim, Seen, judge, look
from deploy.demo.practices import PRACTICES, DemoPractice
from deploy.demo.reckoning import Expected, reckon
from deploy.demo.spoiled import REFUSED, spoil
from deploy.demo.stage import Stage
from schemas.events import Event, MoneyFields
from schemas.topics import SOURCES, TopicName
from sinks.operations.queries.receipts_audit import audit
from streams.kafka.producer import EventProducer
from streams.runtime.errors import Role

SEED: Final = 2026
WAIT_S: Final = 90.0
SATURDAY: Final = 5
AFTER_JITTER: Final = timedelta(minutes=3)
"""A practice's release is spread over at most two minutes (law 24)."""

Say = Callable[[str], None]
Books = dict[str, tuple[Expected, Seen, list[Claim]]]


def day_before(today: date) -> date:
    """The last weekday at least two days back: its evening has passed in every zone of the demonstration."""
    day = today - timedelta(days=2)
    while day.weekday() >= SATURDAY:
        day -= timedelta(days=1)
    return day


class Story:
    """One run. Every method is one paragraph; `claims` collects what was promised and whether it held."""

    def __init__(self, stage: Stage, on: date, say: Say) -> None:
        self.stage, self.on, self.say = stage, on, say
        self.days = [practice_day(practice, on, SEED) for practice in PRACTICES]
        self.claims: list[Claim] = []
        self.sent = 0

    def set_up(self) -> None:
        """Three practices, each with an office, linked patients and a company."""
        for practice in PRACTICES:
            furnish(self.stage.settings, self.stage.sandbox, practice)
            self.say(f"  {practice.name}")
        self.stage.start_roles()
        self.say("  every role is at work: rules, intake, poster, relay, notifier")

    def morning(self) -> None:
        """Payments until noon in New York; the poster is killed in mid-flight and comes back."""
        noon = datetime.combine(self.on, time_of_day(12, 0), PRACTICES[0].zone)
        self.stage.set_clock(noon)
        self._send(event for day in self.days for event in day.payments if event.occurred_at <= noon)
        self.stage.until(lambda: self._count("POSTED") >= 10, "the first entries are posted", WAIT_S)
        posted = self._count("POSTED")
        pid = self.stage.kill(Role.POSTER)
        self.say(f"  SIGKILL to the poster (process {pid}) in mid-flight, {posted} entries posted so far")
        self.stage.until(lambda: not self._on_their_way(), "the new poster has read back and posted the rest", WAIT_S)
        found = self._uncertain_settled()
        self.say(f"  a new poster took over: {found} entries were in doubt and were looked up at the target first")

    def afternoon(self) -> None:
        """The rest of the day, the payouts, and what upstreams get wrong."""
        noon = datetime.combine(self.on, time_of_day(12, 0), PRACTICES[0].zone)
        before_release = datetime.combine(self.on, time_of_day(17, 50), PRACTICES[1].zone)
        self.stage.set_clock(before_release)
        self._send(event for day in self.days for event in day.events() if event.occurred_at > noon)
        self.sent += spoil(self.stage.settings, self.days[0])
        self.stage.until(lambda: self._received() >= self.sent, "every record has its receipt", WAIT_S)
        self.stage.until(lambda: not self._on_their_way(), "what is due is posted", WAIT_S)
        waiting = self._scheduled(PRACTICES[1])
        self.say(f"  {waiting} entries of {PRACTICES[1].practice_id} wait for its release at 18:00 Phoenix time")
        self.claims.append(
            Claim("nothing of a daily practice was posted before its cut-off", self._pms_is_empty(), f"{waiting} wait")
        )

    def cut_off(self) -> None:
        """18:00 in Phoenix: the day is released."""
        release = datetime.combine(self.on, PRACTICES[1].settings.cut_off, PRACTICES[1].zone)
        self.stage.set_clock(release + AFTER_JITTER)
        self.stage.until(lambda: not self._scheduled(PRACTICES[1]), "the day is released", WAIT_S)
        self.stage.until(lambda: not self._on_their_way(), "the released day is posted", WAIT_S)
        self.stage.until(self._told, "the practices concerned have their letters", WAIT_S)

    def books(self) -> Books:
        """Every practice, looked at from outside, with its claims."""
        books: Books = {}
        records = records_by_practice(self.stage.settings, *SOURCES)
        letters = records_by_practice(self.stage.settings, TopicName.DEAD_LETTERS)
        for day in self.days:
            seen = look(self.stage, day.practice)
            seen.records = records[day.practice.practice_id]
            seen.dead_letters = letters[day.practice.practice_id]
            expected = reckon(day, broken=day.practice.broken_mapping)
            claims = judge(day.practice, expected, seen, self._waiting_events(day))
            self.claims += claims
            books[day.practice.practice_id] = (expected, seen, claims)
        self._whole()
        return books

    def repair(self) -> None:
        """The broken mapping is repaired: what had stopped goes by itself, and a second letter closes the first."""
        day = next(day for day in self.days if day.practice.broken_mapping)
        letters = len(look(self.stage, day.practice).letters)
        saved = connect_pms(self.stage.settings, self.stage.sandbox, day.practice, broken=False)
        self.stage.until(lambda: not self._on_their_way() and not self._dead(day.practice), "they are posted", WAIT_S)
        seen_letters = self.stage.sandbox.mail.messages
        self.stage.until(lambda: len(seen_letters(day.practice.email)) > letters, "the matter is closed", WAIT_S)
        seen = look(self.stage, day.practice)
        self.claims += judge(day.practice, reckon(day, broken=False), seen, self._waiting_events(day))
        self.say(f"  {saved.released} entries went again by themselves; last letter: {seen.letters[-1]!r}")

    def next_morning(self) -> None:
        """Money goes back: a refund, a return, a lost dispute; and the bank refuses a payout."""
        day = self.days[0]
        opens = datetime.combine(self.on + timedelta(days=1), time_of_day(8, 0), day.practice.zone)
        before = look(self.stage, day.practice)
        back = morning_after(day, opens)
        self.stage.set_clock(opens + timedelta(minutes=30))
        self._send(back.events)
        self.stage.until(lambda: self._received() >= self.sent, "every record has its receipt", WAIT_S)
        self.stage.until(lambda: not self._on_their_way(), "what goes back is posted", WAIT_S)
        after = look(self.stage, day.practice)
        self.claims += judge_coming_back(back, before, after)
        self.say(f"  {after.pms_entries - before.pms_entries} new entries in the PMS, each beside its original")

    def _whole(self) -> None:
        """0 lost, 0 doubled: receipts against the topics, and the targets' own lists."""
        with psycopg.connect(self.stage.settings.database_url) as db:
            partitions = audit(db, self.stage.settings, settle_s=10, wait=time.sleep)
        missing = sum(each.missing + each.doubled for each in partitions)
        records = sum(each.receipts for each in partitions)
        self.claims.append(
            Claim("0 lost: every record of the topics has its receipt", not missing, f"{records} records")
        )
        doubled = [*self.stage.sandbox.open_dental.doubled(), *self.stage.sandbox.quickbooks.doubled()]
        self.claims.append(
            Claim("0 doubled: no entry stands twice at any target", not doubled, f"{len(doubled)} found")
        )
        refused = self.stage.rows("SELECT count(*) AS n FROM receipts WHERE verdict IN ('DEAD_LETTER', 'CONFLICT')")
        self.claims.append(
            Claim("what cannot be right is kept and told", refused[0]["n"] == REFUSED + 1, f"{refused[0]['n']} records")
        )

    def _send(self, events: Iterable[Event]) -> None:
        ordered = sorted(events, key=lambda event: event.occurred_at)
        with EventProducer(self.stage.settings.kafka_client(), self.stage.settings.topic_prefix) as producer:
            for event in ordered:
                producer.send(event)
        self.sent += len(ordered)
        self.say(f"  {len(ordered)} events sent")

    def _number(self, query: str) -> int:
        return int(self.stage.rows(query)[0]["n"])

    def _count(self, state: str) -> int:
        return self._number(f"SELECT count(*) AS n FROM effects WHERE state = '{state}'")  # noqa: S608

    def _received(self) -> int:
        return self._number("SELECT count(*) AS n FROM receipts")

    def _scheduled(self, practice: DemoPractice) -> int:
        return self._number(
            "SELECT count(*) AS n FROM effects WHERE is_in_lane(state) "  # noqa: S608
            f"AND practice_id = '{practice.practice_id}'"
        )

    def _dead(self, practice: DemoPractice) -> int:
        return self._number(
            "SELECT count(*) AS n FROM effects WHERE is_dead(state) "  # noqa: S608
            f"AND practice_id = '{practice.practice_id}'"
        )

    def _on_their_way(self) -> int:
        """Entries that are due and not posted, but for what depends on a dead one; and records without a receipt."""
        due = self._number(
            "SELECT count(*) AS n FROM effects e LEFT JOIN effects o "  # noqa: S608
            "ON (o.practice_id, o.effect_id) = (e.practice_id, e.depends_on) "
            "WHERE is_in_lane(e.state) "
            f"AND e.due_at <= '{self.stage.settings.clock().now().isoformat()}' "
            "AND (o.state IS NULL OR NOT is_dead(o.state))"
        )
        return due + max(0, self.sent - self._received())

    def _uncertain_settled(self) -> int:
        return self._number(
            "SELECT count(DISTINCT (practice_id, effect_id)) AS n FROM attempts WHERE phase = 'readback'"
        )

    def _pms_is_empty(self) -> bool:
        return not self.stage.sandbox.open_dental.payments(PRACTICES[1].customer_key)

    def _told(self) -> bool:
        concerned = [PRACTICES[0], *(practice for practice in PRACTICES if practice.broken_mapping)]
        return all(self.stage.sandbox.mail.messages(practice.email) for practice in concerned)

    def _waiting_events(self, day: Day) -> int:
        rows = self.stage.rows(
            "SELECT event_id FROM events WHERE waiting IS NOT NULL "  # noqa: S608
            f"AND practice_id = '{day.practice.practice_id}'"
        )
        waiting = {row["event_id"] for row in rows}
        return sum(
            each.gross_minor for each in day.payments if each.event_id in waiting and isinstance(each, MoneyFields)
        )


def today_utc() -> date:
    return datetime.now(UTC).date()
