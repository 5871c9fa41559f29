"""What of a patient's charges is still open, where a person lays a payment on them: the target's answer, less what our
other entries take."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_values
from sinks.operations.ledger import Ledger
from sinks.poster.balance_reads import PaidCharge
from sinks.targets.port import Prepared

_SQL: Final = named_queries("sinks.operations.actions", "open_charges.sql")
_PLACING: Final = named_queries("sinks.poster", "balance_reads.sql")


class PatientAtTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Whose charges: the lane of the entry that is laid, and of everybody who is the same patient at the target."""

    practice_id: str
    connection_id: str
    lane: str
    pms_patient_id: str | None
    effect_id: int
    """The entry that is laid: what it takes itself is not counted."""

    def parameters(self) -> dict[str, Any]:
        return {
            "practice_id": self.practice_id,
            "connection_id": self.connection_id,
            "lane": self.lane,
            "patient": self.pms_patient_id,
        }


class BeforeRead(msgspec.Struct, frozen=True, kw_only=True):
    """What could be posted while the target is read."""

    last_id: int
    """The practice's last entry."""
    unfinished: tuple[int, ...]
    """The patient's entries that were not finished."""


def before_read(ledger: Ledger, patient: PatientAtTarget) -> BeforeRead:
    """To be taken before the target is asked. Blocks for one statement."""
    (found,) = fetch_all(ledger.connection, BeforeRead, _SQL["before_read"], patient.parameters())
    return found


def posted_since(ledger: Ledger, patient: PatientAtTarget, before: BeforeRead) -> bool:
    """Whether something of the patient was posted since: then the answer may show a charge as open that is paid. Asked
    after `still_open`, which counts what was unfinished then. Blocks."""
    parameters = patient.parameters() | {"last_id": before.last_id, "effect_ids": list(before.unfinished)}
    return bool(fetch_values(ledger.connection, _SQL["posted_since"], parameters))


def still_open(ledger: Ledger, patient: PatientAtTarget, read: Prepared) -> Prepared:
    """Without what other entries of ours will pay of each charge: nobody names that a second time. Blocks."""
    parameters = patient.parameters() | {"effect_id": patient.effect_id}
    paid = {
        each.ref: each.amount_minor
        for each in fetch_all(ledger.connection, PaidCharge, _PLACING["paid_by_us"], parameters)
    }
    left = [msgspec.structs.replace(each, due_minor=each.due_minor - paid.get(each.ref, 0)) for each in read.charges]
    return msgspec.structs.replace(read, charges=tuple(each for each in left if each.due_minor > 0))
