"""The command line on a scripted run, as a program of its own: what test_terminal_asking.py starts."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

from cockpit import cli
from cockpit.journal.records import Choice, Grade
from tests.cli import scripted
from tests.cli.scripted import ASKING, BEGUN, RECOVERED, Scripted

FRAMES = {
    "handed": (BEGUN,),
    "plain": (BEGUN, ASKING, RECOVERED),
    "endless": (BEGUN,),
    "typed": (
        BEGUN,
        replace(
            ASKING,
            question=scripted.question(Choice.AGAIN, Choice.GO, typed="EX01", needs_reason=(Choice.GO,)),
        ),
        RECOVERED,
    ),
    "guarded": (
        BEGUN,
        replace(
            ASKING,
            question=scripted.question(
                Choice.AGAIN,
                Choice.OVERRIDE,
                Choice.HAND_OVER,
                blocking=(
                    scripted.finding(),
                    scripted.finding(object="DB04"),
                    scripted.finding(grade=Grade.HARD, guard="quorum", object="DAG1"),
                ),
            ),
        ),
        RECOVERED,
    ),
}


class Elsewhere(Scripted):
    """Somebody else answers once the question has been looked at a few times."""

    looks = 0

    def position(self) -> int:
        self.looks += 1
        if self.looks == 8:
            self._next()
        return super().position()


def main() -> int:
    name, log, *arguments = sys.argv[1:]
    recovery = Elsewhere(FRAMES["plain"]) if name == "elsewhere" else Scripted(FRAMES[name])
    if name == "handed":
        recovery.standings = [scripted.HANDED]
        recovery.not_back = {5}
    scripted.install(recovery)
    try:
        return cli.main(arguments)
    finally:
        given = [[a.choice.value, a.typed, a.reason, a.guard, a.object, a.to] for a in recovery.answers]
        calls, settled = [str(c[0]) for c in recovery.calls], recovery.made("settle")
        Path(log).write_text(json.dumps({"answers": given, "calls": calls, "settled": settled}))


if __name__ == "__main__":
    sys.exit(main())
