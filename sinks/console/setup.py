"""Makes this process the console's: Django is set up once, for one database, by whoever needs it first."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from typing import Final

from streams.settings import ProgramSettings

_LIBRARIES: Final = ("django.request", "django.security", "waitress.queue")
"""Heard from ERROR on: below that they tell of each request that was refused."""

_database: list[str] = []
"""For which this process is set up."""


def set_up(settings: ProgramSettings, signing_keys: Sequence[str] = ()) -> None:
    """Configure Django for these settings. Costs some tenths of a second once; later calls change nothing.
    Raises RuntimeError where this process has been set up for another database.

    `signing_keys`: of the role, which signs sessions; without them nothing that is signed here holds elsewhere, which
    is enough for who looks after tables and accounts.
    """
    import django
    from django.apps import apps
    from django.conf import settings as configured

    from sinks.console.django_settings import django_settings

    if apps.ready:
        if _database != [settings.database_url]:
            raise RuntimeError("Django is set up for another database in this process")
        return
    configured.configure(**django_settings(settings, signing_keys or (secrets.token_hex(32),)))
    django.setup()
    _database[:] = [settings.database_url]
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.ERROR)
