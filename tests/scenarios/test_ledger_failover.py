"""Law 4: another server took over the ledger, and knows nothing of what was posted last."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from schemas.practice_settings import AmountMode
from streams.fault_injection import Control
from tests.scenarios import invariants
from tests.scenarios.attempts import answers
from tests.scenarios.example_events import payment, payout
from tests.scenarios.pipeline import Pipeline

AS_BEFORE = (
    "UPDATE effects SET state = 'SCHEDULED', attempts = 0, epoch = 0, sent_at = NULL, settle_until = NULL,"
    " payload = NULL, payload_digest = NULL, external_id = NULL, posted_at = NULL"
)
FORGOTTEN = ("DELETE FROM attempts", "DELETE FROM outbox", "UPDATE gates SET next_due_at = now(), epoch = 0")
ANOTHER_SERVER = "UPDATE ledger_era SET timeline = timeline - 1"
"""What is stored no longer fits the server: as after a promotion."""


def _promoted(pipeline: Pipeline, **settings: Any) -> None:
    """A payment and a payout are posted; then the ledger is as a lagging replica would have it, and a poster starts.

    The promotion itself belongs to a later issue; this is what a poster sees of it.
    """
    practice = pipeline.practice(quickbooks=True, amount=AmountMode.GROSS)
    pipeline.start("rules", "relay", "notifier")
    pipeline.start("intake", **settings)
    poster = pipeline.start("poster")
    pipeline.send(payment(practice), payout(practice))
    pipeline.until_states(POSTED=2)
    assert poster.stop() == 0
    with psycopg.connect(pipeline.world.database_url) as db:
        db.execute("SET writeback.forgets = on")
        for statement in (AS_BEFORE, *FORGOTTEN, ANOTHER_SERVER):
            db.execute(statement)
    pipeline.start("poster", **settings)
    pipeline.until_states(POSTED=2)


@pytest.mark.stack
def test_what_may_have_been_sent_is_read_back_before_any_send(pipeline: Pipeline) -> None:
    """Each open entry is read back first, found, and not sent again."""
    _promoted(pipeline)
    recorded = answers(pipeline)
    assert {phase for _, _, phase, _, _ in recorded} == {"readback"}
    assert sum(answer == "Found" for _, _, _, answer, _ in recorded) == 2
    pipeline.invariants(replay=False)


@pytest.mark.stack
def test_control_without_the_read_back_it_is_sent_again(pipeline: Pipeline) -> None:
    """The control of law 4: what the new server does not remember is sent, and I2 breaks."""
    _promoted(pipeline, test_controls=Control.LOOK_FIRST.value)
    with pytest.raises(AssertionError, match="I2: posted twice"):
        invariants.at_most_one_entry(pipeline.doubled())
