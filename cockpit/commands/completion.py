"""``pop-cockpit completion SHELL``: the script that lets a shell complete our command lines.

The script calls this program at each tab (argcomplete: with ``_ARGCOMPLETE`` in its environment); the answer
is made of the parser and of local files alone (``commands.local_names``). No server is asked, no password
read.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any, Final

from cockpit.commands.parsing import AsItIs
from cockpit.commands.recovery_options import example
from cockpit.config.language import _

NAME: Final = "completion"
SHELLS: Final = ("bash", "zsh", "fish")
ASKED: Final = "_ARGCOMPLETE"
"""In the environment of a call by a completing shell."""


def add(commands: Any) -> None:
    made = commands.add_parser(
        NAME,
        help=_("the script for a shell that completes commands, options and the names it knows here"),
        description=_(
            "Prints the script that lets a shell complete commands, options, and the names that local files "
            "hold: environments, servers, runs, themes. No server is asked. Install it once:\n\n"
            "  bash  pop-cockpit completion bash > ~/.local/share/bash-completion/completions/pop-cockpit\n"
            '  bash  without bash-completion, in ~/.bashrc: eval "$(pop-cockpit completion bash)"\n'
            '  zsh   in ~/.zshrc, after compinit: eval "$(pop-cockpit completion zsh)"\n'
            "  fish  pop-cockpit completion fish > ~/.config/fish/completions/pop-cockpit.fish"
        ),
        formatter_class=AsItIs,
        epilog=example("completion bash"),
    )
    made.add_argument("shell", choices=SHELLS, help=_("whose script"))


def run(shell: str) -> int:
    """Print it."""
    from argcomplete.shell_integration import shellcode

    sys.stdout.write(shellcode(["pop-cockpit"], use_defaults=False, shell=shell))
    return 0


def asked(environ: Mapping[str, str]) -> bool:
    """Whether a shell asks what could stand here."""
    return ASKED in environ


def answer(parser: argparse.ArgumentParser) -> None:
    """Give the shell what could stand there, and end."""
    from cockpit.commands import completing

    completing.answer(parser)
