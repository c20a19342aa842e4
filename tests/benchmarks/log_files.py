"""Protocol log files for the benchmarks: made quickly, any size, times that rise."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Final

HEADER: Final = (
    b"dateTime,sessionId,seqNumber,sIp,cIp,user,duration,rqsize,rpsize,command,parameters,context,puid\r\n"
    b"#Software: Microsoft Exchange Server\r\n#Version: 15.02.1118.007\r\n#Log-type: POP3 Log\r\n"
    b"#Date: 2026-01-08T00:00:00.000Z\r\n"
    b"#Fields: dateTime,sessionId,seqNumber,sIp,cIp,user,duration,rqsize,rpsize,command,parameters,context,"
    b"puid\r\n"
)
NAME: Final = "POP320260108-1.LOG"
FIRST: Final = datetime(2026, 1, 8, tzinfo=UTC)
FEW: Final = "needle-in-the-log"
"""In one line of 50,000."""
MANY: Final = "carla.bianchi"
"""In one line of eight."""
_TIME: Final = b"@@@@-@@-@@T@@:@@:@@"
_BLOCK: Final = 1000
_RARE: Final = 50
_COMMANDS: Final = (
    b",,0,0,49,OpenSession,,,",
    b",,1,6,94,capa,,R=ok,",
    b",,1,32,5,user,carla.bianchi@contoso.example,R=ok,",
    b',frank,132,15,32,pass,*****,"R=ok;Msg=""Proxy:EX19-02.contoso.example:1995:SSL;ProxySuccess""",',
    b",frank,1858,56,100,proxy,EX19-02.contoso.example:1995:SSL,R=ok,",
    b',frank,50,6,14,stat,,"R=ok;Rows=17;TotalSize=123456",',
    b",frank,13,6,5,quit,,R=ok,",
    b",frank,0,0,0,CloseSession,,,",
)


def _block(rare: bool) -> bytes:
    """The lines of one second; ``rare``: one of them holds FEW."""
    lines = []
    for n in range(_BLOCK):
        tail = _COMMANDS[n % len(_COMMANDS)]
        if rare and n == _BLOCK // 2:
            tail = tail.replace(b",,R=ok", b"," + FEW.encode() + b",R=ok") if b",,R=ok" in tail else tail
            tail = tail if FEW.encode() in tail else tail + FEW.encode()
        lines.append(
            _TIME
            + f".{n:03d}Z,{n // 8:016X},{n % 8},10.0.0.11:995,192.168.7.{n % 250}:{50_000 + n}".encode()
            + tail
        )
    return b"\r\n".join(lines) + b"\r\n"


def write(path: Path, size: int) -> datetime:
    """A log of about ``size`` bytes, 1,000 lines a second; the time in its middle."""
    plain, rare = _block(rare=False), _block(rare=True)
    seconds = max(1, size // len(plain))
    with path.open("wb") as file:
        file.write(HEADER)
        for n in range(seconds):
            stamp = (FIRST + timedelta(seconds=n)).strftime("%Y-%m-%dT%H:%M:%S").encode()
            file.write((rare if n % _RARE == 0 else plain).replace(_TIME, stamp))
    return FIRST + timedelta(seconds=seconds // 2)


class Writing:
    """Appends ``rate`` lines a second to ``path``, in ten appends a second, while the block lasts."""

    def __init__(self, path: Path, rate: int) -> None:
        self._path = path
        self._rate = rate
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.lines = 0

    def _run(self) -> None:
        lines = _block(rare=False).splitlines(keepends=True)
        due = time.monotonic()
        with self._path.open("ab", buffering=0) as file:
            while not self._ended.wait(max(0.0, due - time.monotonic())):
                due += 0.1
                at = self.lines % len(lines)
                now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()
                some = (lines + lines)[at : at + self._rate // 10]
                file.write(b"".join(some).replace(_TIME, now))
                self.lines += len(some)

    def __enter__(self) -> Writing:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
