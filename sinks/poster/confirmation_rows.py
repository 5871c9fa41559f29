"""Confirmations as rows: what the ledger's statements take of an outcome (laws 19 and 20). Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from schemas.vocabulary import READ_BACK, Stage, State
from sinks.ledger.outbox import effect_result
from sinks.poster.call_outcome import Outcome
from sinks.poster.verdicts import unstorable


class Confirmation(msgspec.Struct, frozen=True):
    """An outcome that waits to be stored."""

    outcome: Outcome
    settle_s: float | None
    """Of its route, from the send on: for the way into doubt. None after a read-back."""
    late: bool
    """Its lease was lost when the answer came."""


UNSTORABLE: Final = "UNSTORABLE"
"""Code of an answer that the ledger refuses to keep."""
LOOK_AGAIN_S: Final = 60.0
"""Until an entry is read for again whose answer could not be stored."""


def without_its_values(confirmation: Confirmation) -> Confirmation | None:
    """The same call as one that proves nothing, without what the target said; None where it is that already."""
    outcome = confirmation.outcome
    if outcome.code == UNSTORABLE:
        return None
    verdict = unstorable(outcome.call, outcome.phase, LOOK_AGAIN_S)
    bare = msgspec.structs.replace(
        outcome, verdict=verdict, scope=None, code=UNSTORABLE, external_ids=(), vendor_request_id=None
    )
    return msgspec.structs.replace(confirmation, outcome=bare)


def positive_row(confirmation: Confirmation, now: datetime) -> dict[str, Any]:
    """Of a positive answer: with its result for the outbox."""
    outcome = confirmation.outcome
    call, external_id = outcome.call, outcome.external_ids[0]
    result = effect_result(call, State.POSTED, at=now, external_id=external_id, attempt=outcome.attempt)
    return {
        "p": call.practice_id,
        "n": call.effect_id,
        "external_id": external_id,
        "settle_s": confirmation.settle_s,
        "settled": call.settled,
        "row_id": result.id,
        "row_key": result.key,
        "row_value": result.value,
        **_attempt_row(confirmation),
    }


def other_row(confirmation: Confirmation) -> dict[str, Any]:
    """Of every other verdict: the fences it has to pass, and what it changes."""
    outcome = confirmation.outcome
    call, verdict = outcome.call, outcome.verdict
    sent = outcome.phase is Stage.POST
    in_doubt = verdict.state in READ_BACK
    return {
        "p": call.practice_id,
        "c": call.connection_id,
        "n": call.effect_id,
        "from_state": State.SENDING.value if sent else call.state.value,
        "to_state": verdict.state.value,
        "reason": None if verdict.reason is None else verdict.reason.value,
        "mark_epoch": outcome.epoch if sent else call.epoch,
        "epoch": outcome.epoch,
        "by_gate": not sent,
        "due_in_s": verdict.wait.seconds,
        "until_settled": verdict.wait.until_settled,
        "settle_s": confirmation.settle_s if sent and in_doubt else None,
        "gives_back": verdict.gives_back,
        "clears_look_first": verdict.proven_absent,
        "failed": verdict.state is not call.state and verdict.state is not State.ACCEPTED and not verdict.gives_back,
        "scope": outcome.scope,
        "external_ids": outcome.external_ids,
        **_attempt_row(confirmation),
    }


def _attempt_row(confirmation: Confirmation) -> dict[str, Any]:
    outcome = confirmation.outcome
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
        "late": confirmation.late,
    }
