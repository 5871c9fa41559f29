"""The pipelines of the scenarios, with hostile input."""

from __future__ import annotations

from tests.scenarios.conftest import pipeline, sandbox

__all__ = ["pipeline", "sandbox"]
