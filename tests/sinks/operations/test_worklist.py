"""The work list: a sheet of what is typed in, whose sums are its rows, recorded once it is filled in (POST-10)."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import Tender
from schemas.vocabulary import EntryKind
from sinks.operations.actions.record_sheet import record_sheet
from sinks.operations.worklist.csv_sheet import COLUMNS, csv_text, plain_cell, safe_cell
from sinks.operations.worklist.filled_in import entered_minor, read_filled_in
from sinks.operations.worklist.pdf_sheet import pdf_bytes
from sinks.operations.worklist.read import work_list
from sinks.operations.worklist.sheet import Sheet, SheetRow, ToEnter, account_groups, rows_of, totals_of
from streams.runtime.errors import ConfigurationError
from tests.processors.rules.event_examples import NOON, PRACTICE, payment
from tests.processors.rules.linked_examples import refunded
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.operations.orders import ledger_of, order
from tests.worlds import NO_GUARDS

DAY = date(2026, 3, 2)


def to_enter(number: int, **changed: object) -> ToEnter:
    values: dict[str, object] = {
        "effect_id": number,
        "depends_on": None,
        "entry_kind": EntryKind.PAYMENT.value,
        "reason": "NOT_BY_THIS_ROUTE",
        "planned_reason": None,
        "amount_minor": 9680,
        "currency": "USD",
        "ledger_date": DAY,
        "patient_ref": "pt-1",
        "account": None,
        "subject": f"pay-{number}",
        "plan": f"ev-{number}",
        "payment_kind": "TERMINAL",
        "tender": "CARD",
        "office_level": False,
        "capabilities": (),
    }
    return ToEnter(**(values | changed))  # type: ignore[arg-type]


def fee_of(head: int, number: int, **changed: object) -> ToEnter:
    return to_enter(
        number,
        depends_on=head,
        plan=f"ev-{head}",
        subject=f"pay-{head}",
        entry_kind="fee_adjustment",
        amount_minor=320,
        **changed,
    )


def sheet(*entries: ToEnter, name: str | None = "North") -> Sheet:
    return sheet_of(rows_of(entries), name)


def sheet_of(rows: tuple[SheetRow, ...], name: str | None = "North") -> Sheet:
    return Sheet(
        practice_id=PRACTICE, name=name, day=DAY, made_at=datetime(2026, 3, 2, 18, tzinfo=UTC), rows=rows,
        totals=totals_of(rows), postable=0, more=False,
    )  # fmt: skip


def filled(text: str, **entered: str) -> bytes:
    """The sheet's CSV with what staff wrote: by the number of the entry, `entered` or `entered|note`."""
    lines = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    for line in lines:
        said, _, note = entered.get(line["entry"].replace("e:", "e"), "").partition("|")
        line |= {"entered": said, "note": note}
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerows(lines)
    return ("\ufeff" + out.getvalue()).encode()


def test_rows_stand_as_staff_type_them_in() -> None:
    """By account and day, then payment type; each fee under its payment, wherever it came."""
    rows = rows_of(
        [
            to_enter(1, patient_ref="pt-2"),
            to_enter(2, tender="CASH"),
            to_enter(3),
            fee_of(1, 4, patient_ref="pt-2"),
            fee_of(3, 5),
            to_enter(6, ledger_date=date(2026, 3, 1)),
            to_enter(7, account="17", patient_ref="pt-9"),
        ]
    )
    assert [(row.account, row.effect_id, row.part_of) for row in rows] == [
        ("17", 7, None), ("pt-1", 6, None), ("pt-1", 3, None), ("pt-1", 5, 3), ("pt-1", 2, None),
        ("pt-2", 1, None), ("pt-2", 4, 1),
    ]  # fmt: skip
    assert rows[3].payment_type == "terminal card"
    assert [(key, len(group)) for key, group in account_groups(rows)] == [
        (("17", DAY), 1), (("pt-1", date(2026, 3, 1)), 1), (("pt-1", DAY), 3), (("pt-2", DAY), 2),
    ]  # fmt: skip


def test_signs_are_columns() -> None:
    """A payment lowers what is owed, a refund raises it; a charge is owed, and its reversal is not."""
    kinds = {"payment": 9680, "refund": -10000, "charge": 29900, "charge_reversal": -9900, "fee_adjustment": -33}
    rows = rows_of([to_enter(n, entry_kind=kind, amount_minor=kinds[kind]) for n, kind in enumerate(kinds, 1)])
    by_what = {row.what: (row.credit_minor, row.debit_minor) for row in rows}
    assert by_what == {
        "payment": (9680, 0), "refund": (0, 10000), "membership charge": (0, 29900),
        "take back of a charge": (9900, 0), "fee adjustment": (0, 33),
    }  # fmt: skip


def test_a_debit_that_goes_out_first_stands_under_its_payment() -> None:
    """N-10: staff look for what was paid."""
    debit = to_enter(1, entry_kind="fee_adjustment", amount_minor=-33)
    paid = to_enter(2, depends_on=1, plan="ev-1", subject="pay-1")
    assert [(row.effect_id, row.part_of) for row in rows_of([debit, paid])] == [(2, None), (1, 2)]


def test_what_writeback_can_post_is_not_on_the_sheet() -> None:
    """A person lets it go with `entries post`; one part that no program writes keeps its whole unit by hand."""
    can = ("payment", "fee_adjustment")
    assert rows_of([to_enter(1, capabilities=can, reason="MANUAL_TYPE"), fee_of(1, 2, capabilities=can)]) == ()
    half = ("payment",)
    assert len(rows_of([to_enter(1, capabilities=half), fee_of(1, 2, capabilities=half)])) == 2
    assert len(rows_of([to_enter(1, capabilities=can, reason="MANUAL_NET_NOT_POSITIVE")])) == 1


MINOR = st.integers(-10_000_00, 10_000_00)
KINDS = st.sampled_from([kind.value for kind in EntryKind if not kind.value.startswith("payout")])
ENTRIES: st.SearchStrategy[list[dict[str, object]]] = st.lists(
    st.builds(
        dict, entry_kind=KINDS, amount_minor=MINOR, tender=st.sampled_from(list(Tender)),
        patient_ref=st.sampled_from(["pt-1", "pt-2", "=1+1", "@x", "-5", "\tpt", "+1", "'quoted", 'a,b"c']),
        currency=st.sampled_from(["USD", "CAD"]), ledger_date=st.dates(DAY, date(2026, 3, 5)), hangs=st.booleans(),
    ),
    max_size=25,
)  # fmt: skip


def made(raw: list[dict[str, object]]) -> list[ToEnter]:
    entries: list[ToEnter] = []
    for number, values in enumerate(raw, 1):
        hangs = values.pop("hangs") and entries
        plan = {"depends_on": entries[-1].effect_id, "plan": entries[-1].plan} if hangs else {}
        entries.append(to_enter(number, **(values | plan)))
    return entries


@given(raw=ENTRIES)
def test_totals_are_the_sum_of_the_rows_to_the_cent(raw: list[dict[str, object]]) -> None:
    """On the sheet, in the CSV as a spreadsheet reads it, and against the entries; nothing is left out or doubled."""
    entries = made([dict(each) for each in raw])
    printed = sheet(*entries)
    assert sorted(row.effect_id for row in printed.rows) == [each.effect_id for each in entries]
    for total in printed.totals:
        of = [
            row for row in printed.rows
            if row.currency == total.currency and total.payment_type in ("", row.payment_type)
        ]  # fmt: skip
        assert (total.rows, total.credit_minor, total.debit_minor) == (
            len(of), sum(row.credit_minor for row in of), sum(row.debit_minor for row in of),
        )  # fmt: skip
    lines = list(csv.DictReader(io.StringIO(csv_text(printed).removeprefix("\ufeff"))))
    cents = {"credit": 0, "debit": 0}
    for line in lines:
        sign = -1 if line["entry"] == "total" else 1
        if line["entry"] != "total" or line["type"] == "all":
            for column in cents:
                cents[column] += sign * int(line[column].replace(".", "") or 0)
    assert cents == {"credit": 0, "debit": 0}


@given(raw=ENTRIES)
def test_no_cell_is_ever_a_formula(raw: list[dict[str, object]]) -> None:
    """S-9: whatever an id begins with; and what was made safe is read back as it was."""
    text = csv_text(sheet(*made([dict(each) for each in raw])))
    assert text.startswith("\ufeffentry,")
    for line in csv.reader(io.StringIO(text.removeprefix("\ufeff"))):
        assert not [cell for cell in line if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]


@given(text=st.text())
def test_a_safe_cell_reads_back(text: str) -> None:
    assert plain_cell(safe_cell(text)) == text or text.startswith("'")
    assert safe_cell(text)[:1] not in ("=", "+", "-", "@", "\t", "\r")


def texts_of(pdf: bytes) -> list[str]:
    """The lines that a page shows."""
    return [re.sub(rb"\\(.)", rb"\1", each).decode("cp1252") for each in re.findall(rb"\(((?:[^()\\]|\\.)*)\) Tj", pdf)]


def test_the_day_sheet_is_a_pdf_of_the_same_bytes() -> None:
    """Each row and total stands in it once, over as many pages as it needs; foreign letters harm nothing."""
    entries = [to_enter(number, patient_ref=f"pt-{number % 7}") for number in range(1, 200)]
    printed = sheet(*entries, fee_of(1, 500), name="\u0141\u00f3d\u017a (North) \\")
    first = pdf_bytes(printed)
    assert first == pdf_bytes(printed)
    assert first.startswith(b"%PDF-1.7")
    shown = texts_of(first)
    assert sum(bool(re.search(r"\be:\d+ ", line)) for line in shown) == 200
    pages = len(re.findall(rb"/Page\b", first))
    assert pages > 3
    assert f"{PRACTICE}  page {pages} of {pages}" in shown
    assert any("total" in line and "19266.40" in line for line in shown)
    assert "nothing is to be entered" in texts_of(pdf_bytes(sheet()))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda raw: raw.replace(b"96.80", b"96.70"), "another amount now"),
        (lambda raw: raw.replace(b"e:1,", b"e:99,", 1), "e:99 is not to be entered any more"),
        (lambda raw: raw.replace(b"entered", b"done"), "lacks entered"),
        (lambda raw: raw + raw.splitlines()[1] + b"\r\n", "stands twice"),
        (lambda raw: raw.replace(b",yes,", b",-5,"), "without a sign"),
        (lambda raw: raw.replace(b",yes,", b",maybe,"), "without a sign"),
        (lambda raw: raw.replace(b",yes,", b',"1,170",'), "in two ways.*1170.00 or 1.17"),
        (lambda raw: raw.replace(b",yes,", b",0.00,"), "nothing was entered"),
        (lambda raw: raw.replace(b",yes,", b",no,"), "no line says"),
        (lambda raw: raw.replace(b",yes,", b",yes,4111111111111111"), "card number"),
        (lambda raw: raw.decode("utf-8-sig").encode("utf-16"), "not UTF-8"),
        (lambda raw: b'"' + raw, "CSV"),
    ],
)  # fmt: skip
@pytest.mark.stack
def test_a_sheet_that_cannot_be_is_refused_whole(manual_by_route: LedgerDatabase, change: object, words: str) -> None:
    ledger = ledger_of(manual_by_route.connection, manual_by_route.clock)
    good = filled(csv_text(work_list(ledger, PRACTICE)), e1="yes")
    bad = change(good)  # type: ignore[operator]
    assert bad != good
    with pytest.raises(ConfigurationError, match=words):
        record_sheet(ledger, PRACTICE, bad, order())
    assert manual_by_route.states() == ["AWAITING_MANUAL_POST"] * 4


@pytest.fixture
def manual_by_route(database: LedgerDatabase) -> LedgerDatabase:
    """Two payments with their fees, at a connection that writes nothing."""
    database.add()
    database.connection.execute("UPDATE connections SET capabilities = '{}'")
    database.report(payment(), payment(event_id="ev-2", payment_id="pay-2", gross=5000, fee=160))
    assert database.states() == ["AWAITING_MANUAL_POST"] * 4
    return database


@pytest.mark.stack
def test_the_filled_in_sheet_is_recorded_at_once(manual_by_route: LedgerDatabase) -> None:
    """POST-10: previewed; then actor, time, amounts and notes stand in the ledger and in the trail, fees with them."""
    database = manual_by_route
    ledger = ledger_of(database.connection, database.clock)
    raw = filled(csv_text(work_list(ledger, PRACTICE)), e1="96.50|check 12", e2="x", e3="Yes")
    shown = record_sheet(ledger, PRACTICE, raw, order(reason="", apply=False))
    assert (shown.rows, shown.left, database.states()) == (3, 0, ["AWAITING_MANUAL_POST"] * 4)
    done = record_sheet(ledger, PRACTICE, raw, order())
    assert (done.rows, done.left, done.done.refused) == (3, 0, 0)
    assert database.states() == ["RECORDED_MANUALLY"] * 4
    columns = "effect_id, amount_minor, recorded_by, recorded_at, note"
    kept = database.rows(f"SELECT {columns} FROM recorded_amounts ORDER BY 1")
    assert kept == [
        (1, 9650, "Ada", NOON, "check 12"), (2, 320, "Ada", NOON, None), (3, 4840, "Ada", NOON, None),
        (4, 160, "Ada", NOON, None),
    ]  # fmt: skip
    assert database.rows(
        "SELECT subject, after -> 'recorded_minor', after -> 'notes' FROM audit WHERE action = 'entry.record' "
        "ORDER BY n"
    ) == [("e:1", {"e:1": 9650}, {"e:1": "check 12"}), ("e:3", None, None)]
    with pytest.raises(ConfigurationError, match="not to be entered any more"):
        record_sheet(ledger, PRACTICE, raw, order())


@pytest.mark.stack
def test_another_amount_than_planned_is_shown_beside_it(manual_by_route: LedgerDatabase) -> None:
    """POST-10: in the preview as in the result; a slip of a key is seen before it is recorded."""
    ledger = ledger_of(manual_by_route.connection, manual_by_route.clock)
    raw = filled(csv_text(work_list(ledger, PRACTICE)), e1="968", e2="yes", e3="48.40")
    for who in (order(reason="", apply=False), order()):
        done = record_sheet(ledger, PRACTICE, raw, who).done
        assert [(item.id, item.entered) for item in done.items] == [("e:1", (96_800, None)), ("e:3", (None, None))]


def test_what_is_entered_of_a_charge_has_its_sign() -> None:
    """A charge is owed: it stands in the debit column, and its own amount is not negative."""
    kinds = {"charge": 29_900, "refund": -10_000, "payment": 9_680}
    rows = rows_of([to_enter(n, entry_kind=kind, amount_minor=kinds[kind]) for n, kind in enumerate(kinds, 1)])
    said = {f"e{row.effect_id}": "5.00" for row in rows}
    found = {each.effect_id: each for each in read_filled_in(filled(csv_text(sheet_of(rows)), **said))}
    assert {row.effect_id: entered_minor(found[row.effect_id], row) for row in rows} == {1: 500, 2: -500, 3: 500}


@pytest.mark.stack
def test_a_fee_is_not_recorded_without_its_payment(manual_by_route: LedgerDatabase) -> None:
    ledger = ledger_of(manual_by_route.connection, manual_by_route.clock)
    raw = filled(csv_text(work_list(ledger, PRACTICE)), e2="yes")
    with pytest.raises(ConfigurationError, match="belongs to e:1"):
        record_sheet(ledger, PRACTICE, raw, order())


@pytest.mark.stack
def test_what_waits_otherwise_is_said_under_the_sheet(manual_by_route: LedgerDatabase) -> None:
    """Money that is not to be typed in yet is missing from the sheet, and no copy of it looks whole without a word."""
    database = manual_by_route
    ledger = ledger_of(database.connection, database.clock)
    assert work_list(ledger, PRACTICE).notes == ()
    with database.connection.transaction():
        database.connection.execute(NO_GUARDS)
        database.connection.execute("UPDATE effects SET state = 'AWAITING_ALLOCATION' WHERE effect_id = 3")
        database.connection.execute("UPDATE effects SET state = 'REJECTED' WHERE effect_id = 4")
    printed = work_list(ledger, PRACTICE)
    assert {each.effect_id for each in printed.rows} == {1, 2}
    allocate, refused = printed.notes
    assert allocate == (
        "not on this sheet: 1 more entry, 48.40 USD (waits for a person to allocate it): "
        f"writeback entries list {PRACTICE} --state AWAITING_ALLOCATION"
    )
    assert "1.60 USD (refused)" in refused
    text = csv_text(printed)
    assert allocate in text
    assert len(read_filled_in(filled(text, e1="yes", note="yes"))) == 1
    shown = " ".join(" ".join(texts_of(pdf_bytes(printed))).split())
    assert allocate in shown
    assert work_list(ledger, PRACTICE, date(2020, 1, 1)).notes == ()


@pytest.mark.stack
def test_a_report_without_entries_is_counted_under_the_sheet(manual_by_route: LedgerDatabase) -> None:
    """A refund whose payment has not come has no entry, and is money of the practice all the same."""
    manual_by_route.report(refunded(payment_id="pay-9"))
    assert manual_by_route.waiting()[-1] == "AWAITING_ORIGINAL"
    ledger = ledger_of(manual_by_route.connection, manual_by_route.clock)
    (note,) = work_list(ledger, PRACTICE).notes
    assert note.startswith("not on this sheet: 1 report without entries (waits for its payment or payout)")


@pytest.mark.stack
def test_a_day_and_a_bound_narrow_the_sheet(manual_by_route: LedgerDatabase) -> None:
    """Its totals are of what it shows, and it says that there is more."""
    ledger = ledger_of(manual_by_route.connection, manual_by_route.clock)
    assert work_list(ledger, PRACTICE, date(2020, 1, 1)).rows == ()
    first = work_list(ledger, PRACTICE, most=2)
    assert (first.more, len(first.rows), first.totals[-1].credit_minor) == (True, 2, 10_000)
    assert not work_list(ledger, PRACTICE).more


def test_spreadsheets_may_change_the_form() -> None:
    """Semicolons, other columns, another order, no byte order mark, a decimal comma."""
    (found,) = read_filled_in(b"note;entered;mine;currency;debit;credit;entry\n;96,80;z;USD;;96,80;e:7\n")
    assert (found.effect_id, found.entered, found.note, found.line) == (7, "96,80", None, 2)
