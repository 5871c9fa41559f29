"""Faults on demand: which requests a sandbox server fails, how often, and how."""

from __future__ import annotations

import random
import time
from enum import StrEnum
from fnmatch import fnmatchcase

import msgspec

from deploy.sandbox.exchange import Incoming


class FaultKind(StrEnum):
    """The ways to fail. Each may be combined with an `Effect` where both make sense."""

    TIMEOUT = "timeout"
    """No answer: the connection stays open until the caller hangs up."""
    DROP = "drop"
    """The body is read, then the connection is closed without an answer."""
    STATUS = "status"
    """An answer with `status`, `code` and `text` in the vendor's form; 401, 429, 500, 200 with a fault."""
    HTML = "html"
    """An HTML page with `status` (a proxy answers instead of the vendor)."""
    TRUNCATED = "truncated"
    """The true answer, cut in half, in an otherwise correct HTTP message."""
    CUT_OFF = "cut_off"
    """The true answer's headers and half of its body, then the connection is closed."""
    SLOW = "slow"
    """The true answer after `seconds`."""
    TRICKLE = "trickle"
    """The true answer at once, one byte every `seconds`, headers too (law 17)."""
    LATE_VISIBLE = "late_visible"
    """The true answer at once, but reads do not see the entry for `seconds` (eventual consistency)."""
    DUPLICATE = "duplicate"
    """The true answer, but the target makes two entries: a read-back finds two."""
    QUOTES_PATIENT = "quotes_patient"
    """A refusal whose text quotes the patient's name (H-3: it must reach no log, notice or topic)."""


class Effect(StrEnum):
    """Whether the target applies the request although the fault hides it."""

    NONE = "none"
    BEFORE = "before"
    """Applied when it arrives."""
    AFTER = "after"
    """Applied after `seconds`, whether or not the caller still waits."""


class Fault(msgspec.Struct, frozen=True):
    """One entry of the programme. Empty selectors match every request.

    `times`: how many requests it hits (None: all). `skip`: how many matching ones pass first.
    `probability` (with `seed`): the share that is hit. `for_seconds`: how long it is in force from the
    moment it is set. `seconds`: the duration that the kind names. `hidden_s`: for so long reads do not
    see the entry that the hidden effect made, whatever the kind. `shape` (QuickBooks): `gateway`, `service`,
    `xml` or `html`.
    """

    kind: FaultKind
    effect: Effect = Effect.NONE
    account: str = ""
    method: str = ""
    path: str = "*"
    body_contains: str = ""
    times: int | None = None
    skip: int = 0
    probability: float | None = None
    seed: int = 0
    for_seconds: float | None = None
    seconds: float = 0.0
    hidden_s: float = 0.0
    status: int = 0
    code: str = ""
    text: str = ""
    shape: str = ""
    retry_after: str = ""

    def __post_init__(self) -> None:
        if self.kind is FaultKind.SLOW and self.effect is Effect.NONE:
            raise ValueError("a slow answer needs effect 'before' or 'after': when is the request applied?")
        if self.kind in (FaultKind.STATUS, FaultKind.HTML) and not 200 <= self.status <= 599:
            raise ValueError(f"a fault of kind {self.kind} needs a status from 200 to 599")
        if self.probability is not None and not 0 <= self.probability <= 1:
            raise ValueError("probability is a share from 0 to 1")


class FaultState(msgspec.Struct):
    """A fault in force, with what it has done so far."""

    fault_id: int
    fault: Fault
    since: float
    matched: int = 0
    hit: int = 0


class FaultProgramme:
    """The faults of one server. The oldest that matches and still has hits left wins."""

    def __init__(self) -> None:
        self._states: dict[int, FaultState] = {}
        self._dice: dict[int, random.Random] = {}
        self._next = 1

    def add(self, fault: Fault) -> int:
        """Puts a fault in force; answers its id."""
        fault_id = self._next
        self._next += 1
        self._states[fault_id] = FaultState(fault_id, fault, time.monotonic())
        self._dice[fault_id] = random.Random(fault.seed)  # noqa: S311 - repeatable, not secret
        return fault_id

    def states(self) -> list[FaultState]:
        return list(self._states.values())

    def remove(self, fault_id: int | None) -> None:
        """One fault, or all of them when no id is given."""
        if fault_id is None:
            self._states.clear()
        else:
            self._states.pop(fault_id, None)

    def choose(self, incoming: Incoming) -> Fault | None:
        """The fault that this request meets, counted; None for normal service."""
        if not self._states:
            return None
        for state in self._states.values():
            if self._hits(state, incoming):
                state.hit += 1
                return state.fault
        return None

    def _hits(self, state: FaultState, incoming: Incoming) -> bool:
        fault = state.fault
        if fault.account and fault.account != incoming.account:
            return False
        if fault.method and fault.method != incoming.method:
            return False
        if fault.path != "*" and not fnmatchcase(incoming.path, fault.path):
            return False
        if fault.body_contains and fault.body_contains.encode() not in incoming.body:
            return False
        if fault.for_seconds is not None and time.monotonic() > state.since + fault.for_seconds:
            return False
        if fault.times is not None and state.hit >= fault.times:
            return False
        state.matched += 1
        if state.matched <= fault.skip:
            return False
        return fault.probability is None or self._dice[state.fault_id].random() < fault.probability
