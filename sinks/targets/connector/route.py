"""The Connector API as a target system: its row of the catalogue."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import msgspec

from schemas.connector.signatures import CLOCK_SKEW
from schemas.vocabulary import Target
from sinks.targets.connector.capabilities import DEADLINE_S, MOST_PROCESSING_S, capabilities_of
from sinks.targets.connector.connect_form import FORM
from sinks.targets.connector.mapping import Mode, dump_mapping, load_keys, load_mapping
from sinks.targets.connector.mirror_pages import unread_under
from sinks.targets.port import PaymentTarget
from sinks.targets.reading import ReadKind
from sinks.targets.route import AdapterContext, CheckedInput, Route, StoredConnection
from streams.runtime.times import CallLimits


def _check(base_url: str, config: object, secret: bytes | None) -> CheckedInput:
    """The account names the books, at the connector's host or at the practice's agent; keys rotate freely."""
    mapping = load_mapping(config)
    keys = None if secret is None else load_keys(secret)
    return CheckedInput(
        config=dump_mapping(mapping),
        secret=None if keys is None else msgspec.json.encode(keys),
        account=(urlsplit(base_url).netloc, mapping.account),
        names_itself=True,
        capabilities=capabilities_of(mapping),
    )


def _open(stored: StoredConnection, context: AdapterContext) -> PaymentTarget:
    from sinks.targets.connector.adapter import ConnectorTarget
    from sinks.targets.connector.exchange import HttpExchange

    mapping = load_mapping(stored.config)
    keys = load_keys(context.secret_of(stored))
    if mapping.mode is Mode.PULL:
        from sinks.targets.connector.agent_exchange import AgentExchange

        owner = (stored.home_practice_id, stored.connection_id)
        url = context.settings.database_url
        return ConnectorTarget(mapping, AgentExchange(*owner, keys, context.keys, context.connect, url))
    at_once = capabilities_of(mapping).max_in_flight + 1
    return ConnectorTarget(mapping, HttpExchange(stored.base_url, keys, at_once, memory=context.memory))


def _is_polled(config: object) -> bool:
    return isinstance(config, dict) and config.get("mode") == Mode.PULL.value


CONNECTOR: Final = Route(
    name="connector",
    target=Target.PMS,
    system="the connector",
    default_url="http://127.0.0.1:30224",
    hosts=frozenset(),
    hosts_by_operator=True,
    # Nothing is begun after the signature has expired, by the connector's clock; then it works on for its own time.
    limits=CallLimits(deadline_s=DEADLINE_S, processing_s=MOST_PROCESSING_S + CLOCK_SKEW.total_seconds()),
    id_prefixes=("entries",),
    is_polled=_is_polled,
    unread_under=unread_under,
    unread={
        ReadKind.PAYMENTS: "the contract of connectors lists entries by our marker alone",
        ReadKind.ADJUSTMENTS: "the contract of connectors lists entries by our marker alone",
        ReadKind.APPOINTMENTS: "the contract of connectors has no appointments",
        ReadKind.PROCEDURES: "the contract of connectors has no appointments",
        ReadKind.INSURANCE: "the contract of connectors has no insurance",
        ReadKind.ESTIMATES: "the contract of connectors has no insurance",
    },
    check=_check,
    open=_open,
    form=FORM,
)
