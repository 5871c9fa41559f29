"""The drift alarm: entries of ours that people deleted or changed at the practice's own system.

The mirror gives reason to look; what is said rests on a read of the entry itself, by the same rules as before an entry
is taken back (R-20): amount, sign, date and patient, wherever a merge of records may have moved it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from schemas.plan import Instruction
from schemas.vocabulary import EntryKind, Target
from sinks.ledger.request_ids import marker
from sinks.poster.planned_call import FrozenRequest
from sinks.sync.records import ReadConnection
from sinks.sync.schedule import LOOKED_AT_EVERY, WINDOW
from sinks.targets.port import OriginReading, ReadFailed, TargetEntry

LATEST: Final = 5_000
"""Entries of a practice that are looked through: more than a large practice books in the window."""
MOST: Final = 50
"""Reads of single entries in one round: many at once are one fault, and the rest comes with the next round."""
ALONE_FOR: Final = timedelta(days=7)
"""For how long an entry is looked at that no list shows."""
UNREAD: Final = "UNREAD"


class Suspect(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that was posted, as it was written."""

    effect_id: int
    source: str
    event_id: str
    target: Target
    entry_kind: EntryKind
    part: str
    connection_id: str
    generation: int
    request_id: str
    instruction: Instruction
    external_id: str
    payload: FrozenRequest
    sent_at: datetime | None

    def as_original(self, practice_id: str) -> TargetEntry:
        """As an adapter reads an entry that another one would take back."""
        return TargetEntry(
            practice_id=practice_id,
            connection_id=self.connection_id,
            effect_id=self.effect_id,
            generation=self.generation,
            request_id=self.request_id,
            marker=marker(self.request_id),
            earlier_markers=(),
            instruction=self.instruction,
            pms_patient_id=self.payload.pms_patient_id,
            sent_at=self.sent_at,
            part=self.part,
            origin_id=self.external_id,
            origin=self.payload.composed(),
        )


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """What this round's lists can show of our entries."""

    connection: ReadConnection
    round_at: datetime
    mirrored: tuple[str, ...]
    """Kinds of external id that a list shows (`payments`)."""
    whole: tuple[str, ...]
    """Of those, the ones whose list proves absence."""

    def parameters(self) -> dict[str, object]:
        return {
            "connection_id": self.connection.connection_id,
            "round_at": self.round_at,
            "mirrored": list(self.mirrored),
            "whole": list(self.whole),
            "latest": LATEST,
            "most": MOST,
            "watched": WINDOW,
            "alone_for": ALONE_FOR,
            "again_after": LOOKED_AT_EVERY,
        }


def state_of(reading: OriginReading | ReadFailed) -> str:
    """What a read says of an entry, as it is kept. Unreadable is not gone."""
    return UNREAD if isinstance(reading, ReadFailed) else reading.state.value
