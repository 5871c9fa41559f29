"""The console's screens by their addresses' names, read in a process of their own: Django is set up once in each."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from typing import Final

from sinks.console.help.article import Article
from sinks.console.help.money_screens import ARTICLES as OF_MONEY
from sinks.console.help.other_screens import ARTICLES as OTHERS
from sinks.console.help.practice_screens import ARTICLES as OF_PRACTICES

SCREENS_WITHOUT_HELP: Final = {
    "asset": "a file of pages",
    "account_logout": "leads to signing in",
    "mfa_deactivate_totp": "leads to the second factor",
}
_READ: Final = """
import json, sys
from sinks.console.setup import set_up
from streams.settings import ProgramSettings
set_up(ProgramSettings.load(database_url="postgresql://nobody@127.0.0.1:1/nothing"))
from sinks.console.urls import urlpatterns
json.dump([each.name for each in urlpatterns], sys.stdout)
"""


@cache
def screens() -> frozenset[str]:
    """Names of every address of the console."""
    done = subprocess.run([sys.executable, "-c", _READ], capture_output=True, text=True, check=True, timeout=100)
    return frozenset(json.loads(done.stdout))


def articles_by_screen() -> dict[str, Article]:
    return {screen: each for each in (*OF_PRACTICES, *OF_MONEY, *OTHERS) for screen in each.screens}
