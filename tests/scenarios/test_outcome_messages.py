"""A signed message of NexHealth has the entry looked for at once, and decides nothing by itself."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from deploy.sandbox.nexhealth.client import Delivery
from schemas.practice_settings import AmountMode
from sinks.poster.outcome_messages import FRESH, Heard, OutcomeMessages
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.waiting import WITHIN_S

IN_AN_HOUR = "UPDATE work SET due_at = now() + interval '1 h', settle_until = now() + interval '2 h' RETURNING 1"
GATES_TOO = "UPDATE gates SET next_due_at = now() + interval '1 h' RETURNING 1"


def taken(pipeline: Pipeline, **location: object) -> tuple[str, str]:
    """A payment that was taken and is looked for in an hour; no poster runs. Answers practice and key."""
    settings = {"write_cycle_s": 1.0, **location}
    practice = pipeline.practice(location=settings, amount=AmountMode.GROSS)
    pipeline.start_all()
    pipeline.send(payment(practice))
    pipeline.until(lambda: pipeline.states().get("ACCEPTED") == 1, "it is taken")
    pipeline.running("poster").end()
    assert pipeline.states() == {"ACCEPTED": 1}
    pipeline.rows(IN_AN_HOUR)
    pipeline.rows(GATES_TOO)
    return practice, pipeline.accounts[practice][0]


def due_now(pipeline: Pipeline) -> bool:
    rows = pipeline.rows("SELECT w.due_at <= now() AND g.next_due_at <= now() AS due FROM work w, gates g")
    return bool(rows[0]["due"])


@pytest.mark.stack
def test_a_message_has_its_entry_found_at_once(pipeline: Pipeline) -> None:
    """The next look was an hour away; told again, changed, for another practice or too late, it is nothing."""
    practice, key = taken(pipeline)
    nexhealth = pipeline.sandbox.nexhealth
    pipeline.until(lambda: nexhealth.webhooks(key), "it was written")
    message = nexhealth.webhooks(key)[0]
    messages = OutcomeMessages(pipeline.settings)

    def hear(headers: Mapping[str, str] = message.headers, body: bytes = message.body, to: str = practice) -> Heard:
        return messages.hear(to, headers, body)

    assert hear(body=message.body.replace(b"complete", b"failed")) is Heard.REFUSED
    assert hear(headers={**message.headers, "signature": "0" * 64}) is Heard.REFUSED
    assert hear(to="nobody") is Heard.REFUSED
    assert hear(body=b"x" * 100_000) is Heard.REFUSED
    late = OutcomeMessages(pipeline.settings, now=lambda: datetime.now(UTC) + FRESH + timedelta(seconds=60))
    assert late.hear(practice, message.headers, message.body) is Heard.REFUSED
    assert not due_now(pipeline)
    assert hear() is Heard.WOKEN
    assert due_now(pipeline)
    assert pipeline.states() == {"ACCEPTED": 1}, "a message decides nothing"
    assert hear() is Heard.NOTHING
    pipeline.start("poster")
    pipeline.until_states(POSTED=1)
    pipeline.invariants()


@pytest.mark.stack
def test_a_message_of_a_failure_decides_nothing_either(pipeline: Pipeline) -> None:
    """It is looked for, and goes on being in doubt until it has settled."""
    practice, key = taken(pipeline, insertion="failed")
    nexhealth = pipeline.sandbox.nexhealth
    pipeline.until(lambda: nexhealth.webhooks(key), "it failed")
    message = nexhealth.webhooks(key)[0]
    assert b"failed" in message.body
    assert OutcomeMessages(pipeline.settings).hear(practice, message.headers, message.body) is Heard.WOKEN
    before = len(pipeline.rows("SELECT 1 FROM attempts"))
    pipeline.start("poster")
    pipeline.until(lambda: len(pipeline.rows("SELECT 1 FROM attempts")) > before, "it is looked for")
    assert pipeline.states() == {"ACCEPTED": 1}


def deliver(url: str, practice: str, message: Delivery) -> int:
    """As the service does, over HTTP; the status that it is answered with."""
    request = urllib.request.Request(f"{url}/webhooks/{practice}", data=message.body, headers=message.headers)  # noqa: S310
    try:
        return int(urllib.request.urlopen(request, timeout=WITHIN_S).status)  # noqa: S310
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.stack
def test_a_message_over_http_ends_the_wait_of_a_poster_that_runs(pipeline: Pipeline) -> None:
    """Taken with 202, and to be looked for in an hour: the listener hears, the poster looks, and it is POSTED."""
    practice, key = taken(pipeline)
    nexhealth = pipeline.sandbox.nexhealth
    listener = pipeline.start("webhooks", webhooks_port=0)
    pipeline.start("poster")
    pipeline.until(lambda: nexhealth.webhooks(key), "it was written")
    message = nexhealth.webhooks(key)[0]
    forged = Delivery(message.headers, message.body.replace(b"complete", b"failed"))
    assert deliver(listener.address(), practice, forged) == 401
    assert pipeline.states() == {"ACCEPTED": 1}
    assert deliver(listener.address(), practice, message) == 204
    pipeline.until_states(POSTED=1)
    assert [line.amount_minor for line in nexhealth.payments(key)] == [-10_000]
    pipeline.invariants()
