"""``python -m tests.wire_chaos --write``: run the whole table, then write the page it proves."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.wire_chaos.judging import complaints
from tests.wire_chaos.page import PAGE, text
from tests.wire_chaos.running import AUTHS, PLACES, outcomes, places_of


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.wire_chaos")
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name} when all is as it says")
    wanted = parser.parse_args()
    bad = sum(_run(auth) for auth in AUTHS)
    if bad:
        print(f"{bad} places are not as the table says: nothing is written", file=sys.stderr)
        return 1
    if wanted.write:
        PAGE.write_text(text(), encoding="utf-8")
    return 0


def _run(auth: str) -> int:
    """The whole table with one sign-in; how many places are not as it says."""
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        found = outcomes(auth, places_of(auth), Path(folder))
    for place, outcome in found.items():
        wrong = complaints(PLACES[place][0], place[1], auth, outcome)
        bad += bool(wrong)
        for words in wrong:
            print(f"{auth}: {place[0]} at {place[1]}: {words}", file=sys.stderr)
    longest = max(found, key=lambda place: max(found[place].seconds) / found[place].limit)
    outcome = found[longest]
    print(
        f"{auth}: {len(found)} places, {bad} not as the table says; nearest to its limit: {longest[0]} at "
        f"{longest[1]}, {max(outcome.seconds):.2f} s of {outcome.limit:.2f} s"
    )
    return bad


if __name__ == "__main__":
    sys.exit(main())
