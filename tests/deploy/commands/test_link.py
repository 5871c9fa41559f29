"""`writeback link` as a person runs it: the patient is read and named before anything is linked (L-6)."""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from deploy.commands import link
from deploy.sandbox import demonstration
from sinks.operations.actions.link_patient import PatientLinked
from sinks.operations.queries.patients import StandsAt
from sinks.poster.planned_call import FrozenRequest
from tests import processes
from tests.deploy.commands.test_target import KEY, TargetCommands, commands  # noqa: F401
from tests.processors.rules.event_examples import payment
from tests.sinks.ledger.ledger_fixture import LedgerDatabase, again

pytestmark = pytest.mark.stack
APPLY = ("--yes", "--why", "seen at the desk")


def _link(commands: TargetCommands, *arguments: str) -> Any:  # noqa: F811
    settings = commands.world.environ(secret_key=base64.b64encode(KEY).decode())
    return processes.run(["link", *arguments], settings)


def _practice(commands: TargetCommands) -> tuple[str, str]:  # noqa: F811
    """A practice with its office."""
    practice = commands.practice()
    office = f"office-{practice}"
    commands.sandbox.open_dental.add_office(office)
    added = commands.run(
        "add", practice, "open-dental", "--base-url", commands.sandbox.open_dental.url,
        "--config", commands.file(demonstration.open_dental_mapping(commands.sandbox, office)),
        "--secrets", commands.file(demonstration.open_dental_keys(commands.sandbox, office)), *APPLY,
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    return practice, office


def _links(commands: TargetCommands, practice: str) -> list[Any]:  # noqa: F811
    return list(json.loads(_link(commands, "list", practice, "--json").stdout))


def test_a_patient_is_named_before_it_is_linked(commands: TargetCommands) -> None:  # noqa: F811
    """A preview names the patient and links nobody; --yes does. The name stands in no audit trail."""
    practice, office = _practice(commands)
    patient = commands.sandbox.open_dental.add_patient(office, FName="Odette", LName="Marlow")
    number = str(patient["PatNum"])
    shown = _link(commands, practice, "pt-1", number)
    assert shown.returncode == 0, shown.stderr
    assert f"patient {number}: Odette Marlow" in shown.stdout
    assert "would be linked" in shown.stdout
    assert _links(commands, practice) == []
    assert _link(commands, "add", practice, "pt-1", number, *APPLY).returncode == 0
    (link,) = _links(commands, practice)
    assert (link["patient_ref"], link["pms_patient_id"], link["posted"]) == ("pt-1", number, 0)
    trail = commands.rows("SELECT after::text, before::text, why FROM audit WHERE practice_id = %s", practice)
    assert "Marlow" not in str(trail)


def test_a_patient_that_is_not_there_is_not_linked(commands: TargetCommands) -> None:  # noqa: F811
    """Unknown, or archived after a merge: refused, with what to do; without asking it can be linked on purpose."""
    practice, office = _practice(commands)
    unknown = _link(commands, practice, "pt-1", "4711", *APPLY)
    assert unknown.returncode == 2
    assert "no patient 4711" in unknown.stderr
    old, kept = (commands.sandbox.open_dental.add_patient(office)["PatNum"] for _ in range(2))
    commands.sandbox.open_dental.merge_patients(office, int(old), int(kept))
    archived = _link(commands, practice, "pt-1", str(old), *APPLY)
    assert archived.returncode == 2
    assert "archived or deleted" in archived.stderr
    assert _links(commands, practice) == []
    commands.sandbox.open_dental.change_office(office, econnector_running=False)
    off = _link(commands, practice, "pt-1", str(kept), *APPLY)
    assert off.returncode == 2
    assert "--unread" in off.stderr
    assert _link(commands, practice, "pt-1", str(kept), "--unread", *APPLY).returncode == 0


def test_a_patient_is_searched_by_parts_of_the_name(commands: TargetCommands) -> None:  # noqa: F811
    """RD-7: number, name and day of birth, as the office has them; nothing of it is stored."""
    practice, office = _practice(commands)
    rows = [
        ("Odette", "Marlow-Finch", "1980-03-01"),
        ("Odile", "Marlow", "1991-07-09"),
        ("Otto", "Weiss", "1980-03-01"),
    ]
    numbers = [
        str(commands.sandbox.open_dental.add_patient(office, FName=f, LName=last, Birthdate=born)["PatNum"])
        for f, last, born in rows
    ]

    def found(*options: str) -> set[str]:
        done = _link(commands, "search", practice, *options, "--json")
        assert done.returncode == 0, done.stderr
        return {each["pms_patient_id"] for each in json.loads(done.stdout)}

    assert found("--last-name", "marlow") == set(numbers[:2])
    assert found("--last-name", "marlow", "--first-name", "Odil") == {numbers[1]}
    assert found("--first-name", "O", "--birth-date", "1980-03-01") == {numbers[0], numbers[2]}
    assert found("--last-name", "Nobody") == set()
    shown = _link(commands, "search", practice, "--last-name", "Finch").stdout
    assert "Odette Marlow-Finch" in shown
    assert "1980-03-01" in shown
    assert _link(commands, "search", practice).returncode == 2
    assert _links(commands, practice) == []


def test_a_link_is_removed(commands: TargetCommands) -> None:  # noqa: F811
    """Previewed, audited; a second time there is none."""
    practice, office = _practice(commands)
    number = str(commands.sandbox.open_dental.add_patient(office)["PatNum"])
    assert _link(commands, practice, "pt-1", number, *APPLY).returncode == 0
    assert "would be linked to nobody" in _link(commands, "remove", practice, "pt-1").stdout
    assert len(_links(commands, practice)) == 1
    assert _link(commands, "remove", practice, "pt-1", *APPLY).returncode == 0
    assert _links(commands, practice) == []
    assert _link(commands, "remove", practice, "pt-1", *APPLY).returncode == 2
    ((before,),) = commands.rows(
        "SELECT before ->> 'pms_patient_id' FROM audit WHERE practice_id = %s AND action = 'patient.unlink'", practice
    )
    assert before == number


def test_what_stands_elsewhere_is_counted_and_the_first_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Hundreds of posted entries do not scroll the answer away, and who meant to move them is told how."""
    stands = tuple(
        StandsAt(
            id=f"e:{n}", entry_kind="payment", amount_minor=100, currency="USD", external_id=None, pms_patient_id="5"
        )
        for n in range(12)
    )
    linked = PatientLinked(
        practice_id="north", patient_ref="pt-1", pms_patient_id="7", released=0, dead=0, moves=(), elsewhere=stands
    )
    link._print(linked, applied=True)
    said = capsys.readouterr().out
    assert said.count("stands at patient 5 and stays there") == 10
    assert "and 2 entries more: 12 in all" in said
    assert "writeback link move north pt-1 7" in said


def test_e_12_both_patients_are_named_before_entries_move(commands: TargetCommands) -> None:  # noqa: F811
    """E-12: what stands at whom, and what would be posted; the names stand in no audit trail."""
    practice, office = _practice(commands)
    john, joan = (
        str(commands.sandbox.open_dental.add_patient(office, FName=name, LName="Marlow")["PatNum"])
        for name in ("John", "Joan")
    )
    assert _link(commands, practice, "pt-1", john, *APPLY).returncode == 0
    nothing = _link(commands, "move", practice, "pt-1", joan, *APPLY)
    assert nothing.returncode == 2
    assert "`writeback link add` is enough" in nothing.stderr
    _posted(commands, practice, john)
    shown = _link(commands, "move", practice, "pt-1", joan)
    assert shown.returncode == 0, shown.stderr
    for words in (f"patient {joan}: Joan Marlow", f"patient {john}: John Marlow", f"stands at patient {john}"):
        assert words in shown.stdout
    assert "would be moved" in shown.stdout
    assert _links(commands, practice)[0]["pms_patient_id"] == john
    moved = _link(commands, "move", practice, "pt-1", joan, *APPLY)
    assert moved.returncode == 0, moved.stderr
    assert "-100.00" in moved.stdout
    assert _links(commands, practice)[0]["pms_patient_id"] == joan
    trail = commands.rows("SELECT after::text, before::text FROM audit WHERE practice_id = %s", practice)
    assert "Marlow" not in str(trail)
    assert commands.rows("SELECT count(*) FROM audit WHERE practice_id = %s AND action = 'patient.move'", practice) == [
        (1,)
    ]


def _posted(commands: TargetCommands, practice: str, number: str) -> None:  # noqa: F811
    """A payment of 100.00, gross, as intake and a poster leave it at a patient's record."""
    database = LedgerDatabase(commands.world.database_url)
    try:
        database.clock.instant = datetime.now(UTC)
        database.save(practice)
        database.clock.instant += timedelta(seconds=1)
        database.report(again(payment(10000, 0, at=database.clock.instant), practice_id=practice))
        request = FrozenRequest(
            method="POST", path="/payments", body=b"{}", ledger_date=date(2026, 3, 4), pms_patient_id=number
        )
        database.connection.execute(
            "UPDATE effects SET state = 'SENDING', sent_at = now(), payload = %s WHERE practice_id = %s",
            (msgspec.msgpack.encode(request), practice),
        )
        database.connection.execute(
            "UPDATE effects SET state = 'POSTED', external_id = 'payments/1', posted_at = now() WHERE practice_id = %s",
            (practice,),
        )
    finally:
        database.close()
