"""Over the labelled set nothing is linked falsely; what can be linked is, and the right patient stands first."""

from __future__ import annotations

import msgspec

from sinks.linking.decide import Decision, Verdict
from tests.sinks.linking.deciding import decided, tally
from tests.sinks.linking.labelled import Labelled
from tests.sinks.linking.labelled_numbers import labelled_set

PAIRS = 10_000
"""`make bench` has 1,000,000."""


def test_nothing_is_linked_falsely() -> None:
    found = tally(labelled_set(2_026, PAIRS))
    assert found.pairs >= PAIRS
    assert found.false == []
    assert found.linked > 400


def test_a_person_is_shown_the_right_patient_first() -> None:
    found = tally(labelled_set(7, 2_500))
    assert found.shown_recall > 0.98


def test_the_set_finds_what_links_by_likeness_alone() -> None:
    """Control: a matcher that takes the best score is wrong on this very set, so that the first test can fail."""

    def by_score(case: Labelled) -> Decision:
        found = decided(case)
        if found.suggestions and found.suggestions[0].score >= 90:
            return msgspec.structs.replace(found, verdict=Verdict.AUTO_LINK)
        return found

    assert len(tally(labelled_set(2_026, 2_500), by_score).false) > 10


def test_the_set_is_the_same_for_the_same_seed() -> None:
    assert [*labelled_set(3, 500)] == [*labelled_set(3, 500)]
    assert [*labelled_set(3, 500)] != [*labelled_set(4, 500)]
