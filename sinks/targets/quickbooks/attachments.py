"""Attaches a file to a document, and asks which files are attached (README section 10).

A file moves no money, and the service takes no request id for one: what became of an upload whose answer never came is
asked by the name of the file.
"""

from __future__ import annotations

import secrets
from typing import Final

import msgspec

from sinks.targets.http_call import HttpAnswer
from sinks.targets.port import ReadFailed, Scope
from sinks.targets.quickbooks import find_entries
from sinks.targets.quickbooks.answers import judge_error
from sinks.targets.quickbooks.client import CompanyClient
from sinks.targets.quickbooks.documents import MINOR_VERSION
from sinks.targets.quickbooks.faults import parse_json
from sinks.targets.quickbooks.tokens import NoToken

ATTACHABLE: Final = "Attachable"
MOST_FILES: Final = 1_000
"""Of one document; one page of a query."""


class NotUploaded(msgspec.Struct, frozen=True):
    """The service did not say that it has the file: a code, never its words."""

    code: str


async def attached_files(
    client: CompanyClient, realm_id: str, external_id: str, deadline_s: float
) -> frozenset[str] | ReadFailed:
    """The names of the files of a document."""
    entity, number = find_entries.entity_of(external_id), external_id.partition("/")[2]
    if find_entries.entity_path(realm_id, external_id) is None:
        return ReadFailed(scope=Scope.EFFECT, reason=None, code="UNKNOWN_ID")
    query = (
        f"SELECT * FROM {ATTACHABLE} WHERE AttachableRef.EntityRef.Type = '{entity}'"  # noqa: S608 - both are ours
        f" AND AttachableRef.EntityRef.value = '{number}' MAXRESULTS {MOST_FILES}"
    )
    document = await client.read(find_entries.query_path(realm_id, query), deadline_s)
    if isinstance(document, ReadFailed):
        return document
    rows = find_entries.rows_of(document, ATTACHABLE)
    if rows is None:
        return ReadFailed(scope=Scope.EFFECT, reason=None, code="UNREADABLE_200")
    return frozenset(str(row.get("FileName") or "") for row in rows)


async def attach_file(
    client: CompanyClient, realm_id: str, external_id: str, name: str, content: bytes, deadline_s: float
) -> NotUploaded | None:
    """Upload a CSV and link it to the document, in one call that is never repeated here; None once it is there.

    `name` and the ids are ours, ASCII without quotes.
    """
    boundary = f"writeback-{secrets.token_hex(16)}"
    body = _multipart(boundary, _metadata(external_id, name), name, content)
    path = f"/v3/company/{realm_id}/upload?minorversion={MINOR_VERSION}"
    sent = await client.upload(path, body, f"multipart/form-data; boundary={boundary}", deadline_s)
    if isinstance(sent, NoToken):
        return NotUploaded(sent.code)
    answer = sent.outcome
    if not isinstance(answer, HttpAnswer):
        return NotUploaded(answer.code)
    problem = judge_error(answer.status, answer.body, answer.retry_after_s, answer.request_id)
    if problem is not None:
        return NotUploaded(problem.code)
    return None if _is_there(parse_json(answer.body), name) else NotUploaded("UNREADABLE_200")


def _metadata(external_id: str, name: str) -> bytes:
    reference = {"type": find_entries.entity_of(external_id), "value": external_id.partition("/")[2]}
    return msgspec.json.encode(
        {"AttachableRef": [{"EntityRef": reference}], "FileName": name, "ContentType": "text/csv"}
    )


def _multipart(boundary: str, metadata: bytes, name: str, content: bytes) -> bytes:
    """The two parts as the vendor's page has them; the numbers at their ends pair them."""
    head = 'Content-Disposition: form-data; name="{}"; filename="{}"\r\nContent-Type: {}\r\n\r\n'
    parts = (
        (head.format("file_metadata_01", "attachment.json", "application/json"), metadata),
        (head.format("file_content_01", name, "text/csv"), content),
    )
    written = b"".join(f"--{boundary}\r\n{heading}".encode() + value + b"\r\n" for heading, value in parts)
    return written + f"--{boundary}--\r\n".encode()


def _is_there(document: object, name: str) -> bool:
    """`{"AttachableResponse": [{"Attachable": {"Id", "FileName", …}}]}`; one that failed holds a Fault instead."""
    rows = document.get("AttachableResponse") if isinstance(document, dict) else None
    first = rows[0] if isinstance(rows, list) and rows else None
    made = first.get(ATTACHABLE) if isinstance(first, dict) else None
    return isinstance(made, dict) and bool(made.get("Id")) and made.get("FileName") == name
