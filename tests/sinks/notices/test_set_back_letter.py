"""A ledger that was set back is told to the operator, once for each era: what was seen, and what to check (law 4)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.vocabulary import EraProof
from sinks.ledger.history.settle import raise_era
from sinks.ledger.schema.era import enter_era
from sinks.notices.set_backs import PROOF_WORDS
from tests.sinks.notices.notice_ledger import NoticeLedger, wait_until

pytestmark = pytest.mark.stack
OPERATOR = "ops@writeback.example"


def letters(ledger: NoticeLedger) -> list[str]:
    """What the operator read, each on one line, and nobody else anything."""
    assert {to for to, _ in ledger.mailbox.mails()} <= {OPERATOR}
    return [" ".join(f"{mail['Subject']} {mail.get_content()}".split()) for _, mail in ledger.mailbox.mails()]


def set_back(ledger: NoticeLedger, *proofs: EraProof) -> int:
    with ledger.connection.transaction():
        return raise_era(ledger.connection, ledger.now, proofs)[0]


def test_the_operator_is_told_once_for_each_era(ledger: NoticeLedger) -> None:
    """A practice is told nothing; a second time, soon after, is told with what was seen then."""
    ledger.practice("northside", "office@northside.example")
    ledger.effect(7, state="SCHEDULED")
    enter_era(ledger.connection, ledger.now)
    first = set_back(ledger, EraProof.LATER_OFFSETS, EraProof.LOST_MARK)
    with ledger.notifier():
        wait_until(lambda: len(letters(ledger)) == 1)
        ledger.later(timedelta(hours=1))
        second = set_back(ledger, EraProof.SAID_BY_PERSON)
        wait_until(lambda: len(letters(ledger)) == 2)
        ledger.later(timedelta(hours=30))
        closed = "SELECT count(*) FROM notices WHERE cause = 'event:-:LEDGER_SET_BACK' AND closed_at IS NULL"
        wait_until(lambda: ledger.one(closed) == 0)
    told, again = letters(ledger)
    assert "the ledger's database was set back, or another server has its place (all practices)" in told
    assert (
        f"era {first} of the ledger: {PROOF_WORDS[EraProof.LATER_OFFSETS]}; {PROOF_WORDS[EraProof.LOST_MARK]}" in told
    )
    assert "Entries that are looked for at their target first: 1" in told
    assert "looks for each open entry at its target before it sends anything" in told
    assert "writeback audit verify" in told
    assert f"era {second} of the ledger: {PROOF_WORDS[EraProof.SAID_BY_PERSON]}" in again


def test_another_server_is_told_and_the_first_start_is_not(ledger: NoticeLedger) -> None:
    """The first era is no news; a failover is."""
    enter_era(ledger.connection, ledger.now)
    assert ledger.one("SELECT count(*) FROM era_raises") == 0
    ledger.connection.execute("UPDATE ledger_era SET timeline = timeline + 1")
    enter_era(ledger.connection, ledger.now)
    with ledger.notifier():
        wait_until(lambda: len(letters(ledger)) == 1)
    assert PROOF_WORDS[EraProof.OTHER_SERVER] in letters(ledger)[0]


def test_every_proof_has_words() -> None:
    assert set(PROOF_WORDS) == set(EraProof)
