"""What a record of the results topic says, in one line. Pure; no data but ids, closed words and amounts."""

from __future__ import annotations

from schemas.bookkeeping.money import Money
from schemas.refusals import RecordRefused
from schemas.sender_warnings import SenderWarning
from schemas.writebacks import Result
from sinks.operations.words.explanations import state_words


def subject_words(result: Result | RecordRefused | SenderWarning) -> str:
    """The entry at its target, the event, or the place of a record."""
    if not isinstance(result, Result):
        return f"{result.topic}:{result.partition}:{result.offset}"
    if result.target is None:
        return result.subject
    entry = f"{result.entry_kind} {result.part or ''}".strip().replace("_", " ")
    return f"{result.target} {entry} of {result.subject}"


def published_words(result: Result | RecordRefused | SenderWarning) -> str:
    """What happened to it, and for a refusal or a warning what its sender does."""
    if isinstance(result, SenderWarning):
        place = f"on partition {result.partition}, belongs on {result.expected_partition}"
        return f"WARNING, {result.fault}, {place}: {result.problem} What to do: {result.sender_does}"
    if isinstance(result, RecordRefused):
        again = f", sent again {result.redrives} times" if result.redrives else ""
        return f"REFUSED, {result.reason}{again}: {result.problem} What to do: {result.sender_does}"
    said = f"{result.state}: {state_words(result.state, result.reason or '', result.target)}"
    if result.amount_minor is not None:
        said += f", {Money(result.amount_minor, result.currency or '')}"
    return said if result.external_id is None else f"{said}, {result.external_id} there"
