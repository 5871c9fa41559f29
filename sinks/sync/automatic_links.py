"""Links references by themselves where the rules of `sinks.linking` are sure and the practice allows it (L-1, L-3).

After patients were read of a practice's system, or named by an upstream, its references without a link are looked at, a
page at a time: those first whose entries wait. Of each link the reasons stand in the audit trail.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from sinks.ledger.gates import JITTER_S
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices import links
from sinks.ledger.practices.settings.settings_store import Saving
from sinks.ledger.rows.fetch import fetch_one
from sinks.ledger.schema.database import connect
from sinks.linking.decide import Verdict
from sinks.operations.ledger import Ledger
from sinks.operations.queries.find_patients import SearchKeys
from sinks.operations.queries.link_suggestions import Proposal, proposal_of
from sinks.operations.queries.unlinked import Unlinked, unlinked_stretch, waiting_for_a_link
from sinks.targets.credentials import SecretUnreadableError
from streams.runtime.logging import log
from streams.runtime.metrics import SYNC_LINKS
from streams.settings import ProgramSettings

PAGE: Final = 100
"""References of one step: a second of work."""
MOST_WAITING: Final = 100
"""Of those whose entries wait, at the beginning of each pass; the others of them come in their order."""
LEASE_S: Final = 120.0
EVERY_S: Final = 15.0
"""Between two looks for practices that wait; sooner in a rehearsal."""
ACTOR: Final = "writeback sync"

_SQL: Final = named_queries("sinks.sync", "automatic_links.sql")
_LOG: Final = log(__name__)


class _Pass(msgspec.Struct, frozen=True, kw_only=True):
    practice_id: str
    after: str


class AutomaticLinks:
    """Of one process; several may run side by side, since each link is made under its practice's lock."""

    def __init__(self, settings: ProgramSettings, connection: psycopg.Connection[TupleRow]) -> None:
        self._ledger = Ledger(connection=connection, clock=settings.clock(), jitter_s=JITTER_S[settings.profile])
        self._keys = SearchKeys.of(settings)

    def step(self) -> bool:
        """One page of the practice that waits longest; False: none waits. Blocks. Raises psycopg.Error; what was
        linked stays, and the page is looked at again once its lease has run out."""
        found = fetch_one(self._ledger.connection, _Pass, _SQL["claim"], {"lease_s": LEASE_S})
        if found is None:
            return False
        after: str | None = None
        with self._ledger.connection.cursor() as cursor:
            allowed = links.may_link_itself(cursor, found.practice_id)
        if allowed:
            after = self._page(found)
        place = {"practice_id": found.practice_id, "after": after or "", "ended": after is None}
        self._ledger.connection.execute(_SQL["keep_place"], place)
        return True

    def _page(self, found: _Pass) -> str | None:
        """Where the next page begins; None: this was the last one."""
        stretch = unlinked_stretch(self._ledger, found.practice_id, after=found.after, most=PAGE)
        refs = [*stretch.found]
        if not found.after:
            first = waiting_for_a_link(self._ledger, found.practice_id, most=MOST_WAITING)
            named = {each.patient_ref for each in first}
            refs = [*first, *(each for each in refs if each.patient_ref not in named)]
        for each in refs:
            SYNC_LINKS.labels(self._look(found.practice_id, each)).inc()
        return stretch.next_after

    def _look(self, practice_id: str, unlinked: Unlinked) -> str:
        try:
            proposal = proposal_of(self._ledger, self._keys, practice_id, unlinked)
        except SecretUnreadableError:
            # Its key is not set here: this reference waits for a person, and the others do not wait for it.
            _LOG.warning("who a reference may be cannot be opened", practice_id=practice_id)
            return "unreadable"
        if proposal.verdict is not Verdict.AUTO_LINK:
            return "left"
        return "linked" if self._link(practice_id, proposal) else "passed_over"

    def _link(self, practice_id: str, proposal: Proposal) -> bool:
        (patient,) = proposal.patients
        reasons = [each.value for each in patient.reasons]
        released = links.link_by_itself(
            self._ledger.connection,
            practice_id,
            proposal.patient_ref,
            patient.pms_patient_id,
            Saving(actor=ACTOR, reason="the only patient that this can be"),
            reasons=reasons,
            clock=self._ledger.clock,
            jitter_s=self._ledger.jitter_s,
        )
        if released is None:
            return False
        _LOG.info("a reference was linked by itself", practice_id=practice_id)
        return True


class LinkSteps:
    """The steps of one process, beside its turns and one at a time, each in a thread on a connection of its own."""

    def __init__(self, settings: ProgramSettings) -> None:
        self._settings = settings
        self._running: asyncio.Task[bool] | None = None
        self._look_at = 0.0

    def go_on(self) -> None:
        """Begin the next step when its time has come. Returns at once. What the last one raised is logged: a practice
        whose lock is held ends nobody's turn, and its page is looked at again once its lease has run out."""
        running = self._running
        if running is not None:
            if not running.done():
                return
            self._running = None
            error = running.exception()
            if error is not None:
                _LOG.warning("looking for links failed", error=type(error).__name__)
            if error is not None or not running.result():
                self._look_at = time.monotonic() + EVERY_S * self._settings.times.claim_idle_s
        if time.monotonic() >= self._look_at:
            self._running = asyncio.create_task(asyncio.to_thread(self._step), name="links")

    async def end(self, within_s: float) -> None:
        """Wait for the step that is under way; what it has not linked by then, another process does. Never raises."""
        running, self._running = self._running, None
        if running is None:
            return
        done, _ = await asyncio.wait([running], timeout=within_s)
        if done and (error := running.exception()) is not None:
            _LOG.warning("looking for links ended with an error", error=type(error).__name__)

    def _step(self) -> bool:
        with connect(self._settings.database_url, "sync-links") as connection:
            return AutomaticLinks(self._settings, connection).step()
