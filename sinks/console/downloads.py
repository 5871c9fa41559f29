"""Files that leave the console: each a download with a name of no patient, kept by nobody on its way."""

from __future__ import annotations

from enum import StrEnum

from django.http import Http404, HttpResponse


class FileKind(StrEnum):
    CSV = "csv"
    PDF = "pdf"


def file_kind(text: str) -> FileKind:
    """Raises Http404 for another one."""
    try:
        return FileKind(text)
    except ValueError:
        raise Http404 from None


def download(name: str, kind: FileKind, content: bytes) -> HttpResponse:
    """`name`: without its ending, of letters, digits and dashes."""
    types = {FileKind.CSV: "text/csv; charset=utf-8", FileKind.PDF: "application/pdf"}
    answer = HttpResponse(content, content_type=types[kind])
    answer["Content-Disposition"] = f'attachment; filename="{name}.{kind.value}"'
    return answer
