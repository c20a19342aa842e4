"""A password from a program of the user's choice, such as a password manager's own command."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from typing import Final

from cockpit.config.language import N_
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
        raise CommandError(
            N_("{name} cannot be run: {reason}").format(name=name, reason=error.strerror)
        ) from None
    except subprocess.TimeoutExpired as late:
        # Not "from late": it carries what was printed so far.
        raise CommandError(
            _with_words(
                N_("{name} did not end within {seconds:g} s").format(name=name, seconds=seconds), late.stderr
            )
        ) from None
    if done.returncode != 0:
        ended = N_("{name} ended with exit code {code}").format(name=name, code=done.returncode)
        if done.returncode < 0:
            ended = N_("{name} ended with signal {number}").format(name=name, number=-done.returncode)
        raise CommandError(_with_words(ended, done.stderr))
    line = done.stdout.split(b"\n", 1)[0].rstrip(b"\r")
    if not line:
        raise CommandError(
            _with_words(N_("{name} printed nothing on its first line").format(name=name), done.stderr)
        )
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        raise CommandError(N_("{name} printed a line that is not UTF-8").format(name=name)) from None


def _with_words(sentence: str, stderr: bytes | None) -> str:
    """And its last lines."""
    lines = [printable(line).strip() for line in (stderr or b"").decode("utf-8", "replace").splitlines()]
    kept = [line for line in lines if line][-_SAID_LINES:]
    said = N_("It said: {words}").format(words=" / ".join(kept))
    return f"{sentence}. {said}" if kept else sentence
