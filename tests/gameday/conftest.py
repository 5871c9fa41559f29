"""One installation for all breakages of the day."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.sandbox.running import SandboxProcess
from tests import processes
from tests.deploy.monitoring.running_prometheus import running_prometheus
from tests.gameday.game_day import GameDay
from tests.gameday.rehearsed_rules import rehearsed
from tests.gameday.servers import Servers
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.proxy import Proxy
from tests.scenarios.waiting import until
from tests.worlds import Stack, fresh_world


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GameDay]:
    folder = tmp_path_factory.mktemp("game-day")
    processes.prepare()
    with Servers() as servers, SandboxProcess.start() as sandbox, Proxy(sandbox.address.smtp) as smtp:
        stack = Stack(servers.broker.address, servers.database.address)
        with fresh_world(stack) as world:
            pipeline = Pipeline(world, sandbox, folder)
            pipeline.common["smtp_url"] = smtp.through(sandbox.address.smtp)
            running = GameDay(servers, pipeline, smtp, folder)
            try:
                rules, targets = rehearsed(folder / "rules"), running.until_at_work()
                with running_prometheus(folder / "prometheus", targets, rules) as running.prometheus:
                    until(lambda: not running.prometheus.unhealthy(), "every role is scraped, every rule evaluated")
                    until(lambda: running.prometheus.firing() == {"RehearsalSwitchOn"}, "no alert fires")
                    yield running
            finally:
                try:
                    running.end()
                finally:
                    pipeline.close()
