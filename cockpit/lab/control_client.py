"""Talks to a lab's control endpoint. Standard library only."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

_TIMEOUT = 30.0


class ControlError(OSError):
    """The lab refused or cannot be reached; the text says which."""


class RefusedError(ControlError):
    """The lab answered that it cannot do that."""


def _call(url: str, token: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310 - the lab's own address
        url.rstrip("/") + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        method="GET" if body is None else "POST",
    )
    # A loopback address is never reached through a proxy.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_TIMEOUT) as answer:
            found: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        raise RefusedError(_reason(error)) from error
    except (OSError, ValueError) as error:
        raise ControlError(f"the lab's control endpoint does not answer: {error}") from error
    return found


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError, TypeError):
        return f"the lab answered with status {error.code}"


def ledger(url: str, token: str, since: int = 0) -> list[dict[str, Any]]:
    """All entries after number ``since``, page by page."""
    entries: list[dict[str, Any]] = []
    while True:
        page = _call(url, token, f"/ledger?since={since}")
        entries += page["entries"]
        if not page["entries"] or page["entries"][-1]["seq"] >= page["last"]:
            return entries
        since = page["entries"][-1]["seq"]


def shells(url: str, token: str) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Open shells: server, then ``exchange`` or ``winrm``."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = _call(url, token, "/shells")["servers"]
    return found


def state(url: str, token: str, *, every_monitor: bool = False) -> dict[str, Any]:
    return _call(url, token, "/state?all=1" if every_monitor else "/state")


def scenario(url: str, token: str) -> dict[str, Any]:
    return _call(url, token, "/scenario")


def set_knobs(url: str, token: str, server: str = "*", **knobs: Any) -> dict[str, Any]:
    """``wire={...}`` for those of the endpoints; see ``control.py``."""
    return _call(url, token, "/knobs", {"server": server, **knobs})


def act(url: str, token: str, name: str, action: str, **more: Any) -> dict[str, Any]:
    """``name``: the server. Actions and what more they take: ``actions.py``."""
    return _call(url, token, "/server", {"name": name, "action": action, **more})


def advance(url: str, token: str, seconds: float) -> str:
    """The simulated clock jumps forward; the new simulated time."""
    return str(_call(url, token, "/advance", {"seconds": seconds})["now"])
