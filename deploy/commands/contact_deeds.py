"""What `contact list`, `set` and `remove` do, for a practice and for a group of practices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.commands.contacts import print_contact_change, print_contacts, secret_of
from deploy.commands.open_ledger import open_ledger
from sinks.operations.actions.contacts import remove_contact_of, set_contact
from sinks.operations.queries.contacts import list_contacts

if TYPE_CHECKING:
    from sinks.ledger.practices.contacts import Owner
    from sinks.operations.acting import Order
    from sinks.operations.contact_wishes import ContactWishes


def list_of(owner: Owner, as_json: bool) -> None:
    with open_ledger("contacts") as opened:
        found = list_contacts(opened.ledger, owner)
    print_contacts(found, as_json)


def set_of(
    owner: Owner,
    address: str,
    channel: str | None,
    url_from: str | None,
    wishes: ContactWishes,
    order: Order,
    as_json: bool,
) -> None:
    with open_ledger("contacts") as opened:
        secret = secret_of(url_from, opened.settings)
        done = set_contact(opened.ledger, owner, address, channel, wishes, order, secret)
    print_contact_change(done, order.apply, as_json)


def remove_of(owner: Owner, address: str, order: Order, as_json: bool) -> None:
    with open_ledger("contacts") as opened:
        done = remove_contact_of(opened.ledger, owner, address, order)
    print_contact_change(done, order.apply, as_json)
