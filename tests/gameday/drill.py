"""One breakage from its beginning to its end: what it is to cause, and that it caused nothing else."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

import pytest

from tests.gameday.game_day import GameDay
from tests.scenarios.waiting import until

ALWAYS: Final = frozenset({"RehearsalSwitchOn"})
"""Fires throughout: the installation runs at the pace of a sandbox, which is what this alert is about."""
LATE_SCRAPES: Final = frozenset({"RoleDown", "RoleMissing"})
"""Fire on a busy machine where a scrape takes two seconds; that no process ended shows that it was nothing else."""
SOLVED: Final = "Solved: "
OPERATOR: Final = "ops"
WITHIN_S: Final = 150.0
"""Of every wait. Where things go well it costs nothing; what takes a minute here takes an hour in production."""


class Drill:
    """Begins when it is made. Break something, wait with `until_…`, repair it, and end with `over`."""

    def __init__(
        self, day: GameDay, alert: str, *, companions: Iterable[str] = (), notices: Mapping[str, str] | None = None
    ) -> None:
        """`companions`: alerts that may fire beside the expected one, as what follows from the same cause. `notices`:
        the one cause that each practice is to be told of; who is not named is told nothing."""
        if day.broken_by:
            pytest.skip(f"the installation has not recovered from what broke before: {day.broken_by}")
        day.broken_by = alert
        self._day, self._alert = day, alert
        self._may_fire = {alert, *companions, *ALWAYS, *LATE_SCRAPES}
        self._may_end = bool(LATE_SCRAPES & {alert, *companions})
        self._roles = day.up.roles()
        self._notices = dict(notices or {})
        self._since = time.time()
        self._mails, self._opened = len(day.mail()), len(day.notices())

    def until_alert(self) -> None:
        self._until(lambda: self._alert in self._day.prometheus.firing(), f"{self._alert} fires")

    def until_told(self, *readers: str) -> None:
        """Each has the opening letter, by default every practice of the notices."""
        wanted = set(readers or self._notices)
        self._until(lambda: wanted <= self._letters().keys(), "everybody is told")

    def over(self) -> None:
        """After the repair: all is posted, the alert has ended, and whoever was told knows that it is over. Nothing was
        told twice, and no other alert fired."""
        self._until(lambda: not self._day.unfinished(), "every event is posted")
        self._until(self._is_told_to_be_over, "the closing letters have come")
        self._until(self._is_quiet, "no alert fires, and every role is ready")
        told = sorted((str(row["practice_id"]), str(row["cause"])) for row in self._new_notices())
        assert told == sorted(self._notices.items()), f"one notice for each: {told}"
        fired = self._day.prometheus.fired(self._since, time.time())
        assert self._alert in fired, f"{self._alert} fired: {fired}"
        others = {name: where for name, where in fired.items() if name not in self._may_fire}
        assert not others, f"nothing else fired: {others}"
        assert self._may_end or self._day.up.roles() == self._roles, "no role has ended"
        self._day.nothing_is_lost_or_doubled()
        self._day.broken_by = ""

    def _is_told_to_be_over(self) -> bool:
        letters = self._letters()
        assert letters.keys() <= self._readers(), f"nobody else is told: {letters}"
        for subjects in letters.values():
            assert [SOLVED in subject for subject in subjects] in ([False], [False, True]), f"told once: {subjects}"
        return letters.keys() == self._readers() and all(len(subjects) == 2 for subjects in letters.values())

    def _is_quiet(self) -> bool:
        ready = self._day.prometheus.ask("min(writeback_ready) == 1 and count(up == 1) == count(up)")
        return self._day.prometheus.firing() <= ALWAYS and bool(ready)

    def _readers(self) -> set[str]:
        return {OPERATOR if cause.startswith("record:") else name for name, cause in self._notices.items()}

    def _letters(self) -> dict[str, list[str]]:
        """Subjects by reader, of this breakage."""
        found: dict[str, list[str]] = defaultdict(list)
        for reader, subject in self._day.mail()[self._mails :]:
            found[reader].append(subject)
        return found

    def _new_notices(self) -> list[dict[str, object]]:
        return self._day.notices()[self._opened :]

    def _until(self, condition: object, what: str) -> None:
        until(condition, what, WITHIN_S, self._situation)  # type: ignore[arg-type]

    def _situation(self) -> str:
        fired = self._day.prometheus.fired(self._since, time.time())
        lines = [*self._day.unfinished(), f"fired: {fired}", f"letters: {dict(self._letters())}"]
        return "\n".join([*lines, self._day.up.text()[-1500:]])
