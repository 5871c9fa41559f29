"""Why a candidate is likely, and what speaks against it: codes, and the words that people read."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Reason(StrEnum):
    """What speaks for a candidate or against it, in the order in which it is shown."""

    NUMBER_NAMED = "NUMBER_NAMED"
    NAME_SAME = "NAME_SAME"
    NAME_SWAPPED = "NAME_SWAPPED"
    FIRST_NAME_SAME = "FIRST_NAME_SAME"
    FIRST_NAME_SHORT = "FIRST_NAME_SHORT"
    FIRST_NAME_ALIKE = "FIRST_NAME_ALIKE"
    LAST_NAME_SAME = "LAST_NAME_SAME"
    LAST_NAME_PART = "LAST_NAME_PART"
    LAST_NAME_ALIKE = "LAST_NAME_ALIKE"
    BIRTH_DATE_SAME = "BIRTH_DATE_SAME"
    BIRTH_DATE_NEAR = "BIRTH_DATE_NEAR"
    PHONE_SAME = "PHONE_SAME"
    EMAIL_SAME = "EMAIL_SAME"
    FIRST_NAME_DIFFERS = "FIRST_NAME_DIFFERS"
    LAST_NAME_DIFFERS = "LAST_NAME_DIFFERS"
    SUFFIX_DIFFERS = "SUFFIX_DIFFERS"
    BIRTH_DATE_DIFFERS = "BIRTH_DATE_DIFFERS"
    BIRTH_DATE_UNKNOWN = "BIRTH_DATE_UNKNOWN"
    CONTACT_OF_MANY = "CONTACT_OF_MANY"
    NO_CONTACT = "NO_CONTACT"
    FAMILY_MEMBER = "FAMILY_MEMBER"
    OTHERS_AS_LIKELY = "OTHERS_AS_LIKELY"
    OTHER_NUMBER_NAMED = "OTHER_NUMBER_NAMED"
    LINKED_TO_ANOTHER = "LINKED_TO_ANOTHER"
    NOT_IN_USE = "NOT_IN_USE"


WORDS: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.NUMBER_NAMED: "the upstream names this number",
        Reason.NAME_SAME: "same name",
        Reason.NAME_SWAPPED: "first and last name are swapped",
        Reason.FIRST_NAME_SAME: "same first name",
        Reason.FIRST_NAME_SHORT: "short form or part of the first name",
        Reason.FIRST_NAME_ALIKE: "first name is spelled alike",
        Reason.LAST_NAME_SAME: "same last name",
        Reason.LAST_NAME_PART: "part of the last name",
        Reason.LAST_NAME_ALIKE: "last name is spelled alike",
        Reason.BIRTH_DATE_SAME: "same birth date",
        Reason.BIRTH_DATE_NEAR: "birth date differs by one digit or is swapped",
        Reason.PHONE_SAME: "same telephone",
        Reason.EMAIL_SAME: "same e-mail",
        Reason.FIRST_NAME_DIFFERS: "another first name",
        Reason.LAST_NAME_DIFFERS: "another last name",
        Reason.SUFFIX_DIFFERS: "junior or senior on one side only",
        Reason.BIRTH_DATE_DIFFERS: "another birth date",
        Reason.BIRTH_DATE_UNKNOWN: "no birth date on one side",
        Reason.CONTACT_OF_MANY: "the telephone or e-mail belongs to several families",
        Reason.NO_CONTACT: "no telephone or e-mail in common",
        Reason.FAMILY_MEMBER: "perhaps somebody else of the family",
        Reason.OTHERS_AS_LIKELY: "another patient is as likely",
        Reason.OTHER_NUMBER_NAMED: "the upstream names another number",
        Reason.LINKED_TO_ANOTHER: "already linked to another reference",
        Reason.NOT_IN_USE: "archived or deleted in the practice's system",
    }
)


def in_words(reasons: tuple[Reason, ...]) -> str:
    """For a person. Pure."""
    return ", ".join(WORDS[each] for each in reasons)
