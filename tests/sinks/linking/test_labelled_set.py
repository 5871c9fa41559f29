"""Over the labelled sets nothing is linked falsely; what can be linked is, and the right patient stands first."""

from __future__ import annotations

import msgspec

from sinks.linking.decide import Decision, Verdict
from tests.sinks.linking.deciding import decided, tally
from tests.sinks.linking.labelled import Labelled
from tests.sinks.linking.labelled_households import households
from tests.sinks.linking.labelled_numbers import labelled_set

PAIRS = 10_000
"""`make bench` has 1,000,000."""


def test_nothing_is_linked_falsely() -> None:
    found = tally(labelled_set(2_026, PAIRS))
    assert found.pairs >= PAIRS
    assert found.false == []
    assert found.linked > 400


def test_nobody_of_a_household_is_linked_to_another() -> None:
    found = tally(households(2_026, PAIRS))
    assert found.pairs >= PAIRS
    assert found.false == []
    assert found.linked > 400


def test_who_has_nothing_wrong_is_linked_among_a_family() -> None:
    """Whoever links nobody makes no mistake either."""
    plain = [each for each in households(11, 2_500) if each.kind == "as it should be"]
    found = tally(plain)
    assert found.recall == 1.0
    assert found.with_truth == len(plain) > 50


def test_a_person_is_shown_the_right_patient_first() -> None:
    found = tally(labelled_set(7, 2_500))
    assert found.shown_recall > 0.98


def test_the_set_finds_what_links_by_likeness_alone() -> None:
    """Control: a matcher that takes the best score is wrong on this very set, so that the first test can fail."""

    assert len(tally(labelled_set(2_026, 2_500), _by_score).false) > 10
    assert len(tally(households(2_026, 2_500), _by_score).false) > 10


def _by_score(case: Labelled) -> Decision:
    found = decided(case)
    if found.suggestions and found.suggestions[0].score >= 90:
        return msgspec.structs.replace(found, verdict=Verdict.AUTO_LINK)
    return found


def test_the_set_is_the_same_for_the_same_seed() -> None:
    assert [*labelled_set(3, 500)] == [*labelled_set(3, 500)]
    assert [*labelled_set(3, 500)] != [*labelled_set(4, 500)]
    assert [*households(3, 500)] == [*households(3, 500)]
