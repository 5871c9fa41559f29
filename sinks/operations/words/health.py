"""Words for how targets answer and stand, for letters, commands and pages."""

from __future__ import annotations

from typing import Final

from schemas.vocabulary import AnswerClass, HealthState

ANSWER_WORDS: Final[dict[AnswerClass, str]] = {
    AnswerClass.ANSWERED: "answered",
    AnswerClass.REFUSED: "the entry was refused",
    AnswerClass.BUSY: "we were asked to come back later",
    AnswerClass.UNREACHABLE: "no connection",
    AnswerClass.NO_ANSWER: "no answer",
    AnswerClass.DOWN: "an answer that it cannot work",
    AnswerClass.CREDENTIALS: "our access was refused",
}

HEALTH_WORDS: Final[dict[HealthState, str]] = {
    HealthState.HEALTHY: "answers as it should",
    HealthState.DEGRADED: "fails now and then, or answers slowly",
    HealthState.FAILING: "most attempts fail",
    HealthState.OFFLINE: "cannot be reached",
    HealthState.NEEDS_RECONNECT: "refuses our access: it has to be connected again",
    HealthState.SILENT: "answers, and nothing has been reported that would be posted there, for longer than is usual",
}
UNKNOWN: Final = "not known: nobody has measured it lately"


def failures_words(attempts: int, failed: int, failure: AnswerClass | None, slow: int) -> str:
    """How many of the latest attempts failed, and how. Pure."""
    said = f"{failed} of the latest {attempts} attempts failed"
    if failure is not None:
        said += f"; most often: {ANSWER_WORDS[failure]}"
    return said + (f". {slow} took longer than ten seconds." if slow else ".")
