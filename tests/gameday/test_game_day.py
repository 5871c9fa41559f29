"""Game day: ten things break one after the other on a running installation, and each is told, repaired and over.

Each test is one breakage, in order, on the same installation: the right alert fires and no other, the right people get
one letter and one more when it is over, and nothing is lost or doubled.
"""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from schemas.topics import TopicName
from sinks.targets.quickbooks.company_cache import KEEP_CLOSED_S
from tests.deploy.commands.console import writeback_json_here
from tests.gameday.drill import Drill
from tests.gameday.game_day import GameDay
from tests.gameday.upstream import Upstream
from tests.scenarios.example_events import just_now, payment, payout
from tests.scenarios.proxy import Proxy
from tests.scenarios.raw_records import put_all
from tests.scenarios.waiting import until

pytestmark = [pytest.mark.machine, pytest.mark.stack]

FLEET = 24
"""Offices with one vendor: more than may be closed at once before somebody is called."""
BURST = 14
"""More dead letters than may come in a quarter of an hour."""
OUTAGE_S = 30.0
SERVER_IS_AWAY = (
    "RoleMissing",
    "RoleDown",
    "RoleErrors",
    "DatabaseReconnects",
    "TransactionsAborted",
    "HeartbeatsDropped",
)
"""Of a role whose server is away: it loses connections, counts errors, or ends and is started again."""


def last_for(began: float) -> None:
    """An outage is as long as it is said to be, whatever was seen of it meanwhile."""
    until(lambda: time.monotonic() >= began + OUTAGE_S, "the outage has lasted", OUTAGE_S + 10)


def test_1_open_dental_is_off(day: GameDay) -> None:
    """The vendor is away for all of its offices: one alert, and every office is told that its own system is away."""
    with Proxy(day.sandbox.address.open_dental) as proxy:
        offices = [day.practice_through(proxy, f"fleet-{number:02}") for number in range(FLEET)]
        told = dict.fromkeys(offices, "health:PMS:TARGET_OFFLINE")
        drill = Drill(day, "ConnectionsClosedWidely", companions=("TargetUnanswered",), notices=told)
        proxy.cut()
        day.send(*(payment(office) for office in offices))
        drill.until_alert()
        drill.until_told()
        proxy.restore()
        drill.over()


def test_2_a_quickbooks_token_is_revoked(day: GameDay) -> None:
    """A person took the access away; a person connects again, and what waited is posted."""
    day.practice("revoked", quickbooks=True)
    told = {"revoked": "connection:QUICKBOOKS:NEEDS_RECONNECT"}
    drill = Drill(day, "ConnectionNeedsReconnect", notices=told)
    company = day.sandbox.quickbooks.company(day.pipeline.accounts["revoked"][1])
    company.revoke()
    company.expire_tokens()
    day.send(payout("revoked"), payment("revoked"))
    drill.until_told()
    drill.until_alert()
    company.reconnect()
    day.pipeline.connect_quickbooks("revoked", company.realm)
    drill.over()


def test_3_a_payment_type_is_hidden(day: GameDay) -> None:
    """Somebody tidied up in Open Dental, and every payment needs that type."""
    day.practice("hidden", office={"refuses_hidden_pay_types": True})
    drill = Drill(day, "DeadLettersArriving", notices={"hidden": "posting:PMS:MAPPING_INVALID"})
    key = day.pipeline.accounts["hidden"][0]
    number = day.sandbox.open_dental.definition(key, "Credit Card")
    day.sandbox.open_dental.set_definition(key, DefNum=number, isHidden="true")
    day.send(*(payment("hidden", f"pt-{1 + each % 3}") for each in range(BURST)))
    drill.until_told()
    drill.until_alert()
    day.sandbox.open_dental.set_definition(key, DefNum=number, isHidden="false")
    day.command("dlq", "redrive", "--practice", "hidden")
    drill.over()


def test_4_the_books_are_closed(day: GameDay) -> None:
    """The bookkeeper closed the month before its payouts had come."""
    day.practice("closed", quickbooks=True)
    drill = Drill(day, "DeadLettersArriving", notices={"closed": "posting:QUICKBOOKS:PERIOD_CLOSED"})
    company = day.sandbox.quickbooks.company(day.pipeline.accounts["closed"][1])
    company.close_books(just_now().date() + timedelta(days=30))
    day.send(*(payout("closed") for _ in range(BURST)))
    drill.until_told()
    drill.until_alert()
    company.close_books(None)
    opened = time.monotonic()
    until(lambda: time.monotonic() > opened + KEEP_CLOSED_S, "no poster believes any more that they are closed")
    day.command("dlq", "redrive", "--practice", "closed")
    drill.over()


def test_5_the_database_is_down(day: GameDay) -> None:
    """Upstreams go on; what they sent meanwhile is posted afterwards. Practices are told nothing of it."""
    day.practice("steady")
    drill = Drill(day, "RoleNotReady", companions=SERVER_IS_AWAY)
    began = time.monotonic()
    day.servers.database.stop()
    day.send(*(payment("steady", f"pt-{1 + each % 3}") for each in range(5)))
    drill.until_alert()
    last_for(began)
    day.servers.database.start()
    drill.over()


def test_6_the_broker_is_down(day: GameDay) -> None:
    """What an upstream sends meanwhile arrives when the broker is back, once."""
    drill = Drill(day, "RoleNotReady", companions=SERVER_IS_AWAY)
    events = [payment("steady", f"pt-{1 + each % 3}") for each in range(5)]
    began = time.monotonic()
    day.servers.broker.stop()
    day.expect(*events)
    upstream = Upstream(day.world, events)
    drill.until_alert()
    last_for(began)
    day.servers.broker.start()
    upstream.end()
    drill.over()


def test_7_an_upstream_sends_a_burst_of_poison(day: GameDay) -> None:
    """Records that nobody can read: the operator is told, once for all of them, and the practice's payments go on."""
    drill = Drill(day, "DeadLettersArriving", notices={"steady": "record:-:UNKNOWN_SCHEMA"})
    put_all(day.world, [(TopicName.PAYMENTS, b"steady", b"\x00poison%d" % each, None) for each in range(BURST)])
    day.send(payment("steady"))
    drill.until_told("ops")
    drill.until_alert()
    until(lambda: not day.unfinished(), "the practice's own payment is posted meanwhile")
    listed = writeback_json_here(day.world, "dlq", "list", "--practice", "steady", **day.pipeline.common)
    assert len(listed["records"]) == BURST
    for record in listed["records"]:
        day.command("dlq", "dismiss", "steady", record["id"])
    drill.over()


def test_8_the_mail_server_is_down(day: GameDay) -> None:
    """Letters wait for it and come once. Of what was repaired before it was told nobody needs to hear."""
    names = [day.practice(f"unheard-{number}", office={"refuses_hidden_pay_types": True}) for number in range(3)]
    drill = Drill(day, "DeliveriesFail", notices=dict.fromkeys(names, "posting:PMS:MAPPING_INVALID"))
    types = {name: day.pipeline.accounts[name][0] for name in names}
    day.smtp.cut()
    for key in types.values():
        number = day.sandbox.open_dental.definition(key, "Credit Card")
        day.sandbox.open_dental.set_definition(key, DefNum=number, isHidden="true")
    day.send(*(payment(name) for name in names))
    drill.until_alert()
    day.smtp.restore()
    drill.until_told()
    for name, key in types.items():
        number = day.sandbox.open_dental.definition(key, "Credit Card")
        day.sandbox.open_dental.set_definition(key, DefNum=number, isHidden="false")
        day.command("dlq", "redrive", "--practice", name)
    drill.over()


def test_9_the_faust_worker_is_frozen(day: GameDay) -> None:
    """Whoever runs it ends it and starts it again. Payments do not depend on it."""
    drill = Drill(day, "RoleMissing", companions=("RoleDown", "RoleNotReady"))
    day.freeze("health-0")
    day.send(payment("steady"))
    until(lambda: not day.unfinished(), "the payment is posted meanwhile")
    drill.until_alert()
    drill.over()


def test_10_the_disk_of_the_broker_is_full(day: GameDay) -> None:
    """The broker ends itself; with room again it starts, and what an upstream kept trying arrives once."""
    if day.servers.disk.why_not:
        pytest.skip(f"no disk of its own could be mounted: {day.servers.disk.why_not}")
    drill = Drill(day, "RoleNotReady", companions=SERVER_IS_AWAY)
    events = [payment("steady", f"pt-{1 + each % 3}") for each in range(10)]
    day.servers.disk.fill()
    day.expect(*events)
    upstream = Upstream(day.world, events)
    until(day.servers.broker.has_ended, "the broker ends itself")
    drill.until_alert()
    day.servers.disk.free()
    day.servers.broker.stop()
    day.servers.broker.start()
    upstream.end()
    drill.over()
