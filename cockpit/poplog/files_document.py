"""Log files on this machine as one document, read only where it is looked at: whatever their size.

What stays in memory: a few megabytes of pages (``pages.KEPT``), and for compressed files what ``gzipped``
says. Files of one writer in one folder follow each other by their names; writers and folders are merged by
time while they are looked at. A row without a time stays below the one above it.

An anchor is one place in each chain. For any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from cockpit.config.language import N_
from cockpit.poplog.chain import Chain, Line, Place
from cockpit.poplog.document import Entry
from cockpit.poplog.errors import FileGoneError
from cockpit.poplog.filelog import FileLog
from cockpit.poplog.gzipped import GzippedFile, Shelf
from cockpit.poplog.local import LocalFolder, folders, open_bytes
from cockpit.poplog.names import parse_name
from cockpit.poplog.needle import Needle
from cockpit.poplog.pages import PageCache

Places: TypeAlias = tuple[Place, ...]


def _go_on() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class _Found:
    """``chain``: its number."""

    chain: int
    line: Line
    entry: Entry


class FilesDocument:
    """A Document over ``sources``. Opening it reads no line. Raises LogError where there is no file."""

    def __init__(self, sources: Iterable[LocalFolder]) -> None:
        self._sources = tuple(sources)
        self._cache = PageCache()
        self._shelf = Shelf()
        self._chains: dict[tuple[Path, str], Chain] = {}
        self._logs: dict[Path, FileLog] = {}
        self._look()
        if not self._logs:
            where = ", ".join(source.label for source in self._sources)
            raise FileGoneError(
                N_("No protocol logs in {where}").format(where=where),
                "",
                N_("Name the files themselves, or another folder."),
            )

    @classmethod
    def of(cls, paths: Iterable[Path]) -> FilesDocument:
        """Of files and folders by their paths. Raises LogError."""
        return cls(folders(paths))

    @property
    def chains(self) -> tuple[Chain, ...]:
        return tuple(self._chains.values())

    @property
    def logs(self) -> tuple[FileLog, ...]:
        """The files, each chain's in order."""
        return tuple(log for chain in self.chains for log in chain.logs)

    def problems(self) -> tuple[str, ...]:
        """What is wrong with files as far as they were read: compressed ones that are damaged or cut off."""
        return tuple(
            N_("{name} is {problem}").format(name=log.name, problem=log.file.problem)
            for log in self.logs
            if log.file.problem
        )

    def prepare(self, stop: Callable[[], bool] = _go_on) -> bool:
        """Go through the compressed files at whose end a chain ends, so that ``end`` need not wait for it:
        about 3 s for each GB. False where ``stop`` said so. Nothing to do for others."""
        ends = [chain.logs[-1].file for chain in self.chains]
        return all(file.learn(stop) for file in ends if isinstance(file, GzippedFile))

    def _look(self) -> None:
        """Take in the files that came since the last look; those that went answer with FileGoneError."""
        for source in self._sources:
            for path in source.paths():
                if path not in self._logs:
                    self._add(path, source)

    def _add(self, path: Path, source: LocalFolder) -> None:
        name = parse_name(path.name)
        label = source.label if name is not None else path.name
        log = FileLog(open_bytes(path, self._shelf), label, self._cache)
        self._logs[path] = log
        key = (path.parent, name.writer.value) if name is not None else (path, "")
        if key in self._chains:
            self._chains[key].add(log)
        else:
            self._chains[key] = Chain([log])

    def start(self) -> Places:
        return tuple(chain.start() for chain in self.chains)

    def end(self) -> Places:
        self._look()
        return tuple(chain.end() for chain in self.chains)

    def down(self, anchor: Places, most: int) -> list[tuple[Places, Entry]]:
        found = []
        for places, line in self._walk(self._whole(anchor), back=False):
            found.append((places, line.log.entry(line.raw)))
            if len(found) >= most:
                break
        return found

    def up(self, anchor: Places, most: int) -> list[tuple[Places, Entry]]:
        found = []
        for places, line in self._walk(self._whole(anchor), back=True):
            found.append((places, line.log.entry(line.raw)))
            if len(found) >= most:
                break
        return found

    def at_time(self, moment: datetime) -> Places:
        return tuple(chain.bound(moment, behind=False) for chain in self.chains)

    def fraction(self, anchor: Places) -> float:
        shares = [c.share(p) for c, p in zip(self.chains, self._whole(anchor), strict=True)]
        whole = sum(size for _, size in shares)
        return min(1.0, sum(before for before, _ in shares) / whole) if whole else 0.0

    def seek(
        self,
        anchor: Places,
        wanted: Callable[[Entry], bool],
        *,
        text: str = "",
        any_case: bool = False,
        back: bool = False,
        stop: Callable[[], bool] = _go_on,
    ) -> tuple[Places, Entry] | None:
        """As the Document says. ``text`` is looked for in the files' bytes, so one that is only in what is
        made of them (``\\x1b``, ``[redacted]``) is looked for without that short cut."""
        anchor = self._whole(anchor)
        if not text or "\\" in text or "[redacted]" in text:
            return self._step_through(anchor, wanted, back, stop)
        needle = Needle(text, any_case=any_case)
        best: _Found | None = None
        for n, chain in enumerate(self.chains):
            # Another chain's line is nearer only up to the time of the best so far.
            limit = None if best is None else chain.bound(best.line.key, behind=False)
            if back:
                lines = chain.search_up(needle, anchor[n], limit, stop)
            else:
                lines = chain.search(needle, anchor[n], limit, stop)
            best = self._first(n, lines, wanted) or best
        if best is None or stop():
            return None
        return self._anchor_before(best, anchor, back), best.entry

    def _first(self, n: int, lines: Iterator[Line], wanted: Callable[[Entry], bool]) -> _Found | None:
        for line in lines:
            entry = line.log.entry(line.raw)
            if wanted(entry):
                key = self.chains[n].key_of(line) if len(self.chains) > 1 else line.key
                return _Found(n, line._replace(key=key), entry)
        return None

    def _anchor_before(self, found: _Found, since: Places, back: bool) -> Places:
        """The anchor before a line found in one chain: where the others are when it is its turn."""
        places = []
        for n, chain in enumerate(self.chains):
            if n == found.chain:
                places.append(found.line.before)
            else:
                place = chain.bound(found.line.key, behind=n < found.chain)
                places.append(min(place, since[n]) if back else max(place, since[n]))
        return tuple(places)

    def _step_through(
        self, anchor: Places, wanted: Callable[[Entry], bool], back: bool, stop: Callable[[], bool]
    ) -> tuple[Places, Entry] | None:
        before = anchor
        for n, (places, line) in enumerate(self._walk(anchor, back=back)):
            if n % 256 == 0 and stop():
                return None
            entry = line.log.entry(line.raw)
            if wanted(entry):
                return (places if back else before), entry
            before = places
        return None

    def _walk(self, anchor: Places, *, back: bool) -> Iterator[tuple[Places, Line]]:
        """Lines down (``back``: up) from ``anchor`` in the order of time, each with the anchor behind it, as
        one goes. Of lines with one time, the first chain's comes first."""
        keyed = len(self.chains) > 1
        ways = [(c.up if back else c.down)(p, keyed=keyed) for c, p in zip(self.chains, anchor, strict=True)]
        heads = [next(way, None) for way in ways]
        places = list(anchor)
        while True:
            waiting = [(line.key, n) for n, line in enumerate(heads) if line is not None]
            if not waiting:
                return
            n = (max(waiting) if back else min(waiting))[1]
            line = heads[n]
            if line is None:  # cannot be: those that wait are there
                return
            places[n] = line.before if back else line.after
            yield tuple(places), line
            heads[n] = next(ways[n], None)

    def _whole(self, anchor: Places) -> Places:
        """``anchor`` with the begin of the chains that came since it was made."""
        return (*anchor, *(chain.start() for chain in self.chains[len(anchor) :]))
