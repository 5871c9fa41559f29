"""Queries of one file may share what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from sinks.ledger.named_queries import named_queries


def test_a_query_may_stand_in_others() -> None:
    """Listing and sum of transactions filter by the very same words."""
    found = named_queries("sinks.operations.queries", "transactions.sql")
    shared = found["matching"].strip().removesuffix(";")
    for name in ("rows", "sums"):
        assert shared in found[name]
        assert found[name].count(";") == 1
        assert "query_" not in found[name]


def test_what_is_not_there_cannot_be_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt part is no parameter that nobody gives: the file is refused."""
    folder = tmp_path / "shared_wrongly"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "queries.sql").write_text("-- name: whole\nSELECT * FROM (:query_part) p;\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(KeyError, match="part"):
        named_queries("shared_wrongly")
