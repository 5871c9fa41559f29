"""Every hot statement uses an index on tables of decent size (law 28): its plan is looked at, not its time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from sinks.ledger.named_queries import named_queries
from tests.processors.rules.event_examples import NOON
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.worlds import Stack, fresh_world

PRACTICES = 6000
EVENTS = 5
"""Of each practice; two effects each."""

BIG = frozenset(
    {"events", "entries", "work", "outcomes", "receipts", "gates", "patient_links", "practices", "settings", "outbox"}
    | {"payout_items"}
)
"""No hot statement may read one of these from end to end; months of bodies neither."""

ASKED = ["p7", "p700", "p5700"]
IDS = ["ev-1", "ev-3", "ev-5"]

NAMED = {"practice_ids": ASKED, "sources": ["s"] * 3, "refs": IDS}
PAGE = {"practice_id": "p7", "source": "s", "event_id": "ev-1", "most": 500}

MOVES = json.dumps(
    [{"practice_id": "p7", "effect_id": number, "was": "SCHEDULED", "state": "PAUSED"} for number in (2, 3)]
)

HOT: dict[tuple[str, str], dict[str, Any]] = {
    ("intake/queries.sql", "lock_practices"): {"practice_ids": ASKED},
    ("intake/queries.sql", "receipts_of"): {
        "practice_ids": ASKED,
        "topic_ids": ["t"] * 3,
        "parts": [0] * 3,
        "offs": [1, 2, 3],
    },
    ("intake/queries.sql", "events_of"): {
        "practice_ids": ASKED,
        "sources": ["s"] * 3,
        "event_ids": IDS,
        "subjects": IDS,
        "kinds": ["payment"] * 3,
    },
    ("intake/queries.sql", "parked_on"): NAMED,
    ("intake/payment_states.sql", "events"): NAMED | {"kinds": ["payment"] * 3},
    ("intake/payment_states.sql", "lock_work"): {"practice_ids": ASKED, "sources": ["s"] * 3, "event_ids": IDS},
    ("intake/payment_states.sql", "entries"): {"practice_ids": ASKED, "sources": ["s"] * 3, "event_ids": IDS},
    ("intake/payment_states.sql", "gates"): {"practice_ids": ASKED},
    ("intake/payment_states.sql", "payout_items"): NAMED,
    ("intake/payment_states.sql", "waiting_for_payout"): NAMED,
    ("practices/settings/queries.sql", "histories"): {"practice_ids": ASKED},
    ("waiting/queries.sql", "dependents"): {"practice_id": "p7", "effect_ids": [2, 3]},
    ("waiting/sweeps.sql", "awaiting_original"): PAGE,
    ("waiting/sweeps.sql", "awaiting_funds"): PAGE,
    ("waiting/sweeps.sql", "awaiting_fee"): PAGE,
    ("practices/settings/queries.sql", "switch_versions"): {"practice_ids": ASKED},
    ("intake/queries.sql", "links_of"): {"practice_ids": ASKED, "patient_refs": ["pt-1"] * 3},
    ("intake/queries.sql", "connections_of"): {"practice_ids": ASKED},
    ("intake/queries.sql", "advance_sequences"): {"practice_ids": ASKED, "seqs": [1000, 1000, 1000]},
    ("effects.sql", "lock_work"): {"practice_id": "p7", "effect_ids": [2, 3]},
    ("effects.sql", "read_effects"): {"practice_id": "p7", "effect_ids": [2, 3]},
    ("effects.sql", "move_effects"): {"moves": MOVES, "at": NOON},
    ("gates.sql", "advance"): {
        "practice_ids": ASKED,
        "connection_ids": ASKED,
        "due_ats": [NOON] * 3,
        "now": NOON,
        "jitter_s": 0,
    },
    ("gates.sql", "lock"): {"practice_ids": ASKED, "connection_ids": ASKED},
    ("gates.sql", "refresh"): {"practice_ids": ASKED, "connection_ids": ASKED, "now": NOON, "jitter_s": 0},
    ("waiting/queries.sql", "held_effects"): {"practice_id": "p7", "patient_ref": "pt-1"},
    ("practices/settings/queries.sql", "redecide_waiting"): {"practice_id": "p7", "now": NOON},
    ("waiting/sweeps.sql", "redecisions_due"): {"now": NOON, "most": 500},
    ("waiting/sweeps.sql", "versions_begun"): {"now": NOON, "most": 500},
}


@pytest.fixture(scope="module")
def filled(stack: Stack) -> Iterator[LedgerDatabase]:
    """30,000 events and 60,000 effects of 6,000 practices, one in five waiting."""
    with fresh_world(stack) as world:
        database = LedgerDatabase(world.database_url)
        # 60,000 rows in one statement are no statement of a role.
        database.connection.execute("SET statement_timeout = 0")
        database.connection.execute("SET transaction_timeout = 0")
        for name, query in _FILL.items():
            database.connection.execute(query.encode(), {"now": NOON, "practices": PRACTICES, "events": EVENTS})
            if name not in ("linked", "parked"):
                database.connection.execute(f"ANALYZE {name}".encode())
        database.connection.execute("ANALYZE events")
        yield database
        database.close()


@pytest.mark.parametrize(("file", "name"), HOT, ids=[f"{file}:{name}" for file, name in HOT])
def test_a_hot_statement_reads_no_big_table_from_end_to_end(filled: LedgerDatabase, file: str, name: str) -> None:
    parameters = HOT[file, name]
    with filled.connection.transaction(force_rollback=True):
        statement = named_queries("sinks.ledger", file)[name]
        query = psycopg.sql.SQL("EXPLAIN (FORMAT JSON) ") + psycopg.sql.SQL(statement)
        ((found,),) = filled.connection.execute(query, parameters).fetchall()
    scanned = set(_scanned(found[0]["Plan"]))
    # The months that are still to come are empty: reading them from end to end costs nothing.
    assert not scanned & (BIG | {"bodies", "bodies_other"}), json.dumps(found, indent=1)


def _scanned(plan: dict[str, Any]) -> Iterator[str]:
    if plan["Node Type"] == "Seq Scan":
        yield str(plan["Relation Name"])
    for child in plan.get("Plans", ()):
        yield from _scanned(child)


_EACH = "FROM generate_series(1, %(practices)s) p CROSS JOIN generate_series(1, %(events)s) n"
_FILL = {
    "practices": "INSERT INTO practices SELECT 'p' || p, 1000, 'x', %(now)s FROM generate_series(1, %(practices)s) p"
    " WHERE %(events)s > 0",
    "settings": "INSERT INTO settings SELECT 'p' || p, v, %(now)s - make_interval(days => 30 - v),"
    " '{\"master\": true}', %(now)s, 'x', '', %(now)s FROM generate_series(1, %(practices)s) p"
    " CROSS JOIN generate_series(1, 5) v WHERE %(events)s > 0",
    "patient_links": "INSERT INTO patient_links SELECT 'p' || p, 'pt-' || n, '1', 'x', %(now)s " + _EACH,
    "connections": "INSERT INTO connections (home_practice_id, connection_id, target, route, base_url,"
    " account_fingerprint) SELECT 'p' || p, 'p' || p, 'PMS', 'x', 'x', p::text"
    " FROM generate_series(1, %(practices)s) p WHERE %(events)s > 0 AND %(now)s IS NOT NULL",
    "practice_connections": "INSERT INTO practice_connections SELECT 'p' || p, 'PMS', 'p' || p, 'p' || p"
    " FROM generate_series(1, %(practices)s) p WHERE %(events)s > 0 AND %(now)s IS NOT NULL",
    "receipts": "INSERT INTO receipts SELECT 'p' || p, 't', 0, p * 1000 + n, 'FIRST' "
    + _EACH
    + " WHERE %(now)s IS NOT NULL",
    "events": "INSERT INTO events (practice_id, source, event_id, subject, kind, version, event_type, digest_v, digest,"
    " money_digest, occurred_at, appended_at, received_at, month, topic_id, part, off, reason, resolved_at)"
    " SELECT 'p' || p, 's', 'ev-' || n, 'ev-' || n, 'payment', 1, 'PaymentSucceeded', 1, '', '', %(now)s, %(now)s,"
    " %(now)s, '2026-03-01', 't', 0, p * 1000 + n, 'AUTO_INSTANT', %(now)s " + _EACH,
    # One in five is a refund of another, and one in a hundred of those parks.
    "linked": "UPDATE events SET concerns = 'ev-1', kind = 'refund', subject = 'rf-3' WHERE event_id = 'ev-3'"
    " AND %(now)s IS NOT NULL AND %(practices)s > %(events)s",
    "parked": "UPDATE events SET waiting = 'AWAITING_ORIGINAL', resolved_at = NULL WHERE event_id = 'ev-3'"
    " AND practice_id LIKE 'p%%00' AND %(now)s IS NOT NULL AND %(practices)s > %(events)s",
    "bodies": "INSERT INTO bodies SELECT 'p' || p, '2026-03-01', 's', 'ev-' || n, '', '', '' "
    + _EACH
    + " WHERE %(now)s IS NOT NULL",
    "payout_items": "INSERT INTO payout_items SELECT 'p' || p, 's', 'ev-' || n, 'po-1', 1, n, 'CHARGE', 1, 1 "
    + _EACH
    + " WHERE %(now)s IS NOT NULL",
    "entries": "INSERT INTO entries (practice_id, effect_id, source, event_id, target, entry_kind, part, lane,"
    " amount_minor, currency, ledger_date, patient_ref, instruction) SELECT 'p' || p, n * 2 + k, 's', 'ev-' || n,"
    " 'PMS', 'payment', k::text, 'p:pt-' || n, 1, 'USD', '2026-03-04', 'pt-' || n, '{}' "
    + _EACH
    + " CROSS JOIN generate_series(0, 1) k WHERE %(now)s IS NOT NULL",
    "work": "INSERT INTO work (practice_id, effect_id, connection_id, lane, patient_ref, state, reason, due_at,"
    " ledger_date, request_id, changed_at) SELECT 'p' || p, n * 2 + k, 'p' || p, 'p:pt-' || n, 'pt-' || n,"
    " CASE WHEN n = 5 THEN 'AWAITING_LINK' ELSE 'SCHEDULED' END, 'AUTO_INSTANT', %(now)s, '2026-03-04',"
    " p || '-' || n || '-' || k, %(now)s " + _EACH + " CROSS JOIN generate_series(0, 1) k WHERE n >= 4",
    "outcomes": "INSERT INTO outcomes (practice_id, effect_id, n, state, reason, due_at, ledger_date, request_id,"
    " changed_at) SELECT 'p' || p, n * 2 + k, 1, 'SKIPPED_ZERO', 'AUTO_INSTANT', %(now)s, '2026-03-04',"
    " p || '-' || n || '-' || k, %(now)s " + _EACH + " CROSS JOIN generate_series(0, 1) k WHERE n < 4",
    "gates": "INSERT INTO gates (practice_id, connection_id, next_due_at) SELECT 'p' || p, 'p' || p, %(now)s"
    " FROM generate_series(1, %(practices)s) p WHERE %(events)s > 0",
}
