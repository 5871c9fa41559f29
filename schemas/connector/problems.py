"""The problems of the Connector API: each code, its status, and whether it is a refusal without effect (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from schemas.connector.records import Problem, ProblemCode

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:writeback:connector:problem:"


class ProblemKind(msgspec.Struct, frozen=True):
    """A row of the table."""

    status: int
    refused_without_effect: bool
    """Nothing was written and nothing will be. False: whoever reads it has to look."""
    title: str


PROBLEMS: Final[Mapping[ProblemCode, ProblemKind]] = MappingProxyType(
    {
        ProblemCode.REQUEST_MALFORMED: ProblemKind(400, True, "The request is not of the contract's form"),
        ProblemCode.SIGNATURE_INVALID: ProblemKind(401, True, "No known key signed this request"),
        ProblemCode.REQUEST_TOO_LATE: ProblemKind(401, True, "The signature has expired, or was seen before"),
        ProblemCode.ACCOUNT_UNKNOWN: ProblemKind(404, True, "There is no such account here"),
        ProblemCode.NOT_FOUND: ProblemKind(404, True, "There is nothing of that name"),
        ProblemCode.METHOD_NOT_ALLOWED: ProblemKind(405, True, "This path does not take this method"),
        ProblemCode.PATIENT_NOT_FOUND: ProblemKind(422, True, "The practice has no such patient"),
        ProblemCode.TYPE_NOT_USABLE: ProblemKind(422, True, "The type is not there, or not for this kind of entry"),
        ProblemCode.KIND_NOT_SUPPORTED: ProblemKind(422, True, "This kind of entry cannot be written"),
        ProblemCode.CURRENCY_NOT_SUPPORTED: ProblemKind(422, True, "The practice keeps another currency"),
        ProblemCode.PERIOD_CLOSED: ProblemKind(422, True, "The ledger is closed on that date"),
        ProblemCode.ORIGINAL_NOT_FOUND: ProblemKind(422, True, "What is to be taken back is not there"),
        ProblemCode.REFUSED_BY_SYSTEM: ProblemKind(422, True, "The practice system refused the entry"),
        ProblemCode.KEY_REUSED: ProblemKind(409, False, "This key came before, with other content"),
        ProblemCode.RATE_LIMITED: ProblemKind(429, True, "Too many requests"),
        ProblemCode.OUTSIDE_WINDOW: ProblemKind(503, True, "The system takes entries at other hours"),
        ProblemCode.SYSTEM_UNAVAILABLE: ProblemKind(503, True, "The practice system was not reached"),
        ProblemCode.OUTCOME_UNKNOWN: ProblemKind(500, False, "Nobody knows whether the entry stands"),
    }
)


def problem(code: ProblemCode, detail: str | None = None) -> Problem:
    """The document of a code. Pure."""
    kind = PROBLEMS[code]
    return Problem(
        type=TYPE_PREFIX + code.value,
        title=kind.title,
        status=kind.status,
        code=code,
        refused_without_effect=kind.refused_without_effect,
        detail=detail,
    )


def proves_refusal(found: Problem, status: int) -> bool:
    """Whether nothing was written: by the table alone, and only where document and status agree. Pure."""
    kind = PROBLEMS[found.code]
    return kind.refused_without_effect and found.refused_without_effect and found.status == status == kind.status
