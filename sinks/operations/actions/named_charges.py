"""The charges that a person names for a payment, checked against those that are open. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sinks.targets.port import Prepared
from streams.runtime.errors import ConfigurationError


class NamedCharge(msgspec.Struct, frozen=True):
    """A charge by its number at the target, and what of the payment and its fee adjustment goes there."""

    ref: str
    amount_minor: int


def chosen_charges(charges: Sequence[NamedCharge], read: Prepared, total: int) -> Prepared:
    """The named charges in the order in which they were named, each with what goes there. Raises ConfigurationError for
    one that is not open, or takes too much."""
    known = {each.ref: each for each in read.charges}
    named: dict[str, int] = {}
    for each in charges:
        named[each.ref] = named.get(each.ref, 0) + each.amount_minor
    for ref, amount in named.items():
        if ref not in known:
            opened = ", ".join(known) or "none"
            raise ConfigurationError(f"--charge: {ref} is no open charge of the patient: there are {opened}")
        if not 0 < amount <= known[ref].due_minor:
            raise ConfigurationError(f"--charge: {ref} takes more than 0.00 and at most {_shown(known[ref].due_minor)}")
    if sum(named.values()) > total:
        raise ConfigurationError(f"--charge: the charges take more than the {_shown(total)} that were paid")
    dues = tuple(msgspec.structs.replace(known[ref], due_minor=amount) for ref, amount in named.items())
    return msgspec.structs.replace(read, charges=dues)


def _shown(minor: int) -> str:
    return f"{minor / 100:.2f}"
