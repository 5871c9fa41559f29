"""What the sandboxes' own books show of a case, and whether that is exactly what its table says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

import msgspec

from deploy.sandbox.clients import CompanySandbox, OpenDentalSandbox
from deploy.sandbox.records import PostedDeposit, PostedJournalEntry, cents
from tests.scenarios.pipeline import Pipeline
from tests.vectors.entries import toward_balance
from tests.vectors.practice import PATIENTS, facts, unlinked
from tests.vectors.reading import Case, Row

TABLES: Final = {"payment": "payments", "charge": "procedurelogs", "note": "commlogs"}
"""Everything else is an adjustment (R-12)."""
BANK: Final = "Practice Checking"


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One entry in the office's books, amount toward the balance. `on`: which of the case's charges, `plan`, or 0."""

    table: str
    amount: int
    patient: str
    day: str
    on: str
    marker: str
    note: str


class Books(msgspec.Struct, kw_only=True):
    """One office, with what it held before the case began."""

    sandbox: OpenDentalSandbox
    office: str
    numbers: dict[str, int]
    """Patient: PatNum."""
    charges: list[int]
    before: dict[str, int] = {}
    """Patient: what they owed."""

    @classmethod
    def opened(cls, pipeline: Pipeline, practice: str, case: Case) -> Books:
        """Knows the patients that the practice was set up with, and puts on them what the case says they owe."""
        office, sandbox = pipeline.accounts[practice][0], pipeline.sandbox.open_dental
        linked = [each for each in PATIENTS if each not in unlinked(case)]
        rows = sandbox.rows(office, "patients")
        numbers = {ref: int(row["PatNum"]) for ref, row in zip(linked, rows, strict=False)}
        made = cls(sandbox=sandbox, office=office, numbers=numbers, charges=[])
        for row in facts(case, "owes"):
            done_on = date.fromisoformat(row.more["date"])
            charge = sandbox.add_charge(office, numbers["pt-1"], row.amount or 0, done_on)
            made.charges.append(int(charge["ProcNum"]))
        for row in facts(case, "plan"):
            sandbox.add_pay_plan(office, numbers["pt-1"], date.fromisoformat(row.more["date"]))
        for patient, number in numbers.items():
            made.before[patient] = sandbox.balance(office, number)
        return made

    def add_patient(self, patient: str) -> int:
        row = self.sandbox.add_patient(self.office)
        self.numbers[patient] = int(row["PatNum"])
        self.before[patient] = self.sandbox.balance(self.office, self.numbers[patient])
        return self.numbers[patient]

    def entries(self) -> list[Shown]:
        """Every entry that is ours; a payment as what stands on each charge."""
        return [*self._payments(), *self._adjustments(), *self._charges(), *self._notes()]

    def _payments(self) -> Iterator[Shown]:
        """What stands on each charge and on each plan, for every payment."""
        paid: Counter[tuple[int, int, bool]] = Counter()
        for split in self.sandbox.rows(self.office, "paysplits"):
            paid[split["PayNum"], split["ProcNum"], bool(split["PayPlanNum"])] += cents(split["SplitAmt"])
        for each in self.sandbox.payments(self.office):
            for (number, charge, plan), amount in paid.items():
                if number == each.pay_num:
                    shown = self._shown("payments", amount, each.pat_num, each.pay_date, charge, each.marker, each.note)
                    yield msgspec.structs.replace(shown, on="plan") if plan else shown

    def _adjustments(self) -> Iterator[Shown]:
        for each in self.sandbox.adjustments(self.office):
            charge = int(each.row["ProcNum"])
            yield self._shown(
                "adjustments", -each.amount_minor, each.pat_num, each.adj_date, charge, each.marker, each.note
            )

    def _charges(self) -> Iterator[Shown]:
        """Not those that the case began with."""
        for each in self.sandbox.charges(self.office):
            if each.proc_num not in self.charges:
                yield self._shown(
                    "procedurelogs", -each.amount_minor, each.pat_num, each.proc_date, 0, each.marker, each.note
                )

    def _notes(self) -> Iterator[Shown]:
        for each in self.sandbox.notes(self.office):
            yield self._shown("commlogs", 0, each.pat_num, each.at[:10], 0, each.marker, each.note)

    def _shown(self, table: str, amount: int, number: int, day: str, charge: int, marker: str, note: str) -> Shown:
        patient = next((ref for ref, mine in self.numbers.items() if mine == number), str(number))
        on = str(self.charges.index(charge) + 1 if charge in self.charges else 0)
        return Shown(table=table, amount=amount, patient=patient, day=day[:10], on=on, marker=marker, note=note)


def unlike(rows: Sequence[Row], books: Books) -> list[str]:
    """What the office's books show otherwise; each entry of ours bears our reference (E-4)."""
    left, said = books.entries(), []
    for row in sorted((row for row in rows if row.kind == "pms"), key=lambda row: -len(row.more)):
        hit = next((each for each in left if _is(row, each)), None)
        if hit is None:
            said.append(f"{row.place}: the office shows no {row.what} {row.amount} {row.more}")
        else:
            left.remove(hit)
    said += [f"the office shows what nobody expects: {each}" for each in left]
    said += [f"no reference of ours on {each}" for each in books.entries() if not each.marker]
    for row in (row for row in rows if row.kind == "balance"):
        number = books.numbers.get(row.what)
        if number is not None:
            change = books.sandbox.balance(books.office, number) - books.before[row.what]
            if change != row.amount:
                said.append(f"{row.place}: at the office the balance changes by {change}, not by {row.amount}")
    return said


def _is(row: Row, shown: Shown) -> bool:
    more = row.more
    return (
        TABLES.get(row.what, "adjustments") == shown.table
        and toward_balance(row.what, row.amount or 0) == shown.amount
        and more.get("patient", shown.patient) == shown.patient
        and more.get("shown", more.get("date", shown.day)) == shown.day
        and more.get("on", shown.on) == shown.on
        and more.get("note", "") in shown.note
    )


def unlike_company(rows: Sequence[Row], company: CompanySandbox) -> list[str]:
    """What the company's books show otherwise: form, date, amount at the bank and every line."""
    wanted, lines = Counter[str](), list[str]()
    head: Row | None = None
    for row in (*rows, None):
        if row is None or row.kind == "books":
            if head is not None:
                wanted[_document(head.what, head.amount or 0, head.more.get("date", "*"), lines)] += 1
            head, lines = row, []
        elif row.kind in ("dr", "cr"):
            lines.append(f"{row.kind} {row.what} {row.amount}")
    names = {str(row["Id"]): str(row["Name"]) for row in company.accounts()}
    there = Counter[str]()
    dated = {_dateless(each): each for each in wanted if " * " in each}
    documents = [_of_deposit(each, names) for each in company.deposits()]
    documents += [_of_journal_entry(each, names) for each in company.journal_entries()]
    for text in documents:
        there[dated.get(_dateless(text), text)] += 1
    return [] if wanted == there else [f"the company's books: expected {dict(wanted)}, there is {dict(there)}"]


def _document(form: str, amount: int, day: str, lines: Sequence[str]) -> str:
    return f"{form} {amount} {day} {' + '.join(sorted(lines))}"


def _dateless(document: str) -> str:
    form, amount, _, rest = document.split(" ", 3)
    return f"{form} {amount} {rest}"


def _of_deposit(deposit: PostedDeposit, names: dict[str, str]) -> str:
    lines = [
        f"{'cr' if line.amount_minor > 0 else 'dr'} {names[line.account]} {abs(line.amount_minor)}"
        for line in deposit.lines
    ]
    return _document("Deposit", deposit.total_minor, deposit.txn_date, lines)


def _of_journal_entry(entry: PostedJournalEntry, names: dict[str, str]) -> str:
    bank, lines = 0, []
    for line in entry.lines:
        name, debit = names[line.account], line.posting == "Debit"
        if name == BANK:
            bank += line.amount_minor if debit else -line.amount_minor
        else:
            lines.append(f"{'dr' if debit else 'cr'} {name} {line.amount_minor}")
    return _document("JournalEntry", bank, entry.txn_date, lines)
