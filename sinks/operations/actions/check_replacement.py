"""Tests the connection that a practice is about to move to, and the patients' new numbers, before anything moves."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from sinks.operations.open_targets import adapter_context
from sinks.targets.catalogue import open_target
from sinks.targets.pacing import Pacer
from sinks.targets.patients import ReadsPatients
from sinks.targets.port import ConnectionReport, PaymentTarget, ReadFailed
from sinks.targets.route import Route, StoredConnection, UnusableConnectionError
from streams.settings import ProgramSettings

TEST_S: Final = 30.0
"""For the test of the connection and its mapping, as `writeback target test` gives it."""
READ_S: Final = 15.0
"""For one patient."""
LINKS_S: Final = 240.0
"""For all patients together: a person waits for it, and a system may take one request a second."""
MOST_READ: Final = 200
"""Patients of a review file that are read; a system may take one request a second."""
MOST_NAMED: Final = 10
"""Patients that one line names."""
PAUSE_S: Final = 60.0
"""The longest that a system may ask two reads to be apart."""
_LINK: Final = "or leave --links out and link the patients afterwards: writeback link add"


async def check_new_connection(
    settings: ProgramSettings, route: Route, stored: StoredConnection, links: Mapping[str, str]
) -> ConnectionReport:
    """The checks of `writeback target test` at a connection that need not be saved yet, then the patients of `links`,
    by reference, in its order. Writes nothing; reads within TEST_S and LINKS_S, outside any lock.

    A connection that an agent of the practice asks for cannot be tested before it stands: a note says so.
    """
    if route.is_polled(stored.config):
        return ConnectionReport(ok=True, checks=(), notes=(f"{route.option} is tested once its agent can ask for it",))
    try:
        opened = open_target(stored, adapter_context(settings, "target"))
    except UnusableConnectionError as error:
        return ConnectionReport(ok=False, checks=(("open the connection", False, str(error)),))
    try:
        report = await opened.test(TEST_S)
        if not report.ok or not links:
            return report
        checks, notes = await _patients(opened, links)
    finally:
        await opened.close()
    return ConnectionReport(
        ok=all(passed for _, passed, _ in checks),
        checks=(*report.checks, *checks),
        notes=(*report.notes, *notes),
    )


async def _patients(
    target: PaymentTarget, links: Mapping[str, str]
) -> tuple[list[tuple[str, bool, str]], tuple[str, ...]]:
    """One line for all patients of the file, or one for each way in which some are wrong; then what was not read."""
    if not isinstance(target, ReadsPatients):
        return [], ("this system cannot be asked for a patient: the numbers of --links were not checked",)
    missing: list[str] = []
    archived: list[str] = []
    read, failed = 0, None
    pacer = Pacer(target.capabilities.min_interval_s)
    ends_at = asyncio.get_running_loop().time() + LINKS_S
    for ref, number in list(links.items())[:MOST_READ]:
        left = ends_at - asyncio.get_running_loop().time()
        if left <= 0 or not await pacer.turn(min(left, PAUSE_S)):
            break
        found = await target.patient(number, min(READ_S, left))
        if isinstance(found, ReadFailed):
            failed = found
            break
        read += 1
        if found is None:
            missing.append(ref)
        elif not found.in_use:
            archived.append(ref)
    checks = _checks(read, missing, archived, failed)
    rest = len(links) - read
    notes = (f"numbers in --links that were not read there: {rest} of {len(links)}",) if rest else ()
    return checks, notes


def _checks(
    read: int, missing: list[str], archived: list[str], failed: ReadFailed | None
) -> list[tuple[str, bool, str]]:
    checks = []
    if missing:
        what = f"{_named(missing)}: the number in --links is no patient there"
        checks.append((what, False, f"correct the number in the file, {_LINK}"))
    if archived:
        what = f"{_named(archived)}: the number in --links is archived or deleted there"
        checks.append((what, False, f"give the number of the record that was kept, {_LINK}"))
    if failed is not None:
        why = failed.code if failed.reason is None else failed.reason.value
        checks.append((f"read the patients of --links ({why})", False, f"repeat the command later, {_LINK}"))
    if not checks and read:
        checks.append((f"patients of --links that are there: {read}", True, ""))
    return checks


def _named(refs: list[str]) -> str:
    more = len(refs) - MOST_NAMED
    return ", ".join(refs[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
