"""A pipeline of a soak: more records, longer waits, and doubles sorted by their cause before they are checked."""

from __future__ import annotations

from typing import Any

from schemas.vocabulary import IN_DOUBT, State
from sinks.targets.catalogue import times_of_route
from tests.deploy.commands.console import writeback_json
from tests.scenarios import topics
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.waiting import until
from tests.soak import doubles
from tests.soak.doubles import Freeze, Sorted

WAIT_S = 400.0
"""A soak's last wait: thousands of entries behind backoffs and closed gates on a busy machine."""


class SoakPipeline(Pipeline):
    """Ends like every scenario: `invariants`."""

    freezes: list[Freeze] = []  # noqa: RUF012 - set once, by the test that froze posters
    found = Sorted((), ())

    def until(self, condition: Any, what: str, within: float = WAIT_S) -> None:
        until(condition, what, max(within, WAIT_S), lambda: f"{self.logs()}\n{self.states()}")

    def sort_doubles(self) -> Sorted:
        """What is in the window of law 20, and what is not."""
        times = times_of_route("open_dental", self.settings)
        accounts = {account for pair in self.accounts.values() for account in pair}
        sorted_ = (
            doubles.sort(self.sandbox.open_dental, accounts, self.freezes, times),
            doubles.sort(self.sandbox.quickbooks, accounts, self.freezes, times),
        )
        self.found = Sorted(
            (*sorted_[0].explained, *sorted_[1].explained), (*sorted_[0].unexplained, *sorted_[1].unexplained)
        )
        return self.found

    def doubled(self) -> list[Any]:
        return list(self.sort_doubles().unexplained)

    def at_targets(self) -> dict[str, int]:
        """Without the second entries of explained doubles."""
        held = super().at_targets()
        by_account = {account: name for name, pair in self.accounts.items() for account in pair}
        for target in (self.sandbox.open_dental, self.sandbox.quickbooks):
            entries = target.ledger() if self.found.explained else []
            for each in self.found.explained:
                for entry in doubles.entries_of(each, entries)[1:]:
                    sign = -1 if entry.kind == "adjustment" else 1  # an adjustment's credit counts for the practice
                    held[by_account[each.account]] -= sign * entry.amount_minor
        return held

    def until_worked_off(self, sources: int, within: float) -> None:
        """Every record has its receipt, nothing is ready or in doubt, and nobody is behind."""
        open_states = [state.value for state in (*IN_DOUBT, State.RETRYING)]

        def done() -> bool:
            if self.rows("SELECT count(*) AS n FROM receipts")[0]["n"] < sources:
                return False
            left = self.rows(
                "SELECT count(*) AS n FROM effects WHERE state = ANY(%s) OR (state = 'SCHEDULED' AND due_at <= now())",
                open_states,
            )
            return not left[0]["n"] and not self.rows("SELECT count(*) AS n FROM outbox")[0]["n"]

        until(done, "everything is worked off", within, lambda: f"{self.logs()}\n{self.states()}")

    def behind(self) -> int:
        """Records behind, of all roles, as `writeback lag` shows them."""
        partitions = writeback_json(self.world, "lag")["partitions"]
        return sum(each["behind"] for each in partitions if each["behind"] is not None)

    def records(self) -> int:
        """Source records there are."""
        return len(topics.sources(self.world))
