"""What a filter finds, page by page, is what a reader of every row would pick, and its sums are theirs (VER-1, G11)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.events import PaymentKind, Tender
from schemas.vocabulary import BOOKED, State, Target
from sinks.operations.queries import sums, transactions
from sinks.operations.queries.calendar import Calendar, Weekday, week_of
from sinks.operations.queries.sums import all_sums
from sinks.operations.queries.transaction_filter import DateOf, Place, Wanted
from sinks.operations.queries.transactions import TransactionRow, page_of
from streams.runtime.errors import ConfigurationError
from tests.processors.rules.event_examples import NOON, PRACTICE
from tests.sinks.operations.stored_payments import SOURCE, StoredPayments

pytestmark = pytest.mark.stack

ZONE = "America/Los_Angeles"
STATES = (State.POSTED, State.POSTED, State.RECORDED_MANUALLY, State.REJECTED, State.SCHEDULED, State.SKIPPED_DISABLED)
KINDS = (PaymentKind.TERMINAL, PaymentKind.COLLECTION)
TENDERS = (Tender.CARD, Tender.CHECK)
EVENTS = 60


class Kept(msgspec.Struct, frozen=True):
    """What the test wrote of one row, by which it judges filters itself."""

    row: int | str
    values: dict[str, Any]


@pytest.fixture
def ledger(stored: StoredPayments) -> tuple[StoredPayments, list[Kept]]:
    """Sixty events within some days, many at one instant, of two sources, with none, one or two entries each."""
    random = Random(12)
    stored.row(
        "settings",
        version=1,
        effective_from=NOON - timedelta(days=900),
        body=f'{{"zone": "{ZONE}"}}',
        saved_at=NOON,
        saved_by="Ada",
        reason="test",
    )
    kept: list[Kept] = []
    for n in range(EVENTS):
        at = NOON + timedelta(hours=random.choice([0, 5, 14, 20, 29, 29, 29]))
        source = random.choice([SOURCE, "portal.example"])
        event_id = stored.event("payment", f"pay-{n % 50}", occurred_at=at, source=source, version=1 + n // 50)
        local = Calendar(ZONE).day_of(at)
        if n % 7 == 0:
            kept.append(
                Kept(event_id, {"state": "APPLIED", "day": local, "subject": f"pay-{n % 50}", "event": event_id})
            )
        parts = range(0 if n % 7 == 0 else 1 + n % 2)
        kept += [_entry(stored, random, event_id, source, f"pay-{n % 50}", local, part) for part in parts]
    in_payout = {"category": "CHARGE", "payout_id": "po-1", "source": SOURCE, "version": 1, "since": 1}
    amounts = {"gross_minor": 1, "fee_minor": 0, "fee_apart": False, "compared": True}
    for n in (1, 2, 3):
        stored.row("standing_items", subject=f"pay-{n}", payment_id=f"pay-{n}", **in_payout, **amounts)
    payout = stored.event("payout", "po-1", event_type="PayoutPaid", occurred_at=NOON)
    number = stored.entry(payout, "payout", 900, ledger_date=date(2026, 4, 1), posted_at=NOON, changed_at=NOON)
    own = {"state": "POSTED", "day": Calendar(ZONE).day_of(NOON), "subject": "po-1", "event": payout, "amount": 900}
    kept.append(Kept(number, own | {"target": "QUICKBOOKS", "booked": NOON, "counted": 900}))
    return stored, kept


def _entry(
    stored: StoredPayments, random: Random, event_id: str, source: str, subject: str, day: date, part: int
) -> Kept:
    state, kind, tender = random.choice(STATES), random.choice(KINDS), random.choice(TENDERS)
    amount, gross, patient = (
        random.choice([500, 1200, -1200]),
        random.choice([700, 1300]),
        random.choice(["pt-1", "pt-2"]),
    )
    ended = NOON + timedelta(days=random.choice([0, 1, 2]))
    instruction = {"payment_kind": kind, "tender": tender, "gross_minor": gross}
    number = stored.entry(
        event_id,
        "payment",
        amount,
        source=source,
        part=str(part),
        state=state.value,
        patient_ref=patient,
        changed_at=ended,
        posted_at=ended if state is State.POSTED else None,
        external_id=f"PayNum {stored.effects + 1}" if state is State.POSTED else None,
        instruction=msgspec.json.encode(instruction).decode(),
    )
    entered = amount - 100 if state is State.RECORDED_MANUALLY else None
    if entered is not None:
        stored.row("recorded_amounts", effect_id=number, amount_minor=entered, recorded_at=ended, recorded_by="Ada")
    about = {"day": day, "subject": subject, "event": event_id, "patient": patient, "target": "PMS"}
    money = {"amount": amount, "gross": gross, "counted": amount if entered is None else entered}
    became = {
        "state": state.value,
        "booked": ended if state in BOOKED else None,
        "external": f"PayNum {number}" if state is State.POSTED else "",
    }
    return Kept(number, {"kind": kind, "tender": tender, **about, **money, **became})


DAYS = [NOON.date() + timedelta(days=n) for n in range(-1, 3)]


@st.composite
def filters(draw: Callable[..., Any]) -> Wanted:
    """Any combination, most of which find some rows and not all."""

    def maybe(strategy: st.SearchStrategy[Any]) -> Any:
        return draw(st.none() | strategy)

    first = draw(st.sampled_from([None, *DAYS]))
    last = None if first is None else first + timedelta(days=draw(st.integers(0, 3)))
    date_of = DateOf.TRANSACTION if first is None else draw(st.sampled_from([DateOf.TRANSACTION, DateOf.POSTED]))
    low = maybe(st.sampled_from([0, 600, 1200]))
    states = maybe(st.sets(st.sampled_from([*STATES]), min_size=1))
    return Wanted(
        practice_id=PRACTICE,
        states=None if states is None else tuple(states),
        date_of=date_of,
        from_day=first,
        to_day=last,
        payment=maybe(st.sampled_from(["pay-1", "pay-8", "ev-3"])),
        payment_kinds=maybe(st.sampled_from([(KINDS[0],), KINDS])),
        tenders=maybe(st.sampled_from([(TENDERS[0],), TENDERS])),
        target=maybe(st.sampled_from([Target.PMS])),
        low_minor=low,
        high_minor=None if low is None else low + 200,
        patient=maybe(st.sampled_from(["pt-1", "pt-2", "pt-9"])),
        text=maybe(st.sampled_from(["pay-1", "PayNum", "ev-2", "e:9", "7"])),
        most=draw(st.integers(1, 9)),
    )


def _fits(wanted: Wanted, kept: Kept) -> bool:
    of = kept.values
    begins, ends = Calendar(ZONE).bounds(wanted.from_day or DAYS[0], wanted.to_day or DAYS[0])
    ids = (of["subject"], of["event"], of.get("external", ""))
    amounts = [abs(of[name]) for name in ("amount", "gross") if name in of]
    return (
        (wanted.states is None or of["state"] in wanted.states)
        and (wanted.payment is None or wanted.payment in ids[:2])
        and (wanted.payment_kinds is None or of.get("kind") in wanted.payment_kinds)
        and (wanted.tenders is None or of.get("tender") in wanted.tenders)
        and (wanted.target is None or of.get("target") == wanted.target)
        and (wanted.patient is None or of.get("patient") == wanted.patient)
        and (wanted.low_minor is None or any(wanted.low_minor <= each <= (wanted.high_minor or 0) for each in amounts))
        and (wanted.text is None or any(wanted.text in each for each in ids) or wanted.text == f"e:{kept.row}")
        and (
            wanted.from_day is None
            or (wanted.date_of is DateOf.TRANSACTION and wanted.from_day <= of["day"] <= (wanted.to_day or DAYS[0]))
            or (wanted.date_of is DateOf.POSTED and of.get("booked") is not None and begins <= of["booked"] < ends)
        )
    )


def _all_pages(stored: StoredPayments, wanted: Wanted) -> list[TransactionRow]:
    found: list[TransactionRow] = []
    after: Place | None = None
    while True:
        page = page_of(stored.connection, wanted, after)
        assert len(page.rows) <= wanted.most
        found += page.rows
        if page.next is None:
            return found
        after = Place.from_token(page.next.token())


def test_pages_are_the_rows_that_fit_and_sums_are_theirs(
    ledger: tuple[StoredPayments, list[Kept]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against brute force: nothing missing, nothing twice, in one order; every sum is the sum of the rows it names."""
    stored, kept = ledger
    monkeypatch.setattr(transactions, "SCAN", 7)
    monkeypatch.setattr(sums, "SCAN", 11)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(filters())
    def check(wanted: Wanted) -> None:
        found = _all_pages(stored, wanted)
        expected = [each for each in kept if _fits(wanted, each)]
        assert Counter(each.effect_id or each.event_id for each in found) == Counter(each.row for each in expected)
        keys = [(each.occurred_at, each.event_id, each.source, each.effect_id or 0) for each in found]
        assert keys == sorted(keys)
        told = {(each.state, each.payment_kind, each.tender): each for each in all_sums(stored.connection, wanted)}
        assert sum(each.entries for each in told.values()) == len(expected)
        counted: Counter[tuple[Any, ...]] = Counter()
        for each in expected:
            key = (each.values["state"], each.values.get("kind"), each.values.get("tender"))
            counted[key] += each.values.get("counted", 0)
        assert {key: each.amount_minor for key, each in told.items()} == dict(counted)

    check()


def test_the_place_in_a_listing_survives_what_happens_meanwhile(ledger: tuple[StoredPayments, list[Kept]]) -> None:
    """A state that changes between two pages moves no row: none is shown twice, none is left out."""
    stored, kept = ledger
    wanted = Wanted(practice_id=PRACTICE, most=20)
    first = page_of(stored.connection, wanted)
    stored.connection.execute("SET session_replication_role = replica")
    stored.connection.execute("UPDATE work SET state = 'PAUSED', changed_at = now()")
    stored.connection.execute("RESET session_replication_role")
    rows = [*first.rows]
    after = first.next
    while after is not None:
        page = page_of(stored.connection, wanted, after)
        rows += page.rows
        after = page.next
    assert Counter(each.effect_id or each.event_id for each in rows) == Counter(each.row for each in kept)


def test_by_the_day_of_the_payout(ledger: tuple[StoredPayments, list[Kept]]) -> None:
    """The payout's document and the payments that it pays out, whenever they happened; another day finds nothing."""
    stored, _ = ledger
    day = date(2026, 4, 1)
    asked = Wanted(practice_id=PRACTICE, date_of=DateOf.PAYOUT, from_day=day, to_day=day)
    found = {each.subject for each in _all_pages(stored, asked)}
    assert found == {"po-1", "pay-1", "pay-2", "pay-3"}
    later = msgspec.structs.replace(asked, from_day=day + timedelta(days=1), to_day=day + timedelta(days=1))
    assert _all_pages(stored, later) == []
    assert all_sums(stored.connection, later) == ()


def test_a_patient_by_the_number_in_the_practices_system(ledger: tuple[StoredPayments, list[Kept]]) -> None:
    stored, kept = ledger
    stored.row("patient_links", patient_ref="pt-2", pms_patient_id="4711", linked_by="Ada", linked_at=NOON)
    found = _all_pages(stored, Wanted(practice_id=PRACTICE, patient="4711"))
    assert {each.effect_id for each in found} == {each.row for each in kept if each.values.get("patient") == "pt-2"}


def test_a_version_changes_with_the_entry(ledger: tuple[StoredPayments, list[Kept]]) -> None:
    stored, _ = ledger
    before = {each.effect_id: each.version for each in _all_pages(stored, Wanted(practice_id=PRACTICE, most=500))}
    number = next(stored.connection.execute("SELECT effect_id FROM work ORDER BY 1"))[0]
    stored.connection.execute("UPDATE work SET attempts = attempts + 1 WHERE effect_id = %s", (number,))
    after = {each.effect_id: each.version for each in _all_pages(stored, Wanted(practice_id=PRACTICE, most=500))}
    assert {each for each, version in after.items() if before[each] != version} == {number}


@pytest.mark.parametrize(
    ("day", "starts", "first"),
    [
        (date(2026, 3, 4), Weekday.SUNDAY, date(2026, 3, 1)),
        (date(2026, 3, 1), Weekday.SUNDAY, date(2026, 3, 1)),
        (date(2026, 3, 1), Weekday.MONDAY, date(2026, 2, 23)),
        (date(2026, 3, 2), Weekday.MONDAY, date(2026, 3, 2)),
        (date(2026, 3, 4), Weekday.SATURDAY, date(2026, 2, 28)),
    ],
)
def test_a_week_begins_on_the_day_that_the_practice_chose(day: date, starts: Weekday, first: date) -> None:
    """VER-5."""
    assert week_of(day, starts) == (first, first + timedelta(days=6))


@pytest.mark.parametrize(
    "wrong",
    [
        {"from_day": DAYS[0]},
        {"from_day": DAYS[1], "to_day": DAYS[0]},
        {"from_day": date(2024, 1, 1), "to_day": date(2026, 1, 1)},
        {"date_of": DateOf.POSTED, "practice_id": PRACTICE},
        {"patient": "pt-1"},
        {"low_minor": 5},
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Wanted(**wrong)
    with pytest.raises(ConfigurationError):
        Place.from_token("bm9uc2Vuc2U=")
