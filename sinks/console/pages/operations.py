"""Operations: practices' systems that are not well, who is behind, what is dead, connections. No patient data."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse

from sinks.console.process import console
from sinks.console.visit import Visit, operators_page
from sinks.operations.queries.connections import connections_of
from sinks.operations.queries.dead_letters import DeadWanted
from sinks.operations.queries.dead_stats import dead_stats
from sinks.operations.queries.lag import Lag, measure_lag
from sinks.operations.queries.open_notices import open_notices
from sinks.operations.queries.target_health import stated_health
from streams.runtime.errors import Transient, category_of

MOST: Final = 50


@operators_page
def operations(visit: Visit) -> HttpResponse:
    ledger = visit.ledger
    return visit.shown(
        "operations.html",
        health=stated_health(ledger, None, MOST, unhealthy=True),
        dead=dead_stats(ledger, DeadWanted(most=MOST)),
        connections=connections_of(ledger, None),
        notices=open_notices(ledger.connection, None, MOST),
        lag=_lag(visit),
        most=MOST,
    )


def _lag(visit: Visit) -> Lag | None:
    """None where the broker does not answer, or others are asking it: the rest of the page is shown all the same."""
    try:
        with console().asking_other_systems():
            return measure_lag(visit.ledger, console().settings, most=MOST)
    except Exception as error:
        if category_of(error) is not Transient:
            raise
        return None
