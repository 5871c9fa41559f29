"""`writeback settings|organisation|practice entitle` as a person runs them (SET-1 to SET-24, SUP-2)."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest

from sinks.ledger.schema.migrate import migrate
from tests.deploy.commands.console import writeback_here as writeback
from tests.deploy.commands.console import writeback_json_here as writeback_json
from tests.worlds import World

pytestmark = pytest.mark.stack


@pytest.fixture
def ledger(world: World) -> World:
    migrate(world.database_url)
    said = writeback(world, "practice", "add", "larkspur", "--zone", "America/New_York")
    assert said.code == 0, said.errors
    return world


def test_versions_are_saved_shown_and_compared(ledger: World, tmp_path: Path) -> None:
    """SET-7, SET-8, SET-9: who and why, field by field, prospective; warnings speak plainly (N-2)."""
    saved = writeback_json(
        ledger, "settings", "set", "larkspur", "--change", "fee_adjustment=OFF", "--change", "timing=DAILY",
        "--by", "ada", "--why", "the office asked", "--yes",
    )  # fmt: skip
    assert (saved["version"], saved["saved_by"], saved["reason"]) == (2, "ada", "the office asked")
    assert [(each["field"], each["after"]) for each in saved["changes"]] == [
        ("fee_adjustment", "OFF"),
        ("timing", "DAILY"),
    ]
    codes = {each["code"] for each in saved["warnings"]}
    assert {"BALANCES_KEEP_THE_FEE", "NO_PMS", "FEES_BILLED_MONTHLY"} <= codes
    file = tmp_path / "whole.json"
    file.write_text(json.dumps({"zone": "America/New_York", "cut_off": "17:00", "timing": "DAILY"}), encoding="ascii")
    said = writeback(ledger, "settings", "set", "larkspur", str(file), "--yes", "--why", "a new day")
    assert "cut_off: 18:00 -> 17:00" in said
    shown = writeback(ledger, "settings", "show", "larkspur")
    assert "version 3" in shown
    assert "WARNING NO_PMS" in shown
    compared = writeback_json(ledger, "settings", "diff", "larkspur", "1", "3")
    assert {each["field"] for each in compared["changes"]} == {"timing", "cut_off"}
    history = writeback(ledger, "settings", "history", "larkspur")
    assert "the office asked" in history
    assert "fee_adjustment: AUTO -> OFF" in history.replace("\n", " ")
    found = writeback_json(ledger, "settings", "history", "larkspur")
    assert [each["version"] for each in found["versions"]] == [1, 2, 3]


def test_a_preview_says_what_a_version_would_do_and_saves_nothing(ledger: World) -> None:
    """The number, the fields, the warnings, and how to apply; the next one begins from the same."""
    for _ in range(2):
        shown = writeback(ledger, "settings", "set", "larkspur", "--change", "fee_adjustment=OFF")
        assert shown.code == 0, shown.errors
        for words in (
            "settings version 2 would be saved",
            "fee_adjustment: AUTO -> OFF",
            "WARNING",
            "--yes --why TEXT",
        ):
            assert words in shown
    document = writeback_json(ledger, "settings", "set", "larkspur", "--change", "amount=GROSS")
    assert (document["dry_run"], document["version"]) == (True, 2)
    with psycopg.connect(ledger.database_url) as connection:
        assert connection.execute("SELECT count(*) FROM settings").fetchone() == (1,)
        published = "SELECT count(*) FROM outbox WHERE topic = 'practice-settings.v1'"
        assert connection.execute(published).fetchone() == (1,)


def test_mistakes_say_what_to_do_and_save_nothing(ledger: World, tmp_path: Path) -> None:
    """Exit 2, one sentence, no version. SET-10, SET-16: the master is not for a plain save."""
    file = tmp_path / "whole.json"
    file.write_text('{"zone": "America/New_York", "master": true}', encoding="ascii")
    why = ("--yes", "--why", "a try")
    for arguments, words in [
        (("set", "larkspur", "--change", "amount=GROSS", "--yes"), "--why TEXT"),
        (("set", "larkspur", "--change", "amount=GROSS", "--yes", "--why", " "), "--why TEXT"),
        (("set", "larkspur", "--change", "zone=Mars/Base", *why), " more"),
        (("set", "larkspur"), "FILE, or some fields with --change"),
        (("set", "larkspur", str(file), "--change", "amount=NET"), "FILE, or some fields with --change"),
        (("set", "larkspur", str(file), *why), "not entitled to write-back yet"),
        (("set", "larkspur", "--change", "master=on", *why), "not entitled to write-back yet"),
        (("set", "larkspur", "--change", "amont=NET"), "did you mean amount"),
        (("diff", "larkspur", "1", "7"), "has no version 7"),
        (("show", "larkspr"), "did you mean larkspur"),
    ]:
        said = writeback(ledger, "settings", *arguments)
        assert said.code == 2, (arguments, said, said.errors)
        assert words in said.errors, said.errors
    with psycopg.connect(ledger.database_url) as connection:
        assert connection.execute("SELECT count(*) FROM settings").fetchone() == (1,)


def test_the_masters_waiver_is_audited(ledger: World) -> None:
    """C4."""
    said = writeback(
        ledger, "settings", "set", "larkspur", "--change", "master=on", "--why", "it goes on here", "--yes",
        "--without-golive", "moved from another ledger",
    )  # fmt: skip
    assert said.code == 0, said.errors
    shown = writeback_json(ledger, "settings", "show", "larkspur")
    assert shown["in_force"]["settings"]["master"] is True
    assert (shown["entitled"], shown["golive_passed"]) == (True, False)
    with psycopg.connect(ledger.database_url) as connection:
        rows = connection.execute("SELECT after->>'without_golive' FROM audit ORDER BY n DESC LIMIT 1").fetchall()
    assert rows == [("moved from another ledger",)]
    said = writeback(ledger, "practice", "entitle", "larkspur", "--by", "manager", "--why", "contract signed", "--yes")
    assert said.code == 0, said.errors
    assert writeback_json(ledger, "settings", "show", "larkspur")["entitled"] is True


def test_an_emergency_stop_after_a_later_version_was_saved(ledger: World) -> None:
    """Law 15: the refusal names the command; the withdrawn version stays in the history, and its number with it."""
    changed = ("settings", "set", "larkspur", "--change")
    later = ("--from", "2999-01-01T00:00:00+00:00")
    ahead = writeback(ledger, *changed, "amount=GROSS", *later, "--yes", "--why", "new rules")
    assert ahead.code == 0, ahead.errors
    refused = writeback(ledger, *changed, "notes=true", "--yes", "--why", "stop")
    assert refused.code == 2
    assert "`writeback settings withdraw larkspur --version 2 --yes --why TEXT`" in refused.errors
    assert "--why TEXT" in writeback(ledger, "settings", "withdraw", "larkspur", "--yes").errors
    preview = writeback(ledger, "settings", "withdraw", "larkspur")
    assert "version 2 would be withdrawn" in preview
    assert "Nothing was changed" in preview
    said = writeback(ledger, "settings", "withdraw", "larkspur", "--by", "ada", "--yes", "--why", "stop now")
    assert "version 2 is withdrawn" in said
    assert "the newest is version 1" in said
    again = writeback(ledger, "settings", "withdraw", "larkspur", "--yes", "--why", "once more")
    assert again.code == 2
    assert "version 1 of larkspur has begun" in again.errors
    saved = writeback_json(ledger, *changed, "notes=true", "--yes", "--why", "stop")
    assert (saved["version"], [each["field"] for each in saved["changes"]]) == (3, ["notes"])
    found = writeback_json(ledger, "settings", "history", "larkspur")
    assert [each["version"] for each in found["versions"]] == [1, 3]
    assert [(each["version"], each["withdrawn_by"], each["why"]) for each in found["withdrawn"]] == [
        (2, "ada", "stop now")
    ]
    assert found["withdrawn"][0]["settings"]["amount"] == "GROSS"
    shown = " ".join(writeback(ledger, "settings", "history", "larkspur").split())
    assert "withdrawn" in shown
    assert "ada" in shown
    assert [each["field"] for each in writeback_json(ledger, "settings", "diff", "larkspur")["changes"]] == ["notes"]


def test_a_group_is_changed_after_it_was_shown(ledger: World) -> None:
    """SUP-2: the preview is the default; the locked field names its organisation."""
    for arguments in (
        ("add", "smile", "--name", "Smile Group", "--yes", "--why", "new group"),
        ("join", "smile", "larkspur", "--yes", "--why", "bought"),
    ):
        said = writeback(ledger, "organisation", *arguments)
        assert said.code == 0, said.errors
    shown = writeback_json(ledger, "organisation", "set", "smile", "--change", "amount=GROSS")
    assert shown == {
        "dry_run": True,
        "practices": [
            {
                "practice_id": "larkspur",
                "differences": [{"field": "amount", "before": "NET", "after": "GROSS"}],
                "version": None,
                "problem": None,
            }
        ],
    }
    refused = writeback(ledger, "organisation", "set", "smile", "--change", "amount=GROSS", "--yes")
    assert "--yes needs --why" in refused.errors
    done = writeback_json(
        ledger, "organisation", "set", "smile", "--change", "amount=GROSS", "--yes", "--why", "one way for all"
    )
    assert (done["dry_run"], done["practices"][0]["version"]) == (False, 2)
    said = writeback(ledger, "organisation", "lock", "smile", "amount", "--yes", "--why", "one way for all")
    assert said.code == 0, said.errors
    said = writeback(ledger, "settings", "set", "larkspur", "--change", "amount=NET", "--yes", "--why", "as before")
    assert said.code == 2
    assert "the organisation Smile Group has locked it" in said.errors
    found = writeback_json(ledger, "organisation", "show", "smile")
    assert (found["fields"], found["locked"], found["behind"]) == ({"amount": "GROSS"}, ["amount"], [])
    assert "locked by the organisation" in writeback(ledger, "settings", "show", "larkspur")
    assert writeback_json(ledger, "organisation", "list") == [
        {"organisation_id": "smile", "name": "Smile Group", "practices": 1}
    ]
    leave = ("organisation", "leave", "larkspur")
    assert writeback_json(ledger, *leave) == {
        "dry_run": True,
        "leaves": {
            "practice_id": "larkspur",
            "organisation_id": "smile",
            "called": "Smile Group",
            "becomes_own": ["amount"],
        },
    }
    assert "repeat the command with --yes --why TEXT" in writeback(ledger, *leave)
    assert "--yes needs --why" in writeback(ledger, *leave, "--yes").errors
    assert writeback_json(ledger, "organisation", "list")[0]["practices"] == 1
    assert "has left Smile Group" in writeback(ledger, *leave, "--yes", "--why", "sold")
    assert writeback_json(ledger, "organisation", "list")[0]["practices"] == 0


def test_a_whole_file_that_does_not_name_the_master_never_switches_it_off(ledger: World, tmp_path: Path) -> None:
    """E-9 e: what starts or stops money is said by a person, not by what a file leaves out."""
    on = ("--change", "master=on", "--without-golive", "a test", "--yes", "--why", "goes live")
    assert writeback(ledger, "settings", "set", "larkspur", *on).code == 0
    file = tmp_path / "settings.json"
    file.write_text('{"zone": "America/New_York"}', encoding="ascii")
    said = writeback(ledger, "settings", "set", "larkspur", str(file), "--yes", "--why", "the tutorial's file")
    assert (said.code, "does not say whether it still shall" in said.errors) == (2, True)
    file.write_text('{"zone": "America/New_York", "master": false}', encoding="ascii")
    shown = writeback(ledger, "settings", "set", "larkspur", str(file))
    assert "posting stops then" in shown
    assert "--yes --why TEXT" in shown
    history = writeback_json(ledger, "settings", "history", "larkspur")
    assert [each["version"] for each in history["versions"]] == [1, 2]
