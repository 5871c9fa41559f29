"""Decides whether a reference is linked by itself, which patients a person is shown, or that there is none. Pure.

A link that is wrong posts money at somebody else's account, so by itself a reference is linked only if one of these
holds for exactly one patient in use, who is nobody else's link:

1. name, junior or senior, birth date and one telephone or e-mail are the same;
2. the upstream names the patient's number in the practice's own system, first name and birth date are the same, and so
   is, or nearly, the last name or a contact;

and if no other patient could be meant: nobody of the same birth date, or of none, has a name like it, and the upstream
names no other number. A contact that several families share is no contact. Everything less is shown to a person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from sinks.linking.compare import Comparison, DateLikeness, Likeness, compare
from sinks.linking.normal_form import NormalForm
from sinks.linking.reasons import Reason

MOST_SUGGESTED: Final = 10
LEAST_SCORE: Final = 45.0
"""Below it nobody is shown: a last name and a telephone of the house are 42."""
FAMILIES_OF_A_CONTACT: Final = 2
"""Last names that one telephone or address may have: parents who kept theirs. More is an office or a placeholder."""
NUMBER_POINTS: Final = 30.0


class Verdict(StrEnum):
    AUTO_LINK = "AUTO_LINK"
    SUGGEST = "SUGGEST"
    NONE = "NONE"


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A patient of the practice's own system."""

    pms_patient_id: str
    form: NormalForm
    in_use: bool = True
    linked_to: str | None = None
    """Another reference that is linked to it."""

    def __repr__(self) -> str:
        return f"Candidate({self.pms_patient_id!r})"


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate with its rank's score and what speaks for it and against it."""

    pms_patient_id: str
    score: int
    reasons: tuple[Reason, ...]


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    verdict: Verdict
    suggestions: tuple[Suggestion, ...] = ()
    """The likeliest first; of AUTO_LINK the one that is linked."""


class _Judged(msgspec.Struct, frozen=True, kw_only=True):
    candidate: Candidate
    compared: Comparison
    is_named: bool
    """The upstream names its number."""
    has_contact: bool
    """One that is not shared by several families."""

    @property
    def score(self) -> float:
        return min(100.0, self.compared.score + (NUMBER_POINTS if self.is_named else 0.0))


def decide(
    asked: NormalForm,
    candidates: Sequence[Candidate],
    *,
    numbers: Collection[str] = (),
    common: Collection[str] = (),
) -> Decision:
    """What becomes of a reference. `numbers`: those that the upstream names in the practice's own system; `common`:
    contacts that are known to belong to many. The same for the same candidates in any order."""
    shared = {*common, *_of_many(asked, candidates)}
    judged = [_judge(asked, each, numbers, shared) for each in candidates]
    judged.sort(key=lambda each: (-each.score, not each.candidate.in_use, each.candidate.pms_patient_id))
    certain = [each for each in judged if _is_certain(each)]
    if len(certain) == 1 and not _rivals(certain[0], judged, numbers):
        return Decision(verdict=Verdict.AUTO_LINK, suggestions=(_suggestion(certain[0], judged, numbers),))
    likely = [each for each in judged if each.score >= LEAST_SCORE or each.is_named][:MOST_SUGGESTED]
    if not likely:
        return Decision(verdict=Verdict.NONE)
    shown = tuple(_suggestion(each, judged, numbers) for each in likely)
    return Decision(verdict=Verdict.SUGGEST, suggestions=shown)


def describe(asked: NormalForm, candidate: Candidate, *, numbers: Collection[str] = ()) -> Suggestion:
    """How one candidate compares, whatever the rules say of it."""
    judged = _judge(asked, candidate, numbers, ())
    return _suggestion(judged, (judged,), numbers)


def _judge(asked: NormalForm, candidate: Candidate, numbers: Collection[str], shared: Collection[str]) -> _Judged:
    compared = compare(asked, candidate.form)
    return _Judged(
        candidate=candidate,
        compared=compared,
        is_named=candidate.pms_patient_id in numbers,
        has_contact=any(each not in shared for each in (*compared.phones, *compared.emails)),
    )


def _is_certain(judged: _Judged) -> bool:
    """Rules 1 and 2, of one candidate."""
    found = judged.compared
    if not judged.candidate.in_use or judged.candidate.linked_to is not None:
        return False
    if found.born is not DateLikeness.SAME or found.given is not Likeness.SAME or not found.is_suffix_same:
        return False
    if found.is_name_same and judged.has_contact:
        return True
    return judged.is_named and (found.family >= Likeness.ALIKE or judged.has_contact)


def _rivals(certain: _Judged, judged: Iterable[_Judged], numbers: Collection[str]) -> bool:
    """Whether anybody else could be meant."""
    if any(each != certain.candidate.pms_patient_id for each in numbers):
        return True
    return any(_could_be_meant(each) for each in judged if each is not certain)


def _could_be_meant(judged: _Judged) -> bool:
    """In use, of the same birth date or of one that is not known, and with a name that is not another one."""
    found = judged.compared
    if not judged.candidate.in_use or found.born not in (DateLikeness.SAME, DateLikeness.UNKNOWN):
        return False
    names_meet = found.given is not Likeness.DIFFERENT and found.family is not Likeness.DIFFERENT
    return found.is_swapped or names_meet


def _of_many(asked: NormalForm, candidates: Iterable[Candidate]) -> set[str]:
    """Contacts of the reference that stand at patients of several families."""
    families: dict[str, set[str]] = defaultdict(set)
    for each in candidates:
        for contact in (each.form.phones | each.form.emails) & (asked.phones | asked.emails):
            families[contact].add(each.form.family.joined)
    return {contact for contact, names in families.items() if len(names) > FAMILIES_OF_A_CONTACT}


def _suggestion(judged: _Judged, others: Sequence[_Judged], numbers: Collection[str]) -> Suggestion:
    return Suggestion(
        pms_patient_id=judged.candidate.pms_patient_id,
        score=round(judged.score),
        reasons=_reasons(judged, others, numbers),
    )


_GIVEN: Final = {
    Likeness.DIFFERENT: Reason.FIRST_NAME_DIFFERS,
    Likeness.ALIKE: Reason.FIRST_NAME_ALIKE,
    Likeness.RELATED: Reason.FIRST_NAME_SHORT,
    Likeness.SAME: Reason.FIRST_NAME_SAME,
}
_FAMILY: Final = {
    Likeness.DIFFERENT: Reason.LAST_NAME_DIFFERS,
    Likeness.ALIKE: Reason.LAST_NAME_ALIKE,
    Likeness.RELATED: Reason.LAST_NAME_PART,
    Likeness.SAME: Reason.LAST_NAME_SAME,
}
_BORN: Final = {
    DateLikeness.SAME: Reason.BIRTH_DATE_SAME,
    DateLikeness.NEAR: Reason.BIRTH_DATE_NEAR,
    DateLikeness.DIFFERENT: Reason.BIRTH_DATE_DIFFERS,
    DateLikeness.UNKNOWN: Reason.BIRTH_DATE_UNKNOWN,
}


def _reasons(judged: _Judged, others: Sequence[_Judged], numbers: Collection[str]) -> tuple[Reason, ...]:
    """In the order of `Reason`: first what speaks for it."""
    found, candidate = judged.compared, judged.candidate
    has_any = bool(found.phones or found.emails)
    is_family = found.family >= Likeness.ALIKE and has_any and found.given is Likeness.DIFFERENT
    rival = any(
        each is not judged and each.candidate.in_use and (each.score >= judged.score or _could_be_meant(each))
        for each in others
    )
    said = {
        Reason.NUMBER_NAMED: judged.is_named,
        Reason.NAME_SAME: found.given is Likeness.SAME and found.family is Likeness.SAME,
        Reason.NAME_SWAPPED: found.is_swapped,
        _BORN[found.born]: True,
        Reason.PHONE_SAME: bool(found.phones),
        Reason.EMAIL_SAME: bool(found.emails),
        Reason.SUFFIX_DIFFERS: not found.is_suffix_same,
        Reason.CONTACT_OF_MANY: has_any and not judged.has_contact,
        Reason.NO_CONTACT: not has_any,
        Reason.FAMILY_MEMBER: is_family,
        Reason.OTHERS_AS_LIKELY: rival,
        Reason.OTHER_NUMBER_NAMED: bool(numbers) and not judged.is_named,
        Reason.LINKED_TO_ANOTHER: candidate.linked_to is not None,
        Reason.NOT_IN_USE: not candidate.in_use,
    }
    if not said[Reason.NAME_SAME] and not found.is_swapped:
        said |= {reason: True for reason in (_GIVEN.get(found.given), _FAMILY.get(found.family)) if reason is not None}
    return tuple(each for each in Reason if said.get(each))
