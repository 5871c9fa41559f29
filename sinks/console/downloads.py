"""Files that leave the console: each a download with a name of no patient, kept by nobody on its way.

Who took which file is kept.
"""

from __future__ import annotations

from enum import StrEnum

from django.http import Http404, HttpResponse

from sinks.console.process import console
from sinks.console.visit import Visit
from sinks.operations.sign_in_trail import SignIn


class FileKind(StrEnum):
    CSV = "csv"
    PDF = "pdf"


def file_kind(text: str) -> FileKind:
    """Raises Http404 for another one."""
    try:
        return FileKind(text)
    except ValueError:
        raise Http404 from None


def taken(visit: Visit, whose: str, name: str, kind: FileKind, content: bytes) -> HttpResponse:
    """The file, after it is kept who took it: of which practice or group, and `name`, which is without its ending, of
    letters, digits and dashes. Blocks."""
    subject = f"{whose} {name}.{kind.value}"
    console().note_sign_in(SignIn.TOOK_A_FILE, visit.rights.name, subject=subject)
    types = {FileKind.CSV: "text/csv; charset=utf-8", FileKind.PDF: "application/pdf"}
    answer = HttpResponse(content, content_type=types[kind])
    answer["Content-Disposition"] = f'attachment; filename="{name}.{kind.value}"'
    return answer
