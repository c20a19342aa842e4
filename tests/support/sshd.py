"""A real sshd on loopback, as a jump host would run it: a login through it can be cut like any other."""

from __future__ import annotations

import getpass
import grp
import os
import pwd
import shlex
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.processes import Home
from tests.support.terminal import Terminal, terminal
from tests.support.waiting import eventually

SSHD = Path("/usr/sbin/sshd")
EMPTY_ROOT = Path("/run/sshd")
"""Where Debian's sshd, as root, locks in what talks to a client not yet known."""
TRIES = 5
"""A free port may be somebody else's by the time sshd asks for it."""

_CONFIGURATION = """\
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/login.pub
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
PrintLastLog no
UseDNS no
SetEnv {environ}
"""


@dataclass(frozen=True)
class Sshd:
    """One that listens. ``folder``: its keys and its log."""

    port: int
    folder: Path

    def login(
        self, command: Sequence[str], columns: int = 120, rows: int = 40
    ) -> AbstractContextManager[Terminal]:
        """``command`` run by the login's shell on a terminal of its own there; ssh is on one here.

        The environment of what runs is only what sshd was given, so its processes are found by its mark
        and ssh itself is not among them.
        """
        client = ["ssh", "-tt", "-F", "none", "-q", "-i", str(self.folder / "login"), "-p", str(self.port)]
        options = {
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": str(self.folder / "known_hosts"),
            "EscapeChar": "none",
            "ControlPath": "none",
        }
        for name, value in options.items():
            client += ["-o", f"{name}={value}"]
        client += [f"{getpass.getuser()}@127.0.0.1", shlex.join(command)]
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "TERM": "xterm-256color"}
        return terminal([shutil.which(client[0]) or client[0], *client[1:]], environ, columns, rows)


def why_not() -> str:
    """Why there can be no sshd here; empty when there can."""
    missing = [p for p in (str(SSHD), "ssh", "ssh-keygen") if shutil.which(p) is None]
    if missing:
        return f"not installed: {', '.join(missing)} (Debian: openssh-server, openssh-client)"
    shell = pwd.getpwuid(os.getuid()).pw_shell
    if Path(shell).name in ("nologin", "false") or not os.access(shell, os.X_OK):
        return f"{getpass.getuser()} has no shell to log in to: {shell}"
    if os.getuid() != 0 and not _terminals_are_of_tty():
        return "terminals here are not of the group tty, and only root's sshd could change that"
    if os.getuid() == 0 and not EMPTY_ROOT.is_dir():
        try:
            EMPTY_ROOT.mkdir(mode=0o755)
        except OSError as error:
            return f"sshd wants {EMPTY_ROOT}: {error.strerror}"
    return ""


def _terminals_are_of_tty() -> bool:
    """As where devpts is mounted with tty's gid; an sshd ends a login whose terminal it cannot make so."""
    ends = os.openpty()
    try:
        return os.fstat(ends[1]).st_gid == grp.getgrnam("tty").gr_gid
    finally:
        for end in ends:
            os.close(end)


@contextmanager
def sshd(folder: Path, home: Home, **environ: str) -> Iterator[Sshd]:
    """One whose logins have the folders of ``home``, for as long as the block lasts; skips where none can be.

    What a login has left running stays, as on a real host.
    """
    if reason := why_not():
        pytest.skip(f"no sshd: {reason}")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _keys(folder)
    variables = {k: v for k, v in home.environ(**environ).items() if k != "TERM"}
    process, port = _listening(folder, variables)
    try:
        known = (folder / "host.pub").read_text().split()[:2]
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {' '.join(known)}\n")
        yield Sshd(port, folder)
    finally:
        process.terminate()
        process.wait(5)


def _keys(folder: Path) -> None:
    for name in ("host", "login"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
        subprocess.run(command, check=True, timeout=10, stdin=subprocess.DEVNULL)


def _listening(folder: Path, environ: Mapping[str, str]) -> tuple[subprocess.Popen[bytes], int]:
    """An sshd that has said it listens, and its port."""
    log = folder / "log"
    for _ in range(TRIES):
        port = _free_port()
        settings = _CONFIGURATION.format(port=port, folder=folder, environ=_quoted(environ))
        (folder / "sshd_config").write_text(settings)
        (folder / "sshd_config").chmod(0o600)
        with open(log, "wb") as stream:
            process = subprocess.Popen(
                [str(SSHD), "-D", "-e", "-f", str(folder / "sshd_config")],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env={"PATH": os.environ["PATH"]},
            )

        def up(process: subprocess.Popen[bytes] = process) -> bool:
            return process.poll() is not None or "Server listening" in log.read_text()

        eventually(up, 10.0, "sshd listening")
        if process.poll() is None:
            return process, port
        assert "Address already in use" in log.read_text(), f"sshd ended: {log.read_text()}"
    raise AssertionError(f"no free port in {TRIES} tries")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _quoted(environ: Mapping[str, str]) -> str:
    """As sshd_config wants it: all on one line, for only the first one counts."""
    words = [f"{name}={value}" for name, value in environ.items()]
    assert not [w for w in words if '"' in w or "\\" in w or "\n" in w]
    return " ".join(f'"{word}"' for word in words)
