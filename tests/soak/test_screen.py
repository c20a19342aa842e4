"""A day at the screen: whole by ``pytest -m soak -n 0``, else a glimpse of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.screen import Day, Report, soak, summary


def judged(report: Report) -> None:
    print(*summary(report), sep="\n")
    assert report.wrong == ()


@pytest.mark.matrix
def test_a_glimpse_of_the_day(tmp_path: Path) -> None:
    """Twelve minutes' work on a small lab: everything is done once that the day does."""
    day = Day(minutes=12, servers=6, strikes=30)
    report = soak(tmp_path, day, lambda words: None)
    judged(report)
    assert len(report.looks) == day.minutes
    assert report.looks[-1].asked >= day.minutes * 2 * day.servers
    assert sum(report.ills.values()) >= 2
    assert report.quit_seconds < report.collector_seconds


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
def test_the_day(tmp_path: Path) -> None:
    report = soak(tmp_path, Day())
    judged(report)
    print(f"quit in {report.quit_seconds:.2f} s")
