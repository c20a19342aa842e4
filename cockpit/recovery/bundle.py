"""The evidence bundle: one zip with a run's journal, its story, and the servers as they are now.

Everything that goes in passes through :class:`Scrubber` first. Contents: recovery-engine §5, last paragraph.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Final

import msgspec

from cockpit.config.environment import Environment
from cockpit.config.language import N_
from cockpit.config.paths import private_dir
from cockpit.config.secrets import known
from cockpit.exchange.text import REDACTED, redact
from cockpit.journal.chain import iso
from cockpit.journal.errors import JournalError
from cockpit.journal.records import Checkpoint, Json, Line, Run
from cockpit.journal.store import Journal
from cockpit.recovery import support
from cockpit.recovery.access import Access
from cockpit.recovery.runbook import Runbook, thaw
from cockpit.recovery.support import Gathered, RunRecord

BEFORE: Final = timedelta(hours=1)
"""Events are read from this long before the run began."""
_RUN_FIELDS: Final = ("run", "parent", "former_run")
"""Fields of a journal line that name a run."""


def build(
    journal: Journal,
    run_id: str,
    folder: Path,
    access: Access | None,
    environment: Environment,
    *,
    secrets: Sequence[str] = (),
) -> Path:
    """Write ``pop-recovery-<run>-<server>.zip`` into ``folder`` for the user alone; its path.

    ``access`` None: without fresh reads. ``secrets``: passwords to cut, beside those that can be looked
    up. An older bundle of the run is kept: the new one's name gets a number. A read that fails becomes a
    file with its words. Raises JournalError where there is no such run or the journal cannot be read,
    OSError where the file cannot be written.
    """
    run = journal.run(run_id)
    lines, family = _slice(journal, run.id)
    records = [_record(journal, journal.run(each)) for each in family]
    notes: list[str] = []
    if run.environment != environment.name:
        notes.append(f"Fresh reads: the run is of environment {run.environment}, not of {environment.name}.")
    elif access is None:
        notes.append("Fresh reads: the servers were not asked.")
    asked = access if not notes else None
    gathered = _gather(asked, records) if asked is not None else Gathered()
    checkpoint = _checkpoint(journal, notes)
    made_at = journal.now()

    files = _Files(Scrubber((*secrets, *known(environment))))
    files.text("README.txt", support.readme(records, gathered, made_at, notes))
    files.data("run.json", {"made_at": iso(made_at), "runs": [_plain_record(record) for record in records]})
    files.lines("journal.jsonl", lines)
    if checkpoint is not None:
        files.data("checkpoint.json", asdict(checkpoint))
    for record in records:
        for step, said in _output(record):
            inner = "" if record is records[0] else f"{safe(record.run.id[:8])}/"
            files.text(f"output/{inner}{files.name(step)}.txt", said)
    for name, answer in sorted(gathered.answers.items()):
        files.data(f"exchange/{files.name(name)}.json", answer)
    for name, words in sorted(gathered.problems.items()):
        files.text(f"exchange/{files.name(name)}.error.txt", f"{words}\n")
    files.manifest(run, made_at, journal.actor.program, checkpoint)
    return _write(folder, f"pop-recovery-{safe(run.id[:8])}-{files.name(run.server)}", files.zipped(made_at))


# --- from the journal ----------------------------------------------------------------------------


def _slice(journal: Journal, run: str) -> tuple[list[Line], list[str]]:
    """The lines that name ``run`` or a run it started, directly or not; and those runs, ``run`` first."""
    first = next(journal.lines(run=run), None)
    family, found = [run], []
    for line in journal.lines(after=first.seq - 1) if first is not None else ():
        body = json.loads(line.body)
        if body.get("event") == "run.created" and body.get("parent") in family:
            family.append(body["run"])
        if any(body.get(name) in family for name in _RUN_FIELDS):
            found.append(line)
    return found, family


def _record(journal: Journal, run: Run) -> RunRecord:
    book = _book(run)
    steps = book.steps if book is not None else ()
    return RunRecord(
        run=run,
        title=book.title if book is not None else run.runbook,
        titles={step.id: step.title for step in steps},
        probes=frozenset(step.id for step in steps if step.action == "probe"),
        attempts=journal.attempts(run.id),
        questions=journal.questions(run.id),
        readings=journal.readings(run.id),
        obligations=journal.obligations(run=run.id, open_only=False),
        output=tuple(line for _, line in journal.output(run.id)),
    )


def _book(run: Run) -> Runbook | None:
    """None for a text that is not what the run was started with: a bundle shows that, it does not stop."""
    try:
        return thaw(run.book, run.digest)
    except (ValueError, msgspec.MsgspecError):
        return None


def _plain_record(record: RunRecord) -> dict[str, Json]:
    run = {f.name: getattr(record.run, f.name) for f in fields(record.run) if f.name != "book"}
    frozen = hashlib.sha256(record.run.book.encode()).hexdigest() == record.run.digest
    try:
        book: Json = json.loads(record.run.book)
    except ValueError:
        book = record.run.book
    return {
        "run": run,
        "runbook": book,
        "runbook_has_its_digest": frozen,
        "attempts": record.attempts,
        "questions": record.questions,
        "readings": record.readings,
        "obligations": record.obligations,
    }


def _output(record: RunRecord) -> Iterator[tuple[str, str]]:
    """Each step's output, with the time and the number of the try in front of every line."""
    for step in dict.fromkeys(line.step for line in record.output):
        said = (line for line in record.output if line.step == step)
        yield step, "".join(f"{iso(line.at)} #{line.n} {line.text}\n" for line in said)


def _checkpoint(journal: Journal, notes: list[str]) -> Checkpoint | None:
    try:
        return journal.checkpoint()
    except JournalError as error:
        notes.append(N_("The journal's checkpoint: {error}").format(error=error))
        return None


def _gather(access: Access, records: Sequence[RunRecord]) -> Gathered:
    servers = {record.run.server.lower(): record.run.server for record in reversed(records)}
    began = datetime.fromtimestamp(min(record.run.created_at for record in records), UTC)
    return support.collect(access, reversed(servers.values()), began - BEFORE)


# --- secrets -------------------------------------------------------------------------------------


_SECRET_NAME: Final = re.compile(r"(?i)passw(?:or)?d|passphrase|pwd|secret")
_ARGUMENT: Final = re.compile(
    r"(?i)(-\w*(?:password|pwd)\w*[ :]+)(?!\[redacted\])(\([^)]*\)|'(?:[^']|'')*'|\"[^\"]*\"|\S+)"
)
"""``-Password 'x'`` as it is typed in a shell; ``Password: x`` and its kin are :func:`redact`'s."""
_IN_URL: Final = re.compile(r"(://[^/\s:@]+:)(?!\[redacted\])[^/\s@]+(?=@)")
_CONTEXT: Final = frozenset({"executioncontext", "execution_context"})
_SHORTEST: Final = 4
"""A secret shorter than this would cut half of all words."""


@dataclass(frozen=True, slots=True)
class Scrubber:
    """Cuts passwords out of whatever goes into a bundle. ``secrets``: passwords known by their value."""

    secrets: tuple[str, ...] = ()

    def text(self, text: str, name: str = "") -> str:
        """``text`` of the field ``name`` without passwords; unchanged where there are none."""
        if name and _SECRET_NAME.search(name):
            return REDACTED if text else text
        cut = text
        for secret in self.secrets:
            if len(secret) >= _SHORTEST:
                cut = cut.replace(secret, REDACTED)
        for pattern in (_ARGUMENT, _IN_URL):
            cut = pattern.sub(lambda found: found.group(1) + REDACTED, cut)
        cut = redact(cut)
        if _tight(cut) == _tight(text):
            cut = text
        if name.lower() in _CONTEXT and "\n" in cut:
            cut = "\n".join(line for line in cut.splitlines() if not _SECRET_NAME.search(line))
        return cut

    def plain(self, value: Any, name: str = "") -> Json:
        """``value`` as JSON without passwords; ``name``: the field it stands in."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, Enum):
            return self.plain(value.value, name)
        if isinstance(value, str):
            return self.text(value, name)
        if is_dataclass(value) and not isinstance(value, type):
            return {f.name: self.plain(getattr(value, f.name), f.name) for f in fields(value)}
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.plain(each, str(key)) for key, each in value.items()}
        if isinstance(value, (set, frozenset)):
            return sorted((self.plain(each, name) for each in value), key=str)
        if isinstance(value, Iterable):
            return [self.plain(each, name) for each in value]
        if _SECRET_NAME.search(name):
            return REDACTED
        return _number_or_time(value)


def _tight(text: str) -> str:
    """A secret cut before has a blank before its mark, or has not: that is no difference."""
    return text.replace(f" {REDACTED}", REDACTED)


def _number_or_time(value: Any) -> Json:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return str(value)


# --- the file ------------------------------------------------------------------------------------


def safe(name: str) -> str:
    """``name`` as part of a file's name on any system: it comes from a server."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name).strip(".")[:120] or "_"


class _Files:
    """The files of a bundle in their order, each scrubbed before it is kept."""

    def __init__(self, scrubber: Scrubber) -> None:
        self._scrubber = scrubber
        self._kept: dict[str, bytes] = {}

    def name(self, text: str) -> str:
        """``text`` as part of a file's name."""
        return safe(self._scrubber.text(text))

    def text(self, name: str, text: str) -> None:
        self._keep(name, self._scrubber.text(text))

    def data(self, name: str, value: Any) -> None:
        self._keep(name, _dumped(self._scrubber.plain(value)))

    def lines(self, name: str, lines: Iterable[Line]) -> None:
        """Journal lines in the journal's own form; one that had to be cut says so: its hash is the whole
        line's."""
        kept = []
        for line in lines:
            body = json.loads(line.body)
            clean = self._scrubber.plain(body)
            record = {"seq": line.seq, "at": line.at, "body": clean, "prev": line.prev, "hash": line.hash}
            kept.append(record if clean == body else {**record, "cut": True})
        self._keep(name, "".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in kept))

    def manifest(self, run: Run, made_at: float, program: str, checkpoint: Checkpoint | None) -> None:
        listed = [
            {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
            for name, content in self._kept.items()
        ]
        footer = checkpoint and {
            "seq": checkpoint.seq,
            "hash": checkpoint.hash,
            "key": checkpoint.key,
            "signature": checkpoint.signature,
        }
        manifest = {
            "made_at": iso(made_at),
            "program": program,
            "run": run.id,
            "server": run.server,
            "monitor": run.monitor,
            "runbook": run.runbook,
            "runbook_sha256": run.digest,
            "files": listed,
            "checkpoint": footer,
        }
        self.data("MANIFEST.json", manifest)

    def zipped(self, made_at: float) -> bytes:
        stamp = datetime.fromtimestamp(made_at, UTC).timetuple()[:6]
        whole = io.BytesIO()
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in self._kept.items():
                info = zipfile.ZipInfo(name, stamp)
                info.compress_type = zipfile.ZIP_DEFLATED
                info.external_attr = 0o600 << 16
                archive.writestr(info, content)
        return whole.getvalue()

    def _keep(self, name: str, text: str) -> None:
        stem, ending = os.path.splitext(name)
        number, taken = 2, {kept.lower() for kept in self._kept}
        while name.lower() in taken:
            name, number = f"{stem}-{number}{ending}", number + 1
        self._kept[name] = text.encode("utf-8", "backslashreplace")


def _dumped(value: Json) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _write(folder: Path, stem: str, content: bytes) -> Path:
    """A new file in ``folder``, never over an older one. Raises OSError."""
    private_dir(folder)
    number = 1
    while True:
        path = folder / (f"{stem}.zip" if number == 1 else f"{stem}-{number}.zip")
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            number += 1
            continue
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            # Half a bundle must not pass for one.
            path.unlink()
            raise
        return path
