"""Opening an environment's journal: where it is, and in whose name it is written."""

from __future__ import annotations

import getpass
import os
from importlib.metadata import version
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from cockpit.config import environment as config
from cockpit.config import secrets
from cockpit.config.environment import Environment
from cockpit.config.language import N_
from cockpit.config.paths import Paths, paths, private_dir
from cockpit.exchange.text import clean_line
from cockpit.journal.records import Actor
from cockpit.journal.store import Journal, open_journal, sqlite_url
from cockpit.journal.timeline import Timeline, open_timeline
from cockpit.journal.timeline_records import Retention
from cockpit.recovery.worker import process_name

PROGRAM: Final = "pop-cockpit"


def operator_name() -> str:
    """The OS user, with sudo's origin where there is one."""
    user, before = getpass.getuser(), os.environ.get("SUDO_USER", "")
    return f"{user} (sudo by {before})" if before and before != user else user


def origin_name() -> str:
    """Where the operator sits: the SSH client, or this host."""
    client = os.environ.get("SSH_CONNECTION", "").split(" ")[0]
    host = os.uname().nodename
    return clean_line(f"{client} on {host}" if client else host)


def actor_of(environment: Environment) -> Actor:
    account = environment.credential.user
    who = operator_name() + (f" as {account}" if account else "")
    return Actor(clean_line(who), origin_name(), process_name(), f"{PROGRAM} {version(PROGRAM)}")


def journal_url(environment: Environment, places: Paths) -> str:
    """As :func:`journal_url_of`, with its folder made. Raises ConfigError."""
    if environment.journal.url is None:
        private_dir(places.journal)
    return journal_url_of(environment, places)


def journal_url_of(environment: Environment, places: Paths | None = None) -> str:
    """The journal's database: the environment's, else SQLite in the state folder. Nothing is created.
    Raises ConfigError."""
    if environment.journal.url is None:
        return sqlite_url((places or paths()).journal / "journal.sqlite")
    url = sa.make_url(environment.journal.url)
    if url.password:
        raise config.ConfigError(
            N_(
                "environments.{environment}.journal.url: holds a password. Take it out, and refer to "
                "it with journal.password."
            ).format(environment=environment.name)
        )
    secret = secrets.journal_password(environment)
    return url.set(password=secret.value if secret else None).render_as_string(hide_password=False)


def open_journal_of(environment: Environment) -> Journal:
    """The environment's journal. Raises JournalError, ConfigError."""
    places = paths()
    folder = private_dir(places.journal)
    url = journal_url(environment, places)
    outside = checkpoints_of(url, environment.name, folder)
    group = environment.journal.group
    return open_journal(url, actor_of(environment), keys=folder, checkpoints=outside, group=group)


def open_timeline_of(environment: Environment) -> Timeline:
    """The environment's timeline, in its journal's database. Raises JournalError, ConfigError."""
    return open_timeline(
        journal_url(environment, paths()),
        actor_of(environment),
        environment=environment.name,
        keep=Retention(environment.journal.timeline_days, environment.journal.timeline_rows),
        group=environment.journal.group,
    )


def checkpoints_of(url: str, name: str, folder: Path) -> Path:
    """The file of a journal's checkpoints: beside a SQLite file, else one for each environment."""
    database = sa.make_url(url)
    if database.get_backend_name() == "sqlite" and database.database:
        return Path(database.database).with_suffix(".checkpoints.jsonl")
    return folder / f"{name or 'default'}.checkpoints.jsonl"
