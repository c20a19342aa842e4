"""A session: one WSMan, one runspace pool, one thread at a time.

pypsrp signs in, seals, opens and closes the shell; calls go through our own envelopes and readers.
Every call ends in a result or in an ExchangeError, within its time limit, with its pipeline closed
(a pipeline left open counts against MaxConcurrentCommandsPerShell: psrp-wire §0.6).
"""

from __future__ import annotations

import math
import threading
import time
import uuid
import xml.etree.ElementTree as ET
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

import requests
from pypsrp.complex_objects import RunspacePoolState
from pypsrp.exceptions import AuthenticationError, WinRMTransportError, WSManFaultError
from pypsrp.messages import MessageType
from pypsrp.powershell import RunspacePool
from pypsrp.wsman import SelectorSet, WSMan

from cockpit.config.language import N_
from cockpit.config.secrets import Secret
from cockpit.config.targets import Target
from cockpit.exchange import envelope, guard, tls
from cockpit.exchange.errors import (
    NO_SHELL,
    CmdletFailedError,
    ExchangeError,
    KerberosError,
    NotGrantedError,
    ProtocolError,
    ShellLostError,
    SignInError,
    TimeLimitError,
    fault_code,
    from_wire,
    is_operation_timeout,
    is_wire_error,
)
from cockpit.exchange.guard import Guard
from cockpit.exchange.model import CmdletError
from cockpit.exchange.opening import Post, gated, understood
from cockpit.exchange.pipeline import (
    FAILED,
    STOPPED,
    Call,
    Defragmenter,
    PipelineOutput,
    create_pipeline,
    fragments,
    message,
)
from cockpit.exchange.refusals import Refusals
from cockpit.exchange.routing import FRONT_END_HEADER, UNKNOWN_ROUTE, Route
from cockpit.exchange.signin import SignIn
from cockpit.exchange.transport import Transport

EXCHANGE: Final = "Microsoft.Exchange"
WINRM: Final = "Microsoft.PowerShell"

RECEIVE_SECONDS: Final = 20.0
"""How long one Receive may wait before the server says "nothing yet" (WinRM's usual 20 s)."""
OPEN_SECONDS: Final = 60.0
CLOSE_SECONDS: Final = 5.0
GRACE_SECONDS: Final = 2.0
_PACE_SECONDS: Final = 0.25
"""A server that answers "nothing yet" at once, instead of holding the question, is not asked more often."""
MOST_SHELLS: Final = 18
"""Shells that Exchange allows one account by default (psrp-wire §6): more need not be remembered."""
_ANY: Final = 2**31
"""Refusals that a session which shares them with nobody bears: it has its own memory of the last one."""
_RESOURCES: Final = "http://schemas.microsoft.com/powershell/"
HEAL_AFTER_IDLE: Final = 60.0
"""A sealed connection idle for longer is made anew before use: http.sys closes at about 120 s (§4.3)."""
SHELL_IDLE_SECONDS: Final = 300
"""Idle time asked for our shells, so that one left behind by a crash ends before the server's 15 minutes."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Time limits in seconds, of everything but calls, which bring their own.

    ``open``: signing in and opening a shell, all its requests together: "nothing yet" is not asked again
    there (psrp-wire §4.3), so one request must be able to take it all. ``close``: whatever comes after a
    call or a shell: stopping, releasing, deleting; a server that takes longer is not waited for, as the
    shell's idle time ends it. ``grace``: for an answer to be under way once its time is up.

    A call thus ends within its time limit + ``grace`` + ``close``; one that finds no shell may take
    2 x ``close`` + ``open`` + ``grace`` before it begins.
    """

    open: float = OPEN_SECONDS
    close: float = CLOSE_SECONDS
    grace: float = GRACE_SECONDS


class _WSMan(WSMan):
    """pypsrp's WSMan that never retries by itself: its five silent retries of a Receive hide a hung
    server for five minutes (psrp-wire §4.3). What it receives goes through our gates."""

    def __init__(self, *place: Any, **settings: Any) -> None:
        super().__init__(*place, **settings)
        self.guard = Guard(self.transport.endpoint)
        self.transport._send_request = Post(self)  # type: ignore[method-assign]

    def hang_up(self) -> None:
        """Close the connections; a further request makes new ones."""
        self.transport.close()
        self.guard.hang_up()

    def invoke(self, *request: Any, **settings: Any) -> ET.Element:
        with understood(self.guard.where):
            return super().invoke(*request, **settings)

    def create(self, *request: Any, **settings: Any) -> ET.Element:
        return envelope.body_of(self.invoke(envelope.CREATE, *request, **settings))

    def receive(self, *request: Any, **settings: Any) -> ET.Element:
        return envelope.body_of(self.invoke(envelope.RECEIVE, *request, **settings))


@dataclass(frozen=True, slots=True)
class RawResult:
    """What a call gave before anybody read meaning into it. ``seconds``: how long it took. ``route``: who is
    known to be at work behind the server dialled."""

    objects: tuple[object, ...]
    warnings: tuple[str, ...]
    errors: tuple[CmdletError, ...]
    seconds: float
    route: Route = UNKNOWN_ROUTE


class Session:
    """One shell on one endpoint, opened when first needed.

    ``configuration``: EXCHANGE or WINRM. ``on_shell(+1 | -1)`` is told when a shell opens and ends.
    Not for two threads at once: psrp-wire §4.2.
    """

    def __init__(
        self,
        target: Target,
        configuration: str,
        user: str,
        secret: Secret | None,
        on_shell: Callable[[int], None] = lambda _change: None,
        *,
        patience: Patience = Patience(),
        refusals: Refusals | None = None,
    ) -> None:
        """``refusals``: shared with others who sign in as ``user``; told of ours."""
        self.target = target
        self._patience = patience
        self._configuration = configuration
        self._refusals = refusals or Refusals(most=_ANY)
        self._sign_in = SignIn(target, user, secret, self._refusals)
        self._on_shell = on_shell
        self.route = Route(target.server)
        """Who is known to be at work behind it: of the shell that is open, or was last."""
        self._wsman: _WSMan | None = None
        self._pool: RunspacePool | None = None
        self._address: envelope.Address | None = None
        self._transport: Transport | None = None
        self._used_at = 0.0
        self._objects_sent = 1000
        self._owner: int | None = None
        self._undeleted: deque[tuple[float, str]] = deque(maxlen=MOST_SHELLS)
        self._refused_at: float | None = None
        """When the sign-in was refused; None since it was not, or counts no more."""
        self._cut = False

    @property
    def is_open(self) -> bool:
        return self._pool is not None

    @property
    def signs_in(self) -> bool:
        """Whether the next request is a sign-in, which counts towards a lock-out where it is refused."""
        wsman = self._wsman
        return wsman is None or self.target.auth == "basic" or self._idle_too_long(wsman)

    @property
    def untidy(self) -> bool:
        """Whether there are shells whose deletion did not get through."""
        return bool(self._undeleted)

    def hold_back(self) -> None:
        """The sign-in was refused elsewhere: close without one. To open it is a try anew."""
        self._refused_at = time.monotonic()

    def forgive(self, at: float) -> None:
        """The account was accepted elsewhere, or somebody acted, at that time: a refusal before it counts no
        more."""
        if self._refused_at is not None and self._refused_at < at:
            self._refused_at = None

    def open(self) -> None:
        """Sign in and open the shell. Raises ExchangeError."""
        self._open(self._patience.open)

    def _open(self, seconds: float) -> None:
        if self._pool is not None:
            return
        self._refuse_if_cut()
        self.clean_up()
        self.route = Route(self.target.server)
        try:
            wsman = self._new_wsman()
            pool = gated(
                RunspacePool(wsman, configuration_name=self._configuration, idle_timeout=SHELL_IDLE_SECONDS)
            )
        except Exception as error:
            raise self._explained(error) from error
        self._open_pool(wsman, pool, seconds)
        self._wsman, self._pool, self._transport = wsman, pool, Transport(wsman, self._fronted)
        self._address = envelope.Address(
            to=wsman.transport.endpoint,
            resource=pool.shell.resource_uri,
            session=str(wsman.session_id).upper(),
            shell=pool.shell.id or "",
            size=wsman.max_envelope_size,
        )
        self._used_at = time.monotonic()
        self._on_shell(+1)
        if self._cut:
            self.close()
            self._refuse_if_cut()

    def _open_pool(self, wsman: _WSMan, pool: RunspacePool, seconds: float) -> None:
        try:
            with wsman.guard.within(seconds + self._patience.grace), understood(self.target.url):
                pool.open()
            if pool.state != RunspacePoolState.OPENED:
                raise ShellLostError(
                    N_("{url} did not open a runspace").format(url=self.target.url),
                    N_("pool state {state}").format(state=pool.state),
                )
        except Exception as error:
            # Whatever pypsrp stumbles over in an odd answer (struct.error, AttributeError, ...).
            explained = from_wire(error, self.target.url)
            refused = isinstance(explained, SignInError | KerberosError)
            self._refusals.note(explained)
            self._refused_at = time.monotonic() if refused else None
            if not wsman.guard.requests:
                pass  # nobody heard of a shell
            elif isinstance(explained, SignInError):
                self._undeleted.append((time.monotonic(), pool.id))
            elif not refused:
                self._abandon(wsman, pool.id, reconnect=True)
            wsman.hang_up()
            raise explained from error
        self._refused_at = None
        self._refusals.accepted()
        self.clean_up()

    def _refuse_if_cut(self) -> None:
        if self._cut:
            raise ShellLostError(N_("The session with {url} was cut").format(url=self.target.url))

    def run(self, call: Call, *, repeatable: bool = True) -> RawResult:
        """Run ``call`` to its end.

        ``repeatable``: a read, which may be sent once more on a new session when this one was lost.
        Raises ExchangeError; for a terminating error of the cmdlet CmdletFailedError, or
        NotGrantedError when the cmdlet or parameter is not visible to us.
        """
        if self._owner is not None:
            raise RuntimeError("a session is for one thread at a time")
        self._owner = threading.get_ident()
        try:
            fresh = not self.is_open
            self.open()
            deadline = time.monotonic() + call.time_limit
            try:
                return self._run(call, deadline)
            except ExchangeError as error:
                left = deadline - time.monotonic()
                if not (repeatable and not fresh and left > 0 and _worth_repeating(error)):
                    raise
            self._open(min(self._patience.open, left))
            return self._run(call, deadline)
        finally:
            self._owner = None

    def close(self) -> None:
        """Delete the shell, quietly: a server that is gone has no shell to delete."""
        until = time.monotonic() + self._patience.close
        if self._pool is not None and self._wsman is not None:
            pool, wsman = self._pool, self._wsman
            self._forget()
            self._abandon(wsman, pool.shell.id or pool.id, reconnect=self._idle_too_long(wsman))
        self.clean_up(until - time.monotonic())

    def cut(self) -> bool:
        """Delete the shell over a connection of its own, whatever a call in it is waiting for.

        For a process that has to end, and from any thread: the call under way fails, and no shell is opened
        any more; one that is being opened is closed by its opener. True: there was one, and it is gone.
        """
        self._cut = True
        address = self._address
        if address is None:
            return False
        try:
            wsman = self._new_wsman()
            try:
                self._delete(wsman, address.shell, self._patience.close)
            finally:
                wsman.hang_up()
        except Exception as error:
            if not is_wire_error(error):
                raise
            self._refusals.note(from_wire(error, self.target.url))
            return _is_gone(error)
        return True

    # --- one call --------------------------------------------------------------------------------

    def _run(self, call: Call, deadline: float) -> RawResult:
        if self._pool is None or self._wsman is None:
            raise ShellLostError(N_("The session with {url} is closed").format(url=self.target.url))
        started = time.monotonic()
        if self._idle_too_long(self._wsman):
            self._reconnect(self._wsman)
            self._transport = Transport(self._wsman, self._fronted)
        try:
            output = self._converse(call, deadline)
        except Exception as error:
            explained = self._explained(error)
            if explained.session_lost:
                self._drop()
            raise explained from error
        finally:
            self._used_at = time.monotonic()
        for record in (*output.errors, output.failure):
            self.route = self.route.told_by(record.fully_qualified_id if record is not None else "")
        if output.state == FAILED and output.failure is not None:
            raise _failure(call, output.failure)
        if output.state == STOPPED:
            raise ShellLostError(N_("{cmdlet} was stopped on the server").format(cmdlet=call.cmdlet))
        return RawResult(
            tuple(output.objects),
            tuple(output.warnings),
            tuple(output.errors),
            time.monotonic() - started,
            self.route,
        )

    def _converse(self, call: Call, deadline: float) -> PipelineOutput:
        """The call's whole conversation. After an error the shell is given up, and its pipeline with it."""
        # A pipeline's PSRP id and its WSMan command id are the same GUID, as Windows' own client has it.
        command_id = _new_id()
        output, incoming = PipelineOutput(), Defragmenter()
        done = False
        try:
            command_id = self._start(call, command_id, deadline)
            while not done and output.state is None:
                data, done = self._receive(command_id, deadline)
                output.take(incoming.feed(data))
                if output.asked:
                    raise ProtocolError(
                        N_("{cmdlet} asks for confirmation").format(cmdlet=call.cmdlet),
                        N_("nobody is there to answer"),
                    )
        except _TimeUp:
            self._end(command_id, envelope.PS_CTRL_C, envelope.TERMINATE)
            late = TimeLimitError(
                N_("{cmdlet} on {server} took longer than {seconds:.0f} s").format(
                    cmdlet=call.cmdlet, server=self.target.server, seconds=call.time_limit
                )
            )
            # The server did answer, "nothing yet": it is the call that is slow, not the session.
            late.session_lost = False
            raise late from None
        self._end(command_id, envelope.TERMINATE)
        if output.state is None:
            raise ProtocolError(
                N_("{url} ended {cmdlet} without saying how").format(url=self.target.url, cmdlet=call.cmdlet)
            )
        return output

    def _start(self, call: Call, command_id: str, deadline: float) -> str:
        """Send the call; the command's id as the server has it."""
        pool = self._pool
        assert pool is not None  # noqa: S101 -- _run looked
        payload = create_pipeline(call, pool.protocol_version or "2.3")
        whole = message(MessageType.CREATE_PIPELINE, pool.id, command_id, payload)
        self._objects_sent += 1
        first, *rest = fragments(self._objects_sent, whole, pool.connection.max_payload_size)
        body = self._request(envelope.COMMAND, envelope.command(command_id, first), _left(deadline))
        command_id = envelope.command_id(body) or command_id
        for fragment in rest:
            self._request(envelope.SEND, envelope.send(command_id, fragment), _left(deadline))
        return command_id

    def _receive(self, command_id: str, deadline: float) -> tuple[bytes, bool]:
        """One Receive; no bytes when the server has nothing yet, which it may not say at once for ever."""
        started = time.monotonic()
        try:
            body = self._request(
                envelope.RECEIVE, envelope.receive(command_id), _left(deadline), keep_alive=True
            )
        except WSManFaultError as error:
            if not is_operation_timeout(error):
                raise
            data, done = b"", False
        else:
            data, done = envelope.streams(body)
        early = started + _PACE_SECONDS - time.monotonic()
        if early > 0 and not data and not done:
            time.sleep(min(early, max(0.0, deadline - time.monotonic())))
        return data, done

    def _end(self, command_id: str, *codes: str) -> None:
        """Stop or release a pipeline. When even that fails the session is given up."""
        if self._wsman is None:
            return
        seconds = self._patience.close / 2
        with self._wsman.guard.within(self._patience.close):
            try:
                for code in codes:
                    self._request(envelope.SIGNAL, envelope.signal(command_id, code), seconds, grace=0.0)
            except Exception as error:
                if not is_wire_error(error):
                    raise
                self._drop()

    def _request(
        self, action: str, body: str, timeout: float, *, keep_alive: bool = False, grace: float | None = None
    ) -> ET.Element:
        """One request, answered within ``timeout`` + ``grace`` (the session's own where it is None)."""
        assert self._transport is not None and self._address is not None  # noqa: S101, PT018
        assert self._wsman is not None  # noqa: S101
        message_id, request = envelope.build(self._address, action, body, timeout, keep_alive=keep_alive)
        seconds = timeout + (self._patience.grace if grace is None else grace)
        if self.target.auth == "basic":
            self._sign_in.refusals.check()
        if self._wsman.transport.wrap_required and self._wsman.guard.was_closed():
            self._reconnect(self._wsman)
        try:
            with self._wsman.guard.within(seconds):
                answer = self._transport.send(request, self.target.connect_seconds, seconds)
        except WinRMTransportError as error:
            raise _as_fault(error) from error
        except (AuthenticationError, SignInError) as error:
            self._refusals.note(from_wire(error, self.target.url))
            self._refused_at = time.monotonic()
            raise
        return envelope.open_answer(answer, message_id)

    # --- opening, healing, ending ------------------------------------------------------------------

    def _new_wsman(self) -> _WSMan:
        target, sign_in = self.target, self._sign_in
        sign_in.check()
        wsman = _WSMan(
            target.host,
            port=target.port,
            ssl=target.tls,
            path=target.path,
            auth=target.auth,
            username=sign_in.user or None,
            password=sign_in.secret.value if sign_in.secret else None,
            # A path is taken too (psrp-wire §2), which its annotation does not say.
            cert_validation=cast("bool", tls.verification(target)),
            certificate_pem=target.certificate,
            certificate_key_pem=target.certificate_key or target.certificate,
            operation_timeout=self._patience.open,
            connection_timeout=math.ceil(target.connect_seconds),
            read_timeout=self._patience.open + self._patience.grace,
            reconnection_retries=0,
        )
        self._prepare(wsman)
        return wsman

    def _fronted(self, header: str) -> None:
        self.route = self.route.fronted_by(header)

    def _heard(self, answer: requests.Response, *_: object, **__: object) -> None:
        """A response that came by requests, as those of a sign-in do."""
        if (front_end := answer.headers.get(FRONT_END_HEADER)) is not None:
            self._fronted(front_end)

    def _prepare(self, wsman: _WSMan) -> None:
        http = self._sign_in.session(wsman, wsman.guard.left)
        guard.install(http, wsman.guard)
        http.hooks["response"].append(self._heard)
        wsman.transport.session = http

    def _idle_too_long(self, wsman: _WSMan) -> bool:
        return bool(wsman.transport.wrap_required) and time.monotonic() - self._used_at > HEAL_AFTER_IDLE

    def _reconnect(self, wsman: _WSMan) -> None:
        """Make the connection anew; the shell lives on. Without this a sealed connection that was
        lost makes every later request fail (psrp-wire §4.3)."""
        wsman.hang_up()
        wsman.transport.session = None
        wsman.transport.encryption = None
        self._prepare(wsman)

    def _drop(self) -> None:
        """Give a lost session up; its shell is deleted over a new connection if that can be had."""
        if self._pool is None or self._wsman is None:
            return
        pool, wsman = self._pool, self._wsman
        self._forget()
        self._abandon(wsman, pool.shell.id or pool.id, reconnect=True)

    def _forget(self) -> None:
        self._pool = self._wsman = self._address = self._transport = None
        self._on_shell(-1)

    def clean_up(self, seconds: float | None = None) -> None:
        """Delete shells whose deletion did not get through, while they may still be there."""
        if self._refused_at is not None:  # each sign-in may count against a locked account
            return
        now = time.monotonic()
        left = [(since, shell) for since, shell in self._undeleted if now - since < SHELL_IDLE_SECONDS]
        self._undeleted.clear()
        if not left:
            return
        wsman = self._new_wsman()
        with wsman.guard.within(self._patience.close if seconds is None else max(0.0, seconds)):
            for since, shell in left:
                # Where one does not get through, the others would not either.
                if self._undeleted:
                    self._undeleted.append((since, shell))
                else:
                    self._abandon(wsman, shell, reconnect=False, since=since)

    def _abandon(self, wsman: _WSMan, shell: str, *, reconnect: bool, since: float | None = None) -> None:
        """Delete the shell, within seconds, then close the connection. Where the sign-in was refused nothing
        is sent: it would be one more try, and the shell ends by itself."""
        try:
            if self._refused_at is not None:
                self._undeleted.append((since or time.monotonic(), shell))
                return
            if reconnect:
                self._reconnect(wsman)
            self._delete(wsman, shell, self._patience.close)
        except Exception as error:
            if not is_wire_error(error):
                raise
            explained = from_wire(error, self.target.url)
            self._refusals.note(explained)
            self._refused_at = time.monotonic() if isinstance(explained, SignInError) else None
            if not _is_gone(error):
                self._undeleted.append((since or time.monotonic(), shell))
        finally:
            wsman.hang_up()

    def _delete(self, wsman: _WSMan, shell: str, seconds: float) -> None:
        wsman.operation_timeout = math.ceil(seconds)
        selectors = SelectorSet()
        selectors.add_option("ShellId", shell)
        with wsman.guard.within(seconds):
            wsman.delete(_RESOURCES + self._configuration, selector_set=selectors)

    def _explained(self, error: Exception) -> ExchangeError:
        if not is_wire_error(error):
            raise error
        return from_wire(error, self.target.url)


class _TimeUp(Exception):  # noqa: N818 -- a signal between two functions, not an error
    pass


def _is_gone(error: BaseException) -> bool:
    """The server's answer that there is no such shell. Any other fault leaves it open."""
    return isinstance(error, WSManFaultError) and fault_code(error) == NO_SHELL


def _new_id() -> str:
    return str(uuid.uuid4()).upper()


def _left(deadline: float) -> float:
    """What one request may take. Raises _TimeUp when nothing is left."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise _TimeUp
    return min(RECEIVE_SECONDS, left)


def _worth_repeating(error: ExchangeError) -> bool:
    """A lost shell or connection may be an old one: a new session tells. A time limit is final."""
    return error.session_lost and error.retry and not isinstance(error, TimeLimitError)


def _as_fault(error: WinRMTransportError) -> Exception:
    """The WSMan fault inside an HTTP error, where there is one. Its text came through ``accepted``."""
    try:
        return WSMan._parse_wsman_fault(error.response_text)
    except ET.ParseError:
        return error


_NOT_THERE: Final = ("CommandNotFoundException", "NamedParameterNotFound", "ScriptsNotAllowed")


def _failure(call: Call, record: CmdletError) -> ExchangeError:
    what = N_("{cmdlet} failed").format(cmdlet=call.cmdlet)
    if any(mark in record.fully_qualified_id for mark in _NOT_THERE):
        return NotGrantedError(
            N_("{cmdlet} is not available to this account here").format(cmdlet=call.cmdlet), record.message
        )
    return CmdletFailedError(what, record)
