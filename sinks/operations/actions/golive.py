"""The go-live checklist of a practice: entitled, connected, mapped, and proven by a test post taken back (C4, SET-24).

Passing it is recorded for the account that is connected, and lets the master switch be turned on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Final

import msgspec

from schemas.bookkeeping.money import Money
from schemas.practice_settings import PracticeSettings
from schemas.vocabulary import Target
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.registry import require_practice
from sinks.ledger.practices.settings import golive_state
from sinks.ledger.practices.settings.capabilities import warnings_of
from sinks.ledger.practices.settings.history import newest
from sinks.ledger.practices.settings.warnings import refused
from sinks.ledger.practices.stored_connections import stored_connection, stored_fingerprint
from sinks.ledger.rows.practices import GoliveState, GoliveStep
from sinks.operations.acting import Act, Action, Order, acting, authorise
from sinks.operations.actions import golive_plans, golive_posts
from sinks.operations.actions.golive_checklist import Checklist, ChecklistLine, LineItem
from sinks.operations.actions.golive_plans import Step
from sinks.operations.actions.settings import save_settings
from sinks.operations.ledger import Ledger
from sinks.targets.catalogue import open_target, times_of_route
from sinks.targets.patients import ReadsPatients
from sinks.targets.port import PaymentTarget, ReadFailed
from sinks.targets.route import AdapterContext, UnusableConnectionError
from streams.runtime.errors import ConfigurationError

_LEDGER: Final = named_queries("sinks.ledger.practices.settings", "entitlement.sql")
TEST_S: Final = 30.0
"""For the whole test of a connection; it reads three pages at most."""


class GoliveCheck:
    """One run of the checklist. Targets are opened as the poster opens them.

    A preview goes through every line that reads, says what the test post would be, and writes nothing anywhere.
    """

    def __init__(self, ledger: Ledger, practice_id: str, context: AdapterContext, order: Order) -> None:
        self._ledger = ledger
        self._connection = ledger.connection
        self._practice_id = practice_id
        self._context = context
        self._order = order
        self._lines: list[ChecklistLine] = []
        self._notes: list[str] = []

    async def run(self, pms_patient_id: str | None, *, again: bool = False, switch_on: bool = False) -> Checklist:
        """Every line in order; nothing is posted unless all before it passed. Safe to repeat at any time. Where people
        enter everything by hand there is no test post, and no patient for one (P-17).

        `again` makes a new test post although one has passed. Raises as `authorise`, and ConfigurationError for an
        unknown practice, and where an unfinished check stands on another patient.
        """
        authorise(self._order, Action.GOLIVE_CHECK, self._practice_id)
        settings, account = self._facts()
        pms = await self._connected(Target.PMS, LineItem.CONNECTION)
        try:
            await self._close(await self._connected(Target.QUICKBOOKS, LineItem.QUICKBOOKS))
            number = None
            if pms is not None and not pms.capabilities.entry_kinds:
                self._say(LineItem.TEST_POST, "none: everything is entered by hand", True)
                if pms_patient_id is not None:
                    self._notes.append(f"patient {pms_patient_id} is not used: there is no test post")
            elif pms is not None and account is not None and settings is not None and self._so_far():
                if pms_patient_id is None:
                    raise ConfigurationError("--test-patient: a test patient's id in the practice's own system")
                if await self._is_there(pms, pms_patient_id):
                    steps = self._steps(pms, account, pms_patient_id, settings, again)
                    number = steps[0].check_no
                    self._name_earlier(steps, pms_patient_id)
                    await (self._test_post(pms, steps) if self._order.apply else self._preview_post(steps))
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
        if not done.passed or account is None or not self._order.apply:
            return done
        self._record(account, done)
        return msgspec.structs.replace(done, switched_on=switch_on and self._switch_on())

    def _facts(self) -> tuple[PracticeSettings | None, str | None]:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            require_practice(cursor, self._practice_id)
            ready = golive_state.readiness(cursor, self._practice_id)
            standing = newest(cursor, self._practice_id)
            warnings = () if standing is None else warnings_of(cursor, self._practice_id, standing.settings)
            account = stored_fingerprint(cursor, self._practice_id, Target.PMS)
        entitle = f"writeback practice entitle {self._practice_id} --yes --why TEXT"
        self._say(LineItem.ENTITLEMENT, "entitled to write-back", ready.entitled_at is not None, entitle)
        if standing is None:
            save = f"writeback settings set {self._practice_id} FILE --yes --why TEXT"
            self._say(LineItem.SETTINGS, "settings saved", False, save)
            return None, account
        impossible = refused(warnings)
        self._notes += [f"{each.field}: {each.text}" for each in warnings if each not in impossible]
        advice = "; ".join(f"{each.field}: {each.text}" for each in impossible)
        self._say(LineItem.SETTINGS, f"settings version {standing.version}", not impossible, advice)
        return standing.settings, account

    async def _connected(self, target: Target, item: LineItem) -> PaymentTarget | None:
        """The opened target once its own test passed; a QuickBooks company is proven only where there is one."""
        with self._connection.cursor() as cursor:
            row = stored_connection(cursor, self._practice_id, target)
        if row is None:
            if target is Target.PMS:
                add = f"writeback target add {self._practice_id}"
                advice = f"{add} SYSTEM --config FILE; where no program posts: {add} worklist"
                self._say(item, "connected", False, advice)
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

    async def _is_there(self, target: PaymentTarget, patient: str) -> bool:
        """Whether the practice's system has the patient that was named; what cannot be asked is left to the post."""
        if not isinstance(target, ReadsPatients):
            return True
        found = await target.patient(patient, TEST_S)
        if isinstance(found, ReadFailed):
            self._notes.append(f"patient {patient} could not be looked up ({found.code})")
        elif found is None:
            advice = "the practice's system has no such patient: name a test patient that is there"
            self._say(LineItem.TEST_POST, f"patient {patient}", False, advice)
            return False
        elif not found.in_use:
            self._notes.append(f"patient {patient} is archived or deleted in the practice's system")
        return True

    def _name_earlier(self, steps: Sequence[Step], patient: str) -> None:
        """A test that has passed is not made again, also where another patient is named now: that is said."""
        first = steps[0]
        if golive_plans.complete(steps) and first.pms_patient_id != patient:
            self._notes.append(
                f"the test at patient {first.pms_patient_id} has passed and counts: nothing is posted at patient "
                f"{patient}; --again makes a new test there"
            )

    async def _test_post(self, target: PaymentTarget, steps: Sequence[Step]) -> None:
        """The payment, then what takes it back, each found again before the next."""
        payment, reversal = steps
        times = times_of_route(self._route(), self._context.settings)
        payment, done = await golive_posts.carry_out(self._connection, self._practice_id, payment, target, times)
        self._post_line(LineItem.TEST_POST, payment, done)
        if not done.passed:
            return
        reversal, done = await golive_posts.carry_out(
            self._connection, self._practice_id, reversal, target, times, payment.external_id
        )
        self._post_line(LineItem.REVERSAL, reversal, done)

    async def _preview_post(self, steps: Sequence[Step]) -> None:
        """What `_test_post` would write; an entry that stands already is not written again."""
        for item, step in zip((LineItem.TEST_POST, LineItem.REVERSAL), steps, strict=True):
            found = step.state is GoliveState.FOUND
            amount = Money(abs(step.instruction.amount_minor), step.instruction.currency)
            self._say(item, f"{_described(step)}: {amount}", True if found else None, "written with --yes --why TEXT")

    def _steps(
        self, target: PaymentTarget, account: str, patient: str, settings: PracticeSettings, again: bool
    ) -> list[Step]:
        """The unfinished check, the one that passed, or a new one; planned under the practice's lock."""
        with acting(self._ledger, self._order, Action.GOLIVE_CHECK, self._practice_id) as act:
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
            return self._begin(act, target, account, patient, settings)

    def _begin(
        self, act: Act, target: PaymentTarget, account: str, patient: str, settings: PracticeSettings
    ) -> list[Step]:
        row = stored_connection(act.cursor, self._practice_id, Target.PMS)
        steps = golive_plans.begin(
            self._connection,
            self._practice_id,
            target,
            connection_id="" if row is None else row.connection_id,
            account=account,
            pms_patient_id=patient,
            settings=settings,
            at=act.at,
            actor=self._order.actor.name,
        )
        markers = {"markers": [step.marker for step in steps]}
        act.audit(subject=f"check {steps[0].check_no}", after=markers, action="golive.begin")
        return steps

    def _record(self, account: str, done: Checklist) -> None:
        with acting(self._ledger, self._order, Action.GOLIVE_CHECK, self._practice_id) as act:
            if golive_state.readiness(act.cursor, self._practice_id).passed:
                return
            passed = {"practice_id": self._practice_id, "at": act.at, "account": account}
            act.cursor.execute(_LEDGER["passed_golive"], passed)
            lines = {"passed": [line.what for line in done.lines]}
            subject = "check without a test post" if done.check_no is None else f"check {done.check_no}"
            act.audit(subject=subject, after=lines, action="golive.pass")

    def _switch_on(self) -> bool:
        """SET-24: success switches the master on, as a version like any other. True: it is on now."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            require_practice(cursor, self._practice_id)
            standing = newest(cursor, self._practice_id)
        if standing is None or not standing.settings.master:
            save_settings(self._ledger, self._practice_id, _with_master, self._order)
        return True

    def _post_line(self, item: LineItem, step: Step, done: golive_posts.StepOutcome) -> None:
        passed = None if done.open else done.passed
        self._say(item, _described(step), passed, "" if done.passed else _unreversed(step) + done.text)

    def _route(self) -> str:
        with self._connection.cursor() as cursor:
            row = stored_connection(cursor, self._practice_id, Target.PMS)
        return "" if row is None else row.route

    def _so_far(self) -> bool:
        return all(line.passed for line in self._lines)

    def _say(self, item: LineItem, what: str, passed: bool | None, advice: str = "") -> None:
        self._lines.append(ChecklistLine(item=item, what=what, passed=passed, advice="" if passed else advice))

    @staticmethod
    async def _close(target: PaymentTarget | None) -> None:
        if target is not None:
            await target.close()


def _described(step: Step) -> str:
    made = "" if step.sent_at is None else f", made {step.sent_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"{step.entry_kind.value} {step.marker} at patient {step.pms_patient_id}{made}"


def _unreversed(step: Step) -> str:
    """Said where the test payment stands and what takes it back does not yet."""
    if step.name is GoliveStep.PAYMENT or step.state is GoliveState.FOUND:
        return ""
    return "the test payment still stands on the test patient's account; "


def _with_master(settings: PracticeSettings | None) -> PracticeSettings:
    if settings is None:
        raise ConfigurationError("there are no settings to switch on")
    return msgspec.structs.replace(settings, master=True)
