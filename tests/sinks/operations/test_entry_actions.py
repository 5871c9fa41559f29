"""A named person posts, records or dismisses entries, with all that hangs on them (POST-2, POST-3)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.practice_settings import TypeMode
from schemas.vocabulary import State
from sinks.ledger.conservation import violations
from sinks.ledger.practices import audit
from sinks.operations.actions.entry_action_rules import EntryAction
from sinks.operations.queries.waiting_entries import waiting_entries
from tests.processors.rules.event_examples import NOON, PRACTICE, item, modes, payment, payout
from tests.processors.rules.linked_examples import refunded
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.linked_events import LATER, entries, posted
from tests.sinks.operations.entry_commands import MANUAL, WHO, apply, plan, results

pytestmark = pytest.mark.stack


def test_what_is_released_is_due_at_once_with_its_fee(manual: LedgerDatabase) -> None:
    """POST-2, N-3: 'Post to Ledger': the payment and its companion, the companion behind it."""
    assert manual.states() == ["AWAITING_MANUAL_POST"] * 2
    (found,) = plan(manual, EntryAction.POST, 1)
    assert (found.refusal, [each.id for each in found.entries]) == (None, ["e:1", "e:2"])
    assert manual.states() == ["AWAITING_MANUAL_POST"] * 2
    assert apply(manual, EntryAction.POST, 1).refused == 0
    assert [row[3:] for row in entries(manual)] == [("SCHEDULED", None), ("SCHEDULED", "ev-1:payment")]
    assert manual.rows("SELECT DISTINCT reason, holds, due_at FROM effects") == [("BACKFILLED", [], NOON)]
    assert manual.one("SELECT next_due_at FROM gates WHERE connection_id = 'practice-1-PMS'") == NOON
    assert apply(manual, EntryAction.POST, 1).refused == 1


def test_what_is_released_goes_to_its_first_unmet_condition(database: LedgerDatabase) -> None:
    """LINK-1: the word may come before the link; then the link alone lets it go."""
    database.add(types=MANUAL)
    database.report(payment())
    assert database.states() == ["AWAITING_LINK"] * 2
    assert plan(database, EntryAction.POST, 1)[0].notes == ("still waits: AWAITING_LINK",)
    apply(database, EntryAction.POST, 1)
    assert database.states() == ["AWAITING_LINK"] * 2
    assert "writeback link" in (plan(database, EntryAction.POST, 1)[0].refusal or "")
    database.link()
    assert database.states() == ["SCHEDULED"] * 2


def test_the_master_off_pauses_what_is_released(manual: LedgerDatabase) -> None:
    """SET-10: nothing of the PMS goes out while it is off."""
    manual.clock.instant = LATER
    manual.save(master=False, types=MANUAL)
    apply(manual, EntryAction.POST, 1)
    assert manual.states() == ["PAUSED"] * 2
    assert results(manual)[-2:] == [("PAUSED", "payment", 9680), ("PAUSED", "fee_adjustment", 320)]


def test_recorded_with_its_fee_its_amounts_and_who(manual: LedgerDatabase) -> None:
    """POST-3, N-3, H-15: who enters 96.80 is shown 3.20; both are recorded, with actor, time, amounts and why."""
    (found,) = plan(manual, EntryAction.RECORD, 1)
    assert found.notes == ("enter its parts too: e:2 fee_adjustment",)
    apply(manual, EntryAction.RECORD, 1)
    assert manual.states() == ["RECORDED_MANUALLY"] * 2
    recorded = State.RECORDED_MANUALLY
    assert results(manual)[-2:] == [(recorded, "payment", 9680), (recorded, "fee_adjustment", 320)]
    ((actor, at, subject, amounts, why),) = manual.rows(
        "SELECT actor, at, subject, after -> 'amounts', why FROM audit WHERE action = 'entry.record'"
    )
    assert (actor, at, subject, why) == ("Ada", NOON, "e:1", WHO.reason)
    assert amounts == {"e:1": [9680, "USD"], "e:2": [320, "USD"]}
    with manual.connection.cursor() as cursor:
        assert audit.broken(cursor, PRACTICE) == []
    assert [each for each in violations(manual.connection) if "receipt" not in each] == []


def test_refunds_of_what_was_recorded_are_a_persons(manual: LedgerDatabase) -> None:
    """R-14: the refund that waited for it waits for a person, and one that comes later too."""
    manual.report(refunded(-4_000, at=LATER))
    assert entries(manual)[2][3:] == ("SCHEDULED", "ev-1:payment")
    assert "e:3" in plan(manual, EntryAction.RECORD, 1)[0].notes[-1]
    done = apply(manual, EntryAction.RECORD, 1)
    assert done.followed == 1
    manual.report(refunded(-6_000, number=2, at=LATER))
    assert [row[3:] for row in entries(manual)[2:]] == [("AWAITING_MANUAL_POST", None)] * 2
    assert [each.effect_id for each in waiting_entries(manual.connection, PRACTICE, None, 10)] == [3, 4]
    apply(manual, EntryAction.RECORD, 3)
    (freed,) = plan(manual, EntryAction.POST, 4)
    assert "make sure that it stands in the books" in freed.notes[0]
    apply(manual, EntryAction.POST, 4)
    assert manual.states()[2:] == ["RECORDED_MANUALLY", "SCHEDULED"]


def test_dismissed_with_its_fee(manual: LedgerDatabase) -> None:
    apply(manual, EntryAction.DISMISS, 1)
    assert manual.states() == ["DISMISSED"] * 2
    assert apply(manual, EntryAction.RECORD, 1).refused == 0
    assert manual.states() == ["RECORDED_MANUALLY"] * 2
    (taken_out,) = plan(manual, EntryAction.DISMISS, 1)
    assert "recorded it as entered by hand" in taken_out.notes[0], "whoever ends it second is told of the first"


def test_a_fee_that_died_alone_is_recorded_alone(database: LedgerDatabase) -> None:
    """N-3: the payment is posted, its fee was refused."""
    database.add()
    database.link()
    database.report(payment())
    posted(database, 1)
    database.connection.execute("UPDATE effects SET state = 'SENDING' WHERE effect_id = 2")
    database.connection.execute(
        "UPDATE effects SET state = 'REJECTED', reason = 'REFUSED_BY_TARGET' WHERE effect_id = 2"
    )
    database.connection.execute(
        "INSERT INTO dead_letters (practice_id, topic_id, part, off, topic, stage, reason, effect_id, first_failed_at,"
        " last_failed_at, dl_topic_id, dl_part, dl_off, stored_at)"
        " VALUES (%s, 't', 0, 1, 'payments.v1', 'post', 'REFUSED_BY_TARGET', 2, now(), now(), 'd', 0, 1, now())",
        (PRACTICE,),
    )
    assert apply(database, EntryAction.RECORD, 2).refused == 0
    assert database.states() == ["POSTED", "RECORDED_MANUALLY"]
    assert database.rows("SELECT settled_as, settled_by FROM dead_letters") == [("RECORDED_MANUALLY", "Ada")]
    assert results(database)[-1] == (State.RECORDED_MANUALLY, "fee_adjustment", 320)


@pytest.mark.parametrize("state", ["REJECTED", "BLOCKED_PERIOD", "INVALID_CONFIG", "DEAD_LETTERED"])
def test_what_died_is_recorded_with_what_waits_behind_it(database: LedgerDatabase, state: str) -> None:
    """PROTOCOL section 3: the other parts of its plan end alike; `post` names the redrive."""
    database.add()
    database.link()
    database.report(payment())
    path = ["SENDING", "UNCERTAIN", state] if state == "DEAD_LETTERED" else ["SENDING", state]
    for each in path:
        database.connection.execute("UPDATE effects SET state = %s WHERE effect_id = 1", (each,))
    assert "writeback dlq redrive" in (plan(database, EntryAction.POST, 1)[0].refusal or "")
    apply(database, EntryAction.RECORD, 1)
    assert database.states() == ["RECORDED_MANUALLY"] * 2
    assert database.one("SELECT next_due_at FROM gates WHERE connection_id = 'practice-1-PMS'") is None


def test_a_payout_is_recorded_like_any_entry(database: LedgerDatabase) -> None:
    """P-1: its QuickBooks entry was refused; somebody typed it in, or nobody will."""
    database.add()
    database.report(payout(item(1, 10000, 320)))
    effect_id = database.one("SELECT effect_id FROM effects WHERE target = 'QUICKBOOKS'")
    for state in ("SENDING", "REJECTED"):
        database.connection.execute("UPDATE effects SET state = %s WHERE effect_id = %s", (state, effect_id))
    assert apply(database, EntryAction.RECORD, effect_id).refused == 0
    assert database.one("SELECT state FROM effects WHERE effect_id = %s", effect_id) == "RECORDED_MANUALLY"


def test_what_was_skipped_is_recorded_whole(database: LedgerDatabase) -> None:
    """N-3: a switch skipped payment and fee; entered by hand they are both in the books."""
    database.add(types=modes(terminal=TypeMode.OFF))
    database.link()
    database.report(payment())
    assert "writeback backfill" in (plan(database, EntryAction.POST, 1)[0].refusal or "")
    apply(database, EntryAction.RECORD, 1)
    assert database.states() == ["RECORDED_MANUALLY"] * 2


def test_a_list_says_what_waits_for_whom(manual: LedgerDatabase) -> None:
    manual.clock.instant = NOON + timedelta(hours=3)
    first, second = waiting_entries(manual.connection, PRACTICE, None, 10)
    assert (first.id, first.subject, first.amount_minor, first.reason) == ("e:1", "pay-1", 9680, "MANUAL_BY_SETTING")
    assert (second.id, second.part_of) == ("e:2", 1)
    assert waiting_entries(manual.connection, PRACTICE, [State.REJECTED], 10) == []


def test_a_part_that_came_before_its_origin_is_named_with_it(manual: LedgerDatabase) -> None:
    """R-6: an entry may be led to a later one; the unit begins with what the others hang on, whatever its number."""
    manual.connection.execute("UPDATE effects SET depends_on = NULL WHERE effect_id = 2")
    manual.connection.execute("UPDATE effects SET depends_on = 2 WHERE effect_id = 1")
    (found,) = plan(manual, EntryAction.RECORD, 1, 2)
    assert (found.refusal, [each.id for each in found.entries]) == (None, ["e:2", "e:1"])
    apply(manual, EntryAction.RECORD, 1, 2)
    assert manual.states() == ["RECORDED_MANUALLY"] * 2


def test_who_looked_at_it_may_let_it_be_posted(manual: LedgerDatabase) -> None:
    """I-3, PROTOCOL section 3: a review ends with the decision of a person."""
    manual.connection.execute(
        "UPDATE effects SET state = 'AWAITING_REVIEW', holds = '{AWAITING_REVIEW,AWAITING_MANUAL_POST}',"
        " reason = 'CODE_NOT_ALLOWED' WHERE effect_id = 1"
    )
    assert apply(manual, EntryAction.POST, 1).refused == 0
    assert manual.rows("SELECT state, holds FROM effects") == [("SCHEDULED", [])] * 2
