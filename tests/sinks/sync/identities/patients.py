"""What an upstream sends on `patients.v1`, and what the reader made of it."""

from __future__ import annotations

from typing import Any

import msgspec
from confluent_kafka import Producer

from schemas.codec import encode_event
from schemas.events import PatientChanged
from schemas.topics import TopicName, physical
from sinks.sync.identities.changes import UpstreamIdentity
from sinks.sync.identities.reader import IdentityReader
from sinks.sync.identities.store import upstream_owner
from sinks.targets.credentials import KeyRing
from streams.fault_injection import install
from streams.kafka.topics import ensure_topics
from tests.processors.rules.event_examples import PRACTICE
from tests.scenarios.waiting import until
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.test_patients_have_receipts import changed
from tests.sinks.poster.offices import SECRET, SECRET_TEXT
from tests.sinks.sync.identities.test_changes import sealed
from tests.worlds import World


class Patients:
    """A topic, and readers of it one after another."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.database = LedgerDatabase(world.database_url)
        self.topic = physical(world.prefix, TopicName.PATIENTS)
        self._producer = Producer({"bootstrap.servers": world.bootstrap})
        self._readers: list[IdentityReader] = []
        self.sent = 0
        ensure_topics(world.settings())

    def start(self, *controls: str, **settings: Any) -> None:
        """Reads with the secret of the tests, or another one."""
        settings.setdefault("secret_key", SECRET_TEXT)
        chosen = self.world.settings(test_controls=",".join(controls), **settings)
        install(chosen.test_controls)
        reader = IdentityReader(chosen)
        reader.start()
        self._readers.append(reader)

    def stop(self) -> None:
        while self._readers:
            self._readers.pop().close()

    def end(self) -> None:
        self.stop()
        self.database.close()

    # --- the upstream
    def say(self, patient_ref: str = "pt-1", jwe: str | None = None, **values: Any) -> PatientChanged:
        """An identity; Jane's where none is given."""
        event = changed(patient_ref, identity=sealed() if jwe is None else jwe, **values)
        self.put(f"{event.practice_id}:{patient_ref}".encode(), encode_event(event))
        return event

    def forget(self, patient_ref: str = "pt-1") -> None:
        self.put(f"{PRACTICE}:{patient_ref}".encode(), None)

    def put(self, key: bytes | None, value: bytes | None) -> None:
        self._producer.produce(self.topic, key=key, value=value)
        assert self._producer.flush(30) == 0
        self.sent += 1

    # --- what came of it
    def until_read(self) -> None:
        """Everything that was sent is read, and no reading from the beginning is under way."""
        query = "SELECT coalesce(sum(next_offset), 0) = %s AND count(*) = 3 AND count(rebuilt_to) = 0"
        until(
            lambda: self.database.rows(f"{query} FROM patient_positions", self.sent) == [(True,)],
            "all records are read",
            show=lambda: str(self.database.rows("SELECT * FROM patient_positions")),
        )

    def runs(self) -> list[int]:
        return [row[0] for row in self.database.rows("SELECT run FROM patient_positions ORDER BY part")]

    def known(self) -> dict[str, UpstreamIdentity | None]:
        """Surrogate → who that is; None: not to be opened yet."""
        rows = self.database.rows("SELECT practice_id, patient_ref, identity FROM patient_identities")
        return {ref: None if blob is None else self._opened(practice, ref, bytes(blob)) for practice, ref, blob in rows}

    def _opened(self, practice_id: str, patient_ref: str, blob: bytes) -> UpstreamIdentity:
        plain = KeyRing(SECRET).open(practice_id, upstream_owner(patient_ref), blob)
        return msgspec.json.decode(plain, type=UpstreamIdentity)

    def numbers(self) -> list[tuple[str, str, str]]:
        """Surrogate, system, number."""
        return self.database.rows("SELECT patient_ref, system, external_id FROM patient_external_ids ORDER BY 1, 2, 3")

    def letters(self) -> list[tuple[bytes | None, dict[str, str]]]:
        rows = self.database.rows("SELECT value, headers FROM outbox WHERE topic = 'writeback-dead-letters.v1'")
        return [(value, dict(headers)) for value, headers in rows]

    def make_old(self, hours: int) -> None:
        """As if nobody had read for so long."""
        self.database.connection.execute(
            "UPDATE patient_positions SET read_at = read_at - make_interval(hours => %s)", (hours,)
        )
