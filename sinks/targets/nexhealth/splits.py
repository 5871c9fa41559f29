"""Says on which open charges an entry lies, and with which amounts (ALL-1, N-7, R-13). Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.bookkeeping.money import MoneyError, parse_decimal
from schemas.vocabulary import EntryKind
from sinks.targets.nexhealth.request_text import id_of, in_ledger
from sinks.targets.port import TargetEntry

_GIVEN_BACK: Final = frozenset(EntryKind) - {EntryKind.PAYMENT, EntryKind.FEE_ADJUSTMENT, EntryKind.ALLOCATION}


class _Written(msgspec.Struct, frozen=True):
    """What of an earlier request says where it lies."""

    charge_splits: dict[str, msgspec.Raw] = {}


class _Sent(msgspec.Struct, frozen=True):
    payment: _Written = _Written()


def charge_splits(entry: TargetEntry) -> dict[str, int]:
    """Minor units in the ledger's sign by the charge's number, whose sum is the entry; empty where it is on none.

    A payment and its companion lie where the read before it said. What is given back whole lies where the payment
    does; a part of it lies on none, because nobody said which charge it belongs to.
    """
    amount, placement = in_ledger(entry.instruction.amount_minor), entry.placement
    if placement is not None and placement.shares and placement.patient == entry.pms_patient_id:
        found = {charge: in_ledger(minor) for charge, minor in placement.shares if id_of(charge) is not None}
        return found if len(found) == len(placement.shares) and sum(found.values()) == amount else {}
    if entry.instruction.entry_kind not in _GIVEN_BACK or entry.origin is None:
        return {}
    paid = _of_request(entry.origin.body)
    return {charge: -minor for charge, minor in paid.items()} if paid and sum(paid.values()) == -amount else {}


def _of_request(body: bytes) -> dict[str, int]:
    try:
        sent = msgspec.json.decode(body, type=_Sent)
        return {
            charge: parse_decimal(bytes(raw).decode().strip('"')).minor
            for charge, raw in sent.payment.charge_splits.items()
            if id_of(charge) is not None
        }
    except (msgspec.MsgspecError, MoneyError, UnicodeDecodeError):
        return {}
