"""Dismisses a dead record in a named person's name, and closes its notice (sinks/operations/README section 4)."""

from __future__ import annotations

from sinks.ledger.practices.staff_text import checked_text
from sinks.ledger.unit_of_work import unit_of_work
from sinks.operations.queries.dead_letters import DeadId
from sinks.operations.queries.read_rows import Connection, run
from streams.runtime.clock import Clock
from streams.runtime.errors import Permanent


def dismiss_record(connection: Connection, practice_id: str, place: DeadId, *, who: str, why: str, clock: Clock) -> int:
    """Settle the open dead letters of one record; returns how many (0: it is not dead). Blocks for the practice's lock.

    Its bytes and its row stay. Raises Permanent without `who` or `why`, and for an entry: what happens with an entry's
    money is decided on the entry itself.
    """
    if not who.strip() or not why.strip():
        raise Permanent("a dismissal needs the name of who decides it and the reason why")
    who, why = checked_text("--as", who), checked_text("--why", why)
    if place.topic is None:
        raise Permanent("only records are dismissed here; an entry is redriven, or ended with `writeback entries`")
    key = {"practice_id": practice_id, "topic": place.topic, "part": place.part, "off": place.off}
    with unit_of_work(connection, practice_id, clock=clock, jitter_s=0, added=False) as unit:
        reasons = [str(row[0]) for row in run(connection, "dismiss_record", key | {"who": who, "now": unit.at})]
        if reasons:
            unit.audit(
                "dead_letter.dismiss",
                actor=who,
                why=why,
                subject=f"{place.topic}:{place.part}:{place.off}",
                before=reasons,
            )
    return len(reasons)
