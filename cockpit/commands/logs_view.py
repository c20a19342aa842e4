"""``pop-cockpit logs view``: the Logs screen by itself, on files or servers; and who opens logs for it."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cockpit.commands import liking
from cockpit.commands.output import let_go_of_a_dead_terminal
from cockpit.commands.saying import SaidError
from cockpit.config import secrets
from cockpit.config.dangers import unverified
from cockpit.config.environment import Environment
from cockpit.config.paths import Paths, paths
from cockpit.config.preferences import Preferences
from cockpit.config.secrets import Secret
from cockpit.frozen import dataclass

if TYPE_CHECKING:
    from cockpit.poplog.document import Document
    from cockpit.poplog.files_document import FilesDocument
    from cockpit.ui.environment import EnvironmentBadge
    from cockpit.ui.logs import Live, LogsWanted, Opened, OpenLogs

BEFORE: Final = 1_000
"""Lines of each log that are there when it is opened."""
UNREADABLE: Final = 3


@dataclass(frozen=True, slots=True)
class Likes:
    """What the screen is to be: keys, mouse, colours."""

    preferences: Preferences
    mouse: bool
    theme: str | None


def server_logs(environment: Environment, secret: Secret | None, places: Paths) -> OpenLogs:
    """Opens both ends' logs of servers, read by a process of its own."""

    def opened(wanted: LogsWanted) -> Live:
        from cockpit.poplog.beginning import FromEnd
        from cockpit.poplog.client import ProcessFeed
        from cockpit.poplog.messages import Ask
        from cockpit.poplog.names import Writer
        from cockpit.poplog.ring import Ring
        from cockpit.ui.logs import Live

        ask = Ask(wanted.servers, (Writer.POP3, Writer.POP3BE), FromEnd(BEFORE))
        return Live(Ring(), ProcessFeed(environment, secret, ask, places.reader_log))

    return opened


def view_servers(environment: Environment, servers: tuple[str, ...], likes: Likes) -> int:
    """The logs of ``servers`` as they grow; an exit code. Raises ConfigError."""
    _refuse_where_nothing_can_be_drawn()
    from cockpit.ui.logs import LogsWanted

    opener = server_logs(environment, secrets.password(environment), paths())
    wanted = LogsWanted(servers=tuple(dict.fromkeys(servers)))
    return _show(wanted, opener, likes, badge=badge_of(environment))


def view_files(files: tuple[Path, ...], likes: Likes) -> int:
    """Files and folders here; an exit code, 3 where they cannot be read. Raises ConfigError."""
    _refuse_where_nothing_can_be_drawn()
    from cockpit.commands.logs import tell, words
    from cockpit.poplog.errors import LogError
    from cockpit.poplog.files_document import FilesDocument
    from cockpit.ui.logs import LogsWanted

    try:
        document = FilesDocument.of(files)
    except LogError as error:
        tell(words(error))
        return UNREADABLE
    ready = None if _takes_long(document) else document
    return _show(LogsWanted(paths=files), lambda _: _prepared(document), likes, ready)


def _takes_long(document: FilesDocument) -> bool:
    """Whether its end has to be looked for."""
    from cockpit.poplog.gzipped import GzippedFile

    return any(isinstance(log.file, GzippedFile) for log in document.logs)


def _prepared(document: FilesDocument) -> Opened:
    """Its end known: of a compressed file it is known only once all of it was read."""
    document.prepare()
    return document


def _refuse_where_nothing_can_be_drawn() -> None:
    gc.disable()  # as in screen.run: the app switches it on again after the first paint
    from cockpit.ui import life

    if reason := life.refuse(os.environ):
        raise SaidError(reason.replace("pop-cockpit status", "pop-cockpit logs tail"))


def badge_of(environment: Environment) -> EnvironmentBadge:
    """What every screen says of the environment."""
    from cockpit.ui.environment import EnvironmentBadge

    return EnvironmentBadge(
        name=environment.name,
        account=environment.credential.user,
        read_only=environment.read_only,
        entry=", ".join(environment.entry_servers),
        warning=unverified(environment),
        colour=environment.colour or "",
    )


def _show(
    wanted: LogsWanted,
    opener: OpenLogs,
    likes: Likes,
    ready: Document | None = None,
    *,
    badge: EnvironmentBadge | None = None,
) -> int:
    from cockpit.ui import first_frame

    places = paths()
    liking.warn(likes.preferences)
    with first_frame.drawn(ready, wanted):
        from cockpit.ui import life
        from cockpit.ui.logs_app import LogsApp
        from cockpit.ui.themed_app import ThemeFiles

        app = LogsApp(
            wanted,
            opener,
            crash_dir=places.crashes,
            save_dir=places.views,
            commands_file=places.commands,
            ready=ready,
            theme=likes.theme,
            theme_files=ThemeFiles(places.themes, places.chosen_theme),
            keymap=liking.keymap(likes.preferences),
            environment=badge,
        )
        code = life.run(app, mouse=likes.mouse)
    let_go_of_a_dead_terminal()
    return code
