"""``python -m tests.docs``: write the generated parts of the pages of docs/ anew."""

from __future__ import annotations

import sys

from tests.docs.pages import PARTS, page, wanted


def main() -> int:
    for name in PARTS:
        text = wanted(name)
        if page(name).read_text(encoding="utf-8") != text:
            page(name).write_text(text, encoding="utf-8")
            print(f"docs/{name} is new")
    return 0


if __name__ == "__main__":
    sys.exit(main())
