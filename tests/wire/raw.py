"""WSMan by hand, to see the bytes pypsrp hides."""

from __future__ import annotations

import asyncio
import base64
import re
import struct
import xml.etree.ElementTree as ET
from asyncio import to_thread
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
import requests
from pypsrp.exceptions import WSManFaultError
from pypsrp.powershell import RunspacePool
from pypsrp.wsman import WSMan

from cockpit.lab.wire.endpoint import Endpoint
from cockpit.lab.wire.soap import RESOURCE
from tests.wire.demo import PASSWORD, USER

EXCHANGE = RESOURCE + "Microsoft.Exchange"


class Exchange(NamedTuple):
    sent: bytes
    status: int
    headers: Any
    received: bytes

    @property
    def verb(self) -> str:
        found = re.search(rb"Action[^>]*>[^<]*/(\w+)<", self.sent)
        return found.group(1).decode() if found else ""

    @property
    def streams(self) -> list[bytes]:
        return [base64.b64decode(text) for text in re.findall(rb"<rsp:Stream [^>]*>([^<]*)<", self.received)]


class Tap:
    """Records what a pypsrp connection exchanges."""

    def __init__(self, connection: WSMan) -> None:
        self.exchanges: list[Exchange] = []
        session = connection.transport._build_session()
        session.hooks["response"].append(self._note)
        connection.transport.session = session

    def _note(self, response: requests.Response, **_: Any) -> None:
        body = response.request.body or b""
        sent = body.encode() if isinstance(body, str) else body
        self.exchanges.append(Exchange(sent, response.status_code, response.headers, response.content))

    def of(self, verb: str) -> list[Exchange]:
        return [e for e in self.exchanges if e.verb == verb]


class Fragment(NamedTuple):
    object_id: int
    number: int
    flags: int
    blob: bytes


def fragments(stream: bytes) -> Iterator[Fragment]:
    offset = 0
    while offset < len(stream):
        object_id, number, flags, length = struct.unpack_from(">QQBI", stream, offset)
        yield Fragment(object_id, number, flags, stream[offset + 21 : offset + 21 + length])
        offset += 21 + length


def post(port: int, body: bytes, path: str = "PowerShell", **headers: str) -> requests.Response:
    kind = {"Content-Type": "application/soap+xml;charset=UTF-8", **headers}
    login = (USER.encode(), PASSWORD.encode())
    return requests.post(f"http://localhost:{port}/{path}", body, auth=login, headers=kind, timeout=10)  # type: ignore[arg-type]


def envelope(
    action: str,
    *,
    resource: str = "",
    shell: str = "",
    body: str = "",
    size: int = 153600,
    timeout: float = 0.5,
) -> bytes:
    selector = (
        f'<w:SelectorSet><w:Selector Name="ShellId">{shell}</w:Selector></w:SelectorSet>' if shell else ""
    )
    return (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
        'xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" '
        'xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"><s:Header>'
        f"<a:Action>{action}</a:Action><a:MessageID>uuid:1</a:MessageID><w:ResourceURI>{resource}</w:ResourceURI>"
        f"<w:MaxEnvelopeSize>{size}</w:MaxEnvelopeSize><w:OperationTimeout>PT{timeout}S</w:OperationTimeout>{selector}"
        f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def fault_code(response: requests.Response) -> int:
    assert response.status_code == 500
    found = ET.fromstring(response.content).find(
        ".//{http://schemas.microsoft.com/wbem/wsman/1/wsmanfault}WSManFault"
    )
    assert found is not None
    return int(found.get("Code", "0"))


async def code_of(work: Callable[[], object]) -> int:
    """The WSMan fault ``work`` meets in its thread."""
    with pytest.raises(WSManFaultError) as caught:
        await to_thread(work)
    return int(caught.value.code)


async def arrived(endpoint: Endpoint, opened: RunspacePool) -> None:
    """Until a request of ``opened`` is being answered."""
    async with asyncio.timeout(5):
        while endpoint._service._shells[opened.id.upper()].watch.idle_seconds:
            await asyncio.sleep(0.01)
