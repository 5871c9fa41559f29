"""What the operations say to whoever types commands, as it is read in a browser."""

from __future__ import annotations

import inspect
import re

import pytest

from schemas.practice_settings import Allocation, FamilyBooking, PracticeSettings, Timing
from sinks.ledger.practices.settings import warnings
from sinks.ledger.practices.settings.warnings import PmsCapabilities, settings_warnings
from sinks.operations.words.in_the_browser import in_the_browser


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("connect it with `writeback target add`", "connect it with the page Integrations"),
        ("skipped until `writeback target add p1 open-dental --yes`", "skipped until the page Integrations"),
        ("not entitled: writeback practice entitle p1 --yes --why TEXT", "not entitled: the page Go live"),
        (
            "not passed: writeback golive check p1 --test-patient ID --switch-on --yes --why TEXT "
            "(or --without-golive WHY, which is audited)",
            "not passed: the page Go live",
        ),
        ("connect again with --other-company: the mapping", "connect again with “other company”: the mapping"),
        ("`writeback retention` deletes it", "whoever runs Writeback deletes it"),
        ("writeback whatif shows it", "the page Settings shows it"),
        ("Writeback posts it", "Writeback posts it"),
        ("see `writeback entries list p1`", "see the page To do"),
        ("`writeback entries post p1 e:4 --first-open-date`, or", "“Post with the first open date”, or"),
        (
            "end it by `writeback entries post|record|dismiss`",
            "end it by “Post to Ledger”, “Mark Recorded” or “Dismiss”",
        ),
        ("`writeback payouts accept p1 d:3` ends it", "“The bank is right” ends it"),
    ],
)
def test_commands_become_pages(said: str, read: str) -> None:
    assert in_the_browser(said, "p1") == read


def test_no_warning_of_settings_names_a_command_in_the_browser() -> None:
    """Also those of a practice that nothing is connected to, or where people enter everything."""
    strange = PracticeSettings(
        zone="UTC", master=True, timing=Timing.INSTANT, notes=True, allocation=Allocation.ALLOCATE,
        family=FamilyBooking.GUARANTOR,
    )  # fmt: skip
    for capabilities in (PmsCapabilities(connected=False), PmsCapabilities(kinds=frozenset(), real_time=False)):
        for each in settings_warnings(strange, capabilities):
            assert not re.search(r"`|writeback |--\w", in_the_browser(each.text, "p1")), each.text
    assert "`writeback " in inspect.getsource(warnings), "control: there are commands to be replaced"
