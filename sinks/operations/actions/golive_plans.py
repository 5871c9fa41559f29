"""Plans what a go-live check is going to write, and stores it before anything is sent (SET-17, SET-24, law 18)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from psycopg.types.json import Jsonb

from schemas.events import OUR_SOURCE, PaymentKind, Tender
from schemas.plan import Instruction
from schemas.practice_settings import PracticeSettings
from schemas.vocabulary import TAKES_BACK_ORDER, EntryKind, Target
from sinks.ledger.named_queries import named_queries
from sinks.ledger.request_ids import marker, request_id
from sinks.ledger.rows.fetch import fetch_all, fetch_value, fetch_values
from sinks.ledger.rows.practices import GoliveState, GoliveStep
from sinks.operations.ledger import Connection
from sinks.targets.port import NotComposed, PaymentTarget, TargetEntry
from streams.runtime.errors import ConfigurationError

QUERIES: Final = named_queries("sinks.operations.actions", "golive.sql")
AMOUNT_MINOR: Final = 100
"""Small enough to be harmless, large enough to be seen on a patient's account."""
SOURCE: Final = OUR_SOURCE


class Step(msgspec.Struct, frozen=True):
    """One test post: a row of `golive_checks` as the check goes on from it."""

    check_no: int
    name: GoliveStep
    connection_id: str
    pms_patient_id: str
    entry_kind: EntryKind
    request_id: str
    instruction: Instruction
    state: GoliveState
    attempts: int
    sent_at: datetime | None
    settled: bool | None
    external_id: str | None

    @property
    def marker(self) -> str:
        return marker(self.request_id)

    def entry(self, practice_id: str, origin_id: str | None) -> TargetEntry:
        return TargetEntry(
            practice_id=practice_id,
            connection_id=self.connection_id,
            effect_id=0,
            generation=1,
            request_id=self.request_id,
            marker=self.marker,
            earlier_markers=(),
            instruction=self.instruction,
            pms_patient_id=self.pms_patient_id,
            sent_at=self.sent_at,
            part=f"{EntryKind.PAYMENT.value}/@1" if self.entry_kind is EntryKind.REVERSAL else "",
            origin_id=origin_id,
        )


def latest(connection: Connection, practice_id: str, account: str) -> list[Step]:
    """The steps of the newest check at an account, the payment first; none before the first."""
    return fetch_all(connection, Step, QUERIES["latest_check"], {"practice_id": practice_id, "account": account})


def left_elsewhere(connection: Connection, practice_id: str, account: str) -> list[str]:
    """Markers of test entries that an unfinished check left at another account."""
    requests = fetch_values(connection, QUERIES["left_elsewhere"], {"practice_id": practice_id, "account": account})
    return [marker(request) for request in requests]


def begin(
    connection: Connection,
    practice_id: str,
    target: PaymentTarget,
    *,
    connection_id: str,
    account: str,
    pms_patient_id: str,
    settings: PracticeSettings,
    at: datetime,
    actor: str,
) -> list[Step]:
    """Plan a new check; the caller holds the practice's lock. ConfigurationError where the route cannot write both."""
    number: int = fetch_value(connection, QUERIES["next_check"], {"practice_id": practice_id})
    kinds = [EntryKind.PAYMENT, *(kind for kind in TAKES_BACK_ORDER if kind in target.capabilities.entry_kinds)]
    payment, *ways = [
        _planned(practice_id, number, kind, connection_id, pms_patient_id, settings, at) for kind in kinds
    ]
    problem = _missing(payment, practice_id, target)
    missing = [(way, _missing(way, practice_id, target)) for way in ways]
    chosen = next((way for way, why in missing if why is None), None)
    if problem is not None or chosen is None:
        field = problem or next((why for _, why in missing if why is not None), "entry_kind")
        raise ConfigurationError(f"{field}: map it first (writeback target add): the test post needs its type")
    for step in (payment, chosen):
        connection.execute(
            QUERIES["add_step"],
            {
                "practice_id": practice_id,
                "check_no": number,
                "step": step.name,
                "connection_id": connection_id,
                "account": account,
                "pms_patient_id": pms_patient_id,
                "entry_kind": step.entry_kind,
                "request_id": step.request_id,
                "instruction": Jsonb(msgspec.to_builtins(step.instruction)),
                "now": at,
                "actor": actor,
            },
        )
    return latest(connection, practice_id, account)


def drop_unsent(connection: Connection, practice_id: str, check_no: int) -> bool:
    """Forget a check of which nothing was ever sent; False where something was."""
    dropped = connection.execute(QUERIES["drop_unsent"], {"practice_id": practice_id, "check_no": check_no})
    return dropped.rowcount > 0


def complete(steps: Sequence[Step]) -> bool:
    """Both entries were found."""
    return bool(steps) and all(step.state is GoliveState.FOUND for step in steps)


def _planned(
    practice_id: str,
    number: int,
    kind: EntryKind,
    connection_id: str,
    pms_patient_id: str,
    settings: PracticeSettings,
    at: datetime,
) -> Step:
    event_id = f"golive-{number}"
    paid = kind is EntryKind.PAYMENT
    instruction = Instruction(
        entry_kind=kind,
        amount_minor=AMOUNT_MINOR if paid else -AMOUNT_MINOR,
        currency=settings.currency,
        ledger_date=at.astimezone(settings.time_zone()).date(),
        occurred_at=at,
        payment_kind=PaymentKind.TERMINAL,
        tender=Tender.CARD,
        payment_ref=event_id,
        original_ref=None if paid else event_id,
    )
    request = request_id(practice_id, SOURCE, event_id, Target.PMS.value, kind.value, "", 1)
    name = GoliveStep.PAYMENT if paid else GoliveStep.REVERSAL
    return Step(
        number,
        name,
        connection_id,
        pms_patient_id,
        kind,
        request,
        instruction,
        GoliveState.PLANNED,
        0,
        None,
        None,
        None,
    )


def _missing(step: Step, practice_id: str, target: PaymentTarget) -> str | None:
    """The mapping that an entry lacks (N-8): asked of both before either is sent."""
    composed = target.compose(step.entry(practice_id, None))
    return composed.field if isinstance(composed, NotComposed) else None
