"""`writeback demo`: one practice day on the real pipeline, with claims that are checked."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from datetime import time as time_of_day
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploy.demo.outcome import Claim
    from deploy.demo.story import Books


def demo() -> None:
    """Show the main job end to end, on a throw-away stack with sandbox targets. Exit code 1: a claim failed.

    1. Set up. 2. Morning, with a crash. 3. Afternoon. 4. Cut-off. 5. The books. 6. A repair. Nothing outlives it, also
    when it is interrupted.
    """
    import signal

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # as Ctrl-C: ended in order, its folder deleted
    try:
        failed = _shown()
    except KeyboardInterrupt:
        print("interrupted: nothing is left running", flush=True)
        sys.exit(128 + signal.SIGINT)
    sys.exit(1 if failed else 0)


def _shown() -> int:
    """How many claims failed."""
    from deploy.demo.practices import PRACTICES
    from deploy.demo.stage import Stage
    from deploy.demo.story import Story, day_before, today_utc

    began = time.monotonic()
    on = day_before(today_utc())
    opens = datetime.combine(on, time_of_day(7, 30), PRACTICES[0].zone)

    def say(line: str) -> None:
        print(line if line.startswith(" ") else f"[{time.monotonic() - began:5.1f} s] {line}", flush=True)

    say("starting Apache Kafka, Postgres and the sandbox targets (throw-away)")
    with Stage(say, opens) as stage:
        story = Story(stage, on, say)
        say(f"three practices on {on:%A, %d %B %Y}, by the rehearsal clock")
        story.set_up()
        say("morning: payments come in, and the poster dies")
        story.morning()
        say("afternoon: the rest of the day, the payouts, and records that upstreams got wrong")
        story.afternoon()
        say("18:00 in Phoenix: the daily practice's release")
        story.cut_off()
        say("the books, read from the targets, the topics and the mailbox")
        books = story.books()
        _table(books)
        say("the office's mapping is repaired: `writeback target add lakeside-family open-dental …`")
        story.repair()
        say("the next morning: a refund, a returned payment, a lost dispute, a payout that the bank refused")
        story.next_morning()
        say("stopping the roles in order")
        stage.stop_roles()
        failed = _verdict(story.claims)
    say("nothing is left running")
    print(
        "\nwhere to look next: README.md; `writeback up` runs it for real; `writeback sandbox` gives you targets to try"
    )
    return failed


def _table(books: Books) -> None:
    from rich.console import Console
    from rich.table import Table

    from deploy.demo.outcome import cents

    table = Table(title="What became of the day", title_justify="left")
    table.add_column("", overflow="fold")
    for practice_id in books:
        table.add_column(practice_id, justify="right")
    pairs = [(expected, seen) for expected, seen, _ in books.values()]
    rows = {
        "events in": [f"{seen.records}" for _, seen in pairs],
        "entries posted": [f"{seen.posted}" for _, seen in pairs],
        "waiting for people": [f"{seen.waiting}" for _, seen in pairs],
        "skipped by a setting": [f"{seen.skipped}" for _, seen in pairs],
        "stopped, practice told": [f"{seen.dead}" for _, seen in pairs],
        "dead letters": [f"{seen.dead_letters}" for _, seen in pairs],
        "e-mails": [f"{len(seen.letters)}" for _, seen in pairs],
        "PMS: payments": [cents(seen.pms_payments) for _, seen in pairs],
        "PMS: fee credits": [cents(seen.pms_credits) for _, seen in pairs],
        "QuickBooks: deposits": [cents(seen.quickbooks) for _, seen in pairs],
        "bank: payouts received": [cents(expected.bank) for expected, _ in pairs],
    }
    for name, cells in rows.items():
        table.add_row(name, *cells)
    Console(width=110).print(table)


def _verdict(claims: list[Claim]) -> int:
    """Prints every claim with its proof; answers how many failed."""
    print()
    for claim in claims:
        print(f"  {'holds' if claim.holds else 'FAILS'}  {claim.what} ({claim.detail})")
    failed = [claim for claim in claims if not claim.holds]
    print(f"\n{len(claims) - len(failed)} of {len(claims)} claims hold\n")
    return len(failed)
