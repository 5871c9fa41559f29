"""A connection's test asks the target for every field that its mapping names (P-15, SET-24)."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from deploy.sandbox.demonstration import open_dental_keys, open_dental_mapping, quickbooks_mapping
from deploy.sandbox.running import SandboxProcess
from sinks.targets.open_dental.adapter import OpenDentalTarget
from sinks.targets.open_dental.mapping import OpenDentalKeys, load_mapping
from sinks.targets.pacing import Pacer
from sinks.targets.port import ConnectionReport, Found
from sinks.targets.quickbooks.adapter import QuickBooksTarget
from sinks.targets.quickbooks.mapping import load_mapping as load_quickbooks
from tests.sinks.poster.conftest import sandbox  # noqa: F401
from tests.sinks.targets.quickbooks.payouts import an_entry, an_item
from tests.sinks.targets.test_hostile_answers import _Kept

pytestmark = pytest.mark.stack
WITHIN_S = 30.0


def _numbered(sandbox: SandboxProcess, key: str, fields: dict[str, Any]) -> dict[str, Any]:  # noqa: F811
    """The insurance fields by the office's own numbers."""

    def number(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: number(each) for name, each in value.items()}
        return sandbox.open_dental.definition(key, value) if isinstance(value, str) else value

    return {name: number(value) if name.startswith("insurance_") else value for name, value in fields.items()}


async def _office_report(sandbox: SandboxProcess, **changed: Any) -> ConnectionReport:  # noqa: F811
    key = uuid.uuid4().hex
    sandbox.open_dental.add_office(key, clinics={3: "North"})
    mapping = load_mapping(open_dental_mapping(sandbox, key) | _numbered(sandbox, key, changed))
    target = OpenDentalTarget(
        base_url=sandbox.open_dental.url, mapping=mapping, keys=OpenDentalKeys(**open_dental_keys(sandbox, key))
    )
    try:
        return await target.test(WITHIN_S)
    finally:
        await target.close()


INSURANCE: dict[str, Any] = {"insurance_pay_type": "Insurance EFT"}

FIELDS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("membership_code", {"membership_code": "D1110"}, {"membership_code": "NOPE"}),
    (
        "membership_code_by_plan.GOLD",
        {"membership_code_by_plan": {"GOLD": "D1110"}},
        {"membership_code_by_plan": {"GOLD": "NOPE"}},
    ),
    ("clinic_num", {"clinic_num": 3}, {"clinic_num": 9}),
    ("provider_num", {"provider_num": 1}, {"provider_num": 99}),
    ("provider_by_ref.dr", {"provider_by_ref": {"dr": 1}}, {"provider_by_ref": {"dr": 99}}),
    ("note_type", {}, {"note_type": 1}),
    ("insurance_pay_type", INSURANCE, {"insurance_pay_type": "Credit Card"}),
    (
        "insurance_pay_type_by_tender.VIRTUAL_CARD",
        INSURANCE | {"insurance_pay_type_by_tender": {"VIRTUAL_CARD": "Insurance Virtual Card"}},
        INSURANCE | {"insurance_pay_type_by_tender": {"VIRTUAL_CARD": "Lockbox"}},
    ),
    (
        "insurance_pay_group",
        INSURANCE | {"insurance_pay_group": "Lockbox"},
        INSURANCE | {"insurance_pay_group": "Insurance EFT"},
    ),
    ("insurance_pay_group", INSURANCE, {"insurance_pay_group": "Lockbox"}),
]
"""What names a definition of the office is its number there."""


@pytest.mark.parametrize(("field", "right", "wrong"), FIELDS, ids=[each[0] for each in FIELDS])
async def test_a_wrong_field_of_an_office_is_named(
    sandbox: SandboxProcess,  # noqa: F811
    field: str,
    right: dict[str, Any],
    wrong: dict[str, Any],
) -> None:
    """SET-24: a wrong membership code left the patient in credit; nothing that is mapped is taken on trust."""
    report = await _office_report(sandbox, **right)
    assert report.ok, report.checks
    report = await _office_report(sandbox, **wrong)
    failed = [(name, bool(advice)) for name, passed, advice in report.checks if not passed]
    assert failed == [(field, True)]


def _company(sandbox: SandboxProcess, **settings: Any) -> tuple[str, Any]:  # noqa: F811
    realm = str(uuid.uuid4().int)[:15]
    return realm, sandbox.quickbooks.add_company(realm, **settings)


def _company_target(sandbox: SandboxProcess, realm: str, inside: Any, **changed: Any) -> QuickBooksTarget:  # noqa: F811
    mapping = load_quickbooks(quickbooks_mapping(sandbox, realm) | changed)
    kept = _Kept(access=inside.tokens().access_tokens[0]) if inside.tokens().access_tokens else _Kept()
    return QuickBooksTarget(base_url=sandbox.quickbooks.url, mapping=mapping, secrets=kept)


@pytest.mark.parametrize(("field", "value"), [("class_id", "7"), ("department_id", "8")])
async def test_a_wrong_class_or_location_of_a_company_is_named(
    sandbox: SandboxProcess,  # noqa: F811
    field: str,
    value: str,
) -> None:
    """SET-24: of the company's own lists, active ones alone."""
    realm, inside = _company(sandbox, classes={"7": "Hygiene"}, departments={"8": "North"})
    for chosen, passes in ((value, True), ("99", False)):
        target = _company_target(sandbox, realm, inside, **{field: chosen})
        report = await target.test(WITHIN_S)
        await target.close()
        assert [passed for name, passed, _ in report.checks if name == field] == [passes], report.checks


async def test_a_look_up_of_many_queries_keeps_the_companys_limit(sandbox: SandboxProcess) -> None:  # noqa: F811
    """Law 21: 10 requests a second and not one more, also within one look-up."""
    realm, inside = _company(sandbox, rate_limits=True)
    target = _company_target(sandbox, realm, inside)
    entries = [an_entry(an_item(1, 500 + number, 0), payout=f"po_{number}") for number in range(4)]
    found = [await target.read_back(entry, WITHIN_S) for entry in entries]
    await target.close()
    assert all(isinstance(each, Found) for each in found), found


async def test_a_turn_that_comes_too_late_is_not_taken() -> None:
    """Law 17: a read waits no longer than it has."""
    pacer = Pacer(60.0)
    assert await pacer.turn(0.0)
    assert not await pacer.turn(1.0)
