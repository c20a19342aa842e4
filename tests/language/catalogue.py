"""The sentences of the program (Babel), and what each catalogue says for them."""

from __future__ import annotations

import io
import string
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir

from cockpit.ui.action import TITLES
from cockpit.ui.actions import ACTIONS
from cockpit.ui.replay_actions import REPLAY_ACTIONS

ROOT: Final = Path(__file__).parents[2]
LOCALE: Final = ROOT / "cockpit" / "locale"
KEYWORDS: Final = {"_": None, "N_": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
METHODS: Final = [("lab/**.py", "ignore"), ("**.py", "python")]
ENDINGS: Final = frozenset({"s", "es", "plural"})
"""Places that hold an English ending of a plural; a translation leaves them out."""


@cache
def extracted() -> Catalog:
    """Every sentence that the program's code marks, with the files that have it."""
    made = Catalog(project="pop-cockpit", charset="utf-8", fuzzy=False)
    found = extract_from_dir(
        str(ROOT / "cockpit"), METHODS, keywords=KEYWORDS, comment_tags=("Translators:",)
    )
    for file, _line, message, comments, context in found:
        made.add(message, None, [(f"cockpit/{file}", 0)], auto_comments=comments, context=context)
    for action in (*ACTIONS, *REPLAY_ACTIONS):
        made.add(action.title, None, [("cockpit/ui/actions.py", 0)], context=TITLES)
        for text in filter(None, (action.group, action.help)):
            made.add(text, None, [("cockpit/ui/actions.py", 0)])
    return made


def path_of(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "cockpit.po"


def languages() -> list[str]:
    return sorted(path.parents[1].name for path in LOCALE.glob("*/LC_MESSAGES/cockpit.po"))


def read(path: Path, language: str) -> Catalog:
    with path.open("rb") as file:
        return pofile.read_po(file, locale=language, abort_invalid=True)


def written(catalogue: Catalog) -> bytes:
    """As it stands in the repository: sorted, without what changes by itself (line numbers, dates)."""
    stream = io.BytesIO()
    pofile.write_po(
        stream,
        catalogue,
        width=110,
        sort_output=True,
        include_lineno=False,
        omit_header=True,
        ignore_obsolete=True,
    )
    plural = f"Plural-Forms: nplurals={catalogue.num_plurals}; plural={catalogue.plural_expr};"
    lines = ["Content-Type: text/plain; charset=utf-8", f"Language: {catalogue.locale_identifier}", plural]
    head = 'msgid ""\nmsgstr ""\n' + "".join(f'"{line}\\n"\n' for line in lines)
    return head.encode() + b"\n" + stream.getvalue()


def compiled(catalogue: Catalog) -> bytes:
    """The same bytes whenever it is done: Babel writes the minute into the head."""
    catalogue.creation_date = datetime(2026, 1, 1, tzinfo=UTC)
    stream = io.BytesIO()
    mofile.write_mo(stream, catalogue)
    return stream.getvalue()


def messages(catalogue: Catalog) -> Iterator[Message]:
    """All but the header."""
    return (message for message in catalogue if message.id)


def texts(of: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (of,) if isinstance(of, str) else tuple(of)


def places(sentence: str) -> frozenset[str]:
    """Names of its places, ``{server}`` and argparse's ``%(default)s``; English endings left out."""
    braces = {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}
    percents = {piece.split(")")[0] for piece in sentence.split("%(")[1:]}
    return frozenset(braces - ENDINGS) | {f"%({name})" for name in percents}
