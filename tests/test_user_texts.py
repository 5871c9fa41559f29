"""What a user reads carries no rule ids: messages, help texts, words, and the pages that are not about the code.

A user cannot look an id up. In docstrings and comments ids are welcome (`test_citations`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.citations import ROOT, ids, laws
from tests.test_architecture import LAYERS, tracked

PAGES_WITH_IDS = {ROOT / "sinks/ledger/PROTOCOL.md"}
"""For who changes the code."""


def shown(source: str) -> Iterator[tuple[int, str]]:
    """Every text of a module that can reach a user, with its line: all literals but docstrings, and of the docstrings
    those of commands, which are their help. Part of a key or a name counts too: it is cheaper to call it otherwise."""
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and is_command(node):
            yield node.lineno, ast.get_docstring(node) or ""


def is_command(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(word in ast.unparse(each) for each in node.decorator_list for word in (".command", ".callback"))


CURVE = "P-256"
"""Of elliptic curves: a name of the field that looks like an id of ours."""


def with_ids(texts: Iterator[tuple[int, str]]) -> list[str]:
    plain = ((line, text.replace(CURVE, "")) for line, text in texts)
    return [f"line {line}: {text}" for line, text in plain if [*ids(text), *laws(text)] or "PROTOCOL section" in text]


def test_no_text_of_the_product_carries_a_rule_id() -> None:
    """Log and error messages, help, letters, explanations, metrics, topics."""
    files = [file for layer in LAYERS for file in (ROOT / layer).rglob("*.py")]
    found = {str(file.relative_to(ROOT)): seen for file in files if (seen := with_ids(shown(file.read_text())))}
    assert not found


def test_no_page_carries_a_rule_id() -> None:
    """README files, what is generated for bookkeepers and operators, and the contract for upstreams."""
    pages = [file for file in tracked() if file.suffix == ".md" and file not in PAGES_WITH_IDS]
    pages += [ROOT / "schemas/asyncapi.yaml", *(ROOT / "schemas/avsc").glob("*.avsc")]
    for page in pages:
        lines = enumerate(page.read_text(encoding="utf-8").splitlines(), start=1)
        assert not with_ids(lines), page


@pytest.mark.parametrize(
    "source",
    [
        'raise ValueError("not so (R-2)")',
        'raise ValueError(f"not so: {field} (M-3)")',
        '_LOG.warning("aborted (law 1)")',
        'Slot = typer.Option(help="Stable number (law 13).")',
        'WORDS = {Reason.FEE: "no fee is known (N-5)"}',
        '@app.command()\ndef entitle():\n    """Switch it on (SET-16)."""',
    ],
)
def test_an_id_is_found(source: str) -> None:
    """The control: without it, a search that matches nothing would pass."""
    assert with_ids(shown(source))


def test_a_docstring_may_cite() -> None:
    """Where the rule is kept."""
    assert not with_ids(shown('def refund():\n    """Never more than was paid (R-2)."""'))
