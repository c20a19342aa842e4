"""``docs/doctor.md``, written from the table: ``python -m cockpit.doctor.document > docs/doctor.md``."""

from __future__ import annotations

import sys

from cockpit.doctor.findings import State
from cockpit.doctor.table import CHECKS

_HEAD = """\
# pop-cockpit doctor

`pop-cockpit doctor` looks at every link of the chain between this terminal and the servers, one by one, and
says what it found and what helps. It changes nothing, and closes the shells that it opens.

A link that hangs on a broken one is *not checked*, so that what is broken stands out. Until one sign-in was
taken they are tried one by one, and after a refused one no other is tried: each counts towards a lock-out.

    pop-cockpit doctor [--server S ...] [--problems] [--timeout SECONDS] [--format table|json]

| Exit code | When |
|---|---|
| 0 | all is well |
| 1 | warnings only |
| 2 | something is broken |
| 3 | nothing is broken as far as could be told, and something could not be checked |
| 64 | the command line or the environment file is wrong |

States: {states}.

## The checks, in their order

| Check | Done for | Looks at | May find | Helps | Hangs on |
|---|---|---|---|---|---|
"""


def markdown() -> str:
    """The whole document."""
    rows = "".join(
        f"| `{check.id}` | {check.scope.value} | {check.looks} | {check.wrong} | {check.cure} | "
        f"{', '.join(f'`{need}`' for need in check.needs) or '–'} |\n"
        for check in CHECKS.values()
    )
    return _HEAD.format(states=", ".join(f"*{state.value}*" for state in State)) + rows


if __name__ == "__main__":
    sys.stdout.write(markdown())
