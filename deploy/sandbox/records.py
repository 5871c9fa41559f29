"""What the clients of `running.py` answer: entries at the targets as tests want to compare them."""

from __future__ import annotations

from typing import Any

import msgspec

from deploy.sandbox.exchange import Document, minor_units
from deploy.sandbox.ledger import marker_in


class PostedPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment row (a refund is negative). Amount in cents; `pay_type` is a DefNum."""

    pay_num: int
    pat_num: int
    amount_minor: int
    pay_type: int
    pay_date: str
    check_num: str
    note: str
    marker: str
    source: str
    row: dict[str, Any]


class PostedAdjustment(msgspec.Struct, frozen=True, kw_only=True):
    """An adjustment row. Amount in cents, negative is a credit to the patient."""

    adj_num: int
    pat_num: int
    amount_minor: int
    adj_type: int
    adj_date: str
    note: str
    marker: str
    row: dict[str, Any]


class PostedClaimPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A claim payment. Amount in cents."""

    number: int
    amount_minor: int
    pay_type: int
    check_date: str
    marker: str
    row: dict[str, Any]


class ClaimLine(msgspec.Struct, frozen=True, kw_only=True):
    """A procedure of a claim. Amounts in cents."""

    number: int
    procedure: int
    status: str
    paid_minor: int
    write_off_minor: int
    claim_payment: int
    """0: none."""


class PostedCharge(msgspec.Struct, frozen=True, kw_only=True):
    """A procedure row. Fee in cents."""

    proc_num: int
    pat_num: int
    amount_minor: int
    code: str
    proc_date: str
    note: str
    marker: str
    row: dict[str, Any]


class PostedNote(msgspec.Struct, frozen=True, kw_only=True):
    """A commlog row."""

    commlog_num: int
    pat_num: int
    at: str
    mode: str
    note: str
    marker: str
    row: dict[str, Any]


class EntryLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a deposit (`posting` "") or of a journal entry (`Debit` or `Credit`). Amount in cents."""

    amount_minor: int
    account: str
    description: str
    posting: str = ""


class PostedDeposit(msgspec.Struct, frozen=True, kw_only=True):
    """A deposit that stands in the books. `total_minor` is its TotalAmt in cents."""

    entry_id: str
    txn_date: str
    total_minor: int
    bank_account: str
    note: str
    marker: str
    lines: tuple[EntryLine, ...]
    row: dict[str, Any]


class PostedJournalEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A journal entry that stands in the books."""

    entry_id: str
    txn_date: str
    doc_number: str
    note: str
    marker: str
    lines: tuple[EntryLine, ...]
    row: dict[str, Any]

    def balance_of(self, account: str) -> int:
        """Debits less credits on one account, in cents."""
        return sum(
            line.amount_minor if line.posting == "Debit" else -line.amount_minor
            for line in self.lines
            if line.account == account
        )


def payment(row: Document) -> PostedPayment:
    return PostedPayment(
        pay_num=row["PayNum"],
        pat_num=row["PatNum"],
        amount_minor=cents(row["PayAmt"]),
        pay_type=row["PayType"],
        pay_date=row["PayDate"],
        check_num=row["CheckNum"],
        note=row["PayNote"],
        marker=marker_in(row["PayNote"], row["CheckNum"]),
        source=row["PaymentSource"],
        row=row,
    )


def adjustment(row: Document) -> PostedAdjustment:
    return PostedAdjustment(
        adj_num=row["AdjNum"],
        pat_num=row["PatNum"],
        amount_minor=cents(row["AdjAmt"]),
        adj_type=row["AdjType"],
        adj_date=row["AdjDate"],
        note=row["AdjNote"],
        marker=marker_in(row["AdjNote"]),
        row=row,
    )


def claim_payment(row: Document) -> PostedClaimPayment:
    return PostedClaimPayment(
        number=row["ClaimPaymentNum"],
        amount_minor=cents(row["CheckAmt"]),
        pay_type=row["PayType"],
        check_date=row["CheckDate"],
        marker=marker_in(row["CheckNum"], row["Note"]),
        row=row,
    )


def claim_line(row: Document) -> ClaimLine:
    return ClaimLine(
        number=row["ClaimProcNum"],
        procedure=row["ProcNum"],
        status=row["Status"],
        paid_minor=cents(row["InsPayAmt"]),
        write_off_minor=cents(row["WriteOff"]),
        claim_payment=row["ClaimPaymentNum"],
    )


def charge(row: Document) -> PostedCharge:
    return PostedCharge(
        proc_num=row["ProcNum"],
        pat_num=row["PatNum"],
        amount_minor=cents(row["ProcFee"]),
        code=row["procCode"],
        proc_date=row["ProcDate"],
        note=row.get("BillingNote", ""),
        marker=marker_in(row.get("BillingNote")),
        row=row,
    )


def note(row: Document) -> PostedNote:
    return PostedNote(
        commlog_num=row["CommlogNum"],
        pat_num=row["PatNum"],
        at=row["CommDateTime"],
        mode=row["Mode_"],
        note=row["Note"],
        marker=marker_in(row["Note"]),
        row=row,
    )


def deposit(row: Document) -> PostedDeposit:
    return PostedDeposit(
        entry_id=row["Id"],
        txn_date=row["TxnDate"],
        total_minor=cents(row["TotalAmt"]),
        bank_account=row["DepositToAccountRef"]["value"],
        note=row.get("PrivateNote", ""),
        marker=marker_in(row.get("PrivateNote")),
        lines=tuple(_line(line, "DepositLineDetail") for line in row["Line"]),
        row=row,
    )


def journal_entry(row: Document) -> PostedJournalEntry:
    return PostedJournalEntry(
        entry_id=row["Id"],
        txn_date=row["TxnDate"],
        doc_number=row.get("DocNumber", ""),
        note=row.get("PrivateNote", ""),
        marker=marker_in(row.get("PrivateNote"), row.get("DocNumber")),
        lines=tuple(_line(line, "JournalEntryLineDetail") for line in row["Line"]),
        row=row,
    )


def _line(line: Document, detail: str) -> EntryLine:
    return EntryLine(
        amount_minor=cents(line["Amount"]),
        account=line[detail]["AccountRef"]["value"],
        description=line.get("Description", ""),
        posting=line[detail].get("PostingType", ""),
    )


def cents(value: object) -> int:
    """Of an amount in whatever form the vendor gives it."""
    found = minor_units(value)
    if found is None:
        raise ValueError("the sandbox holds an amount that is no whole number of cents")
    return found
