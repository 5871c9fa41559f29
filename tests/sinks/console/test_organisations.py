"""Groups of practices in the browser: who sees them, and a change that is shown before it is made."""

from __future__ import annotations

import json

import pytest

from tests.sinks.console.conftest import DO, RunningConsole
from tests.sinks.console.visitor import Answer, Visitor

pytestmark = [pytest.mark.stack, pytest.mark.long]

GROUP = "/organisations/smiles"


@pytest.fixture(scope="module")
def greta(console: RunningConsole) -> Visitor:
    """Looks after the group `smiles`, to which a practice of its own belongs."""
    console.command("organisation", "add", "smiles", "--name", "Smiles", *DO)
    console.command("practice", "add", "smiles-1", "--zone", "America/New_York", *DO)
    console.command("organisation", "join", "smiles", "smiles-1", *DO)
    console.account("greta", "p2")
    console.command("user", "role", "greta", "--give", "group_admin", "--organisation", "smiles", *DO)
    return console.person("greta", "p2")


def send(visitor: Visitor, page: Answer, **said: str) -> Answer:
    token = page.form().fields["csrfmiddlewaretoken"]
    return visitor.ask("POST", GROUP, "&".join(f"{k}={v}" for k, v in {"csrfmiddlewaretoken": token, **said}.items()))


def test_a_value_is_set_and_locked_after_it_was_shown(console: RunningConsole, greta: Visitor) -> None:
    assert "Smiles" in greta.get("/organisations").words
    preview = send(greta, greta.get(GROUP), deed="set", field="amount", value="GROSS")
    assert "Nothing has been done yet" in preview.words
    assert json.loads(console.command("organisation", "show", "smiles", "--json"))["fields"] == {}
    seen = preview.form("seen").fields["seen"]
    unsaid = send(greta, preview, deed="set", field="amount", value="GROSS", seen=seen, why="")
    assert (unsaid.status, "Say why" in unsaid.words) == (422, True)
    other = send(greta, preview, deed="set", field="amount", value="NET", seen=seen, why="x")
    assert (other.status, "Look at what would happen now" in other.words) == (422, True)
    done = send(greta, preview, deed="set", field="amount", value="GROSS", seen=seen, why="as+agreed")
    assert done.status == 302
    assert json.loads(console.command("organisation", "show", "smiles", "--json"))["fields"] == {"amount": "GROSS"}
    preview = send(greta, greta.get(GROUP), deed="lock", field="amount")
    assert (
        send(greta, preview, deed="lock", field="amount", seen=preview.form("seen").fields["seen"], why="x").status
        == 302
    )
    assert json.loads(console.command("organisation", "show", "smiles", "--json"))["locked"] == ["amount"]
    assert "locked: no practice may have its own" in greta.get(GROUP).words


@pytest.mark.parametrize(("field", "value"), [("amuont", "GROSS"), ("amount", "SIDEWAYS"), ("", "")])
def test_what_is_no_setting_is_said(greta: Visitor, field: str, value: str) -> None:
    answer = send(greta, greta.get(GROUP), deed="set", field=field, value=value)
    assert answer.status == 422
    assert 'role="alert"' in answer.text


def test_a_group_is_there_for_who_looks_after_it(console: RunningConsole, greta: Visitor) -> None:
    """Who runs the program sees it and changes none of its values; Ada posts at p1 and does not see it."""
    assert greta.get("/organisations/other").status == 404
    ada = console.ada()
    assert "no group that you look after" in ada.get("/organisations").words
    assert ada.get(GROUP).status == 404
    olga = console.olga()
    page = olga.get(GROUP)
    assert page.status == 200
    assert "See what would change" not in page.text
    token = (
        olga.get("/operations/redrive?practice=p1").text.partition('csrfmiddlewaretoken" value="')[2].partition('"')[0]
    )
    refused = olga.ask("POST", GROUP, f"csrfmiddlewaretoken={token}&deed=set&field=amount&value=NET")
    assert refused.status == 404
