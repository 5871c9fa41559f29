"""An outcome as a row of a confirmation: what the ledger's statements take of it (laws 19 and 20). Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from schemas.vocabulary import READ_BACK, Stage, State
from sinks.poster.planned_call import Outcome
from sinks.poster.publications import result_of


def positive_row(outcome: Outcome, settle_s: float | None, late: bool, now: datetime) -> dict[str, Any]:
    """Of a positive answer: with its result for the outbox."""
    work, external_id = outcome.work, outcome.external_ids[0]
    result = result_of(work, State.POSTED, now, external_id=external_id, attempt=outcome.attempt)
    return {
        "p": work.practice_id,
        "n": work.effect_id,
        "external_id": external_id,
        "settle_s": settle_s,
        "settled": work.settled,
        "row_id": result.id,
        "row_key": result.key,
        "row_value": result.value,
        **_attempt_row(outcome, late),
    }


def other_row(outcome: Outcome, settle_s: float | None, late: bool) -> dict[str, Any]:
    """Of every other verdict: the fences it has to pass, and what it changes."""
    work, verdict = outcome.work, outcome.verdict
    sent = outcome.phase is Stage.POST
    return {
        "p": work.practice_id,
        "c": work.connection_id,
        "n": work.effect_id,
        "from_state": State.SENDING.value if sent else work.state.value,
        "to_state": verdict.state.value,
        "reason": None if verdict.reason is None else verdict.reason.value,
        "mark_epoch": outcome.epoch if sent else work.epoch,
        "epoch": outcome.epoch,
        "by_gate": not sent,
        "due_in_s": verdict.wait.seconds,
        "until_settled": verdict.wait.until_settled,
        "settle_s": settle_s if sent and verdict.state in READ_BACK else None,
        "gives_back": verdict.gives_back,
        "clears_look_first": verdict.proven_absent,
        "failed": verdict.state is not work.state and verdict.state is not State.ACCEPTED and not verdict.gives_back,
        "scope": outcome.scope,
        "external_ids": outcome.external_ids,
        **_attempt_row(outcome, late),
    }


def _attempt_row(outcome: Outcome, late: bool) -> dict[str, Any]:
    return {
        "a_n": outcome.n,
        "phase": outcome.phase.value,
        "epoch": outcome.epoch,
        "generation": outcome.generation,
        "request_id": outcome.request_id,
        "began_at": outcome.began_at,
        "ended_at": outcome.ended_at,
        "answer": outcome.answer,
        "code": outcome.code,
        "vendor_request_id": outcome.vendor_request_id,
        "late": late,
    }
