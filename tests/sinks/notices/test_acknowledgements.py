"""How many notices somebody sees to, and how soon: each counted once, whichever notifier looks first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from tests.deploy.commands.console import writeback_here
from tests.sinks.notices.notice_ledger import NoticeLedger, wait_until

CAUSE = "posting:PMS:MAPPING_MISSING"
OFFICE = "office@northside.example"


def counted() -> float:
    return REGISTRY.get_sample_value("writeback_notices_acknowledged_total", {"cause": CAUSE}) or 0.0


def within(seconds: str) -> float:
    return REGISTRY.get_sample_value("writeback_notice_acknowledge_seconds_bucket", {"le": seconds}) or 0.0


def acknowledged(ledger: NoticeLedger, reference: str, by: str) -> None:
    words = ("notices", "acknowledge", reference, "--yes", "--why", "calling the vendor", "--by", by)
    said = writeback_here(ledger.world, *words, rehearsal_clock=ledger.clock)
    assert said.code == 0, said.errors


@pytest.mark.stack
def test_an_acknowledgement_is_counted_once_with_its_time(ledger: NoticeLedger) -> None:
    """By the time since it was opened. Who takes it over, and a notifier that starts anew, count nothing."""
    before, soon, late = counted(), within("3600.0"), within("14400.0")
    ledger.practice("northside", OFFICE)
    ledger.effect(1)
    with ledger.notifier():
        wait_until(lambda: len(ledger.mailbox.raw) == 1)
        reference = ledger.one("SELECT reference FROM notices")
        ledger.later(timedelta(hours=2))
        acknowledged(ledger, reference, "Ada")
        wait_until(lambda: counted() == before + 1)
        acknowledged(ledger, reference, "Bo")
        ledger.effect(2)
        wait_until(lambda: len(ledger.mailbox.raw) == 2)
    with ledger.notifier():
        ledger.set_state("POSTED", 1, 2)
        wait_until(lambda: len(ledger.mailbox.raw) == 3)
    assert counted() == before + 1
    assert (within("3600.0") - soon, within("14400.0") - late) == (0, 1)
