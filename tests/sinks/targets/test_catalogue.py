"""A target system is one folder and one row: nothing else in the product names it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from deploy.sandbox.servers import SandboxServers
from deploy.sandbox.serving import SandboxServer
from schemas.vocabulary import ConnectionReason, DeadLetterReason, Target
from sinks.targets.catalogue import ID_PREFIXES, ROUTES, route_named, route_serving, times_of_route
from sinks.targets.mapping_error import MappingError
from sinks.targets.outbound import check_outbound
from sinks.targets.route import Remedies
from streams.runtime.errors import ConfigurationError
from streams.settings import ProgramSettings
from tests.contract.conftest import ROUTE_CASES

ROOT = Path(__file__).parents[3]
LAYERS = ("schemas", "streams", "processors", "sinks", "deploy")
EQUIPMENT = ("deploy/sandbox/", "deploy/demo/")
"""Test equipment: a sandbox server or a story of one system."""
OWN_OPERATIONS = {"sinks/operations/quickbooks/": "quickbooks"}
"""What one system alone has and people do themselves, under its own command: the only other importers of its folder."""


OWN_COMMANDS = ("deploy/command.py", "deploy/commands/connector.py")
"""The list of commands, and those of the one system that has some: the agents' endpoint, and a partner's suite."""

CALLED = {name: route for name, route in ROUTES.items() if not route.by_hand}
"""Those that a program calls."""


def test_every_route_has_been_through_the_contract_suite() -> None:
    """One outside the suite of the port has proven nothing (laws 17 to 20)."""
    assert {case.partition("-")[0] for case in ROUTE_CASES} == set(CALLED)


def test_every_route_has_a_sandbox_server_of_its_name() -> None:
    """What cannot be rehearsed cannot be proven either."""
    servers = vars(SandboxServers()).values()
    assert {each.vendor.name for each in servers if isinstance(each, SandboxServer)} == set(CALLED)


@pytest.mark.parametrize("name", CALLED)
def test_a_row_is_whole(name: str) -> None:
    """Its folder, its own address among its own hosts, words, and numbers that nobody else has."""
    route = ROUTES[name]
    assert route.name == name == name.lower()
    assert (ROOT / "sinks" / "targets" / name / "route.py").is_file()
    assert check_outbound(route, route.default_url, "base_url") == route.default_url
    assert route.system
    assert route.id_prefixes
    assert len(ID_PREFIXES) == len(set(ID_PREFIXES))
    with pytest.raises(MappingError):
        route.check(route.default_url, {}, None)


def test_a_person_names_a_route_with_either_dash() -> None:
    assert route_named("open-dental") is route_named("Open_Dental") is ROUTES["open_dental"]
    with pytest.raises(ConfigurationError, match="use one of open-dental, nexhealth, connector, quickbooks, worklist"):
        route_named("another")
    with pytest.raises(ConfigurationError, match="Dentrix is reached through nexhealth, connector, worklist: name one"):
        route_named("Dentrix")
    with pytest.raises(ConfigurationError, match="Cloud9 is reached through connector, worklist: name one"):
        route_named("cloud9")


def test_a_route_of_another_release_has_the_shortest_times() -> None:
    """It is never called; its lease only has to end."""
    settings = ProgramSettings.load()
    shortest = min(times_of_route(name, settings).lease_s for name in ROUTES)
    assert times_of_route("of-another-release", settings).lease_s == shortest


def test_the_route_of_a_target_is_the_one_that_is_named_or_the_only_one() -> None:
    assert route_serving(Target.QUICKBOOKS, None) is ROUTES["quickbooks"]
    assert route_serving(Target.PMS, "open_dental") is ROUTES["open_dental"]
    other = "of-another-release"
    only = [each for each in CALLED.values() if each.target is Target.PMS]
    assert route_serving(Target.PMS, other) is (only[0] if len(only) == 1 else None)


def test_a_codes_remedy_wins_over_its_reasons() -> None:
    remedies = Remedies(by_code={"6200": "open the period"}, by_reason={DeadLetterReason.PERIOD_CLOSED: "general"})
    assert remedies.of("6200", DeadLetterReason.PERIOD_CLOSED) == "open the period"
    assert remedies.of("1", DeadLetterReason.PERIOD_CLOSED) == "general"
    assert remedies.of("1", ConnectionReason.THROTTLED) is None
    assert remedies.of(None, None) is None


def test_the_catalogue_loads_no_adapter() -> None:
    """A process that only needs names, words or times holds no HTTP client."""
    program = "import sys, sinks.targets.catalogue; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


def named_systems(tree: ast.AST) -> Iterator[str]:
    """Where code depends on one system by its name: compared with, a key of a table, a case of a match."""
    names = set(ROUTES) | {route.option for route in ROUTES.values()} | {route.system for route in ROUTES.values()}

    def is_name(node: ast.AST | None) -> bool:
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            return any(is_name(each) for each in node.elts)
        return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names

    for node in ast.walk(tree):
        parts: list[ast.AST | None] = []
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.Dict):
            parts = list(node.keys)
        elif isinstance(node, ast.Subscript):
            parts = [node.slice]
        elif isinstance(node, ast.MatchValue):
            parts = [node.value]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict":
            parts = [ast.Constant(keyword.arg) for keyword in node.keywords]
        if any(map(is_name, parts)):
            yield f"line {getattr(node, 'lineno', 0)}"


def imported_vendors(tree: ast.AST) -> Iterator[str]:
    """Vendors' folders that code imports from: their rows are in the catalogue, the rest is theirs alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            parts = node.module.split(".")
            if parts[:2] == ["sinks", "targets"] and len(parts) > 2 and parts[2] in ROUTES:
                yield parts[2]


def outside_the_folders() -> Iterator[Path]:
    for layer in LAYERS:
        for file in (ROOT / layer).rglob("*.py"):
            inside = file.relative_to(ROOT).as_posix()
            if inside in OWN_COMMANDS:
                continue
            if not inside.startswith((*EQUIPMENT, *(f"sinks/targets/{name}/" for name in ROUTES))):
                yield file


def test_no_code_outside_a_systems_folder_asks_which_system_it_is() -> None:
    """What differs between systems is a field of the row, so that a new system changes no other file."""
    of_commands = {ROOT / "deploy/command.py", ROOT / "sinks/operations/words/in_the_browser.py"}  # one bears its name
    others = [file for file in outside_the_folders() if file not in of_commands]
    found = {file: list(named_systems(ast.parse(file.read_bytes()))) for file in others}
    assert {str(file): lines for file, lines in found.items() if lines} == {}


def test_only_the_catalogue_imports_a_systems_folder() -> None:
    found = {
        file.relative_to(ROOT).as_posix(): set(vendors) for file in outside_the_folders() if (vendors := _vendors(file))
    }
    own = {each: system for each in found for folder, system in OWN_OPERATIONS.items() if each.startswith(folder)}
    assert found.keys() - own.keys() == {"sinks/targets/catalogue.py"}
    assert {each: found[each] for each in own} == {each: {system} for each, system in own.items()}


def test_an_operation_of_one_system_is_asked_for_by_its_own_commands_alone() -> None:
    """And by its own pages. Whoever else imports it depends on that system. The reconciliation lays QuickBooks' side
    beside the others, and Integrations shows its connection beside theirs."""
    own = ("deploy/commands/quickbooks", "sinks/console/pages/quickbooks")
    packages = {folder.rstrip("/").replace("/", "."): folder for folder in OWN_OPERATIONS}
    found = {
        file.relative_to(ROOT).as_posix()
        for file in outside_the_folders()
        for node in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(node, ast.ImportFrom) and node.module is not None
        for package, folder in packages.items()
        if node.module.startswith(package) and not file.relative_to(ROOT).as_posix().startswith(folder)
    }
    assert {each for each in found if not each.startswith(own)} == {
        "deploy/commands/payouts.py",
        "deploy/commands/reconcile.py",
        "sinks/console/pages/integrations.py",
        "sinks/operations/reconcile/as_read.py",
        "sinks/operations/reconcile/run.py",
    }


def _vendors(file: Path) -> list[str]:
    return list(imported_vendors(ast.parse(file.read_bytes())))


@pytest.mark.parametrize(
    "code",
    [
        "if system == 'quickbooks': pass",
        "if 'open-dental' != system: pass",
        "if system in ('open_dental', 'other'): pass",
        "WORDS = {'quickbooks': 'x'}",
        "WORDS = dict(quickbooks='x')",
        "HOSTS['open_dental']",
        "match system:\n    case 'QuickBooks': pass",
    ],
)
def test_control_a_name_that_decides_is_found(code: str) -> None:
    """The test above finds what it forbids."""
    assert list(named_systems(ast.parse(code)))


def test_control_an_import_is_found() -> None:
    assert list(imported_vendors(ast.parse("from sinks.targets.quickbooks.remedies import REMEDIES")))
    assert not list(named_systems(ast.parse("'QuickBooks is disconnected'")))


def test_a_row_cannot_be_changed_at_run_time() -> None:
    with pytest.raises(AttributeError):
        ROUTES["quickbooks"].system = "other"  # type: ignore[misc]
    assert isinstance(ROUTES["quickbooks"], msgspec.Struct)


def test_every_adapter_counts_its_answers_against_the_memory_of_the_process() -> None:
    """Law 9: who makes a caller without it could fill the process with answers of many connections."""
    without = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in (ROOT / "sinks" / "targets").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "HttpCaller"
        and "memory" not in {each.arg for each in node.keywords}
    ]
    assert without == []
