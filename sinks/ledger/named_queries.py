"""Named queries that live in `.sql` files beside the code that runs them."""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files
from typing import LiteralString, cast

import aiosql


@cache
def named_queries(package: str, file: str = "queries.sql") -> dict[str, LiteralString]:
    """The texts of a package's queries by name, `:name` turned into psycopg's `%(name)s`. Read once per process."""
    with as_file(files(package) / file) as path:
        queries = aiosql.from_path(path, "psycopg", mandatory_parameters=False)
    return {name: cast(LiteralString, getattr(queries, name).sql) for name in queries.available_queries}
