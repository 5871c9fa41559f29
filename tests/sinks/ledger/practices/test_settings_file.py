"""Settings that people write: every error names the field and what it takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.practice_settings import AmountMode, PracticeSettings, SettingsError, Timing, TypeMode
from sinks.ledger.practices.settings.settings_file import (
    checked_email,
    checked_id,
    convert,
    first_settings,
    read_settings,
)
from streams.runtime.errors import ConfigurationError


def test_what_is_left_out_has_its_default() -> None:
    """SET-21."""
    found = convert({"zone": "America/New_York", "timing": "DAILY", "cut_off": "17:30", "types": {"terminal": "OFF"}})
    assert (found.master, found.amount, found.timing) == (False, AmountMode.NET, Timing.DAILY)
    assert (found.types.terminal, found.types.membership_by_hand) == (TypeMode.OFF, TypeMode.MANUAL)
    assert found.cut_off.isoformat() == "17:30:00"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"timing": "DAYLY"}, "timing: takes one of INSTANT, DAILY"),
        ({"types": {"terminal": "MANUALLY"}}, "types.terminal: takes one of AUTO, MANUAL, OFF"),
        ({"types": []}, "types: takes an object"),
        ({"types": {"terminl": "OFF"}}, "types.terminl: there is no such setting; did you mean terminal"),
        ({"mastr": True}, "mastr: there is no such setting; did you mean master"),
        ({"master": "yes"}, "master: takes true or false"),
        ({"zone": "America/NewYork"}, "zone: America/NewYork is not an IANA time zone; did you mean America/New_York"),
        ({"zone": 5}, "zone: takes text"),
        ({"currency": "usd"}, "currency: three capital letters"),
        ({"cut_off": "25:00"}, "cut_off: takes a local time in whole minutes such as 18:00"),
        ({"cut_off": "18:00:30"}, "cut_off: a local time in whole minutes"),
        ({"ledger_closed_through": "soon"}, "ledger_closed_through: takes a date such as 2026-08-31"),
    ],
)
def test_a_wrong_field_is_named_with_what_it_takes(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        convert({"zone": "America/New_York"} | changed)
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "5", '{"timing": "DAILY"}', "\xff"])
def test_a_file_that_holds_no_settings_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "settings.json"
    file.write_text(text, encoding="latin-1")
    with pytest.raises(ConfigurationError, match=r"settings\.json"):
        read_settings(file)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_settings(tmp_path / "none.json")
    big = tmp_path / "big.json"
    big.write_text(json.dumps({"zone": "x" * 70_000}), encoding="ascii")
    with pytest.raises(ConfigurationError, match="at most"):
        read_settings(big)


def test_a_first_version_needs_a_zone(tmp_path: Path) -> None:
    assert first_settings("UTC", None).master is False
    with pytest.raises(ConfigurationError, match="--zone"):
        first_settings(None, None)
    with pytest.raises(ConfigurationError, match="did you mean Europe/London"):
        first_settings("Europe/Londn", None)
    file = tmp_path / "first.json"
    file.write_text('{"zone": "UTC"}', encoding="ascii")
    with pytest.raises(ConfigurationError, match="give one of them"):
        first_settings("Europe/London", file)


@pytest.mark.parametrize("text", ["", "a b", "ü", "x" * 256, "a\n", "a:b"])
def test_what_is_no_id(text: str) -> None:
    with pytest.raises(ConfigurationError, match="PRACTICE"):
        checked_id("PRACTICE", text)


@pytest.mark.parametrize("text", ["", "office", "a@b", "a@b.example, c@d.example", "a\n@b.example"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ConfigurationError, match="--email"):
        checked_email(text)


@pytest.mark.parametrize("currency", ["JPY", "KRW", "BHD", "ISK", "usd", "DOLLAR", "ÄÄÄ"])
def test_a_currency_without_cents_is_refused(currency: str) -> None:
    """M-1, M-2: both routes write two decimals; 1,000 yen would be posted as 10.00."""
    with pytest.raises(SettingsError, match="currency"):
        PracticeSettings(zone="Asia/Tokyo", currency=currency)
