"""The go-live checklist of a practice: entitled, connected, mapped, and proven by a test post taken back (C4, SET-24).

Passing it is recorded for the account that is connected, and lets the master switch be turned on.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.practice_settings import PracticeSettings
from schemas.vocabulary import Target
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.audit import append
from sinks.ledger.practices.registry import require_practice
from sinks.ledger.practices.settings import golive_state
from sinks.ledger.practices.settings.capabilities import warnings_of
from sinks.ledger.practices.settings.history import newest
from sinks.ledger.practices.settings.settings_store import Saving, change
from sinks.ledger.practices.settings.warnings import refused
from sinks.ledger.practices.stored_connections import stored_connection, stored_fingerprint
from sinks.ledger.unit_of_work import instant
from sinks.operations.actions import golive_plans, golive_posts
from sinks.operations.actions.golive_checklist import Checklist, Item, Line
from sinks.operations.actions.golive_plans import Step, StepState
from sinks.targets.catalogue import open_target, times_of_route
from sinks.targets.port import PaymentTarget
from sinks.targets.route import AdapterContext, UnusableConnectionError
from streams.runtime.clock import Clock
from streams.runtime.errors import ConfigurationError

_SQL: Final = named_queries("sinks.ledger.practices.settings", "entitlement.sql")

Connection = psycopg.Connection[TupleRow]

TEST_S: Final = 30.0
"""For the whole test of a connection; it reads three pages at most."""


class Checking:
    """One run of the checklist. `connection` is the ledger's; targets are opened as the poster opens them."""

    def __init__(
        self,
        connection: Connection,
        practice_id: str,
        context: AdapterContext,
        saving: Saving,
        clock: Clock,
        jitter_s: int,
    ) -> None:
        self._connection = connection
        self._practice_id = practice_id
        self._context = context
        self._saving = saving
        self._clock = clock
        self._jitter_s = jitter_s
        self._lines: list[Line] = []
        self._notes: list[str] = []

    async def run(self, pms_patient_id: str, *, again: bool = False, switch_on: bool = False) -> Checklist:
        """Every line in order; nothing is posted unless all before it passed. Safe to repeat at any time.

        `again` makes a new test post although one has passed. Raises ConfigurationError for an unknown practice, and
        where an unfinished check stands on another patient.
        """
        settings, account = self._facts()
        pms = await self._connected(Target.PMS, Item.CONNECTION)
        try:
            await self._close(await self._connected(Target.QUICKBOOKS, Item.QUICKBOOKS))
            number = None
            if pms is not None and account is not None and settings is not None and self._so_far():
                number = await self._test_post(pms, account, pms_patient_id, settings, again)
        finally:
            await self._close(pms)
        left = () if account is None else golive_plans.left_elsewhere(self._connection, self._practice_id, account)
        done = Checklist(
            practice_id=self._practice_id,
            lines=tuple(self._lines),
            check_no=number,
            left_elsewhere=tuple(left),
            notes=tuple(self._notes),
        )
        if not done.passed or account is None:
            return done
        self._record(account, done)
        return msgspec.structs.replace(done, switched_on=switch_on and self._switch_on())

    def _facts(self) -> tuple[PracticeSettings | None, str | None]:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            require_practice(cursor, self._practice_id)
            ready = golive_state.readiness(cursor, self._practice_id)
            standing = newest(cursor, self._practice_id)
            impossible = () if standing is None else refused(warnings_of(cursor, self._practice_id, standing.settings))
            account = stored_fingerprint(cursor, self._practice_id, Target.PMS)
        entitle = f"writeback practice entitle {self._practice_id} --why WHY"
        self._say(Item.ENTITLEMENT, "entitled to write-back", ready.entitled_at is not None, entitle)
        if standing is None:
            save = f"writeback settings set {self._practice_id} FILE --why WHY"
            self._say(Item.SETTINGS, "settings saved", False, save)
            return None, account
        advice = "; ".join(f"{each.field}: {each.text}" for each in impossible)
        self._say(Item.SETTINGS, f"settings version {standing.version}", not impossible, advice)
        return standing.settings, account

    async def _connected(self, target: Target, item: Item) -> PaymentTarget | None:
        """The opened target once its own test passed; a QuickBooks company is proven only where there is one."""
        with self._connection.cursor() as cursor:
            row = stored_connection(cursor, self._practice_id, target)
        if row is None:
            if target is Target.PMS:
                self._say(item, "connected", False, f"writeback target add {self._practice_id} TARGET --config FILE")
            return None
        try:
            opened = open_target(row, self._context)
        except UnusableConnectionError as error:
            self._say(item, "connected", False, str(error))
            return None
        report = await opened.test(TEST_S)
        for what, passed, advice in report.checks:
            self._say(item, what, passed, advice)
        self._notes += report.notes
        if not report.ok:
            await opened.close()
            return None
        return opened

    async def _test_post(
        self, target: PaymentTarget, account: str, patient: str, settings: PracticeSettings, again: bool
    ) -> int | None:
        """The payment, then what takes it back, each found again before the next."""
        payment, reversal = self._steps(target, account, patient, settings, again)
        times = times_of_route(self._route(), self._context.settings)
        payment, done = await golive_posts.carry_out(self._connection, self._practice_id, payment, target, times)
        self._post_line(Item.TEST_POST, payment, done)
        if not done.passed:
            return payment.check_no
        reversal, done = await golive_posts.carry_out(
            self._connection, self._practice_id, reversal, target, times, payment.external_id
        )
        self._post_line(Item.REVERSAL, reversal, done)
        return payment.check_no

    def _steps(
        self, target: PaymentTarget, account: str, patient: str, settings: PracticeSettings, again: bool
    ) -> list[Step]:
        """The unfinished check, the one that passed, or a new one; planned under the practice's lock."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            require_practice(cursor, self._practice_id)
            steps = golive_plans.latest(self._connection, self._practice_id, account)
            if steps and not golive_plans.complete(steps) and steps[0].pms_patient_id != patient:
                first = steps[0]
                if not golive_plans.drop_unsent(self._connection, self._practice_id, first.check_no):
                    raise ConfigurationError(
                        f"check {first.check_no} is unfinished at patient {first.pms_patient_id}: finish it first with "
                        f"--test-patient {first.pms_patient_id}, so that its entry is taken back"
                    )
                steps = []
            if steps and not (again and golive_plans.complete(steps)):
                return steps
            at = instant(cursor, self._clock.for_database())
            row = stored_connection(cursor, self._practice_id, Target.PMS)
            steps = golive_plans.begin(
                self._connection,
                self._practice_id,
                target,
                connection_id="" if row is None else row.connection_id,
                account=account,
                pms_patient_id=patient,
                settings=settings,
                at=at,
                actor=self._saving.actor,
            )
            self._audit(cursor, at, "golive.begin", steps[0].check_no, {"markers": [step.marker for step in steps]})
            return steps

    def _record(self, account: str, done: Checklist) -> None:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            require_practice(cursor, self._practice_id)
            if golive_state.readiness(cursor, self._practice_id).passed:
                return
            at = instant(cursor, self._clock.for_database())
            passed = {"practice_id": self._practice_id, "at": at, "account": account}
            cursor.execute(_SQL["passed_golive"], passed)
            self._audit(cursor, at, "golive.pass", done.check_no, {"passed": [line.what for line in done.lines]})

    def _switch_on(self) -> bool:
        """SET-24: success switches the master on, as a version like any other. True: it is on now."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            require_practice(cursor, self._practice_id)
            standing = newest(cursor, self._practice_id)
        if standing is not None and standing.settings.master:
            return True
        change(
            self._connection,
            self._practice_id,
            _with_master,
            self._saving,
            clock=self._clock,
            jitter_s=self._jitter_s,
        )
        return True

    def _post_line(self, item: Item, step: Step, done: golive_posts.Done) -> None:
        what = f"{step.entry_kind.value} {step.marker} at patient {step.pms_patient_id}"
        passed = None if done.open else done.passed
        self._say(item, what, passed, "" if done.passed else _unreversed(step) + done.text)

    def _route(self) -> str:
        with self._connection.cursor() as cursor:
            row = stored_connection(cursor, self._practice_id, Target.PMS)
        return "" if row is None else row.route

    def _so_far(self) -> bool:
        return all(line.passed for line in self._lines)

    def _say(self, item: Item, what: str, passed: bool | None, advice: str = "") -> None:
        self._lines.append(Line(item=item, what=what, passed=passed, advice="" if passed else advice))

    def _audit(self, cursor: Any, at: datetime, action: str, check_no: int | None, after: dict[str, Any]) -> None:
        append(
            cursor,
            self._practice_id,
            at=at,
            actor=self._saving.actor,
            action=action,
            subject=f"check {check_no}",
            after=after,
            why=self._saving.reason,
        )

    @staticmethod
    async def _close(target: PaymentTarget | None) -> None:
        if target is not None:
            await target.close()


def _unreversed(step: Step) -> str:
    """Said where the test payment stands and what takes it back does not yet."""
    if step.name is golive_plans.StepName.PAYMENT or step.state is StepState.FOUND:
        return ""
    return "the test payment still stands on the test patient's account; "


def _with_master(settings: PracticeSettings | None) -> PracticeSettings:
    if settings is None:
        raise ConfigurationError("there are no settings to switch on")
    return msgspec.structs.replace(settings, master=True)
