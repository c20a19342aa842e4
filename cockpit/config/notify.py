"""What is told of a change of state, how, and how often at most: ``[notify]`` of the file, or of one
environment (docs/telling.md).

The file's table holds for all environments; each key can be set otherwise in ``[environments.NAME.notify]``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal

import msgspec

from cockpit.config.language import N_
from cockpit.config.trouble import Trouble

StateName = Literal[
    "Unhealthy",
    "unreachable",
    "not granted",
    "Degraded",
    "Unknown",
    "stale",
    "Repairing",
    "not monitored",
    "Disabled",
    "Healthy",
]
"""The words of ``fleet.states``, worst first."""

_STATE: Final = (
    r"(?:Unhealthy|unreachable|not granted|Degraded|Unknown|stale|Repairing|not monitored|Disabled|Healthy"
    r"|\*)"
)
When = Annotated[
    str,
    msgspec.Meta(
        pattern=f"^(?:worse|better|recovered|any|{_STATE}>{_STATE})$",
        description=N_(
            'one of "worse", "better", "recovered", "any", or two states such as '
            '"Healthy>Unhealthy", with * for every state'
        ),
    ),
]
Variable = Annotated[
    str,
    msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description=N_("the name of an environment variable")),
]
DAY: Final = 86_400
Interval = Annotated[float, msgspec.Meta(ge=1, le=DAY)]
Many = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Changes = Annotated[int, msgspec.Meta(ge=3, le=1000)]
OWN: Final = "POP_COCKPIT_"
"""The beginning of the variables in which a hook finds what has happened."""


class NotifySettings(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """How the operator is told.

    ``bell``: ring the terminal's bell. ``osc``: a desktop notification by the terminal, OSC 9 or OSC 777;
    ``auto``: whichever this terminal is known to show, or none.
    ``of``: ``server`` tells of a server's state as a whole, ``monitor`` of each monitor too.
    ``when``: which changes; ``minimum``: and only where the worse of the two states is at least as bad.
    ``per_server``, ``total``: so many within ``window`` seconds at most; the others are told together.
    ``flapping``: so many changes within ``flapping_window`` seconds are told as one, until it has rested as
    long.
    ``quiet_in_maintenance``: nothing while one of the environment's maintenance windows is on.
    ``hook``: a program and its arguments, run without a shell for everything told, at most ``hook_at_once``
    at a time, each for ``hook_seconds`` at most. It has no variables of ours but the few it cannot do
    without, those that ``hook_variables`` names, and what has happened.
    """

    bell: bool = False
    osc: Literal["auto", "9", "777", "none"] = "none"
    of: Literal["server", "monitor"] = "server"
    when: tuple[When, ...] = ("worse", "recovered")
    minimum: StateName = "Degraded"
    per_server: Many = 3
    total: Many = 10
    window: Interval = 60.0
    flapping: Changes = 6
    flapping_window: Interval = 600.0
    quiet_in_maintenance: bool = True
    hook: tuple[str, ...] = ()
    hook_seconds: Annotated[float, msgspec.Meta(gt=0, le=600)] = 10.0
    hook_at_once: Annotated[int, msgspec.Meta(ge=1, le=16)] = 2
    hook_variables: tuple[Variable, ...] = ()

    @property
    def tells(self) -> bool:
        """Whether there is any way to tell."""
        return self.bell or self.osc != "none" or bool(self.hook)


def merged(raw: Mapping[str, Any], environment: str) -> NotifySettings:
    """The table of the file ``raw``, each key of it as ``environment`` has it where it has it. Both are
    sound."""
    return msgspec.convert({**raw.get("notify", {}), **_own(raw, environment)}, NotifySettings)


def _own(raw: Mapping[str, Any], environment: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = raw["environments"][environment].get("notify", {})
    return found


def troubles(
    raw: Mapping[str, Any], environment: str, settings: NotifySettings, secret: frozenset[str]
) -> Iterator[Trouble]:
    """What cannot be in ``settings``, merged from ``raw``, each where the file has the key. ``secret``:
    variables that hold passwords."""
    own = _own(raw, environment)
    for trouble in _troubles(settings, secret):
        table = ("environments", environment, "notify") if trouble.path[0] in own else ("notify",)
        yield trouble._replace(path=(*table, *trouble.path))


def _troubles(settings: NotifySettings, secret: frozenset[str]) -> Iterator[Trouble]:
    """Each with its key below the table."""
    for place, word in enumerate(settings.hook):
        if "\0" in word:
            yield Trouble(
                ("hook", place), N_("has a zero byte, which no program can be given"), N_("Take it out")
            )
    if settings.hook and not settings.hook[0].strip():
        yield Trouble(("hook", 0), N_("names no program"), N_('Write hook = ["/path/of/a/program"]'))
    elif settings.hook and "/" in settings.hook[0] and not settings.hook[0].startswith("/"):
        cure = N_("Write its whole path, or its name alone where it is on the PATH")
        yield Trouble(("hook", 0), N_("is a path that does not say from where"), cure)
    for place, name in enumerate(settings.hook_variables):
        path = ("hook_variables", place)
        if name in secret:
            yield Trouble(
                path, N_("{name} holds a password, and a hook gets none").format(name=name), N_("Take it out")
            )
        elif name.startswith(OWN):
            yield Trouble(
                path, N_("what begins with {own} is set by the cockpit").format(own=OWN), N_("Take it out")
            )
