"""POSTs of envelopes over the connection pool that pypsrp signed in with.

requests prepares every request anew (URL, cookies, certificate paths, hooks), which is most of what a
small call costs. With Basic and with client certificates, where the sign-in is a header of every request,
the headers of one prepared request serve them all and the body goes straight to urllib3's pool, which keeps
TLS verification and connections as requests set them up. Every other sign-in is bound to the connection,
sealed or not: those requests go through pypsrp, which signs a new connection in.
"""

from __future__ import annotations

from collections.abc import Callable

import requests
from pypsrp.wsman import WSMan
from requests.adapters import HTTPAdapter
from requests.cookies import extract_cookies_to_jar, get_cookie_header
from urllib3 import HTTPConnectionPool, Timeout
from urllib3.response import BaseHTTPResponse

from cockpit.exchange.opening import accepted, understood
from cockpit.exchange.routing import FRONT_END_HEADER

_BY_HEADER = ("basic", "certificate")
_ENVELOPE = "application/soap+xml;charset=UTF-8"


class Transport:
    """Sends envelopes for one WSMan. Not for two threads at once."""

    def __init__(self, wsman: WSMan, noticed: Callable[[str], None]) -> None:
        """``noticed`` is told the front end's name of every answer that carries one."""
        self._pypsrp = wsman.transport
        self._noticed = noticed
        self._pool: HTTPConnectionPool | None = None
        self._template: requests.PreparedRequest | None = None

    def send(self, body: bytes, connect_seconds: float, read_seconds: float) -> bytes:
        """The answer's body.

        Raises what :func:`accepted` raises, what the guard of its connections raises, and what requests or
        urllib3 raise for a connection that fails.
        """
        session = self._pypsrp.session
        if self._pypsrp.auth not in _BY_HEADER or session is None or session.proxies:
            with understood(self._pypsrp.endpoint):
                return self._pypsrp.send(body, timeout=(connect_seconds, read_seconds))
        pool, template = self._prepared(session)
        answer = pool.urlopen(
            "POST",
            template.path_url,
            body=body,
            headers=dict(template.headers),
            timeout=Timeout(connect=connect_seconds, read=read_seconds),
            retries=False,
            redirect=False,
            assert_same_host=False,
        )
        self._keep_cookies(session, template, answer)
        if (front_end := answer.headers.get(FRONT_END_HEADER)) is not None:
            self._noticed(front_end)
        return accepted(answer.status, answer.data, self._pypsrp.username)

    def _prepared(self, session: requests.Session) -> tuple[HTTPConnectionPool, requests.PreparedRequest]:
        if self._pool is None or self._template is None:
            url = self._pypsrp.endpoint
            request = requests.Request("POST", url, headers={"Content-Type": _ENVELOPE})
            template = session.prepare_request(request)
            template.headers.pop("Content-Length", None)
            adapter = session.get_adapter(url)
            if not isinstance(adapter, HTTPAdapter):
                raise TypeError(f"not an HTTP adapter: {adapter!r}")
            pool = adapter.get_connection_with_tls_context(
                template, verify=session.verify, proxies=None, cert=session.cert
            )
            if not isinstance(pool, HTTPConnectionPool):
                raise TypeError(f"not a connection pool: {pool!r}")
            self._pool, self._template = pool, template
        return self._pool, self._template

    @staticmethod
    def _keep_cookies(
        session: requests.Session, template: requests.PreparedRequest, answer: BaseHTTPResponse
    ) -> None:
        """A load balancer's or IIS's affinity cookie (psrp-wire §6): later requests must carry it."""
        if "set-cookie" not in answer.headers:
            return
        extract_cookies_to_jar(session.cookies, template, answer)  # type: ignore[no-untyped-call]
        template.headers.pop("Cookie", None)
        cookies = get_cookie_header(session.cookies, template)  # type: ignore[no-untyped-call]
        if cookies:
            template.headers["Cookie"] = cookies
