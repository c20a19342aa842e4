"""``python -m tests.fuzz [--runs N] [--files N] [--seed S]``: mutated protocol logs against the parser,
sessions and the document of local files.

Every batch has a seed of its own, which is printed with a finding, and the input as repr(). Exit code 1 on a
finding.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cockpit.poplog import filelog, pages, scan
from cockpit.poplog.parse import Parser
from cockpit.poplog.row import LogRow
from tests.fuzz import checks, mutating

BATCH: Final = 100
"""Lines of one parser, whose rows are then put together to sessions."""
_ENOUGH: Final = 20


@dataclass(slots=True)
class Tally:
    """What was tried, and what was found: each kind of finding is told once."""

    seed: int
    lines: int = 0
    names: int = 0
    files: int = 0
    sessions: int = 0
    findings: int = 0
    told: set[str] = field(default_factory=set)

    def found(self, batch: str, wrong: str, given: object) -> None:
        self.findings += 1
        kind = re.sub(r"[0-9]+", "", wrong.splitlines()[-1])[:60]
        if kind not in self.told:
            self.told.add(kind)
            print(f"FINDING, seed {self.seed}, {batch}: {wrong}\n  input: {given!r}", flush=True)

    def guarded(self, batch: str, given: object, check: Callable[[], str]) -> None:
        """Run ``check``; an exception is a finding as well."""
        try:
            wrong = check()
        except Exception:
            wrong = traceback.format_exc()
        if wrong:
            self.found(batch, wrong, given)


def lines(tally: Tally, number: int) -> None:
    """One batch of mutated lines, in one parser as those of a file."""
    rng = random.Random(f"{tally.seed} lines {number}")
    parser, rows = Parser(), list[LogRow]()

    def one(raw: bytes) -> str:
        row, wrong = checks.line(parser, raw)
        if row is not None:
            rows.append(row)
        return wrong

    batch = f"lines {number}"
    for _ in range(BATCH):
        raw = mutating.mutated(rng)
        tally.guarded(batch, raw, lambda raw=raw: one(raw))  # type: ignore[misc]
    tally.lines += BATCH
    text = mutating.name(rng)
    tally.guarded(batch, text, lambda: checks.name(text))
    tally.names += 1
    tally.guarded(batch, [row.line for row in rows], lambda: checks.assembled(rows))
    tally.sessions += 1


def files(tally: Tally, number: int, folder: Path) -> None:
    """One folder of one to three mutated files."""
    rng = random.Random(f"{tally.seed} files {number}")
    chosen = rng.sample(checks.FILES, rng.randrange(1, 4))
    made = {name: mutating.file(rng) for name in sorted(chosen)}
    tally.guarded(f"files {number}", made, lambda: checks.document(folder, made, rng))
    tally.files += len(made)


def small_pages() -> None:
    """Files of some kilobytes have many pages and blocks, and lines longer than one."""
    for module, sizes in (
        (pages, {"PAGE": 256, "LONGEST": 4096}),
        (filelog, {"PAGE": 256}),
        (scan, {"LONGEST": 4096, "BLOCK": 256}),
    ):
        for size, value in sizes.items():
            setattr(module, size, value)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000, metavar="N", help="mutated lines")
    parser.add_argument("--files", type=int, default=-1, metavar="N", help="folders (default runs / 1000)")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--only", metavar="BATCH", help='one batch again, as it was told: "files 17"')
    options = parser.parse_args()
    tally = Tally(options.seed)
    small_pages()
    folders = options.files if options.files >= 0 else options.runs // 1000
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        if options.only:
            kind, number = options.only.split()
            lines(tally, int(number)) if kind == "lines" else files(tally, int(number), Path(folder))
            return 1 if tally.findings else 0
        began = time.monotonic()
        for n in range(-(-options.runs // BATCH)):
            lines(tally, n)
            if tally.findings > _ENOUGH:
                break
        took = time.monotonic() - began
        print(f"{tally.lines} lines, {tally.names} names, {tally.sessions} sets of sessions in {took:.0f} s:")
        print(f"  {tally.lines / max(took, 1e-9):,.0f} lines/s", flush=True)
        began = time.monotonic()
        for n in range(folders):
            files(tally, n, Path(folder))
            if tally.findings > _ENOUGH:
                break
        took = time.monotonic() - began
        print(f"{folders} folders of {tally.files} files in {took:.0f} s")
    print(f"seed {tally.seed}: {tally.findings} findings")
    return 1 if tally.findings else 0


if __name__ == "__main__":
    sys.exit(main())
