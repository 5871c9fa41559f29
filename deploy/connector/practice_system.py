"""The practice system that the reference connector stands before: patients, charges and a ledger in one SQLite file.

A partner replaces this module by calls of the real system. What must stay is what `posting` needs of it: the outcome of
a key is stored together with its entry, or, where the system cannot do that, before the system is called and settled
by looking for the marker.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from schemas.connector.records import (
    MOST_FOUND,
    MOST_LISTED,
    MOST_ROWS,
    Account,
    Amount,
    Entry,
    EntryOrder,
    EntryType,
    Kind,
    OpenCharge,
    Patient,
    PatientPage,
)

_SCHEMA: Final = (Path(__file__).parent / "practice_system.sql").read_text(encoding="utf-8")
_ENTRY: Final = (
    "SELECT entry_id, standing, kind, minor, currency, ledger_date, patient_id, marker, created_at FROM entries "
)


class PracticeSystem:
    """One SQLite file, or memory. Blocks for single statements; one caller at a time has it."""

    def __init__(self, database: str = ":memory:") -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(database, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; on disk when it ends."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def close(self) -> None:
        self._db.close()

    # What the office itself does.

    def open_account(self, account: str) -> None:
        """An office with the usual types: one for each kind, and a provider."""
        with self.transaction() as db:
            db.execute("INSERT OR IGNORE INTO accounts (account) VALUES (?)", (account,))
            rows = [(account, f"T-{kind.value}", f"Card: {kind.value}", kind.value, 0) for kind in Kind]
            rows.append((account, "PROV-1", "Dr. Sample", "", 1))
            db.executemany(
                "INSERT OR IGNORE INTO types (account, type_id, name, kinds, provider) VALUES (?, ?, ?, ?, ?)", rows
            )

    def accounts(self) -> list[str]:
        return [row["account"] for row in self._rows("SELECT account FROM accounts ORDER BY account")]

    def add_patient(self, account: str, patient_id: str, name: str, guarantor_id: str | None = None) -> None:
        sql = "INSERT OR REPLACE INTO patients (account, patient_id, name, guarantor_id) VALUES (?, ?, ?, ?)"
        self._change(sql, (account, patient_id, name, guarantor_id))

    def add_charge(self, account: str, charge_id: str, patient_id: str, minor: int, on: date) -> None:
        sql = 'INSERT INTO charges (account, charge_id, patient_id, minor, "on") VALUES (?, ?, ?, ?, ?)'
        self._change(sql, (account, charge_id, patient_id, minor, on.isoformat()))

    def close_period(self, account: str, through: date | None) -> None:
        sql = "UPDATE accounts SET closed_through = ? WHERE account = ?"
        self._change(sql, (None if through is None else through.isoformat(), account))

    def delete_entry(self, account: str, entry_id: str) -> None:
        self._change("UPDATE entries SET standing = 0 WHERE account = ? AND entry_id = ?", (account, entry_id))

    def edit_entry(self, account: str, entry_id: str, minor: int) -> None:
        sql = "UPDATE entries SET minor = ? WHERE account = ? AND entry_id = ?"
        self._change(sql, (minor, account, entry_id))

    def merge_patients(self, account: str, source: str, into: str) -> None:
        """What staff do with two records of one person."""
        with self.transaction() as db:
            db.execute(
                "UPDATE patients SET merged_into = ?, archived = 1 WHERE account = ? AND patient_id = ?",
                (into, account, source),
            )
            for table in ("entries", "charges"):
                db.execute(
                    f"UPDATE {table} SET patient_id = ? WHERE account = ? AND patient_id = ?",  # noqa: S608 - of two names
                    (into, account, source),
                )

    # What the connector reads.

    def knows(self, account: str) -> bool:
        return bool(self._rows("SELECT 1 FROM accounts WHERE account = ?", (account,)))

    def types(self, account: str) -> tuple[EntryType, ...]:
        sql = "SELECT type_id, name, kinds, in_use, provider FROM types WHERE account = ? ORDER BY type_id LIMIT ?"
        return tuple(
            EntryType(
                type_id=row["type_id"],
                name=row["name"],
                kinds=tuple(Kind(each) for each in row["kinds"].split(",") if each),
                in_use=bool(row["in_use"]),
                provider=bool(row["provider"]),
            )
            for row in self._rows(sql, (account, MOST_ROWS))
        )

    def patient(self, account: str, patient_id: str) -> Patient | None:
        sql = "SELECT * FROM patients WHERE account = ? AND patient_id = ?"
        return next((_patient(row) for row in self._rows(sql, (account, patient_id))), None)

    def patients(self, account: str, text: str, birth_date: date | None) -> tuple[Patient, ...]:
        sql = (
            "SELECT * FROM patients WHERE account = ? AND (instr(lower(name), lower(?)) > 0 OR patient_id = ?) "
            "AND (? IS NULL OR birth_date = ?) ORDER BY patient_id LIMIT ?"
        )
        born = None if birth_date is None else birth_date.isoformat()
        return tuple(_patient(row) for row in self._rows(sql, (account, text, text, born, born, MOST_FOUND)))

    def page(self, account: str, after: str | None) -> PatientPage:
        """All patients in the order of their numbers, those that were merged or archived too."""
        sql = "SELECT * FROM patients WHERE account = ? AND patient_id > ? ORDER BY patient_id LIMIT ?"
        rows = self._rows(sql, (account, after or "", MOST_LISTED))
        ends = len(rows) < MOST_LISTED
        return PatientPage(
            patients=tuple(map(_patient, rows)), next_after=None if ends else str(rows[-1]["patient_id"])
        )

    def closed_through(self, account: str) -> date | None:
        rows = self._rows("SELECT closed_through FROM accounts WHERE account = ?", (account,))
        return date.fromisoformat(rows[0]["closed_through"]) if rows and rows[0]["closed_through"] else None

    def entry(self, account: str, entry_id: str) -> Entry | None:
        rows = self._rows(_ENTRY + "WHERE account = ? AND entry_id = ?", (account, entry_id))
        return self._entry(account, rows[0]) if rows else None

    def entries_with(self, account: str, marker: str) -> tuple[Entry, ...]:
        """Those that stand, whoever they belong to now."""
        sql = _ENTRY + "WHERE account = ? AND marker = ? AND standing ORDER BY entry_id LIMIT ?"
        return tuple(self._entry(account, row) for row in self._rows(sql, (account, marker, MOST_FOUND)))

    def all_entries(self, account: str) -> tuple[Entry, ...]:
        """For the desk and for tests; no operation of the contract."""
        rows = self._rows(_ENTRY + "WHERE account = ? AND standing ORDER BY entry_id", (account,))
        return tuple(self._entry(account, row) for row in rows)

    def statement(self, account: str, patient: Patient, currency: str) -> Account:
        """Open charges, oldest first, and what is owed in all."""
        rows = self._rows(
            'SELECT c.charge_id, c."on", c.minor - coalesce((SELECT sum(a.minor) FROM applied a JOIN entries e '
            "USING (entry_id) WHERE e.account = c.account AND a.charge_id = c.charge_id AND e.standing), 0) AS due "
            'FROM charges c WHERE c.account = ? AND c.patient_id = ? ORDER BY c."on", c.charge_id LIMIT ?',
            (account, patient.patient_id, MOST_ROWS),
        )
        charged = self._sum(
            "SELECT sum(minor) AS s FROM charges WHERE account = ? AND patient_id = ?", account, patient
        )
        posted = self._sum(
            "SELECT sum(minor) AS s FROM entries WHERE account = ? AND patient_id = ? AND standing", account, patient
        )
        return Account(
            patient_id=patient.patient_id,
            guarantor_id=patient.guarantor_id,
            currency=currency,
            balance_minor=charged - posted,
            charges=tuple(
                OpenCharge(charge_id=row["charge_id"], due_minor=row["due"], on=date.fromisoformat(row["on"]))
                for row in rows
                if row["due"] > 0
            ),
        )

    def _sum(self, sql: str, account: str, patient: Patient) -> int:
        return self._rows(sql, (account, patient.patient_id))[0]["s"] or 0

    def _entry(self, account: str, row: sqlite3.Row) -> Entry:
        sql = "SELECT patient_id FROM patients WHERE account = ? AND merged_into = ? LIMIT 100"
        former = self._rows(sql, (account, row["patient_id"]))
        return Entry(
            entry_id=str(row["entry_id"]),
            standing=bool(row["standing"]),
            kind=Kind(row["kind"]),
            amount=Amount(minor=row["minor"], currency=row["currency"]),
            ledger_date=date.fromisoformat(row["ledger_date"]),
            patient_id=row["patient_id"],
            former_patient_ids=tuple(each["patient_id"] for each in former),
            marker=row["marker"],
            created_at=datetime.fromisoformat(row["created_at"]),
        )

    def _rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(sql, parameters).fetchall()

    def _change(self, sql: str, parameters: Sequence[Any]) -> None:
        with self._lock:
            self._db.execute(sql, parameters)


def write_entry(db: sqlite3.Connection, account: str, order: EntryOrder, at: datetime) -> int:
    """One row of the ledger with what it pays; in the caller's transaction. Its number."""
    sql = (
        "INSERT INTO entries (account, kind, minor, currency, ledger_date, patient_id, type_id, marker, text, "
        "takes_back, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    )
    amount, day = order.amount, order.ledger_date.isoformat()
    row: tuple[Any, ...] = (account, order.kind.value, amount.minor, amount.currency, day, order.patient_id)
    row += (order.type_id, order.marker, order.text, order.takes_back, at.isoformat())
    number = db.execute(sql, row).lastrowid or 0
    db.executemany(
        "INSERT INTO applied (entry_id, charge_id, minor) VALUES (?, ?, ?)",
        [(number, each.charge_id, each.minor) for each in order.applied_to],
    )
    return number


def _patient(row: sqlite3.Row) -> Patient:
    return Patient(
        patient_id=row["patient_id"],
        name=row["name"],
        birth_date=date.fromisoformat(row["birth_date"]) if row["birth_date"] else None,
        in_use=not row["archived"],
        guarantor_id=row["guarantor_id"],
    )
