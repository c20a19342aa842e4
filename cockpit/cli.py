"""The command line: parse, call, print.

stdout is data, stderr is narration, exit codes are an API: 64 usage or configuration, 70 a crash
(its report is in a file), 130 interrupted; each command adds its own.
"""

from __future__ import annotations

import argparse
import logging
import math
import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from cockpit import __version__
from cockpit.commands import (
    completion,
    env_options,
    keys,
    left_out,
    liking,
    logs_options,
    narrowing_options,
    recovery_options,
    taking_options,
    timeline_options,
)
from cockpit.commands.argparse_words import NUMBER
from cockpit.commands.arguments import named, positive
from cockpit.commands.output import write_what_can_be_written
from cockpit.commands.parsing import USAGE, Parser
from cockpit.commands.recovery_options import example
from cockpit.commands.saying import SaidError
from cockpit.commands.topics import Commands, Top
from cockpit.config import environment as config
from cockpit.config import language, secrets
from cockpit.config.dangers import unverified
from cockpit.config.environment import ConfigError, Environment
from cockpit.config.language import N_, _
from cockpit.config.paths import paths
from cockpit.config.preferences import Preferences
from cockpit.config.spoken import spoken
from cockpit.exchange.text import clean_line

CRASH, INTERRUPTED, BROKEN_PIPE = 70, 130, 141

DESCRIPTION = N_(
    "Live view of the POP health sets of an Exchange organization, in the terminal. Without a command: the "
    "cockpit itself, on the default environment. pop-cockpit COMMAND --help tells more of a command, with an "
    "example."
)
NOTHING_CONFIGURED = N_("""\
No environment is configured yet.
  pop-cockpit demo                  opens the cockpit on a simulated organization
  pop-cockpit env add               asks for one, tries it, and writes it down
  pop-cockpit --env-file FILE       opens it on the environment in FILE
  {path}
                                    is where environments are looked for otherwise (see the README)""")


def _a_second_or_more(text: str) -> float:
    value = float(text)
    if not 1 <= value < math.inf:
        raise argparse.ArgumentTypeError(_("{text} is not a number of at least 1").format(text=text))
    return value


_a_second_or_more.__name__ = NUMBER


def parser() -> argparse.ArgumentParser:
    """The whole command line of design §4, as far as it is built."""
    top = Top(prog="pop-cockpit", description=_(DESCRIPTION))
    _common_options(top)
    _commands(top)
    return top


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The commands' own options take longer to make than many a module to load: the screen wants none."""
    top = Parser(prog="pop-cockpit", add_help=False)
    _common_options(top)
    found, left = top.parse_known_args(arguments)
    found.command = None
    return parser().parse_args(arguments) if left else found


def _common_options(top: argparse.ArgumentParser) -> None:
    top.add_argument(
        "--version",
        action="version",
        version=f"%(prog)s {__version__}",
        help=_("show program's version number and exit"),
    )
    top.add_argument("--env", metavar="NAME", help=_("which environment of the file (default: its default)"))
    top.add_argument("--env-file", metavar="FILE", type=Path, help=_("the file with environments"))
    mode = top.add_mutually_exclusive_group()
    mode.add_argument(
        "--read-only",
        dest="write",
        action="store_false",
        default=None,
        help=_("bind nothing that changes a server (the default)"),
    )
    mode.add_argument(
        "--write", dest="write", action="store_true", help=_("bind the keys that change servers")
    )
    top.add_argument(
        "--no-color", action="store_true", help=_("no colour (NO_COLOR in the environment does the same)")
    )
    top.add_argument("--no-mouse", action="store_true", help=_("leave the mouse to the terminal"))
    top.add_argument("--theme", metavar="NAME", help=_("colours of the screen"))
    top.add_argument(
        "--lang",
        choices=language.languages(),
        help=_("the language of all that people read (default: the file's, else the terminal's)"),
    )
    top.add_argument("--log-file", metavar="FILE", type=Path, help=_("where warnings of this program go"))
    top.add_argument(
        "--record",
        metavar="FILE",
        type=Path,
        help=_("record what the cockpit shows; pop-cockpit replay FILE shows it again"),
    )


def _commands(top: Top) -> None:
    commands = Commands(top.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser))
    top.commands = commands

    demo = commands.add_parser(
        "demo",
        help=_("the cockpit on a simulated organization"),
        epilog=example("demo --scenario selftest-hung"),
    )
    _lab_options(demo)

    lab = commands.add_parser(
        "lab", help=_("the simulated organization by itself"), epilog=example("lab scenarios")
    )
    labs = _group(lab, "lab_command")
    serve = labs.add_parser(
        "serve",
        help=_("serve until interrupted; prints the environment file when ready"),
        epilog=example("lab serve --scenario mixed --ready-file lab.toml"),
    )
    _lab_options(serve)
    serve.add_argument("--port", type=int, default=0, help=_("first port (default: any free ones)"))
    _lab_doors(serve)
    serve.add_argument(
        "--one-budget",
        action="store_true",
        help=_("count a user's Exchange shells over all servers together"),
    )
    serve.add_argument("--ready-file", metavar="F", type=Path, help=_("write the environment file here"))
    serve.add_argument(
        "--rehearsal",
        metavar="F",
        type=Path,
        help=_("the blueprint that rehearse --blueprint wrote"),
    )
    serve.add_argument("--die-with-stdin", action="store_true", help=_("end when stdin ends"))
    _format(
        labs.add_parser(
            "scenarios",
            help=_("what each scenario breaks and what cures it"),
            epilog=example("lab scenarios --format json"),
        )
    )
    ledger = labs.add_parser(
        "ledger",
        help=_("what the lab executed and what changed in it"),
        epilog=example("--env-file lab.toml lab ledger --since 40"),
    )
    ledger.add_argument("--since", type=int, default=0, metavar="SEQ", help=_("only entries after this one"))
    _format(ledger)
    knob = labs.add_parser(
        "knob",
        help=_("turn knobs of a lab's servers, such as front_log_rate, the lines per second into a log"),
        epilog=example("--env-file lab.toml lab knob EX01 front_log_rate=100"),
    )
    act = labs.add_parser(
        "act",
        help=_("do something to a lab's server, such as break, reboot, roll-log"),
        epilog=example("--env-file lab.toml lab act EX01 roll-log writer=POP3BE"),
    )
    knob.add_argument("server", metavar="S", help=_("a server, or * for all"))
    act.add_argument("server", metavar="S")
    act.add_argument("action", metavar="ACTION", help=_("one of cockpit/lab/actions.py"))
    for one in (knob, act):
        one.add_argument("values", metavar="NAME=VALUE", nargs="*", help=_("JSON, or text as it is"))

    status = commands.add_parser(
        "status",
        help=_(
            "monitors of the POP health sets; exit 0 healthy, 1 degraded or stale, 2 unhealthy, 3 unknown"
        ),
        epilog=example("status --server EX01 --format json"),
    )
    status.add_argument("--server", metavar="S", help=_("only this server"))
    status.add_argument("--watch", action="store_true", help=_("print again whenever something changes"))
    status.add_argument(
        "--record",
        dest="status_record",
        metavar="FILE",
        type=Path,
        help=_("with --watch: record what is read, for pop-cockpit replay and rehearse"),
    )
    status.add_argument(
        "--timeout",
        type=positive(float),
        default=120.0,
        metavar="SECONDS",
        help=_("for the whole fleet (default 120)"),
    )
    status.add_argument(
        "--heartbeat",
        type=_a_second_or_more,
        default=30.0,
        metavar="SECONDS",
        help=_("with --watch: a line of jsonl, and the text file anew, at least so often (default 30)"),
    )
    status.add_argument(
        "--textfile",
        metavar="F",
        type=Path,
        help=_("write the states for the node_exporter of Prometheus, which reads files named *.prom"),
    )
    status.add_argument(
        "--notify",
        action="store_true",
        help=_("with --watch: tell of changes as [notify] says, without a screen"),
    )
    narrowing_options.add(status)
    _format(status, "csv", "jsonl")

    recovery_options.add(commands, _group)
    logs_options.add(commands, _group)
    timeline_options.add(commands)
    taking_options.add(commands)

    probe = commands.add_parser(
        "probe",
        help=_("run one probe; exit 0 Succeeded, 2 failed, 3 not runnable or unknown"),
        epilog=example("probe 'POP\\PopCTPProbe' --server EX01"),
    )
    probe.add_argument(
        "identity", type=named, metavar="'SET\\PROBE'", help=_("for example 'POP\\PopCTPProbe'")
    )
    probe.add_argument("--server", metavar="S", required=True, type=named)
    _format(probe)

    env_options.add(commands, _group)
    keys.add(commands)
    completion.add(commands)

    doctor = commands.add_parser(
        "doctor",
        help=_("every link of the chain to the servers, what is wrong and what helps; it changes nothing"),
        description=_(
            "Every link of the chain to the servers, one line each: what was found, and what helps; "
            "exit 0 all is well, 1 warnings, 2 something is broken, 3 something could not be checked."
        ),
        epilog=example("doctor --server EX01 --problems"),
    )
    doctor.add_argument(
        "--server",
        dest="servers",
        metavar="S",
        action="append",
        default=[],
        type=named,
        help=_("only this server (repeatable)"),
    )
    doctor.add_argument("--problems", action="store_true", help=_("only what is not well"))
    doctor.add_argument(
        "--timeout",
        type=positive(float),
        default=120.0,
        metavar="SECONDS",
        help=_("for all of it (default 120)"),
    )
    _format(doctor)

    _format(commands.add_parser("info", help=_("every path and version it uses"), epilog=example("info")))


def _group(to: argparse.ArgumentParser, dest: str) -> Commands:
    """Sub-commands of ``to``."""
    return Commands(to.add_subparsers(dest=dest, metavar="COMMAND", required=True, parser_class=Parser))


def _lab_doors(serve: argparse.ArgumentParser) -> None:
    """The choices are those of ``lab.doors``, which is loaded for a lab alone."""
    auths = ("basic-tls", "ntlm", "ntlm-tls", "negotiate", "negotiate-tls", "kerberos", "kerberos-tls")
    serve.add_argument(
        "--auth", choices=(*auths, "certificate"), default="basic-tls", help=_("how clients sign in")
    )
    serve.add_argument(
        "--keytab",
        metavar="F",
        type=Path,
        default=os.environ.get("KRB5_KTNAME", "").removeprefix("FILE:") or None,
        help=_("keys of the servers' HTTP/NAME for Kerberos (default: KRB5_KTNAME)"),
    )
    serve.add_argument(
        "--channel-binding",
        choices=("none", "relaxed", "strict"),
        default="relaxed",
        help=_("what sign-ins over TLS must be bound to it: none, those that say so, all"),
    )
    serve.add_argument(
        "--kerberos-only", action="store_true", help=_("the Exchange endpoint takes no NTLM, as the real one")
    )


def _lab_options(to: argparse.ArgumentParser) -> None:
    to.add_argument(
        "--scenario",
        default="mixed" if to.prog.endswith("demo") else "healthy",
        help=_("what is broken (see: pop-cockpit lab scenarios)"),
    )
    to.add_argument("--servers", type=int, metavar="N", help=_("how many servers (default: the scenario's)"))
    to.add_argument(
        "--speed",
        type=positive(float),
        default=1.0,
        metavar="X",
        help=_("how many times faster than real time the lab's clock runs"),
    )
    to.add_argument("--seed", type=int, default=1, metavar="N", help=_("everything random comes from it"))


def _format(to: argparse.ArgumentParser, *more: str) -> None:
    to.add_argument("--format", choices=("table", "json", *more), default="table")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. No traceback ever reaches the terminal."""
    write_what_can_be_written()
    language.use(language.chosen(_named_language(arguments), os.environ))
    if completion.asked(os.environ):
        completion.answer(parser())
    options = _parsed(arguments)
    if options.no_color:
        os.environ["NO_COLOR"] = "1"
    try:
        _log_to(options.log_file)
        _speak(options)
        return _run(options)
    except ConfigError as error:
        words = str(error) if isinstance(error, SaidError) else spoken(str(error))
        print(f"pop-cockpit: {words}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our stdout went away; nothing is left to say to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except Exception as error:
        from cockpit.ui.life import crash_line

        print(crash_line(error, paths().crashes), file=sys.stderr)
        return CRASH


def _named_language(arguments: Sequence[str] | None) -> str | None:
    """What ``--lang`` says, before there is a parser: the help is in that language too."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    for at, word in enumerate(words):
        if word == "--":
            break
        if word == "--lang":
            return "".join(words[at + 1 : at + 2])
        if word.startswith("--lang="):
            return word.removeprefix("--lang=")
    return None


def _speak(options: argparse.Namespace) -> None:
    """The language of the file where nothing else was asked for. A file that cannot be read is told by
    whoever needs it."""
    if options.lang is not None:
        return
    with suppress(ConfigError):
        likes = _preferences(options)
        wanted = likes.screen.language
        if wanted in language.languages():
            language.use(wanted)
        elif wanted:
            there = ", ".join(language.languages())
            _warn(
                _("{file}: [screen] language: {language} is none that this program speaks: {there}.").format(
                    file=likes.file, language=clean_line(wanted), there=there
                )
            )


def _log_to(file: Path | None) -> None:
    """Warnings go to ``file``, or nowhere: the terminal is for the command's own words."""
    if file is None:
        logging.getLogger().addHandler(logging.NullHandler())
        return
    try:
        stream = open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a")  # noqa: SIM115
    except OSError as error:
        raise ConfigError(f"--log-file {file}: {error.strerror}.") from None
    logging.basicConfig(
        stream=stream, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    # pypsrp logs envelopes and what it raises; our own errors say it without the payload.
    logging.getLogger("pypsrp").setLevel(logging.CRITICAL)


RECORDED = (None, "demo", "status", "rehearse")
"""Commands that what they show can be recorded of."""


def _run(options: argparse.Namespace) -> int:
    if options.record is not None and options.command not in RECORDED:
        words = _("--record is for the cockpit and for status --watch, not for {command}.")
        raise SaidError(words.format(command=options.command))
    match options.command:
        case None | timeline_options.PULSE:
            return _screen(options)
        case timeline_options.NAME:
            return timeline_options.run(options, lambda: _environment(options))
        case "demo":
            return _demo(options)
        case "lab":
            return _lab(options)
        case "status":
            from cockpit.commands import status

            if options.notify and not options.watch:
                raise SaidError(_("--notify: there are no changes without --watch. Add --watch."))
            return status.run(
                _environment(options),
                options.server,
                options.watch,
                options.format,
                options.timeout,
                color=not os.environ.get("NO_COLOR"),
                heartbeat=options.heartbeat,
                textfile=options.textfile,
                notify=options.notify,
                record=options.status_record or options.record,
                wanted=options.filter,
                by=options.group_by,
            )
        case "probe":
            from cockpit.commands import probe

            return probe.run(_environment(options), options.identity, options.server, options.format)
        case env_options.NAME:
            return env_options.run(options, _env_file(options), lambda: _environment(options))
        case "doctor":
            return _doctor(options)
        case completion.NAME:
            return completion.run(options.shell)
        case keys.NAME:
            return keys.run(options, _preferences(options))
        case "info":
            from cockpit.commands import info

            return info.run(_env_file(options), options.format)
    if options.command in taking_options.NAMES:
        return taking_options.run(options, _preferences(options), record=options.record)
    if options.command == logs_options.NAME:
        return logs_options.run(options, lambda: _environment(options), lambda: _preferences(options))
    if options.command in recovery_options.NAMES:
        from cockpit.commands.desk import Desk

        return recovery_options.run(options, Desk(_environment(options), _program(options)))
    raise SaidError(_("unknown command {command}").format(command=options.command))


def _doctor(options: argparse.Namespace) -> int:
    from cockpit.commands import doctor
    from cockpit.doctor.examining import Wanted

    wanted = Wanted(_env_file(options), tuple(options.servers), seconds=options.timeout)
    return doctor.run(_environment(options), wanted, options.format, problems=options.problems)


def _program(options: argparse.Namespace) -> str:
    """How to call this program again on the same environment. What it then does may need write mode."""
    words = ["pop-cockpit"]
    if options.env_file is not None:
        words += ["--env-file", str(options.env_file)]
    if options.env is not None:
        words += ["--env", options.env]
    if options.write:
        words.append("--write")
    return shlex.join(words)


def _env_file(options: argparse.Namespace) -> Path:
    chosen: Path | None = options.env_file
    return chosen if chosen is not None else paths().environments


def _environment(options: argparse.Namespace) -> Environment:
    environment = config.choose(_env_file(options), options.env)
    left_out.refuse(environment, options)
    secrets.take_ticket_cache(environment)
    if warning := unverified(environment):
        words = _("{warning}: whoever is on the way can read and change everything.")
        _warn(words.format(warning=spoken(warning)))
    return environment if options.write is None else config.with_mode(environment, write=options.write)


def _warn(text: str) -> None:
    """One line of narration, red where a terminal shows colours."""
    red = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    print(f"\x1b[1;31m{text}\x1b[0m" if red else text, file=sys.stderr, flush=True)


def _screen(options: argparse.Namespace) -> int:
    from cockpit.commands import screen

    if options.env_file is None and not paths().environments.exists():
        raise SaidError(_(NOTHING_CONFIGURED).format(path=paths().environments))
    likes = _preferences(options)
    return screen.run(
        _environment(options),
        mouse=_mouse(options, likes),
        theme=options.theme or likes.screen.theme or None,
        preferences=likes,
        record=options.record,
        pulse=options.command == timeline_options.PULSE,
    )


def _demo(options: argparse.Namespace) -> int:
    from cockpit.commands import screen

    wanted = screen.DemoOptions(options.scenario, options.servers, options.speed, options.seed)
    likes = _preferences(options)
    return screen.demo(
        wanted,
        write=options.write,
        mouse=_mouse(options, likes),
        theme=options.theme or likes.screen.theme or None,
        preferences=likes,
        record=options.record,
    )


def _preferences(options: argparse.Namespace) -> Preferences:
    """Of the file in use, or else of the user's own."""
    return liking.liked((_env_file(options), paths().environments))


def _mouse(options: argparse.Namespace, preferences: Preferences) -> bool:
    return preferences.screen.mouse and not options.no_mouse


def _lab(options: argparse.Namespace) -> int:
    from cockpit.commands import lab

    match options.lab_command:
        case "serve":
            return lab.serve(
                lab.ServeOptions(
                    scenario=options.scenario,
                    servers=options.servers,
                    speed=options.speed,
                    seed=options.seed,
                    port=options.port,
                    auth=options.auth,
                    keytab=options.keytab,
                    hardening=options.channel_binding,
                    kerberos_only=options.kerberos_only,
                    ready_file=options.ready_file,
                    die_with_stdin=options.die_with_stdin,
                    one_budget=options.one_budget,
                    rehearsal=options.rehearsal,
                )
            )
        case "scenarios":
            return lab.scenarios(options.format)
        case "knob":
            return lab.knob(_environment(options), options.server, options.values)
        case "act":
            return lab.act(_environment(options), options.server, options.action, options.values)
        case _:
            return lab.ledger(_environment(options), options.since, options.format)
