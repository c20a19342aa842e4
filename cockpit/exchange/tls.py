"""TLS: whom we trust, and what its errors mean to an operator."""

from __future__ import annotations

import os
import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from requests.adapters import HTTPAdapter

from cockpit.config.language import N_
from cockpit.config.targets import Target

_OVERRIDES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@dataclass(frozen=True, slots=True)
class TlsReason:
    """``ours``: it is our own certificate that was refused. ``gone``: the other side went away without a
    word, which it may do for reasons that pass."""

    cause: str
    cure: str
    ours: bool = False
    gone: bool = False


def verification(target: Target) -> str | bool:
    """What requests is to verify certificates against: a path, True (its own choice), False.

    A pin stands for whoever issued the certificate; together with ``ca_file`` both must hold.
    """
    if not target.verify:
        return False
    if target.ca_file:
        return target.ca_file
    return False if target.pin else _system_authorities()


def _system_authorities() -> str | bool:
    """This host's, where a company's own CA is installed; requests would take those of its package."""
    if any(os.environ.get(name) for name in _OVERRIDES):
        return True
    found = ssl.get_default_verify_paths()
    if found.cafile:
        return found.cafile
    if found.capath and any(Path(found.capath).iterdir()):
        return found.capath
    return True


class Adapter(HTTPAdapter):
    """Connections that take no certificate but the pinned one, where one is, also through a proxy.

    ``key_password``: of our own certificate's key.
    """

    def __init__(self, target: Target, key_password: str | None) -> None:
        self._tls: dict[str, Any] = {}
        if target.pin is not None:
            self._tls["assert_fingerprint"] = target.pin.removeprefix("sha256:")
        if key_password is not None:
            self._tls["key_password"] = key_password
        super().__init__()

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **more, **self._tls)

    def proxy_manager_for(self, proxy: str, **more: Any) -> Any:
        return super().proxy_manager_for(proxy, **more, **self._tls)


_CA = TlsReason(
    N_("its certificate comes from a CA that is not known here"),
    N_("Name the PEM file of the CA that issued it in ca_file, or the certificate itself in pin."),
)
_NAMES = TlsReason(
    N_("its certificate is for other names"),
    N_("Dial a name that is on the certificate (host, addresses), or name the certificate itself in pin."),
)
_CHAINS: Final[dict[int, TlsReason]] = {
    2: _CA,
    9: TlsReason(
        N_("its certificate is not good yet"), N_("Look at this host's clock and the certificate's dates.")
    ),
    10: TlsReason(N_("its certificate has expired"), N_("Renew the certificate on the server.")),
    18: TlsReason(N_("its certificate is signed by itself"), _CA.cure),
    19: _CA,
    20: _CA,
    62: _NAMES,
    64: _NAMES,
}
"""By OpenSSL's X509_V_ERR numbers."""
_OUR_CERTIFICATE: Final = (
    *("ALERT_CERTIFICATE_REQUIRED", "ALERT_UNKNOWN_CA", "ALERT_BAD_CERTIFICATE", "ALERT_CERTIFICATE_EXPIRED"),
    *("ALERT_CERTIFICATE_UNKNOWN", "ALERT_CERTIFICATE_REVOKED", "ALERT_UNSUPPORTED_CERTIFICATE"),
    *("ALERT_ACCESS_DENIED", "ALERT_DECRYPT_ERROR"),
)
_NOT_TLS: Final = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL", "HTTP_REQUEST")


def reason(error: BaseException) -> TlsReason | None:
    """What a failed TLS connection comes down to; None where that is not known."""
    for below in _chain(error):
        if isinstance(below, ssl.SSLCertVerificationError) and below.verify_code in _CHAINS:
            known = _CHAINS[below.verify_code]
            return TlsReason(f"{known.cause} ({below.verify_message})", known.cure)
        if (other := _FINGERPRINT.search(str(below))) is not None:
            return TlsReason(
                N_("its certificate is sha256:{fingerprint}, not the pinned one").format(
                    fingerprint=other.group(1)
                ),
                _PIN_CURE,
            )
        if isinstance(below, ssl.SSLError):
            return _by_mark(below)
    return None


def _by_mark(error: ssl.SSLError) -> TlsReason | None:
    """By OpenSSL's words for it, whose spelling differs between its versions."""
    marks = str(error).upper().replace(" ", "_")
    if any(mark in marks for mark in _OUR_CERTIFICATE):
        return TlsReason(
            N_("it does not take our certificate ({reason})").format(reason=error.reason),
            _CLIENT_CURE,
            ours=True,
        )
    if any(mark in marks for mark in _NOT_TLS):
        return TlsReason(N_("the port does not speak TLS"), _PLAIN_CURE)
    if "KEY_VALUES_MISMATCH" in marks:
        return TlsReason(N_("certificate_key is not the key of certificate"), N_("Give two that fit."))
    if "EOF_OCCURRED" in marks:
        return TlsReason(N_("it ended the connection while TLS was set up"), GONE_CURE, gone=True)
    return None


_PIN_CURE = N_(
    "Find out on the server why it has another certificate; if it was renewed, put the new SHA-256 into pin."
)
_CLIENT_CURE = N_(
    "Check certificate and certificate_key: issued by a CA that the server trusts, and neither expired nor "
    "revoked."
)
GONE_CURE: Final = N_(
    "Check that the server is up and speaks TLS on this port; with auth = certificate also that ours comes "
    "from a CA that the server trusts."
)
_FINGERPRINT: Final = re.compile(r'Fingerprints did not match\. Expected "[^"]*", got "([0-9a-f]{64})"')
_PLAIN_CURE = N_("Correct the port, or set tls = false (https:// to http:// in addresses).")


def speaks_tls(error: BaseException) -> bool:
    """Whether what came back over a plain connection was a TLS alert."""
    return any("\\x15\\x03" in repr(below) or "\x15\x03" in str(below) for below in _chain(error))


def _chain(error: BaseException) -> list[BaseException]:
    """``error`` and all below it, also those that requests and urllib3 only keep as arguments."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            waiting += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
    return found
