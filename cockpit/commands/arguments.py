"""Types of arguments that several commands have."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

from cockpit.commands.argparse_words import NUMBER
from cockpit.config.language import _


def named(text: str) -> str:
    """The name of something, without the blanks around it. Raises what argparse tells of for an empty one."""
    if not text.strip():
        raise argparse.ArgumentTypeError(_("it must not be empty"))
    return text.strip()


def positive(kind: Callable[[str], float]) -> Callable[[str], float]:
    """A number of that kind, more than 0 and not infinite."""

    def convert(text: str) -> float:
        value = kind(text)
        if not 0 < value < math.inf:
            raise argparse.ArgumentTypeError(_("{text} is not a number more than 0").format(text=text))
        return value

    convert.__name__ = NUMBER
    return convert
