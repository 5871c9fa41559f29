"""The systems as a table of the repository's first page: `python -m sinks.targets.systems.table` prints it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sinks.targets.catalogue import ROUTES
from sinks.targets.systems.catalogue import SYSTEMS
from sinks.targets.systems.record import WORK_LIST, PracticeSystem


def table(systems: Iterable[PracticeSystem] = tuple(SYSTEMS.values()), routes: Iterable[str] = tuple(ROUTES)) -> str:
    """Markdown, a row a system: by what this release serves it, and when it takes entries. Pure."""
    return "\n".join(_lines(systems, frozenset(routes)))


def _lines(systems: Iterable[PracticeSystem], routes: frozenset[str]) -> Iterator[str]:
    yield "| system | served by | takes entries |"
    yield "|---|---|---|"
    for each in systems:
        yield f"| {each.title} | {', '.join(_words(each.served_by(routes)))} | {when(each)} |"


def when(system: PracticeSystem) -> str:
    """At once or in batches, and in which hours. Pure."""
    if system.routes == (WORK_LIST,):
        return "by hand"
    if system.windows:
        return f"in batches, {', '.join(map(str, system.windows))}"
    return "in batches" if system.batches_only else "at once"


def _words(routes: Iterable[str]) -> Iterator[str]:
    return (each.replace("_", " ") for each in routes)


if __name__ == "__main__":
    print(table())
