"""One of several operators at work on a shared journal, as a process of its own under another user's id:
what test_shared.py starts, as root.

Everything is imported, by a journal of its own, before the rights of root are given up: the interpreter may
be where only root can read. Then it says what happens on stdout, and waits for a line on stdin between steps.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from cockpit.journal.errors import JournalError, LeaseHeldError
from cockpit.journal.records import Actor
from cockpit.journal.store import Journal, open_journal, sqlite_url
from cockpit.recovery.launch import works

LINES = 10


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)


def told() -> None:
    sys.stdin.readline()


def warm_up(folder: Path, name: str) -> None:
    url = sqlite_url(folder / "warm" / "journal.sqlite")
    own = open_journal(url, actor(name), keys=folder / "warm", checkpoints=folder / "warm" / "checks")
    work(own, f"warm-{name}")
    assert own.verify().sound
    own.close()


def actor(name: str) -> Actor:
    return Actor(name, "here", f"{os.uname().nodename}/{os.getpid()}/{name}", "test")


def work(journal: Journal, scope: str) -> None:
    """Lines, a lease, a checkpoint."""
    for number in range(LINES):
        with journal.write(None) as writer:
            writer.log("worked", number=number)
    journal.acquire(scope, "run", 60.0)
    journal.checkpoint()


def main() -> None:
    folder, name, group, gid, uid, umask = sys.argv[1:]
    mine, shared = Path(folder) / name, Path(folder) / "shared"
    warm_up(mine, name)
    os.umask(int(umask, 8))
    os.setgroups([int(gid)] if int(gid) >= 0 else [])
    os.setgid(int(uid))
    os.setuid(int(uid))
    try:
        journal = open_journal(
            sqlite_url(shared / "journal.sqlite"),
            actor(name),
            keys=mine / "keys",
            checkpoints=shared / "journal.checkpoints.jsonl",
            group=group,
        )
    except JournalError as error:
        say(refused=str(error))
        return
    say(opened=True, uid=os.getuid())
    told()
    work(journal, f"server:{name}")
    say(worked=True)
    told()
    try:
        journal.acquire("server:ann", "run", 60.0)
        say(held=None)
    except LeaseHeldError as error:
        say(held=error.lease.operator, works=works(error.lease))
    told()
    check = journal.verify()
    say(sound=check.sound, lines=check.lines, why=check.why)
    journal.close()


if __name__ == "__main__":
    main()
