"""One sandbox and one pipeline, as scenarios have them."""

from __future__ import annotations

from tests.scenarios.conftest import pipeline, sandbox

__all__ = ["pipeline", "sandbox"]
