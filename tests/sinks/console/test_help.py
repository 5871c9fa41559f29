"""Help: an article for each screen and each system, reachable from every page, with where to ask (SUP-4)."""

from __future__ import annotations

import pytest

from sinks.targets.systems.catalogue import SYSTEMS
from tests.sinks.console.conftest import RunningConsole
from tests.sinks.console.screens import SCREENS_WITHOUT_HELP, articles_by_screen, screens

NOBODYS = "nothing"


def test_every_screen_has_an_article() -> None:
    """A new page without one fails here. An address that is no page is named, with why."""
    known = screens()
    assert len(known) > 25
    assert sorted(known - articles_by_screen().keys() - SCREENS_WITHOUT_HELP.keys()) == []
    assert sorted(articles_by_screen().keys() - known) == [], "an article of a page that is gone"


def test_articles_are_plain_sentences_that_say_what_to_do() -> None:
    for screen, article in articles_by_screen().items():
        texts = (article.title, article.what, *article.steps, *article.notes)
        assert all(text.strip() == text != "" and "<" not in text for text in texts), screen
        assert not any("writeback " in text or "--" in text for text in texts), f"{screen}: a command"
        assert all(text.endswith((".", "?")) for text in texts[1:]), screen


@pytest.mark.stack
@pytest.mark.long
@pytest.mark.parametrize("system", SYSTEMS.values(), ids=lambda each: each.name)
def test_every_system_has_an_article(console: RunningConsole, system: object) -> None:
    """From the catalogue: where staff see what, and each step to a payment type, with the vendor's page."""
    known = next(each for each in SYSTEMS.values() if each is system)
    page = console.visitor().get(f"/help/systems/{known.option}")
    assert page.status == 200
    shown = page.text.replace("&#x27;", "'").replace("&quot;", '"').replace("&amp;", "&").lower()
    for text in (known.title, known.staff_see, *known.payment_type, *known.not_possible):
        assert text.lower() in shown, text
    if known.payment_type_link:
        assert f'href="{known.payment_type_link}"'.lower() in shown


@pytest.mark.stack
@pytest.mark.long
def test_help_is_one_click_away(console: RunningConsole) -> None:
    """Of the very screen, also before signing in; what does not exist is not there."""
    ada, olga = console.ada(), console.olga()
    for visitor, path, article in (
        (ada, "/practices/p1/to-do", "to-do"),
        (ada, "/practices/p1/link/3", "link"),
        (ada, "/practices/p1/settings", "settings"),
        (ada, "/account/second-factor", "mfa-index"),
        (olga, "/operations", "operations"),
        (console.visitor(), "/account/sign-in", "account-login"),
    ):
        page = visitor.get(path)
        assert f'href="/help/{article}"' in page.text, path
        shown = console.visitor().get(f"/help/{article}")
        assert shown.status == 200
        assert "Ask" in shown.words
    assert console.visitor().get(f"/help/{NOBODYS}").status == 404
    assert console.visitor().get(f"/help/systems/{NOBODYS}").status == 404
