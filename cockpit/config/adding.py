"""One environment more in a file that people write and keep comments in."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import tomlkit
from tomlkit.items import InlineTable

from cockpit.config import environment as config
from cockpit.config.environment import ConfigError, Environment
from cockpit.config.language import N_
from cockpit.config.paths import private_dir


def as_toml(environment: Environment) -> str:
    """The environment's tables, as they stand in a file."""
    document = tomlkit.document()
    _tables(document)[environment.name] = _table(_body(environment))
    return tomlkit.dumps(document)


def refuse_unsound(environment: Environment) -> None:
    """Raises ConfigError for what would be refused when it is read from a file."""
    config.read(Path(N_("The new environment")), as_toml(environment))


def why_not(path: Path, name: str) -> str:
    """Why the file, which need not be there, cannot take an environment of that name; empty: it can.

    Raises ConfigError for a file that cannot be used at all.
    """
    if path.exists() and name in config.load(path)[1]:
        return N_("there is an environment {name!r} already. Change it there, or choose another name").format(
            name=name
        )
    return ""


def add(path: Path, environment: Environment, *, default: bool) -> None:
    """Write it into the file, which is made where it is missing; all else in it stays as it is.

    ``default``: it becomes the default; the first one does anyhow. What cannot be read back is not written.
    Raises ConfigError.
    """
    if why := why_not(path, environment.name):
        raise ConfigError(f"{path}: {why}.")
    own = path.resolve()  # a link stays one
    text = own.read_text(encoding="utf-8") if own.exists() else ""
    document = tomlkit.parse(text)
    tables, body = _tables(document), _body(environment)
    first = not tables
    # An inline table stays on its line, and so does all that is in it.
    tables[environment.name] = body if isinstance(tables, InlineTable) else _table(body)
    if default or (first and "default" not in document):
        document["default"] = environment.name
    _replace(own, tomlkit.dumps(document), environment)


def _replace(path: Path, text: str, environment: Environment) -> None:
    """Whole or not at all, and only what is read back as it was meant."""
    try:
        descriptor, name = tempfile.mkstemp(dir=private_dir(path.parent), prefix=f".{path.name}.")
    except OSError as error:
        raise ConfigError(
            N_("{path}: cannot be written: {reason}. Check the folder.").format(
                path=path, reason=error.strerror
            )
        ) from None
    made = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if _read_back(made).get(environment.name) != environment:
            raise ConfigError(
                N_(
                    "{path}: cannot take another environment as it is written. Put these into it by "
                    "hand:\n{as_toml}"
                ).format(path=path, as_toml=as_toml(environment))
            )
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)


def _read_back(path: Path) -> dict[str, Environment]:
    try:
        return config.load(path)[1]
    except ConfigError:
        return {}


def _tables(document: tomlkit.TOMLDocument) -> Any:
    return document.setdefault("environments", tomlkit.table(is_super_table=True))


def _body(environment: Environment) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(environment, name=""))
    return found


def _table(body: dict[str, Any]) -> Any:
    """Plain values first: what follows a table's header belongs to that table."""
    made = tomlkit.table()
    for key, value in sorted(body.items(), key=lambda item: isinstance(item[1], dict)):
        made.add(key, _table(value) if isinstance(value, dict) else value)
    return made
