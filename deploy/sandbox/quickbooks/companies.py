"""The companies of the QuickBooks service, by their realms, with their tokens."""

from __future__ import annotations

from deploy.sandbox.journal import Journal
from deploy.sandbox.quickbooks.authorization import AuthorizationServer
from deploy.sandbox.quickbooks.company import Company, CompanySettings
from deploy.sandbox.quickbooks.tokens import TokenService

SERVICE = "quickbooks"


class Companies:
    """Every opening, every change of settings and every change of tokens is written to the journal."""

    def __init__(self, journal: Journal) -> None:
        self.by_realm: dict[str, Company] = {}
        self.tokens = TokenService(
            lambda realm: self.by_realm[realm].settings,
            lambda realm, connection: journal.write(SERVICE, realm, "tokens", connection),
        )
        self.authorization = AuthorizationServer(
            self.tokens, lambda: [company.settings for company in self.by_realm.values()]
        )
        self._journal = journal

    def open(self, settings: CompanySettings) -> Company:
        """Adds a company, or changes the settings of one that is there."""
        realm = settings.realm
        company = self.by_realm.get(realm)
        if company is None:
            company = Company(settings, lambda table, row: self._journal.write(SERVICE, realm, table, row))
            self.by_realm[realm] = company
        else:
            company.settings = settings
        self._journal.write(SERVICE, realm, "company", settings)
        return company
