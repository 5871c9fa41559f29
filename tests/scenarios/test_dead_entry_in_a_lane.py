"""Scenario 49 and guarantee 4: what is dead holds only what depends on it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from deploy.sandbox.running import FaultKind
from tests.deploy.commands.console import writeback_json
from tests.scenarios.attempts import office_fault
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import Pipeline


@pytest.mark.stack
def test_only_its_dependents_wait_and_a_redrive_posts_both(pipeline: Pipeline) -> None:
    """The first payment of a patient is refused: its fee waits, the patient's later and others' payments go on."""
    practice = pipeline.practice()
    office_fault(
        pipeline,
        practice,
        FaultKind.STATUS,
        times=1,
        status=400,
        text="ProcNum is invalid: The office refuses this entry.",
    )
    pipeline.start_all()
    now = datetime.now(UTC)
    pipeline.send(payment(practice, "pt-1", 1_001, 40, occurred_at=now))
    pipeline.until_states(REJECTED=1, SCHEDULED=1)
    pipeline.send(
        payment(practice, "pt-1", 1_002, 40, occurred_at=now), payment(practice, "pt-2", 1_003, 40, occurred_at=now)
    )
    pipeline.until_states(REJECTED=1, SCHEDULED=1, POSTED=4)
    dead, waiting = pipeline.rows("SELECT * FROM effects WHERE state <> 'POSTED' ORDER BY effect_id")
    assert (dead["entry_kind"], dead["amount_minor"]) == ("payment", 961)
    assert waiting["depends_on"] == dead["effect_id"]
    apply = ("--yes", "--by", "Ada", "--why", "the office takes it now")
    writeback_json(pipeline.world, "dlq", "redrive", "--practice", practice, *apply)
    pipeline.until_states(POSTED=6)
    customer_key, _ = pipeline.accounts[practice]
    assert sorted(row.amount_minor for row in pipeline.sandbox.open_dental.payments(customer_key)) == [961, 962, 963]
    pipeline.invariants()
