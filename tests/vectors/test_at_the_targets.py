"""Every worked case through the whole pipeline: what stands in the books of Open Dental and QuickBooks in the end."""

from __future__ import annotations

import pytest

from tests.scenarios.pipeline import ALL_ROLES, Pipeline
from tests.vectors.at_targets import AtTheTargets
from tests.vectors.reading import cases

pytestmark = [pytest.mark.stack, pytest.mark.long]


@pytest.mark.timeout(900)
def test_at_the_targets(pipeline: Pipeline) -> None:
    """All cases at once: each entry once, with our reference on it (E-4), and every balance as its table says; then
    RULES reads everything again from offset 0, and nothing changes (I1 to I7, E-3)."""
    mine = [case for case in cases() if case.at("targets")]
    running = AtTheTargets(pipeline, mine)
    # RULES refuses another currency only where it knows the practice's: the settings are published before it starts.
    pipeline.start("relay")
    pipeline.until(lambda: not pipeline.rows("SELECT 1 AS n FROM outbox LIMIT 1"), "the settings are published", 60)
    pipeline.start(*(role for role in ALL_ROLES if role != "relay"))
    failed = running.run()
    assert not failed, "\n".join(f"{name}: {line}" for name, said in failed.items() for line in said)
    pipeline.invariants()
