"""What argparse itself says, so that it is said in the operator's language too.

argparse asks gettext's global functions for its words. They follow this process's environment, which our
children inherit, and a catalogue that Python does not have; so its words stay English where it makes them,
and are said anew where they are shown: in a help, and in the one line about a wrong command line
(``commands.parsing``). Here they stand for our catalogue, with named places in place of argparse's own.
"""

from __future__ import annotations

from typing import Final

from cockpit.config.language import N_

SENTENCES: Final = (
    N_("usage: "),
    N_("positional arguments"),
    N_("options"),
    N_("show this help message and exit"),
    N_("argument {argument_name}: {message}"),
    N_("unrecognized arguments: {arguments}"),
    N_("ambiguous option: {option} could match {matches}"),
    N_("invalid choice: {value} (choose from {choices})"),
    N_("invalid {type} value: {value}"),
    N_("unknown parser {parser_name} (choices: {choices})"),
    N_("expected one argument"),
    N_("expected at most one argument"),
    N_("expected at least one argument"),
    N_("expected {count} argument"),
    N_("expected {count} arguments"),
    N_("the following arguments are required: {arguments}"),
    N_("one of the arguments {arguments} is required"),
    N_("not allowed with argument {argument}"),
    N_("ignored explicit argument {value}"),
)
NEVER_SAID: Final = frozenset(
    {
        # Mistakes of the program that builds a parser.
        ".__call__() not defined",
        "'required' is an invalid argument for positionals",
        "mutually exclusive arguments must be optional",
        "%r is not callable",
        "cannot merge actions - two groups are named %r",
        "invalid option string %(option)r: must start with a character %(prefix_chars)r",
        "dest= is required for options like %r",
        "invalid conflict_resolution value: %r",
        "cannot have multiple subparser arguments",
        "conflicting option string: %s",
        "conflicting option strings: %s",
        "conflicting subparser: %s",
        "conflicting subparser alias: %s",
        'argument "-" with mode %r',
        "unexpected option string: %s",
        # Of files that argparse opens; it opens none of ours.
        "can't open '%(filename)s': %(error)s",
        # In place of it, ``commands.parsing`` has a line of its own.
        "%(prog)s: error: %(message)s\n",
    }
)
"""argparse's other words."""
NUMBER: Final = N_("number")
"""What a type of argument is called in ``invalid {type} value``."""
