"""What a closed period keeps is posted with the first open date, per entry, as a letter offers it (T-9)."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from schemas.practice_settings import ClosedPeriod
from sinks.operations.actions.entry_action_rules import EntryAction
from sinks.operations.actions.entry_actions import act_on_entries
from sinks.operations.actions.open_date import post_with_open_date
from tests.processors.rules.event_examples import NOON, PRACTICE
from tests.sinks.operations.orders import ledger_of, order
from tests.sinks.poster.offices import Offices
from tests.sinks.poster.test_blackouts_and_closed_periods import Days

pytestmark = pytest.mark.stack


@pytest.mark.parametrize(
    ("policy", "kept"),
    [(ClosedPeriod.HOLD, "BLOCKED_PERIOD"), (ClosedPeriod.MANUAL, "AWAITING_MANUAL_POST")],
)
def test_it_goes_with_its_fee_and_its_own_date_in_the_note(
    offices: Offices, tmp_path: Path, policy: ClosedPeriod, kept: str
) -> None:
    """T-9, N-3: paid on the 4th, closed through the 4th; on the 9th a person lets it go: it carries the 5th."""
    days = Days(offices, tmp_path, NOON)
    office = offices.open(ledger_closed_through=NOON.date(), closed_period=policy)
    offices.database.report(office.pay())
    offices.poster(rehearsal_clock=days.file)
    office.until_states(kept, "AWAITING_MANUAL_POST" if policy is ClosedPeriod.MANUAL else "SCHEDULED")
    ledger = ledger_of(offices.database.connection, offices.database.clock)
    (early,) = post_with_open_date(ledger, PRACTICE, [1], order())
    assert "closed through 2026-03-04" in (early.refusal or "")
    refused = act_on_entries(ledger, EntryAction.POST, PRACTICE, [1], order()).items[0].refusal
    assert "--first-open-date" in (refused or "")
    days.to(NOON + timedelta(days=5))
    (preview,) = post_with_open_date(ledger, PRACTICE, [1], order(apply=False))
    assert (preview.refusal, len(preview.parts)) == (None, 1)
    assert office.states()[0] == kept
    (stale,) = post_with_open_date(ledger, PRACTICE, [1], order(), {1: "seen before"})
    assert "changed since you looked" in (stale.refusal or "")
    assert office.states()[0] == kept
    seen = {each.effect_id: each.version for each in preview.entries}
    (done,) = post_with_open_date(ledger, PRACTICE, [1], order(), seen)
    assert done.notes == ("with the date 2026-03-05 instead of 2026-03-04",)
    office.until_states("POSTED", "POSTED")
    assert office.column("ledger_date") == [date(2026, 3, 5)] * 2
    (row,) = offices.sandbox.open_dental.payments(office.customer_key)
    assert "dated 2026-03-04" in row.note
    (again,) = post_with_open_date(ledger, PRACTICE, [1], order())
    assert "not kept by a closed period" in (again.refusal or "")
