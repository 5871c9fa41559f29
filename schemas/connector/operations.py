"""The operations of the Connector API: paths, records, problems. OpenAPI document and both sides follow from it."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from schemas.connector.records import (
    Account,
    Capabilities,
    Entry,
    EntryList,
    EntryOrder,
    Health,
    Outcome,
    Patient,
    PatientKey,
    PatientList,
    PatientPage,
    PatientQuery,
    PatientsAfter,
    ProblemCode,
    TypeList,
)

BASE: Final = "/v1/accounts/{account}"
"""Before every path. One connector may serve several practices: each is an account with keys of its own."""

_C: Final = ProblemCode
EVERYWHERE: Final = (
    _C.REQUEST_MALFORMED,
    _C.SIGNATURE_INVALID,
    _C.REQUEST_TOO_LATE,
    _C.ACCOUNT_UNKNOWN,
    _C.NOT_FOUND,
    _C.METHOD_NOT_ALLOWED,
    _C.RATE_LIMITED,
    _C.OUTSIDE_WINDOW,
    _C.SYSTEM_UNAVAILABLE,
    _C.OUTCOME_UNKNOWN,
)
"""Every operation may be answered with these."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation: what it takes, and what its success looks like by status."""

    name: str
    method: str
    path: str
    """After BASE; `{name}` is a part of the path."""
    summary: str
    takes: Any = None
    """The record of its body; None: no body."""
    query: tuple[str, ...] = ()
    """Names of the query, all wanted."""
    gives: tuple[tuple[int, Any], ...]
    problems: tuple[ProblemCode, ...] = ()
    """Beside EVERYWHERE."""
    may_repeat: bool = True
    """It changes nothing, or the same key changes nothing more."""


CAPABILITIES: Final = Operation(
    name="getCapabilities",
    method="GET",
    path="/capabilities",
    summary="What this account's system can do. May be asked at any time, also outside its windows.",
    gives=((200, Capabilities),),
)
HEALTH: Final = Operation(
    name="getHealth",
    method="GET",
    path="/health",
    summary="Whether the practice system can be reached now.",
    gives=((200, Health),),
)
TYPES: Final = Operation(
    name="listTypes",
    method="GET",
    path="/types",
    summary="Payment and adjustment types, and providers, with the kinds of entries that they may stand in.",
    gives=((200, TypeList),),
)
POST_ENTRY: Final = Operation(
    name="postEntry",
    method="POST",
    path="/entries",
    summary=(
        "Posts one entry, once. 201 only when it stands and every read shows it; 202 when it is taken and not decided. "
        "The same key again writes nothing and brings the same outcome. A problem with refused_without_effect says "
        "that nothing was written; every other answer is doubt, and is read back."
    ),
    takes=EntryOrder,
    gives=((201, Outcome), (202, Outcome)),
    problems=(
        _C.PATIENT_NOT_FOUND,
        _C.TYPE_NOT_USABLE,
        _C.KIND_NOT_SUPPORTED,
        _C.CURRENCY_NOT_SUPPORTED,
        _C.PERIOD_CLOSED,
        _C.ORIGINAL_NOT_FOUND,
        _C.REFUSED_BY_SYSTEM,
        _C.KEY_REUSED,
    ),
)
OUTCOME: Final = Operation(
    name="getOutcome",
    method="GET",
    path="/requests/{idempotency_key}",
    summary="What became of a request to post. not-found: no such request ever came.",
    gives=((200, Outcome),),
)
FIND_ENTRIES: Final = Operation(
    name="findEntries",
    method="GET",
    path="/entries",
    summary="Every entry that stands with this marker, whoever it belongs to now; deleted ones are left out.",
    query=("marker",),
    gives=((200, EntryList),),
)
GET_ENTRY: Final = Operation(
    name="getEntry",
    method="GET",
    path="/entries/{entry_id}",
    summary="One entry as it stands now, a deleted one with standing false. Read before it is taken back.",
    gives=((200, Entry),),
)
SEARCH_PATIENTS: Final = Operation(
    name="searchPatients",
    method="POST",
    path="/patients/search",
    summary="Patients by parts of their name or their number; at most 100.",
    takes=PatientQuery,
    gives=((200, PatientList),),
)
LIST_PATIENTS: Final = Operation(
    name="listPatients",
    method="POST",
    path="/patients/list",
    summary=(
        "All patients, page by page, archived ones too. Every patient who is there during all pages is on one of them. "
        "not-found where lists_patients is false."
    ),
    takes=PatientsAfter,
    gives=((200, PatientPage),),
)
READ_PATIENT: Final = Operation(
    name="readPatient",
    method="POST",
    path="/patients/read",
    summary="One patient.",
    takes=PatientKey,
    gives=((200, Patient),),
    problems=(_C.PATIENT_NOT_FOUND,),
)
READ_ACCOUNT: Final = Operation(
    name="readAccount",
    method="POST",
    path="/patients/account",
    summary="A patient's open charges, balance and guarantor.",
    takes=PatientKey,
    gives=((200, Account),),
    problems=(_C.PATIENT_NOT_FOUND,),
)

OPERATIONS: Final = (
    CAPABILITIES,
    HEALTH,
    TYPES,
    POST_ENTRY,
    OUTCOME,
    FIND_ENTRIES,
    GET_ENTRY,
    SEARCH_PATIENTS,
    LIST_PATIENTS,
    READ_PATIENT,
    READ_ACCOUNT,
)


class Matched(msgspec.Struct, frozen=True):
    """A path of the API, taken apart."""

    account: str
    operations: tuple[Operation, ...]
    """Of that path, by any method; none: no such path."""
    parts: dict[str, str]


def matched(path: str) -> Matched | None:
    """Which account and operations a path names; None where it names no account. Pure."""
    found = _ACCOUNT.fullmatch(path)
    if found is None:
        return None
    rest = found["rest"]
    for pattern, operations in _PATHS:
        if inside := pattern.fullmatch(rest):
            return Matched(found["account"], operations, inside.groupdict())
    return Matched(found["account"], (), {})


_ACCOUNT: Final = re.compile(r"/v1/accounts/(?P<account>[^/]{1,56})(?P<rest>/.*)")


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]{1,200})", re.escape(path)))


_PATHS: Final = tuple(
    (_pattern(path), tuple(each for each in OPERATIONS if each.path == path))
    for path in dict.fromkeys(each.path for each in OPERATIONS)
)
