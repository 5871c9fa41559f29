"""Fixtures of every test: the real stack, a world of one's own, and no error that goes unnoticed."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import msgspec
import psutil
import pytest

from deploy.debian_packages import PackagesError, missing
from deploy.local import cache_folder
from deploy.local.keeper import start_in_background, stop_in_background
from deploy.local.locks import locked
from deploy.local.ports import LOOPBACK
from deploy.local.postgres import SUPERUSER
from deploy.local.postgres import url as postgres_url
from deploy.local.stack import Ports, running
from sinks.operations.acting import Actor
from sinks.operations.viewing import view_for_process
from streams.fault_injection import install
from tests import processes
from tests.collection_order import dealt
from tests.scenarios.waiting import WITHIN_S
from tests.worlds import Stack, World, fresh_world

view_for_process(Actor("tests"))

# The controller of a run tells its workers by these where the stack is and whose end ends it.
FOLDER = "PYTEST_STACK_FOLDER"
CONTROLLER = "PYTEST_STACK_CONTROLLER"
SHARED_MEMORY = "/dev/shm"
ROOMY_BYTES = 6 * 1024**3
"""A whole run leaves less than 1 GiB in the stack's folder, and its workers and roles take about 3."""


# No timed assertions: a busy machine makes no property false. The same examples each time: what passes here passes
# where the change is judged; `make soak` draws new ones.
hypothesis.settings.register_profile(
    "here",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    print_blob=True,
    derandomize=True,
    database=None,
)
# For `make soak`, with `--hypothesis-profile long`.
hypothesis.settings.register_profile(
    "long",
    hypothesis.settings.get_profile("here"),
    max_examples=int(os.environ.get("SOAK_EXAMPLES", "2000")),
    derandomize=False,
)
hypothesis.settings.load_profile("here")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "expects_errors: the test means an error to be logged")
    for name in [name for name in os.environ if name.startswith("WRITEBACK_")]:
        del os.environ[name]  # a developer's own settings decide no test
    if not hasattr(config, "workerinput") and FOLDER not in os.environ:
        folder = Path(tempfile.mkdtemp(prefix="writeback-tests-", dir=_roomy_memory()))
        folder.chmod(0o711)  # Postgres may run as another user and has to pass through
        os.environ[FOLDER] = str(folder)
        os.environ[CONTROLLER] = str(os.getpid())


def _roomy_memory() -> str | None:
    """Where files are memory, if there is plenty of it: a new database is some hundred files, and so are topics; on a
    disk that several workers write to, making them takes ten times as long. None: the usual temporary folder."""
    try:
        free = shutil.disk_usage(SHARED_MEMORY).free
    except OSError:
        return None
    return SHARED_MEMORY if min(free, psutil.virtual_memory().available) >= ROOMY_BYTES else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    _skip_without_packages(items)
    given = getattr(config, "workerinput", None)
    if given is not None:
        items[:] = dealt(items, given["workercount"])


def _skip_without_packages(items: list[pytest.Item]) -> None:
    """Where somebody runs a folder; `make test` leaves these out, and `make test-machine` refuses to start instead."""
    of_machine = [item for item in items if item.get_closest_marker("machine") is not None]
    if not of_machine:
        return
    try:
        lacks = ", ".join(missing())
    except PackagesError as error:
        lacks = str(error)
    if lacks:
        for item in of_machine:
            item.add_marker(pytest.mark.skip(reason=f"needs Debian packages (make test-machine): {lacks}"))


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and os.environ.get(CONTROLLER) == str(os.getpid()):
        folder = Path(os.environ.pop(FOLDER))
        stop_in_background(folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def stack() -> Stack:
    """The real Kafka and Postgres: those of the environment, else a throw-away stack, one for the whole run."""
    bootstrap, database = os.environ.get("KAFKA_BOOTSTRAP_SERVERS"), os.environ.get("DATABASE_URL")
    if bootstrap and database:
        return Stack(bootstrap, database)
    folder = Path(os.environ[FOLDER])
    with locked(folder / "start.lock"):
        if running(folder) is None:
            start_in_background(
                folder, cache_folder(), throw_away=True, until_pid=int(os.environ[CONTROLLER]), open_broker=True
            )
    ports = msgspec.json.decode((folder / "ports.json").read_bytes(), type=Ports)
    return Stack(f"{LOOPBACK}:{ports.kafka}", postgres_url(folder / "postgres", ports.postgres, SUPERUSER))


@pytest.fixture
def world(stack: Stack) -> Iterator[World]:
    """A fresh topic prefix and database; both are gone afterwards, and so is every process the test started."""
    processes.prepare()
    before = _descendants()
    with fresh_world(stack) as mine:
        yield mine
        left = list(_descendants() - before)
        names = [" ".join(_command(child)) for child in left]
        for child in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        psutil.wait_procs(left, timeout=WITHIN_S)
    if names:
        pytest.fail(f"the test left processes behind: {names}")


@pytest.fixture(autouse=True)
def _no_switch_stays() -> Iterator[None]:
    """What a test took away in this process is back for the next one."""
    yield
    install()


@pytest.fixture(autouse=True)
def _no_unexpected_errors(request: pytest.FixtureRequest) -> Iterator[None]:
    """An error that was logged and not expected fails the test, wherever it was swallowed."""
    seen = _Errors()
    root = logging.getLogger()
    root.addHandler(seen)
    yield
    root.removeHandler(seen)
    if seen.lines and request.node.get_closest_marker("expects_errors") is None:
        pytest.fail("errors were logged: " + "; ".join(seen.lines))


class _Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        fields = getattr(record, "writeback_fields", {})
        self.lines.append(f"{record.name}: {record.getMessage()} {fields or ''}".strip())


def _descendants() -> set[psutil.Process]:
    """All processes below this one, but not the shared stack's: its database makes one for each connection."""
    found: set[psutil.Process] = set()
    for child in psutil.Process().children():
        if "deploy.local.keeper" not in _command(child):
            found |= {child, *child.children(recursive=True)}
    return found


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return [f"process {process.pid}"]
