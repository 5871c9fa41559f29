"""Whether the database was set back (law 4): what proves it, what does not, and that it raises the era once."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.topics import TopicName
from sinks.ledger.history.broker import BrokerEvidence, Committed
from sinks.ledger.history.settle import Evidence, current_stamp, settle
from sinks.ledger.history.stamp_file import Kept, StampFile, StampUnreadableError, stamp_path
from sinks.ledger.history.stamps import LastMark, LedgerStamp, header_value, highest, parse_header
from sinks.ledger.schema import era
from streams.runtime.errors import ConfigurationError
from tests.processors.rules.event_examples import NOON, PRACTICE, payment
from tests.sinks.ledger.ledger_fixture import WRITEBACKS_ID, LedgerDatabase

FAR = 2**40


@pytest.fixture
def ledger(database: LedgerDatabase) -> LedgerDatabase:
    """One payment is planned; the intake's position is 1."""
    era.enter_era(database.connection, NOON)
    database.add()
    database.link()
    database.report(payment())
    return database


def _settle(ledger: LedgerDatabase, evidence: Evidence) -> tuple[bool, int]:
    was_set_back = settle(ledger.connection, NOON, evidence)
    return was_set_back, ledger.one("SELECT era FROM ledger_era")


def _committed(offset: int, topic_id: str = WRITEBACKS_ID) -> Evidence:
    return Evidence(BrokerEvidence((Committed(TopicName.WRITEBACKS, topic_id, 0, offset),)))


def _stamp(ledger: LedgerDatabase, **changed: int) -> LedgerStamp:
    stamp = current_stamp(ledger.connection)
    assert stamp is not None
    return LedgerStamp(**({name: getattr(stamp, name) for name in stamp.__struct_fields__} | changed))


def test_offsets_up_to_the_positions_prove_nothing(ledger: LedgerDatabase) -> None:
    position = ledger.one("SELECT next_offset FROM intake_offsets WHERE topic_id = %s", WRITEBACKS_ID)
    assert _settle(ledger, _committed(position)) == (False, 1)
    assert ledger.rows("SELECT DISTINCT look_first FROM work") == [(False,)]


def test_a_later_offset_raises_the_era_once(ledger: LedgerDatabase) -> None:
    """Several roles find the same evidence; a later set-back that shows more raises it again."""
    assert _settle(ledger, _committed(50)) == (True, 2)
    assert ledger.rows("SELECT DISTINCT look_first FROM work") == [(True,)]
    assert _settle(ledger, _committed(50)) == (False, 2)
    assert _settle(ledger, _committed(60)) == (True, 3)


def test_a_ledger_that_never_saw_the_topic_is_behind_offsets_and_one_of_a_topic_made_anew_is_not(
    ledger: LedgerDatabase,
) -> None:
    """Law 5 speaks of a topic that was made anew."""
    assert _settle(ledger, _committed(0, "unknown")) == (False, 1)
    assert _settle(ledger, _committed(5, "unknown")) == (True, 2)
    ledger.connection.execute("INSERT INTO topic_partitions VALUES ('writebacks.v1', 'older', 1)")
    assert _settle(ledger, _committed(5, "unknown")) == (False, 2)


def test_a_stamp_proves_it_in_its_own_era_and_server_alone(ledger: LedgerDatabase) -> None:
    """After another server took over, or after the era was raised, positions of the log compare with nothing."""
    for stamp in (
        _stamp(ledger),
        _stamp(ledger, era=0, lsn=FAR),
        _stamp(ledger, system_id=1, lsn=FAR),
        _stamp(ledger, timeline=9, lsn=FAR),
    ):
        assert _settle(ledger, Evidence(BrokerEvidence(stamps=(stamp,)))) == (False, 1), stamp
    later = _stamp(ledger, lsn=FAR)
    assert _settle(ledger, Evidence(BrokerEvidence(stamps=(later,)))) == (True, 2)
    assert _settle(ledger, Evidence(BrokerEvidence(stamps=(later,)))) == (False, 2)


def test_a_stamp_of_a_later_era_raises_beyond_it(ledger: LedgerDatabase) -> None:
    """Set back a second time, to before the first: the ledger forgot its era too."""
    assert _settle(ledger, Evidence(kept=Kept(_stamp(ledger, era=7)))) == (True, 8)


def test_a_mark_that_the_ledger_does_not_know_proves_it(ledger: LedgerDatabase) -> None:
    """However far the log has come since: a mark stays as an epoch or as an outcome."""
    effect_id = ledger.one("SELECT min(effect_id) FROM work")
    kept = Evidence(kept=Kept(_stamp(ledger), LastMark(PRACTICE, effect_id, 1)))
    ledger.connection.execute("UPDATE work SET epoch = 1")
    assert _settle(ledger, kept) == (False, 1)
    ledger.connection.execute("UPDATE work SET epoch = 0")
    assert _settle(ledger, kept) == (True, 2)
    assert _settle(ledger, kept) == (False, 2)


def test_a_mark_whose_entry_has_ended_is_known(ledger: LedgerDatabase) -> None:
    effect_id = ledger.one("SELECT min(effect_id) FROM work")
    ledger.connection.execute("UPDATE effects SET state = 'SENDING' WHERE effect_id = %s", (effect_id,))
    ledger.connection.execute("UPDATE effects SET state = 'POSTED' WHERE effect_id = %s", (effect_id,))
    assert _settle(ledger, Evidence(kept=Kept(_stamp(ledger), LastMark(PRACTICE, effect_id, 4)))) == (False, 1)


def test_a_damaged_file_counts_as_a_ledger_that_was_set_back(ledger: LedgerDatabase) -> None:
    assert _settle(ledger, Evidence(kept_unreadable=True)) == (True, 2)


def test_the_file_keeps_the_last_of_what_was_written(tmp_path: Path) -> None:
    path = stamp_path(tmp_path, 0, -5, "writeback")
    kept = Kept(LedgerStamp(1, -5, 1, FAR), LastMark("p" * 128, 7, 3))
    file = StampFile(path)
    assert file.read() is None
    file.write(kept)
    file.write(Kept(kept.stamp))
    file.close()
    again = StampFile(path)
    assert again.read() == Kept(kept.stamp)
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(b'{"stamp": ')
    with pytest.raises(StampUnreadableError):
        again.read()
    again.close()


def test_a_folder_that_cannot_be_written_is_named_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="WRITEBACK_STATE_DIR"):
        StampFile(tmp_path / "file" / "posters" / "x.json")


def test_a_header_that_is_no_stamp_is_passed_over() -> None:
    stamp = LedgerStamp(3, -9_000_000_000_000_000_000, 2, FAR)
    assert parse_header(header_value(stamp).encode()) == stamp
    for text in ("", "1/2/3", "1/2/3/4/5", "1/2/3/x", "1/2/3/" + "9" * 40, "١/2/3/4"):
        assert parse_header(text.encode()) is None
    assert highest([stamp, LedgerStamp(3, stamp.system_id, 2, 1), LedgerStamp(2, 1, 1, 5)]) == (
        stamp,
        LedgerStamp(2, 1, 1, 5),
    )
