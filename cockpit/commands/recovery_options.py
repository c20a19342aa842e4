"""The command line of recoveries: options, and which function a command calls."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cockpit.commands import logging_options
from cockpit.commands.arguments import named
from cockpit.commands.saying import SaidError
from cockpit.config.language import N_, _
from cockpit.journal.words import REASON_LENGTH

if TYPE_CHECKING:
    from cockpit.commands.desk import Desk

NAMES = ("recover", "runs", "obligations", "journal", "service", "logging")
EXITS = N_("exit 0 recovered, 1 left at a question, 2 escalated, 3 aborted or refused")
Commands = Any
"""argparse's sub-parsers action, whose type has no public name."""


def _reason(text: str) -> str:
    if len(text.strip()) < REASON_LENGTH:
        raise argparse.ArgumentTypeError(
            _("it must have at least {count} characters").format(count=REASON_LENGTH)
        )
    return text.strip()


def _counted(text: str, refusal: str) -> int:
    """``refusal``: what is said of a text that is no number, with a place for it."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError(refusal.format(text=text))
    return number


def _sequence(text: str) -> int:
    return _counted(text, _("{text} is not a line's number"))


def _obligation(text: str) -> int:
    return _counted(
        text, _("{text} is not an obligation's number; they are listed by: pop-cockpit obligations")
    )


def example(command: str) -> str:
    """The last line of a help: one call that works."""
    return _("example: pop-cockpit {command}").format(command=command)


def add(commands: Commands, group: Callable[..., Commands]) -> None:
    """Add the commands to ``commands``. ``group(parser, dest)`` makes sub-commands of one."""
    _add_recover(commands)
    _add_runs(commands, group)
    _add_obligations(commands)
    _add_journal(commands, group)
    _add_service(commands, group)
    logging_options.add(_command, commands, group)


def _command(commands: Commands, name: str, words: str, shown: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(
        name, help=words, description=words[:1].upper() + words[1:] + ".", epilog=example(shown)
    )
    return made


def _form(to: argparse.ArgumentParser) -> None:
    to.add_argument("--format", choices=("table", "json"), default="table")


def _server(to: argparse.ArgumentParser) -> None:
    to.add_argument("--server", metavar="S", required=True, type=named)


def _add_recover(commands: Commands) -> None:
    made = _command(
        commands,
        "recover",
        _("recover a monitor of the POP health sets by Microsoft's procedure; {exits}").format(
            exits=_(EXITS)
        ),
        "recover PopSelfTestMonitor --server EX01 --plan",
    )
    made.add_argument("monitor", type=named, metavar="MONITOR", help=_("for example PopSelfTestMonitor"))
    _server(made)
    how = made.add_mutually_exclusive_group()
    how.add_argument(
        "--plan",
        action="store_true",
        help=_("every guard read now, nothing sent; exit 0 nothing in the way, 2 refused, 3 not readable"),
    )
    how.add_argument(
        "--auto",
        action="store_true",
        help=_("send what nothing refuses without asking; stop at the first question that needs a person"),
    )
    _form(made)


def _add_runs(commands: Commands, group: Callable[..., Commands]) -> None:
    top = _command(commands, "runs", _("history and living runs"), "runs list --open")
    inner = group(top, "runs_command")
    made = _command(inner, "list", _("the runs, newest first"), "runs list --open --format json")
    made.add_argument("--open", action="store_true", help=_("only runs that have not ended"))
    _form(made)
    made = _run(inner, "show", _("one run, whole"), "runs show 4f2a")
    _form(made)
    made = _run(
        inner,
        "attach",
        _("follow a run and answer its questions; {exits}").format(exits=_(EXITS)),
        "runs attach 4f2a",
    )
    _form(made)
    made = _run(
        inner,
        "resume",
        _("work on a run that was left, and follow it; {exits}").format(exits=_(EXITS)),
        "--write runs resume 4f2a",
    )
    _form(made)
    made = _run(
        inner,
        "abort",
        _("have what is open undone and end the run; exit 0 asked for, 3 refused"),
        "--write runs abort 4f2a --reason 'the alert was a planned reboot'",
    )
    made.add_argument("--reason", metavar="R", required=True, type=_reason)
    made = _run(
        inner,
        "end-wait",
        _("end the wait a run is at, before its time; exit 0 asked for, 3 refused"),
        "--write runs end-wait 4f2a --reason 'the monitor is Healthy already'",
    )
    made.add_argument("--reason", metavar="R", required=True, type=_reason)
    made = _run(
        inner,
        "export",
        _("write the evidence bundle, print its path; exit 0 written, 3 refused"),
        "runs export 4f2a --to .",
    )
    made.add_argument("--to", metavar="FOLDER", type=Path, default=Path(), help=_("default: here"))
    _add_answer(inner)


def _add_answer(inner: Commands) -> None:
    made = _run(
        inner,
        "answer",
        _("answer the open question of a run once; exit 0 answered, 3 refused"),
        "--write runs answer 4f2a go --typed EX01",
    )
    made.add_argument("choice", metavar="CHOICE", help=_("go, again, skip, override, hand-over or abort"))
    made.add_argument(
        "--typed", metavar="NAME", default="", help=_("the server's name, where it is to be typed")
    )
    made.add_argument(
        "--reason", metavar="R", default="", help=_("at least 10 characters, where one is wanted")
    )
    made.add_argument("--guard", metavar="G", default="", help=_("of an override: the guard"))
    made.add_argument("--object", metavar="O", default="", help=_("of an override: the object"))
    made.add_argument("--to", metavar="NAME", default="", help=_("of a hand-over: who takes it"))


def _run(inner: Commands, name: str, words: str, shown: str) -> argparse.ArgumentParser:
    made = _command(inner, name, words, shown)
    made.add_argument("run", metavar="ID", type=named, help=_("a run's id, or a unique beginning of it"))
    return made


def _add_obligations(commands: Commands) -> None:
    made = _command(
        commands,
        "obligations",
        _(
            "what is still to be undone, found by a sweep over all servers; "
            "exit 0 nothing, 1 only harmless settings without a record, 2 something open or severe, "
            "3 not swept or refused"
        ),
        "obligations --format json",
    )
    made.add_argument(
        "--close",
        action="store_true",
        help=_("abort the runs that were left: restore what was; close what was handed over and is back"),
    )
    made.add_argument("--yes", action="store_true", help=_("with --close: without asking"))
    made.add_argument(
        "--accept",
        metavar="ID",
        type=_obligation,
        help=_("close this obligation that was handed over, though its value is not back: it stays as it is"),
    )
    made.add_argument("--reason", metavar="R", type=_reason, help=_("with --yes and --accept"))
    _form(made)


def _add_journal(commands: Commands, group: Callable[..., Commands]) -> None:
    top = _command(commands, "journal", _("the record of all that was done"), "journal verify")
    inner = group(top, "journal_command")
    made = _command(
        inner,
        "verify",
        _("prove the hash chain; exit 0 sound, 2 broken, 3 cannot be read"),
        "journal verify --checkpoints kept-elsewhere.jsonl",
    )
    made.add_argument(
        "--checkpoints", metavar="FILE", type=Path, help=_("checkpoints that were kept elsewhere")
    )
    _form(made)
    made = _command(
        inner, "export", _("print the lines for a collector"), "journal export --format ecs --after 1200"
    )
    made.add_argument("--format", choices=("jsonl", "ecs", "ocsf"), required=True)
    made.add_argument("--run", metavar="ID", type=named, help=_("only this run's"))
    made.add_argument(
        "--after", metavar="SEQ", type=_sequence, default=0, help=_("only lines after this one")
    )
    _command(inner, "checkpoint", _("sign where the journal stands, print it"), "journal checkpoint")


def _add_service(commands: Commands, group: Callable[..., Commands]) -> None:
    top = _command(commands, "service", _("POP3 services of a server"), "service status --server EX01")
    inner = group(top, "service_command")
    for name, words, shown in (
        (
            "status",
            _("state, start mode and process; exit 0 running, 2 not running, 3 not readable"),
            "service status --server EX01",
        ),
        (
            "restart",
            _("restart one, with guards and journal; {exits}").format(exits=_(EXITS)),
            "--write service restart --server EX01 --backend",
        ),
    ):
        made = _command(inner, name, words, shown)
        _server(made)
        made.add_argument("--backend", action="store_true", help=_("MSExchangePOP3BE, not the front end's"))
        _form(made)


# --- calling -------------------------------------------------------------------------------------


def run(options: argparse.Namespace, desk: Desk) -> int:
    """Call what was asked for; its exit code. Raises ConfigError."""
    return _CALLS[options.command](options, desk)


def _recover(options: argparse.Namespace, desk: Desk) -> int:
    from cockpit.commands import recover

    wanted = recover.Wanted(options.monitor, options.server, options.plan, options.auto, options.format)
    return recover.run(desk, wanted)


def _runs(options: argparse.Namespace, desk: Desk) -> int:
    from cockpit.commands import runs
    from cockpit.journal.records import Answer

    match options.runs_command:
        case "list":
            return runs.listed(desk, options.open, options.format)
        case "show":
            return runs.show(desk, options.run, options.format)
        case "attach":
            return runs.attach(desk, options.run, options.format)
        case "resume":
            return runs.resume(desk, options.run, options.format)
        case "abort":
            return runs.abort(desk, options.run, options.reason)
        case "end-wait":
            return runs.end_wait(desk, options.run, options.reason)
        case "export":
            return runs.export(desk, options.run, options.to)
        case "answer":
            given = Answer(
                choice=runs.choice_named(options.choice),
                by="",
                reason=options.reason.strip(),
                typed=options.typed,
                guard=options.guard,
                object=options.object,
                to=options.to.strip(),
            )
            return runs.answer(desk, options.run, given)
    raise SaidError(_("unknown command {command}").format(command=f"runs {options.runs_command}"))


def _obligations(options: argparse.Namespace, desk: Desk) -> int:
    from cockpit.commands import obligations

    wanted = obligations.Wanted(
        options.close, options.yes, options.reason or "", options.format, options.accept
    )
    return obligations.run(desk, wanted)


def _journal(options: argparse.Namespace, desk: Desk) -> int:
    from cockpit.commands import journal

    match options.journal_command:
        case "verify":
            return journal.verify(desk, options.checkpoints, options.format)
        case "export":
            return journal.export(desk, options.format, options.run, options.after)
        case _:
            return journal.checkpoint(desk)


def _service(options: argparse.Namespace, desk: Desk) -> int:
    from cockpit.commands import service

    does = service.status if options.service_command == "status" else service.restart
    return does(desk, options.server, options.backend, options.format)


def _logging(options: argparse.Namespace, desk: Desk) -> int:
    from cockpit.commands import logging

    match options.logging_command:
        case "on":
            wanted = logging.Wanted(options.services, options.time, options.auto)
            return logging.on(desk, options.server, wanted, options.format)
        case "off":
            return logging.off(desk, options.server, options.auto, options.format)
        case _:
            return logging.status(desk, options.server, options.format)


_CALLS: dict[str, Callable[[argparse.Namespace, Desk], int]] = {
    "recover": _recover,
    "runs": _runs,
    "obligations": _obligations,
    "journal": _journal,
    "service": _service,
    "logging": _logging,
}
