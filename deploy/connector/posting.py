"""Posts an entry once: the heart of a connector. Its outcome is stored under its key in the entry's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec

from deploy.connector.limits import Limits
from deploy.connector.practice_system import PracticeSystem, write_entry
from schemas.connector.problems import problem
from schemas.connector.records import EntryOrder, Kind, Outcome, Problem, ProblemCode, Status


class KeyReusedError(ValueError):
    """The key came before, with other content."""


def post(
    system: PracticeSystem, account: str, body: bytes, order: EntryOrder, limits: Limits, now: datetime
) -> Outcome:
    """The outcome of a request to post, whether it is the first of its key or not.

    1. A key that was taken before: the same outcome, and nothing is written. A refusal that came after a 202 is brought
    once. 2. A refusal leaves nothing behind: the same key may come again, when the office has mended what was wrong.
    3. Otherwise entry and outcome are written together. Raises KeyReusedError.
    """
    key, digest = order.idempotency_key, sha256(body).digest()
    with system.transaction() as db:
        known = _row(db, account, key)
        if known is not None and known["digest"] != digest:
            raise KeyReusedError
        if known is not None and known["status"] == Status.REFUSED:
            # Refused after it was taken: whoever comes again is told, once.
            db.execute("DELETE FROM requests WHERE account = ? AND idempotency_key = ?", (account, key))
            return _outcome_of(system, account, known)
        if known is None:
            refused = judge(system, account, order, limits)
            if refused is not None:
                return Outcome(idempotency_key=key, status=Status.REFUSED, problem=refused)
            if limits.decides_after_s > 0:
                due = now + timedelta(seconds=limits.decides_after_s)
                _store(db, account, key, digest, body, Status.PENDING, due=due)
            else:
                number = write_entry(db, account, order, now)
                _store(db, account, key, digest, body, Status.POSTED, number=number)
    found = outcome(system, account, key)
    if found is None:
        raise RuntimeError("an outcome that was stored is not there")
    return found


def outcome(system: PracticeSystem, account: str, key: str) -> Outcome | None:
    """What became of a key; None: it never came."""
    with system.transaction() as db:
        row = _row(db, account, key)
    return None if row is None else _outcome_of(system, account, row)


def _outcome_of(system: PracticeSystem, account: str, row: sqlite3.Row) -> Outcome:
    return Outcome(
        idempotency_key=row["idempotency_key"],
        status=Status(row["status"]),
        entry=None if row["entry_id"] is None else system.entry(account, str(row["entry_id"])),
        problem=msgspec.json.decode(row["problem"], type=Problem) if row["problem"] else None,
    )


def carry_out(system: PracticeSystem, limits: Mapping[str, Limits], now: datetime) -> None:
    """Decide what was taken and is due, of a system that decides later: written, or refused, judged as it is then."""
    with system.transaction() as db:
        sql = "SELECT * FROM requests WHERE status = 'pending' AND due_at <= ? ORDER BY due_at LIMIT 1000"
        for row in db.execute(sql, (now.isoformat(),)).fetchall():
            order = msgspec.json.decode(row["body"], type=EntryOrder)
            account = row["account"]
            refused = judge(system, account, order, limits.get(account, Limits()))
            decided = (
                (Status.POSTED.value, write_entry(db, account, order, now), None)
                if refused is None
                else (Status.REFUSED.value, None, msgspec.json.encode(refused).decode())
            )
            db.execute(
                "UPDATE requests SET status = ?, entry_id = ?, problem = ? WHERE account = ? AND idempotency_key = ?",
                (*decided, account, order.idempotency_key),
            )


def judge(system: PracticeSystem, account: str, order: EntryOrder, limits: Limits) -> Problem | None:
    """Why the practice's system does not take an entry; None: it does."""
    if order.kind not in limits.kinds:
        return problem(ProblemCode.KIND_NOT_SUPPORTED)
    if order.amount.currency != limits.currency:
        return problem(ProblemCode.CURRENCY_NOT_SUPPORTED)
    if (order.amount.minor == 0) is not (order.kind is Kind.NOTE):
        return problem(ProblemCode.REFUSED_BY_SYSTEM, "an entry moves money, a note none")
    patient = system.patient(account, order.patient_id)
    if patient is None or not patient.in_use:
        return problem(ProblemCode.PATIENT_NOT_FOUND)
    if not _types_fit(system, account, order):
        return problem(ProblemCode.TYPE_NOT_USABLE)
    closed = system.closed_through(account)
    if closed is not None and order.ledger_date <= closed:
        return problem(ProblemCode.PERIOD_CLOSED)
    if order.applied_to and sum(each.minor for each in order.applied_to) != order.amount.minor:
        return problem(ProblemCode.REFUSED_BY_SYSTEM, "the parts are not the amount")
    if order.takes_back is not None and system.entry(account, order.takes_back) is None:
        return problem(ProblemCode.ORIGINAL_NOT_FOUND)
    return None


def _types_fit(system: PracticeSystem, account: str, order: EntryOrder) -> bool:
    types = {each.type_id: each for each in system.types(account) if each.in_use}
    if order.provider_id is not None and (order.provider_id not in types or not types[order.provider_id].provider):
        return False
    if order.type_id is None:
        return order.kind is Kind.NOTE
    return order.type_id in types and order.kind in types[order.type_id].kinds


def _row(db: sqlite3.Connection, account: str, key: str) -> sqlite3.Row | None:
    sql = "SELECT * FROM requests WHERE account = ? AND idempotency_key = ?"
    found: sqlite3.Row | None = db.execute(sql, (account, key)).fetchone()
    return found


def _store(
    db: sqlite3.Connection,
    account: str,
    key: str,
    digest: bytes,
    body: bytes,
    status: Status,
    *,
    number: int | None = None,
    due: datetime | None = None,
) -> None:
    db.execute(
        "INSERT OR REPLACE INTO requests (account, idempotency_key, digest, body, status, due_at, entry_id) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (account, key, digest, body, status.value, None if due is None else due.isoformat(), number),
    )
