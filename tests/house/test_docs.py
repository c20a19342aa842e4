"""README, CHANGELOG and docs/: every link leads somewhere, every command line, option and path is there."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Final

import pytest

from cockpit import cli
from tests.docs.pages import PARTS, page, wanted
from tests.docs.parts import filled
from tests.docs.reading import Page, pages, words
from tests.docs.usage import complaints, every_option, is_name, is_usage
from tests.support.processes import ROOT

PAGES: Final = tuple(Page(path) for path in pages())
TOP: Final = cli.parser()
CHEAP: Final = {
    "pop-cockpit info": "configuration",
    "pop-cockpit keys": "fleet.probe",
    "pop-cockpit lab scenarios": "selftest-hung",
    "pop-cockpit env list": "",
}
"""Command lines of the pages that ask no server, and what stands in their answer."""


def named(found: Page) -> str:
    return found.name


@pytest.mark.parametrize("name", PARTS)
def test_generated_parts_are_the_programs(name: str) -> None:
    """Else: python -m tests.docs"""
    assert page(name).read_text(encoding="utf-8") == wanted(name)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("<!-- generated: a -->\nold\n<!-- end -->\n<!-- generated: b -->\n<!-- end -->", KeyError),
        ("<!-- generated: a -->\nold\n", ValueError),
        ("nothing", ValueError),
    ],
)
def test_a_part_that_nobody_makes_or_shows_is_seen(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        filled(text, {"a": lambda: "new"})


def test_a_part_is_made_anew() -> None:
    text = "before\n<!-- generated: a -->\nold\n<!-- end -->\nafter"
    assert filled(text, {"a": lambda: "new\n"}) == text.replace("old", "new")


@pytest.mark.parametrize("found", PAGES, ids=named)
def test_links_lead_somewhere(found: Page) -> None:
    lost = [link for link in found.links() if not _leads_somewhere(found, link)]
    assert lost == []


def _leads_somewhere(found: Page, link: str) -> bool:
    if re.match(r"https?://[\w.-]+\.\w+(/|$)", link):
        return True
    path, _, anchor = link.partition("#")
    target = (found.path.parent / path).resolve() if path else found.path
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not anchor or anchor in Page(target).anchors()


def test_every_page_is_in_the_index_and_the_index_in_the_readme() -> None:
    index = Page(ROOT / "docs" / "README.md")
    linked = {link.partition("#")[0] for link in index.links()}
    assert {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"} <= linked
    assert "docs/README.md" in set(Page(ROOT / "README.md").links())


LINES: Final = [(found, line) for found in PAGES for line in dict.fromkeys(found.commands())]


@pytest.mark.parametrize(("found", "line"), LINES, ids=[f"{p.name}: {line}" for p, line in LINES])
def test_command_lines_are_understood(found: Page, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    typed = words(line)
    if is_name(TOP, typed):
        return
    if is_usage(line):
        assert list(complaints(TOP, typed)) == []
        return
    try:
        TOP.parse_args(typed)
    except SystemExit as ended:
        if ended.code != 0:
            pytest.fail(capsys.readouterr().err)


def test_what_is_wrong_with_a_usage_is_found() -> None:
    assert list(complaints(TOP, words("pop-cockpit status [--server S] [--format table|json]"))) == []
    for wrong in (
        "statuss [--server S]",
        "status [--servers S]",
        "status [--format table|yaml]",
        "env put|list",
    ):
        assert list(complaints(TOP, words(f"pop-cockpit {wrong}"))), wrong


@pytest.fixture
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    folder = tmp_path / "XDG_CONFIG_HOME" / "pop-cockpit"
    folder.mkdir(parents=True)
    (folder / "environments.toml").write_text('[environments.prod]\nentry_servers = ["ex01"]\n')


@pytest.mark.usefixtures("_own_home")
@pytest.mark.parametrize("line", CHEAP)
def test_cheap_command_lines_do_what_they_say(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert line in {line for _, line in LINES}, "no page shows it"
    assert cli.main(words(line)) == 0
    assert CHEAP[line] in capsys.readouterr().out


@pytest.mark.parametrize("found", PAGES, ids=named)
def test_options_are_there(found: Page) -> None:
    options = every_option(TOP)
    shown = {span.split()[0].split("=")[0] for span in found.spans() if span.startswith("--")}
    assert shown - options == set()


_PATH: Final = re.compile(r"^(?:(?:cockpit|tests|docs|themes)/[\w./-]*|\.ci/[\w.-]+)$")


@pytest.mark.parametrize("found", PAGES, ids=named)
def test_paths_are_there(found: Page) -> None:
    shown = {span for span in found.spans() if _PATH.match(span)}
    assert [path for path in sorted(shown) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("found", PAGES, ids=named)
def test_modules_to_run_are_there(found: Page) -> None:
    shown = {name for code in (*found.spans(), *(b.text for b in found.blocks())) for name in _modules(code)}
    assert [name for name in sorted(shown) if importlib.util.find_spec(name) is None] == []


def _modules(code: str) -> list[str]:
    return [
        name for name in re.findall(r"python -m ([\w.]+)", code) if name.split(".")[0] in ("cockpit", "tests")
    ]


def test_every_process_of_the_architecture_is_one() -> None:
    text = page("architecture.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| [^|]+ \| `(cockpit\.[\w.]+)`", text, re.MULTILINE))
    main = re.compile(r"^if __name__ == .__main__.:", re.MULTILINE)
    files = {path: path.read_text(encoding="utf-8") for path in (ROOT / "cockpit").rglob("*.py")}
    found = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path, text in files.items()
        if main.search(text)
    }
    # The command line's own, the page of the doctor, and the lab, which the command line serves.
    assert told == found - {"cockpit.__main__", "cockpit.doctor.document"} | {"cockpit.lab.serve"}
