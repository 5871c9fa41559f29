"""A whole pipeline of one scenario: its practices, its roles as processes, its sandbox, and what is true at its end."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from psycopg.rows import dict_row

from deploy.demo.practice_setup import connect_target
from deploy.sandbox.demonstration import (
    nexhealth_keys,
    nexhealth_mapping,
    open_dental_keys,
    open_dental_mapping,
    quickbooks_mapping,
    quickbooks_secrets,
)
from deploy.sandbox.running import SandboxProcess
from schemas.events import Event
from schemas.practice_settings import PracticeSettings
from schemas.topics import TopicName, physical
from schemas.vocabulary import FINAL, IN_DOUBT, READY, State
from sinks.ledger.intake.consumer import CONSUMED
from sinks.ledger.practices.links import link
from sinks.ledger.practices.settings.settings_store import Saving, add_practice, save
from sinks.ledger.schema.database import connect
from sinks.ledger.schema.migrate import migrate
from streams.kafka.producer import EventProducer
from streams.kafka.topics import ensure_topics
from streams.kafka.watermarks import highs
from tests.scenarios import invariants, topics
from tests.scenarios.roles import Role
from tests.scenarios.waiting import WITHIN_S, until
from tests.worlds import World

SECRET_KEY = base64.b64encode(b"scenarios need a key of 32 bytes").decode()
WHO = Saving(actor="scenario", reason="set up", without_golive="the scenario begins after it")
ALL_ROLES = ("rules", "intake", "poster", "relay", "notifier")
OPEN = (*READY, *IN_DOUBT)
GAVE_UP = 1
"""The exit code of a role that wants to be started again."""


def common_settings(world: World, sandbox: SandboxProcess) -> dict[str, Any]:
    """What every role of a pipeline has."""
    return {
        "secret_key": SECRET_KEY,
        "smtp_url": sandbox.address.smtp,
        "ops_email": f"ops@{world.database}.example",
        "log_level": "INFO",
    }


class Pipeline:
    """Owns every process that it starts; `close` leaves none."""

    def __init__(self, world: World, sandbox: SandboxProcess, folder: Path) -> None:
        self.world, self.sandbox, self.folder = world, sandbox, folder
        self.common = common_settings(world, sandbox)
        self.settings = world.settings(**self.common)
        self.roles: list[Role] = []
        self.others: list[Any] = []
        """Processes beside the roles; each has an `end`."""
        self.accounts: dict[str, tuple[str, str]] = {}
        self.held_elsewhere: dict[str, Callable[[], int]] = {}
        """Of practices whose books the sandbox does not keep: their sum, in our sign."""
        self._reading: psycopg.Connection[dict[str, Any]] | None = None
        migrate(world.database_url)
        ensure_topics(self.settings)

    # -- set-up

    def practice(
        self,
        name: str = "p1",
        *,
        patients: Iterable[str] = ("pt-1", "pt-2", "pt-3"),
        pms: bool = True,
        quickbooks: bool = False,
        office: dict[str, Any] | None = None,
        location: dict[str, Any] | None = None,
        mapping: dict[str, Any] | None = None,
        since: datetime | None = None,
        **settings: Any,
    ) -> str:
        """A practice with its own office (and company), entitled, master on, patients linked. `location`: settings of
        one over NexHealth instead. Answers its id."""
        chosen = chosen_settings(settings)
        clock = self.settings.clock()
        with connect(self.world.database_url, "scenario") as db:
            add_practice(
                db,
                name,
                chosen,
                WHO,
                clock=clock,
                jitter_s=0,
                email=f"{name}@{self.world.database}.example",
                since=since or clock.now() - timedelta(days=2),
            )
            # Whether its master is on or not: payouts go to the books of a practice whose ledger is off (P-17).
            db.execute(
                "UPDATE practices SET entitled_at = coalesce(entitled_at, added_at) WHERE practice_id = %s", (name,)
            )
        customer_key, realm = f"{self.world.database}-{name}", _realm(self.world, name)
        self.accounts[name] = (customer_key, realm)
        if location is not None:
            self._over_nexhealth(name, customer_key, tuple(patients), location, mapping or {})
        elif pms:
            self.sandbox.open_dental.add_office(customer_key, name=name, **(office or {}))
            self._connect_pms(name, customer_key, mapping or {})
            refs = tuple(patients)
            rows = self.sandbox.open_dental.add_patients(customer_key, max(len(refs), 1))
            for ref, row in zip(refs, rows, strict=False):
                self.link(name, ref, str(row["PatNum"]))
        if quickbooks:
            self.sandbox.quickbooks.add_company(realm, name=name)
            self.connect_quickbooks(name, realm)
        return name

    def _over_nexhealth(
        self, practice: str, api_key: str, refs: tuple[str, ...], location: dict[str, Any], changes: dict[str, Any]
    ) -> None:
        settings = self.sandbox.nexhealth.add_location(api_key, name=practice, **location)
        system = settings.system.lower().replace(" ", "_")
        mapping = nexhealth_mapping(self.sandbox, api_key, system) | changes
        keys = nexhealth_keys(self.sandbox, api_key)
        self.connect(practice, "nexhealth", self.sandbox.address.nexhealth, mapping, keys)
        rows = self.sandbox.nexhealth.add_patients(api_key, max(len(refs), 1))
        for ref, row in zip(refs, rows, strict=False):
            self.link(practice, ref, str(row["id"]))

    def _connect_pms(self, practice: str, customer_key: str, changes: dict[str, Any]) -> None:
        mapping = open_dental_mapping(self.sandbox, customer_key) | changes
        self.connect(
            practice,
            "open-dental",
            self.sandbox.address.open_dental,
            mapping,
            open_dental_keys(self.sandbox, customer_key),
        )

    def connect_quickbooks(self, practice: str, realm: str) -> None:
        """With the company's tokens of now; again after it was disconnected."""
        self.connect(
            practice,
            "quickbooks",
            self.sandbox.address.quickbooks,
            quickbooks_mapping(self.sandbox, realm),
            quickbooks_secrets(self.sandbox, realm),
        )

    def connect(self, practice: str, system: str, url: str, mapping: dict[str, Any], secret: dict[str, str]) -> None:
        """What `writeback target add` does."""
        connect_target(self.settings, practice, system, url, mapping, secret)

    def link(self, practice: str, patient_ref: str, pms_patient_id: str) -> None:
        with connect(self.world.database_url, "scenario") as db:
            link(db, practice, patient_ref, pms_patient_id, WHO, clock=self.settings.clock(), jitter_s=0)

    def save(self, practice: str, **settings: Any) -> None:
        """A new version of the practice's settings."""
        chosen = chosen_settings(settings)
        with connect(self.world.database_url, "scenario") as db:
            save(db, practice, chosen, WHO, clock=self.settings.clock(), jitter_s=0)

    # -- processes

    def start(self, *names: str, **settings: Any) -> Role:
        """One process of each role, all with these settings; answers the last. Posters have slots of their own, unless
        one is given: an equal one would fence the older (law 13)."""
        for name in names:
            slot = {"slot": sum(role.name == name for role in self.roles)} if name == "poster" else {}
            self.roles.append(Role(self.world, name, self.folder, **(slot | self.common | settings)))
        return self.roles[-1]

    def start_all(self, **settings: Any) -> None:
        self.start(*ALL_ROLES, **settings)

    def running(self, name: str) -> Role:
        return next(role for role in reversed(self.roles) if role.name == name and role.running)

    def close(self) -> None:
        for process in (*self.roles, *self.others):
            process.end()
        self.forget_connection()

    def forget_connection(self) -> None:
        """Before the database is stopped: nothing of this process is connected to it."""
        if self._reading is not None:
            self._reading.close()

    def logs(self) -> str:
        """What the roles said, without the settings that they all begin with."""
        said = []
        for role in self.roles:
            lines = [line for line in role.text().splitlines() if "setting setting=" not in line]
            said.append(
                "\n".join([f"--- {role.name} ({'running' if role.running else role.process.poll()})", *lines[-8:]])
            )
        return "\n".join(said)

    # -- events and waiting

    def send(self, *events: Event) -> None:
        with EventProducer({"bootstrap.servers": self.world.bootstrap}, self.world.prefix) as producer:
            for event in events:
                producer.send(event)

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """What the ledger holds now. A wait asks twenty times a second, so all ask on one connection."""
        if self._reading is None or self._reading.closed:
            self._reading = psycopg.connect(self.world.database_url, row_factory=dict_row, autocommit=True)
        try:
            return self._reading.execute(query, values).fetchall()
        except psycopg.OperationalError:
            if not self._reading.closed:
                raise
            return self.rows(query, *values)  # the server has ended it

    def states(self, practice: str | None = None) -> dict[str, int]:
        """How many effects and waiting events are in each state."""
        found: dict[str, int] = defaultdict(int)
        where = "WHERE practice_id = %s" if practice else "WHERE %s::text IS NULL"
        for row in self.rows(f"SELECT state, count(*) AS n FROM effects {where} GROUP BY state", practice):
            found[row["state"]] += row["n"]
        query = f"SELECT waiting, count(*) AS n FROM events {where} AND waiting IS NOT NULL GROUP BY waiting"
        for row in self.rows(query, practice):
            found[row["waiting"]] += row["n"]
        return dict(found)

    def until(self, condition: Any, what: str, within: float = WITHIN_S) -> None:
        def holds() -> object:
            self._look_after_the_roles()
            return condition()

        until(holds, what, within, lambda: f"{self.logs()}\n{self.states()}")

    def until_states(self, practice: str | None = None, **expected: int) -> None:
        """Exactly these counts, no other state."""
        self.until(lambda: self.states(practice) == expected, f"states become {expected}")

    def until_stored(self, records: int) -> None:
        """So many source records have their receipt."""
        count = "SELECT count(*) AS n FROM receipts"
        self.until(lambda: self.rows(count)[0]["n"] >= records, f"{records} receipts")

    def until_at_ends(self) -> None:
        """INTAKE has stored positions past everything, control records of transactions included: it moves past those
        when it is idle, and only then does it tell the broker nothing later."""
        self.until(self._positions_are_ends, "the positions are the ends of the topics")

    def _look_after_the_roles(self) -> None:
        """As `up` does it: a role whose servers were away for too long ends loudly and is started again.

        One that was killed, stopped, refused to go on or has a successor already is left as it is.
        """
        for role in list(self.roles):
            succeeded = any(each.running for each in self.roles if each.name == role.name)
            if role.process.poll() == GAVE_UP and not succeeded:
                self.roles.append(Role(self.world, role.name, self.folder, **role.settings))

    # -- what is true at the end

    def at_targets(self) -> dict[str, int]:
        """What the sandboxes hold, in our sign: payments and credits as positive, charges of ours as negative, deposits
        and entries on the bank."""
        held: dict[str, int] = defaultdict(int)
        keys = {location.api_key for location in self.sandbox.nexhealth.locations()}
        for practice, (customer_key, realm) in self.accounts.items():
            held[practice] += sum(each.amount.minor for each in self.sandbox.connector.entries(customer_key))
            held[practice] += self.held_elsewhere.get(practice, int)()
            if customer_key in keys:
                nexhealth = self.sandbox.nexhealth
                for line in (*nexhealth.payments(customer_key), *nexhealth.adjustments(customer_key)):
                    held[practice] -= line.amount_minor
            if any(office.customer_key == customer_key for office in self.sandbox.open_dental.offices()):
                held[practice] += sum(row.amount_minor for row in self.sandbox.open_dental.payments(customer_key))
                held[practice] -= sum(row.amount_minor for row in self.sandbox.open_dental.adjustments(customer_key))
                charges = self.sandbox.open_dental.charges(customer_key)
                held[practice] -= sum(row.amount_minor for row in charges if row.marker)
            if any(company.realm == realm for company in self.sandbox.quickbooks.companies()):
                company = self.sandbox.quickbooks.company(realm)
                bank = company.account("Practice Checking")
                held[practice] += sum(row.total_minor for row in company.deposits())
                held[practice] += sum(row.balance_of(bank) for row in company.journal_entries())
        return dict(held)

    def doubled(self) -> list[Any]:
        mine = set(self.accounts.values())
        accounts = {account for pair in mine for account in pair}
        all_of_them = (
            *self.sandbox.open_dental.doubled(),
            *self.sandbox.nexhealth.doubled(),
            *self.sandbox.connector.doubled(),
            *self.sandbox.quickbooks.doubled(),
        )
        return [each for each in all_of_them if each.account in accounts and not each.by_sandbox]

    def invariants(self, *, replay: bool = True, notices: bool = True) -> None:
        """I1 to I7. The roles that a scenario has stopped are started again first: a pipeline ends running."""
        for name in ALL_ROLES:
            if not any(role.name == name and role.running for role in self.roles):
                self.start(name)
        self.until(self._quiet, "the pipeline comes to rest")
        self._check(notices)
        if replay:
            self._replay()

    def _quiet(self) -> bool:
        sources = topics.sources(self.world)
        ledger = invariants.Ledger(self.world)
        notified = {row["practice_id"] for row in ledger.notices}
        dead = {
            row["practice_id"]
            for row in ledger.effects
            if row["state"] in ("INVALID_CONFIG", "REJECTED", "DEAD_LETTERED", "BLOCKED_PERIOD")
        }
        unsettled = {row["practice_id"] for row in ledger.dead_letters if row["settled_at"] is None}
        return len(ledger.receipts) >= len(sources) and not ledger.outbox and (dead | unsettled) <= notified

    def _check(self, notices: bool) -> None:
        sources = topics.sources(self.world)
        ledger = invariants.Ledger(self.world)
        invariants.one_receipt_each(ledger, sources)
        invariants.at_most_one_entry(self.doubled())
        invariants.lanes_in_order(ledger)
        invariants.positions_behind_receipts(self.world, ledger)
        invariants.money_in_is_accounted_for(ledger, sources)
        invariants.posted_is_at_the_target(ledger, self.at_targets())
        if notices:
            invariants.no_dead_letter_without_notice(ledger)

    def _replay(self) -> None:
        """I7: RULES starts again from offset 0, and nothing changes."""
        before = invariants.settled(invariants.Ledger(self.world))
        for role in self.roles:
            if role.name == "rules" and role.running:
                role.stop()
        written = len(list(topics.writebacks(self.world))) + len(self._early_dead_letters())
        admin = AdminClient({"bootstrap.servers": self.world.bootstrap})
        group = self.settings.prefixed("rules")
        self.until(lambda: _forgotten(admin, group), "the broker lets go of killed members and forgets the group")
        sources = len(topics.sources(self.world))
        self.start("rules")
        self.until(
            lambda: len(list(topics.writebacks(self.world))) + len(self._early_dead_letters()) >= written + sources,
            "everything is written again",
        )
        last = max((row["next_offset"] for row in self.rows("SELECT next_offset FROM intake_offsets")), default=0)
        self.until(self._intake_is_at_the_end, f"intake has read it (was at {last})")
        self.until(self._quiet, "the pipeline comes to rest after the replay")
        after = invariants.settled(invariants.Ledger(self.world))
        assert after == before, f"I7: a replay changed {invariants.differences(before, after)}"
        invariants.at_most_one_entry(self.doubled())

    def _positions(self) -> dict[tuple[TopicName | None, int], int]:
        """INTAKE's, by topic and partition; None: a topic that is not there any more."""
        ids = topics.ids(self.world)
        rows = self.rows("SELECT topic_id, part, next_offset FROM intake_offsets")
        return {(ids.get(row["topic_id"]), row["part"]): row["next_offset"] for row in rows}

    def _positions_are_ends(self) -> bool:
        reached = self._positions()
        admin = AdminClient({"bootstrap.servers": self.world.bootstrap})
        return all(
            reached.get((name, part)) == end
            for name in CONSUMED
            for part, end in highs(
                admin, physical(self.world.prefix, name), range(self.settings.topic_partitions)
            ).items()
        )

    def _early_dead_letters(self) -> list[topics.Record]:
        return [
            each for each in topics.dead_letters(self.world) if each.headers.get("dl-stage") in (b"decode", b"rules")
        ]

    def _intake_is_at_the_end(self) -> bool:
        reached = self._positions()
        read = {(record.topic, record.partition): record.offset + 1 for record, _ in topics.writebacks(self.world)}
        return all(reached.get(part, 0) >= end for part, end in read.items())


def _forgotten(admin: AdminClient, group: str) -> bool:
    """Whether the group's offsets are deleted; not as long as the session of a killed member lasts, nor while its
    coordinator does not answer."""
    try:
        admin.delete_consumer_groups([group])[group].result()
    except KafkaException as error:
        refused = error.args[0]
        if refused.code() == KafkaError.GROUP_ID_NOT_FOUND:
            return True  # an answer was lost
        if refused.code() not in (KafkaError.NON_EMPTY_GROUP, *topics.PASSING):
            raise
        return False
    return True


def chosen_settings(changes: dict[str, Any]) -> PracticeSettings:
    """Master on in New York, but for what a scenario says otherwise."""
    common: dict[str, Any] = {"zone": "America/New_York", "master": True}
    return PracticeSettings(**(common | changes))


def _realm(world: World, name: str) -> str:
    """Digits alone, as a company id has."""
    return str(int.from_bytes(f"{world.database}{name}".encode()[-7:], "big"))


__all__ = ["FINAL", "Pipeline", "State"]
