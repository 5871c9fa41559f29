"""A topic of patients and a reader of it, on a world of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sinks.sync.identities.patients import Patients
from tests.worlds import World


@pytest.fixture
def patients(world: World) -> Iterator[Patients]:
    opened = Patients(world)
    yield opened
    opened.end()
