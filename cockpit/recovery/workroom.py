"""What every desk of an office needs: a journal, sessions to the servers, and workers for runs."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from cockpit.config.environment import Environment
from cockpit.config.language import N_
from cockpit.config.paths import paths
from cockpit.config.secrets import Secret
from cockpit.journal.records import Json, NewRun, Run
from cockpit.journal.store import Journal
from cockpit.recovery import starting
from cockpit.recovery.access import Access, Sessions
from cockpit.recovery.client import RefusedError
from cockpit.recovery.launch import Launcher, works
from cockpit.recovery.opening import journal_url
from cockpit.recovery.refusing import refusals
from cockpit.recovery.runbook import Runbook, freeze
from cockpit.recovery.runbooks import STARTING
from cockpit.recovery.scope import refuse_left_out, scope_of, server_of


class Workroom:
    """May be used from several threads: every call that asks servers has sessions of its own."""

    def __init__(
        self, environment: Environment, secret: Secret | None, journal: Journal, read_only: bool
    ) -> None:
        self._environment = environment
        self._secret = secret
        self._journal = journal
        self._read_only = read_only
        self._launcher = Launcher(environment, secret, journal, journal_url(environment, paths()))

    def operator(self) -> str:
        return self._journal.actor.operator

    def close(self) -> None:
        self._launcher.close()
        self._journal.close()

    def _may_write(self, what: str) -> None:
        if self._read_only:
            raise RefusedError(
                what,
                N_("environment {environment} is read-only").format(environment=self._environment.name),
                N_("Start with --write."),
            )

    def _start(
        self, book: Runbook, server: str, monitor: str, *, auto: bool, facts: Mapping[str, Json] | None = None
    ) -> str:
        """Begin a run in the server's scope, with a worker; its id. Raises RefusedError."""
        what = STARTING[book.name].format(server=server)
        self._may_write(what)
        with refusals(what):
            with self._servers() as access:
                scope = scope_of(access, server)
                name = server_of(access, server).name
                refuse_left_out(self._environment, access, name)
            starting.free(self._journal, scope, what)
            text, digest = freeze(book)
            new = NewRun(
                id=uuid.uuid4().hex,
                runbook=book.name,
                digest=digest,
                book=text,
                environment=self._environment.name,
                scope=scope,
                server=name,
                monitor=monitor,
                step=book.steps[0].id,
                auto=auto,
                facts=facts or {},
            )
            self._create(new, what)
            self._work(new.id)
            return new.id

    def _create(self, new: NewRun, what: str) -> None:
        lease = self._environment.recovery.lease
        hold = starting.acquired(self._journal, new.scope, new.id, lease, what)
        try:
            # Two may have found it free at the same time: under the lease only one looks.
            starting.no_run(self._journal, new.scope, what)
            with self._journal.write(hold) as writer:
                writer.create_run(new)
        finally:
            self._journal.release(hold)

    def _top(self, run: Run) -> Run:
        """The run that a worker works on: a child is driven by its parent's."""
        while run.parent is not None:
            parent = self._journal.run(run.parent)
            if parent.ended:
                return run
            run = parent
        return run

    def _work_if_left(self, run: Run) -> None:
        top = self._top(run)
        if not works(self._journal.lease(top.scope)):
            self._work(top.id)

    def _work(self, run: str) -> None:
        try:
            self._launcher.start(run, paths())
        except OSError as error:
            raise RefusedError(
                N_("A worker for run {run}").format(run=run[:8]),
                N_("it could not be started: {reason}").format(reason=error.strerror),
                N_("When that is mended: pop-cockpit runs resume {run}.").format(run=run[:8]),
            ) from error

    @contextmanager
    def _servers(self) -> Iterator[Access]:
        access = Sessions(self._environment, self._secret)
        try:
            yield access
        finally:
            access.close()
