"""The query language: `select … from … where … orderby … startposition … maxresults …`, no OR, no joins."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from deploy.sandbox.exchange import Document
from deploy.sandbox.quickbooks.company import Company
from deploy.sandbox.quickbooks.shapes import FaultyError, Problem

QUERYABLE = {
    "Deposit": frozenset({"Id", "TxnDate", "MetaData.CreateTime", "MetaData.LastUpdatedTime"}),
    "JournalEntry": frozenset({"Id", "DocNumber", "TxnDate", "MetaData.CreateTime", "MetaData.LastUpdatedTime"}),
    "Account": frozenset(
        {
            "Id",
            "Name",
            "FullyQualifiedName",
            "Active",
            "AccountType",
            "AccountSubType",
            "Classification",
            "MetaData.CreateTime",
            "MetaData.LastUpdatedTime",
        }
    ),
}
QUERYABLE |= dict.fromkeys(("Class", "Department"), frozenset({"Id", "Name", "Active"}))
QUERYABLE["Attachable"] = frozenset(
    {"Id", "FileName", "AttachableRef.EntityRef.Type", "AttachableRef.EntityRef.value", "MetaData.CreateTime"}
)
"""What may stand in a condition. PrivateNote and TotalAmt of a Deposit may not (4001)."""

LARGEST_PAGE = 1000
DEFAULT_PAGE = 100

_SHAPE = re.compile(
    r"^\s*select\s+(?P<what>\*|count\s*\(\s*\*\s*\)|[\w.,\s]+?)\s+from\s+(?P<entity>\w+)"
    r"(?:\s+where\s+(?P<where>.+?))?"
    r"(?:\s+order\s*by\s+(?P<order>[\w.]+)(?:\s+(?P<way>asc|desc))?)?"
    r"(?:\s+startposition\s+(?P<start>\d+))?"
    r"(?:\s+maxresults\s+(?P<most>\d+))?\s*;?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(
    r"\s*(?P<name>[\w.]+)\s*(?P<op><=|>=|=|<|>|\bin\b|\blike\b)\s*"
    r"(?P<value>'(?:[^'\\]|\\.)*'|\((?:[^()']|'(?:[^'\\]|\\.)*')*\)|true|false|\d+)\s*",
    re.IGNORECASE,
)
_AND = re.compile(r"\s*and\s+", re.IGNORECASE)
_STRING = re.compile(r"'((?:[^'\\]|\\.)*)'")

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "<": lambda a, b: bool(a < b),
    ">": lambda a, b: bool(a > b),
    "<=": lambda a, b: bool(a <= b),
    ">=": lambda a, b: bool(a >= b),
}


class Condition(msgspec.Struct, frozen=True):
    """One comparison; all of them must hold."""

    name: str
    operator: str
    values: tuple[str, ...]


def run(company: Company, text: str) -> Document:
    """The `QueryResponse` of a query; raises FaultyError 4000 (does not parse) or 4001 (not queryable)."""
    found = _SHAPE.match(text)
    if found is None:
        raise _unparsed(text)
    entity = next((name for name in QUERYABLE if name.casefold() == found["entity"].casefold()), None)
    if entity is None:
        raise FaultyError(Problem("4001", "Invalid query", f"QueryValidationError: {found['entity']} is unknown"))
    conditions = _conditions(entity, found["where"])
    rows = [row for row in _rows(company, entity, conditions) if all(_holds(row, c) for c in conditions)]
    if found["what"].casefold().startswith("count"):
        return {"totalCount": len(rows)}
    if found["order"]:
        _check(entity, found["order"])
        rows.sort(key=lambda row: _sort_key(row, found["order"]), reverse=(found["way"] or "").lower() == "desc")
    start = int(found["start"]) if found["start"] else 1
    if start < 1:
        raise FaultyError(Problem("4001", "Invalid query", "QueryValidationError: startPosition must be positive"))
    most = min(int(found["most"]) if found["most"] else DEFAULT_PAGE, LARGEST_PAGE)
    page = rows[start - 1 : start - 1 + most]
    if not page:
        return {}
    return {entity: page, "startPosition": start, "maxResults": len(page)}


def _unparsed(text: str) -> FaultyError:
    return FaultyError(Problem("4000", "Error parsing query", f"QueryParserError: {text[:80]}"))


def _check(entity: str, name: str) -> None:
    if name not in QUERYABLE[entity]:
        detail = f"QueryValidationError: property '{name}' is not queryable"
        raise FaultyError(Problem("4001", "Invalid query", detail))


def _conditions(entity: str, text: str | None) -> list[Condition]:
    if text is None:
        return []
    found: list[Condition] = []
    position = 0
    while True:
        match = _CONDITION.match(text, position)
        if match is None:
            raise _unparsed(text)
        _check(entity, match["name"])
        raw = match["value"]
        values = tuple(re.sub(r"\\(.)", r"\1", v) for v in _STRING.findall(raw)) or tuple(
            part.strip().lower() for part in raw.strip("()").split(",")
        )
        found.append(Condition(match["name"], match["op"].lower(), values))
        position = match.end()
        if position == len(text):
            return found
        joined = _AND.match(text, position) or _AND.match(text, position - 1)
        if joined is None:
            raise _unparsed(text)
        position = joined.end()


def _rows(company: Company, entity: str, conditions: list[Condition]) -> list[Document]:
    """A query on Account sees active ones only, unless it asks for `Active`."""
    if entity in ("Class", "Department"):
        names = company.settings.classes if entity == "Class" else company.settings.departments
        return [{"Id": key, "Name": name, "Active": True} for key, name in names.items()]
    if entity != "Account":
        return list(company.visible(entity))
    if any(condition.name == "Active" for condition in conditions):
        return list(company.accounts.values())
    return [row for row in company.accounts.values() if row["Active"]]


def _value(row: Document, name: str) -> str:
    if name.startswith("AttachableRef."):
        links = [link["EntityRef"] for link in row["AttachableRef"]]
        return " ".join(str(each["type" if name.endswith("Type") else "value"]) for each in links)
    inner: Any = row
    for part in name.split("."):
        inner = inner.get(part, "") if isinstance(inner, dict) else ""
    if isinstance(inner, bool):
        return "true" if inner else "false"
    return str(inner)


def _sort_key(row: Document, name: str) -> tuple[int, str]:
    value = _value(row, name)
    return (int(value), "") if name == "Id" else (0, value)


def _holds(row: Document, condition: Condition) -> bool:
    value = _value(row, condition.name)
    if condition.operator == "in":
        return value in condition.values
    wanted = condition.values[0]
    if condition.operator == "like":
        pattern = ".*".join(re.escape(part) for part in wanted.split("%"))
        return re.fullmatch(pattern, value, re.IGNORECASE | re.DOTALL) is not None
    if condition.name == "Id":
        return COMPARE[condition.operator](int(value), int(wanted))
    return COMPARE[condition.operator](value, wanted)
