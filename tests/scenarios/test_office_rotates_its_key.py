"""Scenario 45 at Open Dental: the office makes another key in the middle, and the one before ends."""

from __future__ import annotations

import json

import pytest

from deploy.sandbox.demonstration import open_dental_keys, open_dental_mapping
from schemas.practice_settings import AmountMode
from tests.deploy.commands.console import writeback_json
from tests.scenarios.attempts import counted_and_with_effect
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.test_rolling_upgrade import refund

PATIENTS = tuple(f"pt-{n}" for n in range(6))


@pytest.mark.stack
def test_a_rotated_key_costs_no_attempt_and_refunds_find_their_payments(pipeline: Pipeline) -> None:
    """Nothing is dead: what came meanwhile waits at the closed connection, and a person's new key for the same account
    lets it go on, with its patients and its earlier entries."""
    practice = pipeline.practice(patients=PATIENTS, amount=AmountMode.GROSS)
    key, _ = pipeline.accounts[practice]
    pipeline.start_all()
    pipeline.start("poster")
    first = [payment(practice, patient) for patient in PATIENTS]
    pipeline.send(*first)
    pipeline.until_states(POSTED=len(first))
    pipeline.sandbox.open_dental.change_office(key, newest_key=f"{key}-2")
    more = [payment(practice, patient) for patient in PATIENTS]
    pipeline.send(*more)
    closed = "SELECT 1 FROM connections WHERE closed_reason = 'NEEDS_RECONNECT'"
    pipeline.until(lambda: pipeline.rows(closed), "the connection waits for a person")
    config, secrets = pipeline.folder / "mapping.json", pipeline.folder / "keys.json"
    config.write_text(json.dumps(open_dental_mapping(pipeline.sandbox, key)))
    secrets.write_text(json.dumps(open_dental_keys(pipeline.sandbox, f"{key}-2")))
    writeback_json(
        pipeline.world,
        *("target", "add", practice, "open-dental", "--config", str(config), "--secrets", str(secrets)),
        *("--base-url", pipeline.sandbox.address.open_dental, "--same-account"),
        *("--yes", "--by", "Ada", "--why", "the office made another key"),
        **pipeline.common,
    )
    pipeline.until_states(POSTED=len(first) + len(more))
    pipeline.send(*(refund(each) for each in first[:2]))
    pipeline.until_states(POSTED=len(first) + len(more) + 2)
    counted, with_effect = counted_and_with_effect(pipeline)
    assert counted == with_effect, "a key that is not believed any more costs no attempt"
    pipeline.invariants()
