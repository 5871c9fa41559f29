"""Counts the console's answers and their seconds, as the other roles that are called do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from streams.runtime.errors import Role
from streams.runtime.metrics import REQUEST_SECONDS, REQUESTS

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_ROLE: Final = Role.CONSOLE.value


def counted(application: Application) -> Application:
    """The same application, measured from its call until its answer is composed."""
    seconds = REQUEST_SECONDS.labels(_ROLE)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        began = time.monotonic()

        def start(status: str, *rest: Any) -> Any:
            REQUESTS.labels(_ROLE, f"{status[:1]}xx").inc()
            return start_response(status, *rest)

        try:
            return application(environ, start)
        finally:
            seconds.observe(time.monotonic() - began)

    return answer
