"""A real MIT KDC on loopback, set up in a folder of its own in about a second (psrp-wire §2)."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.waiting import eventually

REALM, DOMAIN = "LAB.EXAMPLE", "lab.example"
USER, PASSWORD = f"operator@{REALM}", "canary-krb-5d1e"
REQUIRED = "POP_COCKPIT_TEST_KDC"
"""Set where everything a KDC takes is known to be installed: a skip would then hide a defect."""
TRIES = 5

_PROGRAMS = ("krb5kdc", "kdb5_util", "kadmin.local", "kinit", "klist")
_SBIN = "/usr/sbin:/sbin"

_CLIENT = """\
[libdefaults]
  default_realm = {realm}
  dns_lookup_realm = false
  dns_lookup_kdc = false
  dns_canonicalize_hostname = false
  rdns = false
  udp_preference_limit = 1
[realms]
  {realm} = {{
    kdc = 127.0.0.1:{port}
  }}
  SILENT.EXAMPLE = {{
    kdc = 127.0.0.1:{silent}
  }}
[domain_realm]
  .{domain} = {realm}
  {domain} = {realm}
"""
_SERVER = """\
[kdcdefaults]
  kdc_listen = ""
  kdc_tcp_listen = 127.0.0.1:{port}
[realms]
  {realm} = {{
    database_name = {folder}/principal
    key_stash_file = {folder}/stash
    acl_file = {folder}/kadm5.acl
    max_life = 10h
    max_renewable_life = 7d
    supported_enctypes = aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal
  }}
[logging]
  kdc = FILE:{folder}/kdc.log
"""


def why_not() -> str:
    """Why there can be no Kerberos here; empty when there can."""
    missing = [p for p in _PROGRAMS if _program(p) is None]
    if missing:
        return f"not installed: {', '.join(missing)} (Debian: krb5-kdc krb5-admin-server krb5-user)"
    absent = [p for p in ("gssapi", "krb5") if find_spec(p) is None]
    return f"not installed: {', '.join(absent)} (pip install 'pop-cockpit[kerberos]')" if absent else ""


@dataclass(frozen=True)
class Kdc:
    """One that answers. ``keytab`` holds the keys of the services of :meth:`serve`; a process finds it by
    :attr:`variables`, to which a test adds its own ``KRB5CCNAME``."""

    folder: Path
    port: int

    @property
    def keytab(self) -> Path:
        return self.folder / "services.keytab"

    @property
    def variables(self) -> dict[str, str]:
        return {
            "KRB5_CONFIG": str(self.folder / "krb5.conf"),
            "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf"),
            "KRB5RCACHEDIR": str(self.folder),
            # No test may find the tickets of whoever runs it.
            "KRB5CCNAME": f"FILE:{self.folder / 'no-tickets'}",
        }

    def admin(self, *lines: str) -> str:
        """``kadmin.local``'s answer to these commands."""
        return self.run(["kadmin.local", "-r", REALM], "\n".join(lines) + "\n")

    def serve(self, *names: str) -> None:
        """Create ``HTTP/`` principals for ``names`` and put their keys into the keytab."""
        new = [f"HTTP/{n}@{REALM}" for n in names]
        self.admin(
            *(f"addprinc -randkey {n}" for n in new), *(f"ktadd -norandkey -k {self.keytab} {n}" for n in new)
        )

    def kinit(self, cache: Path, *options: str, user: str = USER, password: str = PASSWORD) -> Path:
        """Tickets of ``user`` in ``cache``, and ``cache``."""
        self.run(["kinit", "-c", f"FILE:{cache}", *options, user], f"{password}\n")
        return cache

    def has_ticket(self, cache: Path) -> bool:
        """Whether ``cache`` holds a ticket that is good now."""
        asked = subprocess.run(
            [_found("klist"), "-s", f"FILE:{cache}"], env=self._environment(), check=False, timeout=20
        )
        return asked.returncode == 0

    def run(self, command: list[str], text: str = "", **more: str) -> str:
        """A Kerberos program's stdout. Fails the test with its stderr."""
        done = subprocess.run(
            [_found(command[0]), *command[1:]],
            input=text,
            text=True,
            env=self._environment() | more,
            capture_output=True,
            check=False,
            timeout=30,
        )
        assert done.returncode == 0, f"{command[0]}: {done.stdout} {done.stderr}"
        return done.stdout

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.variables}


@contextmanager
def kdc(folder: Path, *services: str) -> Iterator[Kdc]:
    """One for as long as the block lasts, with USER and ``HTTP/`` services.

    Where none can be its tests are skipped, unless REQUIRED says that there must be one.
    """
    if reason := why_not():
        (pytest.fail if os.environ.get(REQUIRED) else pytest.skip)(f"no KDC: {reason}")
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    made, process = _listening(folder)
    try:
        made.serve(*services)
        yield made
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def variables(values: Mapping[str, str]) -> Iterator[None]:
    """This process's environment with ``values``, for as long as the block lasts."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        yield


def _listening(folder: Path) -> tuple[Kdc, subprocess.Popen[bytes]]:
    for attempt in range(TRIES):
        port = _free_port()
        settings = {"realm": REALM, "domain": DOMAIN, "port": port, "folder": folder, "silent": _free_port()}
        (folder / "krb5.conf").write_text(_CLIENT.format(**settings))
        (folder / "kdc.conf").write_text(_SERVER.format(**settings))
        made = Kdc(folder, port)
        if attempt == 0:
            made.run(["kdb5_util", "create", "-s", "-r", REALM, "-P", "of the database"])
            made.admin(f"addprinc -pw {PASSWORD} {USER}")
        with open(folder / "krb5kdc.out", "wb") as stream:
            process = subprocess.Popen(
                [_found("krb5kdc"), "-n", "-r", REALM],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env={**os.environ, **made.variables},
            )

        def up(process: subprocess.Popen[bytes] = process, port: int = port) -> bool:
            return process.poll() is not None or _answers(port)

        eventually(up, 20.0, "krb5kdc listening")
        if process.poll() is None:
            return made, process
    raise AssertionError(f"krb5kdc ended {TRIES} times: {(folder / 'krb5kdc.out').read_text()}")


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_SBIN}")


def _found(name: str) -> str:
    path = _program(name)
    assert path is not None, name
    return path


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
