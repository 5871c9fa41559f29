"""A patient who was linked to the wrong one: what stands there is taken back, and posted at the right one (E-12)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count
from typing import Any, Final

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.events import Member, Split
from schemas.practice_settings import AmountMode, FeeAdjustment, Timing
from sinks.ledger.practices.links import link
from sinks.operations.actions.move_patient import PatientMoved, move_patient
from sinks.operations.whatif import run as whatif
from sinks.poster.planned_call import FrozenRequest
from streams.runtime.errors import ConfigurationError, Permanent
from tests.processors.rules.event_examples import NOON, membership, payment
from tests.processors.rules.event_examples import settings as proposed
from tests.processors.rules.linked_examples import corrected, refunded
from tests.sinks.ledger.ledger_fixture import SAVING, LedgerDatabase, again
from tests.sinks.ledger.posting_by_hand import answered, begin_sending, next_due
from tests.sinks.operations.orders import ledger_of, order
from tests.worlds import Stack, fresh_world

NUMBERS: Final = count(1)
MINUTE: Final = timedelta(minutes=1)
WRONG, RIGHT, OTHER, THIRD = "17", "18", "21", "19"
SIGN: Final = {"charge": -1, "charge_reversal": -1}


@pytest.fixture(scope="module")
def ledger(stack: Stack) -> Iterator[LedgerDatabase]:
    """One for all lives; each is a practice of its own."""
    with fresh_world(stack) as world:
        opened = LedgerDatabase(world.database_url)
        yield opened
        opened.close()


def opened(database: LedgerDatabase, **changed: Any) -> str:
    practice = f"move-{next(NUMBERS)}"
    database.clock.instant = NOON
    database.add(practice, **changed)
    for patient, number in (("pt-1", WRONG), ("pt-2", OTHER)):
        link(database.connection, practice, patient, number, SAVING, clock=database.clock, jitter_s=0)
    return practice


def post(database: LedgerDatabase, practice: str) -> None:
    """As a poster: for the patient of the entry's origin where that stands, else of the link (R-13)."""
    while (found := next_due(database, practice)) is not None:
        effect_id, kind = found
        ((ref, origin),) = database.rows(
            "SELECT e.patient_ref, o.payload FROM effects e LEFT JOIN effects o ON o.practice_id = e.practice_id"
            " AND o.effect_id = e.depends_on WHERE e.practice_id = %s AND e.effect_id = %s",
            practice,
            effect_id,
        )
        linked = database.one(
            "SELECT pms_patient_id FROM patient_links WHERE practice_id = %s AND patient_ref = %s", practice, ref
        )
        at = linked if origin is None else FrozenRequest.from_column(bytes(origin)).pms_patient_id
        request = FrozenRequest(method="POST", path="/", body=b"{}", ledger_date=date(2026, 3, 4), pms_patient_id=at)
        begin_sending(database, practice, effect_id)
        database.connection.execute(
            "UPDATE effects SET payload = %s WHERE practice_id = %s AND effect_id = %s",
            (msgspec.msgpack.encode(request), practice, effect_id),
        )
        answered(database, practice, effect_id, f"{kind}/{effect_id}")


def lived(database: LedgerDatabase, practice: str, *events: Any) -> None:
    for event in events:
        database.report(again(event, practice_id=practice))
        post(database, practice)
        database.clock.instant += MINUTE


def balances(database: LedgerDatabase, practice: str) -> dict[str, int]:
    """By the number in the practice's system, what counts toward the balance there; nothing where it comes to none."""
    found: Counter[str] = Counter()
    for kind, part, amount, payload in database.rows(
        "SELECT entry_kind, part, amount_minor, payload FROM effects WHERE practice_id = %s AND target = 'PMS'"
        " AND state = 'POSTED'",
        practice,
    ):
        of = part.partition("/")[0] if kind == "reversal" else kind
        found[FrozenRequest.from_column(bytes(payload)).pms_patient_id or ""] += SIGN.get(of, 1) * amount
    return {number: amount for number, amount in found.items() if amount}


def move(database: LedgerDatabase, practice: str, to: str = RIGHT, *, apply: bool = True) -> PatientMoved:
    database.clock.instant += MINUTE
    done = move_patient(
        ledger_of(database.connection, database.clock), practice, "pt-1", to, order(reason="wrong John", apply=apply)
    )
    post(database, practice)
    return done


def test_e_12_a_payment_with_its_refund_and_its_fee_moves(ledger: LedgerDatabase) -> None:
    """E-12, R-1: reversals at the former patient, new entries at the right one; what comes later goes there too."""
    practice = opened(ledger)
    lived(ledger, practice, payment(10000, 320), refunded(-4000))
    assert balances(ledger, practice) == {WRONG: 6000}
    preview = move(ledger, practice, apply=False)
    assert balances(ledger, practice) == {WRONG: 6000}, "a preview moves nothing"
    assert ledger.rows("SELECT count(*) FROM effects WHERE practice_id = %s", practice) == [(3,)]
    assert {(each.id, each.pms_patient_id) for each in preview.stands} == {(f"e:{n}", WRONG) for n in (1, 2, 3)}
    done = move(ledger, practice)
    assert [(each.entry_kind.value, each.part, each.amount_minor) for each in done.entries] == [
        ("reversal", "payment/@1", -9680),
        ("reversal", "fee_adjustment/@1", -320),
        ("payment", "", 9680),
        ("fee_adjustment", "", 320),
        ("reversal", "refund/@1", 4000),
        ("refund", "", -4000),
    ]
    assert balances(ledger, practice) == {RIGHT: 6000}
    lived(ledger, practice, refunded(-1000, number=2))
    assert balances(ledger, practice) == {RIGHT: 5000}
    with pytest.raises(ConfigurationError, match="taken back already"):
        move(ledger, practice)
    move(ledger, practice, THIRD)
    assert balances(ledger, practice) == {THIRD: 5000}


def test_e_12_another_patient_of_the_same_payment_stays(ledger: LedgerDatabase) -> None:
    """E-12: one of two splits moves; a later correction finds both, and upstream's next version supersedes (P-23)."""
    practice = opened(ledger)
    splits = (Split(patient_ref="pt-1", amount_minor=6000), Split(patient_ref="pt-2", amount_minor=4000))
    lived(ledger, practice, payment(10000, 320, splits=splits))
    done = move(ledger, practice)
    assert {each.patient_ref for each in done.entries} == {"pt-1"}
    assert balances(ledger, practice) == {RIGHT: 6000, OTHER: 4000}
    before = ledger.rows("SELECT count(*) FROM effects WHERE practice_id = %s", practice)
    lived(ledger, practice, corrected(10000, 320, at=ledger.clock.instant, splits=splits))
    assert ledger.rows("SELECT count(*) FROM effects WHERE practice_id = %s", practice) == before, "the same money"
    larger = (splits[0], msgspec.structs.replace(splits[1], amount_minor=5000))
    lived(ledger, practice, corrected(11000, 320, version=3, at=ledger.clock.instant, splits=larger))
    assert balances(ledger, practice) == {RIGHT: 6000, OTHER: 5000}


@pytest.mark.parametrize("state", ["SENDING", "UNCERTAIN", "REJECTED"])
def test_e_12_what_is_not_known_to_stand_moves_nowhere(ledger: LedgerDatabase, state: str) -> None:
    """Law 16: an entry in flight, in doubt or dead refuses, by its id."""
    practice = opened(ledger)
    lived(ledger, practice, payment(10000, 320))
    ledger.report(again(refunded(-4000), practice_id=practice))
    for each in dict.fromkeys(("SENDING", state)):
        ledger.connection.execute(
            "UPDATE effects SET state = %s WHERE practice_id = %s AND effect_id = 3", (each, practice)
        )
    with pytest.raises(Permanent, match=rf"e:3 \({state}\)"):
        move(ledger, practice)
    assert balances(ledger, practice) == {WRONG: 10000}


def test_e_12_nothing_to_move_is_said(ledger: LedgerDatabase) -> None:
    practice = opened(ledger)
    ledger.report(again(payment(10000, 320), practice_id=practice))
    with pytest.raises(ConfigurationError, match="link add"):
        move(ledger, practice)


@st.composite
def lives(draw: st.DrawFn) -> dict[str, Any]:
    mine, others = draw(st.integers(500, 9000)), draw(st.integers(0, 4000))
    gross = mine + others
    return {
        "mine": mine,
        "others": others,
        "fee": draw(st.integers(0, gross // 4)),
        "membership": draw(st.booleans()),
        "refunds": draw(st.lists(st.integers(1, gross // 4), max_size=3)),
        "before": draw(st.integers(0, 3)),
        "mode": draw(st.sampled_from(AmountMode)),
        "companion": draw(st.sampled_from(FeeAdjustment)),
    }


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lives())
def test_e_12_the_former_patient_ends_as_before_and_the_right_one_as_if_linked_at_once(
    ledger: LedgerDatabase, life: dict[str, Any]
) -> None:
    """E-12, R-13: moved anywhere between its refunds, each balance is that of the same life that was linked rightly."""
    amounts = [("pt-1", life["mine"]), *([("pt-2", life["others"])] if life["others"] else [])]
    gross = life["mine"] + life["others"]
    money: Any
    if life["membership"]:
        members = tuple(Member(patient_ref=ref, amount_minor=each) for ref, each in amounts)
        money = membership(gross, life["fee"], payment_id="pay-1", members=members)
    else:
        splits = tuple(Split(patient_ref=ref, amount_minor=each) for ref, each in amounts)
        money = payment(gross, life["fee"], splits=splits)
    refunds = [
        refunded(-each, number=number, at=NOON + number * MINUTE)
        for number, each in enumerate(life["refunds"], start=1)
    ]
    first, later = refunds[: life["before"]], refunds[life["before"] :]
    chosen = {"amount": life["mode"], "fee_adjustment": life["companion"]}
    rightly = opened(ledger, **chosen)
    link(ledger.connection, rightly, "pt-1", RIGHT, SAVING, clock=ledger.clock, jitter_s=0)
    lived(ledger, rightly, money, *refunds)
    wrongly = opened(ledger, **chosen)
    lived(ledger, wrongly, money, *first)
    move(ledger, wrongly)
    assert WRONG not in balances(ledger, wrongly)
    lived(ledger, wrongly, *later)
    assert balances(ledger, wrongly) == balances(ledger, rightly)


def test_whatif_plays_a_move(ledger: LedgerDatabase) -> None:
    """Guarantee 3: the side that is in force shows what the ledger has, entry by entry; a proposal that would have
    posted nothing by then has nothing to take back."""
    practice = opened(ledger)
    lived(ledger, practice, payment(10000, 320), refunded(-4000))
    move(ledger, practice)
    lived(ledger, practice, corrected(9000, 290))
    rows = ledger.rows(
        "SELECT event_id, entry_kind, part, amount_minor, CASE state WHEN 'POSTED' THEN 'SCHEDULED' ELSE state END"
        " FROM effects WHERE practice_id = %s",
        practice,
    )
    since, until = NOON - timedelta(days=1), NOON + timedelta(days=30)
    found = list(whatif.run(ledger.connection, practice, proposed(), since, until))
    played = [
        (each.event_id, entry.entry_kind.value, entry.part, entry.amount_minor, entry.state.value)
        for each in found
        for entry in each.before.entries
    ]
    assert sorted(played) == sorted(rows)
    assert [each for each in found if each.before != each.after] == []
    later = whatif.run(ledger.connection, practice, proposed(timing=Timing.DAILY), since, until)
    assert [each.after.entries for each in later if each.event_id.startswith("link-")] == [()]
