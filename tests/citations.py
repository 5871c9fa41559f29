"""Finds what docstrings and comments cite, and whether the place exists in the repository.

Forms: a rule or feature by its id (`R-2`, `SET-16`), `law 8`, `guarantee 2`, `PROTOCOL section 3`, `README section 4`
of the nearest folder that has one, or of a named one (`schemas/README section 5`, `Open Dental README section 3`).
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
PROTOCOL: Final = ROOT / "sinks/ledger/PROTOCOL.md"
NAMED_PAGES: Final = {
    "Open Dental ": ROOT / "sinks/targets/open_dental/README.md",
    "QuickBooks ": ROOT / "sinks/targets/quickbooks/README.md",
}

_NUMBERS: Final = r"\d+(?:(?:, | and | to |–)\d+)*"
_LAWS: Final = re.compile(rf"\b[Ll]aws? ({_NUMBERS})")
_GUARANTEES: Final = re.compile(rf"\b[Gg]uarantees? ({_NUMBERS})")
_PROTOCOL: Final = re.compile(rf"\bPROTOCOL sections? ({_NUMBERS})")
_README: Final = re.compile(rf"(Open Dental |QuickBooks |[a-z_/]+/)?README sections? ({_NUMBERS})")
# As in rules.toml.
_LETTERS: Final = "M|N|R|I|B|PL|T|E|P|L|ET|SET|TIM|AMT|ALL|NOTE|POST|PMS|LINK|CONF|VER|NOT|QB|RD|WR|SYN|SEC|SUP|H|C|S"
_ID: Final = re.compile(rf"\b(?:(?:{_LETTERS})-\d+|[CG]\d{{1,2}})\b")
_RANGE: Final = re.compile(rf"\b({_LETTERS})-(\d+) to (?:\1-)?(\d+)\b")
_NOWHERE: Final = re.compile(
    r"API facts|kafka-practice|domain-rules|\(reference: |\bDESIGN\b|house\.md|\b[Ff]eatures \d"
    r"|\b[Ii]ssue \d|\bthe issue\b"
    r"|(?<!PROTOCOL )(?<!README )(?<!RFC \d{4} )\b[Ss]ections? \d|\((?:notifications|performance)[:,)]"
)
"""Forms that lead to no place: pages that this repository does not hold, and sections of nothing in particular."""


def cited_text(file: Path) -> str:
    """The docstrings and comments of a Python file, the comments of an SQL file."""
    source = file.read_text(encoding="utf-8")
    if file.suffix == ".sql":
        return " ".join(line.partition("--")[2].strip() for line in source.splitlines() if "--" in line)
    texts = [
        node.value.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = (token.string for token in tokens if token.type == tokenize.COMMENT)
    texts += [comment[1:] for comment in comments if not comment.startswith(("# noqa", "# type:"))]
    return "\n".join(re.sub(r"\s+", " ", text) for text in texts)


def unresolved(file: Path, text: str) -> list[str]:
    """What `text`, which stands in `file`, cites and the repository does not hold."""
    found = [f"nowhere: {match.group()}" for match in _NOWHERE.finditer(text)]
    found += [each for each in ids(text) if each not in known_ids()]
    for form, page, heading in (
        (_LAWS, PROTOCOL, r"^\*\*{}\. "),
        (_PROTOCOL, PROTOCOL, r"^## {}\. "),
        (_GUARANTEES, ROOT / "README.md", r"^{}\. \*\*"),
    ):
        for match in form.finditer(text):
            found += [match.group() for n in numbers(match.group(1)) if not _stands(page, heading.format(n))]
    for match in _README.finditer(text):
        cited = page_of(file, match.group(1))
        missing = (n for n in numbers(match.group(2)) if cited is None or not _stands(cited, rf"^##+ {n}\. "))
        found += [match.group() for _ in missing]
    return found


def page_of(file: Path, named: str | None) -> Path | None:
    """The README that a citation means: the named one, or the nearest above the file (of a test: what it tests)."""
    if named in NAMED_PAGES:
        return NAMED_PAGES[named]
    if named:
        return ROOT / named / "README.md"
    folder = file.relative_to(ROOT).parent
    if folder.parts[0] == "tests":
        folder = Path(*folder.parts[1:])
    for above in (folder, *folder.parents):
        if (ROOT / above / "README.md").is_file():
            return ROOT / above / "README.md"
    return None


def ids(text: str) -> Iterator[str]:
    """The ids in a text; of `I-1 to I-12` all twelve."""
    yield from _ID.findall(text)
    for letter, first, last in _RANGE.findall(text):
        yield from (f"{letter}-{number}" for number in range(int(first), int(last) + 1))


def laws(text: str) -> Iterator[int]:
    """The numbers of the laws that a text cites."""
    for cited in _LAWS.findall(text):
        yield from numbers(cited)


def numbers(text: str) -> Iterator[int]:
    """`2, 4 to 6` is 2, 4, 5, 6."""
    for first, last in re.findall(r"(\d+)(?:(?: to |–)(\d+))?", text):
        yield from range(int(first), int(last or first) + 1)


@cache
def known_ids() -> frozenset[str]:
    """Every id of `rules.toml`."""
    areas = tomllib.loads((ROOT / "tests/rules.toml").read_text(encoding="utf-8"))
    return frozenset(name for area, lines in areas.items() if area != "laws" for name in lines)


@cache
def _stands(page: Path, heading: str) -> bool:
    return page.is_file() and re.search(heading, page.read_text(encoding="utf-8"), re.MULTILINE) is not None
