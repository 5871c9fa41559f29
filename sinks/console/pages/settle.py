"""What else ends a matter: a payout's difference, a change in the practice's own system, a try that failed for good."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Final

import msgspec
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from sinks.console.process import console
from sinks.console.visit import Visit, practice_page
from sinks.operations.acting import Action, Order, authorise
from sinks.operations.actions.accept_change import accept_change
from sinks.operations.actions.payout_differences import DifferenceEnded, accept_difference, dismiss_difference
from sinks.operations.actions.redrive import redrive
from sinks.operations.actions.redrive_plan import Fate, plan_redrive
from sinks.operations.actions.republish import Republisher
from sinks.operations.queries.dead_letters import DeadId, DeadWanted
from sinks.operations.queries.payout_differences import PREFIX
from sinks.operations.words.difference_words import DIFFERENCE_WORDS
from streams.runtime.errors import ConfigurationError
from streams.runtime.lifecycle import Stop

_PER_SECOND: Final = 50.0
_ENTRY: Final = "e:"


class Line(msgspec.Struct, frozen=True):
    """One line of what would happen."""

    id: str
    what: str
    amount_minor: int | None
    currency: str | None
    then: str


Do = Callable[[Visit, int, Order], Sequence[Line]]


def _difference(end: Callable[..., DifferenceEnded]) -> Do:
    def do(visit: Visit, number: int, order: Order) -> Sequence[Line]:
        done = end(visit.ledger, visit.practice_id, number, order)
        each = done.difference
        said = Line(f"{PREFIX}{number}", DIFFERENCE_WORDS[each.kind], each.paid_minor, each.currency, "ended")
        corrected = (
            Line("", f"{entry.entry_kind} {entry.part}".rstrip(), entry.amount_minor, entry.currency, "is posted")
            for entry in done.entries
        )
        return (said, *corrected)

    return do


def _change(visit: Visit, number: int, order: Order) -> Sequence[Line]:
    found = accept_change(visit.ledger, visit.practice_id, number, order)
    return (Line(found.id, found.state, found.amount_minor, found.currency, "stays as it is there"),)


def _again(visit: Visit, number: int, order: Order) -> Sequence[Line]:
    authorise(order, Action.DEAD_LETTER_REDRIVE, visit.practice_id)
    wanted = DeadWanted(practice_id=visit.practice_id, id=DeadId(effect_id=number))
    planned = plan_redrive(visit.ledger.connection, wanted)
    if not planned.items:
        raise ConfigurationError(f"e:{number} does not stand dead any more: nothing is left to send again")
    if not planned.of(Fate.RELEASE):
        raise ConfigurationError(f"it is not sent again: {'; '.join(planned.items[0].notes)}")
    done = redrive(visit.ledger, planned, Republisher(console().settings), order, per_second=_PER_SECOND, stop=Stop())
    if done is not None and not done.released:
        raise ConfigurationError(f"e:{number} was taken further meanwhile: nothing was left to send again")
    return tuple(
        Line(each.id, each.reason, None, None, "; ".join(("is due again", *each.notes)))
        for each in planned.items
        if each.fate is Fate.RELEASE
    )


class _Deed(msgspec.Struct, frozen=True):
    """One of them as people read it."""

    title: str
    what: str
    done: str
    of: str
    do: Do


_DEEDS: Final = MappingProxyType(
    {
        "bank-is-right": _Deed(
            "The bank is right",
            "Writeback posts what corrects the entries.",
            "The difference has ended; what corrects the entries is on its way.",
            PREFIX,
            _difference(accept_difference),
        ),
        "leave-difference": _Deed(
            "Nothing is to be done",
            "The difference is listed no more, and no entry changes.",
            "The difference has ended.",
            PREFIX,
            _difference(dismiss_difference),
        ),
        "accept-change": _Deed(
            "It was meant",
            "What people changed in their own system stays, and is told no more. No entry changes.",
            "The change is accepted.",
            _ENTRY,
            _change,
        ),
        "send-again": _Deed(
            "Send again",
            "Its cause is corrected; Writeback tries it once more, with what waits behind it.",
            "It is on its way.",
            _ENTRY,
            _again,
        ),
    }
)


@practice_page()
def settle(visit: Visit, deed: str, item: str) -> HttpResponse:
    """GET, or without a reason: what would happen. POST: that, where it is still what was shown."""
    chosen = _DEEDS.get(deed)
    if chosen is None:
        raise Http404
    number = _number(chosen.of, item)
    asked = visit.request.POST if visit.request.method == "POST" else {}
    why = str(asked.get("why") or "").strip()
    lines = chosen.do(visit, number, visit.order())
    seen = sha256(msgspec.json.encode(lines)).hexdigest()[:32]
    wrong = ""
    if asked and str(asked.get("seen") or "") != seen:
        wrong = "Look at what would happen now, then confirm."
    elif asked and not why:
        wrong = "Say why: the reason is kept with your name."
    elif asked:
        try:
            order = visit.order(why, apply=True)
        except ConfigurationError as error:
            wrong = str(error)
        else:
            chosen.do(visit, number, order)
            messages.success(visit.request, chosen.done)
            return redirect("to_do", practice_id=visit.practice_id)
    status = 422 if wrong else 200
    return visit.shown("settle.html", status, deed=chosen, item=item, lines=lines, seen=seen, why=why, wrong=wrong)


def _number(prefix: str, item: str) -> int:
    digits = item.removeprefix(prefix)
    if not (item.startswith(prefix) and digits.isascii() and digits.isdecimal() and len(digits) <= 18):
        raise Http404
    return int(digits)
