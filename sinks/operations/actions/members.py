"""Members of a practice's own plan: added after a search of its patients, changed, and linked (LINK-8, LINK-22)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices import links
from sinks.ledger.practices.settings.settings_file import checked_id
from sinks.ledger.practices.staff_text import checked_text
from sinks.ledger.rows.fetch import fetch_one
from sinks.operations.acting import Act, Action, Order, acting
from sinks.operations.ledger import Ledger
from streams.runtime.errors import ConfigurationError

PLAN_LENGTH: Final = 80

_SQL: Final = named_queries("sinks.operations.actions", "members.sql")


class MemberStatus(StrEnum):
    """How a membership stands, as people say. Money is posted by events, whatever stands here."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    ENDED = "ENDED"


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A member, with the number of the patient to whom the reference is linked."""

    member_id: str
    patient_ref: str
    plan: str
    status: MemberStatus
    pms_patient_id: str | None
    """None: it is linked to nobody, so the member's payments wait."""


class MemberChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A member as it is now, or in a preview would be."""

    practice_id: str
    member: Member
    released: int = 0
    """Entries that waited for the link and go on."""


def add_member(
    ledger: Ledger,
    practice_id: str,
    member_id: str,
    patient_ref: str,
    plan: str,
    order: Order,
    *,
    pms_patient_id: str | None,
    nobody_there: bool = False,
) -> MemberChanged:
    """Add a member whose patient was searched for: with the number that was found, which the reference is linked to, or
    because `nobody_there` is this person. Events of the membership post by that link. Blocks.

    Raises as `acting` and `links.link`; ConfigurationError for a member that is there, and where neither or both of
    what a search can find are given, or the reference is linked to another number.
    """
    if (pms_patient_id is None) is not nobody_there:
        raise ConfigurationError(
            "search the practice's patients first: give the number that was found, or say that there is nobody"
        )
    checked_id("MEMBER", member_id)
    checked_id("--patient", patient_ref, colon=True)
    checked_plan(plan)
    with acting(ledger, order, Action.MEMBER_ADD, practice_id) as act:
        if _found(act, member_id) is not None:
            raise ConfigurationError(f"{member_id} is a member of {practice_id} already: see `writeback member set`")
        given = {"member_id": member_id, "patient_ref": patient_ref, "plan": plan, "status": MemberStatus.ACTIVE.value}
        act.cursor.execute(_SQL["put_member"], _key(act) | given | {"actor": order.actor.name, "now": act.at})
        after = {"patient_ref": patient_ref, "plan": plan, "status": MemberStatus.ACTIVE.value}
        act.audit(subject=member_id, after=after)
        released = 0 if pms_patient_id is None else _link(ledger, act, patient_ref, pms_patient_id, order)
        return MemberChanged(practice_id=practice_id, member=_there(act, member_id), released=released)


def set_member(
    ledger: Ledger,
    practice_id: str,
    member_id: str,
    order: Order,
    *,
    plan: str | None = None,
    status: MemberStatus | None = None,
) -> MemberChanged:
    """Change a member's plan or status. Nothing is posted, and nothing that waits moves. Blocks.

    Raises as `acting`; ConfigurationError for an unknown member and for nothing to change.
    """
    if plan is None and status is None:
        raise ConfigurationError("give what is to be changed: --plan, --status")
    checked_plan(plan or "-")
    with acting(ledger, order, Action.MEMBER_SET, practice_id) as act:
        before = _there(act, member_id)
        wanted = {"plan": plan or before.plan, "status": (status or before.status).value}
        act.cursor.execute(_SQL["set_member"], _key(act) | {"member_id": member_id, "now": act.at} | wanted)
        act.audit(subject=member_id, before={"plan": before.plan, "status": before.status.value}, after=wanted)
        return MemberChanged(practice_id=practice_id, member=_there(act, member_id))


def link_member(ledger: Ledger, practice_id: str, member_id: str, pms_patient_id: str, order: Order) -> MemberChanged:
    """Link the reference of a member, and release what waited for it. Blocks.

    Raises as `acting` and `links.link`; ConfigurationError for an unknown member, and for one that is linked to another
    number: that may have entries there.
    """
    with acting(ledger, order, Action.PATIENT_LINK, practice_id) as act:
        member = _there(act, member_id)
        released = _link(ledger, act, member.patient_ref, pms_patient_id, order)
        return MemberChanged(practice_id=practice_id, member=_there(act, member_id), released=released)


def checked_plan(plan: str) -> None:
    """ConfigurationError for what is no plan's name, or holds a card number. Pure."""
    checked_text("--plan", plan)
    if not (len(plan.strip()) >= 1 and len(plan) <= PLAN_LENGTH and plan.isprintable()):
        raise ConfigurationError(f"--plan: 1 to {PLAN_LENGTH} printable characters")


def _link(ledger: Ledger, act: Act, patient_ref: str, pms_patient_id: str, order: Order) -> int:
    practice_id = act.unit.practice_id
    linked = links.linked_number(act.cursor, practice_id, patient_ref)
    if linked == pms_patient_id:
        return 0
    if linked is not None:
        raise ConfigurationError(
            f"{patient_ref} is linked to {linked}: `writeback link move {practice_id} {patient_ref} {pms_patient_id}`"
        )
    return links.link(
        ledger.connection,
        practice_id,
        patient_ref,
        pms_patient_id,
        order.saving(),
        clock=ledger.clock,
        jitter_s=ledger.jitter_s,
    )


def _found(act: Act, member_id: str) -> Member | None:
    return fetch_one(act.cursor, Member, _SQL["member"], _key(act) | {"member_id": member_id})


def _there(act: Act, member_id: str) -> Member:
    found = _found(act, member_id)
    if found is None:
        raise ConfigurationError(
            f"{act.unit.practice_id} has no member {member_id}: see `writeback member list {act.unit.practice_id}`"
        )
    return found


def _key(act: Act) -> dict[str, str]:
    return {"practice_id": act.unit.practice_id}
