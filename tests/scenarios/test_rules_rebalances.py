"""Laws 1, 13; scenarios 1, 7, 10: RULES processes join, are stopped and killed while events flow.

That rewinding is what saves an aborted batch is shown with its control in tests/streams/kafka/test_transactions.py, and
that the stable transactional id ends a killed worker's transaction in tests/processors/test_rules_role.py.
"""

from __future__ import annotations

import pytest

from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import GAVE_UP, Pipeline

pytestmark = pytest.mark.stack

EACH_TURN = 12


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_every_event_is_decided_once(pipeline: Pipeline, protocol: str) -> None:
    """Three slots come and go, one of them by SIGKILL (under `consumer`: `classic` waits out the session of a killed
    member, 45 s) and one fenced by its own successor: every event is in the ledger once and posted once."""
    practice = pipeline.practice()
    pipeline.start("intake", "poster", "relay", "notifier", group_protocol=protocol)
    sent = 0

    def more() -> None:
        nonlocal sent
        pipeline.send(*(payment(practice, f"pt-{n % 3 + 1}", 1_000 + n, 30) for n in range(sent, sent + EACH_TURN)))
        sent += EACH_TURN

    first = pipeline.start("rules", slot=0, group_protocol=protocol)
    more()
    second = pipeline.start("rules", slot=1, group_protocol=protocol)
    more()
    third = pipeline.start("rules", slot=2, group_protocol=protocol)
    pipeline.until_stored(2 * EACH_TURN)
    more()
    assert first.stop() == 0
    more()
    if protocol == "consumer":
        third.kill()
    else:
        assert third.stop() == 0
    more()
    successor = pipeline.start("rules", slot=1, group_protocol=protocol)
    pipeline.until_stored(sent)
    more()
    pipeline.until_stored(sent)
    pipeline.until_states(POSTED=2 * sent)
    # Which of the two of a slot goes on is the broker's choice when the older one commits while the newer one starts.
    ended = [role for role in (second, successor) if not role.running]
    assert len(ended) < 2
    assert [role.process.poll() for role in ended] in ([], [GAVE_UP]), "it ends loudly, for its supervisor"
    assert len(pipeline.rows("SELECT DISTINCT source, event_id FROM events")) == sent
    pipeline.invariants(replay=False)
