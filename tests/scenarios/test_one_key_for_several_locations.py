"""Two practices whose locations share an API key at NexHealth, over two posters: one pace for both (law 22)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import Pipeline

INTERVAL_S = 0.2
PAYMENTS = 6
"""Of each practice, each of a patient of its own."""
PRACTICES = ("north", "south")


def rate_of_posts(pipeline: Pipeline, key_locations: int) -> float:
    """Requests of the key a second while both practices post, as the service's log has it; each one's first is free."""
    key = f"{pipeline.world.database}-shared"
    refs = [f"pt-{number}" for number in range(PAYMENTS)]
    for number, name in enumerate(PRACTICES):
        location = {"shared_key": key, "location_id": 7 + number}
        mapping = {"min_interval_s": INTERVAL_S, "key_locations": key_locations, "max_in_flight": 1}
        pipeline.practice(name, patients=refs, location=location, mapping=mapping, amount="GROSS")
    pipeline.start("rules", "intake")
    events = []
    for name in PRACTICES:
        first = payment(name)
        events += [
            payment(name, patient_ref=ref, occurred_at=first.occurred_at + timedelta(milliseconds=number))
            for number, ref in enumerate(refs)
        ]
    pipeline.send(*events)
    pipeline.until(lambda: sum(pipeline.states().values()) == len(events), "everything is due")
    pipeline.start("poster", "poster", "relay", "notifier")
    pipeline.until_states(POSTED=len(events))
    calls = [call for call in pipeline.sandbox.nexhealth.calls(key) if call.path != "/authenticates"]
    posts = [call.arrived_ns for call in calls if call.method == "POST"]
    assert len(posts) == len(events)
    meanwhile = [call for call in calls if min(posts) <= call.arrived_ns <= max(posts)]
    return (len(meanwhile) - len(PRACTICES)) / ((max(posts) - min(posts)) / 1e9)


@pytest.mark.stack
def test_practices_of_one_key_stay_below_its_pace_over_two_posters(pipeline: Pipeline) -> None:
    """The whole of what both ask: status, posts and look-ups."""
    assert rate_of_posts(pipeline, 2) <= 1.1 / INTERVAL_S
    pipeline.invariants()


@pytest.mark.stack
def test_practices_that_do_not_say_so_exceed_it(pipeline: Pipeline) -> None:
    """The counter-test: what the number is for."""
    assert rate_of_posts(pipeline, 1) > 1.3 / INTERVAL_S
