"""An answer that the ledger cannot store fails alone: it keeps no other answer back, and proves nothing (law 29)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from schemas.practice_settings import AmountMode
from schemas.vocabulary import Stage, State
from sinks.poster.call_outcome import Outcome, Verdict
from sinks.poster.confirmation_rows import UNSTORABLE, Confirmation
from sinks.poster.confirmation_store import ConfirmationStore
from sinks.poster.confirmations import Confirmer
from sinks.poster.ledger_access import LedgerAccess
from streams.runtime.clock import SystemClock
from tests.processors.rules.event_examples import PRACTICE, changed, payment
from tests.scenarios.waiting import WITHIN_S
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.poster.call_examples import planned_call
from tests.sinks.poster.test_safety_devices import CONNECTION, mark

PATIENTS = ("pt-1", "pt-2", "pt-3")
HOSTILE_IDS = {
    "4,200 digits": "payments/" + "".join(random.Random(7).choices("0123456789", k=4_200)),
    "lone surrogate": "payments/\ud800",
    "NUL": "payments/1\x00",
}


@pytest.fixture
def sent(world: Any) -> Any:
    """Three payments of three patients, SENDING under the gate's epoch 1."""
    opened = LedgerDatabase(world.database_url)
    opened.add(amount=AmountMode.GROSS)
    for number, patient in enumerate(PATIENTS):
        opened.link(patient)
        opened.report(changed(payment(), event_id=f"ev-{number}", payment_id=f"pay-{number}", patient_ref=patient))
    opened.connection.execute("UPDATE gates SET owner = 'me', epoch = 1, lease_until = now() + interval '1 hour'")
    assert len(mark(opened.connection, 1, 2, 3)) == len(PATIENTS)
    yield opened
    opened.close()


def _confirmation(effect_id: int, external_id: str, *, phase: Stage = Stage.POST, **call: Any) -> Confirmation:
    now = datetime.now(UTC)
    outcome = Outcome(
        call=planned_call(practice_id=PRACTICE, connection_id=CONNECTION, effect_id=effect_id, **call),
        verdict=Verdict(state=State.POSTED, positive=True, stage=phase),
        phase=phase,
        epoch=1,
        attempt=1,
        n=1,
        generation=1,
        request_id=f"request-{effect_id}",
        answer="Posted",
        scope=None,
        code=None,
        external_ids=(external_id,),
        sightings=(),
        vendor_request_id=None,
        began_at=now,
        ended_at=now,
    )
    return Confirmation(outcome, 3.5 if phase is Stage.POST else None, late=False)


def _access(url: str) -> LedgerAccess:
    def connect() -> Any:
        @asynccontextmanager
        async def opened() -> AsyncIterator[Any]:
            async with await AsyncConnection.connect(url, autocommit=True) as connection:
                yield connection

        return opened()

    return LedgerAccess(connect=connect, owning=connect, clock=SystemClock(), me="me", group="poster")


async def _confirm(store: ConfirmationStore, *confirmations: Confirmation) -> dict[int, tuple[State, bool]]:
    """What the loop hears of each effect, once everything is through."""
    heard: dict[int, tuple[State, bool]] = {}

    def confirmed(outcome: Outcome, stored: bool) -> None:
        heard[outcome.call.effect_id] = (outcome.verdict.state, stored)

    confirmer = Confirmer(store, confirmed)
    task = asyncio.create_task(confirmer.run())
    for confirmation in confirmations:
        confirmer.submit(confirmation)
    await asyncio.wait_for(confirmer.drained(), WITHIN_S)
    task.cancel()
    return heard


@pytest.mark.expects_errors
@pytest.mark.parametrize("hostile", HOSTILE_IDS.values(), ids=HOSTILE_IDS.keys())
async def test_an_id_that_no_column_takes_keeps_no_other_answer_back(sent: LedgerDatabase, hostile: str) -> None:
    """It proves nothing: its entry is in doubt, and read back when its time has come; the others are POSTED."""
    store = ConfirmationStore(_access(sent.database_url))
    heard = await _confirm(
        store, _confirmation(1, "payments/1"), _confirmation(2, hostile), _confirmation(3, "payments/3")
    )
    assert heard == {1: (State.POSTED, True), 2: (State.UNCERTAIN, True), 3: (State.POSTED, True)}
    assert sent.states() == ["POSTED", "UNCERTAIN", "POSTED"]
    kept = sent.rows("SELECT code, external_ids FROM attempts WHERE effect_id = 2")
    assert kept == [(UNSTORABLE, [])]
    assert sent.one("SELECT due_at > now() FROM work WHERE effect_id = 2")


@pytest.mark.expects_errors
async def test_a_read_back_that_cannot_be_stored_for_a_day_is_a_persons(sent: LedgerDatabase) -> None:
    """Not read again for ever: what nobody can settle within the retry budget is DEAD_LETTERED with a notice."""
    sent.connection.execute("UPDATE work SET state = 'UNCERTAIN', settle_until = now() WHERE effect_id = 2")
    store = ConfirmationStore(_access(sent.database_url))
    in_doubt: dict[str, Any] = {"phase": Stage.READBACK, "state": State.UNCERTAIN}
    assert (await _confirm(store, _confirmation(2, "payments/\ud800", **in_doubt)))[2] == (State.UNCERTAIN, True)
    heard = await _confirm(store, _confirmation(2, "payments/\ud800", aged=True, **in_doubt))
    assert heard[2] == (State.DEAD_LETTERED, True)
    letters = sent.rows("SELECT headers FROM outbox WHERE topic = 'writeback-dead-letters.v1'")
    assert [dict(headers)["dl-reason"] for (headers,) in letters] == ["OUTCOME_UNKNOWN"]


async def test_an_answer_that_was_stored_before_its_batch_failed_counts_as_stored(sent: LedgerDatabase) -> None:
    """A commit of unknown outcome is repeated; its lane goes on all the same, and nothing is a double."""
    store = ConfirmationStore(_access(sent.database_url))
    await _confirm(store, _confirmation(1, "payments/1"))
    assert (await _confirm(store, _confirmation(1, "payments/1")))[1] == (State.POSTED, True)
    assert sent.one("SELECT count(*) FROM outbox WHERE topic = 'writeback-dead-letters.v1'") == 0


async def test_an_outage_is_waited_for(sent: LedgerDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """A positive answer is worth any wait: neither a lost connection nor a database that is read-only cuts it out."""
    monkeypatch.setattr("sinks.poster.confirmations.PAUSE_S", 0.001)
    store = ConfirmationStore(_access(sent.database_url))
    keep, failures = store.store, [psycopg.OperationalError("gone"), psycopg.errors.ReadOnlySqlTransaction("standby")]

    async def failing(batch: Any) -> Any:
        if failures:
            raise failures.pop()
        return await keep(batch)

    monkeypatch.setattr(store, "store", failing)
    assert (await _confirm(store, _confirmation(1, "payments/1")))[1] == (State.POSTED, True)
