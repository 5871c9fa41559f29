"""Every worked case through the whole pipeline: what stands in the books of Open Dental and QuickBooks in the end."""

from __future__ import annotations

import pytest

from tests.scenarios.pipeline import Pipeline
from tests.vectors.at_targets import AtTheTargets
from tests.vectors.reading import cases

pytestmark = [pytest.mark.stack, pytest.mark.long]


@pytest.mark.timeout(900)
def test_at_the_targets(pipeline: Pipeline) -> None:
    """All cases at once: each entry once, with our reference on it (E-4), and every balance as its table says; then
    RULES reads everything again from offset 0, and nothing changes (I1 to I7, E-3)."""
    mine = [case for case in cases() if case.at("targets")]
    running = AtTheTargets(pipeline, mine)
    pipeline.start_all()
    failed = running.run()
    assert not failed, "\n".join(f"{name}: {line}" for name, said in failed.items() for line in said)
    pipeline.invariants()
