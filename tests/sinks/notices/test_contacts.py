"""Who is told of a cause and when: by role and timing, after an escalation, outside quiet hours; never nobody."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.vocabulary import AttentionReason, ConnectionReason, ContactRole, DeadLetterReason, Target, Timing
from sinks.notices.causes import NEWS, Cause, CauseKind
from sinks.notices.concerns import roles_of
from sinks.notices.contacts import Contact, held_until, in_digest_of, next_escalation, readers_of

MAPPING = Cause(CauseKind.POSTING, Target.PMS, DeadLetterReason.MAPPING_MISSING)
REFUSED = Cause(CauseKind.POSTING, Target.PMS, DeadLetterReason.REFUSED_BY_TARGET)
TOKEN = Cause(CauseKind.CONNECTION, Target.QUICKBOOKS, ConnectionReason.NEEDS_RECONNECT)
DISPUTE = Cause(CauseKind.EVENT, None, AttentionReason.DISPUTE_OPENED)
CAUSES = [
    *(Cause(CauseKind.POSTING, target, reason) for target in Target for reason in DeadLetterReason),
    *(Cause(CauseKind.CONNECTION, target, reason) for target in Target for reason in ConnectionReason),
    *(Cause(CauseKind.EVENT, None, reason) for reason in AttentionReason),
]
KEYS = ["*", *ContactRole, DeadLetterReason.MAPPING_MISSING.value, AttentionReason.PAYOUT_FAILED.value]


def contact(address: str, **over: object) -> Contact:
    return Contact(**({"channel": "email", "address": address} | over))  # type: ignore[arg-type]


def told(contacts: list[Contact], cause: Cause, escalated: timedelta = timedelta(0)) -> list[str]:
    return [each.address for each in readers_of(contacts, cause, escalated).at_once]


@pytest.mark.parametrize(
    ("cause", "roles"),
    [
        (MAPPING, {ContactRole.SETTINGS}),
        (TOKEN, {ContactRole.SETTINGS, ContactRole.BOOKS}),
        (REFUSED, {ContactRole.PAYMENTS}),
        (DISPUTE, {ContactRole.PAYMENTS}),
        (Cause(CauseKind.EVENT, None, AttentionReason.PAYOUT_FAILED), {ContactRole.BOOKS}),
        (Cause(CauseKind.RECORD, None, DeadLetterReason.AMOUNTS_DISAGREE), {ContactRole.PAYMENTS}),
    ],
)
def test_a_cause_concerns_those_who_can_do_something_about_it(cause: Cause, roles: set[ContactRole]) -> None:
    assert roles_of(cause) == roles


def test_the_most_exact_timing_decides() -> None:
    one = contact("a", timings={"*": Timing.NEVER, "SETTINGS": Timing.DIGEST, "MAPPING_MISSING": Timing.AT_ONCE})
    assert one.timing(MAPPING) is Timing.AT_ONCE
    assert one.timing(TOKEN) is Timing.DIGEST
    assert one.timing(REFUSED) is Timing.NEVER
    assert contact("b").timing(REFUSED) is Timing.AT_ONCE


def test_news_is_never_told_in_a_digest_alone() -> None:
    """It closes within a day: a digest after a weekend would not have it."""
    everything = contact("a", timings={"*": Timing.DIGEST})
    assert everything.timing(DISPUTE) is Timing.AT_ONCE
    assert everything.timing(MAPPING) is Timing.DIGEST


def test_each_is_told_of_what_it_looks_after() -> None:
    people = [contact("settings", roles=(ContactRole.SETTINGS,)), contact("books", roles=(ContactRole.BOOKS,))]
    assert told(people, MAPPING) == ["settings"]
    assert told(people, TOKEN) == ["settings", "books"]
    assert told(people, REFUSED) == ["settings", "books"], "nobody looks after it, so all do"


def test_others_are_told_step_by_step() -> None:
    people = [
        contact("desk"),
        contact("manager", escalate_after=timedelta(hours=2)),
        contact("owner", escalate_after=timedelta(hours=8)),
    ]
    assert told(people, REFUSED) == ["desk"]
    assert next_escalation(people, REFUSED, timedelta(0)) == timedelta(hours=2)
    assert told(people, REFUSED, timedelta(hours=3)) == ["desk", "manager"]
    assert next_escalation(people, REFUSED, timedelta(hours=3)) == timedelta(hours=8)
    assert next_escalation(people, REFUSED, timedelta(hours=9)) is None


def test_where_all_wait_for_an_escalation_the_first_is_told_at_once() -> None:
    people = [
        contact("manager", escalate_after=timedelta(hours=2)),
        contact("owner", escalate_after=timedelta(hours=8)),
    ]
    assert told(people, REFUSED) == ["manager"]


def test_a_digest_reader_is_a_reader() -> None:
    books = contact("books", roles=(ContactRole.BOOKS,), timings={"BOOKS": Timing.DIGEST})
    payout = Cause(CauseKind.POSTING, Target.QUICKBOOKS, DeadLetterReason.PERIOD_CLOSED)
    found = readers_of([books], payout)
    assert (found.at_once, found.in_digest) == ((), True)
    assert in_digest_of(books, [books], payout)
    assert not in_digest_of(books, [books, contact("settings")], MAPPING)


@st.composite
def people(draw: st.DrawFn) -> list[Contact]:
    wishes = st.fixed_dictionaries(
        {
            "roles": st.lists(st.sampled_from(ContactRole), min_size=1, unique=True).map(tuple),
            "timings": st.dictionaries(st.sampled_from(KEYS), st.sampled_from(Timing), max_size=3),
            "escalate_after": st.sampled_from([timedelta(0), timedelta(hours=1), timedelta(days=1)]),
        }
    )
    return [contact(str(n), **wish) for n, wish in enumerate(draw(st.lists(wishes, min_size=1, max_size=5)))]


@given(people(), st.sampled_from(CAUSES))
def test_whoever_asks_for_a_cause_leaves_nobody_without_a_reader(contacts: list[Contact], cause: Cause) -> None:
    """Roles, digests and escalations move a message; only NEVER keeps it from all."""
    asked = [each for each in contacts if each.timing(cause) is not Timing.NEVER]
    found = readers_of(contacts, cause)
    assert (bool(found.at_once) or found.in_digest) == bool(asked)
    assert set(told(contacts, cause)) <= {each.address for each in asked}
    for each in contacts:
        assert not (in_digest_of(each, contacts, cause) and each.address in told(contacts, cause))
        assert not (in_digest_of(each, contacts, cause) and cause.reason in NEWS)


@given(people(), st.sampled_from(CAUSES))
def test_a_further_escalation_takes_nobody_away(contacts: list[Contact], cause: Cause) -> None:
    steps = [told(contacts, cause, timedelta(hours=hours)) for hours in (0, 1, 12, 24)]
    for earlier, later in itertools.pairwise(steps):
        assert set(earlier) <= set(later)
    assert next_escalation(contacts, cause, timedelta(days=1)) is None


NIGHT = contact("a", quiet_from=time(21), quiet_until=time(7))
LUNCH = contact("a", quiet_from=time(12), quiet_until=time(13), zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("who", "now", "until"),
    [
        (NIGHT, "2026-03-02T04:59:00+00:00", None),
        (NIGHT, "2026-03-02T05:00:00+00:00", "2026-03-02T15:00:00+00:00"),
        (NIGHT, "2026-03-02T14:59:59+00:00", "2026-03-02T15:00:00+00:00"),
        (NIGHT, "2026-03-02T15:00:00+00:00", None),
        # The night in which clocks go forward is an hour shorter.
        (NIGHT, "2026-03-08T05:30:00+00:00", "2026-03-08T14:00:00+00:00"),
        (LUNCH, "2026-03-02T11:30:00+00:00", "2026-03-02T12:00:00+00:00"),
        (LUNCH, "2026-03-02T12:30:00+00:00", None),
        (contact("a"), "2026-03-02T05:00:00+00:00", None),
    ],
)
def test_quiet_hours_are_local(who: Contact, now: str, until: str | None) -> None:
    found = held_until(who, "America/Los_Angeles", datetime.fromisoformat(now))
    assert found == (None if until is None else datetime.fromisoformat(until))


def test_without_a_zone_quiet_hours_are_in_utc() -> None:
    now = datetime(2026, 3, 2, 22, tzinfo=UTC)
    assert held_until(NIGHT, None, now) == datetime(2026, 3, 3, 7, tzinfo=UTC)
