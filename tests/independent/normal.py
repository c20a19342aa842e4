"""The one form in which answers of different clients are compared.

A value is None, bool, int, float, str, a list, ``{"bytes": hex}``, ``{"entries": [[key, value], …]}`` or an
object: ``{"types", "text", "value", "properties"}``. What clients are free to show differently is made alike:

- A moment is text in UTC to the microsecond: some clients give the text of the wire, some a datetime.
- Type names lose ``Deserialized.``, which a client adds or not (exchange-facts §2.0).
- A collection is its items: its type names say how the server held it.
- A GUID is text in lower case.

This module imports nothing but the standard library: the script in the other environment uses it too.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, TypeAlias

Normal: TypeAlias = Any

UNREAD = {"unread": True}
"""What a client leaves as it came: equal to anything. Only on the right of a comparison."""

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?")
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def text(value: str) -> str:
    """``value``, or its moment in UTC where it is one."""
    found = _MOMENT.fullmatch(value)
    if found is None:
        return value.lower() if _GUID.fullmatch(value) else value
    seconds, fraction, zone = found.groups()
    micro = (fraction or "").ljust(6, "0")[:6]
    return moment(datetime.fromisoformat(f"{seconds}.{micro}{zone or ''}"))


def moment(value: datetime) -> str:
    """The first and last day of .NET have no UTC of their own everywhere: they are named."""
    if value.year == 1:
        return "moment: never"
    if value.year == 9999:
        return "moment: for ever"
    zone = "local"
    if value.tzinfo is not None:
        value, zone = value.astimezone(UTC), "Z"
    return f"moment: {value.replace(tzinfo=None).isoformat(timespec='microseconds')} {zone}"


def thing(types: list[str], shown: str | None, value: Normal, properties: dict[str, Normal]) -> Normal:
    """An object; one that is nothing but a collection is the collection."""
    if isinstance(value, list) and not properties and shown is None:
        return value
    names = [name.removeprefix("Deserialized.") for name in types]
    return {
        "types": names,
        "text": None if shown is None else text(shown),
        "value": value,
        "properties": properties,
    }


def record(message: str, fqid: str, category: str, reason: str, target: str) -> dict[str, str]:
    """An error record. In Exchange's ids (exchange-facts §5.6) the GUID of the request and the time differ
    from call to call; so does, in the lab, the hash."""
    ids = re.sub(r"RequestId=[^,\]]+", "RequestId=…", fqid)
    ids = re.sub(r"TimeStamp=[^\]]+", "TimeStamp=…", ids)
    ids = re.sub(r"\] [0-9A-F]{6,7},", "] …,", ids)
    return {"message": message, "fqid": ids, "category": category, "reason": reason, "target": target}


def answer(
    state: str,
    output: list[Normal],
    warnings: list[str],
    errors: list[dict[str, str]],
    failure: dict[str, str] | None,
) -> dict[str, Normal]:
    """What one pipeline gave. ``state``: Completed, Failed or Stopped."""
    return {"state": state, "output": output, "warnings": warnings, "errors": errors, "failure": failure}


def differences(left: Normal, right: Normal, at: str = "") -> list[str]:
    """Where two normal values differ, as paths with both values; none: they are the same."""
    if right == UNREAD:
        return []
    if isinstance(left, dict) and isinstance(right, dict):
        found = [f"{at}.{name}: only left" for name in left if name not in right]
        found += [f"{at}.{name}: only right" for name in right if name not in left]
        for name in left:
            if name in right:
                found += differences(left[name], right[name], f"{at}.{name}")
        return found
    if isinstance(left, list) and isinstance(right, list):
        found = [] if len(left) == len(right) else [f"{at}: {len(left)} items, {len(right)} items"]
        for n, (one, other) in enumerate(zip(left, right, strict=False)):
            found += differences(one, other, f"{at}[{n}]")
        return found
    if left != right or isinstance(left, bool) is not isinstance(right, bool):
        return [f"{at}: {left!r}, {right!r}"]
    return []
