"""Mappings: what is refused, and that the field is named."""

from __future__ import annotations

from typing import Any

import pytest

from sinks.targets.mapping_error import MappingError
from sinks.targets.quickbooks.mapping import dump_mapping, load_mapping
from tests.sinks.targets.quickbooks.payouts import a_mapping

GOOD: dict[str, Any] = {
    "realm_id": "9130",
    "accounts": {"bank": "35", "income": "81", "fees": "60", "uncategorised": "83"},
}


def with_accounts(**changes: str | None) -> dict[str, Any]:
    return GOOD | {"accounts": {k: v for k, v in (GOOD["accounts"] | changes).items() if v is not None}}


@pytest.mark.parametrize(
    ("config", "named"),
    [
        (with_accounts(bank=None), "bank"),
        (with_accounts(income=None), "accounts.income"),
        (with_accounts(bank="Checking"), "$.accounts.bank"),
        (with_accounts(banc="35"), "banc"),
        (with_accounts(income="35"), "accounts.bank"),
        (GOOD | {"booking": "CLEARING"}, "accounts.clearing"),
        (GOOD | {"realm_id": "../x"}, "$.realm_id"),
        (GOOD | {"form": "INVOICE"}, "$.form"),
        (GOOD | {"income_by_kind": {"TERMINL": "81"}}, "$.income_by_kind"),
        (GOOD | {"per_item_limit": 0}, "$.per_item_limit"),
        ([], "object"),
    ],
)
def test_a_wrong_mapping_is_refused_by_the_name_of_its_field(config: object, named: str) -> None:
    """QB-2: nothing is stored that cannot be posted with."""
    with pytest.raises(MappingError) as refused:
        load_mapping(config)
    assert named in str(refused.value)


def test_a_mapping_survives_its_storage() -> None:
    """What was saved is what is used."""
    mapping = a_mapping(class_id="5", fees_by_category={"MONTHLY_FEE": "63"})
    assert load_mapping(dump_mapping(mapping)) == mapping
