"""A word on a key is another than the same word in a table: titles of actions have a context of their own."""

from __future__ import annotations

import gettext
import io
from collections.abc import Iterator

import pytest
from babel.messages.catalog import Catalog

from cockpit.config import language
from cockpit.config.language import _, pgettext
from cockpit.config.spoken import spoken
from cockpit.ui.action import TITLES, Action
from cockpit.ui.actions import ACTIONS
from cockpit.ui.replay_actions import REPLAY_ACTIONS
from tests.language import catalogue as c

OPEN = Action("here.open", ("o",), "open", "here", "Move")


@pytest.fixture(autouse=True)
def italian() -> Iterator[None]:
    made = Catalog(locale="it", charset="utf-8", fuzzy=False)
    made.add("open", "aperte")
    made.add("open", "aprire", context=TITLES)
    made.add("down", "giù", context=TITLES)
    language.speak(gettext.GNUTranslations(io.BytesIO(c.compiled(made))))
    yield
    language.use(language.SOURCE)


def test_a_title_is_said_as_a_title_and_a_word_as_a_word() -> None:
    assert (OPEN.said_title, _("open"), pgettext(TITLES, "open")) == ("aprire", "aperte", "aprire")


def test_what_is_finished_is_never_taken_for_a_title() -> None:
    assert spoken("open") == "aperte"
    assert spoken("down") == "down"


def test_every_title_is_extracted_as_one() -> None:
    extracted = {(m.id, m.context) for m in c.messages(c.extracted())}
    assert {(action.title, TITLES) for action in (*ACTIONS, *REPLAY_ACTIONS)} <= extracted


def test_nothing_is_said_as_nothing() -> None:
    assert (_(""), pgettext(TITLES, "")) == ("", "")
