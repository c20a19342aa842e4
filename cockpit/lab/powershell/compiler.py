"""Statements to closures; expressions are ``expressions.py``, commands ``commands.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from cockpit.lab.powershell.access import target
from cockpit.lab.powershell.commands import command
from cockpit.lab.powershell.core import NOTHING, Blocks, type_of_literal
from cockpit.lab.powershell.errors import (
    NotHereError,
    PowerShellError,
    StoppedByPreferenceError,
    not_here,
    thrown,
)
from cockpit.lab.powershell.expressions import expression
from cockpit.lab.powershell.operators import ARITHMETIC
from cockpit.lab.powershell.run import Expression, Run, Statement
from cockpit.lab.powershell.tree import Node, child, parts, source, tokens
from cockpit.lab.powershell.values import Table, items, text, truth


class BreakError(Exception):
    """``break``."""


class ContinueError(Exception):
    """``continue``."""


class ReturnError(Exception):
    """``return``; what it gave is out already."""


def nothing(_: Run, __: list[object]) -> None:
    return


def statements(node: Node | None) -> Statement:
    """A list of them. An error ends the statement it is in, and all of the script if the preference is Stop,
    -ErrorAction was, or a ``try`` is open."""
    if node is None:
        return nothing
    compiled = [statement(n) for n in parts(node) if n.type != "empty_statement"]

    def run_all(run: Run, out: list[object]) -> None:
        for one in compiled:
            run.check()
            try:
                one(run, out)
            except (NotHereError, StoppedByPreferenceError):
                raise
            except PowerShellError as error:
                if run.guarded or error.record.category == _THROWN:
                    raise
                run.statement_ended(error)

    return run_all


_THROWN: Final = 14
"""OperationStopped: the category of what ``throw`` throws."""


def statement(node: Node) -> Statement:
    act = _STATEMENTS.get(node.type)
    if act is None:
        raise not_here(f"syntax: {node.type}")
    return act(node)


def _block(node: Node) -> Statement:
    """``{ … }``."""
    found = [p for p in parts(node) if p.type == "statement_list"]
    return statements(found[0] if found else None)


# -- pipelines ----------------------------------------------------------------------------------------------


def _pipeline(node: Node) -> Statement:
    """Emits what it gives: arrays one by one."""
    inner = parts(node)
    if len(inner) != 1:
        raise not_here("chains of pipelines")
    if inner[0].type == "assignment_expression":
        return _assignment(inner[0])
    return _chain(inner[0])


def _chain(node: Node) -> Statement:
    if node.type != "pipeline_chain":
        raise not_here(f"syntax: {node.type}")
    stages = parts(node)
    first, later = stages[0], [command(stage, BLOCKS) for stage in stages[1:]]
    if first.type == "command":
        begin = command(first, BLOCKS)

        def source_of(run: Run) -> list[object]:
            return begin(run, None)
    else:
        value_of = expression(first, BLOCKS)

        def source_of(run: Run) -> list[object]:
            value = value_of(run)
            return [] if value is NOTHING else items(value)

    def run_chain(run: Run, out: list[object]) -> None:
        flow = source_of(run)
        for stage in later:
            flow = stage(run, flow)
        out.extend(flow)

    return run_chain


def value_of(node: Node) -> Expression:
    """The value of a pipeline or another statement: an expression's as it is, of anything else what it put
    out."""
    if node.type == "pipeline":
        inner = parts(node)
        if len(inner) == 1 and inner[0].type == "pipeline_chain":
            stages = parts(inner[0])
            if len(stages) == 1 and stages[0].type != "command":
                return expression(stages[0], BLOCKS)
    act = statement(node)

    def collect(run: Run) -> object:
        out: list[object] = []
        act(run, out)
        return None if not out else out[0] if len(out) == 1 else out

    return collect


def collected(node: Node | None) -> Callable[[Run], list[object]]:
    """All that statements put out."""
    act = statements(node)

    def collect(run: Run) -> list[object]:
        out: list[object] = []
        act(run, out)
        return out

    return collect


def _assignment(node: Node) -> Statement:
    left, sign_node, right = [c for c in tokens(node) if c.is_named]
    sign = source(sign_node)
    read, write = target(left, BLOCKS)
    value = value_of(right)
    if sign == "=":

        def assign(run: Run, _: list[object]) -> None:
            found = value(run)
            write(run, None if found is NOTHING else found)

        return assign
    act = ARITHMETIC.get(sign[:-1])
    if act is None:
        raise not_here(f"operator {sign}")

    def change(run: Run, _: list[object]) -> None:
        found = value(run)
        write(run, act(read(run), None if found is NOTHING else found))

    return change


# -- control ------------------------------------------------------------------------------------------------


def _condition(node: Node) -> Expression:
    while node.type != "pipeline":
        node = parts(node)[0]
    value = value_of(node)
    return lambda run: truth(value(run))


def _if(node: Node) -> Statement:
    branches: list[tuple[Expression, Statement]] = []
    last: Statement = nothing
    pending: Expression | None = None
    for part in parts(node):
        if part.type == "pipeline":
            pending = _condition(part)
        elif part.type == "statement_block" and pending is not None:
            branches.append((pending, _block(part)))
        elif part.type == "elseif_clauses":
            for clause in parts(part):
                test, body = parts(clause)
                branches.append((_condition(test), _block(body)))
        elif part.type == "else_clause":
            last = _block(child(part, "statement_block"))
        else:
            raise not_here(f"syntax: {part.type}")

    def choose(run: Run, out: list[object]) -> None:
        for test, body in branches:
            if test(run):
                body(run, out)
                return
        last(run, out)

    return choose


def _loop(body: Statement, run: Run, out: list[object]) -> bool:
    """One round; False after ``break``."""
    try:
        body(run, out)
    except BreakError:
        return False
    except ContinueError:
        return True
    return True


def _while(node: Node) -> Statement:
    test, body = _condition(child(node, "while_condition")), _block(child(node, "statement_block"))

    def repeat(run: Run, out: list[object]) -> None:
        while test(run):
            run.check()
            if not _loop(body, run, out):
                return

    return repeat


def _do(node: Node) -> Statement:
    test, body = _condition(child(node, "while_condition")), _block(child(node, "statement_block"))
    until = any(c.type == "until" for c in tokens(node))

    def repeat(run: Run, out: list[object]) -> None:
        while _loop(body, run, out):
            run.check()
            if test(run) is until:
                return

    return repeat


def _for(node: Node) -> Statement:
    by_kind = {p.type: p for p in parts(node)}

    def part(kind: str) -> Statement:
        found = by_kind.get(kind)
        return nothing if found is None else statement(parts(found)[0])

    begin, step = part("for_initializer"), part("for_iterator")
    condition = by_kind.get("for_condition")
    test: Expression = (lambda _: True) if condition is None else _condition(condition)
    body = _block(by_kind["statement_block"])

    def repeat(run: Run, out: list[object]) -> None:
        begin(run, [])
        while test(run):
            run.check()
            if not _loop(body, run, out):
                return
            step(run, [])

    return repeat


def _foreach(node: Node) -> Statement:
    variable, over, block = parts(node)
    name = source(variable)[1:].lower()
    value, body = value_of(over), _block(block)

    def repeat(run: Run, out: list[object]) -> None:
        found = value(run)
        for item in [] if found is None or found is NOTHING else list(items(found)):
            run.check()
            run.set(name, item)
            if not _loop(body, run, out):
                return

    return repeat


def _flow(node: Node) -> Statement:
    word = next(tokens(node)).type
    given = parts(node)
    value = value_of(given[0]) if given else None

    def go(run: Run, out: list[object]) -> None:
        if word == "break":
            raise BreakError
        if word == "continue":
            raise ContinueError
        found = None if value is None else value(run)
        if word == "throw":
            raise thrown(text(found))
        if word == "exit":
            raise ReturnError
        if value is not None and found is not NOTHING:
            out.extend(items(found))
        raise ReturnError

    if word not in ("break", "continue", "return", "throw", "exit"):
        raise not_here(f"syntax: {word}")
    return go


def _try(node: Node) -> Statement:
    body = _block(child(node, "statement_block"))
    clauses: list[tuple[tuple[str, ...], Statement]] = []
    last: Statement = nothing
    for part in parts(node):
        if part.type == "catch_clauses":
            clauses += [_catch(c) for c in parts(part)]
        elif part.type == "finally_clause":
            last = _block(child(part, "statement_block"))

    def guard(run: Run, out: list[object]) -> None:
        run.guarded += 1
        try:
            body(run, out)
        except NotHereError:
            raise
        except PowerShellError as error:
            handler = next((h for kinds, h in clauses if not kinds or _catches(kinds, error)), None)
            if handler is None:
                raise
            before = run.get("_")
            run.set("_", _caught(error))
            handler(run, out)
            run.set("_", before)
        finally:
            run.guarded -= 1
            last(run, out)

    return guard


def _catch(node: Node) -> tuple[tuple[str, ...], Statement]:
    kinds: tuple[str, ...] = ()
    for part in parts(node):
        if part.type == "catch_type_list":
            kinds = tuple(type_of_literal(t).name for t in parts(part))
    return kinds, _block(child(node, "statement_block"))


def _catches(kinds: tuple[str, ...], error: PowerShellError) -> bool:
    """By the exception thrown inside, as PowerShell unwraps it; of base classes the two there are."""
    own = {error.exception, error.record.exception_type, "System.Exception"}
    if error.exception.startswith("System.IO."):
        own.add("System.IO.IOException")
    return not own.isdisjoint(kinds)


def _caught(error: PowerShellError) -> Table:
    """``$_`` in a ``catch``: the two members that scripts read."""
    exception, record = Table(custom=True), Table(custom=True)
    exception.set("Message", error.record.message)
    record.set("Exception", exception)
    record.set("FullyQualifiedErrorId", error.record.fully_qualified_id)
    return record


_STATEMENTS: Final[Mapping[str, Callable[[Node], Statement]]] = {
    "pipeline": _pipeline,
    "if_statement": _if,
    "while_statement": _while,
    "do_statement": _do,
    "for_statement": _for,
    "foreach_statement": _foreach,
    "flow_control_statement": _flow,
    "try_statement": _try,
}
BLOCKS: Final = Blocks(value_of, collected)
