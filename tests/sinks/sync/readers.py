"""Practices on real sandboxes, and the role `sync` on their ledger, in a thread."""

from __future__ import annotations

import threading
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from deploy.connector.limits import Limits
from deploy.sandbox.demonstration import nexhealth_keys, nexhealth_mapping
from sinks.sync import role
from sinks.sync.page_store import identity_owner
from sinks.targets.connector.mapping import dump_mapping
from sinks.targets.nexhealth.capabilities import capabilities_of
from sinks.targets.nexhealth.mapping import load_mapping
from sinks.targets.reading import Identity
from streams.fault_injection import install
from streams.runtime.endpoints import Health
from streams.runtime.lifecycle import Stop
from tests.contract.connector_case import keys as connector_keys
from tests.contract.connector_case import mapping as connector_mapping
from tests.scenarios.waiting import WITHIN_S, until
from tests.sinks.poster.offices import SECRET_TEXT, Offices


class Readers(Offices):
    """Offices of the sandbox, locations too, and readers of them."""

    def open_location(self, practice_id: str, **changed: Any) -> str:
        """Adds a practice with a location of NexHealth; its API key. `mapping` changes that."""
        mapping = changed.pop("mapping", {})
        key = f"{self.world.database}-{practice_id}"
        self.sandbox.nexhealth.add_location(key, **changed)
        self.database.add(practice_id, connected=False)
        config = nexhealth_mapping(self.sandbox, key) | mapping
        secret = msgspec.json.encode(nexhealth_keys(self.sandbox, key))
        connection_id = f"{practice_id}-PMS"
        self.database.connection.execute(
            "INSERT INTO connections (home_practice_id, connection_id, target, route, base_url, account_fingerprint,"
            " config, secret, capabilities) VALUES (%s, %s, 'PMS', 'nexhealth', %s, %s, %s, %s, %s)",
            (
                practice_id,
                connection_id,
                self.sandbox.nexhealth.url,
                key,
                Jsonb(config),
                self.keys.seal(practice_id, connection_id, secret),
                capabilities_of(load_mapping(config)).words(),
            ),
        )
        self.database.connection.execute(
            "INSERT INTO practice_connections VALUES (%s, 'PMS', %s, %s)", (practice_id, practice_id, connection_id)
        )
        return key

    def open_connector(self, practice_id: str = "practice-1", **limits: Any) -> str:
        """Adds a practice with a connector; its account there."""
        account = f"{self.world.database}-{practice_id}"
        pair = connector_keys("k1")
        self.sandbox.connector.open_account(account, pair, **limits)
        self.database.add(practice_id, connected=False)
        config = dump_mapping(connector_mapping(account, msgspec.to_builtins(Limits(**limits).capabilities())))
        connection_id = f"{practice_id}-PMS"
        secret = self.keys.seal(practice_id, connection_id, msgspec.json.encode(pair))
        self.database.connection.execute(
            "INSERT INTO connections (home_practice_id, connection_id, target, route, base_url, account_fingerprint,"
            " config, secret) VALUES (%s, %s, 'PMS', 'connector', %s, %s, %s, %s)",
            (practice_id, connection_id, self.sandbox.connector.url, account, Jsonb(config), secret),
        )
        self.database.connection.execute(
            "INSERT INTO practice_connections VALUES (%s, 'PMS', %s, %s)", (practice_id, practice_id, connection_id)
        )
        return account

    def reader(self, **settings: Any) -> Stop:
        """Starts the role in a thread of the test."""
        settings.setdefault("slot", self._next_slot())
        chosen = self.world.settings(secret_key=SECRET_TEXT, **settings)
        install(chosen.test_controls)
        stop = Stop()

        def run() -> None:
            try:
                role.run(chosen, stop, Health())
            except BaseException as error:  # noqa: BLE001 - raised in the test
                self.failures.append(error)

        thread = threading.Thread(target=run, name="sync")
        thread.start()
        self._threads.append((stop, thread))
        return stop

    # --- rounds
    def ask(self, practice_id: str = "practice-1", *, full: bool = False) -> None:
        """As `writeback sync run` does."""
        self.database.connection.execute(
            "INSERT INTO mirror_practices (practice_id, due_at, full_wanted) VALUES (%s, now(), %s)"
            " ON CONFLICT (practice_id) DO UPDATE SET due_at = now(), full_wanted = EXCLUDED.full_wanted",
            (practice_id, full),
        )

    def rounds(self, practice_id: str = "practice-1") -> int:
        """How often each kind was begun: the number of the last read of the choices."""
        return int(self.one("SELECT coalesce(max(run), 0) FROM mirror_reads WHERE practice_id = %s", practice_id))

    def until_read(self, practice_id: str = "practice-1", *, result: str = "READ", within: float = WITHIN_S) -> None:
        """A round has ended, and none is under way."""
        until(
            lambda: (
                self.failures
                or self.database.rows(
                    "SELECT 1 FROM mirror_practices WHERE practice_id = %s AND result = %s AND round_at IS NULL"
                    " AND due_at > now()",
                    practice_id,
                    result,
                )
            ),
            f"{practice_id} is {result}",
            within,
            self.said,
        )
        assert not self.failures, self.failures

    def read_again(self, practice_id: str = "practice-1", *, full: bool = False, result: str = "READ") -> None:
        """One more round, waited for."""
        self.ask(practice_id, full=full)
        self.until_read(practice_id, result=result)

    def until_forgotten(self, practice_id: str = "practice-1") -> None:
        """What was read from the account before is void."""
        until(
            lambda: (
                not self.database.rows(
                    "SELECT 1 FROM mirror_practices m JOIN practice_connections u ON u.practice_id = m.practice_id"
                    " JOIN connections c USING (connection_id)"
                    " WHERE m.practice_id = %s AND m.account IS DISTINCT FROM c.account_fingerprint",
                    practice_id,
                )
            ),
            f"{practice_id} has forgotten the account before",
            show=self.said,
        )

    def said(self) -> str:
        """How everything stands, for a test that fails."""
        practices = self.database.rows("SELECT * FROM mirror_practices")
        return f"{practices}\n{self.database.rows('SELECT * FROM mirror_reads')}\n{self.failures}"

    # --- the mirror
    def one(self, query: str, *values: Any) -> Any:
        return self.database.rows(query, *values)[0][0]

    def patients(self, practice_id: str = "practice-1") -> dict[str, tuple[str | None, bool, bool]]:
        """Number → guarantor, in use, gone."""
        rows = self.database.rows(
            "SELECT pms_patient_id, guarantor_id, in_use, gone_at IS NOT NULL FROM mirror_patients"
            " WHERE practice_id = %s",
            practice_id,
        )
        return {row[0]: (row[1], row[2], row[3]) for row in rows}

    def identity(self, number: str, practice_id: str = "practice-1") -> Identity:
        sealed = bytes(
            self.one(
                "SELECT identity FROM mirror_patients WHERE practice_id = %s AND pms_patient_id = %s",
                practice_id,
                number,
            )
        )
        return msgspec.json.decode(self.keys.open(practice_id, identity_owner(number), sealed), type=Identity)

    def entries(self, practice_id: str = "practice-1") -> dict[str, tuple[str, int, bool, bool]]:
        """External id → patient, minor units, ours, gone."""
        rows = self.database.rows(
            "SELECT external_id, pms_patient_id, amount_minor, ours, gone_at IS NOT NULL FROM mirror_entries"
            " WHERE practice_id = %s",
            practice_id,
        )
        return {row[0]: (row[1], row[2], row[3], row[4]) for row in rows}

    def read(self, kind: str, column: str, practice_id: str = "practice-1") -> Any:
        return self.one(f"SELECT {column} FROM mirror_reads WHERE practice_id = %s AND kind = %s", practice_id, kind)
