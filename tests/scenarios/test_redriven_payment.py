"""Redrive through the whole pipeline: notified, repaired, redriven, posted once, reported as solved (51, 55)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.deploy.commands.console import writeback_json
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import Pipeline

APPLY = ("--yes", "--by", "Ada", "--why", "the patient is linked again")


@pytest.mark.stack
def test_a_redriven_payment_is_posted_once_and_its_notice_is_closed(pipeline: Pipeline) -> None:
    """Refused for a patient whom the PMS does not have, reported, redriven once repaired, and reported as solved."""
    practice = pipeline.practice(patients=("pt-1", "pt-2"))
    pipeline.link(practice, "pt-9", "999999")
    pipeline.start_all()
    now = datetime.now(UTC)  # not before the practice's first settings
    pipeline.send(payment(practice, "pt-9", occurred_at=now), payment(practice, "pt-1", occurred_at=now))
    address = f"{practice}@{pipeline.world.database}.example"

    def subjects() -> list[str]:
        return [mail.subject for mail in pipeline.sandbox.mail.messages(to=address)]

    pipeline.until(lambda: len(subjects()) >= 1, "the practice is notified")
    assert "does not exist" in subjects()[0]
    dead = writeback_json(pipeline.world, "dlq", "list", "--practice", practice)
    assert [entry["reason"] for entry in dead["entries"]] == ["PATIENT_NOT_FOUND"] * len(dead["entries"])

    customer_key, _ = pipeline.accounts[practice]
    repaired = pipeline.sandbox.open_dental.add_patients(customer_key, 1)[0]
    pipeline.link(practice, "pt-9", str(repaired["PatNum"]))
    for _twice in range(2):
        writeback_json(pipeline.world, "dlq", "redrive", "--practice", practice, *APPLY)
    pipeline.until_states(POSTED=4)
    pipeline.until(
        lambda: any("Solved" in subject for subject in subjects()), "the practice is notified that it is solved"
    )
    payments = [row.amount_minor for row in pipeline.sandbox.open_dental.payments(customer_key)]
    assert payments == [9_680, 9_680]
    pipeline.invariants()
