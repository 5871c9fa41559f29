"""A late answer proves one attempt while another is in doubt: the entry is POSTED, and read again for a duplicate (laws
19 and 20)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import AsyncConnection

from deploy.sandbox.running import Effect, FaultKind
from schemas.practice_settings import AmountMode
from schemas.vocabulary import DecisionReason, Stage, State
from sinks.ledger import gates
from sinks.poster.call_outcome import Outcome, Verdict
from sinks.poster.confirmation_rows import Confirmation
from sinks.poster.confirmation_store import ConfirmationStore
from sinks.poster.confirmations import Confirmer
from sinks.poster.duplicate_check import CheckResult, judge
from sinks.poster.ledger_access import LedgerAccess
from sinks.targets.port import Found, ReadFailed, Scope
from streams.runtime.clock import SystemClock
from tests.processors.rules.event_examples import PRACTICE
from tests.scenarios.roles import Role
from tests.scenarios.waiting import WITHIN_S, until
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.poster.call_examples import TIMES, planned_call
from tests.sinks.poster.offices import Office, Offices
from tests.sinks.poster.test_safety_devices import CONNECTION, database, mark, posted  # noqa: F401
from tests.worlds import World

PATH = "/payments"


def _reported(offices: Offices) -> list[str]:
    """Reasons of the dead letters that were enqueued."""
    rows = offices.database.rows(
        "SELECT headers FROM outbox WHERE topic = 'writeback-dead-letters.v1' ORDER BY created_at"
    )
    return [dict(headers).get("dl-reason", str(headers)) for (headers,) in rows]


def _two_attempts(offices: Offices, seconds: float, *, second: Effect) -> tuple[Office, Role]:
    """The first poster froze with its success in hand. The office showed the entry only after `seconds`, so that the
    next owner believed in its absence and sent again; that call had no answer, and `second` says whether it wrote."""
    office = offices.open(amount=AmountMode.GROSS)
    offices.database.report(office.pay("pt-1"))
    account = office.customer_key
    offices.sandbox.open_dental.fault(
        FaultKind.LATE_VISIBLE, seconds=seconds, account=account, method="POST", path=PATH, times=1
    )
    first = offices.process(test_crash_at="poster.after_answer:stop")
    until(lambda: len(office.payments()) == 1, "the first entry stands", show=first.text)
    offices.sandbox.open_dental.fault(
        FaultKind.TIMEOUT, second, seconds=6.0, account=account, method="POST", path=PATH, times=1
    )
    offices.poster()
    until(lambda: office.column("attempts") == [2], "the entry is sent again", show=office.shown)
    return office, first


def test_a_duplicate_behind_a_late_answer_is_found_and_reported(offices: Offices) -> None:
    """POSTED by the first answer at once; then the entry of the second attempt, which got no answer, is found."""
    office, first = _two_attempts(offices, 60.0, second=Effect.BEFORE)
    first.thaw()
    office.until_states("POSTED")
    assert office.column("external_id") == ["payments/1001"]
    until(lambda: _reported(offices) != [], "the duplicate is reported", show=office.shown)
    assert _reported(offices) == ["DUPLICATE_AT_TARGET"]
    assert len(office.payments()) == 2
    until(lambda: office.column("second_look_at") == [None], "and it is checked no more", show=office.shown)
    assert office.states() == ["POSTED"]


@pytest.mark.long
def test_an_attempt_that_wrote_nothing_is_checked_once_more_and_not_reported(offices: Offices) -> None:
    """The second attempt never reached the office: one more read, after its time to settle, and no report."""
    office, first = _two_attempts(offices, 60.0, second=Effect.NONE)
    first.thaw()
    office.until_states("POSTED")
    until(lambda: office.column("second_look_at") != [None], "a check is due", show=office.shown)
    until(lambda: office.column("second_look_at") == [None], "it was checked", show=office.shown)
    assert _reported(offices) == []
    assert len(office.payments()) == 1


# --- the statement


def _to_be_checked(database: LedgerDatabase) -> list[bool]:  # noqa: F811
    rows = database.rows("SELECT second_look_at IS NOT NULL FROM effects WHERE effect_id = 1")
    return [row[0] for row in rows]


def _sent(database: LedgerDatabase, state: str, attempts: int = 2, generation: int = 1, **more: Any) -> None:  # noqa: F811
    mark(database.connection, 1)
    database.connection.execute("ALTER TABLE work DISABLE TRIGGER USER; ALTER TABLE outcomes DISABLE TRIGGER USER")
    database.connection.execute(
        "UPDATE effects SET state = %s, attempts = %s, generation = %s, reason = %s,"
        " settle_until = CASE WHEN %s = 'SENDING' THEN NULL ELSE now() + interval '3 s' END WHERE effect_id = 1",
        (state, attempts, generation, more.get("reason", "AUTO_INSTANT"), state),
    )


@pytest.mark.parametrize("state", ["SENDING", "ACCEPTED", "UNCERTAIN"])
def test_after_an_answer_of_an_earlier_attempt_the_later_one_is_checked(database: LedgerDatabase, state: str) -> None:  # noqa: F811
    """Law 20: of any epoch; the check waits until the later attempt has settled (law 19)."""
    _sent(database, state)
    assert posted(database.connection, settle_s=3.5, settled=False) != []
    assert _to_be_checked(database) == [True]
    assert database.one("SELECT second_look_at >= settle_until FROM effects WHERE effect_id = 1")


@pytest.mark.parametrize("state", ["SENDING", "UNCERTAIN"])
def test_after_an_answer_of_the_last_attempt_nothing_is_checked(database: LedgerDatabase, state: str) -> None:  # noqa: F811
    _sent(database, state)
    posted(database.connection, a_n=2, settle_s=3.5, settled=False)
    assert _to_be_checked(database) == [False]


def test_after_an_answer_of_an_earlier_generation_the_later_one_is_checked(database: LedgerDatabase) -> None:  # noqa: F811
    """A redrive counts its attempts anew, so their numbers alone say nothing."""
    _sent(database, "UNCERTAIN", attempts=1, generation=2)
    posted(database.connection, settle_s=3.5, settled=False)
    assert _to_be_checked(database) == [True]


def test_an_entry_that_was_found_twice_is_checked_after_a_late_answer(database: LedgerDatabase) -> None:  # noqa: F811
    """PROTOCOL section 3: dead → POSTED by a late answer; what was found twice is not forgotten over it."""
    _sent(database, "DEAD_LETTERED", attempts=1, reason="FOUND_TWICE")
    posted(database.connection, settle_s=3.5, settled=False)
    assert _to_be_checked(database) == [True]


def test_an_entry_that_was_voided_before_its_post_is_checked(database: LedgerDatabase) -> None:  # noqa: F811
    """PROTOCOL section 3, R-7: other late states → POSTED; nothing takes the entry back, so a person is notified."""
    _sent(database, "VOIDED_BEFORE_POST", attempts=1, reason="VOIDED")
    posted(database.connection, settle_s=3.5, settled=False)
    assert _to_be_checked(database) == [True]


@pytest.mark.parametrize(
    ("found", "differing", "reason", "settled", "expected"),
    [
        (("payments/1",), (), DecisionReason.AUTO_INSTANT, True, CheckResult()),
        ((), (), DecisionReason.AUTO_INSTANT, True, CheckResult()),
        (("payments/1",), (), DecisionReason.AUTO_INSTANT, False, CheckResult(again_in_s=0.0)),
        (("payments/1", "payments/2"), (), DecisionReason.AUTO_INSTANT, False, CheckResult(doubled=True)),
        (("payments/2",), (), DecisionReason.AUTO_INSTANT, True, CheckResult(doubled=True)),
        ((), ("payments/2",), DecisionReason.AUTO_INSTANT, True, CheckResult(doubled=True)),
        ((), ("payments/1",), DecisionReason.AUTO_INSTANT, True, CheckResult()),
        (("payments/1",), (), DecisionReason.VOIDED, True, CheckResult(doubled=True)),
        (("payments/1",), (), DecisionReason.CORRECTED, True, CheckResult(doubled=True)),
        ((), (), DecisionReason.VOIDED, True, CheckResult()),
    ],
)
def test_what_a_check_finds(
    found: tuple[str, ...], differing: tuple[str, ...], reason: DecisionReason, settled: bool, expected: CheckResult
) -> None:
    """Laws 19 and 20: alone, to be read later, or doubled; an entry that staff changed or deleted is no double."""
    call = planned_call(reason=reason, settled=settled, external_id="payments/1")
    reading = Found(external_ids=found, differing_ids=differing, began_at=datetime.now(UTC))
    assert judge(reading, call, TIMES, 0.5) == expected


def test_a_check_that_fails_is_repeated_and_reported_in_the_end() -> None:
    """Law 22: the connection's errors close it; what cannot be read for the whole budget is not silently alone."""
    call = planned_call(external_id="payments/1")
    gone = judge(ReadFailed(scope=Scope.CONNECTION, reason=None, code="TIMEOUT"), call, TIMES, 0.5)
    assert (gone.closes is not None, gone.doubled) == (True, False)
    failed = ReadFailed(scope=Scope.EFFECT, reason=None, code="PATIENT_MERGED")
    assert not judge(failed, call, TIMES, 0.5).doubled
    assert (judge(failed, call, TIMES, 0.5).again_in_s or 0) > 0
    assert judge(failed, planned_call(aged=True, external_id="payments/1"), TIMES, 0.5).doubled
    assert judge(None, call, TIMES, 0.5).doubled


@pytest.mark.parametrize(("attempts", "settled", "checked"), [(1, False, False), (2, False, True), (2, True, False)])
def test_what_is_found_early_may_be_of_an_earlier_attempt(
    database: LedgerDatabase,  # noqa: F811
    attempts: int,
    settled: bool,
    checked: bool,
) -> None:
    """Law 19: presence is proven early, but not whose: the last attempt may still be on its way."""
    _sent(database, "UNCERTAIN", attempts=attempts)
    posted(database.connection, a_n=9, phase="readback", settle_s=None, settled=settled)
    assert _to_be_checked(database) == [checked]


def test_a_refused_attempt_is_in_no_doubt(database: LedgerDatabase) -> None:  # noqa: F811
    """RETRYING: it is proven that the last attempt wrote nothing."""
    _sent(database, "RETRYING")
    posted(database.connection, settle_s=3.5, settled=False)
    assert _to_be_checked(database) == [False]


def test_the_gate_wakes_for_a_check(database: LedgerDatabase) -> None:  # noqa: F811
    """Law 8: its release recomputes when it is due next, and counts a duplicate check."""
    _sent(database, "UNCERTAIN")
    posted(database.connection, settle_s=3.5, settled=False)
    database.connection.execute("UPDATE effects SET state = 'DISMISSED' WHERE effect_id = 2")
    with database.connection.transaction(), database.connection.cursor() as cursor:
        gates.refresh(cursor, [("practice-1", "practice-1-PMS")], now=None, jitter_s=0)
    due = database.one("SELECT next_due_at FROM gates")
    assert due == database.one("SELECT second_look_at FROM effects WHERE effect_id = 1")
    assert due > datetime.now(UTC)


# --- two proofs at once


def _outcome(external_id: str, attempt: int) -> Outcome:
    now = datetime.now(UTC)
    call = planned_call(practice_id=PRACTICE, connection_id=CONNECTION, event_id="ev-1", lane="p:pt-1")
    return Outcome(
        call=call,
        verdict=Verdict(state=State.POSTED, positive=True),
        phase=Stage.POST,
        epoch=1,
        attempt=attempt,
        n=attempt,
        generation=1,
        request_id="request-1",
        answer="Posted",
        scope=None,
        code=None,
        external_ids=(external_id,),
        sightings=(),
        vendor_request_id=None,
        began_at=now,
        ended_at=now,
    )


async def test_two_proofs_that_come_together_are_a_duplicate(database: LedgerDatabase, world: World) -> None:  # noqa: F811
    """Law 20: stored in one statement, the second would pass for the first."""
    _sent(database, "SENDING")
    stored: list[bool] = []

    def connect() -> Any:
        @asynccontextmanager
        async def opened() -> AsyncIterator[Any]:
            async with await AsyncConnection.connect(world.database_url, autocommit=True) as connection:
                yield connection

        return opened()

    access = LedgerAccess(connect=connect, owning=connect, clock=SystemClock(), me="me", group="poster")
    confirmer = Confirmer(ConfirmationStore(access), lambda _, committed: stored.append(committed))
    for attempt, external_id in ((2, "payments/1002"), (1, "payments/1001")):
        confirmer.submit(Confirmation(_outcome(external_id, attempt), 3.5, late=False))
    task = asyncio.create_task(confirmer.run())
    await asyncio.wait_for(confirmer.drained(), WITHIN_S)
    task.cancel()
    assert stored == [True, True]
    assert database.one("SELECT state FROM effects WHERE effect_id = 1") == "POSTED"
    letters = database.rows("SELECT headers FROM outbox WHERE topic = 'writeback-dead-letters.v1'")
    assert [dict(headers)["dl-reason"] for (headers,) in letters] == ["DUPLICATE_AT_TARGET"]
