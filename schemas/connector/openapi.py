"""Generates the OpenAPI 3.1 document of the Connector API, `openapi.json`, from its records and operations.

`python -m schemas.connector.openapi` writes the file; a test fails where it is not current.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from schemas.connector.examples import EXAMPLES
from schemas.connector.operations import BASE, EVERYWHERE, OPERATIONS, Operation
from schemas.connector.problems import MEDIA_TYPE, PROBLEMS
from schemas.connector.records import Id, Key, Marker, Problem, ProblemCode
from schemas.connector.signatures import SIGNED_HEADERS

FILE: Final = Path(__file__).parent / "openapi.json"
VERSION: Final = "1.1.0"
_REF: Final = "#/components/schemas/{name}"
_DESCRIPTION: Final = """\
A small service in front of a practice system. Writeback calls it (push), or an agent beside it fetches the same
requests from Writeback and answers them (pull). Signs: `minor` > 0 lowers what the patient owes, < 0 raises it, for
every kind of entry. Amounts are whole minor units. Requests are signed by RFC 9421 with hmac-sha256 over @method,
@path, @query and content-digest, with created, expires, nonce, keyid and tag="writeback". Nothing is begun after
`expires`. No URL carries a person."""
_PARAMETERS: Final[dict[str, Any]] = {"account": Id, "entry_id": Id, "idempotency_key": Key, "marker": Marker}
_RETRY_AFTER: Final = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 0}}}


def document() -> dict[str, Any]:
    """The document as plain values. Pure."""
    records = [kind for each in OPERATIONS for kind in (each.takes, *(given for _, given in each.gives)) if kind]
    _, schemas = msgspec.json.schema_components(list(dict.fromkeys([*records, Problem])), ref_template=_REF)
    for record, example in EXAMPLES.items():
        if record.__name__ in schemas:
            schemas[record.__name__]["examples"] = [msgspec.to_builtins(example)]
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        path = paths.setdefault(BASE + operation.path, {"parameters": _path_parameters(operation)})
        path[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Writeback Connector API",
            "version": VERSION,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{name: [] for name in _SCHEMES}],
        "paths": paths,
        "components": {"schemas": _plain(schemas), "securitySchemes": _SCHEMES},
    }


_SCHEMES: Final[dict[str, Any]] = {
    name: {"type": "apiKey", "in": "header", "name": name, "description": "Of the request's signature, RFC 9421."}
    for name in SIGNED_HEADERS
}


def document_text() -> str:
    """The document as JSON, always the same for the same contract."""
    return msgspec.json.format(msgspec.json.encode(document()), indent=1).decode() + "\n"


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary.partition(". ")[0].rstrip("."),
        "description": operation.summary,
        "responses": _responses(operation),
    }
    if operation.query:
        described["parameters"] = [_parameter(name, "query") for name in operation.query]
    if operation.takes is not None:
        schema = {"$ref": _REF.format(name=operation.takes.__name__)}
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return described


def _responses(operation: Operation) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, record in operation.gives:
        schema = {"$ref": _REF.format(name=record.__name__)}
        responses[str(status)] = {"description": "Done.", "content": {"application/json": {"schema": schema}}}
    for code in (*EVERYWHERE, *operation.problems):
        kind = PROBLEMS[code]
        known = responses.setdefault(str(kind.status), {"description": "", "content": _problem()})
        effect = "refused without effect" if kind.refused_without_effect else "doubt"
        known["description"] = f"{known['description']} {code.value}: {kind.title} ({effect}).".strip()
        if code in (ProblemCode.RATE_LIMITED, ProblemCode.OUTSIDE_WINDOW):
            known["headers"] = _RETRY_AFTER
    return responses


def _problem() -> dict[str, Any]:
    return {MEDIA_TYPE: {"schema": {"$ref": _REF.format(name=Problem.__name__)}}}


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in (BASE + operation.path).split("/") if part.startswith("{")]
    return [_parameter(name, "path") for name in names]


def _parameter(name: str, place: str) -> dict[str, Any]:
    return {"name": name, "in": place, "required": True, "schema": msgspec.json.schema(_PARAMETERS[name])}


def _plain(value: Any) -> Any:
    """Docstrings on one line; enums with their type, without which generators make anything at all of them."""
    if isinstance(value, dict):
        plain = {
            key: " ".join(each.split()) if key == "description" and isinstance(each, str) else _plain(each)
            for key, each in value.items()
        }
        return {"type": "string", **plain} if isinstance(plain.get("enum"), list) else plain
    return [_plain(each) for each in value] if isinstance(value, list) else value


if __name__ == "__main__":
    FILE.write_text(document_text(), encoding="utf-8")
