"""``python -m tests.chaos --runs N --seed S [--database URL] [--stations N] [--only RUN]``

Recoveries over the real wire: labs in processes of their own, workers started by the office, an operator
who decides at random, workers killed at random from outside and their runs resumed or aborted, dropped
connections, servers that restart. After each run the lab is asked what is left. Exit 1 on any violation.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import sys
import tempfile
import time
import uuid
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import sqlalchemy as sa

from tests.chaos.figures import VIOLATIONS, Figures
from tests.chaos.serving import serve


def _schema(database: str) -> str:
    """A URL of its own for one station: a new schema."""
    if not database:
        return ""
    name = f"chaos_{uuid.uuid4().hex}"
    engine = sa.create_engine(database)
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(name))
    engine.dispose()
    parsed = sa.make_url(database).update_query_dict({"options": f"-csearch_path={name}"})
    return parsed.render_as_string(hide_password=False)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos", description=(__doc__ or "").split("\n\n")[1]
    )
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--database", default="", help="PostgreSQL instead of SQLite, a schema for each station"
    )
    parser.add_argument("--stations", type=int, default=6, help="labs at work at the same time")
    parser.add_argument("--only", type=int, help="one run again, by its number")
    asked = parser.parse_args()
    numbers = list(range(asked.runs)) if asked.only is None else [asked.only]
    stations = min(asked.stations, len(numbers))
    folder, began, whole = Path(tempfile.mkdtemp(prefix="chaos-")), time.monotonic(), Figures()
    with ProcessPoolExecutor(stations, mp_context=multiprocessing.get_context("spawn")) as pool:
        waiting = []
        for station in range(stations):
            own = folder / str(station)
            own.mkdir()
            waiting.append(
                pool.submit(serve, own, asked.seed, numbers[station::stations], _schema(asked.database))
            )
        for one in waiting:
            whole.add(one.result())
    print("\n".join(whole.lines()))
    print(f"{time.monotonic() - began:.0f} s")
    if any(whole.counts[kind] for kind in VIOLATIONS):
        print(f"again: python -m tests.chaos --runs {asked.runs} --seed {asked.seed}; kept: {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
