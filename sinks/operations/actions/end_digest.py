"""Ends the digest of a reader by the address that the digest itself names: its code says who asks, and nothing else."""

from __future__ import annotations

from typing import Final

from sinks.ledger.practices.contacts import Owner, OwnerKind, contacts_of, organisation_of
from sinks.notices.channels.digest_end import ONE_CLICK, PATH, DigestEnds
from sinks.operations.acting import Actor, Order
from sinks.operations.actions.contacts import EMAIL, set_contact
from sinks.operations.contact_wishes import ContactWishes
from sinks.operations.ledger import Ledger

__all__ = ["ONE_CLICK", "PATH", "digest_ends_here", "end_digest"]

READER: Final = Actor("a digest's reader")
WHY: Final = "ended by the address in the digest"


def digest_ends_here(ledger: Ledger, ends: DigestEnds, practice_id: str, code: str) -> bool:
    """Whether the code is of somebody who can get this practice's digest. Changes nothing; blocks for statements."""
    return _owner(ledger, ends, practice_id, code) is not None


def end_digest(ledger: Ledger, ends: DigestEnds, practice_id: str, code: str) -> bool:
    """Take the digest from the contact whose code it is; notices go on. False for nobody's code. Audited; a repeat
    changes nothing. A contact of a group gets that of none of its practices any more. Blocks for the owner's lock."""
    found = _owner(ledger, ends, practice_id, code)
    if found is None:
        return False
    owner, address = found
    order = Order(actor=READER, reason=WHY, apply=True)
    set_contact(ledger, owner, address, None, ContactWishes(digest=False), order)
    return True


def _owner(ledger: Ledger, ends: DigestEnds, practice_id: str, code: str) -> tuple[Owner, str] | None:
    owners = [Owner(OwnerKind.PRACTICE, practice_id)]
    organisation = organisation_of(ledger.connection, practice_id)
    if organisation is not None:
        owners.append(Owner(OwnerKind.ORGANISATION, organisation))
    for owner in owners:
        readers = [each.address for each in contacts_of(ledger.connection, owner) if each.channel == EMAIL]
        address = ends.reader(practice_id, code, readers)
        if address is not None:
            return owner, address
    return None
