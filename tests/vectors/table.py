"""The bookkeeper's tables, made from the worked cases: `python -m tests.vectors.table` writes BOOKKEEPING.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import processors.rules
from tests.vectors.entries import GIVES, TAKES
from tests.vectors.practice import first_settings
from tests.vectors.reading import Case, Row, cases

FILE: Final = Path(str(processors.rules.__file__)).with_name("BOOKKEEPING.md")
NET, OFF, GROSS = "net with companion", "net without", "gross"
TITLES: Final = {
    "amounts": "Payments",
    "allocation": "Payments laid on charges",
    "reversals": "What happens to a payment afterwards",
    "memberships": "Memberships, plans, financing, notes",
    "insurance": "Insurance",
    "identity": "Repeats, conflicts, settings that change",
    "time": "Time",
    "payouts": "Payouts in QuickBooks",
}
WORDS: Final = {
    "payment": "payment",
    "refund": "refund",
    "return": "returned payment",
    "dispute_hold": "dispute",
    "dispute_release": "dispute released",
    "reversal": "reversal",
    "charge": "charge",
    "charge_reversal": "charge taken back",
    "insurance_payment": "claim payment",
    "write_off": "write-off",
    "note": "note",
}
INTRODUCTION: Final = """# What the books show

Made from the worked cases in `tests/vectors/*.csv` by `python -m tests.vectors.table`; the same cases are run against
the ledger and against the sandboxes of Open Dental and QuickBooks, so this page cannot say anything else than the
software does.

Amounts are in dollars. Payments and charges stand with their own amount. Every other entry stands with the sign that
the patient's ledger shows: `+` is owed more, `−` is owed less; so the processor's fee of a net payment, which the
patient must not be left owing, is a credit of `−3.20`. *Balance* is by how much what the patient owes has changed at
the end. An entry in brackets is kept by us and does not stand in the PMS, with the reason.

"""


def markdown() -> str:
    """The whole page. Pure but for reading the cases."""
    found = cases()
    lines = [INTRODUCTION + "## Net with companion, net without, and gross\n"]
    lines += _stories([case for case in found if case.story])
    for file, title in TITLES.items():
        here = [case for case in found if case.file == file and case.only != "effects"]
        lines += ["", f"## {title}", "", "| case | the practice has chosen | the books show | balance |"]
        lines += ["|---|---|---|---|", *(_line(case) for case in here)]
    return "\n".join(lines) + "\n"


def _stories(found: Sequence[Case]) -> Iterator[str]:
    yield f"| what happened | {NET} | {OFF} | {GROSS} |"
    yield "|---|---|---|---|"
    for story in dict.fromkeys(case.story for case in found):
        mine = {_mode(case): case for case in reversed(found) if case.story == story}
        told = _told(next(iter(reversed(mine.values()))))
        cells = [f"{_shown(mine[mode])}; balance {_balance(mine[mode])}" if mode in mine else "" for mode in _MODES]
        yield f"| {told} | " + " | ".join(cells) + " |"


_MODES: Final = (NET, OFF, GROSS)


def _mode(case: Case) -> str:
    row = first_settings(case)
    chosen = row.more if row is not None else {}
    if chosen.get("amount") == "GROSS":
        return GROSS
    return OFF if chosen.get("fee_adjustment") == "OFF" else NET


def _told(case: Case) -> str:
    """The events, as a bookkeeper would tell them."""
    said = []
    for row in (row for act in case.acts for row in act.steps if row.kind == "told"):
        words = [row.what]
        if row.amount is not None:
            words.append(money(row.amount))
        if row.fee:
            words.append(f"fee {money(row.fee)}")
        if "surcharge" in row.more:
            words.append(f"of it surcharge {money(int(row.more['surcharge']))}")
        if row.more.get("splits"):
            words.append(f"over {len(row.more['splits'].split('|'))} patients")
        if "outcome" in row.more:
            words.append(row.more["outcome"].lower())
        said.append(" ".join(words) + (", plan in the PMS" if "pms_plan" in row.words else ""))
    return "; ".join(said)


def _line(case: Case) -> str:
    row = first_settings(case)
    chosen = " ".join(f"`{name}={value}`" for name, value in (row.more if row else {}).items())
    cells = (f"{case.sentence}: {_told(case)}", chosen or "defaults", _shown(case), _balance(case))
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def _shown(case: Case) -> str:
    """What stands in the books at the end of the case, and what does not."""
    rows = case.acts[-1].expected
    said = [_entry(row) for row in rows if row.kind in ("pms", "held") and row.amount is not None]
    said += [f"waits: {row.words[0]}" for row in rows if row.kind == "event" and row.words[0] != "APPLIED"]
    said += [f"refused: {row.what}" for row in rows if row.kind == "letter"]
    for row in rows:
        if row.kind == "books":
            said.append(f"**{row.what}** bank {money(row.amount or 0, signed=True)}:")
        elif row.kind in ("dr", "cr"):
            said.append(f"{row.kind.title()} {row.what} {money(row.amount or 0)}")
    return "; ".join(said).replace(":;", ":") or "nothing"


def _entry(row: Row) -> str:
    amount = row.amount or 0
    if row.what in {"payment", *TAKES}:
        shown = money(amount)
    elif row.what in GIVES:
        shown = money(amount, signed=True)
    else:
        shown = money(-amount, signed=True)
    word = WORDS.get(row.what) or ("fee credit" if amount > 0 else "fee debit")
    text = word if row.what == "note" else f"{word} {shown}"
    return text if row.kind == "pms" else f"({text}: {row.words[0] if row.words else 'kept'})"


def _balance(case: Case) -> str:
    rows = [row for row in case.acts[-1].expected if row.kind == "balance"]
    return ", ".join(money(row.amount or 0, signed=True) for row in rows) or "–"


def money(minor: int, *, signed: bool = False) -> str:
    """`1,234.56`, with a true minus; `signed` puts a plus too."""
    sign = "−" if minor < 0 else "+" if signed and minor else ""
    major, cents = divmod(abs(minor), 100)
    return f"{sign}{major:,}.{cents:02d}"


def main() -> None:
    FILE.write_text(markdown(), encoding="utf-8")


if __name__ == "__main__":
    main()
