"""Disconnects a practice from QuickBooks: the access ends at the vendor, then its secrets are forgotten here (S-3).

What was written, the mapping and the history stay. Payouts wait until the practice is connected again.
"""

from __future__ import annotations

import msgspec

from schemas.vocabulary import Target
from sinks.ledger.practices.connections import count_in_doubt, end_access
from sinks.ledger.practices.stored_connections import stored_connection
from sinks.operations.acting import Action, Order, acting, authorise
from sinks.operations.ledger import Ledger
from sinks.operations.open_targets import adapter_context
from sinks.operations.queries.practices import check_practice
from sinks.targets.http_call import HttpCaller
from sinks.targets.outbound import check_outbound
from sinks.targets.quickbooks.grant_calls import read_endpoints, revoke
from sinks.targets.quickbooks.mapping import load_config
from sinks.targets.quickbooks.oauth_secrets import SecretStore
from sinks.targets.quickbooks.route import QUICKBOOKS
from sinks.targets.route import StoredConnection
from streams.runtime.errors import ConfigurationError
from streams.runtime.loopback import require_loopback
from streams.settings import ProgramSettings


class CompanyDisconnected(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, or in a preview would be."""

    practice_id: str
    realm_id: str
    company_name: str
    in_doubt: int
    """Documents of which nobody knows whether they stand: they stay so until the company is connected again."""


async def disconnect_quickbooks(
    ledger: Ledger, settings: ProgramSettings, practice_id: str, order: Order
) -> CompanyDisconnected:
    """1. No renewal beside this. 2. The vendor ends the access, within 16 s. 3. The secrets are forgotten, audited.

    A preview calls nobody. Raises ConfigurationError where nothing is connected, GrantError where the vendor does not
    confirm: then nothing was changed here; and as `acting`.
    """
    authorise(order, Action.QUICKBOOKS_DISCONNECT, practice_id)
    check_practice(ledger.connection, practice_id)
    with ledger.connection.cursor() as cursor:
        stored = stored_connection(cursor, practice_id, Target.QUICKBOOKS)
    if stored is None or stored.secret is None:
        raise ConfigurationError(f"practice {practice_id} is not connected to QuickBooks: there is nothing to end")
    if order.apply:
        context = adapter_context(settings, "quickbooks")
        store = SecretStore(context.connect, context.keys, stored.home_practice_id, stored.connection_id)
        http = HttpCaller(headers={}, connections=1)
        try:
            endpoints = await read_endpoints(http, stored.base_url)
            revoke_url = check_outbound(QUICKBOOKS, endpoints.revoke_url, "discovery document")
            require_loopback(settings.unsafe_switches(), [revoke_url])
            async with store.locked() as newest:
                await revoke(http, revoke_url, newest.secrets)
                return _forget(ledger, practice_id, stored, order)
        finally:
            await http.close()
    return _forget(ledger, practice_id, stored, order)


def _forget(ledger: Ledger, practice_id: str, stored: StoredConnection, order: Order) -> CompanyDisconnected:
    company = load_config(stored.config)
    with acting(ledger, order, Action.QUICKBOOKS_DISCONNECT, practice_id) as act:
        in_doubt = count_in_doubt(act.cursor, practice_id, stored.connection_id)
        end_access(act.unit, stored.home_practice_id, stored.connection_id)
        act.audit(subject=stored.connection_id, before={"realm_id": company.realm_id}, after={"secrets": "forgotten"})
    return CompanyDisconnected(
        practice_id=practice_id, realm_id=company.realm_id, company_name=company.company_name, in_doubt=in_doubt
    )
