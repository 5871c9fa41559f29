"""A person says that a link is right (LINK-14): who, when, and of whom, so that a later change is noticed (L-7)."""

from __future__ import annotations

import msgspec

from sinks.ledger.practices import links
from sinks.operations.acting import Action, Order, acting
from sinks.operations.ledger import Ledger
from sinks.operations.queries.find_patients import SearchKeys
from sinks.operations.queries.links_seen import LinkStanding, SeenLink, seen_link, stored_link, there_of
from sinks.sync.patient_tokens import form_of, prints_of
from streams.runtime.errors import ConfigurationError


class LinkVerified(msgspec.Struct, frozen=True, kw_only=True):
    """The link as it was looked at. For the person who verifies it: never stored, logged or published."""

    practice_id: str
    link: SeenLink


def verify_link(ledger: Ledger, keys: SearchKeys, practice_id: str, patient_ref: str, order: Order) -> LinkVerified:
    """Keep that this link was seen to be right. Nothing is posted, and nothing moves. Blocks.

    Raises as `acting`; ConfigurationError for a reference that is not linked, and for one whose patient is archived or
    is not in what was read: then nobody can have seen it.
    """
    with acting(ledger, order, Action.PATIENT_VERIFY, practice_id) as act:
        row = stored_link(act.cursor, practice_id, patient_ref)
        if row is None:
            raise ConfigurationError(f"{patient_ref} is not linked at {practice_id}: see `writeback link suggest`")
        seen = seen_link(keys, practice_id, row)
        there = there_of(keys, practice_id, row)
        if there is None or seen.standing is LinkStanding.NOT_IN_USE:
            what = "is archived or deleted" if there is not None else "is not in what was read"
            raise ConfigurationError(
                f"patient {row.pms_patient_id} {what} of the practice's system: link the record that was kept, or have "
                f"the system read with writeback sync run {practice_id}"
            )
        seen_now = prints_of(keys.tokens, practice_id, form_of(there))
        prints = {"name_print": seen_now.name, "date_print": seen_now.date}
        links.verify(act.cursor, practice_id, patient_ref, row.pms_patient_id, order.saving(), at=act.at, prints=prints)
        act.audit(
            subject=patient_ref,
            before={"standing": seen.standing.value},
            after={"pms_patient_id": row.pms_patient_id, "standing": LinkStanding.VERIFIED.value},
        )
        return LinkVerified(practice_id=practice_id, link=seen)
