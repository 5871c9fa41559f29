"""One running installation to break things in: `writeback up`, its servers and targets, and a real Prometheus."""

from __future__ import annotations

import signal
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from deploy.sandbox.demonstration import open_dental_keys, open_dental_mapping
from deploy.scrape_targets import FILE
from schemas.events import Event, PayoutPaid
from schemas.practice_settings import AmountMode, Weekday
from sinks.operations.live.endpoints import ScrapeTarget, read_targets
from tests import processes
from tests.deploy.commands.console import Said, writeback_here
from tests.deploy.commands.running_up import Up
from tests.deploy.monitoring.running_prometheus import RunningPrometheus
from tests.gameday.servers import Servers
from tests.scenarios import invariants, topics
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.proxy import Proxy
from tests.scenarios.waiting import WITHIN_S


class GameDay:
    """Knows every event that was sent, and what is to have become of it."""

    def __init__(self, servers: Servers, pipeline: Pipeline, smtp: Proxy, folder: Path) -> None:
        self.servers, self.pipeline, self.smtp = servers, pipeline, smtp
        self.sandbox, self.world = pipeline.sandbox, pipeline.world
        self.prometheus: RunningPrometheus
        self.broken_by = ""
        """The alert of a breakage that is not over; what is told and counted after it would mean nothing."""
        self._zone = zone_at_noon(datetime.now(UTC))
        self._sent: dict[str, int] = defaultdict(int)
        self._events = 0
        settings = {name: str(value) for name, value in pipeline.common.items()}
        migrated = processes.run(["migrate"], self.world.environ(**settings))  # the console's tables too
        assert migrated.returncode == 0, migrated.stderr
        self.up = Up(self.world, folder, **settings, agents_port="0", webhooks_port="0", console_port="0")

    def until_at_work(self) -> list[ScrapeTarget]:
        self.up.says("ready: every role is at work")
        return read_targets(self.up.state / FILE)

    # -- practices and what they are sent

    def practice(self, name: str, **settings: Any) -> str:
        """One with its office open now, whose events are one entry each."""
        return self.pipeline.practice(
            name, amount=AmountMode.GROSS, zone=self._zone, business_days=tuple(Weekday), **settings
        )

    def practice_through(self, proxy: Proxy, name: str) -> str:
        """One that reaches its Open Dental by way of a proxy."""
        self.practice(name, pms=False)
        key, url = self.pipeline.accounts[name][0], self.sandbox.address.open_dental
        self.sandbox.open_dental.add_office(key, name=name)
        (row,) = self.sandbox.open_dental.add_patients(key, 1)
        self.pipeline.link(name, "pt-1", str(row["PatNum"]))
        mapping = open_dental_mapping(self.sandbox, key)
        self.pipeline.connect(name, "open-dental", proxy.through(url), mapping, open_dental_keys(self.sandbox, key))
        return name

    def send(self, *events: Event) -> None:
        """Until the broker has confirmed them."""
        self.expect(*events)
        self.pipeline.send(*events)

    def expect(self, *events: Event) -> None:
        """Somebody else sends them."""
        for event in events:
            self._events += 1
            amount = event.net_minor if isinstance(event, PayoutPaid) else getattr(event, "gross_minor", 0)
            self._sent[event.practice_id] += amount or 0

    def command(self, *words: str) -> Said:
        """As a person at this installation runs it, for good."""
        said = writeback_here(self.world, *words, "--yes", "--why", "game day", **self.pipeline.common)
        assert said.code == 0, said.errors
        return said

    # -- what became of it

    def mail(self) -> list[tuple[str, str]]:
        """Readers (before the @) and subjects of everything that the mail server took, oldest first."""
        found = self.sandbox.mail.messages()
        return [(each.recipients[0].partition("@")[0], each.subject.strip()) for each in found]

    def notices(self) -> list[dict[str, Any]]:
        return self.pipeline.rows("SELECT practice_id, cause FROM notices ORDER BY opened_at, practice_id, cause")

    def unfinished(self) -> list[str]:
        """What keeps the installation from rest: entries that are not posted, events that are not there yet."""
        try:
            states = self.pipeline.rows(
                "SELECT practice_id, state, reason, count(*) AS n FROM effects WHERE state <> 'POSTED' GROUP BY 1, 2, 3"
            )
            (stored,) = self.pipeline.rows(
                "SELECT (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM outbox) AS out"
            )
        except psycopg.Error as error:
            return [f"the ledger: {type(error).__name__}"]
        found = [f"{row['n']} {row['state']} {row['reason']} at {row['practice_id']}" for row in states]
        if stored["events"] != self._events:
            found.append(f"{stored['events']} events are stored of {self._events}")
        if stored["out"]:
            found.append(f"{stored['out']} messages wait in the outbox")
        return found

    def nothing_is_lost_or_doubled(self) -> None:
        """Every source record has its receipt, every event its entry, and the targets hold what was sent, once."""
        ledger = invariants.Ledger(self.world)
        sources = topics.sources(self.world)
        invariants.one_receipt_each(ledger, sources)
        invariants.money_in_is_accounted_for(ledger, sources)
        invariants.lanes_in_order(ledger)
        invariants.at_most_one_entry(self.pipeline.doubled())
        held = self.pipeline.at_targets()
        assert {name: held.get(name, 0) for name in self._sent} == self._sent

    def freeze(self, role: str) -> None:
        """SIGSTOP: it keeps its port and its place in its group, and does nothing."""
        self.up.signal(role, signal.SIGSTOP)

    def end(self) -> None:
        """In order, with code 0: no role has refused to go on."""
        self.up.process.send_signal(signal.SIGINT)
        try:
            assert self.up.process.wait(WITHIN_S) == 0, self.up.text()
        finally:
            self.up.process.kill()
            self.up.process.wait()


def zone_at_noon(now: datetime) -> str:
    """Where it is about noon now: the game day is played at any hour, and people are told in office hours. Pure."""
    ahead = 12 - now.hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"
