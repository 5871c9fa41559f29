"""Settings > Payment Writeback: what stands, what a change would do to the last month, and then the change."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from sinks.console.process import console
from sinks.console.visit import Visit, practice_page
from sinks.operations.queries.settings_views import differences_between, version_before, view_history
from sinks.operations.roles import Action, View
from sinks.operations.setup.amount_example import amount_example
from sinks.operations.setup.last_month import LastMonth, last_month
from sinks.operations.setup.mirrored_choices import mirrored_choices
from sinks.operations.setup.settings_form import SettingsForm, Tried, save_typed, settings_form, try_settings
from sinks.operations.setup.settings_words import SECTIONS, field_words
from streams.runtime.errors import ConfigurationError, Transient

FIELDS: Final = tuple(name for fields in SECTIONS.values() for name in fields)
LONGEST: Final = 400


@practice_page(View.SETTINGS)
def settings(visit: Visit) -> HttpResponse:
    """GET: what stands. POST `try`: what would change; `save`, with a reason: the version, where what would change is
    still what was shown."""
    form = settings_form(visit.ledger, visit.practice_id)
    if form is None:
        return visit.shown("settings.html", form=None)
    asked = visit.request.POST
    if visit.request.method != "POST":
        return _page(visit, form, {})
    typed = {name: str(asked[name])[:LONGEST] for name in FIELDS if name in asked}
    why = str(asked.get("why") or "").strip()
    tried, wrong = _tried(visit, typed, why)
    if asked.get("step") == "save" and not wrong and tried.saved is not None:
        wrong = _not_yet(str(asked.get("seen") or ""), why, tried)
        if not wrong:
            order = visit.order(why, apply=True)
            done = save_typed(visit.ledger, visit.practice_id, typed, tried.seen, order)
            messages.success(
                visit.request, f"Saved as version {done.version.version}: payments that happen from now on follow it."
            )
            return redirect("settings", practice_id=visit.practice_id)
    return _page(visit, form, typed, tried, why, wrong)


def _tried(visit: Visit, typed: dict[str, str], why: str) -> tuple[Tried, str]:
    """A reason that may not be kept is said, and what was typed is judged all the same."""
    try:
        return try_settings(visit.ledger, visit.practice_id, typed, visit.order(why)), ""
    except ConfigurationError as error:
        return try_settings(visit.ledger, visit.practice_id, typed, visit.order()), str(error)


def _not_yet(seen: str, why: str, tried: Tried) -> str:
    if seen != tried.seen:
        return "Look at what would change now, then save."
    return "" if why else "Say why: the reason is kept with your name."


def _month(visit: Visit, tried: Tried) -> LastMonth | None:
    """None where nothing would change, or too many ask at once: the change can be saved all the same."""
    if tried.proposed is None or tried.saved is None:
        return None
    try:
        with console().asking_other_systems():
            return last_month(visit.ledger, visit.practice_id, tried.proposed)
    except Transient:
        return None


def _page(
    visit: Visit,
    form: SettingsForm,
    typed: dict[str, str],
    tried: Tried | None = None,
    why: str = "",
    wrong: str = "",
) -> HttpResponse:
    refusals = {} if tried is None else dict(tried.refusals)
    bad = bool(refusals or wrong)
    history = view_history(visit.ledger, visit.practice_id)
    versions = [
        (
            each,
            [
                (words.label if (words := field_words(change.field)) else change.field, change)
                for change in differences_between(history.history, before, each.version)
            ]
            if (before := version_before(history.history, each.version))
            else None,
            each is history.in_force,
        )
        for each in reversed(history.history.versions)
    ]
    connection, currency = visit.ledger.connection, form.standing.currency
    return visit.shown(
        "settings.html",
        status=422 if bad else 200,
        form=form,
        typed=typed,
        refusals=refusals,
        general=wrong or refusals.get("", ""),
        tried=tried,
        labels={name: words.label for fields in SECTIONS.values() for name, words in fields.items()},
        month=None if tried is None or bad else _month(visit, tried),
        example=amount_example(connection, visit.practice_id, currency),
        choices=mirrored_choices(connection, visit.practice_id),
        versions=versions,
        withdrawn=history.withdrawn,
        why=why,
        saves=visit.rights.may(Action.SETTINGS_SAVE, visit.practice_id),
    )
