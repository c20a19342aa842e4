"""A throw-away certificate authority and server certificates."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme


class Authority:
    """Signs the lab's servers; clients trust the PEM it writes."""

    def __init__(self, ca_path: Path) -> None:
        self._ca = trustme.CA(organization_name="POP cockpit lab")
        self._ca.cert_pem.write_to_path(str(ca_path))
        self.ca_path = ca_path

    def server_context(self, *names: str) -> ssl.SSLContext:
        """TLS for localhost, 127.0.0.1 and ``names``. One context may serve any number of endpoints."""
        certificate = self._ca.issue_cert("localhost", "127.0.0.1", *names)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        certificate.configure_cert(context)
        return context
