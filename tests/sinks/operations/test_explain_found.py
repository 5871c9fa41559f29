"""`explain`: what an id may lead to beside the story of a payment (guarantee 3)."""

from __future__ import annotations

import json

import pytest

from schemas.plan import ClaimDoubt
from schemas.vocabulary import DeadLetterReason
from sinks.operations.queries.explain import LOOKED_FOR, explain
from sinks.operations.queries.explain.record import Ambiguous, GolivePosts, Story, Unknown
from sinks.operations.words.claim_words import doubt_words
from sinks.operations.words.explanations import reason_words
from tests.processors.rules.event_examples import NOON, PRACTICE
from tests.sinks.operations.explained import LATER, REQUEST, story
from tests.sinks.operations.stored_payments import SOURCE, StoredPayments


@pytest.mark.stack
def test_an_ambiguous_id_lists_its_candidates(stored: StoredPayments) -> None:
    """The same id at two practices, and as a payment and a payout."""
    stored.practice("other")
    stored.event("payment", "x-1", ("payment", 100))
    stored.event("payment", "x-1", ("payment", 100), practice_id="other")
    answer = explain(stored.connection, "x-1")
    assert isinstance(answer, Ambiguous)
    assert [each.practice_id for each in answer.candidates] == ["other", PRACTICE]
    assert story(stored, "x-1", "other").about.practice_id == "other"
    stored.event("payout", "x-1", ("payout", 100), version=2, event_type="PayoutPaid")
    both = explain(stored.connection, "x-1", PRACTICE)
    assert isinstance(both, Ambiguous)
    assert [each.of_payout for each in both.candidates] == [False, True]
    assert isinstance(explain(stored.connection, "e:1", PRACTICE), Story)


@pytest.mark.stack
def test_an_unknown_id_says_what_it_was_looked_for_as(stored: StoredPayments) -> None:
    for sought in ("pay-9", "e:9", "WB" + "A" * 16, "deposit/9", "%"):
        assert explain(stored.connection, sought) == Unknown(sought=sought, looked_for=LOOKED_FOR)


@pytest.mark.stack
@pytest.mark.parametrize("sought", ["WB" + REQUEST[:16], "payments/31", "31"])
def test_the_test_post_of_a_golive_check_is_named_as_one(stored: StoredPayments, sought: str) -> None:
    """SET-17: who finds it in the practice's ledger learns what it is, and whether it was taken back."""
    for step, request, found in (
        ("payment", REQUEST, "payments/31"),
        ("reversal", REQUEST[::-1], "adjustments/32"),
    ):
        stored.row(
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
    answer = explain(stored.connection, sought)
    assert isinstance(answer, GolivePosts), answer
    (post,) = answer.posts
    assert (post.practice_id, post.check_no, post.step) == (PRACTICE, 2, "payment")
    assert (post.external_id, post.taken_back_as, post.began_by) == ("payments/31", "adjustments/32", "cli:ada")
    stored.practice("elsewhere")
    assert isinstance(explain(stored.connection, sought, "elsewhere"), Unknown)


@pytest.mark.stack
def test_a_record_that_became_no_event_is_explained_too(stored: StoredPayments) -> None:
    """Guarantee 1: what was refused is known by its event id."""
    stored.row(
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
    shown = story(stored, "ev-bad")
    (letter,) = shown.dead_letters
    assert (letter.id, letter.reason, letter.field) == ("payments.v1:0:9", "NEGATIVE_AMOUNT", "gross_minor")
    assert "dead letter" in shown.headline


@pytest.mark.stack
def test_a_refund_whose_payment_never_came(stored: StoredPayments) -> None:
    """R-8: found by the payment's id, although nothing else of that payment is there."""
    stored.event("refund", "re-5", concerns="pay-5", event_type="RefundSucceeded", reason="ORIGINAL_UNKNOWN",
                waiting="AWAITING_ORIGINAL", resolved_at=None)  # fmt: skip
    for sought in ("re-5", "pay-5"):
        shown = story(stored, sought)
        assert shown.events[0].waited_as == ("AWAITING_ORIGINAL",)
        assert shown.headline.startswith("RefundSucceeded pay-5: waits for its payment or payout")


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
    stored: StoredPayments, state: str, reason: str, words: str
) -> None:
    """PROTOCOL section 3: never "waits: the practice posts this type at once"; the other entry is in the books."""
    paid = stored.event("payment", "pay-1", ("payment", 9680))
    stored.entry(paid, "fee_adjustment", 320, state=state, reason=reason)
    (event,) = story(stored, "pay-1").events
    assert event.state == state
    assert event.words.startswith(words)
    if state not in ("SCHEDULED", "POSTED"):
        assert "at once" not in event.words
        assert event.words == event.entries[1].words


def test_a_dead_letters_reason_names_the_system() -> None:
    for reason in DeadLetterReason:
        assert "{system}" not in reason_words(reason.value, "PMS")


@pytest.mark.stack
def test_a_claim_says_what_it_is_held_for_and_what_its_insurer_remarks(stored: StoredPayments) -> None:
    """I-3, I-5, I-9: codes with what their lists say of them on the day of the remittance; a remark that our list does
    not have is shown as it came, since the list may be the older of the two."""
    paid = stored.event("payment", "pay-1")
    order = {
        "occurred_at": "2026-03-04T17:00:00Z",
        "claim": {
            "doubts": ["CO-97", "OA-A2", "PR-999", "ESTIMATE"],
            "remarks": ["N362", "M118", "N9999", "X1"],
        },
    }
    stored.entry(paid, "insurance_payment", 12000, state="AWAITING_REVIEW", instruction=json.dumps(order))
    (event,) = story(stored, "pay-1").events
    (entry,) = event.entries
    assert entry.held_for == (
        "CO-97",
        "OA-A2 (stopped 2008-01-01)",
        "PR-999 (on no list that we have)",
        "it is an estimate before treatment (status 25)",
    )
    assert entry.remarks == ("N362", "M118 (stopped 2011-01-01)", "N9999", "X1 (no code of this list)")


def test_every_doubt_has_words() -> None:
    """H-3."""
    assert all(doubt_words([doubt], NOON.date()) != (doubt.value,) for doubt in ClaimDoubt)
