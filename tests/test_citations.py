"""Every citation in a docstring or comment leads to a place in this repository."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from schemas.vocabulary import State
from sinks.ledger.rows import TABLES
from tests.citations import PROTOCOL, ROOT, cited_text, ids, known_ids, unresolved
from tests.test_architecture import tracked
from tests.test_rule_ids import FEATURES

OWN = {Path(__file__), ROOT / "tests/citations.py"}


def sources() -> list[Path]:
    return [file for file in tracked() if file.suffix in (".py", ".sql") and file not in OWN]


def test_every_citation_leads_somewhere() -> None:
    """Rule ids, laws, guarantees, sections of PROTOCOL.md and of README.md files."""
    lost = {str(file.relative_to(ROOT)): found for file in sources() if (found := unresolved(file, cited_text(file)))}
    assert not lost


@pytest.mark.parametrize(
    "text",
    [
        "law 99",
        "laws 2, 99",
        "laws 1 to 99",
        "guarantee 9",
        "R-99",
        "R-1 to R-99",
        "SET-999",
        "PROTOCOL section 42",
        "PROTOCOL sections 1 and 42",
        "README section 42",
        "Open Dental README section 42",
        "schemas/README section 42",
        "nobody/README section 1",
        "API facts 1.4",
        "features 2.4",
        "protocol section 3",
        "kafka-practice 3.8",
        "(reference: events)",
    ],
)
def test_a_citation_of_nothing_is_found(text: str) -> None:
    """The control: without it, a search that matches nothing would pass."""
    assert unresolved(ROOT / "sinks/targets/quickbooks/answers.py", f"Why it is so ({text}).")


@pytest.mark.parametrize(
    "text",
    [
        "law 8",
        "laws 2, 7 to 9",
        "guarantee 2",
        "R-15",
        "I-1 to I-3",
        "SET-16",
        "PROTOCOL section 3",
        "README section 9",
    ],
)
def test_a_good_citation_is_not(text: str) -> None:
    """The forms of `tests.citations`, as the code writes them."""
    assert not unresolved(ROOT / "sinks/targets/quickbooks/answers.py", f"Why it is so ({text}).")


def test_no_feature_is_listed_that_nobody_cites() -> None:
    """What is listed is built: a feature or a duty that no file names is taken from `rules.toml`, or named there."""
    cited = {each for file in sources() for each in ids(cited_text(file))}
    cited |= {each for file in (ROOT / "tests/vectors").glob("*.csv") for each in ids(file.read_text(encoding="utf-8"))}
    assert not FEATURES.keys() - cited
    assert cited <= known_ids()


def test_the_protocol_names_every_table_and_state() -> None:
    """What is built stands there: a new table or state is described, and nothing is that is gone."""
    text = PROTOCOL.read_text(encoding="utf-8")
    tables = text.partition("## 2. ")[2].partition("## 3. ")[0].partition("The kinds of entry")[0]
    states = text.partition("## 3. ")[2].partition("## 4. ")[0]
    named = " ".join(re.findall(r"^\| (`[^|]*) \|", tables, re.MULTILINE))
    shown = " ".join(re.findall(r"^\| ([A-Z_, ]*) \|", states, re.MULTILINE))
    assert set(re.findall(r"`([a-z_]+)`", named)) == TABLES.keys()
    assert set(re.findall(r"[A-Z_]{5,}", shown)) == set(State)
