"""Any released version reads any other, and the check catches each way to break that (schemas/README section 5)."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas import asyncapi
from schemas.compatibility import (
    FOLDER,
    Released,
    all_breaks,
    breaks,
    current,
    records,
    release,
    released,
    schema_of,
    unreleased,
)

Schema = dict[str, Any]


@pytest.mark.parametrize("version", released(), ids=lambda version: f"{version.record}.v{version.version}")
def test_every_schema_against_every_released_version(version: Released) -> None:
    """BACKWARD and FORWARD, by the rules and by fastavro's own resolution."""
    assert breaks(schema_of(version), current(version.record)) == []


def test_what_stands_is_what_was_released() -> None:
    """A changed schema needs a version and an id of its own: `python -m schemas.compatibility release`."""
    assert unreleased() == []
    assert all_breaks() == []


def test_ids_are_used_once() -> None:
    """An id means one version for ever."""
    ids = [version.id for version in released()]
    assert len(ids) == len(set(ids))
    assert {version.record for version in released()} == set(records())


def test_the_asyncapi_document_is_current() -> None:
    """`python -m schemas.asyncapi` writes it."""
    assert asyncapi.FILE.read_text(encoding="utf-8") == asyncapi.document_text()


def field(schema: Schema, name: str) -> Schema:
    found: Schema = next(each for each in schema["fields"] if each["name"] == name)
    return found


def drop_field(schema: Schema) -> None:
    schema["fields"].remove(field(schema, "card"))


def rename_field(schema: Schema) -> None:
    field(schema, "payment_id")["name"] = "payment_ref"


def add_without_default(schema: Schema) -> None:
    schema["fields"].append({"name": "tip_minor", "type": "long"})


def narrow(schema: Schema) -> None:
    field(schema, "gross_minor")["type"] = "int"


def widen(schema: Schema) -> None:
    field(schema, "gross_minor")["type"] = "double"


def make_optional(schema: Schema) -> None:
    field(schema, "gross_minor")["type"] = ["null", "long"]


def make_required(schema: Schema) -> None:
    field(schema, "patient_ref")["type"] = "string"


def drop_symbol(schema: Schema) -> None:
    field(schema, "kind")["type"]["symbols"].remove("INSURANCE")


def drop_enum_default(schema: Schema) -> None:
    del field(schema, "kind")["type"]["default"]


def drop_default(schema: Schema) -> None:
    del field(schema, "settled_outside")["default"]


def change_default(schema: Schema) -> None:
    field(schema, "settled_outside")["default"] = True


def change_logical_type(schema: Schema) -> None:
    field(schema, "occurred_at")["type"]["logicalType"] = "timestamp-millis"


def rename_record(schema: Schema) -> None:
    schema["name"] = "PaymentDone"


def move_namespace(schema: Schema) -> None:
    schema["namespace"] = "writeback.payments.v2"


def drop_nested_field(schema: Schema) -> None:
    split = field(schema, "splits")["type"]["items"]
    split["fields"] = [each for each in split["fields"] if each["name"] != "provider_ref"]


def drop_nested_symbol(schema: Schema) -> None:
    claims = field(field(schema, "remittance")["type"][1], "claims")["type"]["items"]
    group = field(field(claims, "adjustments")["type"]["items"], "group")["type"]
    group["symbols"].remove("PR")


VIOLATIONS: tuple[tuple[Callable[[Schema], None], str], ...] = (
    (drop_field, "removed"),
    (rename_field, "removed or renamed"),
    (add_without_default, "no default"),
    (narrow, "type is another"),
    (widen, "type is another"),
    (make_optional, "type is another"),
    (make_required, "type is another"),
    (drop_symbol, "symbol INSURANCE was removed"),
    (drop_enum_default, "default UNKNOWN"),
    (drop_default, "default was removed"),
    (change_default, "default was removed or changed"),
    (change_logical_type, "logical type"),
    (rename_record, "name is another"),
    (move_namespace, "name is another"),
    (drop_nested_field, "provider_ref"),
    (drop_nested_symbol, "symbol PR was removed"),
)


@pytest.mark.parametrize(("violation", "said"), VIOLATIONS, ids=lambda each: getattr(each, "__name__", ""))
def test_each_violation_is_caught(violation: Callable[[Schema], None], said: str) -> None:
    """The checker's own control: every forbidden change is named."""
    newer = copy.deepcopy(current("PaymentSucceeded"))
    violation(newer)
    assert any(said in text for text in breaks(current("PaymentSucceeded"), newer))


def test_additive_changes_pass() -> None:
    """A new optional field, a new part, a new symbol, another description."""
    newer = copy.deepcopy(current("PaymentSucceeded"))
    field(newer, "kind")["type"]["symbols"].append("SUBSCRIPTION")
    newer["doc"] = "Said better."
    newer["fields"].append({"name": "tip_minor", "type": "long", "default": 0})
    part = {"type": "record", "name": "Kiosk", "fields": [{"name": "kiosk_ref", "type": "string"}]}
    newer["fields"].append({"name": "kiosk", "type": ["null", part], "default": None})
    assert breaks(current("PaymentSucceeded"), newer) == []


def test_fastavro_refuses_what_the_rules_refuse() -> None:
    """The second opinion: a removed required field cannot be read by the older version."""
    newer = copy.deepcopy(current("PaymentVoided"))
    newer["fields"] = newer["fields"][:-1]
    assert any("not read by the other" in text for text in breaks(current("PaymentVoided"), newer))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the contract that a test may change."""
    for part in ("avsc", "released"):
        shutil.copytree(FOLDER / part, tmp_path / part)
    return tmp_path


def rewrite(folder: Path, change: Callable[[Schema], None]) -> None:
    newer = current("PaymentSucceeded", folder)
    change(newer)
    (folder / "avsc" / "PaymentSucceeded.avsc").write_text(json.dumps(newer), encoding="utf-8")


def test_a_release_gets_the_next_version_and_an_id_of_its_own(folder: Path) -> None:
    """What was released before keeps its id and its bytes; a second run finds nothing to do."""
    before = released(folder)
    rewrite(folder, lambda schema: schema["fields"].append({"name": "tip_minor", "type": "long", "default": 0}))
    assert unreleased(folder) == ["PaymentSucceeded"]
    newest = max(version.version for version in before if version.record == "PaymentSucceeded")
    (made,) = release(folder)
    assert (made.record, made.version) == ("PaymentSucceeded", newest + 1)
    assert made.id not in {version.id for version in before}
    assert released(folder) == [*before, made]
    assert schema_of(made, folder) == current("PaymentSucceeded", folder)
    assert release(folder) == []


def test_what_breaks_is_not_released(folder: Path) -> None:
    """The command says what breaks and changes nothing."""
    before = released(folder)
    rewrite(folder, drop_field)
    with pytest.raises(ValueError, match="card: was removed"):
        release(folder)
    assert released(folder) == before


def test_a_removed_record_type_is_a_break(folder: Path) -> None:
    """Its records are still on a topic somewhere."""
    (folder / "avsc" / "PaymentVoided.avsc").unlink()
    assert any("PaymentVoided v1: was removed" in text for text in all_breaks(folder))
