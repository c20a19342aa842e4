"""``python -m tests.language``: bring the catalogues up to date with the code, and compile them.

``--missing``: print, as a catalogue, what is without a translation yet. ``--take FILE``: take translations
out of FILE (a catalogue too). ``--language``: only this one; a new one is begun.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from babel.messages.catalog import Catalog

from tests.language import catalogue as c


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.language", description=__doc__)
    parser.add_argument("--missing", action="store_true", help="print what is not translated yet")
    parser.add_argument("--take", metavar="FILE", type=Path, nargs="*", default=[], help="take these in")
    parser.add_argument("--language", metavar="LANG", help="such as it (default: all there are)")
    options = parser.parse_args()
    for language in [options.language] if options.language else c.languages():
        made = updated(language, options.take)
        if options.missing:
            sys.stdout.buffer.write(c.written(missing(made, language)))
            continue
        path = c.path_of(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(c.written(made))
        path.with_suffix(".mo").write_bytes(c.compiled(made))
        left = len(list(c.messages(missing(made, language))))
        print(f"{path.relative_to(c.ROOT)}: {len(made)} sentences, {left} not translated", file=sys.stderr)
    return 0


def updated(language: str, taken: list[Path]) -> Catalog:
    """The code's sentences, with the translations there are; what the code no longer has is left out."""
    made = Catalog(locale=language, charset="utf-8", fuzzy=False)
    known = [c.read(path, language) for path in (c.path_of(language), *taken) if path.exists()]
    for message in c.messages(c.extracted()):
        said = [
            found
            for one in known
            if (found := one.get(message.id, message.context)) is not None and all_of(found.string)
        ]
        made.add(
            message.id,
            said[-1].string if said else None,
            [(file, 0) for file in dict.fromkeys(file for file, _ in message.locations)],
            auto_comments=message.auto_comments,
            context=message.context,
        )
    return made


def all_of(string: str | tuple[str, ...] | list[str] | None) -> bool:
    """Whether it is translated, in all its plural forms."""
    return bool(string) and all(c.texts(string or ""))


def missing(made: Catalog, language: str) -> Catalog:
    left = Catalog(locale=language, charset="utf-8", fuzzy=False)
    for message in c.messages(made):
        if not all_of(message.string):
            left.add(message.id, None, message.locations, context=message.context)
    return left


if __name__ == "__main__":
    raise SystemExit(main())
