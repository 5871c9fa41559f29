"""A RULES process that stands still for longer than the broker keeps its transaction open (law 13)."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.topics import TopicName
from tests.processors.rules.event_examples import history, payment
from tests.processors.running_rules import RulesAtWork, RulesThread
from tests.scenarios.roles import Role
from tests.scenarios.waiting import until
from tests.worlds import World

pytestmark = [pytest.mark.stack, pytest.mark.long]


def test_it_says_that_it_stood_still_and_its_restart_goes_on(world: World, tmp_path: Path) -> None:
    """The broker has ended the transaction: nothing of it counts; the process exits and says what happened, and not
    that another one took its slot."""
    work = RulesAtWork(world)
    work.save(history())
    work.send([payment()])
    role = Role(work.world, "rules", tmp_path, test_crash_at="rules.before_commit:stop")
    try:
        until(lambda: work.hidden(TopicName.WRITEBACKS) > 0, "it stands still in its transaction", show=role.text)
        until(lambda: work.hidden(TopicName.WRITEBACKS) == 0, "the broker has ended the transaction", show=role.text)
        assert work.out() == []
        role.thaw()
        until(lambda: not role.running, "it has exited", show=role.text)
        assert role.process.returncode not in (0, None)
        assert "stood still for" in role.text()
        assert "same slot" not in role.text()
    finally:
        role.end()
    with RulesThread(work.settings):
        work.until_out(1)
    assert len(work.out()) == 1
