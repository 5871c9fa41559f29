"""Redrive: dry first, whole lanes, read back first, audited, paced, refused after too often (scenario 51, 3.8)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from schemas.topics import TopicName, physical
from sinks.ledger.schema.migrate import migrate
from tests.deploy.commands.console import writeback, writeback_json
from tests.sinks.notices.notice_ledger import Mailbox, NoticeLedger
from tests.worlds import World

pytestmark = pytest.mark.stack
APPLY = ("--yes", "--by", "Ada", "--why", "the mapping is repaired")


@pytest.fixture
def ledger(world: World, tmp_path: Path) -> Iterator[NoticeLedger]:
    migrate(world.database_url)
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        made = NoticeLedger(world, connection, Mailbox(), tmp_path)
        made.practice("northside")
        yield made


def states(ledger: NoticeLedger) -> dict[int, str]:
    return dict(ledger.connection.execute("SELECT effect_id, state FROM effects ORDER BY 1").fetchall())


def settled(ledger: NoticeLedger) -> list[Any]:
    query = "SELECT off, settled_as, settled_by FROM dead_letters WHERE settled_at IS NOT NULL"
    return ledger.connection.execute(query).fetchall()


def fates(document: Any) -> dict[str, str]:
    return {item["id"]: item["fate"] for item in document["items"]}


def test_a_dry_run_shows_and_changes_nothing(ledger: NoticeLedger) -> None:
    ledger.effect(1)
    ledger.effect(2, state="SCHEDULED", reason="AUTO_INSTANT", depends_on=1)
    document = writeback_json(ledger.world, "dlq", "redrive", "--practice", "northside")
    assert document["dry_run"] is True
    assert fates(document) == {"e:1": "RELEASE"}
    assert document["items"][0]["notes"] == ["releases 1 that depend on it"]
    assert states(ledger) == {1: "INVALID_CONFIG", 2: "SCHEDULED"}
    said = writeback(ledger.world, "dlq", "redrive", "--practice", "northside")
    assert "1 entries would be due again" in said
    assert "Nothing was changed" in said
    assert ledger.one("SELECT count(*) FROM audit") == 0


def test_a_redrive_takes_the_whole_lane_in_order_and_nothing_else(ledger: NoticeLedger) -> None:
    ledger.effect(1, lane="p:a", reason="MAPPING_MISSING")
    ledger.effect(2, lane="p:a", state="REJECTED", reason="REFUSED_BY_TARGET")
    ledger.effect(3, lane="p:b", state="REJECTED", reason="REFUSED_BY_TARGET")
    document = writeback_json(ledger.world, "dlq", "redrive", "--reason", "MAPPING_MISSING", *APPLY)
    assert fates(document) == {"e:1": "RELEASE", "e:2": "RELEASE"}
    assert document["items"][1]["notes"] == ["comes along: same lane"]
    assert document["done"]["released"] == 2
    assert states(ledger) == {1: "SCHEDULED", 2: "SCHEDULED", 3: "REJECTED"}
    assert ledger.one("SELECT next_due_at <= now() FROM gates")
    actor, why = ledger.connection.execute("SELECT actor, why FROM audit").fetchone() or ("", "")
    assert (actor, why) == ("Ada", "the mapping is repaired")


def test_a_link_names_the_redrive_of_what_died_for_want_of_it(ledger: NoticeLedger) -> None:
    """L-6: a link does not bring the dead back, and "nothing waited for it" would hide them."""
    ledger.connection.execute("UPDATE practices SET added_at = now(), added_by = 'test'")
    ledger.effect(1, state="REJECTED", reason="PATIENT_NOT_FOUND", patient_ref="pat-1")
    ledger.effect(2, state="REJECTED", reason="PERIOD_CLOSED", patient_ref="pat-1")
    ledger.effect(3, state="REJECTED", reason="PATIENT_NOT_FOUND", patient_ref="pat-2")
    shown = writeback(ledger.world, "link", "northside", "pat-1", "12", "--unread")
    assert "northside: would be linked" in shown
    assert ledger.one("SELECT count(*) FROM patient_links") == 0
    linked = writeback(ledger.world, "link", "northside", "pat-1", "12", "--unread", "--yes", "--why", "the right one")
    assert linked.code == 0, linked.errors
    said = " ".join(linked.split())
    assert "1 of the patient's entries stands dead" in said
    assert "writeback dlq redrive --practice northside --reason PATIENT_NOT_FOUND" in said
    assert "nothing waited" not in said
    assert "linked; nothing waited for it" in writeback(
        ledger.world, "link", "northside", "pat-3", "13", "--unread", *APPLY
    )


def test_what_was_sent_once_is_read_back_before_it_is_sent_again(ledger: NoticeLedger) -> None:
    """Scenario 51: an ambiguous one gets look_first, the next generation's request id, and keeps where it was sent."""
    ledger.effect(1, state="DEAD_LETTERED", reason="OUTCOME_UNKNOWN", sent_at="2026-03-02T15:00:00Z", payload=b"old")
    ledger.effect(2, state="INVALID_CONFIG", reason="MAPPING_MISSING")
    ledger.effect(3, state="REJECTED", reason="PATIENT_NOT_FOUND", sent_at="2026-03-02T15:00:00Z", payload=b"nobody")
    document = writeback_json(ledger.world, "dlq", "redrive", "--practice", "northside", *APPLY)
    assert [item["look_first"] for item in document["items"]] == [True, False, True]
    rows = ledger.connection.execute(
        "SELECT effect_id, look_first, generation, payload, request_id <> 'r' || effect_id FROM effects ORDER BY 1"
    ).fetchall()
    assert rows == [(1, True, 2, b"old", True), (2, False, 2, None, True), (3, True, 2, None, True)]


def test_a_second_redrive_finds_nothing_dead(ledger: NoticeLedger) -> None:
    """Scenario 51: twice is once."""
    ledger.effect(1)
    writeback_json(ledger.world, "dlq", "redrive", "--id", "e:1", "--practice", "northside", *APPLY)
    document = writeback_json(ledger.world, "dlq", "redrive", "--id", "e:1", "--practice", "northside", *APPLY)
    assert document["items"] == []
    assert ledger.one("SELECT redrives FROM effects") == 1
    assert ledger.one("SELECT count(*) FROM audit") == 1


def test_after_five_redrives_its_lane_is_refused(ledger: NoticeLedger) -> None:
    ledger.effect(1, lane="p:a", redrives=5)
    ledger.effect(2, lane="p:a")
    ledger.effect(3, lane="p:b")
    document = writeback_json(ledger.world, "dlq", "redrive", "--practice", "northside", *APPLY)
    assert fates(document) == {"e:1": "REFUSE", "e:2": "REFUSE", "e:3": "RELEASE"}
    assert states(ledger) == {1: "INVALID_CONFIG", 2: "INVALID_CONFIG", 3: "SCHEDULED"}
    assert "writeback entries record" in document["items"][0]["notes"][0]
    assert "e:1 of the same lane is refused" in document["items"][1]["notes"][0]


def test_what_blocks_is_shown(ledger: NoticeLedger) -> None:
    ledger.effect(1, lane="p:a", state="UNCERTAIN", reason="AUTO_INSTANT")
    ledger.effect(2, lane="p:a")
    ledger.effect(3, lane="p:b", state="SCHEDULED", reason="AUTO_INSTANT")
    ledger.effect(4, lane="p:c", depends_on=3)
    ledger.connection_closed("NEEDS_RECONNECT", 5)
    document = writeback_json(ledger.world, "dlq", "redrive", "--practice", "northside")
    notes = {item["id"]: item["notes"] for item in document["items"]}
    closed = "waits: the connection is closed (NEEDS_RECONNECT)"
    assert notes["e:2"] == ["waits: the outcome of e:1 in its lane is open", closed]
    assert notes["e:4"] == ["stays held: e:3, which it depends on, is not posted", closed]


def test_an_unreadable_record_goes_back_to_its_topic_byte_for_byte(ledger: NoticeLedger) -> None:
    topic = physical(ledger.world.prefix, TopicName.PAYMENTS)
    admin = AdminClient({"bootstrap.servers": ledger.world.bootstrap})
    admin.create_topics([NewTopic(topic, num_partitions=3, replication_factor=1)])[topic].result()
    ledger.dead_letter(17, "?", stage="decode", reason="UNDECODABLE")
    ledger.dead_letter(18, stage="intake", reason="CONFLICT")
    ledger.dead_letter(19, stage="rules", reason="INVALID_FIELD")
    ledger.connection.execute(
        "UPDATE dead_letters SET key = %s, value = %s, part = 2, redrives = CASE off WHEN 19 THEN 5 ELSE 1 END",
        (b"\xff\x00key", b"\x00\x01bytes\xfe"),
    )
    document = writeback_json(ledger.world, "dlq", "redrive", "--since", "2020-01-01T00:00:00Z", *APPLY)
    assert fates(document) == {
        "payments.v1:2:17": "REPUBLISH",
        "payments.v1:2:18": "REFUSE",
        "payments.v1:2:19": "REFUSE",
    }
    notes = [item["notes"][0] for item in document["items"] if item["fate"] == "REFUSE"]
    assert all("writeback dlq dismiss" in note for note in notes)
    consumer = Consumer({"bootstrap.servers": ledger.world.bootstrap, "group.id": f"{ledger.world.prefix}test"})
    consumer.assign([TopicPartition(topic, 2, 0)])
    message = consumer.poll(30)
    consumer.close()
    assert message is not None
    assert (message.key(), message.value()) == (b"\xff\x00key", b"\x00\x01bytes\xfe")
    assert message.headers() == [("dl-redrive-count", b"2")]
    assert settled(ledger) == [(17, "REPUBLISHED", "Ada")]
    assert ledger.one("SELECT practice_id FROM audit") == "?"


def test_a_record_is_dismissed_by_a_named_person(ledger: NoticeLedger) -> None:
    ledger.dead_letter(18, stage="intake", reason="CONFLICT")
    place = ("dlq", "dismiss", "northside", "payments.v1:0:18", "--why", "sent again, corrected", "--by", "Ada")
    shown = writeback(ledger.world, *place)
    assert "northside payments.v1:0:18 (CONFLICT) would be dismissed" in shown
    assert settled(ledger) == []
    assert writeback(ledger.world, *place, "--yes").code == 0
    assert settled(ledger) == [(18, "DISMISSED", "Ada")]
    again = writeback(ledger.world, *place, "--yes")
    assert again.code == 1
    assert "dlq list" in again.errors
    assert ledger.one("SELECT count(*) FROM audit") == 1


def test_a_record_is_found_by_its_event_as_letters_name_it(ledger: NoticeLedger) -> None:
    """Of two records of one event, which one is asked for."""
    ledger.dead_letter(18, stage="intake", reason="CONFLICT")
    ledger.connection.execute("UPDATE dead_letters SET event_id = 'ev-b5'")
    assert "CONFLICT" in writeback(ledger.world, "dlq", "show", "northside", "ev-b5")
    planned = writeback_json(ledger.world, "dlq", "redrive", "--practice", "northside", "--id", "ev-b5")
    assert fates(planned).keys() == {"payments.v1:0:18"}
    ledger.dead_letter(19, stage="intake", reason="CONFLICT")
    ledger.connection.execute("UPDATE dead_letters SET event_id = 'ev-b5'")
    both = writeback(ledger.world, "dlq", "dismiss", "northside", "ev-b5", *APPLY)
    assert "payments.v1:0:18, payments.v1:0:19" in both.errors
    ledger.connection.execute("UPDATE dead_letters SET event_id = 'ev-b6' WHERE off = 19")
    assert writeback(ledger.world, "dlq", "dismiss", "northside", "ev-b5", *APPLY).code == 0
    assert settled(ledger) == [(18, "DISMISSED", "Ada")]


def test_bad_requests_say_what_to_do(ledger: NoticeLedger) -> None:
    for arguments, words in [
        (("redrive",), "choose what to redrive"),
        (("redrive", "--practice", "northsid"), "did you mean northside"),
        (("list", "--practice", "northsid"), "did you mean northside"),
        (("show", "northsid", "e:1"), "did you mean northside"),
        (("redrive", "--practice", "northside", "--yes"), "--why"),
        (("redrive", "--reason", "MAPING_MISSING"), "MAPPING_MISSING"),
        (("redrive", "--since", "yesterday"), "2026-03-02T17:30:00Z"),
        (("redrive", "--lane", "e:1"), "--lane needs --practice"),
        (("redrive", "--practice", "northside", "--lane", "e:1"), "has no entry e:1"),
        (("list", "--practice", "northside", "--lane", "p:pat-1"), "e:42"),
        (("redrive", "--practice", "northside", "--per-second", "1", "--per-minute", "6"), "not both"),
        (("stats", "--practice", "northsid"), "did you mean northside"),
        (("show", "northside", "nonsense"), "e:42"),
        (("show", "northside", "e:99"), "dlq list"),
    ]:
        said = writeback(ledger.world, "dlq", *arguments)
        assert said.code != 0
        assert words in said.errors
        assert "Traceback" not in said.errors


def test_list_and_show_name_no_patient(ledger: NoticeLedger) -> None:
    ledger.effect(1, lane="p:pat-CANARY", last_code="6430", target="QUICKBOOKS", reason="MAPPING_INVALID")
    ledger.dead_letter(17, stage="rules", reason="AMOUNTS_DISAGREE")
    shown = writeback(ledger.world, "dlq", "list")
    listed = writeback_json(ledger.world, "dlq", "list", "--practice", "northside")
    told = writeback(ledger.world, "dlq", "show", "northside", "e:1")
    record = writeback(ledger.world, "dlq", "show", "northside", "payments.v1:0:17")
    assert "1 entries and 1 records stand dead" in shown
    assert listed["entries"][0]["id"] == "e:1"
    assert listed["records"][0]["id"] == "payments.v1:0:17"
    assert "Choose income, expense or other current asset accounts" in " ".join(told.split())
    assert "do not add up" not in record
    assert "Gross less fees" in record
    assert "CANARY" not in shown + str(listed) + told
