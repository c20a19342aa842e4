"""``python -m tests.benchmarks [--json] [--only NAME,...] [--quick] [--stock-servers N]``.

Progress goes to stderr, figures to stdout. All ratios are taken side by side in one run, because the
machine's speed is not a constant; single seconds are only comparable within a run. Exit code 0 also
when a target is missed: reading the figures is the reader's work.
"""

from __future__ import annotations

import argparse
import importlib
import json
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn, cast

from tests.benchmarks.figures import QUICK, Figure, Report, Sizes

BENCHMARKS = (
    *("reader", "fleet", "screen", "first_paint", "side_by_side", "busy_fleet", "quitting"),
    *("memory_bytes", "logs_screen", "logs_files", "thousand"),
)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--only", metavar="NAME,...", help=f"some of: {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="small sizes: whether it runs, not how fast")
    parser.add_argument(
        "--stock-servers", type=int, metavar="N", help="servers stock pypsrp reads whole (default 40)"
    )
    options = parser.parse_args()
    options.names = options.only.split(",") if options.only else list(BENCHMARKS)
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}")
    return options


def _run(name: str, sizes: Sizes) -> Report:
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - started:5.0f} s] {name}: {text}", file=sys.stderr, flush=True)

    measure = cast(
        "Callable[[Sizes, Callable[[str], None]], Report]",
        importlib.import_module(f"tests.benchmarks.{name}").run,
    )
    return measure(sizes, say)


def _as_json(reports: list[Report], seconds: float) -> dict[str, Any]:
    found: dict[str, Any] = {
        r.benchmark: {f.name: round(f.value, 4) for f in r.figures} | {"notes": list(r.notes)}
        for r in reports
    }
    found["targets"] = {
        f"{r.benchmark}.{f.name}": {"bound": str(f.target), "value": round(f.value, 4), "met": f.met}
        for r in reports
        for f in r.figures
        if f.target is not None
    }
    found["seconds"] = round(seconds, 1)
    return found


def _verdict(figure: Figure) -> str:
    return "" if figure.met is None else "met" if figure.met else "MISSED"


def _table(reports: list[Report]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    for report in reports:
        table = Table(title=report.benchmark, title_justify="left", box=None, pad_edge=False)
        for column, side in (("figure", "left"), ("value", "right"), ("unit", "left"), ("target", "left")):
            table.add_column(column, justify=cast("Any", side), no_wrap=True)
        table.add_column("")
        for figure in report.figures:
            digits = 0 if abs(figure.value) >= 1000 else 2
            target = str(figure.target) if figure.target else ""
            table.add_row(figure.name, f"{figure.value:,.{digits}f}", figure.unit, target, _verdict(figure))
        console.print(table)
        for note in report.notes:
            console.print(f"  {note}")
        console.print()


def _terminated(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt  # so that every child is ended on the way out


def main() -> int:
    options = _arguments()
    sizes = QUICK if options.quick else Sizes()
    if options.stock_servers:
        sizes = replace(sizes, stock_servers=options.stock_servers)
    signal.signal(signal.SIGTERM, _terminated)
    started = time.monotonic()
    reports: list[Report] = []
    try:
        reports += (_run(name, sizes) for name in options.names)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    if options.json:
        print(json.dumps(_as_json(reports, time.monotonic() - started), ensure_ascii=False, indent=2))
    else:
        _table(reports)
    return 0


if __name__ == "__main__":
    sys.exit(main())
