"""Reads a signed webhook about the outcome of a write (README section 4). Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any, Final

from sinks.targets.foreign_values import parsed_instant, parsed_json
from sinks.targets.mapping_error import MappingError
from sinks.targets.nexhealth.mapping import load_keys
from sinks.targets.nexhealth.request_text import ORIGINATOR
from sinks.targets.route import OutcomeMessage

EVENTS: Final = ("payment_insertion", "adjustment_insertion")
LONGEST_HEADER: Final = 200

_MARKER: Final = re.compile(re.escape(ORIGINATOR) + r"(WB[A-Z2-7]{16})")


def read_outcome_message(secret: bytes, headers: Mapping[str, str], body: bytes) -> OutcomeMessage | None:
    """What an authentic message says; None for one that is not, or that names no transaction of ours.

    1. the signature over timestamp and body, compared in constant time, before anything of the body is read; 2. the
    event; 3. our transaction. Which outcome it is makes no difference: the entry is looked for.
    """
    try:
        key = load_keys(secret).webhook_secret
    except MappingError:
        return None
    timestamp, signature = headers.get("timestamp", ""), headers.get("signature", "")
    if key is None or not _is_signed(key, timestamp, body, signature):
        return None
    sent_at = parsed_instant(timestamp, without_zone=None)
    document = parsed_json(body)
    if sent_at is None or not isinstance(document, dict):
        return None
    event = str(document.get("event_name") or document.get("event") or "").partition(".")[0]
    marker = _marker_of(document.get("data"))
    if event not in EVENTS or marker is None:
        return None
    return OutcomeMessage(marker=marker, sent_at=sent_at, proof=signature)


def _is_signed(key: str, timestamp: str, body: bytes, signature: str) -> bool:
    if not timestamp.isascii() or not signature.isascii() or len(timestamp) > LONGEST_HEADER:
        return False
    signed = timestamp.encode() + b"." + base64.b64encode(body)
    digest = hmac.new(key.encode(), signed, hashlib.sha256)
    # How the digest is written is said nowhere: either way it proves the same.
    written = (digest.hexdigest(), base64.b64encode(digest.digest()).decode())
    return any(hmac.compare_digest(each, signature) for each in written)


def _marker_of(data: Any) -> str | None:
    """Of the record itself, or of the one inside it."""
    if not isinstance(data, dict):
        return None
    inner = [each for each in data.values() if isinstance(each, dict)]
    for record in (data, *inner[:10]):
        text = record.get("transaction_id")
        if isinstance(text, str) and (found := _MARKER.fullmatch(text)):
            return found[1]
    return None
