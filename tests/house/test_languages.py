"""The language packs of the house leave nothing that shoppers read untranslated, and say nothing wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Message

from core.kernel.installation import installation
from core.testing.languages import entries, fault_of, faults, missing, write_gaps

pytestmark = pytest.mark.once
HEAD = (
    'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    '"Plural-Forms: nplurals=2; plural=(n!=1);\\n"\n\n'
)
CZECH = "from core.api import Plugin\nPLUGIN = Plugin(name='czech', version='1', title='Czech', languages=('cs',))\n"


@pytest.fixture
def czech(instance: Path, app: Any) -> Iterator[Callable[[str], Path]]:
    """`czech("msgid ...")`: a pack with these words for core; answers its folder."""
    del app
    folder = instance / "plugins" / "czech"

    def write(words: str) -> Path:
        (folder / "locale/cs/LC_MESSAGES").mkdir(parents=True)
        (folder / "plugin.py").write_text(CZECH, "utf-8")
        (folder / "locale/cs/LC_MESSAGES/core.po").write_text(HEAD + words, "utf-8")
        installation().plugins.discover()
        installation().plugins_changed()
        return folder

    yield write
    installation().plugins.loaded.pop("czech", None)


@pytest.mark.parametrize("language", ["de", "ar"])
def test_the_packs_of_the_house_are_complete_and_right(app: Any, language: str) -> None:
    del app
    left = [
        f"{home.domain}: {text.path}:{text.line}: {text.msgid!r}"
        for home, gaps in missing(language).items()
        for text in gaps
    ]
    assert not left, "\n".join([f"{language} does not say yet:", *left])
    assert faults(language) == []


def test_what_is_wrong_in_a_pack_is_told(czech: Callable[[str], Path]) -> None:
    czech(
        'msgid "Pay %(amount)s"\nmsgstr "Zaplatit %(sum)s"\n\n'
        'msgid "Nobody says this"\nmsgstr "Tohle nikdo"\n\n'
        'msgid "In one working day"\nmsgid_plural "In %(n)s working days"\n'
        'msgstr[0] "Za den"\nmsgstr[1] "Za %(n)s dní"\n'
    )
    assert [fault.partition(": ")[2] for fault in faults("cs")] == [
        "other placeholders: 'Pay %(amount)s'",
        "nobody says 'Nobody says this'",
        "2 plural forms instead of 3: 'In one working day'",
    ]


def test_what_shoppers_read_is_listed_and_can_be_filled_in(czech: Callable[[str], Path]) -> None:
    folder = czech('msgid "Sign in"\nmsgstr "Přihlásit se"\n')
    gaps = {home.domain: {text.msgid for text in texts} for home, texts in missing("cs").items()}
    assert {"Overview", "Street and number", "In one working day"} <= gaps["core"]
    assert "Things that get better with use" in gaps["theme-plain"]
    assert "Bank transfer" in gaps["plugin-bank_transfer"]
    assert {"Keep for later", "Wish list"} <= gaps["plugin-wishlist"]
    # Behind the counter it is English that is read.
    assert not {"Settings are saved.", "Shipping and printing", "See orders", "Edit coupons"} & set().union(
        *gaps.values()
    )
    assert "plugin-webhooks" not in gaps
    # What core's file says holds for a theme too.
    assert "Sign in" not in gaps["theme-plain"]

    written = write_gaps("cs", folder)
    assert {path.stem: count for path, count in written.items()} == {name: len(msgids) for name, msgids in gaps.items()}
    path = folder / "locale/cs/LC_MESSAGES/core.po"
    assert {message.string for message in entries(path)} == {"Přihlásit se"}
    shop = entries(path.with_name("theme-plain.po"), filled=False)
    [products] = [message for message in shop if "%(num)s products" in message.id]
    assert len(products.string) == 3, "a place for each of the three forms that Czech has"


@pytest.mark.parametrize(
    ("msgid", "said", "language", "fault"),
    [
        ("%(name)s, %(rate)s %%", "%(rate)s %% %(name)s", "de", ""),
        ("%(name)s, %(rate)s %%", "%(rate)s %(name)s", "de", "other placeholders"),
        ("95 of 100 within", "95%% innerhalb", "de", ""),
        (("%(n)s day", "%(n)s days"), ("ein Tag", "%(n)s Tage"), "de", ""),
        (("%(n)s day", "%(n)s days"), ("ein Tag", "%(m)s Tage"), "de", "other placeholders"),
        (("%(n)s day", "%(n)s days"), ("يوم", "أيام"), "ar", "2 plural forms instead of 6"),
    ],
)
def test_placeholders_and_plurals_are_told_apart(msgid: Any, said: Any, language: str, fault: str) -> None:
    assert fault_of(Message(msgid, said), language) == fault
