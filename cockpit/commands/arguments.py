"""Types of arguments that several commands have."""

from __future__ import annotations

import argparse


def named(text: str) -> str:
    """The name of something, without the blanks around it. Raises what argparse tells of for an empty one."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it must not be empty")
    return text.strip()
