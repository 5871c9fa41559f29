"""Every command is classified, and what can start, stop or change money is found in its code and not in a list."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from sinks.operations import actions, quickbooks
from sinks.operations.acting import Action
from tests.deploy.commands.test_every_command import CHANGING, COMMAND_LIST, RUNS_ON, options_of

READS: Final = {
    *(
        "ready",
        "doctor",
        "stack status",
        "topics check",
        "topics list",
        "topics asyncapi",
        "clock show",
        "console accounts",
        "lag",
        "top",
        "explain",
        "results",
    ),
    *(
        "practice list",
        "practice show",
        "targets",
        "settings show",
        "settings history",
        "settings diff",
        "organisation list",
        "organisation show",
    ),
    *(
        "whatif",
        "link list",
        "link search",
        "link who",
        "member list",
        "audit search",
        "audit verify",
        "audit-receipts",
        "backup-drill",
        "target test",
        "target choices",
        "target list",
    ),
    *("practice contact list", "organisation contact list", "notices list", "notices samples", "inbox"),
    *("quickbooks status", "quickbooks preview", "reconcile", "worklist", "connector verify"),
    *("sync status", "sync changes", "sync appointments", "health states"),
    *(
        "transactions list",
        "transactions show",
        "user list",
        "week",
        "exceptions",
        "dlq list",
        "dlq stats",
        "dlq show",
        "entries list",
        "payouts differences",
        "payouts detail",
    ),
}
"""Change nothing of a practice's."""
ELSEWHERE: Final = {
    "send": "what a payment system does: an event is posted by the settings of its practice, as any other",
    "trigger": "made-up events, which the topics of a sandbox alone are given",
    "sync run": "a practice's own system is read sooner than it would be; nothing is written there",
    "clock set": "a rehearsal's own clock, which is refused beside any target that is not of this machine",
    "clock advance": "a rehearsal's own clock",
    "stack start": "this machine's broker and database",
    "stack stop": "this machine's broker and database",
    "migrate": "the tables, and nothing in them",
    "topics ensure": "the topics, and nothing in them",
    "topics register": "schemas at a registry, which are the contract's own",
    "topics identity-keys": "public keys",
}
"""Changes something, of no practice's books or settings; and why it needs no person's reason."""

DEEDS: Final = (actions, quickbooks)
"""Packages of the operations that hold deeds."""


IN_THE_BROWSER: Final = {
    "sinks.operations.actions.practice_staff.add_staff": "`user add` and `user role` in one go",
    "sinks.operations.actions.practice_staff.remove_staff": "`user role --take` of all that was given there",
}
"""Deeds of pages that commands do by other ones, and by which."""


def takes_order(found: object) -> bool:
    """A deed: a function or a class's method of the operations that is given a person's order."""
    if inspect.isclass(found):
        return any(takes_order(each) for _, each in inspect.getmembers(found, inspect.isfunction))
    return inspect.isfunction(found) and "Order" in str(found.__annotations__.get("order", ""))


@cache
def deeds() -> dict[str, set[str]]:
    """By module of the actions, what of it takes an order."""
    found = {}
    modules = [
        f"{package.__name__}.{each.name}" for package in DEEDS for each in pkgutil.iter_modules(package.__path__)
    ]
    for each in modules:
        module = importlib.import_module(each)
        public = {
            name: value for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__
        }
        found[module.__name__] = {
            name for name, value in public.items() if not name.startswith("_") and takes_order(value)
        }
    return found


def deeds_of(callback: Callable[..., Any]) -> set[str]:
    """What a command's function does by itself, by its helpers, and by those of other modules of the commands."""
    found: set[str] = set()
    seen: set[tuple[str, str]] = set()
    wanted = [(inspect.unwrap(callback).__module__, inspect.unwrap(callback).__name__)]
    while wanted:
        module, name = wanted.pop()
        if (module, name) not in seen:
            seen.add((module, name))
            more = list(_used(module, name))
            found |= {f"{m}.{n}" for m, n in more if n in deeds().get(m, set())}
            wanted += [(m, n) for m, n in more if m.startswith("deploy.commands")]
    return found


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(Path(importlib.import_module(module).__file__ or "").read_bytes())


def _imports(tree: ast.AST) -> Iterator[tuple[str, str, str]]:
    """The name here, the module and the name there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for each in node.names:
                yield each.asname or each.name, node.module, each.name


def _used(module: str, name: str) -> Iterator[tuple[str, str]]:
    """Modules and names that a function of a module mentions; a module that is imported whole by its attributes."""
    tree = _tree(module)
    function = next((x for x in tree.body if isinstance(x, ast.FunctionDef) and x.name == name), None)
    if function is None:
        return
    imported = {here: (there, called) for here, there, called in _imports(tree)}
    named = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    own = {x.name for x in tree.body if isinstance(x, ast.FunctionDef)}
    yield from ((module, each) for each in named & own)
    yield from (imported[each] for each in named & imported.keys())
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in imported:
            there, called = imported[node.value.id]
            yield f"{there}.{called}", node.attr


def test_every_command_is_of_one_kind() -> None:
    """A new command is classified here, or this fails."""
    kinds = [CHANGING, READS, RUNS_ON, set(ELSEWHERE)]
    assert set().union(*kinds) == COMMAND_LIST.keys()
    assert sum(map(len, kinds)) == len(COMMAND_LIST)


@pytest.mark.parametrize("path", COMMAND_LIST)
def test_what_does_something_is_previewed_and_signed(path: str) -> None:
    """H-15: whoever calls a deed of the operations has --yes, --why and --by, whatever anybody wrote into a list; and
    what has them calls one."""
    command = COMMAND_LIST[path]
    found = deeds_of(command.callback)
    assert bool(found) == (path in CHANGING), found
    if found:
        by_name = {opt: each for each in command.params for opt in each.opts}
        assert {"--yes", "--why", "--by"} <= options_of(command)
        assert by_name["--yes"].default is False, "a preview unless it is said"
        assert by_name["--why"].default == ""


def test_every_deed_has_its_command() -> None:
    """Nothing of the operations that takes a person's order is out of a person's reach."""
    reached = set().union(*(deeds_of(command.callback) for command in COMMAND_LIST.values()))
    every = {f"{module}.{name}" for module, names in deeds().items() for name in names}
    assert every - IN_THE_BROWSER.keys() == reached


def _delegates(tree: ast.Module) -> bool:
    """It gives the order on to another deed, which asks."""
    return any(called in deeds().get(module, set()) for _, module, called in _imports(tree))


def test_every_deed_is_authorised_by_its_name() -> None:
    """Each named action is what some deed asks for, and no module with a deed goes without asking."""
    asked: set[str] = set()
    for module, names in deeds().items():
        tree = _tree(module)
        mine = {
            x.attr for x in ast.walk(tree) if isinstance(x, ast.Attribute) and getattr(x.value, "id", "") == "Action"
        }
        if names:
            assert mine or _delegates(tree), module
        asked |= mine
    assert asked == {each.name for each in Action}
