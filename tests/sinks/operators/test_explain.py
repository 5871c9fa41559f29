"""`explain`: one function answers why, for any id (promise 3, issue 4 section 5)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from schemas.events import PayoutCategory, RefundSucceeded
from schemas.practice_settings import AmountMode, Timing
from schemas.reasons import DeadLetterReason, DecisionReason
from schemas.states import State
from schemas.writebacks import Decision
from sinks.named_queries import named_queries
from sinks.operator.explain import LOOKED_FOR, explain
from sinks.operator.explain_records import Ambiguous, Explanation, GolivePosts, Unknown
from sinks.operator.explain_words import DECISION_WORDS, STATE_WORDS, reason_words
from tests.processors.told import NOON, PRACTICE, item, payment, payout, settings
from tests.sinks.operators.shelf import SOURCE, Shelf

REQUEST = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
LATER = NOON + timedelta(hours=3)

_KEY = {"practice_id": PRACTICE, "source": SOURCE, "about": "pay-1", "of_payout": False}
_NUMBERS = {"event_ids": ["ev-1", "ev-2"], "effect_ids": [1, 2, 3, 4]}
PARAMETERS: dict[str, dict[str, Any]] = {
    "known": {"practice_id": None, "id": "pay-1", "external_ids": ["deposit/101"], "effect_id": 1},
    "events": _KEY,
    "entries": _KEY | _NUMBERS,
    "attempts": _KEY | _NUMBERS,
    "payouts_of": _KEY,
}


def _story(shelf: Shelf, sought: str, practice_id: str | None = None) -> Explanation:
    answer = explain(shelf.connection, sought, practice_id)
    assert isinstance(answer, Explanation), answer
    return answer


def _decision(reason: DecisionReason = DecisionReason.AUTO_DAILY, **fields: Any) -> Decision:
    return Decision(settings_version=3, reason=reason, **fields)


def a_life(shelf: Shelf) -> None:
    """A refund came first and was parked; the payment's first call got no answer and was looked for; the refund's
    mapping was missing, was repaired and redriven; the money came with payout po-1."""
    shelf.row(
        "settings",
        version=3,
        effective_from=NOON - timedelta(days=9),
        body=json.dumps(msgspec.to_builtins(settings(timing=Timing.DAILY))),
        saved_at=NOON - timedelta(days=9),
        saved_by="dr.rowan",
        reason="daily from now on",
    )
    paid = shelf.event("payment", "pay-1", settings_version=3, reason="AUTO_DAILY")
    shelf.told(
        payment(10300, 267, surcharge_minor=300), _decision(amount_mode=AmountMode.NET, timing=Timing.DAILY), paid
    )
    shelf.entry(
        paid,
        "payment",
        10033,
        external_id="payments/7",
        posted_at=LATER,
        request_id=REQUEST,
        generation=2,
        settings_version=3,
        patient_ref="pat-SURROGATE",
        attempts=2,
        placement=json.dumps({"patient": "PMS-17", "posts_to": "PMS-17", "shares": [["procedurelogs/5", 10033]]}),
    )
    shelf.row(
        "attempts",
        month="2026-03-01",
        effect_id=1,
        n=-1,
        phase="balance",
        epoch=1,
        request_id=REQUEST,
        began_at=NOON,
        ended_at=NOON,
        answer="Prepared",
        reading=json.dumps({"posts_to": "PMS-17", "charges": [{"ref": "5", "due_minor": 11000, "on": "2026-01-02"}]}),
    )
    shelf.entry(
        paid,
        "fee_adjustment",
        -33,
        depends_on=1,
        external_id="adjustments/8",
        posted_at=LATER,
    )
    for n, phase, answer, code, found in (
        (1, "post", "NoAnswer", "TIMEOUT", []),
        (5, "readback", "Found", None, []),
        (2, "post", "Posted", "201", ["payments/7"]),
    ):
        shelf.row(
            "attempts",
            month="2026-03-01",
            effect_id=1,
            n=n,
            phase=phase,
            epoch=n,
            request_id=REQUEST,
            began_at=NOON + timedelta(seconds=n),
            ended_at=NOON + timedelta(seconds=n + 1) if phase == "post" and n == 1 else LATER,
            answer=answer,
            code=code,
            external_ids=found,
            vendor_request_id="tid-9" if answer == "Posted" else None,
        )
    refunded = shelf.event(
        "refund",
        "re-1",
        concerns="pay-1",
        event_type="RefundSucceeded",
        settings_version=3,
        reason="FOLLOWS_ORIGINAL",
        received_at=NOON - timedelta(hours=1),
        resolved_at=LATER,
        waited=["AWAITING_ORIGINAL"],
    )
    refund = RefundSucceeded(
        event_id=refunded,
        source=SOURCE,
        occurred_at=LATER,
        produced_at=LATER,
        practice_id=PRACTICE,
        refund_id="re-1",
        payment_id="pay-1",
        gross_minor=-5150,
        surcharge_minor=-150,
        fee_minor=0,
        net_minor=-5150,
    )
    shelf.told(refund, _decision(DecisionReason.FOLLOWS_ORIGINAL), refunded)
    for kind, minor in (("refund", -5150), ("fee_adjustment", 150)):
        shelf.entry(
            refunded,
            kind,
            minor,
            depends_on=1 if kind == "refund" else 2,
            reason="FOLLOWS_ORIGINAL",
            external_id=f"adjustments/{9 if kind == 'refund' else 10}",
            posted_at=LATER,
            redrives=1,
        )
    shelf.row(
        "dead_letters",
        topic_id="t",
        part=0,
        off=2,
        effect_id=3,
        topic="payments.v1",
        stage="post",
        reason="MAPPING_MISSING",
        field="refund_type",
        source=SOURCE,
        event_id=refunded,
        target="PMS",
        first_failed_at=NOON,
        last_failed_at=NOON,
        dl_topic_id="d",
        dl_part=0,
        dl_off=0,
        stored_at=NOON,
        settled_at=LATER,
        settled_as="REDRIVEN",
        settled_by="cli:robin",
    )
    shelf.row(
        "notices",
        cause="posting:PMS:MAPPING_MISSING",
        opened_at=NOON,
        told_at=NOON,
        closed_at=LATER,
        reason="MAPPING_MISSING",
        target="PMS",
    )
    shelf.connection.execute(
        "SELECT audit_append(%s, %s, 'cli:robin', 'dead_letter.redrive', 'RELEASED', NULL, %s, 'mapped the type')",
        (PRACTICE, LATER, json.dumps({"count": 1, "ids": ["e:3"], "secret": "pat-NAME"})),
    )
    _paid_out(shelf)


def _paid_out(shelf: Shelf) -> None:
    carried = payout(
        item(1, 10300, 267, payment_id="pay-1"), item(2, -5150, category=PayoutCategory.REFUND, payment_id="pay-1")
    )
    paid_out = shelf.event("payout", "po-1", event_type="PayoutPaid")
    shelf.told(carried, _decision(DecisionReason.AUTO_INSTANT), paid_out)
    net = carried.net_minor
    shelf.entry(paid_out, "payout", net, external_id="deposit/101")
    for number, each in enumerate(carried.items, start=1):
        shelf.row(
            "payout_items",
            source=SOURCE,
            payment_id="pay-1",
            payout_id="po-1",
            version=1,
            number=number,
            category=each.category.value,
            gross_minor=each.gross_minor,
            fee_minor=each.fee_minor,
        )


@pytest.mark.stack
@pytest.mark.parametrize(
    ("sought", "named"),
    [
        ("pay-1", "payment"),
        ("ev-1", "event"),
        ("ev-2", "event"),
        ("re-1", "refund"),
        ("e:1", "entry"),
        ("payments/7", "external id"),
        ("7", "external id"),
        ("WB" + REQUEST[:16], "marker"),
    ],
)
def test_every_id_that_people_have_leads_to_the_same_story(shelf: Shelf, sought: str, named: str) -> None:
    """By event, payment, refund, entry, number at the target, or the marker that stands there."""
    a_life(shelf)
    story = _story(shelf, sought)
    assert (story.about.subject, story.about.of_payout) == ("pay-1", False)
    assert named in story.about.named
    assert [event.event_id for event in story.events] == ["ev-1", "ev-2"]
    assert story.headline == "Payment pay-1 of 103.00 USD: PARTIALLY_REVERSED, 4 of 4 entries in the books"


@pytest.mark.stack
def test_amounts_say_how_they_came_about(shelf: Shelf) -> None:
    """N-2, R-16: 10300 with surcharge 300 and fee 267; half of it refunded with its share of the surcharge."""
    a_life(shelf)
    paid, refunded = (event.amounts for event in _story(shelf, "pay-1").events)
    assert paid is not None
    assert refunded is not None
    assert (paid.payment_minor, paid.companion_minor, paid.adds_up, paid.mode) == (10033, -33, True, "NET")
    assert paid.words == (
        "NET: payment 100.33 = gross 103.00 - fee 2.67",
        "fee adjustment -0.33 = fee 2.67 - surcharge 3.00",
        "payment + fee adjustment = 100.00 = gross 103.00 - surcharge 3.00 (R-15)",
    )
    assert (refunded.payment_minor, refunded.companion_minor, refunded.adds_up) == (-5150, 150, True)
    assert refunded.words[0] == "NET: payment -51.50 = gross -51.50 - fee 0.00"


@pytest.mark.stack
def test_decisions_carry_their_settings_and_their_waiting(shelf: Shelf) -> None:
    """E-8, R-8: reason, version and what the version said; parked, why, and released when."""
    a_life(shelf)
    story = _story(shelf, "pay-1")
    paid, refunded = story.events
    assert (paid.reason, paid.settings_version, paid.timing, paid.waited_as) == ("AUTO_DAILY", 3, "DAILY", ())
    assert (refunded.waited_as, refunded.resolved_at) == (("AWAITING_ORIGINAL",), LATER)
    (version,) = story.settings
    assert (version.saved_by, version.why) == ("dr.rowan", "daily from now on")
    assert version.words[:3] == (
        "posting on",
        "NET with the fee adjustment",
        "DAILY 18:00 America/New_York",
    )


@pytest.mark.stack
def test_attempts_links_letters_notices_payout_and_people(shelf: Shelf) -> None:
    """Each attempt with its answer's class and both request ids; links both ways; who did what about it."""
    a_life(shelf)
    story = _story(shelf, "pay-1")
    first, companion = story.events[0].entries
    back, _ = story.events[1].entries
    assert [(each.phase, each.answer, each.code, each.vendor_request_id) for each in first.attempts] == [
        ("balance", "Prepared", None, None),
        ("post", "NoAnswer", "TIMEOUT", None),
        ("post", "Posted", "201", "tid-9"),
        ("readback", "Found", None, None),
    ]
    assert first.attempts[0].words == "balance read before posting: 1 open charge"
    assert first.shares_minor == [10033]
    assert (first.marker, first.request_id, first.generation) == ("WB" + REQUEST[:16], REQUEST, 2)
    assert (first.taken_back_by, back.takes_back, companion.after) == (("e:3",), "e:1", "e:1")
    (letter,) = back.dead_letters
    assert (letter.id, letter.reason, letter.settled_as) == ("e:3", "MAPPING_MISSING", "REDRIVEN")
    assert "the practice's system" in letter.remedy
    (notice,) = story.notices
    assert (notice.cause, notice.closed_at) == ("posting:PMS:MAPPING_MISSING", LATER)
    assert [(deed.who, deed.action, deed.why) for deed in story.people] == [
        ("cli:robin", "dead_letter.redrive", "mapped the type")
    ]
    assert [(each.payout_id, each.item, each.external_id, each.failed) for each in story.payouts] == [
        ("po-1", 1, "deposit/101", False),
        ("po-1", 2, "deposit/101", False),
    ]


@pytest.mark.stack
def test_a_payout_lists_the_payments_that_it_carries(shelf: Shelf) -> None:
    """P-22: the document's item numbers with the payments behind them, which QuickBooks never hears of (P-13)."""
    a_life(shelf)
    for sought in ("po-1", "deposit/101", "101"):
        story = _story(shelf, sought)
        assert story.about.of_payout
        assert [(each.number, each.category, each.payment_id) for each in story.items] == [
            (1, "CHARGE", "pay-1"),
            (2, "REFUND", "pay-1"),
        ]
        (event,) = story.events
        assert event.amounts is not None
        assert event.amounts.words == ("document 48.83 = gross 51.50 - fees 2.67",)


@pytest.mark.stack
def test_no_patient_data_beyond_the_surrogate(shelf: Shelf) -> None:
    """H-21: neither the event's free fields nor what an action kept are shown, nor anybody's number at the PMS."""
    a_life(shelf)
    shown = msgspec.json.encode(_story(shelf, "pay-1")).decode()
    assert "pat-SURROGATE" in shown
    assert "pat-NAME" not in shown
    assert "PMS-17" not in shown


@pytest.mark.stack
def test_an_ambiguous_id_lists_its_candidates(shelf: Shelf) -> None:
    """The same id at two practices, and as a payment and a payout."""
    shelf.practice("other")
    shelf.event("payment", "x-1", ("payment", 100))
    shelf.event("payment", "x-1", ("payment", 100), practice_id="other")
    answer = explain(shelf.connection, "x-1")
    assert isinstance(answer, Ambiguous)
    assert [each.practice_id for each in answer.candidates] == ["other", PRACTICE]
    assert _story(shelf, "x-1", "other").about.practice_id == "other"
    shelf.event("payout", "x-1", ("payout", 100), version=2, event_type="PayoutPaid")
    both = explain(shelf.connection, "x-1", PRACTICE)
    assert isinstance(both, Ambiguous)
    assert [each.of_payout for each in both.candidates] == [False, True]
    assert isinstance(explain(shelf.connection, "e:1", PRACTICE), Explanation)


@pytest.mark.stack
def test_an_unknown_id_says_what_it_was_looked_for_as(shelf: Shelf) -> None:
    for sought in ("pay-9", "e:9", "WB" + "A" * 16, "deposit/9", "%"):
        assert explain(shelf.connection, sought) == Unknown(sought=sought, looked_for=LOOKED_FOR)


@pytest.mark.stack
@pytest.mark.parametrize("sought", ["WB" + REQUEST[:16], "payments/31", "31"])
def test_the_test_post_of_a_golive_check_is_told_as_one(shelf: Shelf, sought: str) -> None:
    """SET-17: who finds it in the practice's ledger learns what it is, and whether it was taken back."""
    for step, request, found in (
        ("payment", REQUEST, "payments/31"),
        ("reversal", REQUEST[::-1], "adjustments/32"),
    ):
        shelf.row(
            "golive_checks",
            check_no=2,
            step=step,
            connection_id="c",
            account_fingerprint="a",
            pms_patient_id="17",
            entry_kind=step,
            request_id=request,
            instruction="{}",
            state="FOUND",
            external_id=found,
            began_at=NOON,
            began_by="cli:ada",
            found_at=LATER,
        )
    answer = explain(shelf.connection, sought)
    assert isinstance(answer, GolivePosts), answer
    (post,) = answer.posts
    assert (post.practice_id, post.check_no, post.step) == (PRACTICE, 2, "payment")
    assert (post.external_id, post.taken_back_as, post.began_by) == ("payments/31", "adjustments/32", "cli:ada")
    assert isinstance(explain(shelf.connection, sought, "elsewhere"), Unknown)


@pytest.mark.stack
def test_a_record_that_became_no_event_is_explained_too(shelf: Shelf) -> None:
    """Promise 1: what was refused is known by its event id."""
    shelf.row(
        "dead_letters",
        topic_id="t",
        part=0,
        off=9,
        topic="payments.v1",
        stage="rules",
        reason="NEGATIVE_AMOUNT",
        field="gross_minor",
        source=SOURCE,
        event_id="ev-bad",
        first_failed_at=NOON,
        last_failed_at=NOON,
        dl_topic_id="d",
        dl_part=0,
        dl_off=0,
        stored_at=NOON,
    )
    story = _story(shelf, "ev-bad")
    (letter,) = story.dead_letters
    assert (letter.id, letter.reason, letter.field) == ("payments.v1:0:9", "NEGATIVE_AMOUNT", "gross_minor")
    assert "dead letter" in story.headline


@pytest.mark.stack
@pytest.mark.parametrize("query", [*sorted(PARAMETERS)])
def test_each_question_is_answered_by_index(shelf: Shelf, query: str) -> None:
    """Law 28: the cost of an explanation does not grow with what else the ledger holds."""
    a_life(shelf)
    shelf.connection.execute("ANALYZE")
    shelf.connection.execute("SET enable_seqscan = off")
    plan = shelf.explained(named_queries("sinks.operator", "explain.sql")[query], PARAMETERS[query])
    for table in ("events", "effects", "attempts", "receipts", "bodies", "payout_items"):
        assert f"Seq Scan on {table}" not in plan, plan


@pytest.mark.stack
def test_what_the_ledger_does_not_keep_any_more_is_left_out(shelf: Shelf) -> None:
    """Law 28: an old month's bytes are gone; the entries still tell the rest."""
    a_life(shelf)
    shelf.connection.execute("DELETE FROM bodies")
    story = _story(shelf, "pay-1")
    assert [event.amounts for event in story.events] == [None, None]
    assert story.totals is not None
    assert story.totals.remaining_minor == 5000


@pytest.mark.stack
def test_a_refund_whose_payment_never_came(shelf: Shelf) -> None:
    """R-8: found by the payment's id, although nothing else of that payment is there."""
    shelf.event("refund", "re-5", concerns="pay-5", event_type="RefundSucceeded", reason="ORIGINAL_UNKNOWN",
                waiting="AWAITING_ORIGINAL", resolved_at=None)  # fmt: skip
    for sought in ("re-5", "pay-5"):
        story = _story(shelf, sought)
        assert story.events[0].waited_as == ("AWAITING_ORIGINAL",)
        assert story.headline.startswith("RefundSucceeded pay-5: waits for its payment or payout")


@pytest.mark.stack
@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        ("AWAITING_ALLOCATION", "AUTO_INSTANT", "waits for a person to allocate it"),
        ("AWAITING_ALLOCATION", "ALLOCATE_BY_HAND", "waits for a person to allocate it: the practice allocates"),
        ("REJECTED", "PATIENT_NOT_FOUND", "refused: "),
        ("UNCERTAIN", "AUTO_DAILY", "in doubt: it is looked for"),
        ("SCHEDULED", "AUTO_INSTANT", "the practice posts this type at once"),
        ("POSTED", "AUTO_INSTANT", "the practice posts this type at once"),
    ],
)
def test_an_event_stands_as_its_worst_entry_and_for_that_entrys_reason(
    shelf: Shelf, state: str, reason: str, words: str
) -> None:
    """Features 2.4: never "waits: the practice posts this type at once"; the other entry is in the books."""
    paid = shelf.event("payment", "pay-1", ("payment", 9680))
    shelf.entry(paid, "fee_adjustment", 320, state=state, reason=reason)
    (event,) = _story(shelf, "pay-1").events
    assert event.state == state
    assert event.words.startswith(words)
    if state not in ("SCHEDULED", "POSTED"):
        assert "at once" not in event.words
        assert event.words == event.entries[1].words


def test_every_reason_and_state_has_words() -> None:
    """H-3: fixed words, one for each member of the closed lists."""
    assert set(DECISION_WORDS) == set(DecisionReason)
    assert set(STATE_WORDS) == set(State)
    for reason in DeadLetterReason:
        assert "{system}" not in reason_words(reason.value, "PMS")
