"""A real Samba on loopback that serves one folder as ``c$``, as a server's administrative share."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.waiting import eventually

SMBD = Path("/usr/sbin/smbd")
USER, PASSWORD = "root", "a throw-away password"
TRIES = 5

_CONFIGURATION = """\
[global]
  server role = standalone
  workgroup = CONTOSO
  smb ports = {port}
  interfaces = 127.0.0.1/8
  bind interfaces only = yes
  disable netbios = yes
  load printers = no
  map to guest = never
  server signing = mandatory
  passdb backend = tdbsam:{folder}/passdb.tdb
  private dir = {folder}
  lock directory = {folder}
  state directory = {folder}
  cache directory = {folder}
  pid directory = {folder}
  ncalrpc dir = {folder}/ncalrpc
  log file = {folder}/smbd.log
  log level = 1
[c$]
  path = {served}
  read only = no
  guest ok = no
"""


@dataclass(frozen=True)
class Samba:
    """One that listens. ``served``: what lies behind ``c$``."""

    port: int
    served: Path
    process: subprocess.Popen[bytes]


def why_not() -> str:
    """Why there can be no Samba here; empty when there can."""
    missing = [p for p in (str(SMBD), "smbpasswd") if shutil.which(p) is None]
    if missing:
        return f"not installed: {', '.join(missing)} (Debian: samba)"
    return "" if os.getuid() == 0 else "only root can run it for any user"


@contextmanager
def samba(folder: Path) -> Iterator[Samba]:
    """One for as long as the block lasts; skips where none can be."""
    if reason := why_not():
        pytest.skip(f"no Samba: {reason}")
    own, served = folder / "samba", folder / "c"
    for made in (own, served):
        made.mkdir(parents=True, mode=0o700, exist_ok=True)
    process, port = _listening(own, served)
    try:
        yield Samba(port, served, process)
    finally:
        process.terminate()
        process.wait(10)


def _listening(own: Path, served: Path) -> tuple[subprocess.Popen[bytes], int]:
    settings, log = own / "smb.conf", own / "log"
    for _ in range(TRIES):
        port = _free_port()
        settings.write_text(_CONFIGURATION.format(port=port, folder=own, served=served))
        subprocess.run(
            ["smbpasswd", "-c", str(settings), "-a", "-s", USER],
            input=f"{PASSWORD}\n{PASSWORD}\n".encode(),
            check=True,
            capture_output=True,
            timeout=20,
        )
        with open(log, "wb") as stream:
            process = subprocess.Popen(
                [str(SMBD), "--foreground", "--no-process-group", f"--configfile={settings}"],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,  # when told to end it tells its whole process group
            )

        def up(process: subprocess.Popen[bytes] = process, port: int = port) -> bool:
            return process.poll() is not None or _answers(port)

        eventually(up, 20.0, "smbd listening")
        if process.poll() is None:
            return process, port
    raise AssertionError(f"smbd ended {TRIES} times: {log.read_text()} {(own / 'smbd.log').read_text()}")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
