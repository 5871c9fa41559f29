"""Conformance: what a connector posts stands once, as it was sent, and is found again."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec

from deploy.connector import claim_checks
from deploy.connector.trial import Trial, content_of, content_ordered
from schemas.connector.records import Amount, Entry, EntryOrder, Kind, Outcome, ProblemCode, Status

_TAKES_BACK: Final = (Kind.REFUND, Kind.REVERSAL, Kind.RETURN, Kind.DISPUTE_HOLD)
_ONCE: Final = (
    "store the outcome under its idempotency_key together with the entry, and bring it again for the same key"
)
_HUNG_UP_S: Final = 0.05
_PAIRS: Final = (
    ((Kind.FEE_ADJUSTMENT, 1), (Kind.FEE_ADJUSTMENT, -1)),
    ((Kind.CHARGE, -1), (Kind.CHARGE_REVERSAL, 1)),
)
"""Entries that stand without a claim or a dispute, each with what ends it, and which way they move the balance."""


async def run(trial: Trial) -> None:
    """Each check posts entries of its own; at the end all that stand are taken back."""
    posted: list[Entry] = []
    first = await _posts(trial, posted)
    if first is None:
        return
    await _repeats(trial, first)
    await _at_once(trial, posted)
    await _hung_up(trial, posted)
    await _keeps_its_word(trial, first, posted)
    await _refuses(trial)
    await _each_kind(trial)
    await claim_checks.run(trial)
    await _takes_back(trial, posted)


async def _posts(trial: Trial, posted: list[Entry]) -> EntryOrder | None:
    """201 means: it stands now, with this sign, and every read shows it."""
    before = await trial.balance()
    order = trial.order()
    outcome = await trial.post(order)
    entry = None if outcome is None else outcome.entry
    standing = await trial.standing(order)
    after = await trial.balance()
    if not trial.note(
        "posts a payment", entry is not None, "", "answer 201 with status posted, or 202 and then posted"
    ):
        return None
    if entry is None:
        return None
    posted.append(entry)
    trial.note(
        "the entry stands when it says so",
        standing is not None and [each.entry_id for each in standing] == [entry.entry_id],
        f"{_many(standing)} found by its marker",
        "answer 201 only after every read shows the entry; until then answer 202",
    )
    seen = await trial.client.call("GET", f"/entries/{entry.entry_id}")
    row = seen.read(Entry)
    same = row is not None and row.standing and content_of(row) == content_ordered(order) == content_of(entry)
    said = "" if row is None else f"{row.amount.minor} for {order.amount.minor}"
    text = (
        "keep sign, amount, currency, date, patient, kind and marker: > 0 lowers what the patient owes, for all kinds"
    )
    trial.note("reads it as it was sent", same, said or seen.said(), text)
    moved = None if before is None or after is None else before - after
    trial.note(
        "the balance moves by the amount",
        moved == order.amount.minor,
        f"{moved} for {order.amount.minor}",
        "a payment of 1.00 lowers balance_minor by 100, at once",
    )
    return order


async def _repeats(trial: Trial, order: EntryOrder) -> None:
    outcome = await trial.post(order)
    standing = await trial.standing(order)
    entry = None if outcome is None else outcome.entry
    same = standing is not None and entry is not None and [each.entry_id for each in standing] == [entry.entry_id]
    found = f"{_many(standing)} entries after the second request"
    trial.note("the same key writes nothing more", same, found, _ONCE)
    changed = msgspec.structs.replace(
        order, amount=Amount(minor=order.amount.minor + 1, currency=order.amount.currency)
    )
    answer = await trial.client.call("POST", "/entries", changed)
    standing = await trial.standing(order)
    trial.note(
        "the same key with other content is doubt",
        answer.is_problem(ProblemCode.KEY_REUSED) and standing is not None and len(standing) == 1,
        answer.said(),
        "compare the whole body with the stored one, and answer key-reused",
    )


async def _at_once(trial: Trial, posted: list[Entry]) -> None:
    """The second request comes while the first is under way."""
    order = trial.order()
    body = msgspec.json.encode(order)
    outcomes = await asyncio.gather(*(trial.post(order, body) for _ in range(3)))
    await trial.decided(order)
    standing = await trial.standing(order)
    posted += standing or ()
    once = standing is not None and len(standing) == 1 and any(outcomes)
    found = f"{_many(standing)} entries of three requests at once"
    trial.note("one key at once writes one entry", once, found, _ONCE)


async def _hung_up(trial: Trial, posted: list[Entry]) -> None:
    """The caller is gone before the answer: afterwards one entry or none, and the same key makes it one."""
    order = trial.order()
    await trial.client.call("POST", "/entries", order, within_s=_HUNG_UP_S)
    await asyncio.sleep(trial.said.processing_s if trial.said else 0.0)
    known = (await trial.client.call("GET", f"/requests/{order.idempotency_key}")).read(Outcome)
    before = await trial.standing(order)
    agrees = before is not None and len(before) == (0 if known is None or known.status is not Status.POSTED else 1)
    await trial.post(order)
    standing = await trial.standing(order)
    posted += standing or ()
    once = standing is not None and len(standing) == 1
    trial.note(
        "an unanswered request is settled in time",
        agrees and once,
        f"{_many(before)}, then {_many(standing)}",
        "after processing_s nothing may come of a request any more; outcome and reads agree, and " + _ONCE,
    )


async def _keeps_its_word(trial: Trial, first: EntryOrder, posted: list[Entry]) -> None:
    """After other entries the first key and marker are still known; a key that never came is not."""
    answer = await trial.client.call("GET", f"/requests/{first.idempotency_key}")
    known = answer.read(Outcome)
    standing = await trial.standing(first)
    kept = known is not None and known.entry is not None and known.status is Status.POSTED
    kept = kept and standing is not None and len(standing) == 1 and standing[0].entry_id == posted[0].entry_id
    text = "keep keys and markers for as long as the entry stands: a retry may come days later"
    trial.note("forgets nothing", kept, answer.said(), text)
    never = trial.order()
    unknown = await trial.client.call("GET", f"/requests/{never.idempotency_key}")
    trial.note(
        "knows no request that never came",
        unknown.is_problem(ProblemCode.NOT_FOUND) and await trial.standing(never) == (),
        unknown.said(),
        "answer not-found for the key, and no entries for the marker",
    )


async def _refuses(trial: Trial) -> None:
    """Each refusal is its own problem, and leaves nothing behind."""
    for name, change, code in (
        ("an unknown patient", {"patient_id": "no-such-patient"}, ProblemCode.PATIENT_NOT_FOUND),
        ("an unknown type", {"type_id": "no-such-type"}, ProblemCode.TYPE_NOT_USABLE),
        ("another currency", {"amount": Amount(minor=101, currency="XTS")}, ProblemCode.CURRENCY_NOT_SUPPORTED),
        ("an unknown original", {"takes_back": "no-such-entry"}, ProblemCode.ORIGINAL_NOT_FOUND),
    ):
        order = msgspec.structs.replace(trial.order(), **change)
        answer = await trial.client.call("POST", "/entries", order)
        await _left_nothing(trial, f"refuses {name}", order, answer, code)
    order = trial.order()
    document: dict[str, Any] = msgspec.to_builtins(order)
    for name, body in (
        ("a field that it does not know", msgspec.json.encode(document | {"tip_minor": 5})),
        ("what is not of the form", msgspec.json.encode(document | {"amount": {"minor": 1.5, "currency": "USD"}})),
        ("what is no JSON", b"{"),
    ):
        answer = await trial.client.call("POST", "/entries", body=body)
        await _left_nothing(trial, f"refuses {name}", order, answer, ProblemCode.REQUEST_MALFORMED)


async def _left_nothing(trial: Trial, check: str, order: EntryOrder, answer: Any, code: ProblemCode) -> None:
    left = await trial.standing(order)
    passed = answer.is_problem(code) and left == ()
    found = f"{answer.said()}, {_many(left)} entries"
    trial.note(check, passed, found, f"answer with the problem {code.value}, and write nothing")


async def _each_kind(trial: Trial) -> None:
    """A sign that is right for payments may be turned for what has a list of its own in the practice's system."""
    said = trial.said
    pairs = [pair for pair in _PAIRS if said is not None and all(kind in said.kinds for kind, _ in pair)]
    wrong: list[str] = []
    for (kind, sign), (ends, back) in pairs:
        order = trial.order(kind, sign)
        entry = await trial.moved(order)
        if entry is None:
            wrong.append(kind.value)
            continue
        amount = Amount(minor=back * abs(order.amount.minor), currency=order.amount.currency)
        taken_back = entry.entry_id if ends is Kind.CHARGE_REVERSAL else None
        end = msgspec.structs.replace(trial.order(ends, back, taken_back), amount=amount)
        if await trial.moved(end) is None:
            wrong.append(f"{ends.value} {'+' if back > 0 else '-'}")
    trial.note(
        "each kind moves the balance as its sign says",
        not wrong,
        ", ".join(wrong) or f"{2 * len(pairs)} entries",
        "keep the sign of every kind: > 0 lowers balance_minor, < 0 raises it, and reads show what was sent",
    )


async def _takes_back(trial: Trial, posted: list[Entry]) -> None:
    """What the suite posted, with entries of each kind that the system has for it, in turn."""
    said = trial.said
    kinds = [each for each in _TAKES_BACK if said is not None and each in said.kinds]
    if not kinds:
        trial.note("takes an entry back", True, "no kind for it: delete the test entries by hand")
        return
    left: list[str] = []
    for number, entry in enumerate(posted):
        kind = kinds[number % len(kinds)]
        order = trial.order(kind, -1, entry.entry_id)
        back = Amount(minor=-entry.amount.minor, currency=entry.amount.currency)
        if await trial.moved(msgspec.structs.replace(order, amount=back)) is None:
            left.append(kind.value)
    found = f"{len(left)} of {len(posted)} were not" + (f": {', '.join(left)}" if left else "")
    text = "post entries with takes_back and a negative amount, under their own marker; they raise balance_minor"
    trial.note("takes an entry back", not left, found, text)


def _many(entries: tuple[Entry, ...] | None) -> str:
    return "unreadable" if entries is None else str(len(entries))
