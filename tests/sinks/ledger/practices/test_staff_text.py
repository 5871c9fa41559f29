"""Nothing that staff types may keep a card number, or speak to the terminal of who reads it (C-1)."""

from __future__ import annotations

import pytest

from sinks.ledger.practices.settings.settings_store import Saving
from sinks.ledger.practices.staff_text import LENGTH, checked_text
from streams.runtime.errors import ConfigurationError

CARD = "4111 1111-1111 1111"


@pytest.mark.parametrize(
    "text", [f"they paid with {CARD}", "line\nanother", "\x1b[2Jgone", "tur\u202ened", "x" * (LENGTH + 1)]
)
def test_staff_text_is_refused_by_name_and_never_repeated(text: str) -> None:
    """C-1: a card number, control characters and novels are refused; the message names the option alone."""
    with pytest.raises(ConfigurationError, match=r"^--why: ") as refused:
        checked_text("--why", text)
    assert text not in str(refused.value)
    assert "4111" not in str(refused.value)


def test_ordinary_reasons_pass_in_every_language() -> None:
    """Words, amounts, dates, ids and letters beyond ASCII stay as they are."""
    for text in ("", "closed March, see ticket 4711", "später – für Dr. Núñez", "pay-1234567890123 was 96.80"):
        assert checked_text("--why", text) == text


@pytest.mark.parametrize("field", ["actor", "reason", "without_golive"])
def test_no_history_keeps_a_card_number(field: str) -> None:
    """C-1: whatever saves settings, links, backfills or groups says who and why through this record."""
    told = {"actor": "ada", "reason": "asked", "without_golive": "the office insists"}
    with pytest.raises(ConfigurationError, match="card number"):
        Saving(**told | {field: CARD})
