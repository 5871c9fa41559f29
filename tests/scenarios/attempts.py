"""Faults of the targets of a scenario's practices, and the attempts that the poster recorded."""

from __future__ import annotations

from typing import Any

from deploy.sandbox.running import Effect, FaultKind
from tests.scenarios.pipeline import Pipeline

PAYMENTS = "/payments"
DEPOSITS = "*/deposit"


def office_fault(pipeline: Pipeline, practice: str, kind: FaultKind, effect: Effect = Effect.NONE, **fault: Any) -> int:
    """A fault of the practice's office; by default of creating payments."""
    account, _ = pipeline.accounts[practice]
    chosen = {"method": "POST", "path": PAYMENTS} | fault
    return pipeline.sandbox.open_dental.fault(kind, effect, account=account, **chosen)


def company_fault(
    pipeline: Pipeline, practice: str, kind: FaultKind, effect: Effect = Effect.NONE, **fault: Any
) -> int:
    """A fault of the practice's company; by default of creating deposits."""
    _, account = pipeline.accounts[practice]
    chosen = {"method": "POST", "path": DEPOSITS} | fault
    return pipeline.sandbox.quickbooks.fault(kind, effect, account=account, **chosen)


def answers(pipeline: Pipeline, practice: str | None = None) -> list[tuple[str, int, str, str, str | None]]:
    """(practice, effect, phase, answer, code) of every attempt, in the order of their ends."""
    query = (
        "SELECT practice_id, effect_id, phase, answer, code FROM attempts"
        " WHERE practice_id = coalesce(%s, practice_id) ORDER BY ended_at"
    )
    return [tuple(row.values()) for row in pipeline.rows(query, practice)]


def sent(pipeline: Pipeline, practice: str | None = None) -> list[tuple[str, str | None]]:
    """(answer, code) of every call that left us, in the order of their ends; a busy machine's late starts left out."""
    tried = answers(pipeline, practice)
    return [(answer, code) for _, _, phase, answer, code in tried if phase == "post" and answer != "NothingSent"]


def counted_and_with_effect(pipeline: Pipeline, practice: str | None = None) -> tuple[int, int]:
    """Attempts that were counted, and calls that may have had an effect: equal, when nothing else burns attempts."""
    counted = sum(column(pipeline, "attempts", practice))
    return counted, sum(answer in ("Posted", "Accepted", "NoAnswer") for answer, _ in sent(pipeline, practice))


def column(pipeline: Pipeline, name: str, practice: str | None = None) -> list[Any]:
    """One column of the effects, in order of their ids."""
    query = (
        f"SELECT {name} AS it FROM effects WHERE practice_id = coalesce(%s, practice_id)"
        " ORDER BY practice_id, effect_id"
    )
    return [row["it"] for row in pipeline.rows(query, practice)]
