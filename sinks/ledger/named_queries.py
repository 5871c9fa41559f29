"""Named queries that live in `.sql` files beside the code that runs them."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import as_file, files
from typing import Final, LiteralString

import aiosql

_PART: Final = re.compile(r"%\(query_(\w+)\)s")


@cache
def named_queries(package: str, file: str = "queries.sql") -> dict[str, LiteralString]:
    """The texts of a package's queries by name, `:name` turned into psycopg's `%(name)s`. Read once per process.

    `:query_NAME` stands for the query NAME of the same file, which uses no such part itself: several queries share what
    it says. KeyError for one that is not there.
    """
    with as_file(files(package) / file) as path:
        queries = aiosql.from_path(path, "psycopg", mandatory_parameters=False)
    texts: dict[str, LiteralString] = {name: getattr(queries, name).sql for name in queries.available_queries}
    return {
        name: _PART.sub(lambda part: texts[part[1]].strip().removesuffix(";"), text) for name, text in texts.items()
    }
