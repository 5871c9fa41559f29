"""Whether a practice may switch its master on: entitled, and proven at the account that is connected (SET-16, C4)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.practice_settings import PracticeSettings, PracticeStatus
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_one
from streams.runtime.errors import ConfigurationError

_SQL: Final = named_queries("sinks.ledger.practices.settings", "entitlement.sql")

Cursor = psycopg.Cursor[TupleRow]


class Readiness(msgspec.Struct, frozen=True):
    entitled_at: datetime | None = None
    entitled_by: str | None = None
    golive_at: datetime | None = None
    golive_account: str | None = None
    """Fingerprint of the account at which the check passed."""
    connected_account: str | None = None

    @property
    def passed(self) -> bool:
        """The check passed, at the account that is connected today: another account has not been proven (P-15)."""
        return self.golive_at is not None and self.golive_account == self.connected_account


def readiness(cursor: Cursor, practice_id: str) -> Readiness:
    """What the ledger knows of a practice's way to going live. Blocks for one statement."""
    return fetch_one(cursor, Readiness, _SQL["readiness"], {"practice_id": practice_id}) or Readiness()


def switches_on(before: PracticeSettings | None, after: PracticeSettings) -> bool:
    """Whether saving `after` begins to post. Pure."""
    return _posts(after) and not (before is not None and _posts(before))


def refuse_unproven(practice_id: str, found: Readiness) -> None:
    """ConfigurationError that names the next step. The caller knows that a master is about to be switched on."""
    if found.entitled_at is None:
        raise ConfigurationError(
            f"master: {practice_id} is not entitled to write-back yet: writeback practice entitle {practice_id} "
            "--yes --why TEXT (or --without-golive WHY, which is audited)"
        )
    if not found.passed:
        raise ConfigurationError(
            f"master: {practice_id} has not passed its go-live check at the system that is connected: writeback "
            f"golive check {practice_id} --test-patient ID --switch-on --yes --why TEXT (or --without-golive WHY, "
            "which is audited)"
        )


def _posts(settings: PracticeSettings) -> bool:
    return settings.master and settings.status is PracticeStatus.ACTIVE
