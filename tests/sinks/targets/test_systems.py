"""The catalogue of practice systems: thirteen, each served by routes that exist, and the same on the first page."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from schemas.vocabulary import EntryKind, Target
from sinks.operations.queries.systems import shown_systems
from sinks.targets.catalogue import ROUTES
from sinks.targets.systems.catalogue import LISTED, SYSTEMS, may_name, stored_system, system_named
from sinks.targets.systems.named import used_system
from sinks.targets.systems.record import WORK_LIST, PracticeSystem
from sinks.targets.systems.table import table
from streams.runtime.errors import ConfigurationError

ROOT = Path(__file__).parents[3]
OF_THE_SOURCES = {
    "Open Dental", "Dentrix", "Dentrix Ascend", "Eaglesoft", "Curve", "WinOMS", "Cloud9", "Denticon", "Fuse", "DSN",
    "DentiMax", "Oryx", "Sensei Cloud",
}  # fmt: skip


def unknown_routes(systems: tuple[PracticeSystem, ...]) -> set[str]:
    """Routes that rows name and this release does not have."""
    return {route for each in systems for route in each.routes} - ROUTES.keys()


def test_the_thirteen_systems_are_listed() -> None:
    assert {each.title for each in LISTED} == OF_THE_SOURCES
    assert len(SYSTEMS) == len(OF_THE_SOURCES) + 2


def test_rows_name_routes_of_this_release() -> None:
    """A route that is gone leaves the rows, and one that is new is named in one: nothing is promised by mistake."""
    assert unknown_routes(tuple(SYSTEMS.values())) == set()
    named = {route for each in SYSTEMS.values() for route in each.routes}
    posting = {name for name, route in ROUTES.items() if route.target is Target.PMS}
    assert posting <= named, "a route serves no system: name it in a row"


def test_what_no_system_is_written_is_said_of_each() -> None:
    """WR-7: appointments, documents and the like are refused in writing, where a program writes at all."""
    for shown in shown_systems():
        said = any("appointments" in text for text in shown.not_possible)
        assert said is (shown.served_by != ("worklist",)), shown.name


def test_control_a_route_that_nobody_has_is_found() -> None:
    row = msgspec.structs.replace(LISTED[0], routes=("by_magic", WORK_LIST))
    assert unknown_routes((row,)) == {"by_magic"}


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_row_is_whole(name: str) -> None:
    """Whatever the system, there is a way, and staff are told where entries stand and how to tell ours apart."""
    system = SYSTEMS[name]
    assert system.name == name == name.lower()
    assert WORK_LIST in system.served_by(ROUTES)
    assert set(system.served_by(ROUTES)) <= ROUTES.keys()
    assert system.staff_see
    assert not system.windows or system.batches_only
    if name != "none":
        assert system.payment_type
    if system in LISTED:
        assert system.vendor
        assert system.not_possible
    with pytest.raises(AttributeError):
        system.title = "other"  # type: ignore[misc]


def test_where_sources_disagree_the_row_says_so() -> None:
    for name in ("fuse", "oryx", "sensei_cloud"):
        assert "list" in " ".join(SYSTEMS[name].not_possible)
        assert "work list" in " ".join(SYSTEMS[name].not_possible)


def test_the_night_window_is_declared() -> None:
    (window,) = SYSTEMS["cloud9"].windows
    assert (window.opens, window.closes, window.zone) == ("00:00", "11:00", "UTC")


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Open Dental", "open_dental"),
        ("open-dental", "open_dental"),
        ("OpenDental", "open_dental"),
        ("Sensi Cloud", "sensei_cloud"),
        ("SENSEI-CLOUD", "sensei_cloud"),
        ("Dentimax", "dentimax"),
        ("ascend", "dentrix_ascend"),
        ("Cloud 9", "cloud9"),
        ("none", "none"),
    ],
)
def test_people_name_a_system_as_they_know_it(said: str, name: str) -> None:
    assert system_named(said) is SYSTEMS[name]


def test_no_spelling_means_two_systems() -> None:
    spellings = [spelled for each in SYSTEMS.values() for spelled in {each.name, *each.aliases}]
    assert len(spellings) == len(set(spellings))


def test_a_system_that_is_not_listed_can_be_asked_for() -> None:
    """PMS-14: the refusal says how, and the request needs its name."""
    with pytest.raises(ConfigurationError, match=r"--system not-listed --system-name NAME"):
        system_named("Tab32")
    assert may_name(SYSTEMS["not_listed"])
    asked = used_system("not-listed", " Tab32 ")
    assert asked is not None
    assert (asked.system, asked.name, asked.title) == ("not_listed", "Tab32", "Tab32")
    for system, name in (("not-listed", None), ("not-listed", "  "), ("fuse", "Fuse"), (None, "Tab32")):
        with pytest.raises(ConfigurationError, match="--system-name"):
            used_system(system, name)
    with pytest.raises(ConfigurationError, match="card number"):
        used_system("not-listed", "4111111111111111")
    assert stored_system("of-another-release") is None


def test_the_first_page_shows_the_table() -> None:
    """`python -m sinks.targets.systems.table` prints what belongs there."""
    assert table() in (ROOT / "README.md").read_text(encoding="utf-8")


def test_a_merged_route_moves_to_served() -> None:
    """The control of the table: it follows the routes, not the rows' hopes."""
    row = msgspec.structs.replace(SYSTEMS["dentrix"], routes=("by_wire", WORK_LIST))
    assert "| Dentrix | worklist |" in table([row], [WORK_LIST])
    assert "| Dentrix | by wire, worklist |" in table([row], [WORK_LIST, "by_wire"])


def test_what_is_shown_names_no_route_twice() -> None:
    for each in shown_systems():
        assert len(each.served_by) == len(set(each.served_by))
        assert set(each.not_taken) <= {kind.value for kind in EntryKind}
