"""`writeback doctor`: what is wrong and what to do, in order of harm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import typer

from deploy.commands.options import Json

if TYPE_CHECKING:
    from sinks.operations.doctor.examine import Diagnosis

FINDINGS: Final = 1
NOT_LOOKED: Final = 2


def doctor(as_json: Json = False) -> None:
    """Show what is wrong and what to do about it, what does most harm first; changes nothing, and ends within 10 s.

    Looks at the broker, topics, database, migrations, clocks, certificates, credentials, mappings, lanes, connections,
    links, notices, dead letters, the outbox, the disk, the schema registry, stopped roles, the database's standbys, the
    mail server, and at what is not encrypted. Exit code 0: nothing is wrong; 1: something is; 2: nothing
    was found, but not everything could be looked at.
    """
    from deploy.commands.printing import print_json
    from deploy.encryption import in_the_clear
    from deploy.servers import settings_here
    from sinks.operations.doctor.examine import examine

    settings = settings_here()
    diagnosis = examine(settings, in_the_clear=in_the_clear(settings))
    if as_json:
        print_json({"findings": _told(diagnosis), "not_looked_at": diagnosis.unlooked})
    else:
        _print(diagnosis)
    if diagnosis.findings:
        raise typer.Exit(FINDINGS)
    if diagnosis.unlooked:
        raise typer.Exit(NOT_LOOKED)


def _told(diagnosis: Diagnosis) -> list[dict[str, str]]:
    from sinks.operations.doctor.finding import CHECK_OF
    from sinks.operations.words.doctor import said

    told = []
    for each in diagnosis.findings:
        words = said(each.problem, each.values)
        named = {"check": CHECK_OF[each.problem].value, "problem": each.problem.value}
        severity = {"severity": each.problem.severity.value}
        told.append(named | severity | {"seen": words.seen, "do": words.do, "command": words.command})
    return told


def _print(diagnosis: Diagnosis) -> None:
    from sinks.operations.words.doctor import NOTHING_FOUND

    for each in _told(diagnosis):
        print(f"{each['severity']}: {each['check']}: {each['seen']}. To do: {each['do']} `{each['command']}`")
    for missed in diagnosis.unlooked:
        print(f"not looked at: {missed.check.value}: {missed.why}")
    if not diagnosis.findings and not diagnosis.unlooked:
        print(NOTHING_FOUND)
