"""Case 13: five remittances shaped like public samples: their amounts, and explanations that are true (I-1 to I-12)."""

from __future__ import annotations

import msgspec
import pytest

from processors.rules.source_records import decide_record
from schemas.codec import encode_event
from schemas.plan import Decision
from schemas.vocabulary import DeadLetterReason
from schemas.writebacks import SourcePosition, Writeback
from sinks.ledger import conservation
from sinks.operations.queries.explain import explain
from sinks.operations.queries.explain.record import Story
from tests.processors.rules import event_examples as examples
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.vectors.field.cases import AFTER_ALL, balances, parts, play, ready
from tests.vectors.field_cases import field_case, orders

Entries = list[tuple[str, str, int, str]]
REMITTANCES = field_case("13")
UNBALANCED = REMITTANCES[2]
"""Its claims pay nothing, and its provider adjustments add 14.00 that no payment carries."""
BOOKED: dict[str, Entries] = {
    "case-13-e1": [
        ("insurance_payment", "0", 8_892, "POSTED"),
        ("insurance_payment", "1", 26_107, "POSTED"),
        ("write_off", "0", 14_710, "POSTED"),
        ("write_off", "1", 44_004, "POSTED"),
    ],
    "case-13-e2": [
        ("insurance_payment", "0", 3_425, "POSTED"),
        ("insurance_payment", "1", 0, "AWAITING_REVIEW"),
        ("insurance_payment", "2", 1_150, "AWAITING_REVIEW"),
    ],
    "case-13-e4": [
        ("insurance_payment", "", 0, "AWAITING_REVIEW"),
        *(
            ("insurance_payment", f"plb{number}", amount, "AWAITING_MANUAL_POST")
            for number, amount in enumerate((109_246, 71_981, 18_155, -18_155, 13_000, -13_000))
        ),
    ],
    "case-13-e5": [
        ("insurance_payment", "0", 20_000, "AWAITING_ALLOCATION"),
        ("insurance_payment", "1", 19_500, "AWAITING_ALLOCATION"),
        ("insurance_payment", "plb0", -395, "AWAITING_MANUAL_POST"),
        ("write_off", "0", 2_000, "AWAITING_ALLOCATION"),
        ("write_off", "1", 2_000, "AWAITING_ALLOCATION"),
    ],
}


def decided(number: int) -> Decision | DeadLetterReason:
    event = REMITTANCES[number]
    history = examples.history(examples.version(zone="America/New_York"), practice_id=event.practice_id)
    position = SourcePosition(topic="payments.v1", topic_id="t", partition=0, offset=number, appended_at=AFTER_ALL)
    said = decide_record(position, event.practice_id.encode(), encode_event(event), lambda _: history)
    return said.decision if isinstance(said, Writeback) else said.reason


def test_what_an_insurer_paid_is_planned_to_the_cent() -> None:
    """I-1, I-2: in memory; each is a payment of its own, so that their order says nothing. One that does not add up is
    refused whole."""
    for number, event in enumerate(REMITTANCES):
        decision = decided(number)
        if event is UNBALANCED:
            assert decision is DeadLetterReason.UNBALANCED
            continue
        assert isinstance(decision, Decision)
        planned = sorted((x.entry_kind.value, x.part, x.instruction.amount_minor) for x in decision.effects)
        assert planned == sorted(entry[:3] for entry in BOOKED[event.event_id])
        paid = sum(x.instruction.amount_minor for x in decision.effects if x.entry_kind.value == "insurance_payment")
        assert paid == getattr(event, "gross_minor")  # noqa: B009 - all five have it


@pytest.mark.stack
def test_in_any_order_each_stands_as_paid_and_says_why(database: LedgerDatabase) -> None:
    """Through the ledger; what the insurer kept or added for no claim is told as that, and nothing as a dispute."""
    told = [event for event in REMITTANCES if event is not UNBALANCED]
    for number, order in enumerate(orders(told, most=8)):
        practice = f"case-13-{number}"
        ready(database, practice, "pt-1", "pt-2")
        play(database, practice, [(msgspec.structs.replace(event, practice_id=practice),) for event in order])
        for event_id, expected in BOOKED.items():
            rows = "SELECT entry_kind, part, amount_minor, state FROM effects WHERE practice_id = %s AND event_id = %s"
            assert sorted(database.rows(rows, practice, event_id)) == sorted(expected)
    assert balances(database)["pt-2"] == -8 * (26_107 + 44_004)
    assert conservation.violations(database.connection) == []
    for event in told:
        story = explain(database.connection, getattr(event, "payment_id"), "case-13-0")  # noqa: B009
        assert isinstance(story, Story)
        words = msgspec.json.encode(story.events).decode()
        assert "dispute" not in words
        kept = any(part.startswith("plb") for _, part, _, _ in BOOKED[event.event_id])
        assert ("for no claim" in words) == kept


def test_the_case_is_the_one_that_was_reported() -> None:
    """All five, and one practice."""
    ((*events,),) = parts("case-13")
    assert len(events) == 5
    assert {event.practice_id for event in events} == {"case-13"}
