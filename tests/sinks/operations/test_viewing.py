"""Reading is checked like acting: every query that people reach, for every role, before it reads (H-21, H-22)."""

from __future__ import annotations

import ast
import importlib
import inspect
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType, ModuleType, SimpleNamespace
from typing import Any, Final, NoReturn

import pytest

from sinks.ledger.practices.contacts import Owner, OwnerKind
from sinks.operations import viewing as viewing_module
from sinks.operations.acting import Actor
from sinks.operations.queries.contacts import list_contacts
from sinks.operations.queries.organisations import list_organisations
from sinks.operations.queries.practices import list_practices
from sinks.operations.roles import Grant, Role, View
from sinks.operations.viewing import MARK, Sees, sees, viewer, viewing
from streams.runtime.errors import ConfigurationError, Permanent
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.operations.test_roles import MATRIX

ROOT: Final = Path(__file__).parents[3]
PACKAGE: Final = "sinks.operations"
CALLERS: Final = ("deploy", "sinks/console")
READS_LEDGER: Final = ("Ledger", "Connection", "Cursor")
CHECKED_OTHERWISE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "queries.practices.check_practice": "whether a practice is known; answers nothing",
        "queries.practices.list_practices": "answers those that the viewer may open (below)",
        "queries.organisations.list_organisations": "answers those that the viewer may see (below)",
        "queries.contacts.list_contacts": "of a practice or of a group (below)",
        "queries.users.actor_of": "who somebody is, asked before it is known what they may see",
        "queries.audit_search.search_trail": "is given who looks, and asks itself",
        "actions.end_digest.digest_ends_here": "for whoever has the code of a letter, which says who that is",
        "actions.end_digest.end_digest": "the same",
        "setup.connection_draft.forget_unfinished": "deletes what is over, for nobody",
        "sign_in_trail.note_sign_in": "writes alone",
    }
)
"""Functions that are called from outside, read the ledger, and are not marked: each with the reason."""


def called_from_outside() -> set[tuple[str, str]]:
    """Modules of the operations and the names that commands and pages import of them."""
    found = set()
    for folder in CALLERS:
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{PACKAGE}."):
                    found |= {(str(node.module), alias.name) for alias in node.names}
    return found


def queries() -> dict[str, Callable[..., Any]]:
    """Every function among them that reads the ledger and takes no order: those are actions, which ask themselves."""
    found: dict[str, Callable[..., Any]] = {}
    for module_name, name in sorted(called_from_outside()):
        module: ModuleType = importlib.import_module(module_name)
        function = getattr(module, name, None)
        if not inspect.isfunction(function):
            continue
        parameters = inspect.signature(function).parameters.values()
        kinds = [str(each.annotation) for each in parameters]
        reads = any(word in kind for kind in kinds for word in READS_LEDGER)
        if reads and not any("Order" in kind for kind in kinds):
            at = inspect.unwrap(function).__module__.removeprefix(f"{PACKAGE}.")
            found[f"{at}.{name}"] = function
    return found


QUERIES: Final = queries()
MARKED: Final = {name: query for name, query in QUERIES.items() if hasattr(query, MARK)}


def unchecked(found: Mapping[str, Callable[..., Any]]) -> set[str]:
    return {name for name, query in found.items() if not hasattr(query, MARK)} - {*CHECKED_OTHERWISE}


def test_every_query_that_people_reach_asks_who_looks() -> None:
    assert len(MARKED) > 40
    assert unchecked(QUERIES) == set()


def test_control_a_query_that_asks_nobody_is_found() -> None:
    query = MARKED["queries.transactions.list_transactions"]
    assert unchecked(QUERIES | {"queries.transactions.list_transactions": inspect.unwrap(query)}) == {
        "queries.transactions.list_transactions"
    }


class TouchedError(Exception):
    """The query was let through, and read something."""


class Untouchable:
    """In place of a ledger, a connection, keys: whatever is done with it says so."""

    def __getattr__(self, name: str) -> NoReturn:
        raise TouchedError(name)

    def __iter__(self) -> Iterator[Any]:
        raise TouchedError("iter")


def let_through(query: Callable[..., Any], actor: Actor, practice: str | None) -> bool:
    """Whether a call about this practice, or of this group, gets as far as reading."""
    seen: Sees = getattr(query, MARK)
    arguments: dict[str, Any] = {}
    for name, parameter in inspect.signature(query).parameters.items():
        if parameter.default is inspect.Parameter.empty:
            arguments[name] = Untouchable()
    for path, value in ((seen.practice, practice), (seen.organisation, practice and f"group of {practice}")):
        if path is not None:
            name, _, field = path.partition(".")
            arguments[name] = SimpleNamespace(**{field: value}) if field else value
    try:
        with viewing(actor):
            answer = query(**arguments)
        if inspect.iscoroutine(answer):
            answer.close()
    except (TouchedError, TypeError, ConfigurationError):
        return True
    except Permanent as error:
        return "may not do this" not in str(error)
    return True


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("name", MARKED)
def test_who_may_see_what(name: str, role: Role) -> None:
    """At their own practice what the table of roles says; at another one, and of all of them, nothing."""
    query = MARKED[name]
    seen: Sees = getattr(query, MARK)
    allowed = role is Role.OPERATOR or role in MATRIX[seen.view]
    there = Grant(role=role, practices=frozenset({"north"}), organisation_id="group of north")
    of_somebody = seen.practice is not None or seen.organisation is not None
    ada = Actor("ada", (there,))
    assert let_through(query, ada, "north") is (allowed and of_somebody)
    assert not let_through(query, ada, "south")
    assert not let_through(query, ada, None)
    assert let_through(query, Actor("ada", (Grant(role=role),)), "south") is allowed
    assert not let_through(query, Actor("ada", ()), "north")


def test_who_runs_the_program_sees_no_patient() -> None:
    """H-22: whatever names a patient is closed to them, at every practice."""
    olga = Actor("olga", (Grant(role=Role.OPS),))
    of_patients = {name for name, query in MARKED.items() if getattr(query, MARK).view is View.PATIENTS}
    assert {"queries.patients.search_patients", "queries.identities.find_known"} <= of_patients
    assert not any(let_through(MARKED[name], olga, "north") for name in of_patients)


def test_contacts_are_seen_by_who_sees_the_settings_there() -> None:
    ada = Actor("ada", (Grant(role=Role.VIEWER, practices=frozenset({"north"})),))
    nobody: Any = Untouchable()
    with viewing(ada):
        with pytest.raises(TouchedError):
            list_contacts(nobody, Owner(OwnerKind.PRACTICE, "north"))
        for other in (Owner(OwnerKind.PRACTICE, "south"), Owner(OwnerKind.ORGANISATION, "smile")):
            with pytest.raises(Permanent, match="may not do this"):
                list_contacts(nobody, other)


@pytest.mark.stack
def test_a_list_holds_what_its_viewer_may_see_and_no_more(database: LedgerDatabase) -> None:
    """Of practices and of groups; the control: who runs the program sees all of them."""
    for practice in ("north", "south"):
        database.add(practice)
    database.connection.execute(
        "INSERT INTO organisations (organisation_id, name, added_at, added_by)"
        " VALUES ('smile', 'S', now(), 'x'), ('other', 'O', now(), 'x')"
    )
    grant = Grant(role=Role.GROUP_ADMIN, practices=frozenset({"north"}), organisation_id="smile")
    for actor, practices, groups in (
        (Actor("ada", (grant,)), ["north"], ["smile"]),
        (Actor("olga", (Grant(role=Role.OPS),)), ["north", "south"], ["other", "smile"]),
        (Actor("eve", ()), [], []),
    ):
        with viewing(actor):
            assert [each.practice_id for each in list_practices(database.connection)] == practices
            assert sorted(each.organisation_id for each in list_organisations(database.connection)) == groups


def test_where_nobody_was_named_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the console, which names nobody for its whole process: a page that forgets to say for whom it asks."""
    monkeypatch.setattr(viewing_module, "_of_process", [])
    with pytest.raises(Permanent, match="shown to nobody"):
        viewer()
    seen: list[bool] = []
    with viewing(Actor("ada")):
        other = threading.Thread(target=lambda: seen.append(_refused()))
        other.start()
        other.join()
    assert seen == [True], "what one thread shows its person is shown on no other"


def _refused() -> bool:
    try:
        viewer()
    except Permanent:
        return True
    return False


def test_a_mark_names_a_parameter_of_its_query() -> None:
    with pytest.raises(TypeError, match="has no parameter practice_id"):
        sees(View.TRANSACTIONS)(lambda ledger: ledger)
