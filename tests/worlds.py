"""Fresh surroundings on a shared broker and database: a prefix and a database for one test alone."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, LiteralString

import msgspec
import psycopg
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from psycopg import sql
from psycopg.rows import TupleRow

from sinks.ledger import schema
from sinks.ledger.schema.functions import functions_sql
from sinks.ledger.schema.migrate import migrate
from sinks.ledger.schema.transitions import guard_sql
from streams.settings import ProgramSettings

BY_HAND = Path(__file__).with_name("effects_by_hand.sql")
"""Lets a test put an entry into any state without a poster."""
NO_GUARDS: LiteralString = "; ".join(
    f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in ("entries", "work", "outcomes", "events")
)
"""Statements that let a test's rows refer to nothing and be in any state; for the rest of the test's database."""
ADMIN_S = 100.0


class Stack(msgspec.Struct, frozen=True):
    """The real broker and database that all tests of a run share."""

    bootstrap: str
    database_url: str
    """The superuser's, to the database `postgres`."""


class World(msgspec.Struct, frozen=True):
    """One test's own part of the stack."""

    bootstrap: str
    prefix: str
    """Of topics, groups and transactional ids, like `t1a2b3c4d.`."""
    database: str
    database_url: str

    def settings(self, **overrides: Any) -> ProgramSettings:
        """Program settings that point here: three partitions, one node, quick sandbox times, free ports."""
        chosen = {
            "kafka_bootstrap_servers": self.bootstrap,
            "database_url": self.database_url,
            "topic_prefix": self.prefix,
            "topic_partitions": 3,
            "single_node": True,
            "profile": "sandbox",
            "metrics_port": 0,
        }
        return ProgramSettings.load(**(chosen | overrides))

    def environ(self, **overrides: Any) -> dict[str, str]:
        """The environment of a role process with these settings."""
        return dict(os.environ) | self.settings(**overrides).to_environ()


@contextmanager
def fresh_world(stack: Stack, *, empty: bool = False) -> Iterator[World]:
    """A world that is gone afterwards: its database dropped, its topics deleted. The database has the schema, unless it
    is to be empty."""
    name = f"t{secrets.token_hex(4)}"
    with psycopg.connect(stack.database_url, autocommit=True) as admin:
        if empty:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        else:
            copy = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
            _alone(admin, copy.format(sql.Identifier(name), sql.Identifier(_template(admin, stack))))
    try:
        yield World(stack.bootstrap, f"{name}.", name, _to_database(stack.database_url, name))
    finally:
        with psycopg.connect(stack.database_url, autocommit=True) as admin:
            _alone(admin, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        _delete_topics(stack.bootstrap, f"{name}.")


def _template(admin: psycopg.Connection[TupleRow], stack: Stack) -> str:
    """A database with this release's schema to copy, made once on a server: a copy takes a tenth of the migrations."""
    name = f"writeback_schema_{_schema_digest()}"
    there = sql.SQL("SELECT FROM pg_database WHERE datname = {}").format(sql.Literal(name))
    if admin.execute(there).fetchone() is not None:
        return name
    with admin.transaction():
        admin.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (name,))
        if admin.execute(there).fetchone() is None:
            draft = f"{name}_{secrets.token_hex(4)}"
            with psycopg.connect(stack.database_url, autocommit=True) as maker:
                maker.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(draft)))
                migrate(_to_database(stack.database_url, draft))
                with psycopg.connect(_to_database(stack.database_url, draft), autocommit=True) as schema_maker:
                    schema_maker.execute(BY_HAND.read_bytes())
                rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
                _alone(maker, rename.format(sql.Identifier(draft), sql.Identifier(name)))
    return name


def _alone(admin: psycopg.Connection[TupleRow], statement: sql.Composed) -> None:
    """Run what wants a database that nobody uses: the server waits 5 s for sessions that are ending, and a busy disk
    can take them longer."""
    deadline = time.monotonic() + ADMIN_S
    while True:
        try:
            admin.execute(statement)
        except psycopg.errors.ObjectInUse:
            if time.monotonic() > deadline:
                raise
        else:
            return


@cache
def _schema_digest() -> str:
    digest = sha256((functions_sql() + guard_sql()).encode() + BY_HAND.read_bytes())
    for migration in sorted((Path(schema.__file__).parent / "migrations").glob("*.sql")):
        digest.update(migration.read_bytes())
    return digest.hexdigest()[:16]


def _to_database(url: str, name: str) -> str:
    return url.rsplit("/", 1)[0] + f"/{name}"


def _delete_topics(bootstrap: str, prefix: str) -> None:
    """Until the broker lists none of them; how it answers in between on a busy machine decides no test."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    deadline = time.monotonic() + ADMIN_S
    while mine := [topic for topic in admin.list_topics(timeout=ADMIN_S).topics if topic.startswith(prefix)]:
        for deleted in admin.delete_topics(mine, operation_timeout=ADMIN_S).values():
            try:
                deleted.result()
            except KafkaException:
                if time.monotonic() > deadline:
                    raise
