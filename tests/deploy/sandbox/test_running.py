"""The child process: it keeps its ledger when asked, ends with its parent, and says clearly when it cannot start."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from deploy.local.ports import free_ports
from deploy.sandbox import demonstration, synthetic_rows
from deploy.sandbox.ledger import marker_in
from deploy.sandbox.running import Ports, SandboxError, SandboxProcess
from sinks.targets.connector import mapping as connector_mapping
from sinks.targets.nexhealth import mapping as nexhealth_mapping
from sinks.targets.open_dental import mapping as open_dental_mapping
from sinks.targets.quickbooks import mapping as quickbooks_mapping
from streams.runtime.clock import set_rehearsal
from tests.deploy.sandbox.callers import Company, Office, deposit
from tests.scenarios.waiting import until

MARKER = "WBABCDEFGHIJKLMNOP"
PORTS = ("open_dental", "nexhealth", "quickbooks", "smtp", "mail", "sms")


def test_the_ledger_survives_a_restart_with_a_state_file(tmp_path: Path) -> None:
    state = tmp_path / "sandbox.state"
    with SandboxProcess.start(Ports(**dict(zip(PORTS, free_ports(len(PORTS)), strict=True))), state=state) as first:
        demonstration.prepare(first)
        office = Office(first.open_dental, demonstration.CUSTOMER_KEY)
        paid = office.pay(PayNote=MARKER).json()
        company = Company(first.quickbooks, demonstration.REALM)
        posted = company.post("deposit?requestid=r1", deposit()).json()
        balance = office.get("/patients/1")["EstBalance"]
        second = first.restart()
    with second:
        demonstration.prepare(second)
        assert second.address.open_dental == first.address.open_dental
        office = Office(second.open_dental, demonstration.CUSTOMER_KEY)
        assert [row["PayNum"] for row in office.get("/payments?PatNum=1")] == [paid["PayNum"]]
        assert office.get("/patients/1")["EstBalance"] == balance
        assert office.pay(PayNote=MARKER).json()["PayNum"] == paid["PayNum"] + 1
        assert [d.marker for d in second.open_dental.doubled()] == [MARKER]
        company.sandbox = second.quickbooks
        assert company.post("deposit?requestid=r1", deposit()).json()["Deposit"]["Id"] == posted["Deposit"]["Id"]
        assert len(second.quickbooks.ledger()) == 1


def test_a_state_file_cut_short_by_a_kill_is_read_to_its_last_whole_line(tmp_path: Path) -> None:
    state = tmp_path / "sandbox.state"
    with SandboxProcess.start(state=state) as first:
        first.open_dental.add_office("k")
        first.open_dental.add_patients("k", 2)
    with state.open("ab") as file:
        file.write(b'["open_dental","k","pati')
    with SandboxProcess.start(state=state) as second:
        assert len(second.open_dental.rows("k", "patients")) == 2
        second.open_dental.add_patients("k", 1)
    with SandboxProcess.start(state=state) as third:
        assert len(third.open_dental.rows("k", "patients")) == 3


def test_the_servers_end_with_their_parent() -> None:
    parent = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os; from deploy.sandbox.running import SandboxProcess; "
            "print(SandboxProcess.start().pid, flush=True); os._exit(9)",
        ],
        stdout=subprocess.PIPE,
        check=False,
    )
    child = int(parent.stdout)
    until(lambda: _ended(child), "the servers have ended")


def _ended(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def test_a_port_in_use_is_said_at_once(sandbox: SandboxProcess) -> None:
    taken = urlsplit(sandbox.address.quickbooks).port or 0
    with pytest.raises(SandboxError, match="port in use"):
        SandboxProcess.start(Ports(quickbooks=taken))


def test_a_rehearsed_day_is_not_the_future(tmp_path: Path) -> None:
    """PROTOCOL section 5, two clocks: business dates may run ahead, the office's own stamps do not."""
    clock = tmp_path / "clock"
    ahead = datetime.now(UTC) + timedelta(days=3)
    set_rehearsal(clock, ahead)
    with SandboxProcess.start(clock=clock) as process:
        process.open_dental.add_office("k")
        process.open_dental.add_patients("k", 1)
        office = Office(process.open_dental, "k")
        credit = process.open_dental.definition("k", "Write-off")
        day = ahead.date() - timedelta(days=1)
        reply = office.adjust(AdjType=credit, AdjAmt=-1, AdjDate=day.isoformat())
        assert reply.status == 201
        assert reply.json()["DateEntry"] < day.isoformat()
        beyond = (ahead.date() + timedelta(days=2)).isoformat()
        assert office.adjust(AdjType=credit, AdjAmt=-1, AdjDate=beyond).status == 400


def test_the_written_mappings_are_ones_that_the_adapters_take(sandbox: SandboxProcess, tmp_path: Path) -> None:
    demonstration.prepare(sandbox)
    paths = demonstration.write_connections(sandbox, tmp_path / "connections")
    assert {path.stat().st_mode & 0o077 for path in paths} == {0}
    office = demonstration.open_dental_mapping(sandbox, demonstration.CUSTOMER_KEY)
    assert open_dental_mapping.load_mapping(office).pay_type == office["pay_type"]
    location = demonstration.nexhealth_mapping(sandbox, demonstration.API_KEY)
    assert nexhealth_mapping.load_mapping(location).location_id == location["location_id"]
    company = demonstration.quickbooks_mapping(sandbox, demonstration.REALM)
    assert quickbooks_mapping.load_mapping(company).accounts.bank == "35"
    connector = demonstration.connector_mapping()
    assert connector_mapping.load_mapping(connector).account == demonstration.ACCOUNT


def test_people_are_made_up_and_repeatable() -> None:
    assert synthetic_rows.person(7, seed=1) == synthetic_rows.person(7, seed=1)
    assert synthetic_rows.person(7, seed=1) != synthetic_rows.person(7, seed=2)
    assert synthetic_rows.person(7, seed=1)["Email"].endswith("@example.org")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Payout po_1 [WBABCDEFGHIJKLMNOP]", MARKER),
        ("WBABCDEFGHIJKLMNOP", MARKER),
        ("WBABCDEFGHIJKLMNOPQ", ""),
        ("WB0123456789ABCDEF", ""),
        (None, ""),
    ],
)
def test_markers_are_recognised(text: str | None, found: str) -> None:
    """Law 18."""
    assert marker_in(text) == found
