"""Pure functions of the ledger: what stands in the way first, and who an event is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from processors.rules.lifecycle.waiting_state import SwitchVersion, first_unmet, in_force, initial_state
from schemas.plan import Instruction, PlannedEntry
from schemas.vocabulary import HELD, UNMET_ORDER, DecisionReason, EntryKind, State, Target
from sinks.ledger.request_ids import marker, request_id

START = datetime(2026, 3, 4, 17, tzinfo=UTC)


def planned(target: Target, state: State) -> PlannedEntry:
    return PlannedEntry(
        target=target,
        entry_kind=EntryKind.PAYMENT,
        part="",
        state=state,
        reason=DecisionReason.AUTO_INSTANT,
        lane="p:pt-1",
        instruction=Instruction(
            entry_kind=EntryKind.PAYMENT,
            amount_minor=1,
            currency="USD",
            ledger_date=START.date(),
            occurred_at=START,
            patient_ref="pt-1",
        ),
    )


@given(st.frozensets(st.sampled_from(sorted(HELD))), st.booleans(), st.booleans(), st.booleans())
def test_the_first_unmet_condition_is_the_state(
    holds: frozenset[State], needs_link: bool, linked: bool, paused: bool
) -> None:
    """PROTOCOL section 3: in the order given, else SCHEDULED; meeting it shows a later one."""
    unmet = set(holds)
    if needs_link and not linked:
        unmet.add(State.AWAITING_LINK)
    if paused:
        unmet.add(State.PAUSED)
    expected = next((state for state in UNMET_ORDER if state in unmet), State.SCHEDULED)
    assert first_unmet(holds, needs_link=needs_link, linked=linked, paused=paused) is expected


@given(
    st.sampled_from([State.SCHEDULED, State.AWAITING_MANUAL_POST, State.SKIPPED_DISABLED, State.SKIPPED_ZERO]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from(list(Target)),
)
def test_facts_never_undo_a_skip_and_never_post_without_a_connection(
    state: State, connected: bool, linked: bool, paused: bool, target: Target
) -> None:
    """P-17, E-9: facts only add what stands in the way; the switch of the ledger never holds a payout."""
    found = initial_state(
        planned(target, state), connection_id="c" if connected else None, linked=linked, paused=paused
    )
    if state in (State.SKIPPED_DISABLED, State.SKIPPED_ZERO):
        assert found.state is state
    elif not connected:
        assert (found.state, found.reason) == (State.SKIPPED_DISABLED, DecisionReason.NO_CONNECTION)
    elif target is Target.QUICKBOOKS:
        assert found.state is state
    elif not linked:
        assert found.state is State.AWAITING_LINK
    elif state is State.AWAITING_MANUAL_POST:
        assert found.state is state
    else:
        assert found.state is (State.PAUSED if paused else State.SCHEDULED)


@given(st.lists(st.integers(0, 50), unique=True).map(sorted), st.integers(-1, 51))
def test_exactly_one_version_is_in_force(starts: list[int], at: int) -> None:
    """E-8: half-open intervals; before the first one there is none."""
    versions = [SwitchVersion(n, START + timedelta(hours=hour), True) for n, hour in enumerate(starts, start=1)]
    found = in_force(versions, START + timedelta(hours=at))
    expected = max((n for n, hour in enumerate(starts, start=1) if hour <= at), default=None)
    assert (None if found is None else found.version) == expected


_IDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=8)


@given(st.lists(st.tuples(_IDS, _IDS, _IDS, st.integers(1, 3)), min_size=2, max_size=20, unique=True))
def test_request_ids_differ_with_identity_and_generation(keys: list[tuple[str, str, str, int]]) -> None:
    """Law 18: from the effect's key and generation alone; the marker fits 21 characters."""
    made = [request_id(p, "s", e, "PMS", "payment", part, n) for p, e, part, n in keys]
    assert len(set(made)) == len(keys)
    assert made == [request_id(p, "s", e, "PMS", "payment", part, n) for p, e, part, n in keys]
    assert all(len(marker(each)) == 18 and marker(each).startswith("WB") for each in made)
