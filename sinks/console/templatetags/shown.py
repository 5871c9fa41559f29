"""How templates show what operations answer: amounts, times in the practice's zone, names of states and kinds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from schemas.bookkeeping.money import Money
from schemas.vocabulary import State
from sinks.operations.queries.audit_search import TrailEntry
from sinks.operations.setup.settings_words import value_words
from sinks.operations.words.explanations import reason_words
from sinks.operations.words.in_the_browser import in_the_browser
from sinks.operations.words.states import STATE_WORDS
from sinks.operations.words.systems import system_label

register = template.Library()


@register.filter
def money(minor: int | None, currency: str | None) -> str:
    """Minor units with their currency; nothing where there is no amount."""
    return "" if minor is None else str(Money(minor, currency or "USD"))


@register.filter
def at(instant: datetime | None, zone: ZoneInfo) -> str | SafeString:
    """An instant as the practice's own clock shows it, for a machine too; nothing where there is none."""
    if instant is None:
        return ""
    local = instant.astimezone(zone)
    return format_html(
        '<time datetime="{}">{}</time>',
        instant.astimezone(UTC).isoformat(timespec="seconds"),
        f"{local:%Y-%m-%d %H:%M:%S %Z}",
    )


@register.filter
def at_text(instant: datetime, zone: ZoneInfo) -> str:
    """The same where only a text can stand."""
    return f"{instant.astimezone(zone):%H:%M:%S %Z}"


@register.filter
def number(value: float | None) -> str:
    """A measured number: whole where it is large, with up to two places where it is small; a dash for none."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.2f}".rstrip("0").rstrip(".")


@register.filter
def megabytes(value: float | None) -> str:
    return str(number(None if value is None else round(value / 1e6)))


@register.filter
def money_of(minor: float, currency: str) -> str:
    """An amount that a metric measured, which is no whole number by its type."""
    return str(Money(round(minor), currency))


@register.filter
def in_words(name: str | None) -> str:
    """`FEE_ADJUSTMENT` as Fee adjustment, `PaymentSucceeded` as Payment succeeded."""
    text = str(name or "")
    if not text.isupper():
        text = "".join(f" {each.lower()}" if each.isupper() else each for each in text).strip()
    return text.replace("_", " ").strip().capitalize()


@register.filter
def changes(entry: TrailEntry) -> list[tuple[str, object, object]]:
    """Of an entry of the audit trail, each field with what it was and what it is; a dash where it had no value."""
    was, now = entry.before or {}, entry.after or {}
    return [(name, was.get(name, "–"), now.get(name, "–")) for name in sorted(was.keys() | now.keys())]


@register.filter
def state_words(state: str) -> str:
    """A state in plain words; one of a newer release as it is called."""
    return STATE_WORDS[State(state)].one if state in State.__members__ else in_words(state)


@register.filter
def why(reason: str, target: str | None) -> str:
    """A reason in plain words."""
    return reason_words(reason, target)


@register.filter
def system(target: str | None) -> str:
    """What a target is called."""
    return "" if target is None else system_label(target)


@register.filter
def of(table: Mapping[str, object], key: str) -> object:
    """What a table has for a key; None where it has nothing."""
    return table.get(key)


@register.filter
def here(text: str, practice: object = None) -> str:
    """What the operations say, with pages for commands."""
    return in_the_browser(str(text or ""), str(getattr(practice, "practice_id", "") or ""))


@register.filter
def stands(typed: str | None, standing: str) -> str:
    """What somebody typed; what stands where nothing was."""
    return standing if typed is None else typed


@register.filter
def setting_words(value: object, field: str) -> str:
    """A value of a setting in the words of the screen."""
    return value_words(field, value)
