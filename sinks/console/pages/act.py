"""Post to Ledger, Mark Recorded and Dismiss: what would happen first, then, with a reason, that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Final

import msgspec
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from schemas.bookkeeping.money import MoneyError
from schemas.vocabulary import Ruling, State
from sinks.console.visit import Visit, practice_page
from sinks.operations.acting import Order
from sinks.operations.actions.entry_action_rules import EntryAction, EntryItem
from sinks.operations.actions.entry_actions import NOTHING_SEEN, Entered, act_on_entries
from sinks.operations.actions.event_actions import BornEntry, EventItem, act_on_events
from sinks.operations.actions.open_date import post_with_open_date
from sinks.operations.queries.waiting_entries import Entry
from sinks.operations.queries.waiting_events import event_named, is_event_id
from sinks.operations.typed_amount import typed_minor
from sinks.operations.words.in_the_browser import in_the_browser
from streams.runtime.errors import ConfigurationError


class _Deed(msgspec.Struct, frozen=True):
    """One of the actions as people read it."""

    slug: str
    title: str
    what: str
    done: str
    ruling: Ruling
    open_date: bool = False


_DEEDS: Final = MappingProxyType(
    {
        each.slug: each
        for each in (
            _Deed("post", "Post to Ledger", "Writeback posts it.", "It is on its way.", Ruling.POST),
            _Deed(
                "post-open-date",
                "Post with the first open date",
                "Its own date is in a period that is closed; Writeback posts it with the first date that is open.",
                "It is on its way.",
                Ruling.POST,
                open_date=True,
            ),
            _Deed("record", "Mark Recorded", "Somebody has entered it in the books.", "It is recorded.", Ruling.RECORD),
            _Deed("dismiss", "Dismiss", "Nobody will enter it.", "It is dismissed.", Ruling.DISMISS),
        )
    }
)
Outcome = EntryItem | EventItem
Do = Callable[[Order, Outcome | None], Outcome]
"""What the operations are asked for, where that is to be done with the preview that the person saw."""


class Line(msgspec.Struct, frozen=True):
    """One line of a preview."""

    id: str
    target: str
    what: str
    amount_minor: int
    currency: str
    now: str
    then: str
    entered_minor: int | None = None


@practice_page()
def act(visit: Visit, deed: str, item: str) -> HttpResponse:
    """GET, or without a reason: the preview. POST: the deed, where what would happen is still what was shown."""
    chosen = _DEEDS.get(deed)
    if chosen is None:
        raise Http404
    asked = visit.request.POST if visit.request.method == "POST" else {}
    said = {name: str(asked.get(name) or "").strip() for name in ("amount", "fee", "why", "seen")}
    wrong = ""
    try:
        do = _deed(visit, chosen, item, said)
        preview = do(visit.order(said["why"]), None)
    except (ConfigurationError, MoneyError) as error:
        wrong, do = str(error), _deed(visit, chosen, item, said | {"amount": "", "fee": ""})
        preview = do(visit.order(), None)
    seen = _digest(preview)
    takes_fee = is_event_id(item) and chosen.ruling is not Ruling.DISMISS and _waits_for_fee(visit, item)
    if asked and not wrong:
        wrong = _not_yet(said, seen, preview)
        if not wrong:
            return _done(visit, chosen, item, do(visit.order(said["why"], apply=True), preview))
    return visit.shown(
        "act.html",
        status=422 if wrong else 200,
        deed=chosen,
        item=item,
        preview=preview,
        lines=lines_of(preview),
        said=said,
        seen=seen,
        wrong=wrong,
        takes_amount=chosen.ruling is Ruling.RECORD and isinstance(preview, EntryItem),
        takes_fee=takes_fee,
    )


def _deed(visit: Visit, deed: _Deed, item: str, said: dict[str, str]) -> Do:
    """What the operations are asked for, for a preview and for the deed alike."""
    ledger, practice_id = visit.ledger, visit.practice_id
    if is_event_id(item):
        if deed.open_date:
            raise Http404
        fee = typed_minor(said["fee"]) if said["fee"] else None
        return lambda order, seen: act_on_events(
            ledger, deed.ruling, practice_id, [item], order, fee, _version_of(item, seen)
        )[0]
    number = _entry(item)
    if deed.open_date:
        return lambda order, seen: post_with_open_date(ledger, practice_id, [number], order, _versions(seen))[0]
    entered = {number: Entered(typed_minor(said["amount"]))} if said["amount"] else {}
    action = EntryAction(deed.ruling.value)
    return lambda order, seen: act_on_entries(
        ledger, action, practice_id, [number], order, entered, _versions(seen)
    ).items[0]


def _waits_for_fee(visit: Visit, item: str) -> bool:
    event = event_named(visit.ledger.connection, visit.practice_id, item)
    return event is not None and event.waiting == State.AWAITING_FEE


def _entry(item: str) -> int:
    number = item.removeprefix("e:")
    if not (item.startswith("e:") and number.isascii() and number.isdecimal() and len(number) <= 18):
        raise Http404
    return int(number)


def _not_yet(said: dict[str, str], seen: str, preview: Outcome) -> str:
    """Why the deed is not done but shown again; '' where it may be."""
    if preview.refusal is not None:
        return "It cannot be done as it stands now."
    if said["seen"] != seen:
        return "Look at what would happen now, then confirm."
    if not said["why"]:
        return "Say why: the reason is kept with your name."
    return ""


def _versions(preview: Outcome | None) -> Mapping[int, str]:
    """Of the entries that the person saw: what is another one by then is refused under the lock."""
    if preview is None or isinstance(preview, EventItem):
        return NOTHING_SEEN
    return {each.effect_id: each.version for each in preview.entries}


def _version_of(item: str, preview: Outcome | None) -> Mapping[str, str]:
    """The same of an event: of what would have become of it."""
    return {item: preview.version} if isinstance(preview, EventItem) else {}


def lines_of(outcome: Outcome) -> list[Line]:
    """Of an entry with its parts, or of what an event has from now on. None of an event that ends without entries."""
    if isinstance(outcome, EventItem):
        state = outcome.state or ""
        return [
            Line(each.id, each.target, _what(each), each.amount_minor, each.currency, state, each.state)
            for each in outcome.entries
        ]
    entered = outcome.entered or (None,) * len(outcome.entries)
    return [
        Line(each.id, each.target, _what(each), each.amount_minor, each.currency, each.state, to.value, said)
        for each, to, said in zip(outcome.entries, outcome.states, entered, strict=False)
    ]


def _what(entry: Entry | BornEntry) -> str:
    return f"{entry.entry_kind} {entry.part}".rstrip()


def _digest(preview: Outcome) -> str:
    """Of everything that is shown of what would happen."""
    return sha256(msgspec.json.encode(preview)).hexdigest()[:32]


def _done(visit: Visit, deed: _Deed, item: str, outcome: Outcome) -> HttpResponse:
    """Judged once more under the practice's lock: what changed in between is refused there."""
    if outcome.refusal is not None:
        messages.error(visit.request, f"Nothing was done: {in_the_browser(outcome.refusal, visit.practice_id)}")
    else:
        messages.success(visit.request, deed.done)
    return redirect("story", practice_id=visit.practice_id, sought=item)
