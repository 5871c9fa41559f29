"""The table of processors' movements names events and categories that the contract has, and leaves no row empty."""

from __future__ import annotations

import re

from schemas.codec import EVENTS_BY_NAME
from schemas.events import PayoutCategory
from tests.citations import ROOT

PAGE = ROOT / "schemas" / "MOVEMENTS.md"
ADDED = {"PaymentReinstated", "LOAN_ADVANCE", "LOAN_REPAYMENT"}
"""Of the contract's next additions."""
ROWS = [
    line.strip("|").split(" | ")
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith(("| type", "| event", "| activity", "| step"))
]


def test_every_movement_has_an_event_or_a_sentence() -> None:
    """Whatever moves a patient's or a practice's money can be told, or it says why it is not."""
    assert len(ROWS) > 90
    for movement, answer in ROWS:
        said = re.search(r"`[A-Z][a-zA-Z]+`|items? [A-Z_]{3,}", answer) or re.search(
            r"none[:;,] ?.{10,}|the same", answer
        )
        assert said, movement


def test_every_event_and_category_named_there_is_in_the_contract() -> None:
    answers = " ".join(answer for _, answer in ROWS)
    events = set(re.findall(r"`((?:Payment|Refund|Dispute|Payout|Membership)[A-Z][a-zA-Z]+)`", answers))
    assert events <= EVENTS_BY_NAME.keys() | ADDED
    named = re.findall(r"items? ((?:[A-Z_]{5,}(?:, | or | and )?)+)", answers)
    categories = {each for group in named for each in re.findall(r"[A-Z_]{5,}", group)}
    assert categories <= {each.value for each in PayoutCategory} | ADDED
    assert {"PaymentReturned", "DisputeOpened", "PayoutFailed"} <= events
    assert {"RESERVE_HOLD", "BALANCE_CARRIED"} <= categories
