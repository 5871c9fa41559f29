"""The audit trail of sign-ins (H-15): who signed in at the console, whose attempt was refused, and who saw or took what
is more than amounts."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import psycopg
from psycopg.rows import TupleRow

from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.audit import append
from sinks.ledger.unit_of_work import instant
from sinks.operations.ledger import Ledger

TRAIL: Final = "*console"
"""A trail of its own, which no practice can be called: what many people do at once holds nobody else up."""
NOBODY: Final = "(unknown)"
"""What is typed as a name and is none may be a password: it is not kept."""
_SQL: Final = named_queries("sinks.operations", "sign_in_trail.sql")


class SignIn(StrEnum):
    """What is kept of signing in, and of looking."""

    SIGNED_IN = "console.signed_in"
    REFUSED = "console.refused"
    SECOND_FACTOR_REFUSED = "console.second_factor_refused"
    SECOND_FACTOR_SET = "console.second_factor_set"
    PASSWORD_SET = "console.password_set"  # noqa: S105 - the name of an entry
    SEARCHED = "console.patients_searched"
    """Somebody searched a practice's own system for patients; `subject` is the practice. What for is not kept."""
    LOOKED_AT = "console.patient_looked_at"
    """Somebody was shown who a patient is; `subject` is the practice and one of the patient's entries."""
    TOOK_A_FILE = "console.file_taken"
    """A file left the program; `subject` is the practice or the group, and what it holds."""
    READ_TRAIL = "console.trail_read"
    """Somebody read a practice's audit trail; `subject` is the practice."""


def hold_trail(cursor: psycopg.Cursor[TupleRow]) -> None:
    """Until its transaction ends, nobody else adds to the trail. Blocks for whoever does."""
    cursor.execute(_SQL["hold_trail"], {"trail": TRAIL})


def note_sign_in(ledger: Ledger, what: SignIn, who: str | None, *, subject: str | None = None) -> None:
    """Add an entry, in a transaction of its own. `who` None: no account is called so. Blocks for the trail's lock."""
    with ledger.connection.transaction(), ledger.connection.cursor() as cursor:
        hold_trail(cursor)
        at = instant(cursor, ledger.now)
        append(cursor, TRAIL, at=at, actor=who or NOBODY, action=what, subject=subject)
