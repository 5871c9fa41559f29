"""Says in which unit an instant outside the contract's years was probably counted: the usual mistake of a sender."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from schemas.validation.limits import EARLIEST, LATEST
from schemas.vocabulary import FieldFault
from schemas.wire import EPOCH

_MICROSECOND: Final = timedelta(microseconds=1)


def _microseconds(instant: datetime) -> int:
    return (instant - EPOCH) // _MICROSECOND


_YEARS: Final = range(_microseconds(EARLIEST), _microseconds(LATEST))
_UNITS: Final[tuple[tuple[FieldFault, Callable[[int], int]], ...]] = (
    (FieldFault.INSTANT_IN_SECONDS, lambda count: count * 1_000_000),
    (FieldFault.INSTANT_IN_MILLISECONDS, lambda count: count * 1_000),
    (FieldFault.INSTANT_IN_NANOSECONDS, lambda count: count // 1_000),
)


def instant_fault(instant: datetime | int) -> FieldFault:
    """What is wrong with an instant outside the contract's years: the unit in which it would be right, else its side.

    An int counts microseconds since 1970, any number that the wire can hold. Pure.
    """
    count = instant if isinstance(instant, int) else _microseconds(instant)
    for fault, in_microseconds in _UNITS:
        if in_microseconds(count) in _YEARS:
            return fault
    return FieldFault.INSTANT_TOO_EARLY if count < _YEARS.start else FieldFault.INSTANT_TOO_LATE
