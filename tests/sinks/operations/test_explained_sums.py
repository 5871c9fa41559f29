"""Every sum that `writeback explain` prints is true, whatever became of the payment or payout (R-15)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.practice_settings import AmountMode
from schemas.vocabulary import EntryKind, State
from sinks.operations.queries.explain import explain
from sinks.operations.queries.explain.amounts import EntryAmount, explain_amounts
from sinks.operations.queries.explain.record import Story
from tests.processors.rules.event_examples import NOON, payment
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.operations.reconcile.test_reconcile import DAY, Life
from tests.worlds import Stack, fresh_world

_AMOUNT: Final = re.compile(r"-?\d+\.\d\d")
_SIGN: Final = re.compile(r"([-+]) [a-z ]*(-?\d+\.\d\d)")


def untrue(line: str) -> bool:
    """Whether a line prints an equation whose sides differ; amounts stand behind their names."""
    sides = line.partition(":")[2] if line.startswith(("NET:", "GROSS:")) else line.partition(":")[0]
    sides = sides.partition(";")[0].partition(",")[0]
    values = []
    for side in sides.split(" = "):
        found = _AMOUNT.search(side)
        if found is None:
            continue
        rest = side[found.end() :]
        values.append(
            Decimal(found[0])
            + sum((Decimal(f"{sign}1") * Decimal(more) for sign, more in _SIGN.findall(rest)), Decimal())
        )
    return len(set(values)) > 1


def test_control_a_false_sum_is_found() -> None:
    """The three that were printed once."""
    assert untrue("document 297.20 = gross 175.00 - fees 26.40")
    assert untrue("document 0.01 = gross 100.00 - fees 3.20")
    assert untrue("fee adjustment 3.20 = fee 4.20 - surcharge 0.00")
    assert untrue("NET: payment 96.00 = gross 100.00 - fee 3.20")
    assert not untrue("document 0.01 = gross 100.00 - fees 3.20 + other -96.79: what the payout does not explain")
    assert not untrue("payment + fee adjustment = 100.00 = gross 103.00 - surcharge 3.00")


_entries = st.lists(
    st.builds(
        EntryAmount,
        kind=st.sampled_from([EntryKind.PAYMENT, EntryKind.FEE_ADJUSTMENT, EntryKind.PAYOUT]),
        state=st.sampled_from([State.POSTED, State.SKIPPED_DISABLED, State.VOIDED_BEFORE_POST, State.DISMISSED]),
        amount_minor=st.sampled_from([9_680, 10_000, 320, 1, -50]),
        surcharge_minor=st.just(0),
        gross_minor=st.just(10_000),
        fee_minor=st.sampled_from([320, 420, None]),
        taken_back=st.booleans(),
    ),
    max_size=5,
)


@given(
    entries=_entries,
    mode=st.sampled_from([*AmountMode, None]),
    fee=st.sampled_from([None, 320]),
    later=st.sampled_from([None, 320, 420]),
    kept=st.booleans(),
)
def test_no_sum_is_false(entries: Any, mode: Any, fee: int | None, later: int | None, kept: bool) -> None:
    """Entries that no rule would make, too."""
    event = payment(10_000, fee) if kept else None
    found = explain_amounts(event, entries, mode, "USD", later)
    assert found is None or [line for line in found.words if untrue(line)] == []


@pytest.fixture(scope="module")
def database(stack: Stack) -> Iterator[LedgerDatabase]:
    with fresh_world(stack) as world:
        opened = LedgerDatabase(world.database_url)
        opened.clock.instant = NOON + 12 * DAY
        yield opened
        opened.close()


@pytest.mark.stack
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_no_story_says_a_false_sum(database: LedgerDatabase, seed: int) -> None:
    """Of random payments, refunds, voids, returned payouts and payouts whose sums disagree."""
    life = Life(database, seed)
    life.live()
    named = database.rows(
        "SELECT DISTINCT coalesce(concerns, subject) FROM events WHERE practice_id = %s", life.practice
    )
    for (subject,) in named:
        answer = explain(database.connection, subject, life.practice)
        assert isinstance(answer, Story)
        lines = [line for each in answer.events if each.amounts is not None for line in each.amounts.words]
        assert [line for line in lines if untrue(line)] == []
