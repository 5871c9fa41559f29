"""A practice's system, connected in the browser: chosen, reached, mapped from its own lists, tested, proven, live."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from deploy.sandbox.running import SandboxProcess, running_sandbox
from tests.sinks.console.conftest import RunningConsole
from tests.sinks.console.visitor import Answer, Visitor
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

pytestmark = [pytest.mark.stack, pytest.mark.long]

SECRET_KEY = "a customer key of the office's own"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as running:
        yield running


def add(console: RunningConsole, practice: str, **fields: str) -> Answer:
    """By who runs the program."""
    olga = console.olga()
    wanted = {"practice_id": practice, "zone": "America/New_York", "name": "Larkspur Dental"} | fields
    return olga.submit(olga.get("/practices/new"), "zone", wanted)


def connected(console: RunningConsole, sandbox: SandboxProcess, practice: str, office: str) -> Answer:
    """By its settings administrator, to the map page."""
    sam = console.sam()
    page = sam.get(f"/practices/{practice}/connect/open-dental")
    keys = {"developer_key": sandbox.open_dental.developer_key, "customer_key": office}
    return sam.submit(page, "customer_key", keys, mode="LOCAL", base_url=sandbox.open_dental.url)


def stored(sam: Visitor, mapped: Answer) -> Answer:
    tried = sam.submit(mapped, "pay_type", step="try")
    assert tried.status == 200, tried.words
    return sam.submit(tried, "pay_type", step="save", why="as the office says")


def test_a_practice_is_added_connected_mapped_proven_and_live(
    console: RunningConsole, sandbox: SandboxProcess, ledger: LedgerDatabase
) -> None:
    """SET-14, SET-17, SET-24: by two people in a browser and nobody at a command line."""
    sandbox.open_dental.add_office("story-key", name="Larkspur Dental")
    patient = str(sandbox.open_dental.add_patient("story-key")["PatNum"])
    added = add(console, "story-1", system="open-dental")
    assert added.status == 200
    assert "Open Dental" in added.words
    sam = console.sam()
    mapped = connected(console, sandbox, "story-1", "story-key")
    assert mapped.status == 200, mapped.words
    assert mapped.path == "/practices/story-1/connect/open-dental/map"
    assert "Credit Card" in mapped.words
    assert "Proposed by its name, Processing Fee Credit" in mapped.words
    assert mapped.form("pay_type").fields["pay_type"] == str(sandbox.open_dental.definition("story-key", "Credit Card"))
    page = stored(sam, mapped)
    assert "The connection is stored" in page.words
    assert "the system answers and has everything that was chosen" in page.words
    tested = sam.ask(
        "POST",
        "/practices/story-1/integrations",
        f"csrfmiddlewaretoken={page.form('route').fields['csrfmiddlewaretoken']}&step=test&route=open_dental",
    )
    assert "The connection works; nothing was posted" in tested.words
    live = sam.get("/practices/story-1/go-live")
    looked = sam.submit(live, "patient", patient=patient, step="look", switch_on="on")
    assert "not entitled" in looked.words or "entitled to write-back wrong" in looked.words
    assert "writeback " not in looked.words
    olga = console.olga()
    entitled = olga.submit(olga.get("/practices/story-1/go-live"), "why", step="entitle", why="the contract is signed")
    assert "The practice is entitled" in entitled.words
    looked = sam.submit(live, "patient", patient=patient, step="look", switch_on="on")
    assert "Nothing was written" in looked.words
    assert sandbox.open_dental.payments("story-key") == []
    posted = sam.submit(looked, "patient", patient=patient, step="post", switch_on="on", why="goes live")
    assert "Passed. Posting is on" in posted.words, posted.words
    assert len(sandbox.open_dental.payments("story-key")) == 1
    newest = "SELECT body ->> 'master' FROM settings WHERE practice_id = 'story-1' ORDER BY version DESC LIMIT 1"
    assert ledger.one(newest) == "true"
    saved_by = ledger.rows("SELECT DISTINCT actor FROM audit WHERE practice_id = 'story-1' ORDER BY actor")
    assert [each[0] for each in saved_by] == ["olga", "sam"]


def test_credentials_are_never_shown_again(
    console: RunningConsole, sandbox: SandboxProcess, ledger: LedgerDatabase
) -> None:
    """S-1, S-6, H-27: in no page, also of a form that is refused, no address, no log, and nowhere in plain text."""
    add(console, "secret-1", system="open-dental")
    sam, key = console.sam(), "Zq7-customer-key"
    sandbox.open_dental.add_office(key, name="Larkspur Dental")
    page = sam.get("/practices/secret-1/connect/open-dental")
    kinds = re.findall(r'<input id="(?:developer|customer)_key"[^>]*type="([a-z]+)"', page.text)
    assert kinds == ["password", "password"]
    refused = sam.submit(page, "customer_key", developer_key="x y z", customer_key=key, mode="LOCAL")
    assert refused.status == 422
    assert key not in refused.text
    assert "x y z" not in refused.text
    mapped = connected(console, sandbox, "secret-1", key)
    page = stored(sam, mapped)
    for each in (mapped, page, sam.get("/practices/secret-1/connect/open-dental")):
        assert key not in each.text
        assert sandbox.open_dental.developer_key not in each.text
    assert all(key not in text.read_text(errors="replace") for text in console.folder.rglob("*.log"))
    for table in ("connections", "connect_attempts", "audit"):
        assert key not in str(ledger.rows(f"SELECT t::text FROM {table} t"))
        assert key.encode().hex() not in str(ledger.rows(f"SELECT t::text FROM {table} t"))
    assert ledger.rows("SELECT FROM connect_attempts WHERE practice_id = 'secret-1'") == []


def test_what_the_system_refuses_is_said_with_the_way_back(
    console: RunningConsole, sandbox: SandboxProcess, ledger: LedgerDatabase
) -> None:
    """Wrong keys: nothing is stored, and the form is one click away."""
    add(console, "wrong-1", system="open-dental")
    refused = connected(console, sandbox, "wrong-1", "nobodys-key")
    assert refused.status == 422
    assert "cannot be read" in refused.words
    assert "/practices/wrong-1/connect/open-dental" in refused.text
    assert ledger.rows("SELECT FROM connections WHERE home_practice_id = 'wrong-1'") == []


def test_another_address_than_the_vendors_is_refused(console: RunningConsole) -> None:
    """S-7: nobody sends the practice's credentials to a host that is not the vendor's."""
    add(console, "hosts-1", system="open-dental")
    sam = console.sam()
    page = sam.get("/practices/hosts-1/connect/open-dental")
    keys = {"developer_key": "d", "customer_key": "c", "mode": "LOCAL"}
    refused = sam.submit(page, "customer_key", keys, base_url="https://evil.example/api")
    assert refused.status == 422
    assert "Address: " in refused.words
    assert "not this host" in refused.words


def test_a_field_without_which_nothing_is_posted_is_asked_for(
    console: RunningConsole, sandbox: SandboxProcess, ledger: LedgerDatabase
) -> None:
    add(console, "empty-1", system="open-dental")
    sandbox.open_dental.add_office("empty-key", name="Larkspur Dental")
    mapped = connected(console, sandbox, "empty-1", "empty-key")
    refused = console.sam().submit(mapped, "pay_type", pay_type="", step="try")
    assert refused.status == 422
    assert "pay_type" in refused.words
    assert ledger.rows("SELECT FROM connections WHERE home_practice_id = 'empty-1'") == []


def test_a_system_that_is_not_listed_is_asked_for(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """People begin by hand, and whoever runs the program sees who waits for it."""
    add(console, "other-1")
    sam = console.sam()
    page = sam.get("/practices/other-1/integrations")
    assert "Nobody has said yet which system" in page.words
    kept = sam.submit(page, "system_name", system="not-listed", system_name="ToothBase", step="system")
    assert "ToothBase is asked for" in kept.words
    assert ledger.one("SELECT system_name FROM practices WHERE practice_id = 'other-1'") == "ToothBase"
    by_hand = sam.submit(kept, "why", step="by_hand", why="until it is there")
    assert "People enter everything from the work list now" in by_hand.words
    wrong = sam.submit(sam.get("/practices/other-1/integrations"), "system_name", system="dentrix", step="system",
                       system_name="x")  # fmt: skip
    assert wrong.status == 422


def test_a_system_that_takes_batches_alone_begins_with_daily(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """SET-21, TIM-3."""
    from sinks.targets.systems.catalogue import SYSTEMS

    batches = next(each for each in SYSTEMS.values() if each.batches_only)
    page = add(console, "daily-1", system=batches.option)
    assert "takes entries in batches alone, so payments go out once a day" in page.words
    assert ledger.one("SELECT body ->> 'timing' FROM settings WHERE practice_id = 'daily-1'") == "DAILY"
    again = add(console, "daily-1", system=batches.option)
    assert again.status == 422
    assert "known already" in again.words


@pytest.mark.parametrize("path", ["connect/open-dental", "connect/open-dental/map"])
def test_the_front_desk_connects_nothing(console: RunningConsole, path: str) -> None:
    """H-21: not there for who may not; and of the practice's page they see no button."""
    ada = console.ada()
    assert ada.get(f"/practices/p1/{path}").status == 404
    page = ada.get("/practices/p1/integrations")
    assert page.status == 200
    assert "<select" not in page.text
    assert 'name="step"' not in page.text
    assert ada.get("/practices/new").status == 404
    live = ada.get("/practices/p1/go-live")
    token = page.text.partition('csrfmiddlewaretoken" value="')[2].partition('"')[0]
    assert 'name="step"' not in live.text
    forged = ada.ask("POST", "/practices/p1/go-live", f"csrfmiddlewaretoken={token}&step=post&patient=1&why=x")
    assert forged.status == 422
    assert "may not do this" in forged.words
