"""What really happened at a target: every accepted mutation, once, with the time it was received."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable

import msgspec

MARKER = re.compile(r"(?<![A-Z2-7])WB[A-Z2-7]{16}(?![A-Z2-7])")
"""Law 18: `WB` and 16 base32 characters, in whatever text field the entry carries it."""


class Mutation(msgspec.Struct, frozen=True):
    """One accepted create, update or delete. `by_sandbox`: a copy that a fault made, not the caller.

    `sign` is +1 or -1 as the entry moves money at the target (a refund row is -1). `amount_minor` is in
    cents. `call` is the number of the request in the call log.
    """

    number: int
    account: str
    operation: str
    kind: str
    entry_id: str
    marker: str
    sign: int
    amount_minor: int
    call: int
    received_ns: int
    request_id: str = ""
    by_sandbox: bool = False


class Doubled(msgspec.Struct, frozen=True):
    """More than one live entry with the same marker and sign in one account: invariant I2 is broken.

    `by_sandbox` says that a fault of kind `duplicate` made the copies.
    """

    account: str
    marker: str
    sign: int
    entry_ids: tuple[str, ...]
    by_sandbox: bool


def marker_in(*texts: object) -> str:
    """The first marker in these texts, or ""."""
    for text in texts:
        if isinstance(text, str) and (found := MARKER.search(text)):
            return found.group()
    return ""


class Ledger:
    """Append-only list of mutations with an index of live entries by marker and sign."""

    def __init__(self, keep: Callable[[Mutation], None] = lambda mutation: None) -> None:
        self._keep = keep
        self.mutations: list[Mutation] = []
        self._live: dict[tuple[str, str, int], list[Mutation]] = defaultdict(list)

    def record(self, mutation: Mutation) -> None:
        self.mutations.append(mutation)
        self._keep(mutation)
        if not mutation.marker:
            return
        key = (mutation.account, mutation.marker, mutation.sign)
        if mutation.operation == "create":
            self._live[key].append(mutation)
        elif mutation.operation == "delete":
            self._live[key] = [m for m in self._live[key] if m.entry_id != mutation.entry_id]

    def doubled(self) -> list[Doubled]:
        """I2: empty when no marker has two live entries of one sign."""
        return [
            Doubled(account, marker, sign, tuple(m.entry_id for m in live), any(m.by_sandbox for m in live))
            for (account, marker, sign), live in self._live.items()
            if len(live) > 1
        ]

    def of(self, account: str | None) -> list[Mutation]:
        if account is None:
            return self.mutations
        return [m for m in self.mutations if m.account == account]
