"""An effect that was dead before and is then found twice at its target gets a notice of its own (I6, law 20)."""

from __future__ import annotations

from typing import Any, Final

import pytest

from sinks.ledger.named_queries import named_queries
from tests.sinks.notices.notice_ledger import MORNING, NoticeLedger, wait_until

_SQL: Final = named_queries("sinks.ledger.intake")

pytestmark = pytest.mark.stack


def letter(reason: str, offset: int) -> dict[str, Any]:
    place = {"practice_id": "northside", "topic_id": "t", "part": 0, "off": 3, "effect_id": 1, "redrives": 0}
    failed = {"topic": "payments.v1", "stage": "post", "reason": reason, "field": None, "source": "s", "event_id": "e1"}
    times = {"first_failed_at": MORNING, "last_failed_at": MORNING, "now": MORNING}
    rest = {"target": "PMS", "ambiguous": False, "attempts": 1, "headers": "{}", "key": b"", "value": b""}
    return place | failed | times | rest | {"dl_topic_id": "d", "dl_part": 0, "dl_off": offset}


def test_a_double_after_a_death_is_reported(ledger: NoticeLedger) -> None:
    ledger.practice("northside", "office@northside.example")
    add = _SQL["add_dead_letter"]
    ledger.connection.execute(add, letter("OUTCOME_UNKNOWN", 1))
    ledger.connection.execute("UPDATE dead_letters SET settled_at = now(), settled_as = 'RELEASED'")
    ledger.connection.execute(add, letter("OUTCOME_UNKNOWN", 1))
    assert ledger.one("SELECT settled_as FROM dead_letters") == "RELEASED"
    ledger.connection.execute(add, letter("DUPLICATE_AT_TARGET", 2))
    with ledger.notifier():
        wait_until(lambda: len(ledger.mailbox.subjects("office@northside.example")) == 1)
    assert "may be in the practice management system twice" in ledger.mailbox.subjects()[0]
