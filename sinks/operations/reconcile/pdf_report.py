"""A reconciliation as a report to print or file: figures and causes, totals, and the differences one by one. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from schemas.bookkeeping.money import Money
from sinks.operations.reconcile.bridge import Joint
from sinks.operations.reconcile.run import PracticeReconciled, Reconciled
from sinks.operations.reconcile.words import CAUSE_WORDS, JOINT_WORDS
from sinks.operations.typewriter_pdf import LETTERS, typewriter_pdf

MOST_DIFFERENCES: Final = 3_000
"""One by one, some fifty pages; a report goes into a folder, and the CSV has them all."""
_FIGURE: Final = "{name:<34}{amount:>16} {many:>7}  {words}"
_TOTAL: Final = "{0:<12}{1:>16}{2:>16}{3:>16}{4:>16}{5:>16}"
_DIFFERENCE: Final = "{amount:>16}  {cause:<16}{about}"
_PRACTICE: Final = "{0:<28}{1:>16}{2:>16}{3:>16}{4:>16}"


def pdf_bytes(found: Reconciled) -> bytes:
    """The whole report. Blocks for the writing alone."""
    return typewriter_pdf(list(_lines(found)), f"{_names(found)}  {found.from_day} to {found.to_day}")


def _lines(found: Reconciled) -> Iterator[str]:
    yield f"Reconciliation of {_names(found)}, {found.from_day} to {found.to_day}, in {found.currency}"
    yield "every difference has a cause" if found.explained else "SOME DIFFERENCES HAVE NO CAUSE"
    yield ""
    yield from _figures(found)
    yield ""
    yield f"collected and not in the bank yet: {_money(found.in_transit_minor, found.currency)}"
    yield ""
    yield _TOTAL.format("period", "payments", "given back", "their fees", "other fees", "payouts")
    for each in found.totals:
        amounts = (
            each.payments_minor,
            each.given_back_minor,
            each.fees_minor,
            each.other_fees_minor,
            each.payouts_minor,
        )
        yield _TOTAL.format(each.period, *(_money(amount, found.currency) for amount in amounts))
    if len(found.practices) > 1:
        yield ""
        yield _PRACTICE.format("practice", "PMS", "reported", "payouts", "QuickBooks")
        for practice in found.practices:
            result = practice.result
            figures = (result.pms_minor, result.reported_minor, result.bank_minor, result.quickbooks_minor)
            amounts_of = (_money(amount, practice.currency) for amount in figures)
            yield _PRACTICE.format(practice.practice_id[:27], *amounts_of)
    for practice in found.practices:
        yield from _changed(practice)
    left = MOST_DIFFERENCES
    for practice in found.practices:
        yield from _differences(practice, left)
        left = max(0, left - len(practice.result.differences))


def _figures(found: Reconciled) -> Iterator[str]:
    figures = {
        Joint.PMS_TO_REPORTED: ("booked in the PMS", found.pms_minor),
        Joint.REPORTED_TO_BANK: ("reported", found.reported_minor),
        Joint.BANK_TO_QUICKBOOKS: ("brought by payouts", found.bank_minor),
    }
    for joint, (name, minor) in figures.items():
        yield _figure(name, minor, found.currency)
        for each in found.causes:
            if each.joint is joint:
                many = str(each.differences)
                yield from _folded(
                    _figure(f"  {each.cause}", each.amount_minor, found.currency, many), CAUSE_WORDS[each.cause]
                )
    yield _figure("in QuickBooks", found.quickbooks_minor, found.currency)


def _folded(line: str, words: str) -> Iterator[str]:
    """The line with as many of the words as fit, the rest below."""
    room = LETTERS - len(line)
    while words:
        cut = len(words) if len(words) <= room else words.rfind(" ", 0, room + 1)
        cut = cut if cut > 0 else room
        yield f"{line}{words[:cut]}"
        words, line = words[cut:].lstrip(), " " * len(line)


def _figure(name: str, minor: int, currency: str, many: str = "") -> str:
    return _FIGURE.format(name=name, amount=_money(minor, currency), many=many, words="")


def _changed(practice: PracticeReconciled) -> Iterator[str]:
    if practice.read is None:
        return
    yield ""
    changed = len(practice.changed_there)
    yield f"{practice.practice_id}: {practice.read} documents read in QuickBooks, {changed} changed there"
    for each in practice.changed_there:
        now = "not readable" if each.now_minor is None else _money(each.now_minor, practice.currency)
        what = "deleted there" if each.deleted else f"edited there, now {now} of {each.now_day}"
        written = f"written {_money(each.written_minor, practice.currency)} of {each.written_day}"
        yield f"  {each.payout_id} {each.external_id}: {written}; {what}"


def _differences(practice: PracticeReconciled, most: int) -> Iterator[str]:
    shown = practice.result.differences[:most]
    for joint in Joint:
        of_joint = [each for each in shown if each.joint is joint]
        if of_joint:
            yield ""
            yield f"{practice.practice_id}: {JOINT_WORDS[joint]}"
        for each in of_joint:
            amount = _money(each.amount_minor, practice.currency)
            yield _DIFFERENCE.format(amount=amount, cause=each.cause, about=each.about)
    left = len(practice.result.differences) - len(shown)
    if left:
        yield f"{practice.practice_id}: {left} more differences, all of them in the CSV (--csv)"


def _names(found: Reconciled) -> str:
    names = [each.practice_id for each in found.practices]
    return names[0] if len(names) == 1 else f"{len(names)} practices"


def _money(minor: int, currency: str) -> str:
    return f"{Money(minor, currency).decimal():,.2f}"
