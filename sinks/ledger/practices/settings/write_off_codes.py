"""Codes on a practice's list of write-offs that will not do what their owner may expect, in plain words (I-3, I-5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from schemas.bookkeeping.adjustment_codes import reason_codes

_NEVER: Final = "OA-23"


def idle_write_offs(codes: Iterable[str]) -> Iterator[str]:
    """A sentence for each code that is never written off, was stopped, or is on no list that we have. Pure."""
    for code in codes:
        group, _, carc = code.partition("-")
        stopped = reason_codes().stopped(carc)
        if group == "PR" or code == _NEVER:
            whose = "what the patient owes" if group == "PR" else "what an earlier insurer reduced"
            yield f"{code} is {whose}: it is never written off, on the list or not"
        elif stopped is not None:
            yield f"{code} was stopped on {stopped}: insurers should name another code by now"
        elif carc not in reason_codes().spans:
            yield f"{code} is on no published list that we have: look whether it is written as the insurer writes it"
