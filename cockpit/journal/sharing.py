"""Who the files of a SQLite journal are for: one user, or a group of this host.

A folder that a group shares must be the group's alone, and everything made in it must get the group's mode
whatever anybody's umask is: else the second operator could not write, or a third could.
"""

from __future__ import annotations

import grp
import os
import pwd
import shlex
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cockpit.config.language import N_
from cockpit.config.paths import private_dir
from cockpit.journal.errors import JournalError

FOLDER_MODE: Final = 0o2770
"""The group's own, and what is made in it gets the group (setgid); no sticky bit: SQLite's -wal and -shm are
deleted by whoever closes the journal last."""
_ROOT: Final = 0


@dataclass(frozen=True, slots=True)
class Sharing:
    """``gid`` None: for the user alone."""

    group: str = ""
    gid: int | None = None

    @property
    def file_mode(self) -> int:
        return 0o600 if self.gid is None else 0o660

    def prepare(self, folder: Path) -> None:
        """Make the folder where it is missing. Raises OSError; JournalError for one that cannot be shared."""
        if self.gid is None:
            private_dir(folder)
            return
        if not folder.exists():
            folder.mkdir(mode=0o700)
            os.chown(folder, -1, self.gid)
            folder.chmod(FOLDER_MODE)
        found = folder.stat()
        if why := self._why_not(found):
            raise JournalError(
                N_("The journal cannot be shared in {folder}: {why}; run: {cure}.").format(
                    folder=folder, why=why, cure=self._cure(folder)
                )
            )

    def make(self, path: Path) -> None:
        """An empty file that appears with its mode and group, or was there. Raises OSError, JournalError."""
        if not path.exists():
            self._make(path)
        elif self.gid is not None:
            self._check_file(path)

    def _make(self, path: Path) -> None:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            if self.gid is not None:
                os.fchown(descriptor, -1, self.gid)
            os.fchmod(descriptor, self.file_mode)
            # A link appears whole or not at all, and never replaces what another process made meanwhile.
            os.link(temporary, path)
        except FileExistsError:
            return
        finally:
            os.close(descriptor)
            os.unlink(temporary)

    def _check_file(self, path: Path) -> None:
        found, quoted = path.stat(), shlex.quote(str(path))
        if stat.S_IMODE(found.st_mode) & 0o777 != self.file_mode or found.st_gid != self.gid:
            raise JournalError(
                N_(
                    "The journal's file {path} is not for group {group} alone; run: chgrp {group} "
                    "{quoted} && chmod 660 {quoted}."
                ).format(path=path, group=self.group, quoted=quoted)
            )

    def _why_not(self, found: os.stat_result) -> str:
        if not stat.S_ISDIR(found.st_mode):
            return N_("it is no folder")
        if found.st_gid != self.gid:
            return N_("it belongs to another group than {group}").format(group=self.group)
        if found.st_mode & stat.S_IRWXO:
            return N_("everybody on this host may look into it or change it")
        if stat.S_IMODE(found.st_mode) != FOLDER_MODE:
            return N_("its mode is {mode:o}").format(mode=stat.S_IMODE(found.st_mode))
        if found.st_uid != _ROOT and not _is_member(found.st_uid, self.group, found.st_gid):
            return N_("it belongs to uid {uid}, who is not in {group}").format(
                uid=found.st_uid, group=self.group
            )
        return ""

    def _cure(self, folder: Path) -> str:
        quoted = shlex.quote(str(folder))
        return f"chown root:{self.group} {quoted} && chmod {FOLDER_MODE:o} {quoted}"


ALONE: Final = Sharing()


def sharing_of(group: str | None) -> Sharing:
    """For ``group``; None: for the user alone. JournalError: no such group, or we are not in it."""
    if group is None:
        return ALONE
    try:
        gid = grp.getgrnam(group).gr_gid
    except KeyError:
        raise JournalError(
            N_("This host has no group {group!r}; make it: groupadd {quoted}.").format(
                group=group, quoted=shlex.quote(group)
            )
        ) from None
    if gid not in (os.getegid(), *os.getgroups()) and os.geteuid() != _ROOT:
        raise JournalError(
            N_(
                "You are not in the group {group}, which shares the journal; have yourself put in it "
                "(usermod -aG {quoted} USER), and sign in again."
            ).format(group=group, quoted=shlex.quote(group))
        )
    return Sharing(group, gid)


def _is_member(uid: int, group: str, gid: int) -> bool:
    if uid == os.geteuid():
        return True  # we are: sharing_of has seen to it
    try:
        user = pwd.getpwuid(uid)
        return user.pw_gid == gid or user.pw_name in grp.getgrnam(group).gr_mem
    except KeyError:
        return False
