"""The reference connector as a function of a request: proves the signature, checks the form, and carries it out.

Nothing here knows how a request came: over HTTP (`server`), by the agent (`agent`), or from a test.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from deploy.connector import posting
from deploy.connector.limits import Limits
from deploy.connector.practice_system import PracticeSystem
from schemas.connector import operations as api
from schemas.connector.problems import MEDIA_TYPE, problem
from schemas.connector.records import (
    EntryList,
    EntryOrder,
    Health,
    PatientKey,
    PatientList,
    PatientQuery,
    PatientsAfter,
    Problem,
    ProblemCode,
    Status,
    TypeList,
)
from schemas.connector.signatures import Direction, KeyPair, SignatureError, verify
from schemas.connector.windows import closed_until

LARGEST_BODY: Final = 1024 * 1024
_MARKER: Final = re.compile(r"WB[A-Z2-7]{16}")
_ALWAYS_OPEN: Final = frozenset({api.CAPABILITIES, api.HEALTH})
"""Asked also outside the windows."""


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """A request, read whole. `target` is path and query as they came."""

    method: str
    target: str
    headers: Mapping[str, str]
    """Looked up by their usual spelling, or without regard to case."""
    body: bytes


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What goes back."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = {}


class ProblemError(Exception):
    """Ends a request with a problem document."""

    def __init__(self, found: Problem, retry_after_s: int | None = None) -> None:
        super().__init__(found.code)
        self.problem = found
        self.retry_after_s = retry_after_s


class HostedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A practice that the connector serves."""

    keys: KeyPair
    limits: Limits = Limits()


class Connector:
    """Answers requests. Blocks for SQLite; safe for one event loop or one thread."""

    def __init__(
        self,
        system: PracticeSystem,
        accounts: dict[str, HostedAccount],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        hours_now: Callable[[], datetime] | None = None,
    ) -> None:
        """`now` is the machine's time, which signatures are compared with; `hours_now` that of the system's windows,
        where a rehearsal moves it."""
        self._system = system
        self.accounts = accounts
        self._now = now
        self._hours_now = hours_now or now

    def answer(self, arrived: Arrived) -> Reply:
        """Never raises for what was asked; an error of ours is a problem that proves nothing."""
        try:
            return self._answer(arrived)
        except ProblemError as refused:
            return _problem_reply(refused.problem, refused.retry_after_s)
        except (sqlite3.Error, RuntimeError):
            return _problem_reply(problem(ProblemCode.OUTCOME_UNKNOWN), None)

    def _answer(self, arrived: Arrived) -> Reply:
        now = self._now()
        path, _, query = arrived.target.partition("?")
        place = api.matched(path)
        hosted = None if place is None else self.accounts.get(place.account)
        if place is None or hosted is None:
            raise ProblemError(problem(ProblemCode.ACCOUNT_UNKNOWN))
        self._prove(place.account, hosted, arrived, now)
        if not place.operations:
            raise ProblemError(problem(ProblemCode.NOT_FOUND))
        operation = next((each for each in place.operations if each.method == arrived.method), None)
        if operation is None:
            raise ProblemError(problem(ProblemCode.METHOD_NOT_ALLOWED))
        at = self._hours_now()
        opens = closed_until(hosted.limits.windows, at)
        if opens is not None and operation not in _ALWAYS_OPEN:
            raise ProblemError(problem(ProblemCode.OUTSIDE_WINDOW), max(1, int((opens - at).total_seconds())))
        posting.carry_out(self._system, {name: each.limits for name, each in self.accounts.items()}, now)
        given = _read_body(operation, arrived)
        return self._carry_out(operation, place, hosted.limits, given, query, arrived.body, now)

    def _prove(self, account: str, hosted: HostedAccount, arrived: Arrived, now: datetime) -> None:
        """A known key signed it, in time, and it was not seen before."""
        try:
            proven = verify(
                arrived.method,
                arrived.target,
                arrived.headers,
                arrived.body,
                keys=hosted.keys.keys,
                direction=Direction.TO_CONNECTOR,
                now=now,
            )
        except SignatureError as error:
            raise ProblemError(problem(error.code, str(error))) from None
        with self._system.transaction() as db:
            db.execute("DELETE FROM nonces WHERE forget_at < ?", (now.isoformat(),))
            row = (account, proven.nonce, proven.forget_at.isoformat())
            if db.execute("INSERT OR IGNORE INTO nonces VALUES (?, ?, ?)", row).rowcount == 0:
                raise ProblemError(problem(ProblemCode.REQUEST_TOO_LATE, "this request was seen before"))

    def _carry_out(
        self,
        operation: api.Operation,
        place: api.Matched,
        limits: Limits,
        given: Any,
        query: str,
        body: bytes,
        now: datetime,
    ) -> Reply:
        account, system = place.account, self._system
        match operation:
            case api.CAPABILITIES:
                return _reply(200, limits.capabilities())
            case api.HEALTH:
                return _reply(200, Health(ok=True, checked_at=now))
            case api.TYPES:
                return _reply(200, TypeList(types=system.types(account)))
            case api.POST_ENTRY:
                return self._post(account, body, given, limits, now)
            case api.OUTCOME:
                found = posting.outcome(system, account, place.parts["idempotency_key"])
                return _reply(200, _there(found))
            case api.FIND_ENTRIES:
                return _reply(200, EntryList(entries=system.entries_with(account, _marker(query))))
            case api.GET_ENTRY:
                return _reply(200, _there(system.entry(account, place.parts["entry_id"])))
            case api.SEARCH_PATIENTS:
                wanted: PatientQuery = given
                return _reply(200, PatientList(patients=system.patients(account, wanted.text, wanted.birth_date)))
            case api.LIST_PATIENTS:
                page: PatientsAfter = given
                return _reply(200, _there(system.page(account, page.after) if limits.lists_patients else None))
            case _:
                return self._about_patient(operation, account, given, limits)

    def _about_patient(self, operation: api.Operation, account: str, given: PatientKey, limits: Limits) -> Reply:
        patient = self._system.patient(account, given.patient_id)
        if patient is None:
            raise ProblemError(problem(ProblemCode.PATIENT_NOT_FOUND))
        if operation is api.READ_PATIENT:
            return _reply(200, patient)
        return _reply(200, self._system.statement(account, patient, limits.currency))

    def _post(self, account: str, body: bytes, order: EntryOrder, limits: Limits, now: datetime) -> Reply:
        try:
            found = posting.post(self._system, account, body, order, limits, now)
        except posting.KeyReusedError:
            raise ProblemError(problem(ProblemCode.KEY_REUSED)) from None
        if found.problem is not None:
            raise ProblemError(found.problem)
        return _reply(202 if found.status is Status.PENDING else 201, found)


def _read_body(operation: api.Operation, arrived: Arrived) -> Any:
    if operation.takes is None:
        return None
    if len(arrived.body) > LARGEST_BODY:
        raise ProblemError(problem(ProblemCode.REQUEST_MALFORMED, "the body is too large"))
    try:
        return msgspec.json.decode(arrived.body, type=operation.takes)
    except (msgspec.DecodeError, RecursionError, ValueError, OverflowError):
        raise ProblemError(problem(ProblemCode.REQUEST_MALFORMED, "the body is not of its record's form")) from None


def _marker(query: str) -> str:
    try:
        found = parse_qs(query, keep_blank_values=True, max_num_fields=10).get("marker", [])
    except ValueError:
        found = []
    if len(found) != 1 or not _MARKER.fullmatch(found[0]):
        raise ProblemError(problem(ProblemCode.REQUEST_MALFORMED, "marker: WB and 16 characters, once"))
    return found[0]


def _there(found: Any) -> Any:
    if found is None:
        raise ProblemError(problem(ProblemCode.NOT_FOUND))
    return found


def _reply(status: int, document: Any) -> Reply:
    return Reply(status=status, body=msgspec.json.encode(document))


def _problem_reply(found: Problem, retry_after_s: int | None) -> Reply:
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return Reply(status=found.status, body=msgspec.json.encode(found), content_type=MEDIA_TYPE, headers=headers)
