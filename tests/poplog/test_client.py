"""The feed for a screen: over a process that ends with its parent."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psutil
import pytest

from cockpit.config.environment import Credential, EndpointSettings, Environment
from cockpit.config.secrets import Secret
from cockpit.poplog.beginning import FromEnd
from cockpit.poplog.client import ProcessFeed
from cockpit.poplog.document import Entry
from cockpit.poplog.feed import Batch, FeedEndedError, Happened, LogFeed, Notice, StreamState
from cockpit.poplog.messages import Ask, Hello, decode_batch, decode_hello, encode
from cockpit.poplog.names import Writer
from cockpit.poplog.parse import Parser
from tests.poplog.disk import line, named

A = named(0)
NOWHERE = Environment(
    name="nowhere",
    entry_servers=("127.0.0.1",),
    credential=Credential(user="x"),
    exchange=EndpointSettings(auth="basic", tls=False, port=1, connect_seconds=1.0),
)


async def rest(feed: LogFeed, into: list[Batch] | None = None) -> None:
    """Take batches to the feed's end."""
    async with asyncio.timeout(30):
        async for batch in feed.batches():
            if into is not None:
                into.append(batch)


def row(raw: bytes) -> Entry:
    made = Parser().line(raw)
    assert made is not None
    return Entry("EX01", Writer.POP3BE, A, 7, made)


def test_a_batch_travels_whole() -> None:
    sent = Batch(
        (row(line(1)), row(b"broken"), row(b"2026-01-08T10:00:00.001Z" + b"," * 12)),
        (Notice("EX01", None, Happened.SKIPPED, "gone"),),
        (StreamState("EX01", Writer.POP3, A, 5, 6, None, "why"), StreamState("x", None, "y", 0, 0, -3.5)),
    )
    assert decode_batch(encode(sent)) == sent


@pytest.mark.parametrize("start", [FromEnd(), FromEnd(5), FromEnd(9, unended=True)])
def test_what_is_asked_for_travels_whole(start: FromEnd) -> None:
    sent = Hello(NOWHERE, "secret", Ask(("EX01", "EX02"), (Writer.POP3, Writer.POP3BE), start))
    assert decode_hello(encode(sent)) == sent


async def test_the_reader_is_a_process_that_says_why_it_cannot_and_ends_with_its_stdin(
    tmp_path: Path,
) -> None:
    feed = ProcessFeed(NOWHERE, Secret("canary-31"), Ask(("EX01",)), tmp_path / "state" / "reader.log")
    as_feed: LogFeed = feed
    await as_feed.start()
    assert feed.pid is not None
    process = psutil.Process(feed.pid)
    assert "canary-31" not in str(process.cmdline()) + str(process.environ())
    async with asyncio.timeout(30):
        async for batch in as_feed.batches():
            notices = [n for n in batch.notices if n.kind is Happened.LOST]
            if notices:
                break
    assert "127.0.0.1" in notices[0].text
    await feed.close()
    await asyncio.to_thread(process.wait, 5.0)
    assert (tmp_path / "state" / "reader.log").read_text() == ""


async def test_a_reader_that_is_gone_ends_the_feed(tmp_path: Path) -> None:
    feed = ProcessFeed(NOWHERE, None, Ask(("EX01",)), tmp_path / "reader.log")
    with pytest.raises(FeedEndedError, match="not running"):
        await anext(feed.batches())
    await feed.start()
    assert feed.pid is not None
    psutil.Process(feed.pid).kill()
    with pytest.raises(FeedEndedError, match="exit code -9"):
        await rest(feed)
    await feed.close()
