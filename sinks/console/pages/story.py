"""One payment's or payout's story: every event, decision, entry and call, and what can be done now."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import Http404, HttpResponse

from schemas.vocabulary import FINAL, NEEDS_PERSON, State, Target
from sinks.console.next_steps import Step, steps
from sinks.console.visit import Visit, practice_page
from sinks.operations.queries.explain import Story, explain
from sinks.operations.queries.linked_entries import linked_entries
from sinks.operations.queries.waiting_events import event_named, is_event_id
from sinks.operations.words.deeds import deeds_of


@practice_page()
def story(visit: Visit, sought: str) -> HttpResponse:
    found = story_of(visit, sought)
    entries = [entry for event in found.events for entry in event.entries]
    numbers = [int(entry.id.removeprefix("e:")) for entry in entries]
    moves = any(entry.state not in FINAL and entry.state not in NEEDS_PERSON for entry in entries)
    found_linked = linked_entries(visit.ledger.connection, visit.practice_id, numbers)
    template = "story_body.html" if getattr(visit.request, "htmx", False) else "story.html"
    return visit.shown(
        template,
        story=found,
        sought=sought,
        steps=dict(_steps(visit, found)),
        linked={f"e:{number}": linked for number, linked in found_linked.items()},
        moves=moves,
    )


def story_of(visit: Visit, sought: str) -> Story:
    """Raises Http404 where the practice has nothing that is called so, or several."""
    name = sought
    if is_event_id(sought):
        event = event_named(visit.ledger.connection, visit.practice_id, sought)
        if event is None:
            raise Http404
        name = event.event_id
    found = explain(visit.ledger.connection, name, visit.practice_id, now=visit.ledger.now)
    if not isinstance(found, Story) or found.about.practice_id != visit.practice_id:
        raise Http404
    return found


def _steps(visit: Visit, found: Story) -> Iterator[tuple[str, tuple[Step, ...]]]:
    """By entry, for those that wait for a person. One that hangs on another goes with it."""
    for event in found.events:
        own = {entry.id for entry in event.entries}
        for entry in event.entries:
            if entry.state in NEEDS_PERSON and entry.after not in own:
                deeds = deeds_of(State(entry.state), Target(entry.target))
                yield entry.id, steps(visit, entry.id, deeds)
