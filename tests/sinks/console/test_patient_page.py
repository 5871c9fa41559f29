"""A patient's page: for who links, named by an entry alone, and everything of that patient and of nobody else."""

from __future__ import annotations

import re

import pytest

from tests.processors.rules.event_examples import payment
from tests.sinks.console.conftest import DO, RunningConsole
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

pytestmark = [pytest.mark.stack, pytest.mark.long]


def test_it_shows_everything_of_one_patient_under_all_references(
    console: RunningConsole, ledger: LedgerDatabase
) -> None:
    """LINK-25: two references of one number are one patient; another patient's payment is not there."""
    for number in (1, 2, 4):
        event = payment(
            number * 1100,
            0,
            practice_id="p1",
            patient_ref=f"pt-8{number}",
            event_id=f"ev-8{number}",
            payment_id=f"pay-8{number}",
        )
        ledger.report(event)
    for ref in ("pt-81", "pt-82"):
        ledger.connection.execute(
            "INSERT INTO patient_links (practice_id, patient_ref, pms_patient_id, linked_by, linked_at)"
            " VALUES ('p1', %s, '8100', 'test', now())",
            (ref,),
        )
    wanted = "SELECT min(effect_id) FROM effects WHERE practice_id = 'p1' AND event_id = %s"
    first, third = (int(ledger.one(wanted, each)) for each in ("ev-81", "ev-84"))
    page = console.ada().get(f"/practices/p1/patient/{first}")
    assert page.status == 200
    assert "Linked to number 8100" in page.words
    table = page.text.partition("<caption")[2]
    assert {"11.00 USD", "22.00 USD"} <= set(re.findall(r'class="amount">([0-9.]+ USD)', table))
    assert "44.00" not in page.text
    other = console.ada().get(f"/practices/p1/patient/{third}")
    assert "Not linked" in other.words
    assert "44.00 USD" in other.words
    assert "11.00" not in other.text


def test_no_address_names_a_patient_and_who_looked_is_kept(console: RunningConsole, ledger: LedgerDatabase) -> None:
    ada = console.ada()
    page = ada.get("/practices/p1/patient/3")
    assert not re.search(r'(?:href|action)="[^"]*pt-[0-9]', page.text)
    kept = ledger.rows("SELECT actor, subject FROM audit WHERE action = 'console.patient_looked_at'")
    assert ("ada", "p1 e:3") in kept
    assert "pt-2" not in console.role.text()


def test_who_was_shown_a_patient_to_link_is_kept(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """As on the patient's page; where the upstream has said nothing of the patient, nobody saw anything."""
    kept = "SELECT actor FROM audit WHERE action = 'console.patient_looked_at' AND subject = %s"
    page = "/practices/p1/link/3"
    assert console.nina().get(page).status == 200
    assert ("nina",) not in ledger.rows(kept, "p1 e:3")
    ref = "pt-2"
    ledger.connection.execute(
        "INSERT INTO patient_identities (practice_id, patient_ref, unopened, kid, topic_id, part, off, run, read_at)"
        " VALUES ('p1', %s, 'sealed', 'another key', 't', 0, 0, 0, now())",
        (ref,),
    )
    try:
        shown = console.nina().get(page)
        assert "as the payment system says" in shown.words
        assert ("nina",) in ledger.rows(kept, "p1 e:3")
    finally:
        ledger.connection.execute(
            "DELETE FROM patient_identities WHERE practice_id = 'p1' AND patient_ref = %s", (ref,)
        )


def test_it_is_not_there_for_who_may_not_see_patients(console: RunningConsole) -> None:
    """Neither for ops, nor for who posts and does not link; nor is an entry of nobody a patient."""
    assert console.olga().get("/practices/p1/patient/3").status == 404
    jo = console.person("jo", "p1")
    console.command("user", "role", "jo", "--take", "linker", "--practice", "p1", *DO)
    assert jo.get("/practices/p1/patient/3").status == 404
    assert "/patient/" not in jo.get("/practices/p1/transactions?day=2026-03-04").text
    ada = console.ada()
    for wrong in ("999999", "x", "999999999999999999999"):
        assert ada.get(f"/practices/p1/patient/{wrong}").status == 404, wrong
    console.command("user", "role", "jo", "--give", "linker", "--practice", "p1", *DO)
