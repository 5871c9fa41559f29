"""`POST /upload`: files with their metadata, linked to a document; the vendor keeps no request id for them."""

from __future__ import annotations

import base64
from email.parser import BytesParser
from email.policy import HTTP

from deploy.sandbox.exchange import Answer, Document, Incoming, as_json
from deploy.sandbox.quickbooks import entries
from deploy.sandbox.quickbooks.company import Company
from deploy.sandbox.quickbooks.parse_lines import parsed
from deploy.sandbox.quickbooks.shapes import FaultyError, Problem, stamp

METADATA, CONTENT = "file_metadata_", "file_content_"
TYPES = frozenset({"text/csv", "application/pdf", "image/png", "image/jpeg", "text/plain"})
"""Of those that are taken, some."""


def upload(company: Company, incoming: Incoming) -> Answer:
    """Each file with the metadata of the same number; a file of a document that is not there is refused whole."""
    parts = _parts(incoming)
    made = [
        {"Attachable": _stored(company, parsed(metadata), parts.get(name.replace(METADATA, CONTENT)))}
        for name, metadata in parts.items()
        if name.startswith(METADATA)
    ]
    if not made:
        raise FaultyError(Problem("2020", "Required param missing", "Required parameter file_metadata is missing"))
    return as_json(200, {"AttachableResponse": made, "time": stamp()})


def _parts(incoming: Incoming) -> dict[str, bytes]:
    kind = incoming.headers.get("Content-Type", "")
    if not kind.startswith("multipart/form-data"):
        raise FaultyError(Problem("4000", "Unsupported media", "The request is no multipart/form-data"))
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + incoming.body)
    found = {}
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        found[str(part.get_param("name", header="Content-Disposition"))] = (
            content if isinstance(content, bytes) else b""
        )
    return found


def _stored(company: Company, metadata: Document, content: bytes | None) -> Document:
    name = metadata.get("FileName")
    if not name or content is None:
        raise FaultyError(Problem("2020", "Required param missing", "Required parameter FileName is missing"))
    if metadata.get("ContentType") not in TYPES:
        raise FaultyError(Problem("2170", "Invalid Enumeration", "ContentType is not supported"))
    for link in metadata.get("AttachableRef", []):
        reference = link["EntityRef"]
        if reference["value"] not in company.entities.get(reference["type"], {}):
            raise entries.not_found(reference["type"])
    row = {
        **metadata,
        "Size": len(content),
        "Id": company.next_id(),
        "SyncToken": "0",
        "domain": "QBO",
        "sparse": False,
        "MetaData": {"CreateTime": stamp(), "LastUpdatedTime": stamp()},
    }
    company.put("Attachable", {**row, "_content": base64.b64encode(content).decode()})
    return row
