"""Who looks: every query that people reach asks whether that person may see what it answers, before it reads anything.

The actor is not handed from query to query: whoever serves somebody says once for whom (`viewing`), and each query that
is called from outside this package is marked with what it shows (`sees`). Where nobody was named nothing is shown.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from operator import attrgetter
from typing import Any, Final, ParamSpec, TypeVar

import msgspec

from sinks.operations.acting import Actor, authorise_view
from sinks.operations.roles import View
from streams.runtime.errors import Permanent

P = ParamSpec("P")
R = TypeVar("R")

MARK: Final = "__sees__"
_viewer: ContextVar[Actor | None] = ContextVar("viewer", default=None)
_of_process: list[Actor] = []


class Sees(msgspec.Struct, frozen=True):
    """What a query shows, and by which of its arguments it is known of whom: a parameter, or a field of one."""

    view: View
    practice: str | None
    organisation: str | None


@contextmanager
def viewing(actor: Actor) -> Iterator[None]:
    """Whatever is asked in this block, on this thread, is asked for `actor`."""
    token = _viewer.set(actor)
    try:
        yield
    finally:
        _viewer.reset(token)


def view_for_process(actor: Actor) -> None:
    """For a process that serves one person, on every thread: a command."""
    _of_process[:] = [actor]


def viewer() -> Actor:
    """Who looks. Raises Permanent where nobody was named."""
    found = _viewer.get() or (_of_process[0] if _of_process else None)
    if found is None:
        raise Permanent("nothing is shown to nobody: say who looks (`sinks.operations.viewing`)")
    return found


def sees(
    view: View, practice: str | None = "practice_id", organisation: str | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Marks a query with what it shows; a call raises Permanent where the viewer may not see it there.

    `practice`, `organisation`: the argument that says of whom, such as `wanted.practice_id`; without a practice in it
    the query is about every practice. TypeError at import for a parameter that the query does not have.
    """

    def marked(query: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(query)
        for path in (practice, organisation):
            if path is not None and path.partition(".")[0] not in signature.parameters:
                raise TypeError(f"{query.__qualname__} has no parameter {path}")

        @wraps(query)
        def asked(*args: P.args, **kwargs: P.kwargs) -> R:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            authorise_view(viewer(), view, _named(bound, practice), _named(bound, organisation))
            return query(*args, **kwargs)

        setattr(asked, MARK, Sees(view, practice, organisation))
        return asked

    return marked


def _named(bound: inspect.BoundArguments, path: str | None) -> str | None:
    if path is None:
        return None
    parameter, _, field = path.partition(".")
    value: Any = bound.arguments[parameter]
    found: str | None = attrgetter(field)(value) if field else value
    return found
