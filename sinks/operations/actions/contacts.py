"""Adds, changes and removes contacts: who at a practice, or in a group, gets notices, of what and when."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from sinks.ledger.practices.audit import append
from sinks.ledger.practices.contacts import (
    MOST_CONTACTS,
    Cursor,
    Owner,
    OwnerKind,
    StoredContact,
    contacts_of,
    lock_organisation,
    put_contact,
    remove_contact,
)
from sinks.ledger.practices.settings.groups import audit_key, organisation
from sinks.ledger.practices.settings.settings_file import checked_id
from sinks.ledger.unit_of_work import instant
from sinks.notices.channels.addresses import SECRET_URLS, WEBHOOK, checked_address
from sinks.notices.channels.endpoints import Endpoint, new_signing_key, seal
from sinks.operations.acting import Action, Order, acting, authorise
from sinks.operations.contact_wishes import ContactWishes, wished
from sinks.operations.ledger import Ledger
from sinks.targets.credentials import KeyRing
from streams.runtime.did_you_mean import nearest
from streams.runtime.errors import ConfigurationError

EMAIL = "email"
SHORT = frozenset({"sms"})
"""Channels whose messages hold no list: a new contact gets the digest only where it asks for it."""


class ContactChanged(msgspec.Struct, frozen=True, kw_only=True):
    """`before` None: added; `after` None: removed."""

    owner: str
    before: StoredContact | None
    after: StoredContact | None
    signing_key: str | None = None
    """Of a webhook whose address was given: it is shown this once. Receivers verify with it."""


class SecretAddress(msgspec.Struct, frozen=True, kw_only=True):
    """An address by which anybody could post, and what it is sealed with. Never printed."""

    url: str
    keys: KeyRing
    loopback: bool
    """Addresses of this machine may be given: for rehearsals."""

    def __repr__(self) -> str:
        return "SecretAddress(secret)"


def set_contact(
    ledger: Ledger,
    owner: Owner,
    address: str,
    channel: str | None,
    wishes: ContactWishes,
    order: Order,
    secret: SecretAddress | None = None,
) -> ContactChanged:
    """Add a contact, or change what is given of the one with that address. Blocks for the owner's lock.

    `secret`: for a channel whose address is one; a new webhook address gets a new signing key.

    The audit trail keeps what somebody is told and when; whose address it is is no part of it. Raises as `acting`, and
    ConfigurationError for an address that its channel cannot reach, and for one contact too many.
    """

    def change(cursor: Cursor) -> ContactChanged:
        stored = contacts_of(cursor, owner)
        known = next((each for each in stored if each.address == address), None)
        if known is not None and channel not in (None, known.channel):
            raise ConfigurationError(f"--channel: {address} is a contact by {known.channel}: remove that one first")
        if known is None and len(stored) >= MOST_CONTACTS:
            raise ConfigurationError(f"at most {MOST_CONTACTS} contacts: remove one first")
        at = channel or (known.channel if known else EMAIL)
        before = known or StoredContact(channel=at, address=checked_address(at, address), digest=at not in SHORT)
        after = wished(before, wishes)
        endpoint = _endpoint(at, secret, added=known is None)
        blob = None if endpoint is None or secret is None else _sealed(owner, after, endpoint, secret.keys)
        put_contact(cursor, owner, after, blob)
        key = endpoint.signing_key if endpoint is not None else None
        return ContactChanged(owner=owner.id, before=known, after=after, signing_key=key or None)

    return _changed(ledger, owner, order, Action.CONTACT_SET, change)


def remove_contact_of(ledger: Ledger, owner: Owner, address: str, order: Order) -> ContactChanged:
    """Take a contact away; what it was told stands in the notices. Raises as `acting`, and ConfigurationError for an
    address that is none of the owner's."""

    def change(cursor: Cursor) -> ContactChanged:
        stored = {each.address: each for each in contacts_of(cursor, owner)}
        if address not in stored:
            raise ConfigurationError(f"{owner.id} has no contact {address}{nearest(address, stored)}")
        remove_contact(cursor, owner, address)
        return ContactChanged(owner=owner.id, before=stored[address], after=None)

    return _changed(ledger, owner, order, Action.CONTACT_REMOVE, change)


def _endpoint(channel: str, secret: SecretAddress | None, *, added: bool) -> Endpoint | None:
    check = SECRET_URLS.get(channel)
    if check is None and secret is not None:
        raise ConfigurationError(f"--url-from: a contact by {channel} has no secret address")
    if check is None or secret is None:
        if check is not None and added:
            raise ConfigurationError(f"--url-from: a contact by {channel} needs its address, from a file or -")
        return None
    check(secret.url, "--url-from", loopback=secret.loopback)
    return Endpoint(secret.url, new_signing_key() if channel == WEBHOOK else "")


def _sealed(owner: Owner, contact: StoredContact, endpoint: Endpoint, keys: KeyRing) -> bytes:
    bound = owner.id if owner.kind is OwnerKind.PRACTICE else audit_key(owner.id)
    return seal(keys, bound, contact.channel, contact.address, endpoint)


def _changed(
    ledger: Ledger, owner: Owner, order: Order, action: Action, change: Callable[[Cursor], ContactChanged]
) -> ContactChanged:
    checked_id(owner.kind.upper(), owner.id)
    if owner.kind is OwnerKind.PRACTICE:
        with acting(ledger, order, action, owner.id) as act:
            done = change(act.cursor)
            act.audit(before=_kept(done.before), after=_kept(done.after))
        return done
    authorise(order, action, organisation_id=owner.id)
    connection = ledger.connection
    with connection.transaction(force_rollback=not order.apply), connection.cursor() as cursor:
        organisation(cursor, owner.id)
        lock_organisation(cursor, owner.id)
        done = change(cursor)
        append(
            cursor,
            audit_key(owner.id),
            at=instant(cursor, ledger.now),
            actor=order.actor.name,
            action=action,
            before=_kept(done.before),
            after=_kept(done.after),
            why=order.reason,
        )
    return done


def _kept(contact: StoredContact | None) -> object:
    """Whom it reaches is no part of the audit trail."""
    if contact is None:
        return None
    return {key: value for key, value in msgspec.to_builtins(contact).items() if key not in ("address", "name")}
