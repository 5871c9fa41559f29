"""H-1 to H-5: a patient's name, birth date, phone and mail appear nowhere but at the targets and in stored bodies."""

from __future__ import annotations

import json

import psycopg
import pytest
from psycopg import sql

from deploy.sandbox.running import FaultKind
from schemas.topics import TopicName
from tests.deploy.commands.console import writeback
from tests.scenarios import topics
from tests.scenarios.attempts import company_fault, office_fault
from tests.scenarios.example_events import payment, payout
from tests.scenarios.pipeline import ALL_ROLES, Pipeline
from tests.scenarios.raw_records import put
from tests.scenarios.test_health_endpoints import asked

PATIENT = {
    "FName": "Zebedia",
    "LName": "Quillfeather",
    "Birthdate": "1961-03-07",
    "WirelessPhone": "5550142733",
    "Email": "zq@canary.example",
}
QUOTE = "Zebedia Quillfeather, born 1961-03-07, call 5550142733 or zq@canary.example: account under review"
CANARIES = ("zebedia", "quillfeather", "1961-03-07", "03/07/1961", "5550142733", "zq@canary", "thistledown")
"""In small letters. The last is the name that the QuickBooks sandbox quotes."""
STORES = {"bodies": None, "dead_letters": ("key", "value")}
"""Where an event's own bytes are kept (H-3, H-4): the table's columns that are meant to hold them, None for all."""
OWN_BYTES = (TopicName.PAYMENTS, TopicName.DEAD_LETTERS)
"""Topics whose values are what an upstream sent, whatever that is."""


def leaks(text: str) -> list[str]:
    found = text.lower()
    return [canary for canary in CANARIES if canary in found]


def _told_about_the_patient(pipeline: Pipeline) -> str:
    """One patient, a success, a retry, two refusals and a failing read-back, all of which quote the patient."""
    practice = pipeline.practice(quickbooks=True)
    customer_key, _ = pipeline.accounts[practice]
    row = pipeline.sandbox.open_dental.add_patient(customer_key, **PATIENT)
    pipeline.link(practice, "pt-canary", str(row["PatNum"]))
    office_fault(pipeline, practice, FaultKind.STATUS, times=1, status=503, text=QUOTE)
    office_fault(pipeline, practice, FaultKind.STATUS, times=1, method="GET", path="*", status=500, text=QUOTE)
    office_fault(pipeline, practice, FaultKind.QUOTES_PATIENT, times=1, skip=1, status=400)
    office_fault(
        pipeline,
        practice,
        FaultKind.STATUS,
        times=1,
        path="/adjustments",
        status=400,
        text=f"ProcNum is invalid: {QUOTE}",
    )
    company_fault(pipeline, practice, FaultKind.QUOTES_PATIENT, times=1, status=400)
    company_fault(pipeline, practice, FaultKind.STATUS, times=1, status=500, code=QUOTE, text=QUOTE)
    for name in ALL_ROLES:
        pipeline.start(name, log_level="DEBUG")
    pipeline.send(*(payment(practice, "pt-canary", 1_000 + n, 40) for n in range(3)))
    pipeline.send(payout(practice, ((2_000, 60),)))
    put(pipeline.world, TopicName.PAYMENTS, practice.encode(), QUOTE.encode())
    pipeline.until(lambda: "REJECTED" in pipeline.states(practice), "something is refused")
    pipeline.send(payout(practice, ((3_000, 90),)))
    pipeline.until(lambda: _at_rest(pipeline), "everything has come to rest")
    return practice


def _at_rest(pipeline: Pipeline) -> bool:
    moving = "SELECT 1 FROM effects WHERE state = 'RETRYING' OR is_in_doubt(state)"
    stuck = (
        "SELECT 1 FROM effects e WHERE state = 'SCHEDULED' AND NOT EXISTS (SELECT FROM effects o"
        " WHERE o.practice_id = e.practice_id AND o.effect_id = e.depends_on AND o.state = 'REJECTED')"
    )
    return not pipeline.rows(moving) and not pipeline.rows(stuck)


@pytest.mark.stack
def test_a_canary_patient_is_quoted_by_both_targets_and_found_nowhere(pipeline: Pipeline) -> None:
    """Success, retry and failure with texts that quote a patient: no log, header, mail, metric or table has it."""
    practice = _told_about_the_patient(pipeline)
    faults = (*pipeline.sandbox.open_dental.faults(), *pipeline.sandbox.quickbooks.faults())
    assert all(state.hit == 1 for state in faults), "every text that quotes the patient was answered"
    states = pipeline.states(practice)
    assert states["POSTED"] >= 2
    assert states["REJECTED"] >= 2
    address = f"{practice}@{pipeline.world.database}.example"
    pipeline.until(lambda: pipeline.sandbox.mail.messages(to=address), "the practice is notified")
    pipeline.invariants(replay=False)
    for role in pipeline.roles:
        assert not leaks(role.text()), f"H-1: {role.name} logged {leaks(role.text())}"
        metrics = asked(role, "/metrics")[1]
        assert len(metrics) > 1_000
        assert not leaks(metrics), f"H-2: {role.name} measures {leaks(metrics)}"
    for record in topics.read_all(pipeline.world, *TopicName):
        value = b"" if record.topic in OWN_BYTES else record.value or b""
        shown = " ".join([str(record.headers), str(record.key), value.decode("latin-1")])
        assert not leaks(shown), f"H-3, H-4: {record.topic} has {leaks(shown)}"
    for mail in pipeline.sandbox.mail.messages():
        if any(pipeline.world.database in recipient for recipient in mail.recipients):
            said = json.dumps([mail.subject, mail.body, mail.headers])
            assert not leaks(said), f"H-5: a mail says {leaks(said)}"
    for command in (("dlq", "list", "--practice", practice), ("transactions", "list"), ("target", "list", practice)):
        said = writeback(pipeline.world, *command)
        assert said.code == 0, said.errors
        assert not leaks(said + said.errors), f"H-1: `writeback {' '.join(command)}` shows {leaks(said)}"
    assert _tables_that_leak(pipeline) == {}


@pytest.mark.stack
def test_control_the_search_finds_what_is_there(pipeline: Pipeline) -> None:
    """The search itself: a quote in a text and in bytes of the ledger is found, by table and column."""
    practice = pipeline.practice(pms=False)
    row = "INSERT INTO outbox (practice_id, id, topic, value) VALUES (%s, gen_random_uuid(), 'none', %s)"
    with psycopg.connect(pipeline.world.database_url) as db:
        db.execute("UPDATE practices SET name = %s WHERE practice_id = %s", (QUOTE, practice))
        db.execute(row, (practice, QUOTE.encode()))
    assert set(_tables_that_leak(pipeline)) == {"practices.name", "outbox.value"}
    assert leaks(QUOTE.upper()) == [*CANARIES[:3], *CANARIES[4:6]]


def _tables_that_leak(pipeline: Pipeline) -> dict[str, list[str]]:
    """Every table of the ledger as text, bytes as they read, but for the columns that hold an event's own bytes."""
    found: dict[str, list[str]] = {}
    with psycopg.connect(pipeline.world.database_url) as db:
        query = (
            "SELECT c.relname, array_agg(a.attname), array_agg(a.atttypid = 'bytea'::regtype) FROM pg_class c"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
            " WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace GROUP BY 1"
        )
        tables = db.execute(query).fetchall()
        assert len(tables) > 15
        for table, columns, binary in tables:
            store = next((STORES[name] for name in STORES if table.startswith(name)), ())
            if store is None:
                continue
            for column, is_bytes in zip(columns, binary, strict=True):
                if column in store:
                    continue
                shown = "encode({}, 'escape')" if is_bytes else "{}::text"
                chosen = sql.SQL("SELECT " + shown + " FROM {}").format(sql.Identifier(column), sql.Identifier(table))
                text = "\n".join(str(row[0]) for row in db.execute(chosen))
                if leaks(text):
                    found[f"{table}.{column}"] = leaks(text)
    return found
