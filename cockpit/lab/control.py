"""The lab's control endpoint: HTTP and JSON on loopback, with a bearer token. For the CLI and for tests.

GET  /ledger?since=SEQ    entries after that number
GET  /shells              open shells by server and endpoint
GET  /state[?all=1]       the truth about servers, services, monitors, databases
GET  /scenario            name, title, what it breaks and what cures it
POST /knobs               {"server": NAME or "*", knob: value, …, "wire": {"latency": …, "refuse": …,
                          "endpoint": "exchange"|"winrm"|"both", "clear": true,
                          "troubles": [{"effect": "DROP", …}]}}
POST /server              {"name": NAME, "action": …, more}; actions: see ``actions.py``
POST /advance             {"seconds": N}: the simulated clock jumps forward
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from cockpit.lab.actions import BadRequestError, act
from cockpit.lab.state import describe
from cockpit.lab.wire.http import Connection, Handler, HttpServer, Request, Response
from cockpit.lab.wire.knobs import Effect, Trouble

if TYPE_CHECKING:
    from cockpit.lab.serve import Lab

log = logging.getLogger(__name__)

_MAX_BODY = 1_000_000
_PAGE = 20_000
"""Entries of the ledger in one answer; ask again with the last number for more."""


class Control:
    """The control endpoint of a lab."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.token = secrets.token_urlsafe(24)
        self._http = HttpServer(self._accept, tls=None, idle_seconds=120.0, max_body=_MAX_BODY)

    async def start(self, host: str, port: int) -> int:
        return await self._http.listen(host, port)

    async def stop(self) -> None:
        self._http.deafen()
        await self._http.hang_up(abort=True)
        self._http.release()

    def _accept(self, _: Connection) -> Handler:
        return self._handle

    async def _handle(self, request: Request) -> Response:
        given = request.headers.get("authorization", "")
        if not secrets.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
            return _answer(401, {"error": "the control token is missing or wrong"})
        try:
            return _answer(200, await self._route(request))
        except BadRequestError as error:
            return _answer(400, {"error": str(error)})
        except Exception as error:
            log.exception("lab bug in %s %s", request.method, request.target)
            return _answer(500, {"error": f"lab bug: {error!r}"})

    async def _route(self, request: Request) -> Mapping[str, Any]:
        parts = urlsplit(request.target)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        simulation = self._lab.simulation
        match (request.method, parts.path.rstrip("/")):
            case ("GET", "/ledger"):
                since = query.get("since", "0")
                if not since.isdigit():
                    raise BadRequestError("since takes a number")
                entries = simulation.ledger.since(int(since))[:_PAGE]
                return {
                    "entries": [e.as_json() for e in entries],
                    "last": simulation.ledger.last,
                    "dropped": simulation.ledger.dropped,
                }
            case ("GET", "/shells"):
                return {"servers": self._shells()}
            case ("GET", "/state"):
                return describe(simulation, every_monitor=query.get("all") == "1")
            case ("GET", "/scenario"):
                scenario = self._lab.scenario
                names = ("name", "title", "breaks", "sees", "cure")
                return {name: getattr(scenario, name) for name in names}
            case ("POST", "/knobs"):
                return await self._knobs(_body(request))
            case ("POST", "/server"):
                done = act(simulation, _body(request))
                await self._lab.follow()
                return done
            case ("POST", "/advance"):
                return await self._advance(_body(request))
        raise BadRequestError(f"there is no {request.method} {parts.path}")

    def _shells(self) -> dict[str, dict[str, list[dict[str, Any]]]]:
        return {
            server: {kind: [asdict(s) for s in endpoint.shells()] for kind, endpoint in both.items()}
            for server, both in self._lab.endpoints.items()
        }

    async def _advance(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        seconds = body.get("seconds")
        if not isinstance(seconds, int | float) or seconds < 0:
            raise BadRequestError("seconds takes a number, 0 or more")
        self._lab.simulation.clock.advance(float(seconds))
        self._lab.simulation.touch()
        await self._lab.follow()
        return {"now": self._lab.simulation.clock.now().isoformat()}

    async def _knobs(self, body: dict[str, Any]) -> Mapping[str, Any]:
        simulation = self._lab.simulation
        wanted = str(body.pop("server", "*"))
        wire = body.pop("wire", None)
        found = simulation.organization.find(wanted)
        if wanted != "*" and found is None:
            raise BadRequestError(f"there is no server {wanted!r}")
        servers = [found] if found is not None else list(simulation.organization.servers.values())
        for server in servers:
            knobs = simulation.knobs[server.name]
            try:
                knobs.change(body)
            except ValueError as error:
                raise BadRequestError(str(error)) from error
            if "stale" in body:
                simulation.touch()
                simulation.set_stale(server, knobs.stale)
            if "no_winrm" in body:
                await self._lab.shut_winrm(server.name)
            if wire is not None:
                await self._wire(server.name, wire)
        self._lab.load_changed()
        return {"servers": {s.name: simulation.knobs[s.name].as_json() for s in servers}}

    async def _wire(self, server: str, wire: Mapping[str, Any]) -> None:
        which = wire.get("endpoint", "both")
        endpoints = self._lab.endpoints[server]
        for kind, endpoint in endpoints.items():
            if which not in ("both", kind):
                continue
            if wire.get("clear"):
                refused = endpoint.knobs.refuse
                endpoint.knobs.clear()
                if refused:
                    await endpoint.accept()
            if "latency" in wire:
                endpoint.knobs.latency = float(wire["latency"])
            if wire.get("refuse") is True:
                await endpoint.refuse()
            elif wire.get("refuse") is False:
                await endpoint.accept()
            for trouble in wire.get("troubles", ()):
                endpoint.knobs.troubles.append(_trouble(trouble))


def _trouble(given: Mapping[str, Any]) -> Trouble:
    try:
        rest = {name: value for name, value in given.items() if name != "effect"}
        return Trouble(Effect[str(given["effect"]).upper()], **rest)
    except (KeyError, TypeError) as error:
        raise BadRequestError(f"not a trouble of the wire: {given}") from error


def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.body or b"{}")
    except ValueError as error:
        raise BadRequestError("the body is not JSON") from error
    if not isinstance(body, dict):
        raise BadRequestError("the body is not a JSON object")
    return body


def _answer(status: int, body: Mapping[str, Any]) -> Response:
    return Response(status, (("Content-Type", "application/json"),), json.dumps(body).encode())
