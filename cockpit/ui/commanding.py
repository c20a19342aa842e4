"""The command line's side of the app: what is offered, what is done with an order, what is remembered."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on

from cockpit.config.language import _
from cockpit.exchange.text import clean_line
from cockpit.ui.command_messages import Ordered
from cockpit.ui.look import Glyphs
from cockpit.ui.terminal_app import TerminalApp
from cockpit.ui.themed_app import NO_THEME_FILES, ThemeFiles
from cockpit.ui.threads import in_thread
from cockpit.ui.widgets.commandplace import CommandPlace

if TYPE_CHECKING:
    from cockpit.ui.command_history import History
    from cockpit.ui.command_reading import Offer
    from cockpit.ui.commands import Sight


class CommandingApp(TerminalApp, inherit_bindings=False):
    """Opens the line and carries out what was typed. ``commands_file``: where it is kept; None: it is not.

    Methods ``command_NAME`` are the commands of ``cockpit.ui.commands``; a screen's go before these.
    """

    def __init__(
        self,
        crash_dir: Path,
        *,
        theme: str | None = None,
        theme_files: ThemeFiles = NO_THEME_FILES,
        glyphs: Glyphs | None = None,
        commands_file: Path | None = None,
    ) -> None:
        super().__init__(crash_dir, theme=theme, theme_files=theme_files, glyphs=glyphs)
        self._commands_file = commands_file
        self._history: History | None = None

    # The line

    async def action_command_line(self) -> None:
        await self.open_command_line()

    async def open_command_line(self, text: str = "") -> None:
        """With ``text`` in it to begin with. It has the focus when this returns."""
        from cockpit.ui.widgets.commandline import CommandLine  # not needed for the first paint

        await self.screen.query(CommandLine).remove()
        place = next(iter(self.screen.query(CommandPlace)), None)
        if place is None:
            place = CommandPlace()
            await self.screen.mount(place)
        await place.mount(CommandLine(self.registry, self.offer(), self._remembered(), text))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that is looked at first is looked at in dialogs too, where there is no command line."""
        if action == "command_line" and self.screen.is_modal:
            return False
        return super().check_action(action, parameters)

    def offer(self) -> Offer:
        """What there is on the screen on top now."""
        from cockpit.ui.command_reading import offer
        from cockpit.ui.commands import COMMANDS

        screen = self.screen
        why = self.why_not(screen)
        actions = [(action, why.get(action.id)) for action in self.registry.known(self.scope)]
        there = [c for c in COMMANDS if hasattr(screen, c.method) or hasattr(self, c.method)]
        return offer(actions, there, self.sight())

    def sight(self) -> Sight:
        """What there is to choose from now."""
        from textual.theme import BUILTIN_THEMES

        from cockpit.ui.command_reading import name_of
        from cockpit.ui.commands import Sight

        names = [name_of(a) for a in self.registry.known(self.scope)]
        return Sight(themes=sorted(set(self.available_themes) - set(BUILTIN_THEMES)), actions=names)

    @on(Ordered)
    async def _ordered(self, message: Ordered) -> None:
        """What cannot be used now says why, as its key would."""
        if message.typed:
            self._remember(message.typed)
        order = message.order
        if order.action is not None:
            target = self if order.action.scope == "app" else self.screen
            await self.run_action(order.action.method, target)
        elif order.why is not None:
            self.say_why(order.why)
        elif order.command is not None:
            method = order.command.method
            call = getattr(self.screen, method, None) or getattr(self, method)
            done = call(order.argument) if order.command.kind is not None else call()
            if inspect.isawaitable(done):
                await done

    def tell_of(self, *texts: str) -> None:
        """What a command answers."""
        self.notify("\n".join(texts), markup=False, timeout=10)

    # What was typed

    def _remembered(self) -> History:
        """Of earlier times too, as soon as it is read."""
        if self._history is None:
            from cockpit.ui.command_history import History

            self._history = History()
            if self._commands_file is not None:
                self.run_worker(self._recall(self._history, self._commands_file), group="commands")
        return self._history

    async def _recall(self, history: History, file: Path) -> None:
        from cockpit.ui.command_history import load

        try:
            history.take(await in_thread(lambda: load(file), "commands"))
        except OSError as error:
            text = _("What was typed before could not be read from {file}: {reason}.")
            self._say_of_history(text, file, error)

    def _remember(self, typed: str) -> None:
        from cockpit.ui.command_history import worth_keeping

        if not worth_keeping(typed):
            return
        self._remembered().add(typed)
        if self._commands_file is not None:
            # Not a worker: those end with the program, and ``quit`` is a command too.
            self.close_later(self._keep(self._commands_file, typed))

    async def _keep(self, file: Path, typed: str) -> None:
        from cockpit.ui.command_history import keep

        try:
            await in_thread(lambda: keep(file, typed), "commands")
        except OSError as error:
            text = _("What was typed could not be kept in {file}: {reason}.")
            self._say_of_history(text, file, error)

    def _say_of_history(self, text: str, file: Path, error: OSError) -> None:
        """Once: it is a convenience, and the next command would say it again."""
        self._commands_file = None
        reason = clean_line(error.strerror or str(error))
        self.notify(text.format(file=file, reason=reason), severity="warning", markup=False)

    # Commands of every program

    async def command_theme(self, name: str) -> None:
        self.show_theme(name)
        self.keep_theme(name)
        self.tell_of(_("Theme {name}.").format(name=name))

    async def command_help(self, name: str) -> None:
        """One action: its keys, what it does, why not now."""
        if not name:
            await self.run_action("help", self)
            return
        found = self.offer().action(name)
        if found is None:
            return
        action, why = found
        keys = " ".join(action.keys) or _("no key")
        told = f"{name} ({keys}): {_(action.help) or action.said_title}"
        self.tell_of(told, *([why.told] if why is not None else []))

    def command_env(self) -> None:
        badge = self.badge
        if badge is None:
            self.tell_of(_("No environment: these are files."))
            return
        mode = _("read-only") if badge.read_only else _("write")
        first = _("{name}: {account}, {mode}; asks {entry}.")
        account = badge.account or _("the ticket's account")
        told = first.format(name=badge.name, account=account, mode=mode, entry=badge.entry)
        self.tell_of(told, *self.environment_told())

    def environment_told(self) -> list[str]:
        """More of it, where more is known."""
        return [self.badge.warning] if self.badge is not None and self.badge.warning else []
