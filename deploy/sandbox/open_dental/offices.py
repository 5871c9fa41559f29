"""The offices of the Open Dental service, by their customer keys."""

from __future__ import annotations

from deploy.sandbox.exchange import Document
from deploy.sandbox.journal import Journal
from deploy.sandbox.open_dental.office import Office, OfficeSettings
from streams.runtime.clock import Clock

SERVICE = "open_dental"


class Offices:
    """Every opening and every change of settings is written to the journal."""

    def __init__(self, journal: Journal, rehearsal: Clock | None = None) -> None:
        self.by_key: dict[str, Office] = {}
        self._journal = journal
        self._rehearsal = rehearsal

    def account(self, key: str) -> str:
        """The first key of the office that a key leads to, by which the office is known here; another's as it is."""
        return next(
            (each.settings.customer_key for each in self.by_key.values() if each.settings.newest_key == key), key
        )

    def open(self, settings: OfficeSettings) -> Office:
        """Adds an office, or changes the settings of one that is there."""
        key = settings.customer_key
        office = self.by_key.get(key)
        if office is None:

            def keep(table: str, row: Document) -> None:
                self._journal.write(SERVICE, key, table, row)

            office = self.by_key[key] = Office(settings, keep, self._rehearsal)
        else:
            office.apply_settings(settings)
        self._journal.write(SERVICE, key, "office", settings)
        return office
