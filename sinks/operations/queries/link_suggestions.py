"""Whom a reference without a link may be: candidates by tokens, opened, and decided by the rules of `sinks.linking`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

import msgspec

from sinks.ledger.rows.fetch import fetch_all
from sinks.linking.compare import DateLikeness, compare
from sinks.linking.decide import Candidate, Verdict, decide
from sinks.linking.normal_form import NormalForm
from sinks.linking.reasons import Reason
from sinks.linking.tokens import exact_words_of
from sinks.operations.ledger import Ledger
from sinks.operations.queries.find_patients import (
    SQL,
    SealedPatient,
    SearchKeys,
    Side,
    full_name,
    opened,
    sealed_by_words,
)
from sinks.operations.queries.unlinked import Unlinked, named_references, own_numbers, unlinked_page
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from sinks.sync.identities.changes import UpstreamIdentity
from sinks.sync.identities.store import upstream_owner
from sinks.sync.patient_tokens import form_of
from streams.runtime.errors import ConfigurationError

EACH: Final = 80
"""Patients of one token that are compared: of one birth date, telephone or pair of names there are fewer as a rule."""
MOST_COMPARED: Final = 150
MOST_PROPOSED: Final = 2_000
"""References of one answer: a few minutes, and a file that people still go through."""


class ProposedPatient(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate, for a person who chooses. Never stored, logged or published."""

    pms_patient_id: str
    name: str
    birth_date: date | None
    score: int
    reasons: tuple[Reason, ...]

    def __repr__(self) -> str:
        return f"ProposedPatient({self.pms_patient_id!r})"


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A reference without a link, and whom it may be."""

    patient_ref: str
    name: str
    birth_date: date | None
    is_known: bool
    """False: the upstream has not said who it is, or it cannot be opened."""
    waiting: int
    since: datetime | None
    verdict: Verdict
    patients: tuple[ProposedPatient, ...]

    def __repr__(self) -> str:
        return f"Proposal({self.patient_ref!r})"


class Proposals(msgspec.Struct, frozen=True, kw_only=True):
    proposals: tuple[Proposal, ...]
    next_after: str | None


@sees(View.PATIENTS)
def propose_links(ledger: Ledger, keys: SearchKeys, practice_id: str, *, after: str = "", most: int) -> Proposals:
    """References without a link, each with its candidates, in the order of `unlinked_page`. Blocks for two statements
    a reference.

    ConfigurationError for an unknown practice; SecretUnreadableError where what is stored was sealed under a key that
    is not set here.
    """
    page = unlinked_page(ledger, practice_id, after=after, most=min(most, MOST_PROPOSED))
    found = tuple(proposal_of(ledger, keys, practice_id, each) for each in page.found)
    return Proposals(proposals=found, next_after=page.next_after)


@sees(View.PATIENTS)
def propose_link(ledger: Ledger, keys: SearchKeys, practice_id: str, patient_ref: str) -> Proposal:
    """Whom one reference may be. ConfigurationError where it is linked or merged, or nobody has named it."""
    found = named_references(ledger, practice_id, [patient_ref])
    if not found:
        raise ConfigurationError(f"the upstream has named nobody at {practice_id} as {patient_ref}")
    (one,) = found
    if one.merged_into is not None:
        raise ConfigurationError(f"{patient_ref} was merged into {one.merged_into}: ask for that one")
    if one.linked is not None:
        raise ConfigurationError(
            f"{patient_ref} is linked to {one.linked}: writeback link verify {practice_id} {patient_ref}"
        )
    return proposal_of(ledger, keys, practice_id, Unlinked(patient_ref=patient_ref, identity=one.identity))


def upstream_identity(
    keys: SearchKeys, practice_id: str, patient_ref: str, sealed: bytes | None
) -> UpstreamIdentity | None:
    """Who a reference is. SecretUnreadableError where its key is not set here."""
    if sealed is None:
        return None
    plain = keys.seal.open(practice_id, upstream_owner(patient_ref), sealed)
    return msgspec.json.decode(plain, type=UpstreamIdentity)


def proposal_of(ledger: Ledger, keys: SearchKeys, practice_id: str, unlinked: Unlinked) -> Proposal:
    """Whom a reference may be. SecretUnreadableError where a key is not set here. Blocks for three statements at most.

    Of two references of one person neither is sure, linked or not: a person says which is kept.
    """
    ref = unlinked.patient_ref
    identity = upstream_identity(keys, practice_id, ref, unlinked.identity)
    verdict, patients = Verdict.NONE, tuple[ProposedPatient, ...]()
    if identity is not None:
        numbers = own_numbers(ledger, practice_id, ref)
        form = form_of(identity)
        verdict, patients = _decided(
            keys, practice_id, ref, form, _rows(ledger, keys, practice_id, form, numbers), numbers
        )
        if verdict is Verdict.AUTO_LINK and (unlinked.merged or _has_a_double(ledger, keys, practice_id, ref, form)):
            verdict = Verdict.SUGGEST
    return Proposal(
        patient_ref=ref,
        name="" if identity is None else full_name(identity),
        birth_date=None if identity is None else identity.birth_date,
        is_known=identity is not None,
        waiting=unlinked.waiting,
        since=unlinked.since,
        verdict=verdict,
        patients=patients,
    )


def _has_a_double(ledger: Ledger, keys: SearchKeys, practice_id: str, ref: str, form: NormalForm) -> bool:
    """Whether the upstream has, or may have, another reference of the same name and birth date that is not merged."""
    words = dict.fromkeys(exact_words_of(form), 1)
    rows = sealed_by_words(ledger, keys, practice_id, words, query="known", each=EACH, most=MOST_COMPARED)
    for row in rows:
        if row.crowded:
            return True
        if row.patient_id == ref or row.merged_into is not None:
            continue
        other = compare(form, form_of(opened(keys, practice_id, Side.UPSTREAM, row)))
        if other.is_name_same and other.born is DateLikeness.SAME:
            return True
    return False


def _rows(
    ledger: Ledger, keys: SearchKeys, practice_id: str, form: NormalForm, numbers: frozenset[str]
) -> list[SealedPatient]:
    words = dict.fromkeys(exact_words_of(form), 1)
    found = sealed_by_words(ledger, keys, practice_id, words, each=EACH, most=MOST_COMPARED)
    if numbers:
        given = {"practice_id": practice_id, "numbers": sorted(numbers)}
        named = fetch_all(ledger.connection, SealedPatient, SQL["mirrored_by_number"], given)
        known = {each.patient_id for each in found}
        found += [each for each in named if each.patient_id not in known]
    return found


def _decided(
    keys: SearchKeys,
    practice_id: str,
    ref: str,
    form: NormalForm,
    rows: Sequence[SealedPatient],
    numbers: frozenset[str],
) -> tuple[Verdict, tuple[ProposedPatient, ...]]:
    """Where not all who have a token were looked at, another could be meant: nothing is linked by itself."""
    people = {row.patient_id: opened(keys, practice_id, Side.PRACTICE, row) for row in rows}
    candidates = [
        Candidate(
            pms_patient_id=row.patient_id,
            form=form_of(people[row.patient_id]),
            in_use=row.in_use,
            linked_to=row.linked if row.linked != ref else None,
        )
        for row in rows
    ]
    decision = decide(form, candidates, numbers=numbers)
    shown = tuple(
        ProposedPatient(
            pms_patient_id=each.pms_patient_id,
            name=full_name(people[each.pms_patient_id]),
            birth_date=people[each.pms_patient_id].birth_date,
            score=each.score,
            reasons=each.reasons,
        )
        for each in decision.suggestions
    )
    is_crowded = any(row.crowded for row in rows)
    return (Verdict.SUGGEST if is_crowded and shown else decision.verdict), shown
