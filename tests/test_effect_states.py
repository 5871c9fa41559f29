"""One door to an entry's state: the unit of work's statement, and the poster's own.

Its state stands in `work` while it is unfinished and in `outcomes` at its end. New entries are written by INTAKE's
COPY, which names its tables by their records (`sinks.ledger.intake.new_rows`) and is in no text that is read here.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ("schemas", "streams", "processors", "sinks", "deploy")
DOOR = ("sinks/ledger/effects.sql", "move_effects")
POSTER = "sinks/poster/"
MIGRATIONS = "sinks/ledger/schema/migrations/"

_COMMENT = re.compile(r"--[^\n]*")
_TABLES = r"(?:public\.)?(?:effects|open_effects|work|outcomes)\b"
_UPDATE = re.compile(rf"\bupdate\s+(?:only\s+)?{_TABLES}(?:\s+(?:as\s+)?(?!set\b)\w+)?\s+set\b", re.I)
_MOVES_ROWS = re.compile(rf"\b(?:merge\s+into|insert\s+into|delete\s+from(?:\s+only)?)\s+{_TABLES}", re.I)
"""A row that comes or goes is a change of state: work that ends, an outcome, work that is reopened."""
_CLAUSE_END = re.compile(r"\b(from|where|returning)\b", re.I)
_STATE = re.compile(r"(?:^|[,(])\s*state\s*(?:=|,|\))", re.I)


def changes_state(statement: str) -> bool:
    """Whether a statement, or one of its parts, changes the state of an entry."""
    text = _COMMENT.sub("", statement)
    if _MOVES_ROWS.search(text):
        return True
    starts = [match.end() for match in _UPDATE.finditer(text)]
    return any(_STATE.search(_assignments(text[start:])) for start in starts)


def _assignments(text: str) -> str:
    """A SET clause: up to the FROM, WHERE or RETURNING that stands in no parentheses and no CASE."""
    depth = 0
    for token in re.finditer(r"[()]|\b\w+\b", text):
        word = token.group().lower()
        depth += (word in ("(", "case")) - (word in (")", "end"))
        if depth < 0 or (depth == 0 and _CLAUSE_END.fullmatch(word)):
            return text[: token.start()]
    return text


def named_statements() -> dict[tuple[str, str], str]:
    """Every statement of every `.sql` file of the product, but migrations, which no role runs."""
    found: dict[tuple[str, str], str] = {}
    for layer in LAYERS:
        for file in (ROOT / layer).rglob("*.sql"):
            name = str(file.relative_to(ROOT))
            if not name.startswith(MIGRATIONS):
                parts = re.split(r"^-- name: (\w+)[!<^$]*\s*$", file.read_text(encoding="utf-8"), flags=re.M)
                found |= {(name, query): text for query, text in zip(parts[1::2], parts[2::2], strict=True)}
    return found


def texts_in_python() -> dict[tuple[str, int], str]:
    """Every text in product code, joined as Python joins it."""
    found = {}
    for layer in LAYERS:
        for file in (ROOT / layer).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_bytes())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
                    text = node.value if isinstance(node.value, str) else node.value.decode(errors="ignore")
                    found[str(file.relative_to(ROOT)), node.lineno] = text
    return found


def test_one_statement_outside_the_poster_changes_the_state_of_effects() -> None:
    changing = {key for key, text in named_statements().items() if changes_state(text)}
    assert {key for key in changing if not key[0].startswith(POSTER)} == {DOOR}
    assert any(key[0].startswith(POSTER) for key in changing), "the poster marks and confirms"


def test_the_posters_statements_are_run_by_the_poster_and_by_whoever_allocates() -> None:
    """Both places stand in the table of writers (`sinks/ledger/README.md`)."""
    users = {
        str(file.relative_to(ROOT))
        for layer in LAYERS
        for file in (ROOT / layer).rglob("*.py")
        if 'named_queries("sinks.poster"' in file.read_text(encoding="utf-8")
    }
    assert {user for user in users if not user.startswith(POSTER)} == {
        "sinks/operations/actions/allocate_entry.py",
        "sinks/operations/actions/open_charges.py",
    }


def test_no_text_in_python_changes_the_state_of_effects() -> None:
    assert [key for key, text in texts_in_python().items() if changes_state(text)] == []


def test_the_statement_is_run_under_the_locks_alone() -> None:
    """By the unit of work, and by INTAKE's batch, which holds the locks of several practices."""
    callers = {
        str(file.relative_to(ROOT))
        for layer in LAYERS
        for file in (ROOT / layer).rglob("*.py")
        if "move_effects(" in file.read_text(encoding="utf-8")
    }
    assert callers == {
        "sinks/ledger/effect_moves.py",
        "sinks/ledger/unit_of_work.py",
        "sinks/ledger/intake/write.py",
    }


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE effects SET state = 'SCHEDULED' WHERE effect_id = 1",
        "UPDATE effects e SET due_at = now(), state = k.state FROM k WHERE e.effect_id = k.i",
        "update only public.effects as e\nset (reason, state) = (SELECT r, s FROM k)",
        "WITH u AS (UPDATE effects x SET reason = CASE WHEN a THEN b END, state = i.state FROM i RETURNING 1) TABLE u",
        "INSERT INTO effects (state) VALUES ('x') ON CONFLICT (effect_id) DO UPDATE SET state = EXCLUDED.state",
        "UPDATE work w SET holds = x.holds, state = x.state FROM x WHERE w.effect_id = x.effect_id",
        "WITH x AS (DELETE FROM work w USING i WHERE w.effect_id = i.n RETURNING w.n) TABLE x",
        "INSERT INTO outcomes (practice_id, effect_id, n, state) SELECT 'p', 1, 1, 'POSTED'",
        "MERGE INTO effects e USING k ON true WHEN MATCHED THEN UPDATE SET state = k.state",
        "-- a comment\nUPDATE effects -- the state\nSET holds = array_remove(holds, 'x'), state = 'PAUSED'",
    ],
)
def test_a_statement_that_changes_it_is_found(statement: str) -> None:
    assert changes_state(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE effects SET look_first = true WHERE state = 'SENDING'",
        "UPDATE effects e SET due_at = CASE WHEN e.state = 'PAUSED' THEN now() ELSE e.due_at END FROM k",
        "UPDATE deliveries SET state = 'SENT'",
        "SELECT state FROM effects FOR UPDATE",
        "INSERT INTO entries (practice_id, effect_id) VALUES ('p', 1)",
        "UPDATE work SET placement = NULL WHERE state = 'PAUSED'",
        "-- UPDATE effects SET state = 'PAUSED'\nSELECT 1",
    ],
)
def test_a_statement_that_does_not_is_not(statement: str) -> None:
    assert not changes_state(statement)
