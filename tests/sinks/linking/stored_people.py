"""People in a ledger's mirror and among its references, sealed and tokenised as the role SYNC stores them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
import psycopg

from sinks.linking.tokens import TokenKeys
from sinks.operations.queries.find_patients import SearchKeys
from sinks.sync.identities.changes import UpstreamIdentity
from sinks.sync.identities.store import upstream_owner
from sinks.sync.page_store import identity_owner
from sinks.sync.patient_tokens import form_of, prints_of, tokens_column
from sinks.targets.credentials import KeyRing
from sinks.targets.reading import Identity
from tests.sinks.linking.people import Written

SECRET: Final = bytes(range(32))
KEYS: Final = SearchKeys(KeyRing(SECRET), TokenKeys(SECRET))


def store_patients(
    connection: psycopg.Connection[Any],
    practice_id: str,
    people: Iterable[tuple[str, Written]],
    *,
    in_use: bool = True,
    keys: SearchKeys = KEYS,
) -> None:
    """Patients of the practice's own system, by their numbers."""
    columns = "practice_id, pms_patient_id, in_use, identity, run, read_at, tokens, tokens_by, name_print, date_print"
    with connection.cursor() as cursor, cursor.copy(f"COPY mirror_patients ({columns}) FROM STDIN") as copy:
        for number, one in people:
            identity = Identity(
                given_name=one.given, family_name=one.family, birth_date=one.born, phones=one.phones, emails=one.emails
            )
            sealed = keys.seal.seal(practice_id, identity_owner(number), msgspec.json.encode(identity))
            tokens = tokens_column(keys.tokens, practice_id, identity)
            prints = prints_of(keys.tokens, practice_id, form_of(identity))
            row = (practice_id, number, in_use, sealed, 1, "now", tokens, keys.tokens.made_by)
            copy.write_row((*row, prints.name, prints.date))


def read_whole(connection: psycopg.Connection[Any], practice_id: str) -> None:
    """The practice's patients were read whole, of the account that it has."""
    connection.execute(
        "INSERT INTO mirror_practices (practice_id, due_at, account)"
        " SELECT %s, now(), c.account_fingerprint FROM practice_connections u"
        " JOIN connections c USING (home_practice_id, connection_id) WHERE u.practice_id = %s AND u.target = 'PMS'",
        (practice_id, practice_id),
    )
    connection.execute(
        "INSERT INTO mirror_reads (practice_id, kind, read_at, whole_at) VALUES (%s, 'patients', now(), now())",
        (practice_id,),
    )


def store_references(
    connection: psycopg.Connection[Any],
    practice_id: str,
    people: Iterable[tuple[str, Written]],
    *,
    merged_into: str | None = None,
    keys: SearchKeys = KEYS,
) -> None:
    """References of the upstream, with their numbers elsewhere."""
    columns = "practice_id, patient_ref, identity, merged_into, topic_id, part, off, run, read_at, tokens, tokens_by"
    numbers: list[tuple[str, str, str, str]] = []
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY patient_identities ({columns}) FROM STDIN") as copy:
            for ref, one in people:
                identity = UpstreamIdentity(
                    given_name=one.given,
                    family_name=one.family,
                    birth_date=one.born,
                    phones=one.phones,
                    emails=one.emails,
                )
                sealed = keys.seal.seal(practice_id, upstream_owner(ref), msgspec.json.encode(identity))
                tokens = tokens_column(keys.tokens, practice_id, identity)
                place = ("t", 0, 1, 1, "now")
                copy.write_row((practice_id, ref, sealed, merged_into, *place, tokens, keys.tokens.made_by))
                numbers += [(practice_id, ref, system, number) for system, number in one.numbers]
        cursor.executemany(
            "INSERT INTO patient_external_ids (practice_id, patient_ref, system, external_id) VALUES (%s, %s, %s, %s)",
            numbers,
        )
