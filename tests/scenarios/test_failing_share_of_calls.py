"""Scenario 72, short: a fifth of the work fails for as long as it lasts; wave after wave, the rest is posted."""

from __future__ import annotations

import pytest

from deploy.sandbox.running import FaultKind
from schemas.practice_settings import AmountMode
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import Pipeline

pytestmark = pytest.mark.stack

PRACTICES = 5
PATIENTS = tuple(f"pt-{number}" for number in range(5))
WAVES = 4
FAILING = "p0", "pt-0"
"""An office that answers 500 or never; and, in every other one, a patient whose entries are never answered."""


def _spoil(pipeline: Pipeline) -> None:
    sandbox = pipeline.sandbox.open_dental
    office = pipeline.accounts[FAILING[0]][0]
    sandbox.fault(FaultKind.STATUS, status=500, account=office, probability=0.5)
    sandbox.fault(FaultKind.TIMEOUT, account=office)
    for row in pipeline.rows(
        "SELECT practice_id, pms_patient_id FROM patient_links WHERE patient_ref = %s", FAILING[1]
    ):
        if row["practice_id"] != FAILING[0]:
            sandbox.fault(
                FaultKind.TIMEOUT,
                account=pipeline.accounts[row["practice_id"]][0],
                method="POST",
                body_contains=f'"PatNum":{row["pms_patient_id"]},',
            )


def test_what_can_be_posted_is_posted_while_the_rest_fails(pipeline: Pipeline) -> None:
    """Each wave meets all that the waves before it left failing; when the faults end, all of it is posted, once."""
    practices = [pipeline.practice(f"p{n}", patients=PATIENTS, amount=AmountMode.GROSS) for n in range(PRACTICES)]
    _spoil(pipeline)
    pipeline.start_all()
    good: list[str] = []
    sent = 0
    for wave in range(WAVES):
        for practice in practices:
            for patient in PATIENTS:
                event = payment(practice, patient, event_id=f"ev-{sent}", payment_id=f"pay-{sent}")
                sent += 1
                if practice != FAILING[0] and patient != FAILING[1]:
                    good.append(event.event_id)
                pipeline.send(event)
        pipeline.until(lambda: _posted(pipeline, good) == len(good), f"wave {wave + 1} is posted where nothing fails")
        assert _posted(pipeline) == len(good), "nothing of the failing fifth is posted meanwhile"
    pipeline.sandbox.open_dental.clear_faults()
    pipeline.until_states(POSTED=sent)
    pipeline.invariants(replay=False)


def _posted(pipeline: Pipeline, events: list[str] | None = None) -> int:
    rows = pipeline.rows(
        "SELECT count(*) AS n FROM effects WHERE state = 'POSTED' AND (%s::text[] IS NULL OR event_id = ANY(%s))",
        events,
        events,
    )
    return int(rows[0]["n"])
