"""Sends dead letters on their way again: as planned, whole lanes in order, audited, paced."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from schemas.vocabulary import DEAD
from sinks.ledger.waiting.release import release
from sinks.operations.acting import Act, Action, Order, acting, authorise
from sinks.operations.actions.redrive_plan import CHUNK, Fate, RedriveItem, RedrivePlan, chunks_of
from sinks.operations.actions.republish import Republisher
from sinks.operations.ledger import Ledger
from streams.runtime.lifecycle import Stop

AT_ONCE_S: Final = 1.0
"""Seconds of the rate that are sent in one go: `--per-minute 6` is one every ten seconds, and no heap each minute."""


class RedriveDone(msgspec.Struct, frozen=True):
    released: int = 0
    republished: int = 0
    refused: int = 0
    gone: int = 0
    """No longer dead when their turn came: somebody else was quicker."""


def redrive(
    ledger: Ledger, planned: RedrivePlan, republisher: Republisher, order: Order, *, per_second: float, stop: Stop
) -> RedriveDone | None:
    """Do what was planned, at most `per_second`, until done or stopped. Blocks for as long as that takes.

    None for an order that is not to be applied: its preview is the plan, since a record that was sent cannot be taken
    back. Each chunk is one transaction: 1. lock the practice. 2. release, or send and have it acknowledged. 3. audit.
    4. commit. A crash in between leaves the rest dead, and repeats nothing but a record whose identity makes the
    repeat a duplicate. A pause lies between two chunks, none before the first or after the last. Raises as `acting`.
    """
    for practice_id in sorted({each.practice_id for each in planned.items}):
        authorise(order, Action.DEAD_LETTER_REDRIVE, practice_id)
    if not planned.items:
        authorise(order, Action.DEAD_LETTER_REDRIVE)
    if not order.apply:
        return None
    released = republished = gone = 0
    sent = 0
    for chunk in chunks_of(planned, most=max(1, min(CHUNK, int(per_second * AT_ONCE_S)))):
        if stop or (sent and stop.wait(sent / per_second)):
            break
        with acting(ledger, order, Action.DEAD_LETTER_REDRIVE, chunk[0].practice_id, added=False) as act:
            if chunk[0].fate is Fate.RELEASE:
                count = _release(ledger, act, chunk)
                released += count
            else:
                records = [item.record for item in chunk if item.record]
                count = republisher.republish(ledger.connection, records, who=order.actor.name, now=ledger.now)
                republished += count
            gone += len(chunk) - count
            if count:
                act.audit(
                    subject=chunk[0].fate.value,
                    before=_reasons(chunk),
                    after={"count": count, "ids": [item.id for item in chunk]},
                )
        sent = len(chunk)
    return RedriveDone(released, republished, len(planned.of(Fate.REFUSE)), gone)


def _release(ledger: Ledger, act: Act, chunk: Sequence[RedriveItem]) -> int:
    numbers = [item.effect_id for item in chunk if item.effect_id is not None]
    return release(act.unit, DEAD, actor=act.order.actor.name, effect_ids=numbers)


def _reasons(chunk: Iterable[RedriveItem]) -> dict[str, int]:
    found: dict[str, int] = {}
    for item in chunk:
        found[item.reason] = found.get(item.reason, 0) + 1
    return found
