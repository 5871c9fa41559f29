"""A ledger with practices, settings, connections and linked patients, as if people had set them up."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from schemas.connector.records import VERSION, Capabilities, Kind
from schemas.connector.signatures import KeyPair, SigningKey
from schemas.practice_settings import SettingsHistory
from sinks.ledger.schema.migrate import migrate
from sinks.targets.connector.mapping import ConnectorMapping, dump_mapping
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


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """Where a practice posts: a route with its mapping, and keys that are worth nothing."""

    route: str
    base_url: str
    config: dict[str, Any]
    secret: bytes


def open_dental(base_url: str, **mapping: Any) -> Connection:
    """An office; `mapping` changes fields of MAPPING."""
    secret = b'{"developer_key": "developer", "customer_key": "customer"}'
    return Connection(route="open_dental", base_url=base_url, config=MAPPING | mapping, secret=secret)


def connector(base_url: str, account: str) -> Connection:
    """An account of a connector that takes payments, as many at once as an office."""
    said = Capabilities(
        version=VERSION,
        system="Bench",
        currency="USD",
        kinds=(Kind.PAYMENT, Kind.FEE_ADJUSTMENT),
        finds_marker=True,
        proves_absence=True,
        processing_s=30.0,
        max_in_flight=int(MAPPING["max_in_flight"]),
    )
    keys = KeyPair(keys=(SigningKey(id="bench", secret=SECRET_TEXT),))
    return Connection(
        route="connector",
        base_url=base_url,
        config=dump_mapping(ConnectorMapping(account=account, document=said)),
        secret=msgspec.json.encode(keys),
    )


def furnish(
    database_url: str,
    histories: Sequence[SettingsHistory],
    base_url: str,
    *,
    patients: int = PATIENTS,
    connections: Mapping[str, Connection] = MappingProxyType({}),
) -> None:
    """Migrate, then every practice with its settings, its linked patients, and its office at `base_url` or what
    `connections` has for it instead."""
    migrate(database_url)
    keys = KeyRing(SECRET)
    with psycopg.connect(database_url) as connection, connection.cursor() as cursor:
        for history in histories:
            _practice(cursor, keys, history, connections.get(history.practice_id) or open_dental(base_url))
        with cursor.copy(
            "COPY patient_links (practice_id, patient_ref, pms_patient_id, linked_by, linked_at) FROM STDIN"
        ) as links:
            for history in histories:
                since = history.versions[0].saved_at
                for number in range(patients):
                    links.write_row((history.practice_id, patient_ref(number), str(1000 + number), "bench", since))


def _practice(cursor: psycopg.Cursor[Any], keys: KeyRing, history: SettingsHistory, connection: Connection) -> None:
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
    secret = keys.seal(practice, connection_id, connection.secret)
    cursor.execute(
        "INSERT INTO connections (home_practice_id, connection_id, target, route, base_url, account_fingerprint,"
        " config, secret) VALUES (%s, %s, 'PMS', %s, %s, %s, %s, %s)",
        (practice, connection_id, connection.route, connection.base_url, practice, Jsonb(connection.config), secret),
    )
    cursor.execute(
        "INSERT INTO practice_connections (practice_id, target, home_practice_id, connection_id)"
        " VALUES (%s, 'PMS', %s, %s)",
        (practice, practice, connection_id),
    )
