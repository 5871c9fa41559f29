"""A ledger with practices, settings, connections and linked patients, as if people had set them up."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from schemas.practice_settings import SettingsHistory
from sinks.ledger.schema.migrate import migrate
from sinks.targets.credentials import KeyRing
from tests.benchmarks.traffic import PATIENTS, patient_ref

SECRET: Final = b"b" * 32
SECRET_TEXT: Final = base64.b64encode(SECRET).decode()
MAPPING: Final[dict[str, Any]] = {
    "mode": "LOCAL",
    "pay_type": 1,
    "fee_credit": 2,
    "fee_debit": 3,
    "max_in_flight": 8,
}
"""A practice's own server may be asked eight things at once; nobody throttles the benchmark."""


def furnish(
    database_url: str, histories: Sequence[SettingsHistory], base_url: str, *, patients: int = PATIENTS
) -> None:
    """Migrate, then every practice with its settings, its office at `base_url` and its linked patients."""
    migrate(database_url)
    keys = KeyRing(SECRET)
    with psycopg.connect(database_url) as connection, connection.cursor() as cursor:
        for history in histories:
            _practice(cursor, keys, history, base_url)
        with cursor.copy(
            "COPY patient_links (practice_id, patient_ref, pms_patient_id, linked_by, linked_at) FROM STDIN"
        ) as links:
            for history in histories:
                since = history.versions[0].saved_at
                for number in range(patients):
                    links.write_row((history.practice_id, patient_ref(number), str(1000 + number), "bench", since))


def _practice(cursor: psycopg.Cursor[Any], keys: KeyRing, history: SettingsHistory, base_url: str) -> None:
    practice, version = history.practice_id, history.versions[0]
    connection_id = f"{practice}-PMS"
    cursor.execute(
        "INSERT INTO practices (practice_id, name, added_at, added_by, entitled_at) VALUES (%s, %s, %s, 'bench', %s)",
        (practice, practice, version.saved_at, version.saved_at),
    )
    cursor.execute(
        "INSERT INTO settings (practice_id, version, effective_from, body, saved_at, saved_by, reason, applied_at)"
        " VALUES (%s, 1, %s, %s, %s, 'bench', 'bench', %s)",
        (
            practice,
            version.effective_from,
            Jsonb(msgspec.to_builtins(version.settings)),
            version.saved_at,
            version.effective_from,
        ),
    )
    secret = keys.seal(practice, connection_id, b'{"developer_key": "developer", "customer_key": "customer"}')
    cursor.execute(
        "INSERT INTO connections (home_practice_id, connection_id, target, route, base_url, account_fingerprint,"
        " config, secret) VALUES (%s, %s, 'PMS', 'open_dental', %s, %s, %s, %s)",
        (practice, connection_id, base_url, practice, Jsonb(MAPPING), secret),
    )
    cursor.execute(
        "INSERT INTO practice_connections (practice_id, target, home_practice_id, connection_id)"
        " VALUES (%s, 'PMS', %s, %s)",
        (practice, practice, connection_id),
    )
