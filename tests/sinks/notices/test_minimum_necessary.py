"""What a letter is made of has no place for a patient: its types have none, and its queries read none (H-5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from sinks.notices.cases import Reader
from sinks.notices.channels.port import Message
from sinks.notices.channels.webhook import NoticePayload
from sinks.notices.digest import OpenNotice, Waiting
from sinks.notices.schedule import Problem, Step
from tests.sinks.ledger.query_plans import every_query

MADE_OF: tuple[type[msgspec.Struct], ...] = (Problem, Step, Reader, Waiting, OpenNotice, Message, NoticePayload)
FIELDS = {
    # whose books, and what is wrong there
    *("practice_id", "name", "zone", "cause", "kind", "target", "reason", "vendor_code", "section", "payouts"),
    # which payments, payouts and records, by the ids of the systems that sent and hold them
    *("cases", "subject", "of", "entry", "amount_minor", "currency", "details"),
    # how many, since when, until when
    *("count", "items", "dependents", "more", "again", "number", "at", "oldest_at", "opened_at", "answer_by"),
    *("acknowledged_by", "others_after"),
    # the message itself
    *("message_id", "recipient", "body", "text", "written_at", "timestamp", "incident", "step", "reference"),
    *("thread", "endpoint", "owner", "blob", "type", "data"),
}
"""Every field that is reachable from what a letter is made of. A further one is a decision: can it name a patient?"""
OF_PATIENTS = re.compile(
    r"\b(?:patient_\w+|pms_patient_id|mirror_patients|identity|guarantor\w*|payload|instruction|phone|answer)\b"
)
"""Columns and tables that name a patient, or hold what was sent to or read from a system that knows patients."""


def fields_of(record: type[msgspec.Struct], seen: set[type] | None = None) -> Iterator[str]:
    """The names of all fields that are reachable from a record."""
    seen = set() if seen is None else seen
    if record in seen:
        return
    seen.add(record)
    for name, hint in get_type_hints(record).items():
        if name.startswith("__"):
            continue
        yield name
        for inner in structs_in(hint):
            yield from fields_of(inner, seen)


def structs_in(hint: Any) -> Iterator[type[msgspec.Struct]]:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield hint
    elif isinstance(hint, type) and issubclass(hint, Enum):
        return
    for each in get_args(hint):
        yield from structs_in(each)


def test_no_type_of_a_letter_has_a_place_for_a_patient() -> None:
    found = {name for record in MADE_OF for name in fields_of(record)}
    assert found == FIELDS


def test_control_a_further_field_is_found() -> None:
    class CaseOfSomebody(msgspec.Struct):
        patient_name: str

    class Wider(msgspec.Struct):
        cases: tuple[CaseOfSomebody, ...]

    globals()["CaseOfSomebody"] = CaseOfSomebody
    assert set(fields_of(Wider)) - FIELDS == {"patient_name"}


def read_of_patients(text: str) -> list[str]:
    return OF_PATIENTS.findall(re.sub(r"--[^\n]*", "", text))


def test_no_query_of_letters_reads_anything_of_a_patient() -> None:
    queries = {name: text for name, text in every_query() if name.startswith("notices/")}
    assert len(queries) > 20
    assert not {name: found for name, text in queries.items() if (found := read_of_patients(text))}


@pytest.mark.parametrize("text", ["SELECT w.patient_ref FROM work w", "SELECT e.payload FROM effects e"])
def test_control_a_query_that_reads_one_is_found(text: str) -> None:
    assert read_of_patients(text)
