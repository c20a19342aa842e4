"""One deadline and one limit of size for a session's network, and no document type from it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest
import requests

from cockpit.exchange import guard as g
from cockpit.exchange.errors import ProtocolError, TimeLimitError
from cockpit.exchange.xmlguard import root_comes_first
from tests.support.waiting import eventually

DTD = "<!DOCTYPE a [<!ENTITY e 'x'>]>"


@pytest.mark.parametrize(
    "document",
    [
        b"<a/>",
        b"\xef\xbb\xbf<a/>",
        b"<?xml version='1.0' encoding='utf-8'?>\n<!-- <!DOCTYPE a> --><?pi?><a/>",
        "\ufeff<a/>".encode("utf-16-le"),
        b"<?xml version='1.0' encoding='iso-8859-1'?><a>\xe4</a>",
    ],
)
def test_a_document_that_begins_with_its_root_may_be_parsed(document: bytes) -> None:
    assert root_comes_first(document)


@pytest.mark.parametrize(
    "document",
    [
        f"{DTD}<a/>".encode(),
        f"\n<!-- -->{DTD}<a/>".encode(),
        f"\ufeff<?xml version='1.0'?>{DTD}<a/>".encode(),
        f"\ufeff{DTD}<a/>".encode("utf-16-le"),
        f"\ufeff{DTD}<a/>".encode("utf-16-be"),
        b"<!DOCTYPE a SYSTEM 'file:///etc/hostname'><a/>",
        b"<!DOCTYPE a><a/>",
        f"<?xml version='1.0' encoding='utf-7'?>{DTD}<a/>".encode("utf-7"),
        b"<?xml version='1.0' encoding='no-such-thing'?><a/>",
        b"",
        b"   ",
        b"no XML",
        b"<!-- never ends",
    ],
)
def test_anything_before_the_root_that_is_no_plain_prolog_is_not(document: bytes) -> None:
    assert not root_comes_first(document)


def test_deadlines_nest_and_the_nearest_holds() -> None:
    guard = g.Guard("https://ex01/PowerShell")
    with guard.within(100.0):
        with guard.within(1000.0):
            assert 90 < guard.left() <= 100
        with guard.within(10.0):
            assert guard.left() <= 10
        assert guard.left() > 90
        with guard.within(0.0), pytest.raises(TimeLimitError, match="does not answer"):
            guard.left()
        with guard.within(0.0), pytest.raises(TimeLimitError, match="answers too slowly: 7 bytes"):
            guard.left(7)
    assert guard.left() > 1000, "outside nothing is limited"


@contextmanager
def _server(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port of one connection at a time, which ``answer`` serves; the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                with peer:
                    try:
                        answer(peer)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def _get(port: int, guard: g.Guard) -> requests.Response:
    with requests.Session() as http:
        http.trust_env = False
        g.install(http, guard)
        try:
            return http.get(f"http://127.0.0.1:{port}/", timeout=60)
        finally:
            guard.hang_up()


def _dripping(peer: socket.socket) -> None:
    peer.recv(65_536)
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000:
        peer.sendall(bytes([byte]))
        if _gone(peer, 0.05):
            return


def _gone(peer: socket.socket, seconds: float) -> bool:
    peer.settimeout(seconds)
    try:
        return not peer.recv(1)
    except TimeoutError:
        return False


def test_a_server_that_drips_is_given_up_at_the_deadline() -> None:
    guard = g.Guard("http://ex01")
    with _server(_dripping) as port:
        started = time.monotonic()
        with guard.within(0.5), pytest.raises(TimeLimitError, match="answers too slowly"):
            _get(port, guard)
        assert time.monotonic() - started < 10


def test_a_server_that_takes_nothing_in_is_given_up_at_the_deadline() -> None:
    """Where the system takes no more bytes, sending is what waits."""

    def deaf(peer: socket.socket) -> None:
        release.wait(30)

    release = threading.Event()
    guard = g.Guard("http://ex01")
    with _server(deaf) as port, requests.Session() as http:
        g.install(http, guard)
        with guard.within(0.5), pytest.raises(TimeLimitError):
            http.post(f"http://127.0.0.1:{port}/", data=b"x" * 50_000_000, timeout=60)
        guard.hang_up()
        release.set()


@pytest.mark.parametrize("chunked", [True, False])
def test_an_answer_that_cannot_be_honest_is_cut_off(chunked: bool) -> None:
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % 10**9

    def large(peer: socket.socket) -> None:
        peer.recv(65_536)
        peer.sendall(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")
        piece = b"%x\r\n" % 65_536 + b" " * 65_536 + b"\r\n"
        for _ in range(g.MAX_ANSWER // 65_536 * 20):
            peer.sendall(piece)

    guard = g.Guard("http://ex01")
    with (
        _server(large) as port,
        guard.within(30.0),
        pytest.raises(ProtocolError, match="more than an answer"),
    ):
        _get(port, guard)


def test_a_proxy_is_under_the_guard_too() -> None:
    guard = g.Guard("http://ex01")
    with _server(_dripping) as port, requests.Session() as http:
        g.install(http, guard)
        proxies = {"http": f"http://127.0.0.1:{port}"}
        with guard.within(0.5), pytest.raises(TimeLimitError, match="answers too slowly"):
            http.get("http://ex01.invalid/", proxies=proxies, timeout=60)
        guard.hang_up()


def test_a_name_of_several_addresses_is_tried_until_one_answers() -> None:
    def answer(peer: socket.socket) -> None:
        peer.recv(65_536)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()[1]
    guard = g.Guard("http://ex01")
    with _server(answer) as port:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", p)) for p in (dead, port)]
        with patch("cockpit.exchange.guard.socket.getaddrinfo", return_value=found), guard.within(10.0):
            assert _get(port, guard).text == "ok"


def test_a_name_that_nobody_resolves_in_time_is_given_up() -> None:
    asked, over = threading.Event(), threading.Event()

    def resolve(*_: object) -> list[object]:
        asked.set()
        over.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "no server answers")

    guard = g.Guard("http://ex01")
    with patch("cockpit.exchange.guard.socket.getaddrinfo", resolve), guard.within(0.3):
        try:
            with pytest.raises(TimeLimitError, match="The DNS does not say in time where"):
                _get(9, guard)
            assert asked.is_set()
            assert not over.is_set()
        finally:
            over.set()


def test_a_connection_that_the_server_closed_is_noticed() -> None:
    closing = threading.Event()

    def one(peer: socket.socket) -> None:
        peer.recv(65_536)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        closing.wait(10)

    guard = g.Guard("http://ex01")
    with _server(one) as port, requests.Session() as http:
        http.trust_env = False
        g.install(http, guard)
        http.get(f"http://127.0.0.1:{port}/", timeout=10)
        assert not guard.was_closed()
        closing.set()
        eventually(guard.was_closed, 5.0, "the end of the connection")
        guard.hang_up()
        assert not guard.was_closed()
