"""The practice of a case: its settings from `name=value`, and what else is so."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from schemas.practice_settings import PracticeSettings
from tests.vectors.reading import Case, Row, VectorError

PATIENTS: Final = ("pt-1", "pt-2", "pt-3")
COMMON: Final[dict[str, Any]] = {"zone": "America/New_York", "master": True}
LISTS: Final = frozenset({"write_off_codes", "clear_first", "holidays", "business_days"})


def settings_of(row: Row | None) -> PracticeSettings:
    """A version of the settings: switched on in New York but for what the row says."""
    body: dict[str, Any] = dict(COMMON)
    for name, value in (row.more if row is not None else {}).items():
        head, _, rest = name.partition(".")
        if rest:
            body.setdefault(head, {})[rest] = value
        elif name == "blackouts":
            begins, ends = value.split("-")
            body[name] = [{"begins": f"{begins}:00", "ends": f"{ends}:00"}]
        elif name == "cut_off":
            body[name] = f"{value}:00"
        elif name in LISTS:
            body[name] = value.split("|")
        else:
            body[name] = value == "true" if value in ("true", "false") else value
    try:
        return msgspec.convert(body, PracticeSettings)
    except msgspec.ValidationError as error:
        raise VectorError(f"{row.place if row else ''}: {error}") from error


def first_settings(case: Case) -> Row | None:
    """The version that the practice begins with: the case's first row, if that is one."""
    steps = case.acts[0].steps
    return next((row for row in steps[:3] if row.kind == "settings" and _before_all(steps, row)), None)


def _before_all(steps: tuple[Row, ...], row: Row) -> bool:
    """Facts may stand before it; an event, or a minute that passes, may not."""
    before = steps[: steps.index(row)]
    return all(each.kind == "fact" and each.what not in ("minute", "clock") for each in before)


def facts(case: Case, what: str) -> list[Row]:
    return [row for act in case.acts for row in act.steps if row.kind == "fact" and row.what == what]


def unlinked(case: Case) -> set[str]:
    return {row.words[0] for row in facts(case, "unlinked")}
