"""The e-mail for one step of a notice: fixed words, counts, ids (H-5). Pure; nothing that names a patient gets in."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from sinks.notices.cases import UNNAMED, Reader, case_lines, plain
from sinks.notices.causes import NEWS, OF_ALL_PRACTICES, UNKNOWN_PRACTICE, CauseKind
from sinks.notices.schedule import Problem, Step, StepKind
from sinks.operations.words.deeds import deeds_words
from sinks.operations.words.reasons import words_for
from sinks.operations.words.remedies import remedy_of
from sinks.operations.words.systems import system_name, with_system

_ONE_AND_MANY: Final = {
    CauseKind.RECORD: ("1 payment record", "{n} payment records"),
    CauseKind.POSTING: ("1 entry", "{n} entries"),
    CauseKind.CONNECTION: ("1 entry waiting", "{n} entries waiting"),
    CauseKind.EVENT: ("1 case", "{n} cases"),
    CauseKind.HEALTH: ("1 system", "{n} systems"),
}
_UNCOUNTED: Final = frozenset({CauseKind.CONNECTION, CauseKind.HEALTH})
"""Their subject lines say what is wrong with one system; how much waits for it stands below, if anything does."""


LONGEST_NAME: Final = 40
"""Characters of a practice's name in a subject line."""


class Email(msgspec.Struct, frozen=True):
    """What a recipient reads: a subject line, and paragraphs of plain text. Other channels carry the same two."""

    subject: str
    body: str


def correlation_id(practice_id: str, cause_key: str, opened_at: datetime) -> str:
    """The reference that support asks for (NOT-2): stable for a notice, says nothing by itself."""
    digest = hashlib.sha256(f"{practice_id}\0{cause_key}\0{opened_at.timestamp():.6f}".encode()).digest()
    return "WBN-" + base64.b32encode(digest).decode()[:10]


def notice_email(
    problem: Problem,
    opened_at: datetime,
    step: Step,
    route: str | None = None,
    *,
    reader: Reader = UNNAMED,
    support: str = "",
    details: Sequence[str] = (),
) -> Email:
    """What happened, how many and which, at which practice, why, what to do, and the reference, in that order.

    `route`: of the practice's connection to the cause's target, None where it is not known. `reader`: the practice as
    letters name it. `support`: where a reader can ask. `details`: what a cause says of its cases: ids and amounts, no
    patient.
    """
    words = words_for(problem.cause.reason)
    target = problem.cause.target
    system = system_name(target, route)
    who = _who(problem, reader)
    headline = with_system(words.headline, target, route)
    number = correlation_id(problem.practice_id, problem.cause.key, opened_at)
    reference = f"Reference for support: {number}"
    if support:
        reference += f" ({support})"
    if step.kind is StepKind.RESOLVED:
        return Email(
            f"[Writeback] Solved: {headline} ({who})",
            _paragraphs(
                f"Solved: {headline}.",
                f"Practice: {_named(problem, reader)}",
                "Nothing is open for this cause any more. You do not have to do anything.",
                reference,
            ),
        )
    counted = "" if problem.cause.kind in _UNCOUNTED else f"{_counted(problem)}: "
    return Email(
        f"[Writeback] {_prefix(step)}{counted}{headline} ({who})",
        _paragraphs(
            f"What happened: {_happened(problem, system, headline)}",
            case_lines(problem.cases, problem.count, reader),
            "\n".join(details),
            _again(step),
            _more(step),
            "\n".join(problem.details),
            f"Practice: {_named(problem, reader)}",
            f"{'Since' if problem.cause.reason in NEWS else 'Open since'}: {reader.local(problem.oldest_at)}",
            f"Answer by: {reader.local(problem.answer_by)}" if problem.answer_by else "",
            "Why: " + with_system(words.why, target, route),
            "What to do: " + remedy_of(problem.cause.reason, target, problem.vendor_code, route),
            "What happens then: " + with_system(words.afterwards, target, route),
            deeds_words(problem.cause.reason, problem.practice_id, target),
            _acknowledgement(step, number),
            reference,
        ),
    )


def _who(problem: Problem, reader: Reader) -> str:
    if problem.cause.reason in OF_ALL_PRACTICES:
        return "all practices"
    return "unknown practice" if problem.practice_id == UNKNOWN_PRACTICE else f"practice {_short(problem, reader)}"


def _prefix(step: Step) -> str:
    if step.kind is StepKind.MORE and not _new(step):
        return "Failed again: "
    prefixes = {
        StepKind.REMINDER: "Still open: ",
        StepKind.ESCALATED: "Not acknowledged: ",
        StepKind.MORE: f"{_new(step)} more: ",
    }
    return prefixes.get(step.kind, "")


def _counted(problem: Problem) -> str:
    one, many = _ONE_AND_MANY[problem.cause.kind]
    return one if problem.count == 1 else many.format(n=problem.count)


def _happened(problem: Problem, system: str, headline: str) -> str:
    counted = _counted(problem)
    if problem.cause.kind is CauseKind.RECORD:
        text = f"{counted} could not be processed."
    elif problem.cause.kind is CauseKind.CONNECTION:
        behind = counted if problem.count else "no entry"
        text = f"the connection to {system} does not work, with {behind} behind it so far. No entry has failed."
    elif problem.cause.kind is CauseKind.HEALTH:
        text = f"{headline}."
    elif problem.cause.kind is CauseKind.EVENT:
        text = f"{headline} ({counted})."
    else:
        text = f"{counted} for {system} {'needs' if problem.count == 1 else 'need'} attention."
    if problem.dependents:
        text += (
            f" {problem.dependents} further {'entry waits' if problem.dependents == 1 else 'entries wait'} for that."
        )
    return text


def _new(step: Step) -> int:
    """How many of those since the last message are not known to be old ones that failed again."""
    return max(0, step.more - step.again)


def _again(step: Step) -> str:
    return (
        f"{step.again} of them {'was' if step.again == 1 else 'were'} sent again and failed again."
        if step.again
        else ""
    )


def _more(step: Step) -> str:
    return f"{_new(step)} more like this since our last message." if step.kind is StepKind.MORE and _new(step) else ""


def _acknowledgement(step: Step, reference: str) -> str:
    """Who sees to it; where others are told unless somebody does, how that is said."""
    if step.acknowledged_by:
        return f"{plain(step.acknowledged_by)} sees to it."
    if step.others_after is None and step.kind is not StepKind.ESCALATED:
        return ""
    say = (
        f"Whoever sees to it tells support, or the person who runs Writeback: writeback notices acknowledge {reference}"
    )
    if step.kind is StepKind.ESCALATED:
        return f"Nobody has said yet that they see to this. {say}"
    return f"Unless somebody sees to this, others are told too. {say}"


def _named(problem: Problem, reader: Reader) -> str:
    practice_id = problem.practice_id
    if problem.cause.reason in OF_ALL_PRACTICES:
        return "all"
    if practice_id == UNKNOWN_PRACTICE:
        return "not known, because the record does not say it readably"
    return f"{reader.name} ({practice_id})" if reader.name and reader.name != practice_id else practice_id


def _short(problem: Problem, reader: Reader) -> str:
    """The practice in a subject line: its name, cut so that the line can still be read."""
    name = reader.name or problem.practice_id
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _paragraphs(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"
