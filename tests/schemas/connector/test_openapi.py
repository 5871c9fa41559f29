"""The OpenAPI document of the Connector API is that of the code, and its examples are of its records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from schemas.connector.examples import EXAMPLES
from schemas.connector.openapi import FILE, document, document_text
from schemas.connector.operations import BASE, EVERYWHERE, OPERATIONS, matched
from schemas.connector.problems import PROBLEMS, problem, proves_refusal
from schemas.connector.records import ProblemCode


def test_the_file_is_current() -> None:
    """`python -m schemas.connector.openapi` writes it."""
    assert FILE.read_text(encoding="utf-8") == document_text()


def test_generators_are_told_what_they_would_guess_wrongly() -> None:
    """An enum without a type becomes anything at all, and an integer without a format one of 32 bits."""
    schemas = list(described(document()["components"]["schemas"]))
    enums = [each for each in schemas if isinstance(each.get("enum"), list)]
    wide = [each for each in schemas if each.get("type") == "integer" and each["maximum"] >= 2**31]
    assert enums
    assert wide
    assert [each for each in enums if each.get("type") != "string"] == []
    assert [each for each in wide if each.get("format") != "int64"] == []


def described(value: Any) -> Iterator[dict[str, Any]]:
    """Every object inside, at any depth."""
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from described(each)


@pytest.mark.parametrize("record", list(EXAMPLES), ids=lambda record: record.__name__)
def test_an_example_is_of_its_record(record: Any) -> None:
    assert msgspec.json.decode(msgspec.json.encode(EXAMPLES[record]), type=record) == EXAMPLES[record]


def test_each_operation_has_an_example_for_what_it_takes_and_gives() -> None:
    for operation in OPERATIONS:
        wanted = {record for _, record in operation.gives} | ({operation.takes} if operation.takes else set())
        assert wanted <= set(EXAMPLES), operation.name


def test_every_path_leads_to_its_operations() -> None:
    for operation in OPERATIONS:
        path = (BASE + operation.path).replace("{account}", "a").replace("{entry_id}", "1")
        found = matched(path.replace("{idempotency_key}", "K" * 32))
        assert found is not None
        assert operation in found.operations
    assert matched("/v1/other") is None


def test_every_problem_is_declared_and_in_the_table() -> None:
    """Each with its status, and whether it is a refusal without effect."""
    assert set(PROBLEMS) == set(ProblemCode)
    declared = {code for each in OPERATIONS for code in (*EVERYWHERE, *each.problems)}
    assert declared == set(ProblemCode)
    text = json.dumps(document())
    assert all(code.value in text for code in ProblemCode)


def test_only_document_table_and_status_together_prove_a_refusal() -> None:
    """A proxy's status, or a document that claims more than its code says, proves nothing."""
    closed = problem(ProblemCode.PERIOD_CLOSED)
    assert proves_refusal(closed, 422)
    assert not proves_refusal(closed, 400)
    assert not proves_refusal(msgspec.structs.replace(closed, refused_without_effect=False), 422)
    doubt = problem(ProblemCode.OUTCOME_UNKNOWN)
    assert not proves_refusal(msgspec.structs.replace(doubt, refused_without_effect=True), 500)
