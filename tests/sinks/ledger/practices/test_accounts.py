"""Which account a connection reaches: what the target says, else what a person says once (law 22)."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from schemas.vocabulary import EntryKind, Target
from streams.fault_injection import Control
from streams.runtime.errors import ConfigurationError
from tests.processors.rules.event_examples import PRACTICE, payment
from tests.processors.rules.linked_examples import refunded
from tests.sinks.ledger.ledger_fixture import LedgerDatabase, again
from tests.sinks.ledger.practices.test_connections import _save

PMS = f"{PRACTICE}-PMS"
KEYS: dict[str, Any] = {"names_itself": False, "capabilities": [kind.value for kind in EntryKind]}


def _posted(database: LedgerDatabase) -> None:
    """A payment that stands at the account of the first keys."""
    database.add()
    database.link()
    database.report(payment())
    database.connection.execute(
        "UPDATE effects SET state = 'SENDING', payload = 'sent', sent_at = clock_timestamp() WHERE effect_id = 1"
    )
    database.connection.execute(
        "UPDATE effects SET state = 'POSTED', external_id = 'payments/1', posted_at = now() WHERE effect_id = 1"
    )


def _refund(database: LedgerDatabase) -> str:
    """The state of what takes the payment back."""
    database.report(refunded())
    found: str = database.one("SELECT state FROM effects WHERE entry_kind = 'refund'")
    return found


def _elsewhere(database: LedgerDatabase) -> bool:
    """Whether the payment stands in other books than those connected now."""
    query = "SELECT sent_elsewhere(%s, %s, sent_at) FROM effects WHERE effect_id = 1"
    return bool(database.one(query, PRACTICE, PMS))


def test_other_keys_are_asked_about_once(database: LedgerDatabase) -> None:
    """Law 22: rotated keys would orphan every earlier entry; a person says what they are, and is not asked again."""
    _posted(database)
    with pytest.raises(ConfigurationError, match=r"--same-account.*--other-account"):
        _save(database, **KEYS)
    _save(database, same_account=True, **KEYS)
    _save(database, **KEYS)
    assert _refund(database) == "SCHEDULED"


def test_nobody_is_asked_before_anything_was_sent(database: LedgerDatabase) -> None:
    """A connection that was only tried has no entries to lose."""
    database.add()
    assert _save(database, **KEYS).added is False


def test_keys_saved_as_another_account_are_repaired_afterwards(database: LedgerDatabase) -> None:
    """Law 22: what waited behind the wrong word goes on."""
    _posted(database)
    _save(database, other_account=True, **KEYS)
    assert _elsewhere(database)
    _refund(database)
    database.connection.execute(
        "UPDATE effects SET state = 'PAUSED', reason = 'CONNECTION_REPLACED' WHERE entry_kind = 'refund'"
    )
    _save(database, same_account=True, **KEYS)
    assert not _elsewhere(database)
    assert database.one("SELECT state FROM effects WHERE entry_kind = 'refund'") == "SCHEDULED"


LINKS = "SELECT patient_ref, pms_patient_id FROM patient_links ORDER BY patient_ref"


def test_another_office_has_other_patients(database: LedgerDatabase) -> None:
    """Number 17 is somebody else there: nothing is posted before a person has linked the patient anew."""
    database.add()
    database.link()
    database.report(payment())
    assert _save(database, other_account=True, **KEYS).unlinked == 1
    assert database.rows(LINKS) == []
    assert database.rows("SELECT connection_id, patient_ref, pms_patient_id FROM former_links") == [(PMS, "pt-1", "17")]
    database.report(again(payment(), event_id="ev-9", payment_id="pay-9"))
    assert set(database.rows("SELECT state FROM effects WHERE event_id = 'ev-9'")) == {("AWAITING_LINK",)}


def test_control_links_of_account(database: LedgerDatabase) -> None:
    """With numbers that hold everywhere, what is reported next goes to whoever has that number in the other office."""
    database.add()
    database.link()
    database.reopen(Control.LINKS_OF_ACCOUNT)
    assert _save(database, other_account=True, **KEYS).unlinked == 0
    database.report(payment())
    assert database.rows(LINKS) == [("pt-1", "17")]
    assert database.one("SELECT state FROM effects WHERE entry_kind = 'payment'") == "SCHEDULED"


def test_linked_patients_are_asked_about_before_anything_was_sent(database: LedgerDatabase) -> None:
    database.add()
    database.link()
    with pytest.raises(ConfigurationError, match=r"--same-account.*--other-account"):
        _save(database, **KEYS)
    assert _save(database, same_account=True, **KEYS).unlinked == 0
    assert database.rows(LINKS) == [("pt-1", "17")]


def test_the_same_office_after_all_has_its_patients_again(database: LedgerDatabase) -> None:
    """Whom a person has linked meanwhile stays as they said."""
    _posted(database)
    database.link("pt-2")
    _save(database, other_account=True, **KEYS)
    database.connection.execute(
        "INSERT INTO patient_links (practice_id, patient_ref, pms_patient_id, linked_by, linked_at)"
        " VALUES (%s, 'pt-2', '99', 'Ada', now())",
        (PRACTICE,),
    )
    _save(database, same_account=True, **KEYS)
    assert database.rows(LINKS) == [("pt-1", "17"), ("pt-2", "99")]


def test_another_company_leaves_patients_as_they_are(database: LedgerDatabase) -> None:
    """QuickBooks knows none of them."""
    database.add()
    database.link()
    books = {"connection_id": f"{PRACTICE}-QUICKBOOKS", "target": Target.QUICKBOOKS}
    assert _save(database, **books).unlinked == 0
    assert database.rows(LINKS) == [("pt-1", "17")]


def test_a_passed_check_stays_passed_with_new_keys(database: LedgerDatabase) -> None:
    """SET-24: the same account was proven."""
    _posted(database)
    database.connection.execute(
        "UPDATE practices SET golive_at = now(), golive_account = (SELECT account_fingerprint FROM connections"
        " WHERE target = 'PMS')"
    )
    _save(database, same_account=True, **KEYS)
    assert database.one("SELECT golive_account FROM practices") == "renewed keys"


def test_a_company_that_names_itself_is_not_the_same_by_a_word(database: LedgerDatabase) -> None:
    """Law 22: another realm is another company, whatever somebody says."""
    _posted(database)
    with pytest.raises(ConfigurationError, match="realm_id"):
        _save(database, same_account=True)


def test_both_words_are_refused(database: LedgerDatabase) -> None:
    _posted(database)
    with pytest.raises(ConfigurationError, match="not both"):
        _save(database, same_account=True, other_account=True, **KEYS)


def test_a_mark_made_while_the_change_waited_is_of_the_old_account(database: LedgerDatabase) -> None:
    """Law 15: the change began before the send. Counted from its beginning, the entry would be the new account's, and
    its reversal would go to the wrong books."""
    database.add()
    database.link()
    database.report(payment())
    with psycopg.connect(database.database_url) as changing:
        changing.execute("SELECT now()")  # the person's transaction has begun, and waits
        database.connection.execute(
            "UPDATE effects SET state = 'SENDING', payload = 'sent', sent_at = clock_timestamp() WHERE effect_id = 1"
        )
        database.connection.execute(
            "UPDATE effects SET state = 'POSTED', external_id = 'payments/1', posted_at = now() WHERE effect_id = 1"
        )
        _save(database, connection=changing, other_account=True, **KEYS)
        changing.commit()
    assert _elsewhere(database)
