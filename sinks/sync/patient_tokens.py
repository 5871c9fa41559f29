"""Tokens by which a patient is found whose identity is sealed, as a column of the mirror. Pure."""

from __future__ import annotations

from sinks.linking.normal_form import NormalForm, normal_form
from sinks.linking.tokens import TokenKeys, words_of
from sinks.sync.identities.changes import UpstreamIdentity
from sinks.targets.reading import Identity


def form_of(identity: Identity | UpstreamIdentity) -> NormalForm:
    """A stored identity, ready to be compared."""
    return normal_form(identity.given_name, identity.family_name, identity.birth_date, identity.phones, identity.emails)


def tokens_column(keys: TokenKeys, practice_id: str, identity: Identity | UpstreamIdentity) -> str:
    """As a literal of bigint[]: a list of lists of different lengths is no array of Postgres."""
    return f"{{{','.join(map(str, keys.tokens(practice_id, words_of(form_of(identity)))))}}}"
