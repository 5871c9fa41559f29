"""Several entries at once: what would become of each, then, with a reason, that; what changed since is refused."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from schemas.vocabulary import State
from sinks.console.bulk_deeds import BULK, BulkDeed, tick, ticked
from sinks.console.leads import filters_of
from sinks.console.stretches import stretch_of
from sinks.console.visit import Visit, practice_page
from sinks.operations.actions.entry_action_rules import EntryItem
from sinks.operations.queries.transaction_filter import Place, Wanted
from sinks.operations.queries.transactions import page_of
from sinks.operations.words.in_the_browser import in_the_browser
from streams.runtime.errors import ConfigurationError

MOST: Final = 200
"""Entries of one go: one transaction holds the practice's lock for them."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one entry, with the parts that go with it."""

    id: str
    what: str
    target: str | None
    amount_minor: int | None
    currency: str | None
    now: str
    then: str
    parts: int
    refusal: str | None
    notes: tuple[str, ...] = ()
    """What to look at first."""


@practice_page()
def bulk(visit: Visit) -> HttpResponse:
    """POST from a list: the preview. POST `step=do` from the preview: the deed, and what became of each."""
    if visit.request.method != "POST":
        return redirect("to_do", practice_id=visit.practice_id)
    asked = visit.request.POST
    deed = BULK.get(asked.get("deed") or "")
    if deed is None:
        raise Http404
    said = {name: str(asked.get(name) or "").strip() for name in ("why", "name")}
    does = asked.get("step") == "do"
    seen = ticked((asked.get("seen") or "").split()) if does else _chosen(visit, asked)
    numbers = list(ticked((asked.get("named") or "").split())) if does else list(seen)
    if not numbers:
        raise ConfigurationError("no entry is chosen: go back, tick what is meant, and repeat what you did")
    wrong = ""
    if does:
        try:
            return _done(visit, deed, numbers, said, seen)
        except ConfigurationError as error:
            wrong = in_the_browser(str(error), visit.practice_id)
    items = deed.do(visit, numbers, said["name"] if not wrong else "", visit.order(), seen).items
    going = [each for each in items if each.refusal is None and each.head is not None]
    shown = {entry.effect_id: seen.get(entry.effect_id, entry.version) for each in going for entry in each.entries}
    return visit.shown(
        "bulk.html",
        status=422 if wrong else 200,
        deed=deed,
        rows=[_row(each) for each in items],
        going=len(going),
        refused=len(items) - len(going),
        named=" ".join(tick(each.head.effect_id, each.head.version) for each in going if each.head is not None),
        seen=" ".join(tick(*each) for each in shown.items()),
        said=said,
        wrong=wrong,
    )


def _chosen(visit: Visit, asked: Any) -> dict[int, str]:
    """Of the ticked rows, or of everything that the list's filter finds. Raises ConfigurationError for more than may
    be done in one go."""
    found = _listed(visit, asked) if asked.get("which") == "all" else ticked(asked.getlist("tick"))
    if len(found) > MOST:
        raise ConfigurationError(f"more than {MOST} entries are meant, and so many go at once at most: choose fewer")
    return found


def _listed(visit: Visit, asked: Any) -> dict[int, str]:
    """Of the filter's entries some more than MOST at most."""
    stretch = stretch_of(visit, asked)
    wanted = Wanted(
        practice_id=visit.practice_id,
        from_day=stretch.first,
        to_day=stretch.last,
        most=MOST,
        **filters_of(asked),
    )
    found: dict[int, str] = {}
    place: Place | None = None
    while len(found) <= MOST:
        page = page_of(visit.ledger.connection, wanted, place)
        found |= {each.effect_id: each.version for each in page.rows if each.effect_id and each.version}
        place = page.next
        if place is None:
            break
    return found


def _done(visit: Visit, deed: BulkDeed, numbers: list[int], said: dict[str, str], seen: dict[int, str]) -> HttpResponse:
    """Judged once more under the practice's lock. Raises ConfigurationError without a reason."""
    if not said["why"]:
        raise ConfigurationError("Say why: the reason is kept with your name.")
    done = deed.do(visit, numbers, said["name"], visit.order(said["why"], apply=True), seen)
    refused = [_row(each) for each in done.items if each.refusal is not None]
    return visit.shown("bulk_done.html", deed=deed, done=len(done.items) - len(refused), refused=refused)


def _row(item: EntryItem) -> Row:
    head = item.head
    return Row(
        id=item.id,
        what="" if head is None else f"{head.entry_kind} {head.part}".rstrip(),
        target=None if head is None else head.target,
        amount_minor=None if head is None else head.amount_minor,
        currency=None if head is None else head.currency,
        now="" if head is None else head.state,
        then=item.states[0].value if item.states else "" if head is None else State(head.state).value,
        parts=len(item.parts),
        refusal=item.refusal,
        notes=item.notes,
    )
