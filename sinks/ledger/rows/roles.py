"""Records of the tables about the program's own processes."""

from __future__ import annotations

from datetime import datetime

import msgspec


class RoleSlotRow(msgspec.Struct, frozen=True):
    """Table `role_slots`: the newest process of a slot of a role."""

    role: str
    slot: int
    epoch: int
    owner: str
    since: datetime


class RoleStopRow(msgspec.Struct, frozen=True):
    """Table `role_stops`: the last time that a role of a slot refused to go on."""

    role: str
    slot: int
    reason: str
    stopped_at: datetime
