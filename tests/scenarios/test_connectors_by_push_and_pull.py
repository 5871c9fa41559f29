"""Practices behind a connector, from the topics to the connector's own ledger: each entry stands once, with sign and
cents, whoever dies between the hand-out of a request and its answer (laws 16 to 20)."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.connector.limits import Limits
from deploy.local.ports import answers, free_ports
from deploy.sandbox.running import Effect, FaultKind
from schemas.practice_settings import AmountMode
from sinks.targets.connector.mapping import Mode
from streams.fault_injection import Control, CrashPoint
from tests.scenarios.attempts import column, sent
from tests.scenarios.connectors import (
    ENTRIES,
    ConnectorProcess,
    agent,
    agents_endpoint,
    connect,
    creates,
    over_connector,
    standing,
)
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.test_payment_lifecycle import refund
from tests.scenarios.waiting import until

pytestmark = pytest.mark.stack

IN_LEDGER = "SELECT kind, minor, currency, ledger_date, patient_id, type_id, marker FROM entries WHERE standing"
MANY = 12


def _own_connector(pipeline: Pipeline, practice: str, mode: Mode, database: Path) -> None:
    """The reference connector with a practice system of its own, on the side that the mode asks for."""
    account, _ = pipeline.accounts[practice]
    kept = ("--database", str(database), "--sample")
    if mode is Mode.PULL:
        connect(pipeline, practice, mode, "", Limits().capabilities())
        ConnectorProcess(
            pipeline, account, *kept, "--agent", agents_endpoint(pipeline).address(), "--practice", practice
        )
        return
    (port,) = free_ports(1)
    connect(pipeline, practice, mode, f"http://127.0.0.1:{port}", Limits().capabilities())
    ConnectorProcess(pipeline, account, *kept, "--port", str(port))
    until(lambda: answers(port), "the connector listens")


def _rows(database: Path, query: str = IN_LEDGER) -> list[tuple[Any, ...]]:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as opened:
        return opened.execute(query).fetchall()


@pytest.mark.parametrize("mode", Mode, ids=lambda mode: str(mode.value).lower())
def test_a_payment_its_fee_and_its_refund_stand_once_in_the_connectors_ledger(pipeline: Pipeline, mode: Mode) -> None:
    """M-4, R-15: read from its SQLite file: kind, sign, cents, day, patient, type; and the balance is what it was."""
    practice = pipeline.practice(pms=False)
    database = pipeline.folder / "practice.sqlite"
    _own_connector(pipeline, practice, mode, database)
    for number in (1, 2):
        pipeline.link(practice, f"pt-{number}", str(number))
    pipeline.held_elsewhere[practice] = lambda: sum(row[1] for row in _rows(database))
    pipeline.start_all()
    paid = payment(practice, "pt-1", 10_000, 320)
    other = payment(practice, "pt-2", 4_999, 175, occurred_at=paid.occurred_at + timedelta(milliseconds=1))
    pipeline.send(paid, other)
    pipeline.until_states(POSTED=4)
    pipeline.send(refund(paid, 10_000))
    pipeline.until_states(POSTED=5)
    rows = _rows(database)
    days = {row["day"] for row in pipeline.rows("SELECT ledger_date::text AS day FROM effects")}
    assert sorted((kind, minor, patient, chosen) for kind, minor, _, _, patient, chosen, _ in rows) == [
        ("fee_adjustment", 175, "2", "T-fee_adjustment"),
        ("fee_adjustment", 320, "1", "T-fee_adjustment"),
        ("payment", 4_824, "2", "T-payment"),
        ("payment", 9_680, "1", "T-payment"),
        ("refund", -10_000, "1", "T-refund"),
    ]
    assert {(currency, day) for _, _, currency, day, *_ in rows} == {("USD", day) for day in days}
    markers = [row[-1] for row in rows]
    assert len(set(markers)) == len(markers) == 5
    assert sum(minor for _, minor, _, _, patient, *_ in rows if patient == "1") == 0
    assert {answer for answer, _ in sent(pipeline)} == {"Posted"}
    pipeline.invariants()


def _begun(pipeline: Pipeline, mode: Mode, **poster: Any) -> str:
    """A practice with one kind of entry, every role and what its mode asks for; answers its id."""
    practice = over_connector(pipeline, mode=mode, amount=AmountMode.GROSS)
    pipeline.start("rules", "intake", "relay", "notifier")
    pipeline.start("poster", **poster)
    if mode is Mode.PULL:
        agent(pipeline, practice, agents_endpoint(pipeline))
    return practice


@pytest.mark.parametrize("mode", Mode, ids=lambda mode: str(mode.value).lower())
@pytest.mark.parametrize(
    "point",
    [CrashPoint.POSTER_AFTER_MARK, CrashPoint.POSTER_AFTER_SEND, CrashPoint.POSTER_AFTER_ANSWER],
    ids=lambda point: str(point.value),
)
def test_a_killed_poster_is_followed_by_one_that_finds_or_sends_each_entry_once(
    pipeline: Pipeline, point: CrashPoint, mode: Mode
) -> None:
    """Scenarios 31 to 33: marked, with the request out (pull: where an agent may still fetch it), answered."""
    practice = _begun(pipeline, mode, test_crash_at=point.value)
    pipeline.send(*(payment(practice, f"pt-{n + 1}", 1_000 + n, 60) for n in range(3)))
    pipeline.running("poster").until_dead()
    pipeline.start("poster")
    pipeline.until_states(POSTED=3)
    assert sorted(standing(pipeline, practice)) == [1_000, 1_001, 1_002]
    pipeline.invariants(replay=False)


def _held(pipeline: Pipeline, practice: str, effect: Effect, **fault: Any) -> Callable[[], bool]:
    """The next request to post is held by the connector; answers whether it is by now."""
    account, _ = pipeline.accounts[practice]
    connector = pipeline.sandbox.connector
    fault_id = connector.fault(
        fault.pop("kind", FaultKind.TIMEOUT), effect, account=account, method="POST", path=ENTRIES, times=1, **fault
    )
    return lambda: any(state.hit for state in connector.faults() if state.fault_id == fault_id)


@pytest.mark.parametrize("effect", [Effect.BEFORE, Effect.NONE], ids=["written", "not_written"])
def test_an_agent_killed_between_hand_out_and_answer_leaves_doubt_that_the_next_one_settles(
    pipeline: Pipeline, effect: Effect
) -> None:
    """Law 19: what it had fetched is never handed out again; it is read back, and only what is absent is sent anew."""
    practice = over_connector(pipeline, mode=Mode.PULL, amount=AmountMode.GROSS)
    endpoint = agents_endpoint(pipeline)
    first = agent(pipeline, practice, endpoint)
    is_held = _held(pipeline, practice, effect)
    pipeline.start_all()
    pipeline.send(payment(practice))
    pipeline.until(is_held, "the connector has the agent's request")
    first.kill()
    agent(pipeline, practice, endpoint)
    pipeline.until_states(POSTED=1)
    assert standing(pipeline, practice) == [10_000]
    assert len(creates(pipeline, practice)) == (1 if effect is Effect.BEFORE else 2)
    assert next(answer for answer, _ in sent(pipeline)) == "NoAnswer"
    pipeline.invariants()


def test_a_poster_killed_between_hand_out_and_answer_is_followed_by_one_that_finds_the_entry(
    pipeline: Pipeline,
) -> None:
    """Law 16: the agent answers nobody any more; the mark says that a call was on its way."""
    practice = _begun(pipeline, Mode.PULL)
    is_held = _held(pipeline, practice, Effect.BEFORE, kind=FaultKind.SLOW, seconds=1.0)
    pipeline.send(payment(practice))
    pipeline.until(is_held, "the connector has the agent's request")
    pipeline.running("poster").kill()
    pipeline.start("poster")
    pipeline.until_states(POSTED=1)
    assert (standing(pipeline, practice), len(creates(pipeline, practice))) == ([10_000], 1)
    pipeline.invariants()


def test_an_endpoint_killed_between_hand_out_and_answer_is_followed_by_one_that_takes_the_answer_or_none(
    pipeline: Pipeline,
) -> None:
    """The queue is the ledger's: whether the answer finds the new endpoint in time or not, the entry stands once."""
    practice = over_connector(pipeline, mode=Mode.PULL, amount=AmountMode.GROSS)
    (port,) = free_ports(1)
    endpoint = pipeline.start("connector serve", agents_port=port)
    agent(pipeline, practice, endpoint)
    is_held = _held(pipeline, practice, Effect.BEFORE, kind=FaultKind.SLOW, seconds=0.5)
    pipeline.start_all()
    pipeline.send(payment(practice))
    pipeline.until(is_held, "the connector has the agent's request")
    endpoint.kill()
    pipeline.start("connector serve", agents_port=port)
    pipeline.until_states(POSTED=1)
    assert (standing(pipeline, practice), len(creates(pipeline, practice))) == ([10_000], 1)
    pipeline.invariants()


def test_while_no_agent_polls_nothing_is_sent_and_no_attempt_is_spent(pipeline: Pipeline) -> None:
    """Laws 17 and 22: what nobody fetched was not sent; the connection is closed, and it goes when an agent comes."""
    practice = over_connector(pipeline, mode=Mode.PULL, amount=AmountMode.GROSS)
    endpoint = agents_endpoint(pipeline)
    pipeline.start_all()
    pipeline.send(payment(practice))
    closed = "SELECT closed_reason AS why FROM connections WHERE home_practice_id = %s"
    pipeline.until(lambda: pipeline.rows(closed, practice)[0]["why"] == "UNREACHABLE", "the connection is closed")
    assert (creates(pipeline, practice), column(pipeline, "attempts")) == ([], [0])
    agent(pipeline, practice, endpoint)
    pipeline.until_states(POSTED=1)
    assert column(pipeline, "attempts") == [1]
    assert standing(pipeline, practice) == [10_000]
    pipeline.invariants()


def _many_agents(pipeline: Pipeline, **endpoint: Any) -> str:
    """More agents poll than there are requests; answers the practice."""
    refs = tuple(f"pt-{n}" for n in range(1, MANY + 1))
    practice = over_connector(pipeline, mode=Mode.PULL, patients=refs, amount=AmountMode.GROSS)
    served = agents_endpoint(pipeline, **endpoint)
    for _ in range(3):
        agent(pipeline, practice, served)
    pipeline.start_all()
    pipeline.send(*(payment(practice, ref, 1_000 + n, 60) for n, ref in enumerate(refs)))
    return practice


def _handed_out_once(pipeline: Pipeline, practice: str) -> None:
    times = Counter(creates(pipeline, practice))
    assert set(times.values()) == {1}, f"handed out twice: {times.most_common(3)}"


def test_a_request_goes_to_one_agent_however_many_poll(pipeline: Pipeline) -> None:
    """Law 18: the connector sees each request to post once."""
    practice = _many_agents(pipeline)
    pipeline.until_states(POSTED=MANY)
    _handed_out_once(pipeline, practice)
    assert sorted(standing(pipeline, practice)) == [1_000 + n for n in range(MANY)]
    pipeline.invariants(replay=False)


def test_control_a_request_that_is_handed_out_again_reaches_the_connector_twice(pipeline: Pipeline) -> None:
    """The control HAND_OUT_ONCE: only the connector's own memory of requests keeps an entry from doubling then."""
    practice = _many_agents(pipeline, test_controls=Control.HAND_OUT_ONCE.value)
    pipeline.until(
        lambda: any(times > 1 for times in Counter(creates(pipeline, practice)).values()), "an agent repeats a request"
    )
    with pytest.raises(AssertionError, match="handed out twice"):
        _handed_out_once(pipeline, practice)
