"""The seven invariants that end every scenario, looked up from outside.

Money in comes from the source topics, what was posted from the sandboxes' ledgers, and only the states in between
from Postgres; nothing is asked of the pipeline's own code but the codec.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import psycopg
from psycopg.rows import dict_row

from schemas.codec import Undecodable, decode_event
from schemas.events import (
    DisputeClosed,
    DisputeOpened,
    Event,
    MoneyFields,
    PaymentReturned,
    PayoutPaid,
    RefundFailed,
    RefundSucceeded,
)
from schemas.vocabulary import DEAD, EVENT_WAITING, State, Verdict
from tests.scenarios import topics
from tests.scenarios.topics import Record
from tests.vectors.entries import toward_balance
from tests.worlds import World

Rows = list[dict[str, Any]]
COUNTS = ("payment", "fee_adjustment", "insurance_payment")
"""The entries that count toward a patient's balance when a payment is reported."""
MONEY_BACK = (RefundSucceeded, RefundFailed, PaymentReturned, DisputeOpened, DisputeClosed)
MONEY_BACK_KINDS = ("refund", "return", "dispute_hold", "dispute_release", "fee_adjustment")
"""The entries of money that goes back, and of what comes back of that."""
NO_BALANCE = ("write_off", "allocation", "note")
"""What stands beside the money: the sandbox's payments and adjustments do not hold it."""


class Ledger:
    """One look at the ledger's tables."""

    def __init__(self, world: World) -> None:
        with psycopg.connect(world.database_url, row_factory=dict_row) as db:
            self.events: Rows = db.execute("SELECT * FROM events").fetchall()
            self.effects: Rows = db.execute("SELECT * FROM effects ORDER BY practice_id, effect_id").fetchall()
            self.receipts: Rows = db.execute("SELECT * FROM receipts").fetchall()
            self.offsets: Rows = db.execute("SELECT * FROM intake_offsets").fetchall()
            self.topics: Rows = db.execute("SELECT * FROM topic_partitions").fetchall()
            self.notices: Rows = db.execute("SELECT * FROM notices").fetchall()
            self.dead_letters: Rows = db.execute("SELECT * FROM dead_letters").fetchall()
            self.attempts: Rows = db.execute("SELECT * FROM attempts").fetchall()
            self.outbox: Rows = db.execute("SELECT * FROM outbox").fetchall()
            self.ids = topics.ids(world)


def one_receipt_each(ledger: Ledger, sources: list[Record]) -> None:
    """I1: every source record has exactly one receipt, and every event one visible state."""
    by_end = Counter(
        (ledger.ids.get(row["topic_id"], row["topic_id"]), row["part"], row["off"]) for row in ledger.receipts
    )
    expected = {(record.topic, record.partition, record.offset) for record in sources}
    missing, extra = expected - set(by_end), set(by_end) - expected
    assert not missing, f"I1: records without a receipt: {sorted(missing)[:5]} of {len(missing)}"
    assert not extra, f"I1: receipts without a record: {sorted(extra)[:5]}"
    assert all(n == 1 for n in by_end.values()), f"I1: more than one receipt: {by_end.most_common(3)}"
    with_effects = {(row["practice_id"], row["source"], row["event_id"]) for row in ledger.effects}
    for event in ledger.events:
        key = (event["practice_id"], event["source"], event["event_id"])
        if event["superseded_by"] is not None:
            continue  # reported again by another event (B-5); its own entries, if it had any, are void
        shown = event["waiting"] in set(EVENT_WAITING) or event["applied"]
        assert shown != (key in with_effects), f"I1: event {key} shows {event['waiting']} and has effects: {not shown}"


def at_most_one_entry(doubled: list[Any]) -> None:
    """I2: at most one entry at the target per effect (marker and sign)."""
    assert not doubled, f"I2: posted twice: {doubled[:3]}"


def lanes_in_order(ledger: Ledger) -> None:
    """I3: ready effects of a lane are sent in order of effect id, dependents after their origin."""
    first_sent: dict[tuple[str, int], Any] = {}
    first_answer: dict[tuple[str, int], Any] = {}
    for row in ledger.attempts:
        if row["phase"] == "post" and row["began_at"] is not None:
            key = (row["practice_id"], row["effect_id"])
            first_sent[key] = min(first_sent.get(key, row["began_at"]), row["began_at"])
    posted = {(row["practice_id"], row["effect_id"]): row for row in ledger.effects if row["state"] == State.POSTED}
    for row in ledger.attempts:
        key = (row["practice_id"], row["effect_id"])
        if key in posted and row["answer"] in ("Posted", "POSTED", "Found", "FOUND"):
            first_answer[key] = min(first_answer.get(key, row["ended_at"]), row["ended_at"])
    for key, row in posted.items():
        origin = (row["practice_id"], row["depends_on"])
        if row["depends_on"] is not None and key in first_sent and origin in first_answer:
            assert first_sent[key] >= first_answer[origin], f"I3: effect {key} was sent before its origin {origin}"
    lanes: dict[tuple[str, str, str], list[tuple[Any, int]]] = defaultdict(list)
    put_off = _put_off(ledger)
    for key, row in posted.items():
        # Redriven, late-linked and daily effects became ready later than their id says: only what was ready counts.
        if key in first_sent and row["reason"] == "AUTO_INSTANT" and _never_redriven(row, posted):
            if key in put_off or (row["practice_id"], row["depends_on"]) in put_off:
                continue
            lanes[(row["practice_id"], row["connection_id"], row["lane"])].append((first_sent[key], row["effect_id"]))
    for lane, sent in lanes.items():
        in_time = [effect_id for _, effect_id in sorted(sent)]
        assert in_time == sorted(in_time), f"I3: lane {lane} was sent in the order {in_time}"


def _put_off(ledger: Ledger) -> set[tuple[str, int]]:
    """Effects whose read before the mark failed for themselves alone: they came due again later, and nothing of their
    lane waited for them (law 22)."""
    return {
        (row["practice_id"], row["effect_id"])
        for row in ledger.attempts
        if row["phase"] in ("balance", "origin") and row["answer"] == "ReadFailed"
    }


def _never_redriven(row: dict[str, Any], posted: dict[tuple[str, int], dict[str, Any]]) -> bool:
    """Neither the effect nor the one that it had to wait for."""
    origin = posted.get((row["practice_id"], row["depends_on"]), row)
    return all(each["redrives"] == 0 and each["generation"] == 1 for each in (row, origin))


def positions_behind_receipts(world: World, ledger: Ledger) -> None:
    """I4: `intake_offsets` is at most the smallest offset without a receipt."""
    receipts = {(row["topic_id"], row["part"], row["off"]) for row in ledger.receipts}
    reached = {(ledger.ids.get(row["topic_id"]), row["part"]): row["next_offset"] for row in ledger.offsets}
    for record, writeback in topics.writebacks(world):
        if record.offset < reached.get((record.topic, record.partition), 0):
            at = writeback.position
            assert (at.topic_id, at.partition, at.offset) in receipts, f"I4: passed without a receipt: {at}"


def money_in_is_accounted_for(ledger: Ledger, sources: list[Record]) -> None:
    """I5: money in = posted + by hand + skipped + voided + dismissed + dead + waiting, in minor units.

    An event's money is that of the record that was taken: the same id with other content is a dead letter (E-2).
    """
    reported: dict[tuple[str, str, str], tuple[int, int]] = {}
    taken = {
        (ledger.ids.get(row["topic_id"]), row["part"], row["off"])
        for row in ledger.receipts
        if row["verdict"] == Verdict.FIRST
    }
    events = decodable([each for each in sources if (each.topic, each.partition, each.offset) in taken])
    giving_back_adds_up(ledger, events)
    for event in events:
        key = (event.practice_id, event.source, event.event_id)
        if isinstance(event, MoneyFields):
            reported[key] = (event.gross_minor, event.gross_minor - event.surcharge_minor)
        elif isinstance(event, PayoutPaid):
            reported[key] = (event.net_minor, event.net_minor)
    effects: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in ledger.effects:
        if row["entry_kind"] in (*COUNTS, "payout"):
            effects[(row["practice_id"], row["source"], row["event_id"])] += row["amount_minor"]
    for event_row in ledger.events:
        key = (event_row["practice_id"], event_row["source"], event_row["event_id"])
        if event_row["applied"]:
            continue  # voided or corrected while it waited, or reported again without a change: it has no entries
        if key in reported and event_row["waiting"] is None and event_row["superseded_by"] is None:
            gross_mode = effects[key]
            assert gross_mode == reported[key][1] or _companion_off(ledger, key), (
                f"I5: {key} brought {reported[key]} and its effects account for {gross_mode}"
            )


def giving_back_adds_up(ledger: Ledger, events: list[Event]) -> None:
    """I5, R-15: `payment + companion = gross − surcharge`, signed, for everything that goes back and comes back.

    Looked up where nothing hides it: payments without a surcharge whose companions are posted. What would be more than
    was paid is never entered (R-2).
    """
    plain = {
        (event.practice_id, event.source, event.payment_id)
        for event in events
        if isinstance(event, MoneyFields) and not event.surcharge_minor
    }
    given: dict[tuple[str, str, str], int] = defaultdict(int)
    off = set()
    for row in ledger.effects:
        key = (row["practice_id"], row["source"], row["event_id"])
        if row["entry_kind"] in MONEY_BACK_KINDS:
            given[key] += row["amount_minor"]
        if row["reason"] in ("COMPANION_OFF", "REFUNDED_BEFORE_POST"):
            off.add(row["practice_id"])
    for event in events:
        key = (event.practice_id, event.source, event.event_id)
        if not isinstance(event, MONEY_BACK) or key not in given or event.practice_id in off:
            continue
        if (event.practice_id, event.source, event.payment_id) in plain:
            assert given[key] == event.gross_minor, f"I5: {key} moved {event.gross_minor}, entered {given[key]}"


def _companion_off(ledger: Ledger, key: tuple[str, str, str]) -> bool:
    mine = [row for row in ledger.effects if (row["practice_id"], row["source"], row["event_id"]) == key]
    return bool(mine) and all(row["entry_kind"] == "payment" for row in mine) and mine[0]["reason"] != "TYPE_OFF"


def posted_is_at_the_target(ledger: Ledger, at_target: dict[str, int]) -> None:
    """I5, seen from the target: what the ledger calls POSTED is what the PMS and QuickBooks hold, per practice."""
    posted: dict[str, int] = defaultdict(int)
    for row in ledger.effects:
        if row["state"] == State.POSTED and row["entry_kind"] not in NO_BALANCE:
            posted[row["practice_id"]] += toward_balance(row["entry_kind"], row["amount_minor"])
    unknown = {row["practice_id"] for row in ledger.effects if row["state"] not in (State.POSTED,) and row["attempts"]}
    for practice in set(posted) | set(at_target):
        if practice not in unknown:
            assert posted[practice] == at_target.get(practice, 0), (
                f"I5: {practice} has {posted[practice]} posted here and {at_target.get(practice, 0)} at its targets"
            )


def no_dead_letter_without_notice(ledger: Ledger) -> None:
    """I6: what is dead has a notice (open, or closed because it was solved)."""
    notified = {row["practice_id"] for row in ledger.notices}
    for row in ledger.effects:
        if row["state"] in set(DEAD):
            assert row["practice_id"] in notified, f"I6: {row['practice_id']} was not notified of {row['state']}"
    for row in ledger.dead_letters:
        if row["settled_at"] is None:
            assert row["practice_id"] in notified, (
                f"I6: nobody was notified of {row['reason']} of {row['practice_id']!r}"
            )


def settled(ledger: Ledger) -> dict[str, Any]:
    """What a replay must leave as it is (I7)."""
    return {
        "events": sorted(
            (
                e["practice_id"],
                e["source"],
                e["event_id"],
                e["digest"],
                e["waiting"],
                e["reason"],
                e["settings_version"],
            )
            for e in ledger.events
        ),
        "effects": sorted(
            (x["practice_id"], x["effect_id"], x["target"], x["entry_kind"], x["part"], x["state"], x["amount_minor"])
            for x in ledger.effects
        ),
        "receipts": sorted(
            (r["practice_id"], r["topic_id"], r["part"], r["off"], r["verdict"]) for r in ledger.receipts
        ),
        "dead letters": len({(d["topic_id"], d["part"], d["off"], d["effect_id"]) for d in ledger.dead_letters}),
    }


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """By table, a few of the rows that were there, and of those that are there instead."""
    found: dict[str, Any] = {}
    for name, was in before.items():
        now = after[name]
        if was != now and isinstance(was, list):
            found[name] = [row for row in was if row not in now][:5], [row for row in now if row not in was][:5]
        elif was != now:
            found[name] = was, now
    return found


def decodable(records: list[Record]) -> list[Event]:
    found = []
    for record in records:
        try:
            found.append(decode_event(record.topic, record.value or b""))
        except Undecodable:
            continue
    return found
