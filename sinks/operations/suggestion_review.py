"""The review file of suggested links: a line for each candidate, for people and spreadsheets, read back whole. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

from sinks.ledger.practices.links import PMS_ID_LENGTH
from sinks.linking.decide import Verdict
from sinks.linking.reasons import in_words
from sinks.operations.queries.link_suggestions import Proposal
from sinks.operations.review_cells import review_lines
from sinks.operations.worklist.csv_sheet import BOM, safe_cell
from streams.runtime.errors import ConfigurationError

COLUMNS: Final = (
    "link", "patient", "name", "born", "waiting", "number", "name there", "born there", "score", "why",
)  # fmt: skip
YES: Final = frozenset({"yes", "y", "x", "1", "true"})
NO: Final = frozenset({"", "no", "n", "0", "false"})
_NEEDED: Final = ("link", "patient", "number")


def suggestions_text(proposals: Iterable[Proposal]) -> str:
    """Best candidate first; `link` says yes where the rules are sure, and a person says it elsewhere. A reference
    without a candidate has a line in which a number can be typed. No cell is ever a formula (S-9)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for each in proposals:
        writer.writerows([safe_cell(cell) for cell in line] for line in _lines(each))
    return BOM + out.getvalue()


def read_suggestions(raw: bytes) -> dict[str, str]:
    """Reference and number of each line that says yes. Raises ConfigurationError that names the line, and quotes no
    cell: another word than yes or no, a reference or a number that is said yes to twice, a number that cannot be."""
    links: dict[str, str] = {}
    lines: dict[str, int] = {}
    numbers: dict[str, int] = {}
    for line, cells in review_lines(raw, _NEEDED, "--read"):
        said, ref, number = cells.get("link", "").lower(), cells.get("patient", ""), cells.get("number", "")
        if said in NO:
            continue
        if said not in YES:
            raise ConfigurationError(f"--read, line {line}: `link` says yes, no or nothing")
        if not ref or not number:
            raise ConfigurationError(f"--read, line {line}: `link` says yes, and patient or number is missing")
        if len(number) > PMS_ID_LENGTH or not (number.isascii() and number.isprintable()):
            raise ConfigurationError(
                f"--read, line {line}: a number has at most {PMS_ID_LENGTH} printable ASCII characters"
            )
        if ref in lines:
            raise ConfigurationError(f"--read, line {line}: line {lines[ref]} says yes for the same patient")
        if number in numbers:
            raise ConfigurationError(
                f"--read, line {line}: line {numbers[number]} has the same number: where two references are one "
                "patient, say yes to one here and link the other with `writeback link add`"
            )
        links[ref], lines[ref], numbers[number] = number, line, line
    return links


def _lines(proposal: Proposal) -> Iterator[tuple[str, ...]]:
    born = proposal.birth_date.isoformat() if proposal.birth_date else ""
    who = (proposal.patient_ref, proposal.name, born, str(proposal.waiting or ""))
    if not proposal.patients:
        yield "", *who, "", "", "", "", "" if proposal.is_known else "the upstream has not said who this is"
    for at, each in enumerate(proposal.patients):
        sure = "yes" if proposal.verdict is Verdict.AUTO_LINK and at == 0 else ""
        there = each.birth_date.isoformat() if each.birth_date else ""
        yield sure, *who, each.pms_patient_id, each.name, there, str(each.score), in_words(each.reasons)
