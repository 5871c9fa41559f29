"""The forms that Intuit's answers and faults take: service JSON, gateway JSON in lower case, XML, HTML."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

import msgspec

from deploy.sandbox.exchange import Answer, Document, as_json, encoded

PACIFIC = timezone(timedelta(hours=-8))
"""Intuit's timestamps carry a Pacific offset."""


class Problem(msgspec.Struct, frozen=True):
    """One element of a fault's `Error` list. `element` is left out where Intuit leaves it out."""

    code: str
    message: str
    detail: str
    element: str = ""


class FaultyError(Exception):
    """A definite refusal; one fault may hold several errors."""

    def __init__(self, *problems: Problem, status: int = 400, kind: str = "ValidationFault") -> None:
        super().__init__(problems[0].message)
        self.problems = problems
        self.status = status
        self.kind = kind


def stamp() -> str:
    """Now, as Intuit writes it: milliseconds and offset."""
    return datetime.now(PACIFIC).isoformat(timespec="milliseconds")


def service_fault(status: int, problems: tuple[Problem, ...], kind: str = "ValidationFault") -> Answer:
    """`{"Fault":{"Error":[…],"type":…},"time":…}`; code is a string."""
    errors: list[Document] = []
    for problem in problems:
        error: Document = {"Message": problem.message, "Detail": problem.detail, "code": problem.code}
        if problem.element:
            error["element"] = problem.element
        errors.append(error)
    return as_json(status, {"Fault": {"Error": errors, "type": kind}, "time": stamp()})


def gateway_fault(status: int, name: str, code: str, detail: str, kind: str) -> Answer:
    """The gateway's lower-case form (401, 403, 429)."""
    message = f"message={name}; errorCode={code.zfill(6)}; statusCode={status}"
    error = {"message": message, "detail": detail, "code": code, "element": None}
    return as_json(
        status,
        {
            "warnings": None,
            "intuitObject": None,
            "fault": {"error": [error], "type": kind},
            "report": None,
            "queryResponse": None,
            "batchItemResponse": [],
            "attachableResponse": [],
            "syncErrorResponse": None,
            "requestId": None,
            "time": int(time.time() * 1000),
            "status": None,
            "cdcresponse": [],
        },
    )


def xml_fault(status: int, message: str, code: str, detail: str, kind: str) -> Answer:
    """A fault in XML, sent by the gateway even when JSON was asked for."""
    body = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<IntuitResponse time="{stamp()}" xmlns="http://schema.intuit.com/finance/v3">'
        f'<Fault type="{kind}"><Error code="{code}"><Message>{escape(message)}</Message>'
        f"<Detail>{escape(detail)}</Detail></Error></Fault></IntuitResponse>"
    )
    return Answer(status, body.encode(), "application/xml;charset=UTF-8")


def throttled(shape: str) -> Answer:
    """429: XML in older reports, the gateway's JSON in newer ones."""
    if shape == "gateway":
        return gateway_fault(429, "ThrottleExceeded", "3001", "The request rate is too high.", "SERVICE")
    message = "message=ThrottleExceeded; errorCode=003001; statusCode=429"
    return xml_fault(429, message, "3001", "", "SERVICE")


def unauthenticated() -> Answer:
    """401 for a missing, unknown or expired access token."""
    detail = "Token expired or is invalid. Obtain a new access token."
    return gateway_fault(401, "AuthenticationFailed", "3200", detail, "AUTHENTICATION")


def wrong_company() -> Answer:
    """401 for another company's token: XML even with `Accept: application/json`, code 100."""
    return xml_fault(
        401, "SRV-110-Authentication Failure", "100", "The token is not for this company.", "AUTHENTICATION"
    )


def unauthorized() -> Answer:
    """403: the app is not authorised for the company."""
    return gateway_fault(403, "ApplicationAuthorizationFailed", "3100", "The application is not authorized.", "SERVICE")


def as_xml(answer: Answer, document: Mapping[str, Any]) -> Answer:
    """What a caller gets who did not ask for JSON."""
    body = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<IntuitResponse time="{stamp()}" xmlns="http://schema.intuit.com/finance/v3">'
        f"{_elements(document)}</IntuitResponse>"
    )
    return Answer(answer.status, body.encode(), "application/xml;charset=UTF-8", answer.headers)


def _elements(value: object) -> str:
    if isinstance(value, Mapping):
        parts = [
            f"<{name}>{_elements(one)}</{name}>"
            for name, inner in value.items()
            for one in (inner if isinstance(inner, list) else [inner])
        ]
        return "".join(parts)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | Decimal):
        return escape(str(value))
    return escape(encoded(value).decode()) if value is not None else ""
