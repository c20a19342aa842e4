"""Runs that belong together: a run, the run that started it as a step, and what that one started."""

from __future__ import annotations

import sqlalchemy as sa

from cockpit.journal import schema

_RUN = schema.run.c


def descendants(connection: sa.Connection, run: str) -> tuple[str, ...]:
    """``run`` and every run it started, directly or not."""
    tree = sa.select(_RUN.id).where(_RUN.id == run).cte("tree", recursive=True)
    # UNION, not UNION ALL: ends even where rows were tampered into a circle.
    tree = tree.union(sa.select(_RUN.id).where(_RUN.parent == tree.c.id))
    return tuple(connection.execute(sa.select(tree.c.id)).scalars())


def family(connection: sa.Connection, run: str) -> tuple[str, ...]:
    """Every run of the tree ``run`` stands in: what one of them changed, all of them must undo once."""
    up = sa.select(_RUN.id, _RUN.parent).where(_RUN.id == run).cte("up", recursive=True)
    up = up.union(sa.select(_RUN.id, _RUN.parent).where(_RUN.id == up.c.parent))
    root = connection.execute(sa.select(up.c.id).where(up.c.parent.is_(None))).scalar()
    return descendants(connection, run if root is None else root)
