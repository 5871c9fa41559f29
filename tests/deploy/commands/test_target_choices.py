"""`writeback target choices` as a person runs it: real command, real ledger, sandbox vendors."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.sandbox import demonstration
from deploy.sandbox.running import running_sandbox
from sinks.ledger.schema.migrate import migrate
from tests.deploy.commands.test_target import APPLY, TargetCommands
from tests.worlds import Stack, fresh_world

pytestmark = pytest.mark.stack

NOBODY_LISTENS = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def commands(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TargetCommands]:
    with fresh_world(stack) as world, running_sandbox() as sandbox:
        migrate(world.database_url)
        yield TargetCommands(world, sandbox, tmp_path_factory.mktemp("commands"))


def office(commands: TargetCommands, address: str = "", **changes: Any) -> tuple[str, str]:
    """A practice with a connected office: its id, and the office's key."""
    practice, key = commands.practice(), f"office-{uuid.uuid4().hex[:6]}"
    commands.sandbox.open_dental.add_office(key)
    added = commands.run(
        "add", practice, "open-dental", *APPLY, "--base-url", address or commands.sandbox.open_dental.url,
        "--config", commands.file(demonstration.open_dental_mapping(commands.sandbox, key) | changes),
        "--secrets", commands.file(demonstration.open_dental_keys(commands.sandbox, key)),
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    return practice, key


def choices(commands: TargetCommands, practice: str, system: str) -> list[dict[str, Any]]:
    said = commands.run("choices", practice, system, "--json")
    assert said.returncode == 0, said.stdout + said.stderr
    found: list[dict[str, Any]] = json.loads(said.stdout)["choices"]
    return found


def test_an_offices_types_are_offered_with_their_fields(commands: TargetCommands) -> None:
    """SET-12, RD-6: each list of the office, the sign of an adjustment, and what is chosen now; nothing is posted."""
    practice, key = office(commands)
    offered = choices(commands, practice, "open-dental")
    by_name = {(each["kind"], each["name"]): each for each in offered}
    card = by_name["payment type", "Credit Card"]
    assert card["value"] == str(commands.sandbox.open_dental.definition(key, "Credit Card"))
    assert card["fields"] == ["pay_type", "pay_type_by_kind.…", "pay_type_by_tender.…"]
    assert card["chosen"] == ["pay_type"]
    assert by_name["payment type", "Membership"]["chosen"] == []
    credit, charge = (by_name["adjustment type", f"Processing Fee {name}"] for name in ("Credit", "Charge"))
    assert (credit["detail"], credit["chosen"]) == ("sign -", ["fee_credit"])
    assert "fee_credit" in credit["fields"]
    assert "fee_debit" not in credit["fields"]
    assert (charge["detail"], charge["chosen"]) == ("sign +", ["fee_debit"])
    assert by_name["commlog type", "Payment Request"]["chosen"] == ["note_type"]
    assert by_name["provider", "DOC1"]["fields"] == ["provider_num", "provider_by_ref.…"]
    eft, group = by_name["insurance payment type", "Insurance EFT"], by_name["claim payment group", "Lockbox"]
    assert (eft["fields"], eft["chosen"]) == (["insurance_pay_type", "insurance_pay_type_by_tender.…"], [])
    assert group["fields"] == ["insurance_pay_group"]
    assert "PrePayment" not in {each["name"] for each in offered}, "no field names such a type"
    assert {call.method for call in commands.sandbox.open_dental.calls(key)} == {"GET"}


def test_a_hidden_type_is_shown_and_cannot_be_chosen(commands: TargetCommands) -> None:
    """SET-12: `target test` refuses it, so no field takes it."""
    practice, _ = office(commands)
    hidden = {each["name"]: each for each in choices(commands, practice, "open-dental") if "hidden" in each["detail"]}
    assert set(hidden) == {"Old Terminal", "Old Courtesy Discount"}
    assert all(each["fields"] == [] for each in hidden.values())


def test_allocation_is_offered_as_the_route_can_do_it(commands: TargetCommands) -> None:
    """SET-11, ALL-4: the ways to allocate, the guarantor, and those that the settings and the mapping name now."""
    practice, _ = office(commands, exact_allocation=False)
    offered = choices(commands, practice, "open-dental")
    ways = {(each["kind"], each["value"]): each for each in offered if each["kind"] in ("allocation", "family")}
    assert set(ways) == {
        ("allocation", "ALLOCATE"),
        ("allocation", "POST_ONLY"),
        ("allocation", "BY_HAND"),
        ("allocation", "true"),
        ("allocation", "false"),
        ("family", "PATIENTS"),
        ("family", "GUARANTOR"),
    }
    assert {way: each["chosen"] for way, each in ways.items() if each["chosen"]} == {
        ("allocation", "ALLOCATE"): ["settings: allocation"],
        ("allocation", "false"): ["exact_allocation"],
        ("family", "PATIENTS"): ["settings: family"],
    }
    assert "spread by the target" in ways["allocation", "ALLOCATE"]["detail"]


def test_a_companys_accounts_are_offered_with_their_fields(commands: TargetCommands) -> None:
    """SET-12: by the same rule as `target test`: a bank for the bank, an asset for the reserve, no receivable."""
    practice, realm = commands.practice(), commands.company()
    assert commands.connect(practice, realm).returncode == 0
    by_name = {each["name"]: each for each in choices(commands, practice, "quickbooks")}
    company = commands.sandbox.quickbooks.company(realm)
    bank, fees, reserve = (by_name[name] for name in ("Practice Checking", "Merchant Fees", "Processor Reserve"))
    assert (bank["value"], bank["detail"]) == (company.account("Practice Checking"), "Bank")
    assert (bank["fields"], bank["chosen"]) == (["accounts.bank", "banks.…"], ["accounts.bank"])
    assert fees["chosen"] == ["accounts.fees"]
    assert {"accounts.fees", "fees_by_kind.…"} <= set(fees["fields"])
    assert not {"accounts.bank", "accounts.reserve"} & set(fees["fields"])
    assert {"accounts.reserve", "accounts.carried"} <= set(reserve["fields"])
    for each in by_name.values():
        assert set(each["chosen"]) <= set(each["fields"])


def test_a_person_sees_a_table(commands: TargetCommands) -> None:
    """Values, names and fields, and no secret."""
    practice, key = office(commands)
    said = commands.run("choices", practice, "open-dental", COLUMNS="240")
    assert said.returncode == 0, said.stderr
    assert "Processing Fee Credit" in said.stdout
    assert "fee_credit" in said.stdout
    assert key not in said.stdout


def test_mistakes_say_what_to_do(commands: TargetCommands) -> None:
    """No such practice, system or connection, and an office that does not answer."""
    practice = commands.practice()
    away, _ = office(commands, NOBODY_LISTENS)
    attempts = [
        (2, "practice add nobody", ["nobody", "open-dental"]),
        (2, "open-dental", [practice, "xero"]),
        (2, "target add", [practice, "quickbooks"]),
        (1, f"target test {away} open-dental", [away, "open-dental"]),
    ]
    for code, advice, arguments in attempts:
        done = commands.run("choices", *arguments)
        assert done.returncode == code, (advice, done.stdout, done.stderr)
        assert advice in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
