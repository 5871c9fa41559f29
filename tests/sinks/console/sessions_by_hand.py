"""Makes a stored session older than it is: nobody waits a quarter of an hour in a test."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.sessions.serializers import JSONSerializer
from django.core.signing import TimestampSigner

from sinks.operations.sign_in_secrets import SignInSecrets
from streams.settings import ProgramSettings
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

SALT: Final = "django.contrib.sessions.SessionStore"
KEYS: Final = {"seen": "console_seen", "began": "console_began"}


def age(ledger: LedgerDatabase, settings: ProgramSettings, session_key: str, **seconds: float) -> None:
    """As if it had been used last (`seen`), or begun, so many seconds earlier than it was."""
    signer = TimestampSigner(key=SignInSecrets(settings).signing_keys()[0], salt=SALT, fallback_keys=[])
    kept = ledger.one("SELECT session_data FROM console.django_session WHERE session_key = %s", session_key)
    session: dict[str, Any] = signer.unsign_object(kept, serializer=JSONSerializer)
    for name, earlier in seconds.items():
        session[KEYS[name]] -= earlier
    ledger.connection.execute(
        "UPDATE console.django_session SET session_data = %s WHERE session_key = %s",
        (signer.sign_object(session, serializer=JSONSerializer, compress=True), session_key),
    )
