"""Stores insurance subscriptions and whom they cover, and removes what is gone. In the page store's transactions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from psycopg import AsyncConnection

from sinks.ledger.named_queries import named_queries
from sinks.sync.access import SyncAccess
from sinks.sync.records import StoredRead
from sinks.sync.schedule_rows import STRETCH, Sweep, swept
from sinks.targets.coverage import MirrorCoverage, MirrorSubscription
from sinks.targets.reading import MirrorPage, ReadKind

_SQL: Final = named_queries("sinks.sync", "coverage.sql")

FORGET_COVERAGE: Final = (_SQL["forget_coverages"], _SQL["forget_subscriptions"])
"""Statements that forget what was read from another account, a stretch each; true while there may be more."""


class CoverageRows:
    """Of one practice. Methods raise psycopg.Error."""

    def __init__(self, access: SyncAccess, practice_id: str) -> None:
        self._access = access
        self._practice_id = practice_id

    async def put(self, connection: AsyncConnection[Any], read: StoredRead, page: MirrorPage) -> None:
        """A page's rows; those that are deleted are removed."""
        subscriptions = {each.subscription_id: each for each in page.subscriptions}
        await self._put_subscriptions(connection, read, [each for each in subscriptions.values() if not each.deleted])
        gone = [number for number, each in subscriptions.items() if each.deleted]
        await self._drop(connection, "drop_subscriptions", gone)
        coverages = {each.coverage_id: each for each in page.coverages}
        await self._put_coverages(connection, read, [each for each in coverages.values() if not each.deleted])
        await self._drop(connection, "drop_coverages", [n for n, each in coverages.items() if each.deleted])

    def sweeps(self, read: StoredRead) -> list[Sweep]:
        """What is to be looked through at the end of a read."""
        if read.kind is not ReadKind.INSURANCE or read.run_whole_from is None or read.run_skipped:
            return []
        given = self._of_run(read) | {"most": STRETCH}
        return [partial(swept, _SQL[name], given) for name in ("sweep_coverages", "sweep_subscriptions")]

    async def _put_subscriptions(
        self, connection: AsyncConnection[Any], read: StoredRead, rows: Sequence[MirrorSubscription]
    ) -> None:
        if not rows:
            return
        given = {
            "ids": [each.subscription_id for each in rows],
            "plans": [each.plan_id for each in rows],
            "subscribers": [each.subscriber_id for each in rows],
            "effective_on": [each.effective_on for each in rows],
            "ends_on": [each.ends_on for each in rows],
            "numbers": [self._sealed(each) for each in rows],
        }
        await connection.execute(_SQL["put_subscriptions"], self._of_run(read) | given)

    async def _put_coverages(
        self, connection: AsyncConnection[Any], read: StoredRead, rows: Sequence[MirrorCoverage]
    ) -> None:
        if not rows:
            return
        given = {
            "ids": [each.coverage_id for each in rows],
            "patients": [each.pms_patient_id for each in rows],
            "subscriptions": [each.subscription_id for each in rows],
            "priorities": [each.priority for each in rows],
            "relations": [each.relation for each in rows],
            "pending": [each.pending for each in rows],
        }
        await connection.execute(_SQL["put_coverages"], self._of_run(read) | given)

    async def _drop(self, connection: AsyncConnection[Any], name: str, ids: list[str]) -> None:
        if ids:
            await connection.execute(_SQL[name], {"practice_id": self._practice_id, "ids": ids})

    def _sealed(self, subscription: MirrorSubscription) -> bytes:
        """Bound to its practice and row (H-13)."""
        owner = subscription_owner(subscription.subscription_id)
        return self._access.keys.seal(self._practice_id, owner, subscription.number.encode())

    def _of_run(self, read: StoredRead) -> dict[str, Any]:
        return {"practice_id": self._practice_id, "run": read.run, "now": self._access.clock.for_database()}


def subscription_owner(subscription_id: str) -> str:
    """What a subscription's sealed number is bound to, beside the practice."""
    return f"mirror subscription {subscription_id}"
