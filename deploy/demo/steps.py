"""The steps of `make demo`: a practice day with a crash, a night window, a cut-off, a repair and reversals. Each checks
its claims."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from datetime import time as time_of_day
from typing import Final

import psycopg

from deploy.demo.day import Day, practice_day
from deploy.demo.environment import DemoEnvironment
from deploy.demo.expected import Expected, expected_totals
from deploy.demo.invalid_records import REFUSED, send_invalid_records
from deploy.demo.observed import Claim, Observed, check_practice, observe
from deploy.demo.practice_setup import connect_pms, set_up_practice
from deploy.demo.practices import HARBOR, JUNIPER, MESA, PRACTICES, SUMMIT, DemoPractice
from deploy.demo.record_counts import records_by_practice
from deploy.demo.reversals import check_reversals, next_morning_reversals
from deploy.demo.work_list import check_work_list
from schemas.events import Event, MoneyFields
from schemas.topics import SOURCES, TopicName
from sinks.operations.acting import Actor
from sinks.operations.queries.receipts_audit import audit
from sinks.operations.viewing import view_for_process
from streams.kafka.producer import EventProducer
from streams.runtime.errors import Role

SEED: Final = 2026
WAIT_S: Final = 90.0
AFTER_JITTER: Final = timedelta(minutes=3)
"""A practice's release is spread over at most two minutes (law 24)."""

Say = Callable[[str], None]
Results = dict[str, tuple[Expected, Observed, list[Claim]]]


class Demonstration:
    """One run, one method a step. `claims` collects what was promised and whether it holds."""

    def __init__(self, environment: DemoEnvironment, say: Say) -> None:
        view_for_process(Actor("demo"))
        self.environment, self.on, self.say = environment, environment.on, say
        self.days = [practice_day(practice, self.on, SEED) for practice in PRACTICES]
        self.claims: list[Claim] = []
        self.sent = 0

    def set_up(self) -> None:
        """Six practices, each with its practice system or none, linked patients and a company."""
        for practice in PRACTICES:
            set_up_practice(self.environment.settings, self.environment.sandbox, practice)
            self.say(f"  {practice.name}")
        self.environment.start_roles()

    def morning(self) -> None:
        """Payments until noon in New York; the poster is killed in mid-flight and comes back."""
        noon = self._noon()
        self.environment.set_clock(noon)
        self._send(event for day in self.days for event in day.payments if event.occurred_at <= noon)
        self.environment.until(lambda: self._count("POSTED") >= 10, "the first entries are posted", WAIT_S)
        posted = self._count("POSTED")
        pid = self.environment.kill(Role.POSTER)
        self.say(f"  SIGKILL to the poster (process {pid}) in mid-flight, {posted} entries posted so far")
        self.environment.until(
            lambda: not self._open_entries(), "the new poster has read back and posted the rest", WAIT_S
        )
        found = self._uncertain_settled()
        self.say(f"  a new poster took over: {found} entries were in doubt and were looked up at the target first")

    def early_evening(self) -> None:
        """18:30 in New York: a daily practice is released, and its practice system takes nothing before its night."""
        noon, now = self._noon(), datetime.combine(self.on, time_of_day(18, 30), SUMMIT.zone)
        self.environment.set_clock(now)
        self._send(event for day in self.days for event in day.events() if noon < event.occurred_at <= now)
        self.environment.until(lambda: self._received() >= self.sent, "every record has its receipt", WAIT_S)
        self.environment.until(lambda: not self._open_entries(but=SUMMIT), "what is due is posted", WAIT_S)
        waiting = self._scheduled(SUMMIT)
        self.say(f"  {waiting} entries of {SUMMIT.practice_id} are due since 18:00, and wait for Cloud9's night window")
        calls = self.environment.sandbox.connector.calls(SUMMIT.account)
        asked = [call for call in calls if call.method == "POST" and call.path.endswith("/entries")]
        self.claims.append(
            Claim(
                "before Cloud9's window opens its connector is asked to write nothing, and no attempt is spent",
                waiting > 0 and not asked and not self._attempts(SUMMIT),
                f"{waiting} wait, {len(asked)} requests to write",
            )
        )

    def rest_of_the_day(self) -> None:
        """The rest of the day, the payouts, and invalid records; meanwhile the night window has opened."""
        sent_until = datetime.combine(self.on, time_of_day(18, 30), SUMMIT.zone)
        before_release = datetime.combine(self.on, time_of_day(17, 50), MESA.zone)
        self.environment.set_clock(before_release)
        self._send(event for day in self.days for event in day.events() if event.occurred_at > sent_until)
        self.sent += send_invalid_records(self.environment.settings, self.days[0])
        self.environment.until(lambda: self._received() >= self.sent, "every record has its receipt", WAIT_S)
        self.environment.until(lambda: not self._open_entries(), "what is due is posted", WAIT_S)
        waiting = self._scheduled(MESA)
        self.say(f"  {waiting} entries of {MESA.practice_id} wait for its release at 18:00 Phoenix time")
        self.claims.append(
            Claim("nothing of a daily practice was posted before its cut-off", self._pms_is_empty(), f"{waiting} wait")
        )

    def cut_off(self) -> None:
        """18:00 in Phoenix: the day is released."""
        release = datetime.combine(self.on, MESA.settings.cut_off, MESA.zone)
        self.environment.set_clock(release + AFTER_JITTER)
        self.environment.until(lambda: not self._scheduled(MESA), "the day is released", WAIT_S)
        self.environment.until(lambda: not self._open_entries(), "the released day is posted", WAIT_S)
        self.environment.until(self._notified, "the practices concerned are notified", WAIT_S)

    def results(self) -> Results:
        """Every practice as its systems show it, with its claims."""
        results: Results = {}
        records = records_by_practice(self.environment.settings, *SOURCES)
        dead_letters = records_by_practice(self.environment.settings, TopicName.DEAD_LETTERS)
        for day in self.days:
            observed = observe(self.environment, day.practice)
            observed.records = records[day.practice.practice_id]
            observed.dead_letters = dead_letters[day.practice.practice_id]
            expected = expected_totals(day, broken=day.practice.broken_mapping)
            claims = check_practice(day.practice, expected, observed, self._waiting_events(day))
            if day.practice is JUNIPER:
                claims.append(check_work_list(self.environment, JUNIPER, expected))
            self.claims += claims
            results[day.practice.practice_id] = (expected, observed, claims)
        self._check_totals()
        return results

    def repair(self) -> None:
        """The broken mapping is repaired: what had stopped goes by itself, and a second notice closes the first."""
        day = next(day for day in self.days if day.practice.broken_mapping)
        notices = len(observe(self.environment, day.practice).notices)
        saved = connect_pms(self.environment.settings, self.environment.sandbox, day.practice, broken=False)
        self.environment.until(
            lambda: not self._open_entries() and not self._dead(day.practice), "they are posted", WAIT_S
        )
        messages = self.environment.sandbox.mail.messages
        self.environment.until(lambda: len(messages(day.practice.email)) > notices, "the notice is closed", WAIT_S)
        observed = observe(self.environment, day.practice)
        self.claims += check_practice(
            day.practice, expected_totals(day, broken=False), observed, self._waiting_events(day)
        )
        self.say(f"  {saved.released} entries went again by themselves; last notice: {observed.notices[-1]!r}")

    def next_morning(self) -> None:
        """Reversals: a refund, a return, a lost dispute, and a payout that the bank refuses."""
        day = self.days[0]
        opens = datetime.combine(self.on + timedelta(days=1), time_of_day(8, 0), day.practice.zone)
        before = observe(self.environment, day.practice)
        reversals = next_morning_reversals(day, opens)
        self.environment.set_clock(opens + timedelta(minutes=30))
        self._send(reversals.events)
        self.environment.until(lambda: self._received() >= self.sent, "every record has its receipt", WAIT_S)
        self.environment.until(lambda: not self._open_entries(), "the reversals are posted", WAIT_S)
        after = observe(self.environment, day.practice)
        self.claims += check_reversals(reversals, before, after)
        self.say(f"  {after.pms_entries - before.pms_entries} new entries in the PMS, each beside its original")

    def _noon(self) -> datetime:
        return datetime.combine(self.on, time_of_day(12, 0), HARBOR.zone)

    def _check_totals(self) -> None:
        """Nothing lost, nothing doubled: receipts against the topics, and the targets' own lists."""
        with psycopg.connect(self.environment.settings.database_url) as db:
            partitions = audit(db, self.environment.settings, settle_s=10, wait=time.sleep)
        missing = sum(each.missing + each.doubled for each in partitions)
        records = sum(each.receipts for each in partitions)
        self.claims.append(
            Claim("0 lost: every record of the topics has its receipt", not missing, f"{records} records")
        )
        sandbox = self.environment.sandbox
        targets = (sandbox.open_dental, sandbox.nexhealth, sandbox.connector, sandbox.quickbooks)
        doubled = [each for target in targets for each in target.doubled()]
        self.claims.append(
            Claim("0 doubled: no entry stands twice at any target", not doubled, f"{len(doubled)} found")
        )
        refused = self.environment.rows(
            "SELECT count(*) AS n FROM receipts WHERE verdict IN ('DEAD_LETTER', 'CONFLICT')"
        )
        self.claims.append(
            Claim(
                "invalid records are dead-lettered and reported",
                refused[0]["n"] == REFUSED + 1,
                f"{refused[0]['n']} records",
            )
        )

    def _send(self, events: Iterable[Event]) -> None:
        ordered = sorted(events, key=lambda event: event.occurred_at)
        with EventProducer(
            self.environment.settings.kafka_client(), self.environment.settings.topic_prefix
        ) as producer:
            for event in ordered:
                producer.send(event)
        self.sent += len(ordered)
        self.say(f"  {len(ordered)} events sent")

    def _number(self, query: str) -> int:
        return int(self.environment.rows(query)[0]["n"])

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

    def _attempts(self, practice: DemoPractice) -> int:
        return self._number(
            "SELECT count(*) AS n FROM attempts a JOIN effects e USING (practice_id, effect_id) "  # noqa: S608
            f"WHERE e.target = 'PMS' AND practice_id = '{practice.practice_id}'"
        )

    def _open_entries(self, but: DemoPractice | None = None) -> int:
        """Entries that are due and not posted, but for what depends on a dead one and for one practice's; and records
        without a receipt."""
        due = self._number(
            "SELECT count(*) AS n FROM effects e LEFT JOIN effects o "  # noqa: S608
            "ON (o.practice_id, o.effect_id) = (e.practice_id, e.depends_on) "
            f"WHERE is_in_lane(e.state) AND e.practice_id <> '{'' if but is None else but.practice_id}' "
            f"AND e.due_at <= '{self.environment.settings.clock().now().isoformat()}' "
            "AND (o.state IS NULL OR NOT is_dead(o.state))"
        )
        return due + max(0, self.sent - self._received())

    def _uncertain_settled(self) -> int:
        return self._number(
            "SELECT count(DISTINCT (practice_id, effect_id)) AS n FROM attempts WHERE phase = 'readback'"
        )

    def _pms_is_empty(self) -> bool:
        return not self.environment.sandbox.open_dental.payments(MESA.account)

    def _notified(self) -> bool:
        concerned = [HARBOR, *(practice for practice in PRACTICES if practice.broken_mapping)]
        return all(self.environment.sandbox.mail.messages(practice.email) for practice in concerned)

    def _waiting_events(self, day: Day) -> int:
        rows = self.environment.rows(
            "SELECT event_id FROM events WHERE waiting IS NOT NULL "  # noqa: S608
            f"AND practice_id = '{day.practice.practice_id}'"
        )
        waiting = {row["event_id"] for row in rows}
        return sum(
            each.gross_minor for each in day.payments if each.event_id in waiting and isinstance(each, MoneyFields)
        )
