"""What the parts of the role share: database connections, business time, who this process is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec
from psycopg import AsyncConnection

from sinks.linking.tokens import TokenKeys
from sinks.targets.answer_memory import AnswerMemory
from sinks.targets.credentials import KeyRing
from sinks.targets.route import AdapterContext
from streams.runtime.clock import Clock
from streams.settings import ProgramSettings


class SyncAccess(msgspec.Struct, frozen=True, kw_only=True):
    """Of one process."""

    settings: ProgramSettings
    connect: Callable[[], AbstractAsyncContextManager[AsyncConnection[Any]]]
    clock: Clock
    me: str
    adapters: AdapterContext
    memory: AnswerMemory
    keys: KeyRing
    token_keys: TokenKeys
