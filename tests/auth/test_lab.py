"""The lab's doors as others see them: a stock pypsrp, and the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pypsrp.exceptions import AuthenticationError, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from cockpit.config import environment as config
from cockpit.exchange.session import EXCHANGE
from cockpit.lab.doors import AUTHS, HARDENINGS
from cockpit.lab.wire.certificate import Authority, principal_of
from tests.auth.bench import MODES, SERVER, Bench
from tests.auth.conftest import Make
from tests.support.processes import Home, lab, run

pytestmark = pytest.mark.auth


def stock(bench: Bench, **more: Any) -> WSMan:
    """pypsrp as it is, at the bench's endpoint."""
    target = bench.target
    return WSMan(
        target.host,
        port=target.port,
        ssl=target.tls,
        path=target.path,
        auth=target.auth,
        username=bench.user or None,
        password=bench.password or None,
        cert_validation=target.ca_file or True,  # type: ignore[arg-type]  # a path is taken too
        negotiate_service="HTTP",
        negotiate_hostname_override=target.spn_host or None,
        certificate_pem=target.certificate,
        certificate_key_pem=target.certificate_key,
        **more,
    )


@pytest.mark.parametrize("mode", list(MODES))
def test_a_stock_pypsrp_signs_in(make: Make, mode: str) -> None:
    bench = make(mode, hardening="strict")
    with RunspacePool(stock(bench), configuration_name=EXCHANGE) as pool, PowerShell(pool) as shell:
        (row,) = shell.add_cmdlet("Get-ServerHealth").add_parameter("Identity", "EX01").invoke()
    assert row.adapted_properties["Name"] == "PopCTPMonitor"


@pytest.mark.parametrize("mode", ["kerberos-tls", "ntlm-tls", "negotiate-kerberos-tls"])
def test_a_stock_pypsrp_that_binds_nothing_is_kept_out(make: Make, mode: str) -> None:
    bench = make(mode, hardening="strict")
    pool = RunspacePool(stock(bench, negotiate_send_cbt=False), configuration_name=EXCHANGE)
    with pytest.raises(AuthenticationError):
        pool.open()


def test_ntlm_where_exchange_wants_kerberos(make: Make) -> None:
    """pypsrp's issue #187, to the word."""
    pool = RunspacePool(stock(make("ntlm", kerberos_only=True)), configuration_name=EXCHANGE)
    with pytest.raises(WSManFaultError, match="No details returned by the server"):
        pool.open()


def test_the_command_line_knows_every_door() -> None:
    from cockpit.cli import parser

    for auth in AUTHS:
        assert parser().parse_args(["lab", "serve", "--auth", auth]).auth == auth
    for hardening in HARDENINGS:
        chosen = parser().parse_args(["lab", "serve", "--channel-binding", hardening])
        assert chosen.channel_binding == hardening


def test_kerberos_wants_a_keytab(tmp_path: Path) -> None:
    home = Home(tmp_path)
    answer = run(home, "lab", "serve", "--auth", "kerberos")
    assert (answer.code, answer.out) == (64, "")
    assert "give --keytab (or KRB5_KTNAME)" in answer.err
    answer = run(home, "lab", "serve", "--auth", "kerberos", "--keytab", tmp_path / "none")
    assert answer.code == 64
    assert "there is no such file" in answer.err


@pytest.mark.parametrize("auth", ["ntlm-tls", "certificate"])
def test_the_environment_file_says_how(tmp_path: Path, auth: str) -> None:
    with lab(tmp_path, "healthy", "--servers", "1", "--auth", auth) as served:
        environment = config.choose(served.env_file, None)
        for endpoint in (environment.exchange, environment.winrm):
            assert endpoint.auth == auth.partition("-")[0]
            assert endpoint.tls
            assert endpoint.verify
            assert endpoint.ca_file is not None
            assert (endpoint.certificate is not None) == (auth == "certificate")
        if endpoint.certificate_key is not None:
            assert Path(endpoint.certificate_key).stat().st_mode & 0o077 == 0
        assert (environment.credential.password is None) == (auth == "certificate")
        assert served.run("status").code == 0


def test_the_principal_in_a_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca.pem")
    certificate, _ = authority.person(f"operator@{SERVER}", tmp_path)
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    der = x509.load_pem_x509_certificate(certificate.read_bytes()).public_bytes(Encoding.DER)
    assert principal_of(der) == f"operator@{SERVER}"
    plain = x509.load_pem_x509_certificate(authority.ca_path.read_bytes()).public_bytes(Encoding.DER)
    assert principal_of(plain) == ""
