"""Writes plain values as YAML in block style, always the same; every text is quoted as JSON quotes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def yaml_text(node: dict[str, Any]) -> str:
    """The document's text, ended by a line end. Pure."""
    return "\n".join(_lines(node)) + "\n"


def _lines(node: Any) -> Iterator[str]:
    """Of a mapping or a list with something in it."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _member(f"{_name(str(key))}:", value, "  ")
    else:
        for value in node:
            yield from _member("-", value, "  ")


def _member(head: str, value: Any, indent: str) -> Iterator[str]:
    if not _is_block(value):
        yield f"{head} {json.dumps(value, ensure_ascii=False)}"
        return
    inner = _lines(value)
    if head == "-":  # the first line of an item stands beside its dash
        yield f"- {next(inner)}"
    else:
        yield head
    for line in inner if head == "-" else _lines(value):
        yield indent + line


def _is_block(value: Any) -> bool:
    """Lists of plain values stand on one line."""
    if isinstance(value, dict):
        return bool(value)
    return isinstance(value, list) and any(isinstance(each, dict | list) for each in value)


def _name(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and not key[0].isdigit() else json.dumps(key)
