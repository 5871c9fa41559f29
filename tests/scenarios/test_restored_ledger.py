"""Law 4: a data folder of the ledger's database is set back to a copy of it, and nothing is posted a second time.

The copies are real: the server is stopped, its folder copied, later put back, as with a snapshot of a volume or of a
virtual machine. System identifier and timeline are then what they were.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest

from deploy.sandbox.running import SandboxProcess
from schemas.practice_settings import AmountMode
from streams.fault_injection import Control
from tests.conftest import FOLDER
from tests.scenarios import invariants
from tests.scenarios.attempts import answers
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.restoring import BOTH, RestorableStack, Server
from tests.worlds import fresh_world

pytestmark = [pytest.mark.stack, pytest.mark.long]

PAID = 10
DATABASE = (Server.POSTGRES,)
OFFSETS, STAMPS = Control.COMMITTED_OFFSETS.value, Control.LEDGER_STAMPS.value


@pytest.fixture(scope="module")
def servers() -> Iterator[RestorableStack]:
    """Beside the run's stack, in a folder that the user of Postgres can pass through."""
    folder = Path(tempfile.mkdtemp(prefix="writeback-restorable-", dir=Path(os.environ[FOLDER]).parent))
    servers = RestorableStack(folder)
    yield servers
    servers.stop()
    shutil.rmtree(folder)


@pytest.fixture
def restorable(servers: RestorableStack, sandbox: SandboxProcess, tmp_path: Path) -> Iterator[Pipeline]:
    sandbox.open_dental.clear_faults()
    with fresh_world(servers.stack) as world:
        mine = Pipeline(world, sandbox, tmp_path)
        yield mine
        mine.close()


def _end(pipeline: Pipeline) -> None:
    """Every role stops as `up` stops it, and no connection stays."""
    for role in pipeline.roles:
        if role.running:
            assert role.stop() == 0
    pipeline.forget_connection()


def _paid(pipeline: Pipeline, *, before_posting: Callable[[], None] = lambda: None) -> None:
    """Payments arrive and are posted; `before_posting` runs when they are stored and no poster was there yet."""
    pipeline.start("rules", "relay", "intake")
    pipeline.send(*(payment("p1") for _ in range(PAID)))
    pipeline.until_states(SCHEDULED=PAID)
    pipeline.until(lambda: pipeline.rows("SELECT count(*) AS n FROM outbox")[0]["n"] == 0, "results are published")
    before_posting()
    _post(pipeline)


def _post(pipeline: Pipeline) -> None:
    running = {role.name for role in pipeline.roles if role.running}
    pipeline.start(*(name for name in ("rules", "relay", "intake", "poster") if name not in running))
    pipeline.until_states(POSTED=PAID)
    pipeline.until(lambda: pipeline.rows("SELECT count(*) AS n FROM outbox")[0]["n"] == 0, "results are published")


def _set_back_after_records(pipeline: Pipeline, servers: RestorableStack, **settings: str) -> None:
    """The copy is from before the payments arrived; the broker has them."""
    pipeline.practice(amount=AmountMode.GROSS)
    pipeline.start("intake")
    pipeline.until(lambda: pipeline.rows("SELECT FROM intake_offsets"), "the ledger has positions")
    _end(pipeline)
    servers.copy(DATABASE)
    _paid(pipeline)
    _end(pipeline)
    servers.restore(DATABASE)
    pipeline.start("rules", "relay", "intake", "poster", **settings)
    pipeline.until_states(POSTED=PAID)


def _set_back_after_posts(
    pipeline: Pipeline, servers: RestorableStack, what: Collection[Server], **settings: str
) -> None:
    """The copy is from between arrival and posting: no record came since, only posts. Nor did a position move, past a
    control record: the broker's offsets would show that."""
    pipeline.practice(amount=AmountMode.GROSS)

    def copied() -> None:
        pipeline.until_at_ends()
        _end(pipeline)
        servers.copy(what)

    _paid(pipeline, before_posting=copied)
    _end(pipeline)
    servers.restore(what)
    pipeline.start("rules", "relay", "intake", "poster", **settings)
    pipeline.until_states(POSTED=PAID)


def _was_read_back(pipeline: Pipeline) -> None:
    """Nothing stands twice, and each entry was found by a read before any send."""
    recorded = answers(pipeline)
    assert not pipeline.doubled(), recorded
    assert {phase for _, _, phase, _, _ in recorded} == {"readback"}
    assert sum(answer == "Found" for _, _, _, answer, _ in recorded) == PAID
    assert pipeline.rows("SELECT era FROM ledger_era") == [{"era": 2}]


def test_the_database_alone_is_set_back_and_the_broker_has_later_offsets(
    restorable: Pipeline, servers: RestorableStack
) -> None:
    """Law 4: committed offsets above the ledger's positions; stamps are switched off."""
    _set_back_after_records(restorable, servers, test_controls=STAMPS)
    _was_read_back(restorable)


def test_control_without_offsets_and_stamps_it_posts_again(restorable: Pipeline, servers: RestorableStack) -> None:
    """The control of law 4: what the database forgot is sent again."""
    _set_back_after_records(restorable, servers, test_controls=f"{OFFSETS},{STAMPS}")
    with pytest.raises(AssertionError, match="I2: posted twice"):
        invariants.at_most_one_entry(restorable.doubled())


def test_broker_and_database_are_set_back_together(restorable: Pipeline, servers: RestorableStack) -> None:
    """Law 4: only the poster's own file knows."""
    _set_back_after_posts(restorable, servers, BOTH)
    _was_read_back(restorable)


def test_control_without_the_posters_file_both_set_back_post_again(
    restorable: Pipeline, servers: RestorableStack
) -> None:
    """The control of law 4: offsets say nothing then."""
    _set_back_after_posts(restorable, servers, BOTH, test_controls=STAMPS)
    with pytest.raises(AssertionError, match="I2: posted twice"):
        invariants.at_most_one_entry(restorable.doubled())


def test_the_database_is_set_back_after_posts_without_new_records(
    restorable: Pipeline, servers: RestorableStack
) -> None:
    """Law 4: the stamps on published results, read by a poster whose state folder is new."""
    _set_back_after_posts(restorable, servers, DATABASE, state_dir=str(restorable.folder / "another"))
    _was_read_back(restorable)


def test_control_without_stamps_posts_since_the_copy_are_repeated(
    restorable: Pipeline, servers: RestorableStack
) -> None:
    """The control of law 4: the broker's offsets are as they were."""
    _set_back_after_posts(restorable, servers, DATABASE, test_controls=STAMPS)
    with pytest.raises(AssertionError, match="I2: posted twice"):
        invariants.at_most_one_entry(restorable.doubled())
