"""Names around the requests that wait for an agent, and what its answer means."""

from __future__ import annotations

from typing import Final

from schemas.connector.agent_records import Failure, ItemAnswer
from sinks.targets.http_call import HttpAnswer, HttpOutcome, Lost, NotSent

ASKED: Final = "writeback_connector_asked"
"""Channel: a practice has a request for its agent."""
ANSWERED: Final = "writeback_connector_answered"
"""Channel: a request has its answer."""
NOT_FETCHED: Final = "NOT_FETCHED"
"""Code of a request that no agent fetched: nothing was sent."""
NOT_ANSWERED: Final = "NOT_ANSWERED"
"""Code of a request that an agent fetched, and did not answer in time."""
LEDGER: Final = "LEDGER"
"""Code of a request of which the ledger did not say whether it was fetched."""


def outcome_of(answer: ItemAnswer) -> HttpOutcome:
    """As if the connector had been called. Pure."""
    if answer.failure is Failure.NOT_REACHED:
        return NotSent("NOT_REACHED")
    if answer.failure is not None or answer.status is None:
        return Lost("NO_ANSWER")
    return HttpAnswer(
        status=answer.status,
        body=answer.body,
        content_type=answer.content_type.partition(";")[0].strip().lower(),
        retry_after_s=answer.retry_after_s,
        request_id=None,
    )
