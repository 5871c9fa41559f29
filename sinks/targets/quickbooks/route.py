"""QuickBooks Online as a target system: its row of the catalogue."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import msgspec

from schemas.vocabulary import Target
from sinks.targets.outbound import check_outbound
from sinks.targets.port import PaymentTarget
from sinks.targets.quickbooks.capabilities import CAPABILITIES
from sinks.targets.quickbooks.mapping import dump_mapping, load_config
from sinks.targets.quickbooks.oauth_secrets import SecretStore, load_secrets
from sinks.targets.quickbooks.remedies import REMEDIES
from sinks.targets.route import AdapterContext, CheckedInput, Route, StoredConnection
from streams.runtime.loopback import require_loopback
from streams.runtime.times import CallLimits


def _check(base_url: str, config: object, secret: bytes | None) -> CheckedInput:
    """The realm names the company, so the account is known without the secrets."""
    mapping = load_config(config)
    secrets = None if secret is None else load_secrets(secret)
    check_outbound(QUICKBOOKS, mapping.token_url, "token_url")
    return CheckedInput(
        config=dump_mapping(mapping),
        secret=None if secrets is None else msgspec.json.encode(secrets),
        account=(urlsplit(base_url).netloc, mapping.realm_id),
        names_itself=True,
        capabilities=CAPABILITIES,
        secret_until=None if secrets is None else secrets.refresh_until,
    )


def _open(stored: StoredConnection, context: AdapterContext) -> PaymentTarget:
    from sinks.targets.quickbooks.adapter import QuickBooksTarget

    mapping = load_config(stored.config)
    check_outbound(QUICKBOOKS, mapping.token_url, "token_url")
    require_loopback(context.settings.unsafe_switches(), [mapping.token_url])
    return QuickBooksTarget(
        base_url=stored.base_url,
        mapping=mapping,
        secrets=SecretStore(context.connect, context.keys, stored.home_practice_id, stored.connection_id),
        memory=context.memory,
    )


QUICKBOOKS: Final = Route(
    name="quickbooks",
    target=Target.QUICKBOOKS,
    system="QuickBooks",
    default_url="https://quickbooks.api.intuit.com",
    hosts=frozenset(
        {
            "quickbooks.api.intuit.com",
            "sandbox-quickbooks.api.intuit.com",
            "oauth.platform.intuit.com",
            "developer.api.intuit.com",
        }
    ),
    # The service ends a request at its side within 120 s. As long again after our deadline: it may have queued there.
    limits=CallLimits(deadline_s=130.0, processing_s=120.0),
    id_prefixes=("deposit", "journalentry"),
    check=_check,
    open=_open,
    remedies=REMEDIES,
)
