"""Lists the contacts of a practice with those of its group, or those of a group alone."""

from __future__ import annotations

import msgspec

from sinks.ledger.practices.contacts import Owner, OwnerKind, StoredContact, contacts_of, organisation_of
from sinks.ledger.practices.settings.groups import organisation
from sinks.operations.acting import authorise_view
from sinks.operations.ledger import Ledger
from sinks.operations.queries.practices import check_practice
from sinks.operations.roles import View
from sinks.operations.viewing import viewer


class ListedContact(msgspec.Struct, frozen=True):
    """A contact and whose it is."""

    owner: Owner
    contact: StoredContact


def list_contacts(ledger: Ledger, owner: Owner) -> list[ListedContact]:
    """Blocks for up to three statements. ConfigurationError names the nearest known practice or group."""
    practice = owner.id if owner.kind is OwnerKind.PRACTICE else None
    authorise_view(viewer(), View.SETTINGS, practice, None if practice else owner.id)
    owners = [owner]
    if owner.kind is OwnerKind.PRACTICE:
        check_practice(ledger.connection, owner.id)
        group = organisation_of(ledger.connection, owner.id)
        owners += [Owner(OwnerKind.ORGANISATION, group)] if group else []
    else:
        with ledger.connection.cursor() as cursor:
            organisation(cursor, owner.id)
    return [ListedContact(each, contact) for each in owners for contact in contacts_of(ledger.connection, each)]
