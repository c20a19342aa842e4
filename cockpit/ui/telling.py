"""Telling the operator of changes: the bell, the desktop, the hook, and the key that hushes all of them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from textual.message import Message

from cockpit.config.environment import Environment
from cockpit.config.language import _
from cockpit.fleet.hook import Hook
from cockpit.fleet.snapshot import FleetSnapshot, Problem
from cockpit.fleet.teller import Teller
from cockpit.fleet.terminal_bytes import BELL, chosen, notification
from cockpit.fleet.told import Told, document
from cockpit.ui.messages import HookFailed


class Terminal(Protocol):
    """What telling wants of the app. ``post_message`` is called from other threads."""

    def write_to_terminal(self, data: str) -> None: ...
    def post_message(self, message: Message) -> bool: ...


class Telling:
    """Of one environment. ``now``: the time; ``hook_log``: where what hooks say is kept; ``environ``: the
    terminal's names for itself, and what a hook may have of it."""

    def __init__(
        self,
        environment: Environment,
        now: Callable[[], datetime],
        hook_log: Path,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        settings = environment.notify
        self._settings = settings
        self._teller = Teller(environment, now)
        self._osc = chosen(settings.osc, environ)
        self._tmux = bool(environ.get("TMUX"))
        self._environ = environ
        self._hook_log = hook_log
        self._hook: Hook | None = None
        self._terminal: Terminal | None = None
        self._fleet = FleetSnapshot()
        self._lost: Problem | None = None

    def open(self, terminal: Terminal) -> bool:
        """From now on what is told reaches ``terminal`` and the hook; whether there is any way to tell."""
        self._terminal = terminal if self._settings.tells else None
        if self._settings.hook:
            self._hook = Hook(self._settings, self._environ, self._hook_log, self._failed)
        return self._settings.tells

    def _failed(self, sentence: str) -> None:
        if self._terminal is not None:
            self._terminal.post_message(HookFailed(sentence))

    def arrived(self, fleet: FleetSnapshot) -> None:
        """A picture: tell of what has changed."""
        self._fleet, self._lost = fleet, None
        self.look()

    def ended(self, reason: str) -> None:
        """No pictures come any more."""
        self._lost = Problem(reason)
        self.look()

    def look(self) -> None:
        """Tell of what is due by now."""
        if self._terminal is None:
            return
        told = self._teller.look(self._fleet, self._lost)
        if told and (data := self._bytes(told)):
            self._terminal.write_to_terminal(data)
        if self._hook is not None:
            for each in told:
                self._hook.run(document(each))

    def _bytes(self, told: tuple[Told, ...]) -> str:
        """One bell, however much there is to tell; each on the desktop."""
        shown = [notification(self._osc, each.text, tmux=self._tmux) for each in told]
        return (BELL if self._settings.bell else "") + "".join(shown)

    @property
    def quiet(self) -> str:
        """That it is quiet because the operator wanted it, for every screen to say; else empty."""
        until = self._teller.quiet_until
        return "" if until is None else _("QUIET until {time}").format(time=f"{until.astimezone():%H:%M}")

    def hush(self) -> str:
        """Be quiet for a while, or no longer; a sentence that says which."""
        if not self._settings.tells:
            return _("Nothing is told here: [notify] of the environment has no bell, no osc and no hook.")
        if self._teller.hush():
            until = self._teller.quiet_until
            return _("Quiet until {time}: no bell, no notification, no hook.").format(
                time=f"{until.astimezone():%H:%M}" if until is not None else ""
            )
        return _("Changes are told again, and what has changed meanwhile.")

    async def close(self) -> None:
        """Kill the hooks that still run."""
        if self._hook is not None:
            await asyncio.to_thread(self._hook.close)
