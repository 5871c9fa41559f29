"""What stands double among a practice's links: several references of one patient, merged references, lost records."""

from __future__ import annotations

import msgspec

from sinks.ledger.rows.fetch import fetch_all
from sinks.operations.ledger import Ledger
from sinks.operations.queries.links_seen import SQL
from sinks.operations.queries.practices import check_practice
from sinks.operations.roles import View
from sinks.operations.viewing import sees


class SharedNumber(msgspec.Struct, frozen=True, kw_only=True):
    """A patient of the practice's system to whom several references are linked."""

    pms_patient_id: str
    patient_refs: tuple[str, ...]


class MergedLink(msgspec.Struct, frozen=True, kw_only=True):
    """The link of a reference that the upstream has merged into another."""

    patient_ref: str
    pms_patient_id: str
    kept: str
    kept_number: str | None
    """To whom the reference that was kept is linked; None: to nobody yet."""


class LostLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link to a record that is archived, merged or deleted in the practice's system."""

    patient_ref: str
    pms_patient_id: str


class Duplicates(msgspec.Struct, frozen=True, kw_only=True):
    shared: tuple[SharedNumber, ...]
    merged: tuple[MergedLink, ...]
    lost: tuple[LostLink, ...]

    @property
    def is_clean(self) -> bool:
        return not (self.shared or self.merged or self.lost)


@sees(View.PATIENTS)
def link_duplicates(ledger: Ledger, practice_id: str, most: int) -> Duplicates:
    """At most so many of each kind. Merged references that lead to the patient of the one that was kept are clean.

    Blocks for three statements over the practice's links. ConfigurationError for an unknown practice.
    """
    check_practice(ledger.connection, practice_id)
    given = {"practice_id": practice_id, "most": most}
    merged = fetch_all(ledger.connection, MergedLink, SQL["merged"], given)
    open_merges = tuple(each for each in merged if each.kept_number != each.pms_patient_id)
    settled = {each.patient_ref for each in merged} - {each.patient_ref for each in open_merges}
    shared = (
        msgspec.structs.replace(each, patient_refs=tuple(ref for ref in each.patient_refs if ref not in settled))
        for each in fetch_all(ledger.connection, SharedNumber, SQL["shared"], given)
    )
    return Duplicates(
        shared=tuple(each for each in shared if len(each.patient_refs) > 1),
        merged=open_merges,
        lost=tuple(fetch_all(ledger.connection, LostLink, SQL["to_lost"], given)),
    )
