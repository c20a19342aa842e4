"""One message of CLIXML, read from text."""

from __future__ import annotations

from cockpit.exchange.clixml import (
    PSObject,
    read_message,
)

NAMESPACE = "http://schemas.microsoft.com/powershell/2004/04"


def read(xml: str) -> object:
    return read_message(xml.encode())


def read_object(xml: str) -> PSObject:
    value = read(xml)
    assert isinstance(value, PSObject)
    return value
