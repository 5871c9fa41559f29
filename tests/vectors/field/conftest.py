"""A ledger for each case."""

from __future__ import annotations

from tests.sinks.ledger.conftest import database

__all__ = ["database"]
