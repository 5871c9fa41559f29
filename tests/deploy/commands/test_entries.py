"""`writeback entries`: shown first, done by a named person, refused with words (POST-2, POST-3, H-15)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from schemas.practice_settings import TypeMode
from tests.deploy.commands.console import writeback, writeback_here, writeback_json_here
from tests.processors.rules.event_examples import PRACTICE, modes, payment
from tests.processors.rules.linked_examples import refunded
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.worlds import World

pytestmark = pytest.mark.stack
DO = ("--yes", "--by", "Ada", "--why", "typed in on Monday")


@pytest.fixture
def database(world: World) -> Iterator[LedgerDatabase]:
    """Two payments by hand of 100.00, 96.80 net each; the second has a refund."""
    opened = LedgerDatabase(world.database_url)
    opened.add(types=modes(terminal=TypeMode.MANUAL))
    opened.link()
    opened.report(
        payment(),
        payment(event_id="ev-2", payment_id="pay-2"),
        refunded(at=opened.clock.instant + timedelta(minutes=1), payment_id="pay-2"),
    )
    yield opened
    opened.close()


def test_a_list_says_what_waits_and_why(database: LedgerDatabase, world: World) -> None:
    """Id, amount, date, state and the reason in words; nothing of a patient (H-5)."""
    said = writeback(world, "entries", "list", PRACTICE)
    assert said.code == 0, said.errors
    assert "4 entries wait for a person at practice-1" in said
    for part in ("e:1", "pay-1", "96.80", "3.20", "AWAITING_MANUAL_POST", "part of"):
        assert part in said
    assert "pt-1" not in said
    found = writeback_json_here(world, "entries", "list", PRACTICE)
    assert [(each["id"], each["amount_minor"], each["part_of"]) for each in found] == [
        ("e:1", 9680, None),
        ("e:2", 320, 1),
        ("e:3", 9680, None),
        ("e:4", 320, 3),
    ]
    assert writeback_json_here(world, "entries", "list", PRACTICE, "--state", "rejected") == []
    assert writeback_json_here(world, "entries", "list", PRACTICE, "--state", "SCHEDULED")[0]["id"] == "e:5"


@pytest.mark.parametrize(
    ("action", "to"), [("post", "SCHEDULED"), ("record", "RECORDED_MANUALLY"), ("dismiss", "DISMISSED")]
)
def test_a_preview_changes_nothing_and_yes_does_it(
    database: LedgerDatabase, world: World, action: str, to: str
) -> None:
    """Each shows the entry with its fee first (N-3)."""
    shown = writeback_here(world, "entries", action, PRACTICE, "e:1")
    assert shown.code == 0, shown.errors
    assert "goes with e:1" in shown
    assert "Nothing was changed. To do it, repeat the command with --yes --why TEXT" in shown
    preview = writeback_json_here(world, "entries", action, PRACTICE, "e:1")
    assert preview["dry_run"] is True
    assert [(each["id"], each["to"]) for each in preview["items"][0]["entries"]] == [("e:1", to), ("e:2", to)]
    assert set(database.states()[:4]) == {"AWAITING_MANUAL_POST"}
    done = writeback_here(world, "entries", action, PRACTICE, "e:1", *DO)
    assert done.code == 0, done.errors
    assert "2 entries" in done
    assert database.states()[:4] == [to, to, "AWAITING_MANUAL_POST", "AWAITING_MANUAL_POST"]
    assert database.rows("SELECT actor, why FROM audit WHERE subject = 'e:1'") == [("Ada", "typed in on Monday")]
    assert "Ada" in writeback_here(world, "explain", "pay-1", "--practice", PRACTICE)


def test_refunds_that_become_a_persons_are_named(database: LedgerDatabase, world: World) -> None:
    """R-14."""
    assert "e:5" in writeback_here(world, "entries", "record", PRACTICE, "e:3")
    done = writeback_here(world, "entries", "record", PRACTICE, "e:3", *DO)
    assert "1 entry of other events waits for a person now" in " ".join(done.split())
    assert database.states()[2:] == ["RECORDED_MANUALLY", "RECORDED_MANUALLY", "AWAITING_MANUAL_POST"]


def test_what_cannot_be_done_is_said_and_the_rest_is_done(database: LedgerDatabase, world: World) -> None:
    """Exit code 1, for scripts: something was left."""
    database.connection.execute("UPDATE effects SET state = 'SCHEDULED' WHERE effect_id = 1")
    database.connection.execute("UPDATE effects SET state = 'SENDING' WHERE effect_id = 1")
    done = writeback_here(world, "entries", "record", PRACTICE, "e:1", "e:3", "e:99", *DO)
    assert done.code == 1
    assert "under way" in done
    assert "no such entry" in done
    assert "2 entries recorded, 2 refused" in done
    assert database.states()[0] == "SENDING"
    assert database.states()[2] == "RECORDED_MANUALLY"


def test_bad_input_is_named_without_a_traceback(database: LedgerDatabase, world: World) -> None:
    """H-15, C-1: who and why; never a card number."""
    for arguments, words in [
        (("record", PRACTICE, "e:1", "--yes"), "--why"),
        (("record", PRACTICE, "e:1", "--yes", "--why", "card 4242 4242 4242 4242"), "card number"),
        (("post", PRACTICE, "payments.v1:0:17"), "e:42"),
        (("dismiss", "practise-1", "e:1"), PRACTICE),
        (("list", "practise-1"), PRACTICE),
        (("list", PRACTICE, "--state", "REJCTED"), "REJECTED"),
    ]:
        said = writeback_here(world, "entries", *arguments)
        assert said.code != 0
        assert words in said.errors
        assert "Traceback" not in said.errors
        assert "4242" not in said.errors
    assert set(database.states()[:4]) == {"AWAITING_MANUAL_POST"}


def test_what_was_entered_is_shown_beside_what_was_planned(database: LedgerDatabase, world: World) -> None:
    """POST-10: in the preview, in the result and in the payment's story, with the difference."""
    other = "96.80 USD, entered 90.00 USD (6.80 USD less)"
    shown = writeback_here(world, "entries", "record", PRACTICE, "e:1", "--amount", "90")
    assert other in " ".join(shown.split())
    preview = writeback_json_here(world, "entries", "record", PRACTICE, "e:1", "--amount", "90")
    assert [each["entered_minor"] for each in preview["items"][0]["entries"]] == [9000, None]
    done = writeback_here(world, "entries", "record", PRACTICE, "e:1", "--amount", "90.00", *DO)
    assert other in " ".join(done.split())
    assert other in writeback_here(world, "explain", "pay-1", "--practice", PRACTICE)


def test_an_amount_of_the_other_sign_is_refused_with_what_to_write(database: LedgerDatabase, world: World) -> None:
    """A refund of -100.00 is not entered as 100.00; and nothing is no amount."""
    for amount, words in (("100", "--amount -100.00"), ("0", "dismiss")):
        said = writeback_here(world, "entries", "record", PRACTICE, "e:5", "--amount", amount, *DO)
        assert said.code == 1
        assert words in " ".join(said.split())
    assert database.states()[4] == "SCHEDULED"
    done = writeback_here(world, "entries", "record", PRACTICE, "e:5", "--amount", "-100.00", *DO)
    assert done.code == 0, done.errors
    assert database.rows("SELECT effect_id, amount_minor FROM recorded_amounts") == [(5, -10_000)]


def test_an_amount_that_cannot_be_is_named(database: LedgerDatabase, world: World) -> None:
    """Two readings, several entries, an event that has no entries yet."""
    for ids, amount, words in (
        (("e:1",), "1,170", "1170.00 or 1.17"),
        (("e:1", "e:3"), "100", "name that entry alone"),
        (("v:0123456789ab",), "100", "an event that has no entries yet"),
    ):
        said = writeback_here(world, "entries", "record", PRACTICE, *ids, "--amount", amount)
        assert said.code != 0
        assert words in said.errors


def test_an_event_is_found_by_what_letters_name(database: LedgerDatabase, world: World) -> None:
    """Its own id, or that of what it reports; of several, which one is asked for."""
    for number, subject in ((7, "re-7"), (8, "re-8")):
        database.report(refunded(event_id=f"ev-{number}", refund_id=subject, payment_id="pay-9"))
    first, second = (
        each["id"] for each in writeback_json_here(world, "entries", "list", PRACTICE) if each["id"].startswith("v:")
    )
    shown = writeback_json_here(world, "entries", "record", PRACTICE, "ev-7", "re-8", "e:1")
    assert [each["id"] for each in shown["items"]] == ["e:1", first, second]
    assert writeback_here(world, "entries", "dismiss", PRACTICE, "re-7", *DO).code == 0
    gone = writeback_here(world, "entries", "dismiss", PRACTICE, "re-7", *DO)
    assert "no event that waits is called so" in gone.errors


def test_payouts_differences_takes_the_practice_like_other_lists(database: LedgerDatabase, world: World) -> None:
    assert "0 differences open" in writeback_here(world, "payouts", "differences", PRACTICE)
    assert "0 differences open" in writeback_here(world, "payouts", "differences", "--practice", PRACTICE)
    assert PRACTICE in writeback_here(world, "payouts", "differences", "practise-1").errors
    two = writeback_here(world, "payouts", "differences", PRACTICE, "--practice", "practice-2")
    assert "name one" in two.errors
