"""The lab's own glue over real sockets: control endpoint, servers that go and come back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from cockpit.lab import control_client as client
from cockpit.lab.serve import Lab, LabAddresses, LabOptions, running


@contextlib.asynccontextmanager
async def _open(path: Path, **options: Any) -> AsyncIterator[tuple[Lab, LabAddresses]]:
    async with running(LabOptions(path, **options)) as opened:
        yield opened


def _listens(url: str) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", urlsplit(url).port or 0)) == 0


async def test_addresses(tmp_path: Path) -> None:
    async with _open(tmp_path, servers=2) as (_, found):
        assert [s.name for s in found.servers] == ["EX19-01", "EX19-02"]
        assert found.servers[0].exchange_url.startswith("https://127.0.0.1:")
        assert found.servers[0].exchange_url.endswith("/PowerShell")
        assert found.servers[0].winrm_url.endswith("/wsman")
        assert Path(found.ca_file).read_text().startswith("-----BEGIN CERTIFICATE")
        assert found.pid == os.getpid()
        assert found.password not in repr(found.servers)


async def test_winrm_that_is_shut_takes_no_connections_and_opens_again(tmp_path: Path) -> None:
    async with _open(tmp_path, scenario="no-winrm", servers=2) as (_, found):
        at = (found.control_url, found.control_token)
        for server in found.servers:
            assert _listens(server.exchange_url)
            assert not _listens(server.winrm_url)
        first, second = found.servers
        await asyncio.to_thread(lambda: client.set_knobs(*at, first.name, no_winrm=False))
        assert _listens(first.winrm_url)
        assert not _listens(second.winrm_url)


async def test_control_needs_its_token(tmp_path: Path) -> None:
    async with _open(tmp_path, servers=1) as (_, found):
        with pytest.raises(client.ControlError, match="token"):
            await asyncio.to_thread(client.state, found.control_url, "wrong")


async def test_control_tells_the_truth_and_acts(tmp_path: Path) -> None:
    async with _open(tmp_path, scenario="selftest-hung", seed=7) as (_, found):
        at = (found.control_url, found.control_token)
        state = await asyncio.to_thread(client.state, *at)
        bad = {
            (server, m["name"])
            for server, about in state["servers"].items()
            for m in about["monitors"]
            if m["alert"] != "Healthy"
        }
        assert bad == {("EX19-01", "PopSelfTestMonitor")}
        assert (await asyncio.to_thread(client.scenario, *at))["name"] == "selftest-hung"
        restart = {"service": "MSExchangePOP3BE"}
        await asyncio.to_thread(lambda: client.act(*at, "EX19-01", "restart-service", **restart))
        await asyncio.to_thread(client.advance, *at, 120.0)
        state = await asyncio.to_thread(client.state, *at)
        assert {m["alert"] for m in state["servers"]["EX19-01"]["monitors"]} == {"Healthy"}
        entries = await asyncio.to_thread(client.ledger, *at)
        assert any(e["outcome"] == "cured" for e in entries)
        again = await asyncio.to_thread(client.ledger, *at, entries[-1]["seq"])
        assert [e for e in again if e["seq"] <= entries[-1]["seq"]] == []
        assert await asyncio.to_thread(client.shells, *at)
        for bad_call in (
            lambda: client.act(*at, "EX99", "kill"),
            lambda: client.act(*at, "EX19-01", "explode"),
            lambda: client.set_knobs(*at, "EX19-01", nonsense=1),
            lambda: client.set_knobs(*at, "EX19-01", wire={"troubles": [{"effect": "MAGIC"}]}),
        ):
            with pytest.raises(client.ControlError):
                await asyncio.to_thread(bad_call)


async def test_knobs_reach_servers_and_their_wire(tmp_path: Path) -> None:
    async with _open(tmp_path, servers=2) as (lab, found):
        at = (found.control_url, found.control_token)
        trouble = {"effect": "drop", "action": "Receive"}
        wire = {"endpoint": "exchange", "latency": 0.25, "troubles": [trouble]}
        await asyncio.to_thread(lambda: client.set_knobs(*at, "EX19-01", rpc_delay=2, stale=True, wire=wire))
        assert lab.simulation.knobs["EX19-01"].rpc_delay == 2.0
        assert "EX19-01" in lab.simulation.engine.stale_since
        exchange = lab.endpoints["EX19-01"]["exchange"].knobs
        assert (exchange.latency, len(exchange.troubles)) == (0.25, 1)
        assert lab.endpoints["EX19-01"]["winrm"].knobs.latency == 0.0
        await asyncio.to_thread(lambda: client.set_knobs(*at, "EX19-01", wire={"refuse": True}))
        assert not _listens(found.servers[0].exchange_url)
        await asyncio.to_thread(lambda: client.set_knobs(*at, wire={"clear": True}, stale=False))
        assert _listens(found.servers[0].exchange_url)
        assert "EX19-01" not in lab.simulation.engine.stale_since


async def test_a_killed_server_refuses_and_comes_back(tmp_path: Path) -> None:
    async with _open(tmp_path, servers=2) as (_, found):
        at = (found.control_url, found.control_token)
        first, second = found.servers
        await asyncio.to_thread(client.act, *at, "EX19-01", "kill")
        assert not _listens(first.exchange_url)
        assert not _listens(first.winrm_url)
        assert _listens(second.exchange_url)
        await asyncio.to_thread(client.act, *at, "EX19-01", "start")
        assert _listens(first.exchange_url)
        await asyncio.to_thread(client.act, *at, "EX19-01", "reboot")
        assert not _listens(first.exchange_url)
        await asyncio.to_thread(client.advance, *at, 300.0)
        assert _listens(first.exchange_url)


async def test_the_port_of_a_server_that_is_down_stays_its_own(tmp_path: Path) -> None:
    """Else a connection that goes out from here may be given it, and the server could not come back."""
    async with _open(tmp_path, servers=2) as (_, found):
        at = (found.control_url, found.control_token)
        await asyncio.to_thread(client.act, *at, "EX19-01", "kill")
        port = urlsplit(found.servers[0].exchange_url).port
        assert port is not None
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))
        await asyncio.to_thread(client.act, *at, "EX19-01", "start")
        assert _listens(found.servers[0].exchange_url)


async def test_a_bug_of_the_lab_is_told_by_its_control(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An OSError of its own once looked like a lost connection."""

    async def broken() -> None:
        raise OSError("address in use")

    async with _open(tmp_path, servers=1) as (lab, found):
        monkeypatch.setattr(lab, "follow", broken)
        with pytest.raises(client.RefusedError, match=r"lab bug.*address in use"):
            await asyncio.to_thread(client.act, found.control_url, found.control_token, "EX19-01", "kill")


@pytest.mark.parametrize("turns", range(5))
async def test_it_is_stopped_while_a_server_is_switched(tmp_path: Path, turns: int) -> None:
    """Python 3.11's asyncio.wait_for loses a cancellation that comes with what it waits for."""
    opened = _open(tmp_path, servers=1)
    lab, _ = await opened.__aenter__()
    await asyncio.sleep(0.01)  # until it waits for the next look at what is due
    assert lab.simulation.lifecycle.on_power is not None
    lab.simulation.lifecycle.on_power()
    for _ in range(turns):
        await asyncio.sleep(0)
    async with asyncio.timeout(2) as limit:
        await opened.__aexit__(None, None, None)
    assert not limit.expired()


async def test_unknown_scenario_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no scenario 'nope'"):
        Lab(LabOptions(tmp_path, scenario="nope"))
    with pytest.raises(ValueError, match="auth is one of"):
        Lab(LabOptions(tmp_path, auth="digest"))
    with pytest.raises(ValueError, match="wants a keytab"):
        Lab(LabOptions(tmp_path, auth="kerberos"))


_SERVE = """
import asyncio, sys
from pathlib import Path
from cockpit.lab.serve import LabOptions, serve
options = LabOptions(Path(sys.argv[1]), servers=1, die_with_stdin=True)
asyncio.run(serve(options, lambda found: print(found.control_url, flush=True)))
"""


@pytest.mark.parametrize("end", ["stdin", "SIGTERM"])
def test_it_ends_with_its_parent_or_a_signal(tmp_path: Path, end: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVE, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        if end == "stdin":
            process.stdin.close()
        else:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.stdout.close()
