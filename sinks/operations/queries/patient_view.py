"""One patient of a practice: who it is on both sides, whether that is linked, and everything that was paid (LINK-25).

A patient is named by one of their entries, whose number says nothing: so no address holds a surrogate or a name.
"""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.vocabulary import NEEDS_PERSON, State
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_value, fetch_values
from sinks.operations.acting import Actor, authorise_view
from sinks.operations.ledger import Connection, Ledger
from sinks.operations.queries.find_patients import SearchKeys
from sinks.operations.queries.identities import KnownPatient, find_known
from sinks.operations.queries.links_seen import SeenLink, seen_link, stored_link
from sinks.operations.queries.practices import check_practice
from sinks.operations.queries.sums import KindSum, Money, all_sums
from sinks.operations.queries.transaction_filter import Place, Wanted
from sinks.operations.queries.transactions import Listing, list_transactions
from sinks.operations.review.figures import Place as Books
from sinks.operations.review.figures import place_of
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from streams.runtime.errors import ConfigurationError

_SQL: Final = named_queries("sinks.operations.queries", "patient_view.sql")
_WAITING: Final = tuple(sorted(NEEDS_PERSON))


class TypedIn(msgspec.Struct, frozen=True):
    """Payments that people typed into the practice's own system, as last read."""

    entries: int
    amount_minor: int


class PatientBalance(msgspec.Struct, frozen=True, kw_only=True):
    """What Writeback knows of a patient's money, in minor units with the practice's cash sign; one currency."""

    currency: str
    booked_minor: int
    """Payments in the books, with what lessens them."""
    open_minor: int
    """Payments that are not in the books yet."""


class PatientView(msgspec.Struct, frozen=True, kw_only=True):
    """For the person who looks: never stored, logged or published."""

    known: tuple[KnownPatient, ...]
    """Who the upstream says that it is."""
    link: SeenLink | None
    typed_in: TypedIn | None
    """None without a link: nobody knows whose they are."""
    balances: tuple[PatientBalance, ...]
    listing: Listing
    """A page of everything of this patient, under every reference that is linked to the same number."""
    waiting: Listing
    """What waits for a person of all that is the patient's, whichever page is shown."""

    def __repr__(self) -> str:
        return f"PatientView(linked={self.link is not None})"


def patient_of_entry(connection: Connection, practice_id: str, effect_id: int) -> str:
    """The surrogate. Blocks for one statement; ConfigurationError for an entry that is not there, or for nobody."""
    key = {"practice_id": practice_id, "effect_id": effect_id}
    found: str | None = fetch_value(connection, _SQL["patient_of_entry"], key)
    if found is None:
        raise ConfigurationError(f"e:{effect_id} is no entry of {practice_id} that is for a patient")
    return found


@sees(View.PATIENTS)
def patient_view(
    ledger: Ledger, keys: SearchKeys, actor: Actor, practice_id: str, effect_id: int, *, after: Place | None, most: int
) -> PatientView:
    """The patient of an entry. Blocks for some twenty statements.

    Raises Permanent for an actor who may not see who patients are, as `patient_of_entry`, and SecretUnreadableError
    where what is stored was sealed under a key that is not set here.
    """
    authorise_view(actor, View.PATIENTS, practice_id)
    connection = ledger.connection
    check_practice(connection, practice_id)
    patient_ref = patient_of_entry(connection, practice_id, effect_id)
    row = stored_link(connection, practice_id, patient_ref)
    refs = [patient_ref] if row is None else _same_number(connection, practice_id, row.pms_patient_id)
    wanted = Wanted(practice_id=practice_id, patient_refs=tuple(refs), most=most)
    return PatientView(
        known=find_known(ledger, keys.seal, practice_id, patient_ref),
        link=None if row is None else seen_link(keys, practice_id, row),
        typed_in=None if row is None else _typed_in(connection, practice_id, row.pms_patient_id),
        balances=balances_of(all_sums(connection, wanted)),
        listing=list_transactions(connection, wanted, after),
        waiting=list_transactions(connection, msgspec.structs.replace(wanted, states=_WAITING)),
    )


def balances_of(sums: tuple[KindSum, ...]) -> tuple[PatientBalance, ...]:
    """Of payments alone, by currency. Pure."""
    found: dict[str, dict[Books, int]] = {}
    for each in sums:
        if each.money is Money.PAYMENTS and each.currency is not None:
            places = found.setdefault(each.currency, {})
            place = place_of(State(each.state))
            places[place] = places.get(place, 0) + each.amount_minor
    return tuple(
        PatientBalance(
            currency=currency,
            booked_minor=places.get(Books.POSTED, 0) + places.get(Books.BY_HAND, 0),
            open_minor=places.get(Books.OPEN, 0),
        )
        for currency, places in sorted(found.items())
    )


def _same_number(connection: Connection, practice_id: str, pms_patient_id: str) -> list[str]:
    return fetch_values(connection, _SQL["same_number"], {"practice_id": practice_id, "pms_patient_id": pms_patient_id})


def _typed_in(connection: Connection, practice_id: str, pms_patient_id: str) -> TypedIn:
    key = {"practice_id": practice_id, "pms_patient_id": pms_patient_id}
    (found,) = fetch_all(connection, TypedIn, _SQL["typed_in"], key)
    return found
