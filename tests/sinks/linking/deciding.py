"""What the matcher makes of the labelled set, counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sinks.linking.decide import Candidate, Decision, Verdict, decide
from sinks.linking.normal_form import NormalForm, normal_form
from tests.sinks.linking.labelled import SYSTEM, Labelled
from tests.sinks.linking.people import Written

SHOWN_FIRST = 3


def form(one: Written) -> NormalForm:
    return normal_form(one.given, one.family, one.born, one.phones, one.emails)


def decided(case: Labelled) -> Decision:
    patients = [
        Candidate(pms_patient_id=each.number, form=form(each.written), in_use=each.in_use) for each in case.patients
    ]
    numbers = {number for system, number in case.asked.numbers if system == SYSTEM}
    return decide(form(case.asked), patients, numbers=numbers)


@dataclass
class Tally:
    """Precision and recall of what is linked by itself, and recall of what a person is shown first."""

    pairs: int = 0
    with_truth: int = 0
    linked: int = 0
    false: list[Labelled] = field(default_factory=list)
    shown: int = 0
    """With a truth, linked or among the first few."""

    @property
    def precision(self) -> float:
        return (self.linked - len(self.false)) / self.linked if self.linked else 1.0

    @property
    def recall(self) -> float:
        return (self.linked - len(self.false)) / self.with_truth

    @property
    def shown_recall(self) -> float:
        return self.shown / self.with_truth


def tally(cases: Iterable[Labelled], decision_of: Callable[[Labelled], Decision] = decided) -> Tally:
    found = Tally()
    for case in cases:
        decision = decision_of(case)
        found.pairs += case.pairs
        found.with_truth += bool(case.truth)
        if decision.verdict is Verdict.AUTO_LINK:
            found.linked += 1
            if decision.suggestions[0].pms_patient_id not in case.truth:
                found.false.append(case)
        if any(each.pms_patient_id in case.truth for each in decision.suggestions[:SHOWN_FIRST]):
            found.shown += 1
    return found
