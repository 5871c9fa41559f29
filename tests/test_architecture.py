"""The shape that the design fixes, held by the code itself: layers, top level, what no file may hold."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ("schemas", "streams", "processors", "sinks", "deploy")
MAY_IMPORT = {
    "schemas": {"schemas"},
    "streams": {"schemas", "streams"},
    "processors": {"schemas", "streams", "processors"},
    "sinks": {"schemas", "streams", "processors", "sinks"},
    "deploy": set(LAYERS),
}
TOP_LEVEL = {
    *LAYERS,
    "tests",
    "pyproject.toml",
    "README.md",
    "Makefile",
    "requirements.lock",
    "LICENSE",
    ".gitignore",
    ".ci",
}
# Written in pieces, so that this file does not name what it forbids.
REGISTRIES = ("pypi" + ".org", "python" + "hosted.org", "repo1." + "maven", "registry." + "npmjs", "deb." + "debian")


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def imported(file: Path) -> set[str]:
    """First parts of every module that a file imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_run_one_way(layer: str) -> None:
    """Imports run schemas <- streams <- processors, sinks <- deploy; nothing of the product imports tests."""
    for file in (ROOT / layer).rglob("*.py"):
        ours = imported(file) & {*LAYERS, "tests"}
        assert ours <= MAY_IMPORT[layer], f"{file.relative_to(ROOT)} imports {sorted(ours - MAY_IMPORT[layer])}"


def modules() -> dict[str, Path]:
    """Every module of the product by its dotted name."""
    found = {}
    for layer in LAYERS:
        for file in (ROOT / layer).rglob("*.py"):
            parts = file.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imported_modules(name: str, known: dict[str, Path]) -> set[str]:
    """The product's modules that one imports, inside functions too; what is for type checkers alone counts as well."""
    found = set()
    for node in ast.walk(ast.parse(known[name].read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            inner = {f"{node.module}.{alias.name}" for alias in node.names} & known.keys()
            plain = {alias.name for alias in node.names if f"{node.module}.{alias.name}" not in known}
            found |= inner | ({node.module} if plain else set())
    return (found & known.keys()) - {name}


def test_sinks_take_the_pure_rules_alone_from_processors() -> None:
    """Of `processors`, `sinks` imports `processors.rules` alone, which imports no role."""
    known = modules()
    for name in known:
        ours = {each for each in imported_modules(name, known) if each.split(".")[0] == "processors"}
        if name.split(".")[0] == "sinks":
            assert all(each.startswith("processors.rules.") for each in ours), f"{name} imports {sorted(ours)}"
        elif name.startswith("processors.rules"):
            assert all(each.startswith("processors.rules") for each in ours), f"{name} imports {sorted(ours)}"


def test_the_console_asks_operations_alone() -> None:
    """Of `sinks`, the console imports itself and the operations; only a command starts it, and nobody else asks it.
    It opens no SQL but to make its own schema."""
    known = modules()
    own = {name for name in known if f"{name}.".startswith("sinks.console.")}
    assert len(own) > 20
    for name in known:
        ours = imported_modules(name, known)
        if name in own:
            others = {each for each in ours - own if not each.startswith(("schemas", "streams", "sinks.operations"))}
            assert not others, f"{name} imports {sorted(others)}"
            assert "psycopg" not in imported(known[name]) or name == "sinks.console.django_settings", name
            calls = {
                node.func.attr
                for node in ast.walk(ast.parse(known[name].read_bytes()))
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            }
            assert not calls & {"execute", "cursor", "raw", "extra"} or name == "sinks.console.schema", name
        else:
            assert not ours & own or name.startswith("deploy."), f"{name} imports {sorted(ours & own)}"


def test_no_files_import_each_other_in_a_circle() -> None:
    """A circle, of two files or of many, means that none of them can be read, tested or moved alone."""
    known = modules()
    graph = {name: sorted(imported_modules(name, known)) for name in known}
    done: set[str] = set()
    for start in graph:
        path: list[str] = []
        stack = [(start, 0)]
        while stack:
            name, at = stack.pop()
            if at == 0:
                if name in done:
                    continue
                assert name not in path, f"a circle of imports: {' -> '.join([*path[path.index(name) :], name])}"
                path.append(name)
            if at < len(graph[name]):
                stack += [(name, at + 1), (graph[name][at], 0)]
            else:
                path.pop()
                done.add(name)


def test_the_top_level_is_fixed() -> None:
    """Nothing else stands there."""
    assert {file.relative_to(ROOT).parts[0] for file in tracked()} <= TOP_LEVEL


def test_nothing_names_a_registry_or_one_machine() -> None:
    """The repository speaks of the product alone: no registry's host, no path of a developer's machine."""
    machine = re.compile(r"(^|[^A-Za-z0-9_.])/(" + "|".join(("wo" + "rk", "fa" + "rm", "home/[a-z]")) + r")/")
    for file in tracked():
        text = file.read_text(encoding="utf-8", errors="ignore")
        assert not [host for host in REGISTRIES if host in text], file
        assert machine.search(text) is None, file


def test_product_code_has_no_assert_as_a_guard() -> None:
    """House rule: an assert disappears under -O; a guard must not."""
    for layer in LAYERS:
        for file in (ROOT / layer).rglob("*.py"):
            tree = ast.parse(file.read_bytes())
            assert not any(isinstance(node, ast.Assert) for node in ast.walk(tree)), file
