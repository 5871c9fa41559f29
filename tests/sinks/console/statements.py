"""Counts what each page asks the database, in a console of its own process: `python -m … < questions > answers`.

Questions: a JSON object with `cookies` by person and `pages` as lists of a person and a path. Answers: `names` of all
pages that the console has, and for each question its status and how many statements the ledger was asked, and
Django's own tables.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import psycopg

from sinks.console.process import Console, install
from sinks.console.setup import set_up
from streams.settings import ProgramSettings

_COUNTED = {"ledger": 0, "django": 0}
_execute: Any = psycopg.Cursor.execute


def _counting(cursor: psycopg.Cursor[Any], query: Any, *rest: Any, **named: Any) -> Any:
    if query:  # the pool looks whether a connection is alive by asking nothing
        _COUNTED["django" if _of_django(cursor) else "ledger"] += 1
    return _execute(cursor, query, *rest, **named)


def _of_django(cursor: psycopg.Cursor[Any]) -> bool:
    return "search_path=console" in cursor.connection.info.get_parameters().get("options", "")


def main() -> None:
    asked = json.load(sys.stdin)
    settings = ProgramSettings.load()
    console = Console(settings)
    set_up(settings, console.secrets.signing_keys())
    install(console)
    console.pool.open()
    from django.core.wsgi import get_wsgi_application

    from sinks.console.urls import urlpatterns

    application = get_wsgi_application()
    every: Any = psycopg.Cursor
    every.execute = _counting
    answers = [_ask(application, asked["cookies"][person], path) for person, path in asked["pages"]]
    json.dump({"names": [each.name for each in urlpatterns], "answers": answers}, sys.stdout)
    console.close()


def _ask(application: Any, cookies: dict[str, str], path: str) -> dict[str, Any]:
    plain, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": plain,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
    }
    status: list[str] = []
    for name in _COUNTED:
        _COUNTED[name] = 0
    body = b"".join(application(environ, lambda said, headers, failure=None: status.append(said)))
    return {"path": path, "status": int(status[0].split()[0]), "bytes": len(body), **_COUNTED}


if __name__ == "__main__":
    main()
