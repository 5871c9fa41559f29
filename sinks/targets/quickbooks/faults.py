"""QuickBooks' fault answers in every shape they arrive in: JSON in two spellings, XML, HTML, junk (README section 8).

Nothing read here leaves this package but codes: a fault's text is untrusted (H-3).
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import msgspec

READ_LIMIT = 64 * 1024
"""No fault is longer; the rest of a larger body is not looked at."""

_ERROR_CODE_IN_TEXT = re.compile(r"errorCode=0*([0-9]{1,6})")
_CODE = re.compile(r"^[0-9]{1,6}$")


class FaultError(msgspec.Struct, frozen=True):
    """One error of a fault. `text` is for classification in memory only; it is never stored or shown."""

    code: str
    """Digits without leading zeros; '' when none was given."""
    text: str
    """Message and detail, lower case."""


class Fault(msgspec.Struct, frozen=True):
    type: str
    """Lower case, e.g. `validationfault`, `systemfault`, `authentication`, `service`."""
    errors: tuple[FaultError, ...]


def parse_json(body: bytes) -> Any:
    """JSON with exact decimals, or None where the body is not JSON (truncated, XML, HTML) or nests without end."""
    try:
        return json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError, ArithmeticError):
        return None


def parse_fault(body: bytes) -> Fault | None:
    """The fault in a body, or None where it carries none that can be read. Never raises."""
    head = body[:READ_LIMIT].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"<"):
        return _from_xml(head)
    document = parse_json(body)
    return _from_json(document) if isinstance(document, dict) else None


def _from_json(document: dict[str, Any]) -> Fault | None:
    fault = _get(document, "fault")
    if isinstance(fault, list):
        fault = fault[0] if fault else None
    if not isinstance(fault, dict):
        return None
    errors = _get(fault, "error")
    if isinstance(errors, dict):
        errors = [errors]
    found = tuple(
        _error(_get(error, "code"), _get(error, "message"), _get(error, "detail"))
        for error in (errors if isinstance(errors, list) else [])
        if isinstance(error, dict)
    )
    return Fault(_text(_get(fault, "type")).lower(), found)


def _from_xml(head: bytes) -> Fault | None:
    """A fault in XML. A document type, or an encoding that could hide one, is refused unread: no entity expands."""
    if b"\x00" in head or b"<!DOCTYPE" in head.upper() or b"<!ENTITY" in head.upper():
        return None
    try:
        root = ElementTree.fromstring(head)  # noqa: S314  (bounded, and without a document type there are no entities)
    except (ElementTree.ParseError, ValueError, LookupError):
        return None
    fault = next((node for node in root.iter() if _local(node.tag) == "fault"), None)
    if fault is None:
        return None
    errors = []
    for node in fault.iter():
        if _local(node.tag) == "error":
            parts = {_local(child.tag): child.text or "" for child in node}
            errors.append(_error(node.get("code", ""), parts.get("message"), parts.get("detail")))
    return Fault(fault.get("type", "").lower(), tuple(errors))


def _error(code: object, message: object, detail: object) -> FaultError:
    text = f"{_text(message)} {_text(detail)}".strip().lower()
    digits = _text(code).strip().lstrip("0")
    if not _CODE.match(digits):
        inside = _ERROR_CODE_IN_TEXT.search(_text(message))
        digits = inside.group(1) if inside else ""
    return FaultError(digits, text)


def _get(document: dict[str, Any], name: str) -> Any:
    """A member by name, in whatever case the gateway or the service spells it."""
    return next((value for key, value in document.items() if isinstance(key, str) and key.lower() == name), None)


def _local(tag: object) -> str:
    return tag.rsplit("}", 1)[-1].lower() if isinstance(tag, str) else ""


def _text(value: object) -> str:
    return str(value) if isinstance(value, (str, int, Decimal)) else ""
