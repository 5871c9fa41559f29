"""Shows results as a table: on the terminal, as JSON, and between two marks in this folder's README.md.

`python -m tests.benchmarks.report` writes the block from the stored JSON.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table

from tests.benchmarks.measures import Measure, Verdict

README: Final = Path(__file__).with_name("README.md")
RESULTS: Final = Path(__file__).with_name("results.json")
START: Final = "<!-- bench:start -->"
END: Final = "<!-- bench:end -->"


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """One run."""

    day: str
    machine: str
    full: bool
    seconds: int
    measures: list[Measure]


def store(results: Results) -> None:
    """Writes JSON for machines and the table for people."""
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")
    write_block(README, markdown(results))


def write_block(readme: Path, text: str) -> None:
    """Replace what stands between the marks; both are added at the end when they are not there."""
    old = readme.read_text(encoding="utf-8") if readme.exists() else ""
    block = f"{START}\n{text}\n{END}"
    if START in old and END in old.split(START, 1)[1]:
        before, rest = old.split(START, 1)
        new = before + block + rest.split(END, 1)[1]
    else:
        new = f"{old.rstrip()}\n\n{block}\n".lstrip()
    readme.write_text(new, encoding="utf-8")


def markdown(results: Results) -> str:
    size = "full run" if results.full else "usual run; `make bench FULL=1` has 1,000,000 where it has fewer"
    lines = [
        f"Measured {results.day} with `make bench` in {results.seconds // 60} min {results.seconds % 60} s ({size}) on "
        f"{results.machine}. Ratios are medians over interleaved rounds: the machine's speed moves by a factor of 2.",
        "",
        "| what | value | target | | why, and beside what |",
        "|---|---|---|---|---|",
    ]
    for measure in results.measures:
        verdict = (
            f"**{measure.verdict}**" if measure.verdict in (Verdict.MISSED, Verdict.NOT_MEASURED) else measure.verdict
        )
        cells = (measure.name, measure.value, measure.target, verdict, measure.why)
        lines.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
    return "\n".join(lines)


def show(measures: list[Measure], console: Console) -> None:
    table = Table(title="make bench", show_lines=True)
    table.add_column("what", ratio=4)
    for name, share in (("value", 2), ("target", 2), ("", 2), ("why, and beside what", 5)):
        table.add_column(name, ratio=share)
    colours = {Verdict.MET: "green", Verdict.MISSED: "red", Verdict.NOT_MEASURED: "red", Verdict.REPORTED: "dim"}
    for measure in measures:
        verdict = f"[{colours[measure.verdict]}]{measure.verdict}[/]"
        table.add_row(measure.name, measure.value, measure.target, verdict, measure.why)
    console.print(table)


def main() -> int:
    if not RESULTS.exists():
        print("there are no results yet: run `make bench`", file=sys.stderr)
        return 1
    results = msgspec.json.decode(RESULTS.read_bytes(), type=Results)
    write_block(README, markdown(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
