"""Makes a practice known, and switches the feature on for it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from schemas.practice_settings import PracticeSettings, SettingsVersion, Timing
from sinks.ledger.practices.settings import entitlement, settings_store
from sinks.ledger.practices.settings.settings_file import checked_email, checked_id, first_settings
from sinks.ledger.practices.staff_text import checked_text
from sinks.operations.acting import Action, Order, acting, authorise
from sinks.operations.ledger import Ledger
from sinks.targets.systems.catalogue import system_named
from sinks.targets.systems.named import UsedSystem, used_system


class PracticeAdded(msgspec.Struct, frozen=True, kw_only=True):
    practice_id: str
    version: SettingsVersion
    batches_at: str | None = None
    """The practice's system where it takes entries in batches alone: no timing of its settings is INSTANT then."""


class PracticeEntitled(msgspec.Struct, frozen=True, kw_only=True):
    practice_id: str
    entitled: bool
    master: bool
    """Whether its master switch is on: a withdrawn entitlement stops what is due, and leaves the switch as it is."""


def starting_settings(zone: str | None, file: Path | None, system: str | None) -> PracticeSettings:
    """Version 1 from a file or the defaults: where none is named, the timing is INSTANT if the practice's system takes
    entries at once, else DAILY (SET-21). Raises as `first_settings` and `system_named`."""
    batches = system is not None and system_named(system).batches_only
    return first_settings(zone, file, otherwise=Timing.DAILY if batches else Timing.INSTANT)


def add_practice(
    ledger: Ledger,
    practice: str,
    settings: PracticeSettings,
    order: Order,
    *,
    name: str | None = None,
    email: str | None = None,
    since: datetime | None = None,
    without_golive: str | None = None,
    system: str | None = None,
    system_name: str | None = None,
) -> PracticeAdded:
    """Make a practice known with its first version, which may begin in the past (`since`): what waited because the
    practice was unknown is decided under it. Blocks.

    There is no practice to lock yet, so the ledger's own function makes its row and locks it. Raises as `authorise`
    and `settings_store.add_practice`.
    """
    authorise(order, Action.PRACTICE_ADD)
    practice_id = checked_id("PRACTICE", practice)
    checked_text("--name", name or "")
    address = None if email is None else checked_email(email)
    uses = used_system(system, system_name) or UsedSystem(None)
    with ledger.connection.transaction(force_rollback=not order.apply):
        version = settings_store.add_practice(
            ledger.connection,
            practice_id,
            settings,
            order.saving(without_golive),
            clock=ledger.clock,
            jitter_s=ledger.jitter_s,
            name=name,
            email=address,
            since=since,
            system=uses.system,
            system_name=uses.name,
        )
    known = None if uses.system is None else system_named(uses.system)
    batches_at = known.title if known is not None and known.batches_only else None
    return PracticeAdded(practice_id=practice_id, version=version, batches_at=batches_at)


def entitle_practice(ledger: Ledger, practice: str, order: Order, *, withdraw: bool = False) -> PracticeEntitled:
    """Entitle a practice to write-back, or withdraw that (SET-16). Blocks. Raises as `acting`."""
    practice_id = checked_id("PRACTICE", practice)
    action = Action.PRACTICE_WITHDRAW if withdraw else Action.PRACTICE_ENTITLE
    with acting(ledger, order, action, practice_id):
        master = entitlement.entitle(
            ledger.connection,
            practice_id,
            order.saving(),
            clock=ledger.clock,
            jitter_s=ledger.jitter_s,
            withdraw=withdraw,
        )
    return PracticeEntitled(practice_id=practice_id, entitled=not withdraw, master=master)
