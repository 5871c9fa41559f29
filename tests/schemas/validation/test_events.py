"""The rules of the event contract, by type: what is refused, with reason and field (schemas/README section 2)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import events as e
from schemas.bookkeeping.money import MINOR_LIMIT
from schemas.validation.checks import holds_card_number
from schemas.validation.events import _CHECKS, Invalid, check_key, key_of, payout_adds_up, validate
from schemas.vocabulary import DeadLetterReason as Reason
from tests.schemas.examples import (
    AT,
    CLAIM,
    ENVELOPE,
    EXAMPLES,
    ITEM,
    MEMBERSHIP,
    MONEY,
    PAYOUT,
    REMITTANCE,
    any_record,
    changed,
)

PLAIN = e.PaymentSucceeded(**ENVELOPE, **MONEY, kind=e.PaymentKind.TERMINAL)
FAR = datetime(2150, 1, 1, tzinfo=UTC)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def refusal(event: e.Event, appended_at: datetime | None = None) -> tuple[Reason, str]:
    with pytest.raises(Invalid) as caught:
        validate(event, appended_at)
    return caught.value.reason, caught.value.field


@pytest.mark.parametrize("event", EXAMPLES.values(), ids=lambda event: type(event).__name__)
def test_a_valid_event_of_each_type_passes(event: e.Event) -> None:
    """The examples are what upstreams should send."""
    validate(event)
    validate(event, AT)
    check_key(event, key_of(event))


def test_every_type_has_its_checks() -> None:
    """None falls through unchecked."""
    assert set(_CHECKS) == set(e.EVENT_TYPES)


IDS = [
    (kind, field)
    for kind, event in EXAMPLES.items()
    for field in kind.__struct_fields__
    if isinstance(getattr(event, field), str)
    and field not in ("currency", "bank_last4", "identity")
    and not isinstance(getattr(event, field), StrEnum)
]


@pytest.mark.parametrize(("kind", "field"), IDS, ids=lambda each: getattr(each, "__name__", each))
@pytest.mark.parametrize("bad", ["", "x" * 256, "7" * 4200, "a\0b", "\ud800", "é", "tab\t", "\x7f"])
def test_every_id_is_1_to_255_printable_ascii_characters(kind: type[e.Event], field: str, bad: str) -> None:
    """Law 9: NUL, surrogates and everything else that a database or a vendor may choke on."""
    assert refusal(changed(EXAMPLES[kind], **{field: bad})) == (Reason.INVALID_FIELD, field)


CODES = {"reason_code", "return_code", "plan_code"}


@pytest.mark.parametrize(("kind", "field"), IDS, ids=lambda each: getattr(each, "__name__", each))
def test_ids_of_255_characters_are_accepted_and_codes_of_64(kind: type[e.Event], field: str) -> None:
    """Field case 01: a processor's ids are long. A code is a word of a list."""
    longest = 64 if field in CODES else 255
    validate(changed(EXAMPLES[kind], **{field: "x" * longest}))
    assert refusal(changed(EXAMPLES[kind], **{field: "x" * (longest + 1)})) == (Reason.INVALID_FIELD, field)


@pytest.mark.parametrize("kind", e.EVENT_TYPES)
def test_a_practice_has_no_colon(kind: type[e.Event]) -> None:
    """It parts the practice from what follows in keys."""
    assert refusal(changed(EXAMPLES[kind], practice_id="a:b")) == (Reason.INVALID_FIELD, "practice_id")


ENUMS = [
    (kind, field)
    for kind, event in EXAMPLES.items()
    for field in kind.__struct_fields__
    if isinstance(getattr(event, field), StrEnum)
]


@pytest.mark.parametrize(("kind", "field"), ENUMS, ids=lambda each: getattr(each, "__name__", each))
def test_an_unknown_value_is_refused_by_name(kind: type[e.Event], field: str) -> None:
    """Rules of evolution: UNKNOWN decodes and is then a dead letter with the field."""
    unknown = type(getattr(EXAMPLES[kind], field)).UNKNOWN
    assert refusal(changed(EXAMPLES[kind], **{field: unknown})) == (Reason.UNKNOWN_ENUM, field)


AMOUNTS = [
    (kind, field) for kind in EXAMPLES for field in kind.__struct_fields__ if field in ("gross_minor", "fee_minor")
]


@pytest.mark.parametrize(("kind", "field"), AMOUNTS, ids=lambda each: getattr(each, "__name__", each))
@pytest.mark.parametrize("bad", [MINOR_LIMIT + 1, -MINOR_LIMIT - 1])
def test_amounts_have_a_limit(kind: type[e.Event], field: str, bad: int) -> None:
    """Law 9: what would overflow a sum is refused, with the field."""
    assert refusal(changed(EXAMPLES[kind], **{field: bad}))[1] == field


INSTANTS = [
    (kind, field)
    for kind, event in EXAMPLES.items()
    for field in kind.__struct_fields__
    if isinstance(getattr(event, field), datetime)
]


@pytest.mark.parametrize(("kind", "field"), INSTANTS, ids=lambda each: getattr(each, "__name__", each))
@pytest.mark.parametrize("bad", [FAR, LONG_AGO, datetime(2026, 3, 1)])  # noqa: DTZ001 - the fault under test
def test_absurd_and_naive_instants_are_refused(kind: type[e.Event], field: str, bad: datetime) -> None:
    """Bad input: dates in the far future or past, and instants without an offset."""
    reason, named = refusal(changed(EXAMPLES[kind], **{field: bad}))
    future = bad is FAR and field == "occurred_at"
    assert (reason, named) == (Reason.OCCURRED_IN_FUTURE if future else Reason.INVALID_FIELD, field)


def test_five_minutes_of_clock_skew_are_allowed() -> None:
    """E-10: by the broker's time, not by the upstream's."""
    validate(PLAIN, AT - timedelta(minutes=5))
    late = AT - timedelta(minutes=5, microseconds=1)
    assert refusal(PLAIN, late) == (Reason.OCCURRED_IN_FUTURE, "occurred_at")


REFUND, FAILED = EXAMPLES[e.RefundSucceeded], EXAMPLES[e.RefundFailed]
RETURNED, OPENED, CLOSED = EXAMPLES[e.PaymentReturned], EXAMPLES[e.DisputeOpened], EXAMPLES[e.DisputeClosed]
CORRECTED, ASSESSED = EXAMPLES[e.PaymentCorrected], EXAMPLES[e.PaymentFeeAssessed]
REQUEST, PATIENT = EXAMPLES[e.PaymentRequestSent], EXAMPLES[e.PatientChanged]
SPLIT = e.Split(patient_ref="p", amount_minor=10000)
MEMBER = e.Member(patient_ref="p", amount_minor=10)
FEE = e.FeePart(fee_kind="k", amount_minor=320)
PAN = "4111111111111111"

RULES: tuple[tuple[str, e.Event, dict[str, Any], Reason, str], ...] = (
    ("M-3 net", PLAIN, {"net_minor": 9681}, Reason.AMOUNTS_DISAGREE, "net_minor"),
    ("M-3 sign", PLAIN, {"gross_minor": -1}, Reason.NEGATIVE_AMOUNT, "gross_minor"),
    ("M-3 membership", MEMBERSHIP, {"gross_minor": -1}, Reason.NEGATIVE_AMOUNT, "gross_minor"),
    ("N-4 sign", PLAIN, {"surcharge_minor": -1}, Reason.NEGATIVE_AMOUNT, "surcharge_minor"),
    ("N-4 part", PLAIN, {"surcharge_minor": 10001}, Reason.AMOUNTS_DISAGREE, "surcharge_minor"),
    ("N-5 net", PLAIN, {"fee_minor": None}, Reason.AMOUNTS_DISAGREE, "net_minor"),
    ("N-5 fees", PLAIN, {"fee_minor": None, "net_minor": None, "fees": (FEE,)}, Reason.AMOUNTS_DISAGREE, "fees"),
    ("fees sum", PLAIN, {"fees": (FEE, FEE)}, Reason.AMOUNTS_DISAGREE, "fees"),
    ("fees code", PLAIN, {"fees": (changed(FEE, fee_kind=""),)}, Reason.INVALID_FIELD, "fees.0.fee_kind"),
    ("currency", PLAIN, {"currency": "usd"}, Reason.INVALID_FIELD, "currency"),
    ("currency", PAYOUT, {"currency": "DOLLAR"}, Reason.INVALID_FIELD, "currency"),
    ("C-3 last4", PLAIN, {"card": e.CardRef(brand="visa", last4=PAN)}, Reason.INVALID_FIELD, "card.last4"),
    ("C-3 last4", PLAIN, {"card": e.CardRef(brand="visa", last4="４２42")}, Reason.INVALID_FIELD, "card.last4"),
    ("C-1 brand", PLAIN, {"card": e.CardRef(brand=PAN, last4="1111")}, Reason.CARD_NUMBER, "card.brand"),
    ("C-1 code", OPENED, {"reason_code": "4111 1111-1111 1111"}, Reason.CARD_NUMBER, "reason_code"),
    ("C-4 bank", PAYOUT, {"bank_last4": "123456789"}, Reason.INVALID_FIELD, "bank_last4"),
    ("M-5 splits", PLAIN, {"splits": (SPLIT, SPLIT)}, Reason.SPLITS_DISAGREE, "splits"),
    ("M-5 surcharge", PLAIN, {"splits": (SPLIT,), "surcharge_minor": 300}, Reason.SPLITS_DISAGREE, "splits"),
    (
        "split sign",
        PLAIN,
        {"splits": (changed(SPLIT, amount_minor=-1), changed(SPLIT, amount_minor=10001))},
        Reason.NEGATIVE_AMOUNT,
        "splits.0.amount_minor",
    ),
    ("split id", PLAIN, {"splits": (changed(SPLIT, patient_ref=""),)}, Reason.INVALID_FIELD, "splits.0.patient_ref"),
    ("plan", PLAIN, {"plan": e.PlanRef(plan_ref="p", instalment=0)}, Reason.INVALID_FIELD, "plan.instalment"),
    ("plan of", PLAIN, {"plan": e.PlanRef(plan_ref="p", instalment=3, of=2)}, Reason.INVALID_FIELD, "plan.of"),
    (
        "channel",
        PLAIN,
        {"collection": e.CollectionRef(channel=e.CollectionChannel.UNKNOWN)},
        Reason.UNKNOWN_ENUM,
        "collection.channel",
    ),
    ("E-11 version", CORRECTED, {"version": 1}, Reason.INVALID_FIELD, "version"),
    ("version", ASSESSED, {"version": 0}, Reason.INVALID_FIELD, "version"),
    ("version", PAYOUT, {"version": 10**9}, Reason.INVALID_FIELD, "version"),
    ("version", EXAMPLES[e.PayoutFailed], {"version": 0}, Reason.INVALID_FIELD, "version"),
    ("assessed fees", ASSESSED, {"fees": (FEE, FEE)}, Reason.AMOUNTS_DISAGREE, "fees"),
    ("refund sign", REFUND, {"gross_minor": 1}, Reason.INVALID_FIELD, "gross_minor"),
    ("refund zero", REFUND, {"gross_minor": 0}, Reason.INVALID_FIELD, "gross_minor"),
    ("refund net", REFUND, {"net_minor": -9999}, Reason.AMOUNTS_DISAGREE, "net_minor"),
    ("refund splits", REFUND, {"surcharge_minor": -299}, Reason.SPLITS_DISAGREE, "splits"),
    ("refund surcharge", REFUND, {"surcharge_minor": 1}, Reason.INVALID_FIELD, "surcharge_minor"),
    ("refund surcharge", REFUND, {"surcharge_minor": -10001}, Reason.AMOUNTS_DISAGREE, "surcharge_minor"),
    ("refund split", REFUND, {"splits": (SPLIT,)}, Reason.INVALID_FIELD, "splits.0.amount_minor"),
    ("refund failed", FAILED, {"gross_minor": -1}, Reason.NEGATIVE_AMOUNT, "gross_minor"),
    ("refund failed", FAILED, {"gross_minor": 0}, Reason.INVALID_FIELD, "gross_minor"),
    ("return", RETURNED, {"gross_minor": 1}, Reason.INVALID_FIELD, "gross_minor"),
    ("return net", RETURNED, {"fee_minor": 15}, Reason.AMOUNTS_DISAGREE, "net_minor"),
    ("dispute", OPENED, {"gross_minor": 1}, Reason.INVALID_FIELD, "gross_minor"),
    ("dispute net", OPENED, {"net_minor": 0}, Reason.AMOUNTS_DISAGREE, "net_minor"),
    ("dispute closed", CLOSED, {"gross_minor": -1}, Reason.NEGATIVE_AMOUNT, "gross_minor"),
    ("request", REQUEST, {"amount_minor": -1}, Reason.NEGATIVE_AMOUNT, "amount_minor"),
    ("members", MEMBERSHIP, {"surcharge_minor": 1}, Reason.SPLITS_DISAGREE, "members"),
    ("period", MEMBERSHIP, {"period_end": date(2026, 2, 28)}, Reason.INVALID_FIELD, "period_end"),
    ("period", MEMBERSHIP, {"period_start": date(1066, 10, 14)}, Reason.INVALID_FIELD, "period_start"),
    (
        "cancelled",
        EXAMPLES[e.MembershipCancelled],
        {"effective_on": date(9999, 1, 1)},
        Reason.INVALID_FIELD,
        "effective_on",
    ),
    ("arrival", PAYOUT, {"arrival_date": date(2200, 1, 1)}, Reason.INVALID_FIELD, "arrival_date"),
    ("item id", PAYOUT, {"items": (changed(ITEM, item_id="\0"),)}, Reason.INVALID_FIELD, "items.0.item_id"),
    (
        "item category",
        PAYOUT,
        {"items": (ITEM, changed(ITEM, category=e.PayoutCategory.UNKNOWN))},
        Reason.UNKNOWN_ENUM,
        "items.1.category",
    ),
    ("item kind", PAYOUT, {"items": (changed(ITEM, kind=e.PaymentKind.UNKNOWN),)}, Reason.UNKNOWN_ENUM, "items.0.kind"),
    ("items", PAYOUT, {"items": (ITEM,) * 20_001}, Reason.TOO_MANY_ITEMS, "items"),
    ("splits", PLAIN, {"splits": (SPLIT,) * 1_001}, Reason.TOO_MANY_ITEMS, "splits"),
    ("splits", REFUND, {"splits": (SPLIT,) * 1_001}, Reason.TOO_MANY_ITEMS, "splits"),
    ("splits", CORRECTED, {"splits": (SPLIT,) * 1_001}, Reason.TOO_MANY_ITEMS, "splits"),
    ("members", MEMBERSHIP, {"members": (MEMBER,) * 1_001}, Reason.TOO_MANY_ITEMS, "members"),
    (
        "claims",
        PLAIN,
        {"remittance": changed(REMITTANCE, claims=(CLAIM,) * 1_001)},
        Reason.TOO_MANY_ITEMS,
        "remittance.claims",
    ),
    ("identity", PATIENT, {"identity": '{"given_name":"A"}'}, Reason.INVALID_FIELD, "identity"),
    ("identity", PATIENT, {"identity": "a..b.c." + "d" * 20000}, Reason.INVALID_FIELD, "identity"),
)


@pytest.mark.parametrize(
    ("rule", "event", "fields", "reason", "field"), RULES, ids=lambda each: each if isinstance(each, str) else ""
)
def test_each_rule_names_its_reason_and_field(
    rule: str, event: e.Event, fields: dict[str, Any], reason: Reason, field: str
) -> None:
    """The refusal is what an upstream needs to repair it; the value itself is not repeated."""
    assert refusal(changed(event, **fields)) == (reason, field)


CLAIM_LINE = (CLAIM.lines or ())[0]
REMITTANCES: tuple[tuple[str, e.Remittance, str], ...] = (
    ("I-1 claim", changed(REMITTANCE, claims=(changed(CLAIM, charged_minor=19999),)), "remittance.claims.0.paid_minor"),
    (
        "I-1 line",
        changed(REMITTANCE, claims=(changed(CLAIM, lines=(changed(CLAIM_LINE, paid_minor=9999),)),)),
        "remittance.claims.0.lines.0.paid_minor",
    ),
    ("I-2 sum", changed(REMITTANCE, claims=(CLAIM, CLAIM)), "remittance.claims"),
    (
        "I-2 PLB",
        changed(REMITTANCE, provider_adjustments=(e.ProviderAdjustment(plb_code="WO", amount_minor=1),)),
        "remittance.claims",
    ),
)


@pytest.mark.parametrize(
    ("rule", "remittance", "field"), REMITTANCES, ids=lambda each: each if isinstance(each, str) else ""
)
def test_a_remittance_that_does_not_balance_is_refused(rule: str, remittance: e.Remittance, field: str) -> None:
    """I-1, I-2: to the cent, line by line, claim by claim and as a whole."""
    assert refusal(changed(PLAIN, remittance=remittance)) == (Reason.UNBALANCED, field)


def test_a_provider_adjustment_reduces_the_payment() -> None:
    """I-2: BPR02 = sum(CLP04) - sum(PLB)."""
    plb = (e.ProviderAdjustment(plb_code="WO", amount_minor=500),)
    remittance = changed(REMITTANCE, provider_adjustments=plb)
    validate(changed(PLAIN, gross_minor=9500, net_minor=9180, remittance=remittance))


def test_zero_and_unknown_fee_are_accepted() -> None:
    """M-9 and N-5: zero is recorded and skipped later; a fee that is not known yet waits."""
    validate(changed(PLAIN, gross_minor=0, fee_minor=0, net_minor=0))
    validate(changed(PLAIN, fee_minor=None, net_minor=None))
    validate(changed(PLAIN, net_minor=None))
    validate(changed(PLAIN, gross_minor=25, fee_minor=31, net_minor=-6))


def test_a_payout_that_does_not_add_up_is_accepted_and_seen() -> None:
    """P-1: it goes to review, so that the money is shown; it is not refused here."""
    assert payout_adds_up(PAYOUT)
    for fields in (
        {"net_minor": 9679},
        {"gross_minor": 10001, "net_minor": 9681},
        {"fee_minor": 319, "net_minor": 9681},
        {"items": (changed(ITEM, net_minor=1),)},
        {"items": (changed(ITEM, fees=(FEE, FEE)),)},
        {"items": ()},
    ):
        odd = changed(PAYOUT, **fields)
        validate(odd)
        assert not payout_adds_up(odd)


def test_another_key_than_the_practice_is_refused() -> None:
    """E-6: order per practice rests on the key."""
    assert key_of(PLAIN) == b"practice-1"
    assert key_of(PATIENT) == b"practice-1:pat-1"
    for key in (None, b"", b"practice-2"):
        with pytest.raises(Invalid) as caught:
            check_key(PLAIN, key)
        assert caught.value.reason is Reason.KEY_MISMATCH


CARDS: tuple[str, ...] = (
    PAN,
    "378282246310005",
    "5555555555554444",
    "2223003122003222",
    "6011111111111117",
    "30569309025904",
    "3530111333300000",
    "4222222222222",
    "6304000000000000000",
    "0000000000000000",
)


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize("around", ["{}", "x{}y", "no {}.", "#{}", "ref:{};"])
def test_card_numbers_are_found(card: str, around: str) -> None:
    """C-1: 13 to 19 digits that pass Luhn, whatever their beginning."""
    assert holds_card_number(around.format(card))


@pytest.mark.parametrize("card", CARDS[:-1])
@pytest.mark.parametrize("neighbour", ["7", "42", "2026", "123456789012345678901234567890"])
def test_digits_beside_it_hide_no_card_number(card: str, neighbour: str) -> None:
    """C-1: every window, not the whole run alone."""
    for text in (f"{neighbour}{card}", f"{card}{neighbour}", f"{neighbour}{card}{neighbour}", f"{neighbour} {card}"):
        assert holds_card_number(text), text


@pytest.mark.parametrize("separator", [" ", "-", ".", "/", "_", ",", "\u00a0", "\u2013", "\u200b", " - ", "x", "    "])
def test_nothing_between_its_digits_hides_a_card_number(separator: str) -> None:
    """C-1: in groups, and digit by digit."""
    assert holds_card_number(separator.join(("4111", "1111", "1111", "1111")))
    assert holds_card_number(separator.join(PAN))
    assert holds_card_number(separator.join(("3782", "822463", "10005")))


def test_digits_of_other_scripts_are_digits_and_superscripts_are_none() -> None:
    """C-1: what a person reads as a card number is one; nothing that looks like a digit ends in an error."""
    assert holds_card_number("".join(chr(0xFF10 + int(each)) for each in PAN))
    assert holds_card_number("".join(chr(0x0660 + int(each)) for each in PAN))
    assert not holds_card_number("²" * 16)
    assert holds_card_number(f"²{PAN}²")


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",
        "411111111111",
        "R01",
        "",
        "12345678901234567890",
        "called 555-123-4567 on 2026-11-20 at 15:30:45, ref 4711-88",
        "2026-11-20T15:30:45.123456Z",
        "D0120 D0274 D1110 teeth 14, 15, 18",
        "posted deposit/10123 of 1,204.50 USD on 11/20/2026",
    ],
)
def test_other_numbers_are_not(text: str) -> None:
    """A failed check digit, too few digits; what staff write about a day's work."""
    assert not holds_card_number(text)


@given(data=st.data(), kind=st.sampled_from(e.EVENT_TYPES))
def test_validation_accepts_or_refuses_by_name_and_never_quotes(data: st.DataObject, kind: type[e.Event]) -> None:
    """H-4: whatever an event holds, the refusal has a reason, an existing field, and none of the data."""
    event = data.draw(any_record(kind))
    refused = refusal_of(event)
    if refused is not None:
        assert refused.field.partition(".")[0] in kind.__struct_fields__
        texts = [value for value in msgspec.structs.asdict(event).values() if isinstance(value, str)]
        assert not any(text in str(refused) for text in texts if len(text) > 9)


def refusal_of(event: e.Event) -> Invalid | None:
    try:
        validate(event)
    except Invalid as error:
        return error
    return None
