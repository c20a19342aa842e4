"""How the program begins and ends: terminals it refuses, signals it obeys, crashes it reports."""

from __future__ import annotations

import asyncio
import signal
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.config.language import _
from cockpit.exchange.text import redact
from cockpit.ui.clipboard import save_text

if TYPE_CHECKING:
    from cockpit.ui.terminal_app import TerminalApp

EXIT_CRASH = 70
EXIT_REFUSED = 64
SIGNALS = tuple(s for s in ("SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT") if hasattr(signal, s))


def refuse_reason(stdin_isatty: bool, output_isatty: bool, term: str | None) -> str | None:
    """Why the cockpit cannot be drawn here, None when it can. Textual itself would hang or draw anyway."""
    if not stdin_isatty or not output_isatty:
        return _(
            "This is not a terminal: over SSH start it with 'ssh -t'; for scripts use 'pop-cockpit status'."
        )
    if not term:
        return _("TERM is not set: set it to what your terminal is, for example TERM=xterm-256color.")
    if term == "dumb":
        return _(
            "TERM is 'dumb': this terminal cannot be drawn on; use 'pop-cockpit status', or set TERM right."
        )
    return None


def refuse(environ: Mapping[str, str]) -> str | None:
    """:func:`refuse_reason` of this process. Textual draws on stderr, so that is what must be a terminal."""
    return refuse_reason(sys.stdin.isatty(), sys.stderr.isatty(), environ.get("TERM"))


def install_signals(app: TerminalApp) -> None:
    """Signals that end a program, SIGHUP of a closed SSH session among them, end the app the normal way: the
    terminal is restored. No key sends SIGINT or SIGQUIT here, only ``kill``."""
    loop = asyncio.get_running_loop()
    for name in SIGNALS:
        number = getattr(signal, name)
        with suppress(NotImplementedError, ValueError, RuntimeError):
            loop.add_signal_handler(number, partial(app.exit, return_code=128 + number))


def crash_line(error: BaseException, directory: Path) -> str:
    """Write the crash of ``error`` to a file; the line that goes to the terminal."""
    kind = type(error).__name__
    try:
        path = save_text(directory, "crash", crash_text(error), datetime.now(UTC))
    except OSError as failed:
        return _(
            "The cockpit stopped on an internal error ({kind}); no report: {strerror} ({directory})."
        ).format(kind=kind, strerror=failed.strerror, directory=directory)
    return _("The cockpit stopped on an internal error ({kind}). Report: {path}").format(kind=kind, path=path)


def crash_text(error: BaseException) -> str:
    """The traceback without locals and without passwords; of a failed worker, where it failed."""
    below = getattr(error, "error", None)  # textual.worker.WorkerFailed keeps its cause here
    text = "".join(traceback.format_exception(error))
    if isinstance(below, BaseException):
        text += "".join(traceback.format_exception(below))
    return redact(text)


def run(app: TerminalApp, *, mouse: bool = True) -> int:
    """Run ``app`` until it ends; the exit code. The caller has asked :func:`refuse` before."""
    try:
        app.run(mouse=mouse)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        _say(crash_line(error, app.crash_dir))
        return EXIT_CRASH
    if app.crash_report:
        _say(app.crash_report)
    return app.return_code or 0


def _say(line: str) -> None:
    """One line to the terminal, if there still is one."""
    with suppress(OSError):
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
