"""Settings field by field: changed, compared and told in words (SET-7, SUP-2)."""

from __future__ import annotations

from datetime import date, time

import pytest

from schemas.events import Tender
from schemas.practice_settings import AmountMode, PracticeSettings, Timing, TypeMode
from sinks.ledger.practices.settings.fields import differences, fields_of, names, parse_changes, shown, with_fields
from streams.runtime.errors import ConfigurationError

PLAIN = PracticeSettings(zone="America/New_York")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("amount=GROSS", "amount: NET -> GROSS"),
        ("master=on", "master: off -> on"),
        ("notes=true", "notes: off -> on"),
        ("types.terminal=MANUAL", "types.terminal: AUTO -> MANUAL"),
        ("cut_off=17:30", "cut_off: 18:00 -> 17:30"),
        ("clear_first=ACH,CHECK", "clear_first: nothing -> ACH, CHECK"),
        ("holidays=2026-12-25", "holidays: nothing -> 2026-12-25"),
        ("timing_by_type.collection=INSTANT", "timing_by_type.collection: nothing -> INSTANT"),
        ("ledger_closed_through=2026-08-31", "ledger_closed_through: nothing -> 2026-08-31"),
        ("late_after_days=20", "late_after_days: 30 -> 20"),
        ("zone=America/Phoenix", "zone: America/New_York -> America/Phoenix"),
    ],
)
def test_a_change_is_told_as_people_say_it(text: str, said: str) -> None:
    assert list(map(str, differences(PLAIN, with_fields(PLAIN, parse_changes([text]))))) == [said]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("amount", "--change amount=GROSS"),
        ("amont=NET", "did you mean amount"),
        ("types=AUTO", "types.terminal, types.payment_plan"),
        ("clear_first=GOLD", "clear_first[0]: takes a list of CARD"),
        ("holidays=soon", "holidays[0]: takes a list of dates"),
        ("late_after_days=x", "late_after_days: takes a whole number"),
        ("timing_by_type.terminal=SOON", "takes one of INSTANT, DAILY, ON_CLEAR, or null"),
        ('blackouts=[{"begins": "2"}]', "blackouts[0].begins: takes a local time"),
        ('blackouts=[{"from": "02:00"}]', "blackouts.from: there is no such setting"),
        ("business_days=", "business_days: at least one"),
        ("types.terminal=null", "types.terminal: takes one of AUTO, MANUAL, OFF"),
    ],
)
def test_a_wrong_change_is_named_with_what_it_takes(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        with_fields(PLAIN, parse_changes([text]))
    assert said in str(caught.value)


def test_a_field_given_twice_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="given twice"):
        parse_changes(["amount=NET", "amount=GROSS"])


def test_lists_and_times_come_from_text() -> None:
    changed = with_fields(
        PLAIN,
        parse_changes(['blackouts=[{"begins": "23:30", "ends": "01:00"}]', "clear_first=ACH", "holidays=2026-12-25"]),
    )
    assert (changed.blackouts[0].begins, changed.blackouts[0].ends) == (time(23, 30), time(1))
    assert (changed.clear_first, changed.holidays) == ((Tender.ACH,), (date(2026, 12, 25),))


def test_every_field_has_a_name_and_comes_back_the_same() -> None:
    """Nothing of a version is left out of a comparison, whatever is added to the record."""
    fields = fields_of(PLAIN)
    assert set(fields) == set(names())
    assert with_fields(PLAIN, fields) == PLAIN
    assert {each.field for each in differences(None, PLAIN)} == set(names())


def test_changes_leave_the_rest_alone() -> None:
    changed = with_fields(PLAIN, {"types.insurance": "OFF", "timing": "DAILY"})
    assert (changed.types.insurance, changed.types.terminal) == (TypeMode.OFF, TypeMode.AUTO)
    assert (changed.timing, changed.amount) == (Timing.DAILY, AmountMode.NET)


def test_values_are_shown_in_words() -> None:
    assert [shown(each) for each in (None, [], True, "18:00:00", ["a", "b"], 30)] == [
        "nothing", "nothing", "on", "18:00", "a, b", "30",
    ]  # fmt: skip
