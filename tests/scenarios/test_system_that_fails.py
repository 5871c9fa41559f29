"""A practice's system fails, is reported once, and comes back, as HEALTH sees it, whatever is killed meanwhile.

Law 27: from the poster's heartbeats to a letter, and to the letter that says that all is well again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deploy.sandbox.faults import FaultKind
from schemas.practice_settings import Weekday
from schemas.vocabulary import HealthState
from streams.kafka.topics import ensure_topics
from tests.processors.health.stated import state_of, stated
from tests.scenarios.roles import Role
from tests.scenarios.waiting import until
from tests.sinks.notices.notice_ledger import Mailbox, a_mailbox
from tests.sinks.poster.conftest import offices, sandbox
from tests.sinks.poster.offices import SECRET_TEXT, Offices

__all__ = ["offices", "sandbox"]

pytestmark = [pytest.mark.stack, pytest.mark.long]
PRACTICE = "practice-1"
OFFICE = "office@northside.example"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with a_mailbox() as box:
        yield box


def midday_zone() -> str:
    """A zone in which it is about noon now: the office is open, whenever this runs."""
    ahead = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


def test_a_failing_system_is_reported_once_until_it_is_well(offices: Offices, mailbox: Mailbox, tmp_path: Path) -> None:
    """1. It works. 2. It answers with errors: FAILING or OFFLINE, one letter. 3. HEALTH is killed: nothing changes.
    4. It works again: HEALTHY, and the closing letter."""
    world = offices.world
    ensure_topics(world.settings())
    office = offices.open(zone=midday_zone(), business_days=tuple(Weekday))
    offices.database.connection.execute(
        "INSERT INTO contacts (practice_id, address) VALUES (%s, %s)", (PRACTICE, OFFICE)
    )
    smtp: dict[str, Any] = {"smtp_url": mailbox.url, "notice_from": "Writeback <notices@writeback.example>"}
    health = Role(world, "health", tmp_path, slot=0)
    notifier = Role(world, "notifier", tmp_path, secret_key=SECRET_TEXT, **smtp)
    roles = [health, notifier]

    def shown() -> str:
        letters = mailbox.subjects()
        rows = offices.database.rows("SELECT practice_id, target, state, since, tell_at FROM target_health")
        return f"{letters}\n{rows}\n{stated(world, PRACTICE)[-3:]}\n{office.shown()[-1500:]}\n{notifier.text()[-800:]}"

    try:
        health.until_said("HEALTH has partitions")
        offices.poster()
        offices.database.report(office.pay())
        until(lambda: state_of(world, PRACTICE) is HealthState.HEALTHY, "it works", show=shown)
        offices.sandbox.open_dental.fault(FaultKind.TIMEOUT, account=office.customer_key)
        offices.database.report(*(office.pay(f"pt-{n}") for n in range(2, 6)))
        bad = (HealthState.FAILING, HealthState.OFFLINE)
        until(lambda: state_of(world, PRACTICE) in bad, "it fails", show=shown)
        until(lambda: mailbox.subjects(OFFICE), "the practice is told", show=shown)
        health.kill()
        roles.append(Role(world, "health", tmp_path, slot=1))
        roles[-1].until_said("HEALTH has partitions")
        told = len(mailbox.subjects(OFFICE))
        offices.sandbox.open_dental.clear_faults()
        until(lambda: state_of(world, PRACTICE) is HealthState.HEALTHY, "it is well again", show=shown)
        until(lambda: any("Solved" in subject for subject in mailbox.subjects(OFFICE)), "its end is told", show=shown)
        health_letters = [each for each in mailbox.subjects(OFFICE) if "Solved" not in each]
        assert len(health_letters) == told == 1
    finally:
        for role in roles:
            role.end()
