"""Due entries by the thousand, written in SQL: as INTAKE would have left them, for what only the poster does next."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg


class Filling(msgspec.Struct, frozen=True, kw_only=True):
    """The same number of payments for each of some practices, which `furnish` made before."""

    practices: list[str]
    entries: int
    """Of each practice, spread over its lanes in turn."""
    lanes: int
    """Patients of each practice that they are about."""
    first: int = 1
    """Number of the first: payments of two fillings of a practice must not share theirs."""
    due_at: datetime | None = None
    """One instant for all; None: now."""
    spread_s: float = 0.0
    """Their gates are due one after the other, over so long from then on (law 24)."""


def fill_due(connection: psycopg.Connection[Any], filling: Filling) -> None:
    """Insert and analyse them. Constraint triggers rest meanwhile; what is inserted satisfies them."""
    parameters = msgspec.structs.asdict(filling)
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        for statement in (_EVENTS, _ENTRIES, _WORK, _GATES):
            connection.execute(statement, parameters)
    connection.execute("VACUUM ANALYZE entries, work, events, gates, connections, practice_connections, settings")


_EACH: Final = (
    "FROM unnest(%(practices)s::text[]) WITH ORDINALITY AS p(id, nr),"
    " generate_series(%(first)s::int, %(first)s::int + %(entries)s::int - 1) i"
)
_DUE: Final = "coalesce(%(due_at)s::timestamptz, now())"
_DAY: Final = "(current_date - 1)"
"""Yesterday of the database: no practice's own day is behind it, and no entry waits for its day to come."""
_PATIENT: Final = "'patient-' || lpad((i %% %(lanes)s::int)::text, 5, '0')"
_PAYMENT: Final = "'pay-' || p.id || '-' || i"
_EVENTS: Final = (
    "INSERT INTO events (practice_id, source, event_id, subject, kind, version, event_type, digest_v, digest,"
    " money_digest, occurred_at, appended_at, received_at, month, topic_id, part, off, reason, resolved_at,"
    f" settings_version) SELECT p.id, 'bench', 'ev-' || i, {_PAYMENT}, 'payment', 1, 'PaymentSucceeded', 1,"
    " sha256(('ev-' || p.id || i)::bytea), sha256(('pay-' || p.id || i)::bytea), now(), now(), now(),"
    " date_trunc('month', now())::date, 'AAAAAAAAAAAAAAAAAAAAAA', 0, i, 'AUTO_INSTANT', now(), 1"
    f" {_EACH}"
)
_ENTRIES: Final = (
    "INSERT INTO entries (practice_id, effect_id, source, event_id, target, entry_kind, part, lane, amount_minor,"
    " currency, ledger_date, patient_ref, settings_version, instruction) SELECT p.id, i, 'bench', 'ev-' || i, 'PMS',"
    f" 'payment', '', 'p:' || {_PATIENT}, 12345, 'USD', {_DAY}, {_PATIENT}, 1, json_build_object("
    f"'entry_kind', 'payment', 'amount_minor', 12345, 'currency', 'USD', 'ledger_date', {_DAY}, 'occurred_at',"
    f" now(), 'patient_ref', {_PATIENT}, 'payment_kind', 'TERMINAL', 'tender', 'CARD', 'payment_ref', {_PAYMENT},"
    f" 'gross_minor', 12345, 'fee_minor', 388) {_EACH}"
)
_REQUEST_ID: Final = "translate(upper(left(encode(sha256((p.id || '/' || i)::bytea), 'hex'), 32)), '0189', 'WXYZ')"
"""In the letters and digits of base32, as ours are."""
_WORK: Final = (
    "INSERT INTO work (practice_id, effect_id, connection_id, lane, patient_ref, state, reason, due_at, ledger_date,"
    f" request_id, changed_at) SELECT p.id, i, p.id || '-PMS', 'p:' || {_PATIENT}, {_PATIENT}, 'SCHEDULED',"
    f" 'AUTO_INSTANT', {_DUE}, {_DAY}, {_REQUEST_ID}, now()"
    f" {_EACH}"
)
_GATES: Final = (
    "INSERT INTO gates (practice_id, connection_id, next_due_at) SELECT p.id, p.id || '-PMS',"
    f" {_DUE} + make_interval(secs => %(spread_s)s * p.nr / cardinality(%(practices)s::text[]))"
    " FROM unnest(%(practices)s::text[]) WITH ORDINALITY AS p(id, nr)"
    " ON CONFLICT (practice_id, connection_id) DO UPDATE SET next_due_at = EXCLUDED.next_due_at"
)
