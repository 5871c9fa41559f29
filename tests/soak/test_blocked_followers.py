"""200,000 effects that wait behind others: who claims does not pay for them (law 21)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median
from typing import Any

import psycopg
import pytest

from schemas.practice_settings import Timing
from tests.benchmarks.claiming import GATES, ClaimTimes, fill, measure
from tests.benchmarks.ledgers import furnish
from tests.benchmarks.traffic import histories
from tests.soak.run_length import print_figures
from tests.worlds import Stack, World, fresh_world

pytestmark = [pytest.mark.soak, pytest.mark.stack]

FOLLOWERS = 200_000
SPREAD = 2_000
"""Practices of a busy shard: 100 followers each."""
DENSE = 250
"""Practices with 800 followers each: a morning behind patients whose heads are in doubt."""
ROUNDS = 3
CLAIM_FACTOR = 4.0
"""A claim reads gates alone, so it may not know of followers; twice the noise of a busy machine."""
TURN_FACTOR = {"spread": 10.0, "dense": 60.0}
"""Claim and plan: a plan looks at every entry that is ready in its gates, so it grows with those, not with the ledger.
The law's own figure (2.0 ms for 500 heads) is the first of these."""

# A head in doubt whose next look is an hour away, and those who wait behind it in its lane. Ids far above the ready
# ones; their events are left out, since a plan reads events only of what it takes.
_WAITING = (
    "WITH made AS (INSERT INTO entries (practice_id, effect_id, source, event_id, target, entry_kind, part, lane,"
    " amount_minor, currency, ledger_date, patient_ref, settings_version, instruction)"
    " SELECT e.practice_id, 10000 + i, 'bench', 'follower-' || i, e.target, e.entry_kind, '', 'p:blocked',"
    " e.amount_minor, e.currency, e.ledger_date, 'blocked', 1, e.instruction"
    " FROM entries e, generate_series(0, %(each)s::int) i WHERE e.effect_id = 1)"
    " INSERT INTO work (practice_id, effect_id, connection_id, lane, patient_ref, state, reason, due_at, ledger_date,"
    " request_id, sent_at, settle_until, changed_at)"
    " SELECT w.practice_id, 10000 + i, w.connection_id, 'p:blocked', 'blocked',"
    " CASE WHEN i = 0 THEN 'UNCERTAIN' ELSE 'SCHEDULED' END, w.reason,"
    " now() + CASE WHEN i = 0 THEN interval '1 hour' ELSE interval '-1 hour' END, w.ledger_date,"
    " 'rq-follower-' || w.practice_id || i, now(), now(), now()"
    " FROM work w, generate_series(0, %(each)s::int) i WHERE w.effect_id = 1"
)


@pytest.fixture
def worlds(stack: Stack) -> Iterator[dict[str, World]]:
    """The same ready effects three times: alone, with followers everywhere, with followers of few."""
    with ExitStack() as open_:
        yield {name: open_.enter_context(fresh_world(stack)) for name in ("empty", "spread", "dense")}


def _prepare(world: World, practices: int, followers: int) -> None:
    (history,) = histories(["practice-0000000"], Timing.INSTANT)
    furnish(world.database_url, [history], "http://127.0.0.1:9/api/v1")
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        fill(connection, 1, practices)
        if followers:
            with connection.transaction():
                connection.execute("SET LOCAL session_replication_role = replica")
                connection.execute(_WAITING, {"each": followers // practices})
        connection.execute("VACUUM ANALYZE")


def test_two_hundred_thousand_followers_leave_claims_quick(worlds: dict[str, World]) -> None:
    """Claim and plan with 200,000 blocked followers against none, in turns of one run."""
    _prepare(worlds["empty"], GATES, 0)
    _prepare(worlds["spread"], SPREAD, FOLLOWERS)
    _prepare(worlds["dense"], DENSE, FOLLOWERS)
    found: dict[str, list[ClaimTimes]] = {name: [] for name in worlds}
    for _ in range(ROUNDS):
        for name, world in worlds.items():
            found[name].append(asyncio.run(measure(world.settings(), GATES)))
    claim = {name: median(each.claim_ms for each in times) for name, times in found.items()}
    plan = {name: median(each.plan_ms for each in times) for name, times in found.items()}
    said: dict[str, Any] = {f"{name}_ms": f"{claim[name]:.1f}+{plan[name]:.1f}" for name in worlds}
    turn = {name: (claim[name] + plan[name]) / (claim["empty"] + plan["empty"]) for name in worlds}
    ratios = {f"{name}_ratio": round(turn[name], 2) for name in TURN_FACTOR}
    print_figures(part="followers", **said, **ratios)
    for name, factor in TURN_FACTOR.items():
        assert claim[name] <= CLAIM_FACTOR * claim["empty"], f"followers slow the claim: {said}"
        assert turn[name] <= factor, f"followers slow a turn: {said}"
