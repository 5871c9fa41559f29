"""A healthy practice's payments are posted while another one's hostile input is in play (guarantee 4, law 29)."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from deploy.sandbox.running import Effect, FaultKind
from schemas.codec import encode_event
from schemas.practice_settings import AmountMode
from schemas.topics import TopicName
from sinks.ledger.schema.database import connect
from tests.hostile.hostile_records import HostileProducer, hostile_records
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.raw_records import put
from tests.soak.run_length import length

pytestmark = [pytest.mark.stack, pytest.mark.expects_errors]

HEALTHY, HOSTILE = "healthy", "hostile"
PATIENTS = ("pt-1", "pt-2", "pt-3")
LOT = 12
MOST_LOTS = 300
"""Hostile lots during which one round of healthy payments has to be posted; a few are enough."""
BETWEEN_LOTS_S = 0.2
_PACE = threading.Event()


def _practices(pipeline: Pipeline) -> None:
    for name in (HEALTHY, HOSTILE):
        pipeline.practice(name, patients=PATIENTS, quickbooks=True, amount=AmountMode.GROSS)


def _posted(pipeline: Pipeline) -> int:
    return pipeline.states(HEALTHY).get("POSTED", 0)


def _where(pipeline: Pipeline) -> str:
    """How far the healthy practice's records came, and what else there is."""
    gates = pipeline.rows("SELECT * FROM gates WHERE practice_id = %s", HEALTHY)
    stored = pipeline.rows("SELECT count(*) AS n FROM receipts")
    return f"{pipeline.states(HEALTHY)} of {pipeline.states()}, receipts {stored}\n{gates}\n{pipeline.logs()}"


def _records_in_play(pipeline: Pipeline, seed: int, rounds: int) -> None:
    """In each round the healthy practice has new payments; hostile records keep coming until they are posted."""
    _practices(pipeline)
    pipeline.start_all()
    records, producer = hostile_records(HOSTILE, seed), HostileProducer(pipeline.world)
    healthy = 0
    for _ in range(rounds):
        producer.put(records, LOT)
        pipeline.send(*(payment(HEALTHY, patient) for patient in PATIENTS))
        healthy += len(PATIENTS)
        for _ in range(MOST_LOTS):
            if _posted(pipeline) == healthy:
                break
            producer.put(records, LOT)
            _PACE.wait(BETWEEN_LOTS_S)
        else:
            raise AssertionError(f"healthy payments wait behind hostile records: {_where(pipeline)}")
    assert all(role.running for role in pipeline.roles), pipeline.logs()
    pipeline.until_stored(healthy + producer.decided)
    assert pipeline.states(HEALTHY) == {"POSTED": healthy}
    assert pipeline.doubled() == []


@pytest.mark.parametrize("seed", [5, 29])
def test_hostile_records_keys_and_headers(pipeline: Pipeline, seed: int) -> None:
    """Of another practice, under its name, and on topics that only our roles write; each gets its receipt."""
    _records_in_play(pipeline, seed, rounds=3)


@pytest.mark.soak
def test_hostile_records_keys_and_headers_at_length(pipeline: Pipeline) -> None:
    """The same for longer, with a seed of the run's own."""
    chosen = length()
    _records_in_play(pipeline, chosen.seed, rounds=max(10, chosen.events // 500))


ANSWERS: dict[str, tuple[FaultKind, dict[str, Any]]] = {
    "silence": (FaultKind.TIMEOUT, {}),
    "dropped": (FaultKind.DROP, {}),
    "half an answer": (FaultKind.TRUNCATED, {}),
    "cut off": (FaultKind.CUT_OFF, {}),
    "a byte at a time": (FaultKind.TRICKLE, {"seconds": 0.5}),
    "slow": (FaultKind.SLOW, {"seconds": 1.5, "effect": Effect.BEFORE}),
    "a page": (FaultKind.HTML, {"status": 502}),
    "throttled for ever": (FaultKind.STATUS, {"status": 429, "retry_after": "9" * 400}),
    "failure": (FaultKind.STATUS, {"status": 500, "text": "\x1b[2J<script>" * 500}),
    "two entries": (FaultKind.DUPLICATE, {}),
}


def _answers_in_play(pipeline: Pipeline, names: list[str]) -> None:
    """The hostile practice's office answers in each way in turn; the healthy one is posted to while it does."""
    _practices(pipeline)
    pipeline.start_all(poster_calls=8, poster_gates=8)
    account = pipeline.accounts[HOSTILE][0]
    for number, name in enumerate(names, start=1):
        kind, how = ANSWERS[name]
        pipeline.sandbox.open_dental.clear_faults()
        pipeline.sandbox.open_dental.fault(kind, account=account, **how)
        pipeline.send(*(payment(HOSTILE, patient) for patient in PATIENTS for _ in range(3)))
        pipeline.send(*(payment(HEALTHY, patient) for patient in PATIENTS))
        wanted = {"POSTED": number * len(PATIENTS)}
        pipeline.until(lambda: pipeline.states(HEALTHY) == wanted, f"healthy payments are posted beside {name}")  # noqa: B023
    assert all(role.running for role in pipeline.roles), pipeline.logs()
    assert [each for each in pipeline.doubled() if each.account == pipeline.accounts[HEALTHY][0]] == []


def test_hostile_answers(pipeline: Pipeline) -> None:
    """Whatever an office does with its poster, the others' are served."""
    _answers_in_play(pipeline, list(ANSWERS))


def test_hostile_addresses(pipeline: Pipeline) -> None:
    """Contacts that no mail can have: the healthy practice's letter goes out, once, while theirs are refused."""
    _practices(pipeline)
    addresses = ("a@b\r\nBcc: x@y.example", "no-at", "@", "\u00fc@b.example", "x" * 400 + "@b.example", "a@[1.2.3")
    with connect(pipeline.world.database_url, "hostile") as database:
        for address in addresses:
            database.execute("INSERT INTO contacts (practice_id, address) VALUES (%s, %s)", (HOSTILE, address))
    pipeline.start_all()
    pipeline.send(payment(HOSTILE), payment(HEALTHY))
    for name in (HOSTILE, HEALTHY):
        pipeline.until_states(name, POSTED=1)  # RULES knows both practices: of others a letter goes to the operator
    for name in (HOSTILE, HEALTHY):
        wrong = encode_event(payment(name, net_minor=1))
        put(pipeline.world, TopicName.PAYMENTS, name.encode(), wrong)
    letters = "SELECT state, count(*) AS n FROM deliveries WHERE practice_id = %s GROUP BY state"
    pipeline.until(
        lambda: (
            pipeline.rows(letters, HEALTHY) and {row["state"] for row in pipeline.rows(letters, HEALTHY)} == {"SENT"}
        ),
        "the healthy practice has its letter",
    )
    refused = "SELECT count(*) AS n FROM deliveries WHERE code = 'BAD_ADDRESS'"
    pipeline.until(lambda: pipeline.rows(refused)[0]["n"] == len(addresses), "theirs are refused")
    assert pipeline.running("notifier").running
    twice = "SELECT 1 FROM deliveries WHERE practice_id = %s AND attempts > 1"
    assert pipeline.rows(twice, HEALTHY) == []
