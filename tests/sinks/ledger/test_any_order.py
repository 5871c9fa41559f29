"""R-17 through the tables: whatever order facts arrive in and whatever is posted between, the ledger ends alike."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import events as e
from schemas.practice_settings import RefundBeforePost, Timing
from schemas.vocabulary import WITHDRAWN
from streams.fault_injection import Control
from tests.processors.rules import event_examples as examples
from tests.processors.rules.lifecycle.memory_ledger import refund, refund_failed
from tests.processors.rules.lifecycle.random_facts import RandomFacts
from tests.processors.rules.lifecycle.test_any_order import MODES, STEPS
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.posting_by_hand import post_what_is_due
from tests.vectors.field_cases import for_practice

EVENTS = tuple(step for step in STEPS if step != "paid_out")
_BOOKS = """
SELECT patient_ref, sum(amount_minor)::bigint FROM effects WHERE practice_id = %s AND state <> ALL(%s) GROUP BY 1
"""


def told(database: LedgerDatabase, practice: str, events: Sequence[e.Event], posts: Sequence[bool]) -> None:
    for event, posting in zip(events, posts, strict=True):
        database.report(for_practice(event, practice))
        if posting:
            post_what_is_due(database, practice)
    post_what_is_due(database, practice)


def balances(database: LedgerDatabase, practice: str) -> dict[str, int]:
    """By patient, what stands or is going to."""
    rows = database.rows(_BOOKS, practice, [state.value for state in WITHDRAWN])
    return {patient: amount for patient, amount in rows if amount}


def waiting(database: LedgerDatabase, practice: str) -> list[Any]:
    return database.rows(
        "SELECT waiting FROM events WHERE practice_id = %s AND waiting IS NOT NULL ORDER BY 1", practice
    )


class _Lives:
    count = 0


def opened(database: LedgerDatabase, **chosen: Any) -> str:
    """A practice of its own."""
    _Lives.count += 1
    practice = f"order-{_Lives.count}"
    database.add(practice, **chosen)
    for number in range(6):
        database.link(f"pt-{number}", practice)
    return practice


def test_r17_a_held_refund_goes_on_when_an_earlier_one_fails(database: LedgerDatabase) -> None:
    """R-17: in every order; with the control it stays with a person."""
    first, again, failed = refund(-10_000, ref="a"), refund(-10_000, ref="b", hours=72), refund_failed(10_000, ref="a")
    facts = (examples.payment(), first, again, failed)
    database.clock.instant = facts[2].occurred_at
    for order in permutations(facts):
        practice = opened(database)
        told(database, practice, order, [True] * len(order))
        assert waiting(database, practice) == []
        assert balances(database, practice) == {}
    database.reopen(Control.JUDGE_AGAIN)
    practice = opened(database)
    told(database, practice, facts, [True] * 4)
    assert waiting(database, practice) == [("AWAITING_REVIEW",)]
    database.reopen()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_r17_every_order_ends_alike_in_the_ledger(database: LedgerDatabase, data: st.DataObject) -> None:
    """R-17: the same balance per patient and nothing else open, for random payments."""
    chosen = data.draw(st.sampled_from(MODES)) | {
        "timing": data.draw(st.sampled_from((Timing.INSTANT, Timing.DAILY))),
        "refund_before_post": RefundBeforePost.BOTH_ENTRIES,
    }
    facts = RandomFacts(data.draw, EVENTS, most=6)
    database.clock.instant = max(each.occurred_at for each in facts.told if isinstance(each, e.Event))
    ends = []
    for order in (facts.told, data.draw(st.permutations(facts.told))):
        practice = opened(database, **chosen)
        events = [each for each in order if isinstance(each, e.Event)]
        told(database, practice, events, [data.draw(st.booleans()) for _ in events])
        ends.append((balances(database, practice), waiting(database, practice)))
    if not any(("AWAITING_REVIEW",) in left for _, left in ends):
        assert ends[0] == ends[1]
