"""`writeback lag`: how far behind each role is, and what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.commands.options import Json, Most, Practice
from deploy.commands.printing import print_json, print_table, shown_at, shown_money

if TYPE_CHECKING:
    from sinks.operations.queries.lag import Lag, PartitionLag


def lag(practice: Practice = None, most: Most = 20, as_json: Json = False) -> None:
    """Show records behind per role, the outbox, overdue and closed connections, dead letters, what is not posted yet,
    and what waits for people."""
    from deploy.commands.open_ledger import open_ledger
    from sinks.operations.queries.lag import measure_lag

    with open_ledger("lag") as opened:
        found = measure_lag(opened.ledger, opened.settings, practice_id=practice, most=most)
    if as_json:
        print_json(found)
        return
    _print(found)


def _print(found: Lag) -> None:
    rows = (
        (role, topic, *_summed([p for p in found.partitions if (p.role, p.topic) == (role, topic)]))
        for role, topic in dict.fromkeys((p.role, p.topic) for p in found.partitions)
    )
    print_table("Records behind", ("role", "topic", "partitions", "behind", "without a position"), rows)
    if found.outbox:
        print_table("Outbox", ("topic", "rows", "oldest"), ((o.topic, o.rows, _for(o.oldest_s)) for o in found.outbox))
    _print_connections(found)
    if found.more_than is not None:
        print(f"more than {found.more_than} entries are open; of the next two tables only so many were looked at")
    if found.unposted:
        unposted = ((u.target, u.age, u.entries, shown_money(u.amount_minor, u.currency)) for u in found.unposted)
        print_table("Not posted yet, by age of the payment", ("target", "age", "entries", "value"), unposted)
    if found.waiting_for_people:
        waiting = ((w.practice_id, w.target, w.state, w.count, shown_at(w.since)) for w in found.waiting_for_people)
        print_table("Waiting for people or facts", ("practice", "target", "state", "entries", "since"), waiting)
    print(
        f"open notices: {found.notices_open} (without a reader: {found.notices_unread}), mails due: {found.mails_due}, "
        f"mails that could not be delivered: {found.mails_failed}"
    )


def _print_connections(found: Lag) -> None:
    if found.gates:
        gates = (
            (
                g.practice_id,
                g.connection_id,
                shown_at(g.due_at),
                _for(g.due_for_s),
                _gate(g.claimed, g.held_back),
                g.closed_reason,
            )
            for g in found.gates
        )
        print_table("Due gates, oldest first", ("practice", "connection", "due", "for", "now", "closed"), gates)
    if found.closed:
        closed = (
            (c.practice_id, c.target, c.reason, shown_at(c.since), c.entries, shown_money(c.amount_minor, c.currency))
            for c in found.closed
        )
        print_table(
            "Connections that are closed or down; what waits goes on by itself",
            ("practice", "target", "reason", "since", "entries", "value"),
            closed,
        )
    if found.dead:
        dead = ((d.practice_id, d.entries, d.records, shown_at(d.since)) for d in found.dead)
        print_table(
            "Dead: see `writeback dlq stats`, `writeback dlq list`", ("practice", "entries", "records", "since"), dead
        )


def _summed(parts: list[PartitionLag]) -> tuple[object, ...]:
    known = [part.behind for part in parts if part.behind is not None]
    without = sum(1 for part in parts if part.behind is None and part.end > 0)
    return len(parts), sum(known), without or ""


def _gate(claimed: bool, held_back: bool) -> str:
    return "being worked on" if claimed else "held back" if held_back else "unclaimed"


def _for(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
