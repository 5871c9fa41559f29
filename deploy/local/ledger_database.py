"""The local ledger's database and its two users: the application's, and the owner of the audit trail."""

from __future__ import annotations

from pathlib import Path
from typing import Final, LiteralString

import msgspec
import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from deploy.local import postgres
from sinks.ledger.practices.audit_owner import protect
from sinks.ledger.rows.fetch import fetch_values

_HELD_BY_SUPERUSER: Final[LiteralString] = """
    SELECT format('ALTER %s public.%I OWNER TO',
                  CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.relname)
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relowner = 'postgres'::regrole
      AND c.relkind IN ('r', 'p', 'v', 'S')
      AND NOT (c.relkind = 'S'
               AND EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i')))
    UNION ALL
    SELECT format('ALTER FUNCTION %s OWNER TO', p.oid::regprocedure)
    FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.proowner = 'postgres'::regrole
"""
"""What a release made before the application had a user of its own."""


class _Ports(msgspec.Struct, frozen=True):
    postgres: int


def ensure_database(folder: Path, port: int, name: str) -> None:
    """Make the application's user and its database where they are missing. Blocks; raises psycopg.Error."""
    user, database = sql.Identifier(postgres.APPLICATION), sql.Identifier(name)
    password = sql.Literal(postgres.application_password(folder))
    with psycopg.connect(postgres.url(folder, port, postgres.SUPERUSER), autocommit=True) as admin:
        made = admin.execute("SELECT FROM pg_roles WHERE rolname = %s", (postgres.APPLICATION,)).fetchone() is None
        verb = sql.SQL("CREATE" if made else "ALTER")
        admin.execute(sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, user, password))
        if admin.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(database))
        admin.execute(sql.SQL("GRANT CREATE, CONNECT, TEMPORARY ON DATABASE {} TO {}").format(database, user))
    with psycopg.connect(postgres.url(folder, port, name), autocommit=True) as admin:
        admin.execute(sql.SQL("GRANT ALL ON SCHEMA public TO {}").format(user))
        _hand_over(admin, user)


def protect_local_audit(state: Path, name: str) -> None:
    """Give the trail of the local ledger to its owner; nothing happens where it has it."""
    port = msgspec.json.decode((state / "ports.json").read_bytes(), type=_Ports).postgres
    with psycopg.connect(postgres.url(state / "postgres", port, name), autocommit=True) as admin:
        protect(admin, postgres.APPLICATION)


def _hand_over(admin: psycopg.Connection[TupleRow], user: sql.Identifier) -> None:
    for statement in fetch_values(admin, _HELD_BY_SUPERUSER):
        admin.execute(sql.SQL("{} {}").format(sql.SQL(statement), user))
