"""A password from a program of the user's choice, such as a password manager's own command."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from typing import Final

from cockpit.config.plain import printable

COMMAND_SECONDS: Final = 60.0
"""Long enough for a person to unlock a password manager that asks by itself."""
_SAID_LINES: Final = 3


class CommandError(Exception):
    """It gave no password: what happened, and what it said on stderr, cleaned. Never what it printed."""


def first_line(command: Sequence[str], environ: Mapping[str, str], seconds: float = COMMAND_SECONDS) -> str:
    """The first line that ``command`` prints, run without a shell and without input. Raises CommandError."""
    name = printable(command[0])
    try:
        done = subprocess.run(  # noqa: S603 -- the user's own words, never a shell's
            list(command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=dict(environ),
            timeout=seconds,
            check=False,
        )
    except OSError as error:
        raise CommandError(f"{name} cannot be run: {error.strerror}") from None
    except subprocess.TimeoutExpired as late:
        # Not "from late": it carries what was printed so far.
        raise CommandError(f"{name} did not end within {seconds:g} s{_said(late.stderr)}") from None
    if done.returncode != 0:
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
        raise CommandError(f"{name} ended with {how}{_said(done.stderr)}")
    line = done.stdout.split(b"\n", 1)[0].rstrip(b"\r")
    if not line:
        raise CommandError(f"{name} printed nothing on its first line{_said(done.stderr)}")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        raise CommandError(f"{name} printed a line that is not UTF-8") from None


def _said(stderr: bytes | None) -> str:
    """Its last lines."""
    lines = [printable(line).strip() for line in (stderr or b"").decode("utf-8", "replace").splitlines()]
    kept = [line for line in lines if line][-_SAID_LINES:]
    return f". It said: {' / '.join(kept)}" if kept else ""
