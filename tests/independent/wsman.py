"""WS-Management by hand: one TCP connection, one envelope after the other (MS-WSMV 2.2.4, 3.1.4).

http.client and ElementTree only. The reader is strict where Windows is uniform: every answer must be
sound XML, relate to the request, and be the answer to its action.
"""

from __future__ import annotations

import base64
import http.client
import ssl
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import urlsplit
from xml.sax.saxutils import escape, quoteattr

SOAP: Final = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
WSMAN: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
FAULT: Final = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
SHELL: Final = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
CREATE: Final = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Create"
DELETE: Final = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Delete"
ENVELOPE_BYTES: Final = 153_600


class FaultAnswer(Exception):  # noqa: N818  # WSMan's word
    """A WSManFault."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class HttpAnswer(Exception):  # noqa: N818
    """An HTTP status that is not WSMan's."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


class Login(Protocol):
    """How a connection says who we are, and what it does to bodies."""

    def begin(self, connection: http.client.HTTPConnection, path: str) -> None:
        """Before the first request of a connection."""

    def headers(self) -> dict[str, str]:
        """Of every request."""

    def seal(self, body: bytes) -> tuple[str, bytes]:
        """Content type and body as they are sent."""

    def unseal(self, kind: str, body: bytes) -> bytes:
        """The body as it was meant."""


@dataclass(frozen=True)
class Basic:
    """RFC 7617, in UTF-8."""

    user: str
    password: str

    def begin(self, connection: http.client.HTTPConnection, path: str) -> None:
        """Nothing: the password travels with every request."""

    def headers(self) -> dict[str, str]:
        token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {token}"}

    def seal(self, body: bytes) -> tuple[str, bytes]:
        return "application/soap+xml;charset=UTF-8", body

    def unseal(self, kind: str, body: bytes) -> bytes:
        assert kind.lower().replace(" ", "") == "application/soap+xml;charset=utf-8", kind
        return body


class Connection:
    """To one endpoint. ``timeout``: OperationTimeout of every request, in seconds."""

    def __init__(
        self,
        url: str,
        configuration: str,
        login: Login,
        *,
        ca_file: str = "",
        timeout: float = 20.0,
    ) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self._url, self._path = url, parts.path
        self._resource = f"http://schemas.microsoft.com/powershell/{configuration}"
        self._login = login
        self._timeout = timeout
        self._session = str(uuid.uuid4()).upper()
        self._http: http.client.HTTPConnection
        if parts.scheme == "https":
            trust = ssl.create_default_context(cafile=ca_file)
            self._http = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=60, context=trust)
        else:
            self._http = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        login.begin(self._http, self._path)

    def request(
        self, action: str, body: str = "", *, shell: str = "", options: Mapping[str, str] | None = None
    ) -> ET.Element:
        """The body of the answer. Raises FaultAnswer, HttpAnswer."""
        message_id = f"uuid:{str(uuid.uuid4()).upper()}"
        kind, sent = self._login.seal(self._envelope(action, message_id, body, shell, options or {}))
        headers = {"Content-Type": kind, "User-Agent": "by hand", **self._login.headers()}
        self._http.request("POST", self._path, sent, headers)
        answer = self._http.getresponse()
        received = answer.read()
        if answer.status not in (200, 500) or not received:
            raise HttpAnswer(answer.status)
        received = self._login.unseal(answer.headers.get("Content-Type", ""), received)
        return self._open(received, answer.status, action, message_id)

    def close(self) -> None:
        self._http.close()

    def _envelope(
        self, action: str, message_id: str, body: str, shell: str, options: Mapping[str, str]
    ) -> bytes:
        chosen = ""
        if options:
            chosen = "".join(
                f'<w:Option Name={quoteattr(name)} MustComply="true">{escape(value)}</w:Option>'
                for name, value in options.items()
            )
            chosen = f'<w:OptionSet s:mustUnderstand="true">{chosen}</w:OptionSet>'
        selector = ""
        if shell:
            selector = f'<w:SelectorSet><w:Selector Name="ShellId">{shell}</w:Selector></w:SelectorSet>'
        return (
            f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:w="{WSMAN}" xmlns:rsp="{SHELL}" '
            'xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"><s:Header>'
            f"<a:To>{escape(self._url)}</a:To>"
            f'<a:ReplyTo><a:Address s:mustUnderstand="true">{ADDRESSING}/role/anonymous</a:Address>'
            "</a:ReplyTo>"
            f'<a:Action s:mustUnderstand="true">{action}</a:Action>'
            f'<w:MaxEnvelopeSize s:mustUnderstand="true">{ENVELOPE_BYTES}</w:MaxEnvelopeSize>'
            f"<a:MessageID>{message_id}</a:MessageID>"
            '<w:Locale xml:lang="en-US" s:mustUnderstand="false" />'
            '<p:DataLocale xml:lang="en-US" s:mustUnderstand="false" />'
            f'<p:SessionId s:mustUnderstand="false">uuid:{self._session}</p:SessionId>'
            f'<w:ResourceURI s:mustUnderstand="true">{self._resource}</w:ResourceURI>'
            f"{chosen}{selector}<w:OperationTimeout>PT{self._timeout:.3f}S</w:OperationTimeout>"
            f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"
        ).encode()

    @staticmethod
    def _open(received: bytes, status: int, action: str, message_id: str) -> ET.Element:
        assert len(received) <= ENVELOPE_BYTES, "an envelope larger than what was asked for"
        root = ET.fromstring(received)
        header, body = root.find(f"{{{SOAP}}}Header"), root.find(f"{{{SOAP}}}Body")
        assert header is not None
        assert body is not None
        assert header.findtext(f"{{{ADDRESSING}}}RelatesTo") == message_id, "an answer to something else"
        fault = body.find(f"{{{SOAP}}}Fault")
        if fault is not None:
            assert status == 500, f"a fault with HTTP {status}"
            detail = fault.find(f".//{{{FAULT}}}WSManFault")
            assert detail is not None, "a fault without a WSManFault"
            words = detail.findtext(f"{{{FAULT}}}Message") or ""
            raise FaultAnswer(int(detail.get("Code", "0")), words.strip())
        assert status == 200, f"an answer with HTTP {status}"
        assert header.findtext(f"{{{ADDRESSING}}}Action") == action + "Response", (
            "an answer to another action"
        )
        return body
