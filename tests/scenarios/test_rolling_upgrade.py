"""An upgrade from the release before to this one while events flow, role by role: nothing is lost and nothing doubled.

1. The release before makes its schema and practices, and works. 2. This release migrates the ledger below its roles.
3. Each role gets a process of this release beside the earlier one: both work at once. 4. The earlier one is stopped.
What happened is read from outside: topics, ledger, sandbox.
"""

from __future__ import annotations

import re
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from deploy.sandbox.running import SandboxProcess
from schemas.events import Event, PaymentSucceeded, RefundSucceeded
from sinks.ledger.schema.migrate import migrate
from streams.kafka.producer import EventProducer
from tests.scenarios.example_events import just_now, payment, payout, some_id
from tests.scenarios.pipeline import ALL_ROLES, OPEN, Pipeline, common_settings
from tests.scenarios.release_before import NAMED, ReleaseBefore, commit, why_not
from tests.scenarios.roles import Role
from tests.scenarios.waiting import until
from tests.worlds import Stack, World, fresh_world

EVERY_S = 0.25
"""Between two payments: some are on their way in every moment of the upgrade."""
SOME = 8
"""Entries that are posted between two steps."""
PRACTICES = ("p1", "p2", "p3")
ORDER = ("notifier", "poster", "intake", "rules", "relay")
"""Who reads a record before who writes it (deploy/README.md): an earlier reader does not know a later schema."""


def refund(paid: PaymentSucceeded) -> RefundSucceeded:
    """Of a whole payment; the processor keeps its fee."""
    at = just_now()
    return RefundSucceeded(
        event_id=some_id("ev"),
        source=paid.source,
        occurred_at=at,
        produced_at=at,
        practice_id=paid.practice_id,
        refund_id=some_id("re"),
        payment_id=paid.payment_id,
        gross_minor=-paid.gross_minor,
        fee_minor=0,
        net_minor=-paid.gross_minor,
    )


class Traffic(threading.Thread):
    """Sends payments, now and then a refund or a payout, until it is told to stop."""

    def __init__(self, world: World) -> None:
        super().__init__(name="traffic", daemon=True)
        self._world = world
        self._ended = threading.Event()
        self.sent = 0

    def run(self) -> None:
        number = 0
        with EventProducer({"bootstrap.servers": self._world.bootstrap}, self._world.prefix) as producer:
            while not self._ended.wait(EVERY_S):
                number += 1
                practice = PRACTICES[number % 3]
                paid = payment(practice, f"pt-{number % 2 + 1}", 5_000 + number, 160)
                events: list[Event] = [paid]
                if number % 5 == 0:
                    events.append(refund(paid))
                if number % 7 == 0:
                    events.append(payout(practice, ((9_000 + number, 290),)))
                for event in events:
                    producer.send(event)
                producer.flush(60)
                self.sent += len(events)

    def stop(self) -> None:
        self._ended.set()
        self.join(90)


@contextmanager
def traffic(world: World) -> Iterator[Traffic]:
    thread = Traffic(world)
    thread.start()
    try:
        yield thread
    finally:
        thread.stop()


class Progress:
    """Entries that are posted, as the ledger of either release says."""

    def __init__(self, world: World, before: ReleaseBefore) -> None:
        self._world, self._before = world, before
        self._seen = 0

    def goes_on(self, what: str, *, also: Pipeline | None = None) -> None:
        """Wait until some more are."""
        wanted = self._seen + SOME
        until(
            lambda: self._posted() >= wanted,
            what,
            show=lambda: f"{self._seen} posted\n{self._before.logs()}\n{'' if also is None else also.logs()}"[-9000:],
        )
        self._seen = self._posted()

    def _posted(self) -> int:
        with psycopg.connect(self._world.database_url, autocommit=True) as connection:
            found = connection.execute("SELECT count(*) FROM effects WHERE state = 'POSTED'").fetchone()
        return 0 if found is None else int(found[0])


def until_ready(role: Role) -> None:
    """It says of itself that it is at work."""
    role.until_said("role starts")
    found = re.search(r"url=(http://\S+)/metrics", role.text())
    assert found is not None

    def ready() -> bool:
        try:
            with urllib.request.urlopen(f"{found[1]}/readyz", timeout=10) as answer:  # noqa: S310 - our own, on loopback
                return bool(answer.status == 200)
        except OSError:
            return False

    until(ready, f"{role.name} is ready", show=role.text)


@pytest.fixture
def before(tmp_path: Path) -> Iterator[ReleaseBefore]:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    opened = ReleaseBefore(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def empty(stack: Stack) -> Iterator[World]:
    with fresh_world(stack, empty=True) as world:
        yield world


def test_the_release_before_is_named_by_its_whole_commit() -> None:
    """So that no branch or tag moves it."""
    assert NAMED.read_text(encoding="ascii") == f"{commit()}\n"
    assert len(commit()) == 40
    assert set(commit()) <= set("0123456789abcdef")


@pytest.mark.stack
@pytest.mark.long
@pytest.mark.timeout(900)
def test_roles_are_replaced_one_by_one_while_events_flow(
    empty: World, before: ReleaseBefore, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    accounts = before.set_up(empty, sandbox.address, PRACTICES)
    common = common_settings(empty, sandbox)
    earlier = {name: before.start(name, empty, **common) for name in ALL_ROLES}
    progress = Progress(empty, before)
    with traffic(empty) as flowing:
        progress.goes_on("the release before posts")
        assert migrate(empty.database_url) > 0, "nothing was to migrate: does deploy/last_release name this release?"
        progress.goes_on("it goes on posting on this release's schema")
        pipeline = Pipeline(empty, sandbox, tmp_path)
        pipeline.accounts = accounts
        try:
            for name in ORDER:
                until_ready(pipeline.start(name, slot=1))
                progress.goes_on(f"both versions of {name} work side by side", also=pipeline)
                assert earlier[name].running, earlier[name].text()[-3000:]
                assert earlier[name].stop() == 0, earlier[name].text()[-3000:]
                progress.goes_on(f"{name} of this release works alone", also=pipeline)
            flowing.stop()
            pipeline.until_stored(flowing.sent)
            pipeline.until(lambda: not set(pipeline.states()) & set(OPEN), "all that is to be posted is posted")
            assert not pipeline.rows("SELECT FROM dead_letters"), "a record was not understood"
            pipeline.invariants()
        finally:
            pipeline.close()
