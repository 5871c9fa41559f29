"""Scenario 64 and guarantee 4: 5,000 entries of one practice come due at once, and its system is slow.

Being due is a predicate: nothing is written for it. The others of the same cut-off are posted meanwhile.
"""

from __future__ import annotations

import pytest

from deploy.sandbox.faults import Effect, FaultKind
from schemas.practice_settings import AmountMode, Timing
from tests.scenarios.waiting import until
from tests.sinks.poster.conftest import offices, sandbox
from tests.sinks.poster.offices import Offices

__all__ = ["offices", "sandbox"]

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.timeout(900)]
BEHIND = 5_000
PATIENTS = 50
OTHERS = 3
EACH = 20
BATCH = 500
DAILY = {"amount": AmountMode.GROSS, "timing": Timing.DAILY, "zone": "UTC"}
ROWS = "SELECT effect_id, xmin::text::bigint FROM work WHERE practice_id = 'slow' AND state = 'SCHEDULED'"


def test_thousands_at_a_slow_system_delay_nobody_else(offices: Offices) -> None:
    """The others are done while almost all of them wait, each untouched since it was stored; no more calls of the slow
    practice are under way than it has lanes for, and what it posts is in the order of each patient's lane."""
    slow = offices.open("slow", **DAILY)
    others = [offices.open(f"other-{n}", **DAILY) for n in range(OTHERS)]
    for first in range(0, BEHIND, BATCH):
        offices.database.report(*(slow.pay(f"pt-{n % PATIENTS}", 1_000 + n, 30) for n in range(first, first + BATCH)))
    offices.database.report(*(other.pay(f"pt-{n}") for other in others for n in range(EACH)))
    stored: dict[int, int] = dict(offices.database.rows(ROWS))
    assert len(stored) == BEHIND
    assert offices.database.one("SELECT count(*) FROM work WHERE due_at <= now()") == BEHIND + OTHERS * EACH
    offices.sandbox.open_dental.fault(FaultKind.SLOW, Effect.BEFORE, seconds=0.8, account=slow.customer_key)
    offices.poster()
    for other in others:
        other.until_states(*["POSTED"] * EACH)
    until(lambda: slow.payments(), "the slow one is posted too", show=lambda: str(slow.attempts()[-5:]))
    waiting: dict[int, int] = dict(offices.database.rows(ROWS))
    assert len(waiting) > BEHIND - 10 * PATIENTS, "the others waited for most of it"
    assert waiting.items() <= stored.items(), "coming due has rewritten what was not sent"
    assert (
        offices.database.one("SELECT count(*) FROM work WHERE practice_id = 'slow' AND state = 'SENDING'") <= PATIENTS
    )
    offices.stop_posters()
    posted = offices.database.rows(
        "SELECT lane, array_agg(effect_id ORDER BY posted_at, effect_id) FROM effects"
        " WHERE practice_id = 'slow' AND state = 'POSTED' GROUP BY lane"
    )
    assert posted
    for lane, ids in posted:
        of_lane = [
            row[0]
            for row in offices.database.rows(
                "SELECT effect_id FROM effects WHERE practice_id = 'slow' AND lane = %s ORDER BY effect_id", lane
            )
        ]
        assert ids == of_lane[: len(ids)], f"{lane} is out of its order"
    assert not slow.doubled()
