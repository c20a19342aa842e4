"""What a process costs at a moment, and what it holds at the servers."""

from __future__ import annotations

from dataclasses import dataclass

import psutil

MB = 1e6


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one process. ``own``: MB that are its alone (USS); ``resident``: MB with what it shares."""

    own: float
    resident: float
    threads: int
    files: int
    seconds: float

    @classmethod
    def of(cls, process: psutil.Process) -> Cost:
        with process.oneshot():
            memory = process.memory_full_info()
            used = process.cpu_times()
            return cls(
                memory.uss / MB,
                memory.rss / MB,
                process.num_threads(),
                process.num_fds(),
                used.user + used.system,
            )


@dataclass(slots=True)
class Peaks:
    """The most there ever was between two rests."""

    resident: float = 0.0
    threads: int = 0
    files: int = 0
    shells: int = 0

    def see(self, cost: Cost, shells: int) -> None:
        self.resident = max(self.resident, cost.resident)
        self.threads = max(self.threads, cost.threads)
        self.files = max(self.files, cost.files)
        self.shells = max(self.shells, shells)


@dataclass(frozen=True, slots=True)
class Look:
    """One look at rest: nothing is wrong, everything has been read, nothing is under way.

    ``hours``: simulated; ``answers``, ``winrm_answers``: so far; ``wall``: seconds since the start.
    ``exchange``, ``winrm``: shells at the lab; ``sessions``: those the collector speaks of.
    """

    hours: float
    wall: float
    answers: int
    winrm_answers: int
    cost: Cost
    lab: Cost
    exchange: int
    winrm: int
    sessions: int

    @property
    def other_files(self) -> int:
        """File descriptors beside the sockets of its sessions, of which there may be more or fewer."""
        return self.cost.files - self.sessions


HEAD = (
    "  hours    wall   answers  winrm   own MB   rss MB  threads  files  shells  lab MB  lab files  ms/answer"
)


def line(look: Look, before: Look | None) -> str:
    """``look`` as a row under ``HEAD``; ``before``: the one before it."""
    answers = look.answers - (before.answers if before else 0)
    seconds = look.cost.seconds - (before.cost.seconds if before else 0.0)
    return (
        f"{look.hours:7.2f} {look.wall:6.0f}s {look.answers:9d} {look.winrm_answers:6d} {look.cost.own:8.2f} "
        f"{look.cost.resident:8.2f} {look.cost.threads:8d} {look.cost.files:6d} "
        f"{look.exchange:4d}+{look.winrm:<2d} {look.lab.resident:7.1f} {look.lab.files:10d} "
        f"{seconds * 1000 / max(1, answers):10.2f}"
    )
