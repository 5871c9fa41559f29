"""The locations of the service, by their API keys, and the tokens that were given for these."""

from __future__ import annotations

import base64
import json
import time

import msgspec

from deploy.sandbox.exchange import Document
from deploy.sandbox.journal import Journal
from deploy.sandbox.nexhealth.location import Location, LocationSettings
from streams.runtime.clock import Clock

SERVICE = "nexhealth"


class Locations:
    """Every opening and every change of settings is written to the journal. A key reaches one location, or several that
    share it."""

    def __init__(self, journal: Journal, rehearsal: Clock | None = None) -> None:
        self.by_key: dict[str, Location] = {}
        self._journal = journal
        self._rehearsal = rehearsal
        self._tokens: dict[str, tuple[str, float]] = {}
        self._issued = 0
        self.free_at: dict[str, float] = {}
        """When the next request of a key is taken, by the monotonic clock."""

    def open(self, settings: LocationSettings) -> Location:
        """Adds a location, or changes the settings of one that is there."""
        key = settings.api_key
        location = self.by_key.get(key)
        if location is None:

            def keep(table: str, row: Document) -> None:
                self._journal.write(SERVICE, key, table, row)

            location = self.by_key[key] = Location(settings, keep, self._rehearsal)
        else:
            location.apply_settings(settings)
        self._journal.write(SERVICE, key, "location", settings)
        return location

    def reached(self, key: str, location_id: str = "") -> Location | None:
        """The location that a key reaches; of several that share it the one of this number, any where it has none."""
        alone = self.by_key.get(key)
        if alone is not None and alone.settings.key == key:
            return alone
        sharing = [each for each in self.by_key.values() if each.settings.key == key]
        named = [each for each in sharing if str(each.settings.location_id) == location_id]
        return next(iter(named or sharing), None)

    def issue(self, key: str, life_s: int) -> str:
        """A token in the form of a JWT; its signature is nothing."""
        self._issued += 1
        now = int(time.time())
        claims = {"sub": "sandbox", "scp": "api_user", "iat": now, "exp": now + life_s, "jti": str(self._issued)}
        token = f"{_part({'alg': 'none'})}.{_part(claims)}.{_part({'n': self._issued})}"
        self._tokens[token] = (key, time.time() + life_s)
        return token

    def key_of(self, token: str) -> str:
        """The key that a token was given for; "" for one that is none."""
        return self._tokens.get(token, ("", 0.0))[0]

    def is_valid(self, token: str) -> bool:
        return token in self._tokens and self._tokens[token][1] > time.time()

    def expire(self, key: str) -> int:
        """Every token of a key ends now; answers how many had been given."""
        mine = [token for token, (of, _) in self._tokens.items() if of == key]
        for token in mine:
            self._tokens[token] = (key, 0.0)
        return len(mine)


def _part(claims: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


def settings_of(row: object) -> LocationSettings:
    return msgspec.convert(row, LocationSettings)
