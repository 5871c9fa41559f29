"""What is true of a payment's money whatever happened to it (N-3 B, R-1, R-2, R-15, E-1), and digests of a ledger."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, Final

from schemas import events as e
from schemas.codec import decode_event
from schemas.topics import TopicName
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

TABLES: Final = (
    *("practices", "settings", "receipts", "events", "bodies", "effects", "gates", "attempts", "dead_letters"),
    *("outbox", "notices", "payout_items", "disputes", "standing_items", "payout_differences", "payout_news"),
)
"""All that INTAKE writes for a practice, and what it must leave alone."""
_EFFECTS: Final = """
SELECT e.effect_id, e.event_id, e.target, e.entry_kind, e.part, e.amount_minor, e.state, e.reason, e.depends_on,
       e.external_id, e.patient_ref, e.ledger_date, e.lane, v.subject, v.kind, v.version, v.superseded_by
FROM effects e JOIN events v USING (practice_id, source, event_id) WHERE e.practice_id = %s ORDER BY e.effect_id
"""
_EVENTS: Final = """
SELECT v.event_id, v.event_type, v.kind, v.version, v.waiting, v.applied, v.superseded_by, b.original,
       coalesce(s.body ->> 'amount' = 'NET' AND s.body ->> 'fee_adjustment' = 'OFF', false)
FROM events v JOIN bodies b USING (practice_id, month, source, event_id)
LEFT JOIN settings s ON s.practice_id = v.practice_id AND s.version = v.settings_version
WHERE v.practice_id = %s
"""


def digests(database: LedgerDatabase, practice: str) -> dict[str, str]:
    """One digest a table over every column of a practice's rows; equal when nothing changed."""
    found = {}
    for table in TABLES:
        query = (
            f"SELECT md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) FROM {table} t"
            " WHERE t.practice_id = %s"
        )
        found[table] = str(database.one(query, practice))
    return found


def ledger_digests(database: LedgerDatabase) -> dict[str, str]:
    """The same over every practice."""
    found = {}
    for table in TABLES:
        query = f"SELECT md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) FROM {table} t"
        found[table] = str(database.one(query))
    return found


def laws(database: LedgerDatabase, practice: str, standing: dict[int, tuple[Any, ...]]) -> None:
    """Raise AssertionError for the first law that does not hold. `standing` remembers what has been posted."""
    effects = [_named(row) for row in database.rows(_EFFECTS, practice)]
    events = [_event(row) for row in database.rows(_EVENTS, practice)]
    _posted_stays(effects, standing)
    _one_effect_per_money(effects)
    _dependents_after_their_origin(effects)
    _nothing_parks_beside_its_original(events)
    for payment_id in {each["payment_id"] for each in events if each["payment_id"]}:
        _money_adds_up(payment_id, events, effects)


NAMES: Final = (
    *("effect_id", "event_id", "target", "entry_kind", "part", "amount", "state", "reason", "depends_on"),
    *("external_id", "patient", "ledger_date", "lane", "subject", "kind", "version", "superseded_by"),
)


def _named(row: Any) -> dict[str, Any]:
    return dict(zip(NAMES, row, strict=True))


def _event(row: Any) -> dict[str, Any]:
    event_id, event_type, kind, version, waiting, applied, superseded_by, original, off = row
    topic = TopicName.PAYOUTS if event_type.startswith("Payout") else TopicName.PAYMENTS
    told = decode_event(topic, bytes(original))
    return {
        "event_id": event_id,
        "type": event_type,
        "kind": kind,
        "version": version,
        "waiting": waiting,
        "applied": applied,
        "superseded_by": superseded_by,
        "told": told,
        "off": off,
        "payment_id": getattr(told, "payment_id", None),
    }


def _posted_stays(effects: list[dict[str, Any]], standing: dict[int, tuple[Any, ...]]) -> None:
    """R-1: what stands at a target is never edited and never goes."""
    now = {
        each["effect_id"]: (each["entry_kind"], each["part"], each["amount"], each["external_id"], each["patient"])
        for each in effects
        if each["state"] == "POSTED"
    }
    for effect_id, was in standing.items():
        assert now.get(effect_id) == was, f"R-1: entry {effect_id} stood as {was} and is {now.get(effect_id)}"
    standing |= now


def _one_effect_per_money(effects: list[dict[str, Any]]) -> None:
    """E-1: one effect for each entry of one money, under whatever event ids it was told."""
    counted = Counter(
        (each["subject"], each["kind"], each["version"], each["target"], each["entry_kind"], each["part"])
        for each in effects
        if each["superseded_by"] is None or each["state"] != "VOIDED_BEFORE_POST"
    )
    twice = {key: count for key, count in counted.items() if count > 1}
    assert not twice, f"E-1: {twice}"


def _dependents_after_their_origin(effects: list[dict[str, Any]]) -> None:
    states = {each["effect_id"]: each["state"] for each in effects}
    for each in effects:
        if each["depends_on"] is not None:
            assert each["depends_on"] < each["effect_id"] or states[each["depends_on"]] != "VOIDED_BEFORE_POST", each
            if each["state"] == "POSTED":
                assert states[each["depends_on"]] == "POSTED", f"{each} was posted before its origin"


def _nothing_parks_beside_its_original(events: list[dict[str, Any]]) -> None:
    """R-8: what waits for an original has none that is stored and resolved."""
    resolved = {
        each["payment_id"]
        for each in events
        if isinstance(each["told"], e.PaymentFacts) and each["waiting"] is None and each["superseded_by"] is None
    }
    for each in events:
        if each["waiting"] == "AWAITING_ORIGINAL" and not isinstance(each["told"], e.RefundFailed | e.DisputeClosed):
            assert each["payment_id"] not in resolved, f"R-8: {each['type']} still waits for {each['payment_id']}"


def _money_adds_up(payment_id: str, events: list[dict[str, Any]], effects: list[dict[str, Any]]) -> None:
    """R-15 for each event, and N-3 B for the whole life: what is booked is what was told, less what was voided."""
    mine = [each for each in events if each["payment_id"] == payment_id]
    by_event: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in effects:
        if each["target"] == "PMS":
            by_event[each["event_id"]].append(each)
    facts = [each for each in mine if isinstance(each["told"], e.PaymentFacts) and by_event[each["event_id"]]]
    given_back = 0
    off = any(each["off"] for each in facts)
    for each in mine:
        told = each["told"]
        if each["waiting"] is not None or not by_event[each["event_id"]]:
            continue
        booked = sum(x["amount"] for x in by_event[each["event_id"]] if x["entry_kind"] != "reversal")
        if isinstance(told, e.PaymentFacts):
            assert booked == told.gross_minor - told.surcharge_minor, f"N-3: {told.gross_minor} is booked as {booked}"
        elif not off and not _netted(by_event[each["event_id"]]) and not isinstance(told, e.PaymentFeeAssessed):
            gross = getattr(told, "gross_minor", 0)
            assert booked == gross, f"R-15: {each['type']} of {gross} is booked as {booked}"
        if isinstance(told, e.RefundSucceeded | e.RefundFailed):
            given_back -= told.gross_minor
    if facts:
        most = max(each["told"].gross_minor for each in facts)
        assert given_back <= most, f"R-2: {given_back} went back of {most}"
    _void_leaves_nothing(mine, facts, effects)
    if not off:
        _one_version_stands(mine, by_event)


def _one_version_stands(mine: list[dict[str, Any]], by_event: dict[str, list[dict[str, Any]]]) -> None:
    """E-11, N-5: whatever versions and fees were told, what is not stopped comes to the newest version's amount."""
    telling = [each for each in mine if isinstance(each["told"], e.PaymentFacts | e.PaymentFeeAssessed)]
    newest = max(
        (each for each in telling if isinstance(each["told"], e.PaymentFacts) and each["superseded_by"] is None),
        key=lambda each: int(each["version"]),
        default=None,
    )
    ended = any(isinstance(each["told"], e.PaymentVoided) and each["waiting"] is None for each in mine)
    if newest is None or newest["waiting"] is not None or ended:
        return
    here = [x for each in telling for x in by_event[each["event_id"]] if x["state"] != "VOIDED_BEFORE_POST"]
    if any(x["state"] == "SKIPPED_DISABLED" for x in here) or any(_netted(by_event[each["event_id"]]) for each in mine):
        return  # what was never to be posted is not taken back by an entry, and R-7 writes one net entry
    stands = sum(x["amount"] for x in here)
    assert stands == newest["told"].gross_minor, f"E-11: {newest['told'].gross_minor} stands as {stands}: {here}"


def _netted(effects: list[dict[str, Any]]) -> bool:
    """R-7: one net entry in place of both."""
    return any(each["reason"] == "REFUNDED_BEFORE_POST" for each in effects)


def _void_leaves_nothing(
    mine: list[dict[str, Any]], facts: list[dict[str, Any]], effects: list[dict[str, Any]]
) -> None:
    """R-7: of a voided payment, what was not stopped is taken back to the cent."""
    voided = any(
        isinstance(each["told"], e.PaymentVoided) and each["applied"] is not None and each["waiting"] is None
        for each in mine
    )
    if not voided or not facts:
        return
    ids = {each["event_id"] for each in mine}
    here = [
        each
        for each in effects
        if each["event_id"] in ids
        and each["target"] == "PMS"
        and each["state"] != "VOIDED_BEFORE_POST"
        and each["reason"] != "COMPANION_OFF"
    ]
    left = sum(each["amount"] for each in here)
    only_skipped = all(each["state"].startswith("SKIPPED") for each in here)
    assert left == 0 or only_skipped, f"R-7: {left} is left of a voided payment: {here}"
