"""A stored plan carries what differs from the defaults, and one that spells every field is read as the same."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from schemas.plan import ClaimLineOrder, ClaimOrder, Decision, Instruction, PayoutLine, PlannedEntry
from schemas.vocabulary import DecisionReason, EntryKind, State, Target

INSTRUCTION = Instruction(
    entry_kind=EntryKind.PAYMENT,
    amount_minor=10_000,
    currency="USD",
    ledger_date=date(2026, 3, 4),
    occurred_at=datetime(2026, 3, 4, 17, 0, tzinfo=UTC),
    patient_ref="pt-1",
)
DECISION = Decision(
    settings_version=1,
    reason=DecisionReason.AUTO_INSTANT,
    effects=(
        PlannedEntry(
            target=Target.PMS,
            entry_kind=EntryKind.PAYMENT,
            part="",
            state=State.SCHEDULED,
            reason=DecisionReason.AUTO_INSTANT,
            lane="p:pt-1",
            instruction=INSTRUCTION,
        ),
    ),
)


def _spelled(record: Any) -> Any:
    """As the release before stored it: every field, defaults too."""
    if isinstance(record, msgspec.Struct):
        return {name: _spelled(getattr(record, name)) for name in record.__struct_fields__}
    if isinstance(record, tuple | list):
        return [_spelled(each) for each in record]
    return msgspec.to_builtins(record)


def test_what_is_its_default_is_not_stored() -> None:
    stored = json.loads(msgspec.json.encode(INSTRUCTION))
    assert stored.keys() == {"entry_kind", "amount_minor", "currency", "ledger_date", "occurred_at", "patient_ref"}
    (entry,) = json.loads(msgspec.json.encode(DECISION))["effects"]
    assert "holds" not in entry
    assert 2 * len(json.dumps(stored)) < len(json.dumps(_spelled(INSTRUCTION)))


def test_a_plan_is_read_as_it_was_written_in_both_forms() -> None:
    for form in (msgspec.json.encode(DECISION), json.dumps(_spelled(DECISION)).encode()):
        assert msgspec.json.decode(form, type=Decision) == DECISION


def test_whatever_a_plan_holds_is_stored_in_one_way() -> None:
    """The records inside an instruction too: a payout's lines, a claim with its own."""
    for record in (Decision, PlannedEntry, Instruction, PayoutLine, ClaimOrder, ClaimLineOrder):
        assert record.__struct_config__.omit_defaults, record.__name__
