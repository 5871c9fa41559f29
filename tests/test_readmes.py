"""The pages of the repository: short where people begin, one per folder, links and commands that exist."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from deploy.command import app
from tests.citations import ROOT
from tests.test_architecture import LAYERS, tracked

LONGEST_LINES = 250
"""More is no page to begin with; it moves to the folder it is about."""
FEW_MODULES = 2
"""A folder with no more than these needs no map."""

_LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
_CODE = re.compile(r"`(writeback [^`]*)`")
_BLOCK = re.compile(r"```(?:sh|)\n(.*?)```", re.DOTALL)
_WORD = re.compile(r"[a-z][a-z-]*")


def pages() -> list[Path]:
    return [file for file in tracked() if file.suffix == ".md"]


def test_the_first_page_is_short() -> None:
    """Twenty minutes of reading are for the folders' own pages."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < LONGEST_LINES


def has_map(folder: Path) -> bool:
    """A README.md, or a docstring that names at least two of the folder's modules."""
    if (folder / "README.md").is_file():
        return True
    docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    names = {each.stem for each in folder.iterdir() if each.suffix == ".py" or each.is_dir()}
    return len({name for name in re.findall(r"`([a-z_]+)(?:\.py|/)?`", docstring) if name in names}) > 1


def test_every_folder_says_what_lives_in_it() -> None:
    """Where somebody comes to a package, its map stands there."""
    packages = [
        file.parent for file in tracked() if file.name == "__init__.py" and file.relative_to(ROOT).parts[0] in LAYERS
    ]
    large = [each for each in packages if len([*each.glob("*.py")]) > FEW_MODULES + 1]
    assert [str(each.relative_to(ROOT)) for each in large if not has_map(each)] == []


def test_a_map_names_nothing_that_is_gone() -> None:
    """A name in backticks is a module, or stands in the code somewhere beside docstrings of packages."""
    files = [file for layer in LAYERS for file in (ROOT / layer).rglob("*.py")]
    words = {each.stem for each in files} | {each.parent.name for each in files}
    for file in files:
        if file.name != "__init__.py":
            words |= set(re.findall(r"\w+", file.read_text(encoding="utf-8")))
    for file in files:
        if file.name == "__init__.py":
            docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
            assert not gone(docstring, words), file


def gone(docstring: str, words: set[str]) -> set[str]:
    return set(re.findall(r"`([a-z_]+)(?:\.py|/)?`", docstring)) - words


def test_every_relative_link_leads_somewhere() -> None:
    """Also from one folder's page to another's."""
    lost = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages()
        for link in broken_links(page.parent, page.read_text("utf-8"))
    ]
    assert not lost


def broken_links(folder: Path, text: str) -> list[str]:
    return [link for link in _LINK.findall(text) if "://" not in link and not (folder / link).exists()]


def test_every_file_that_a_page_names_is_there() -> None:
    """By its path from the root, or by the end of its path; `<vendor>/…` is a pattern and no name."""
    known = [f"/{file.relative_to(ROOT).as_posix()}" for file in tracked()]
    lost = [
        f"{page.relative_to(ROOT)}: {name}" for page in pages() for name in lost_files(page.read_text("utf-8"), known)
    ]
    assert not lost
    assert lost_files("see `topics.py`, `kafka/topics.py` and `no/topics.py`", known) == ["no/topics.py"]


def lost_files(text: str, known: list[str]) -> list[str]:
    names = re.findall(r"`([A-Za-z_./]+\.(?:py|sql|toml|yaml|csv|json))`", text)
    return [name for name in names if not any(each.endswith(f"/{name}") for each in known)]


def test_every_command_on_a_page_exists() -> None:
    """With its options: somebody will paste it."""
    wrong = [
        f"{page.relative_to(ROOT)}: {line}: {problem}"
        for page in pages()
        for line in commands(page.read_text(encoding="utf-8"))
        if (problem := unknown(line))
    ]
    assert not wrong


def commands(text: str) -> Iterator[str]:
    """What a page says after `writeback`, in code spans and in shell blocks."""
    for span in _CODE.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        yield " ".join(span.split())
    for block in _BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            start = re.match(r"(?:\$ |\(?)?(writeback .*)", line.strip())
            if start:
                yield start.group(1)


def unknown(line: str) -> str:
    """What of a command line the command does not know; empty when it is right. A group may stand alone."""
    words = shlex.split(line.partition(" #")[0].rstrip("& "))[1:]
    command: Any = typer.main.get_command(app)
    while hasattr(command, "list_commands"):
        if not words or not _WORD.fullmatch(words[0]):
            return ""
        found = command.get_command(None, words[0])
        if found is None:
            return f"no command {words[0]}"
        command, words = found, words[1:]
    known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)} | {"--help"}
    stray = [word for word in words if word.startswith("--") and word.partition("=")[0] not in known]
    if stray:
        return f"no option {stray[0]}"
    return "--yes needs --why" if "--yes" in words and "--why" not in words else ""


@pytest.mark.parametrize(
    "line",
    ["writeback pay", "writeback settings sett x", "writeback explain pay-1 --jason", "writeback link a b c --yes"],
)
def test_a_command_that_is_none_is_found(line: str) -> None:
    """The control."""
    assert unknown(line)
    assert [*commands(f"Use `{line}` now.")] == [line]
    assert [*commands(f"```sh\n{line}   # so\n```")] == [f"{line}   # so"]


def test_a_link_to_nothing_is_found() -> None:
    """The control."""
    assert broken_links(ROOT, "see [it](schemas/nothing.md) and [that](schemas/README.md)") == ["schemas/nothing.md"]


def test_a_folder_without_a_map_is_found(tmp_path: Path) -> None:
    """The control: a sentence is no map."""
    (tmp_path / "one.py").touch()
    (tmp_path / "two.py").touch()
    (tmp_path / "__init__.py").write_text('"""Things, among them `one`."""\n', encoding="utf-8")
    assert not has_map(tmp_path)
    (tmp_path / "__init__.py").write_text('"""Things: `one` and `two`."""\n', encoding="utf-8")
    assert has_map(tmp_path)
