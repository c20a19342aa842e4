"""Every touch of Textual's private names, for 8.2.8. Each has a test in tests/ui/test_hacks.py."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual.app import App
from textual.binding import Binding, BindingsMap
from textual.dom import DOMNode


def replace_bindings(node: DOMNode, bindings: Iterable[Binding]) -> None:
    """The bindings of ``node`` are these and no others. BINDINGS is per class, and ours depend on the
    mode and the user's keymap, which are known when the node is made."""
    node._bindings = BindingsMap(bindings)


def write_to_terminal(app: App[Any], data: str) -> None:
    """``data`` as it is, in order with what Textual writes (``copy_to_clipboard`` knows no tmux)."""
    if app._driver is not None:
        app._driver.write(data)
