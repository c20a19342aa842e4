"""The operator's own themes: whatever is wrong with one is one line, and the theme is left out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.ui import theme, theme_file
from cockpit.ui.look import UNICODE, VARIABLE_DEFAULTS, make_look
from cockpit.ui.theme_file import ThemeError

GOOD = 'primary = "#5f87af"\n'


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "themes"
    folder.mkdir()
    return folder


def names(found: theme.Themes) -> list[str]:
    return [each.name for each in found.loaded if each.own]


WRONG: dict[str, tuple[str, str]] = {
    "no colour": (
        'primary = "notacolour"',
        'line 1: primary: "notacolour" is not a colour. Write one such as "#ff6b6b", or "ansi_red" in a '
        "theme with ansi = true.",
    ),
    "no primary": ('secondary = "red"', "primary: is missing. Give a colour such as"),
    "no text": ("primary = 7", "line 1: primary: 7 is not a colour"),
    "unknown key": (
        GOOD + 'secundary = "red"',
        "line 2: secundary: there is no such key. Did you mean secondary?",
    ),
    "nothing like it": (GOOD + "zzzzzz = 1", "line 2: zzzzzz: there is no such key. Take it out"),
    "role at the top": (
        GOOD + 'state-healthy = "red"',
        "line 2: state-healthy: there is no such key. Did you mean state-healthy, below [variables]?",
    ),
    "unknown variable": (
        GOOD + '[variables]\nstate-heathy = "red"',
        "line 3: variables.state-heathy: there is no such key. Did you mean state-healthy?",
    ),
    "bad variable": (
        GOOD + '[variables]\n\nstate-healthy = "greeen"',
        'line 4: variables.state-healthy: "greeen" is not a colour',
    ),
    "variables no table": (
        "variables = 1\n" + GOOD,
        "line 1: variables: 1 cannot be used. Write it as a table",
    ),
    "flag": (GOOD + 'dark = "yes"', 'line 2: dark: "yes" cannot be used. Write true or false.'),
    "number": (GOOD + "text_alpha = 2", "line 2: text_alpha: 2 cannot be used. Write a number from 0 to 1."),
    "nan": (GOOD + "text_alpha = nan", "line 2: text_alpha: NaN cannot be used"),
    "see-through": (GOOD + 'panel = "#ff000080"', 'line 2: panel: "#ff000080" lets the ground through'),
    "terminal's own": (
        GOOD + 'panel = "ansi_red"',
        'line 2: panel: "ansi_red" is one of the terminal\'s own colours. Write ansi = true at the top',
    ),
    "cursor": (
        GOOD + '[variables]\ncursor-style = "blink"',
        'line 3: variables.cursor-style: "blink" cannot be used. Write one of ground, reverse.',
    ),
    "text style": (
        GOOD + '[variables]\nblock-cursor-text-style = "bold blink"',
        'variables.block-cursor-text-style: "blink" cannot be used. Write one of none, bold',
    ),
    "name": ('name = "my theme"\n' + GOOD, 'line 1: name: "my theme" is no name for a theme. Write a letter'),
    "name of another kind": ("name = 3\n" + GOOD, "line 1: name: 3 is no name for a theme"),
    "long name": (f'name = "{"a" * 41}"\n' + GOOD, "is no name for a theme"),
    "deep": ("primary = " + "[" * 60_000, "is nested too deeply"),
    "huge number": ("text_alpha = " + "1" * 60_000, "is not valid TOML"),
    "no TOML": ("primary = \n", "line 1, column 11: is not valid TOML: Invalid value. Mend that line."),
    "key twice": (GOOD + GOOD, "is not valid TOML: Cannot overwrite a value"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_one_line_with_file_line_key_and_cure(case: str, own: Path) -> None:
    content, said = WRONG[case]
    (own / "bad.toml").write_text(content)
    (own / "good.toml").write_text(GOOD)
    found = theme.load(own)
    assert names(found) == ["good"]
    (warning,) = found.warnings
    assert warning.startswith(f"{own / 'bad.toml'}")
    assert said in warning
    assert warning.endswith((".", "?"))
    assert "\n" not in warning


@pytest.mark.parametrize("depth", range(100, 600, 50))
def test_no_depth_ends_the_program(depth: int, own: Path) -> None:
    (own / "deep.toml").write_text(GOOD + "[variables]\nstate-stale = " + "[" * depth + "]" * depth)
    (warning,) = theme.load(own).warnings
    assert "nested too deeply" in warning or "is not a colour" in warning


def test_files_that_are_none(own: Path) -> None:
    (own / "folder.toml").mkdir()
    os.mkfifo(own / "pipe.toml")  # opened in the plain way it would wait for a writer for ever
    (own / "device.toml").symlink_to("/dev/zero")
    (own / "gone.toml").symlink_to(own / "nowhere")
    (own / "latin.toml").write_bytes('# città\nprimary = "red"'.encode("latin-1"))
    (own / "long.toml").write_text(GOOD + "#" * theme_file.LARGEST)
    (own / "notes.txt").write_text("no theme")
    found = theme.load(own)
    assert names(found) == []
    said = dict(zip(("device", "folder", "gone", "latin", "long", "pipe"), found.warnings, strict=True))
    for name in ("device", "folder", "pipe"):
        assert "it is not a file" in said[name] or "Is a directory" in said[name]
        assert f"{name}.toml" in said[name]
    assert "it cannot be read: No such file" in said["gone"]
    assert "byte 6 is not UTF-8. Write it in that encoding." in said["latin"]
    assert "it is longer than 65536 bytes" in said["long"]


def test_a_hostile_file_name_does_nothing_to_the_terminal(own: Path) -> None:
    (own / "\x1b]0;owned\x07.toml").write_text('primary = "\\u001b[31m"')
    (warning,) = theme.load(own).warnings
    assert warning.isprintable()


def test_a_name_is_taken_by_the_first(own: Path) -> None:
    (own / "a.toml").write_text('name = "mine"\n' + GOOD)
    second = own / "b.toml"
    second.write_text(GOOD + '\nname = "mine"\n')
    (own / "dark.toml").write_text(GOOD)
    found = theme.load(own)
    assert [each.path.name for each in found.loaded if each.own] == ["a.toml"]
    assert list(found.warnings) == [
        f"{second}, line 3: name: mine is the name of {own / 'a.toml'} already. Give it another name.",
        f"{own / 'dark.toml'}: name: dark is the name of a theme of the program already. "
        "Give it another name.",
    ]
    dark = found.of("dark")
    assert dark is not None
    assert not dark.own


def test_a_folder_that_is_not_there_is_no_trouble(tmp_path: Path) -> None:
    assert theme.load(tmp_path / "nowhere").warnings == ()
    (tmp_path / "file").touch()
    (warning,) = theme.load(tmp_path / "file").warnings
    assert warning == f"{tmp_path / 'file'}: the themes there cannot be read: Not a directory. " \
        "Check its permissions."  # fmt: skip


def test_a_collection_of_themes_does_not_hold_up_the_start(own: Path) -> None:
    for number in range(theme.MOST + 5):
        (own / f"t{number:03}.toml").write_text(GOOD)
    found = theme.load(own)
    assert len(names(found)) == theme.MOST
    assert found.warnings == (f"{own}: only the first 100 of 105 themes are read. Take some out.",)


@pytest.mark.parametrize(
    ("kind", "base"),
    [("", "dark"), ("dark = false\n", "light"), ("ansi = true\n", "ansi-dark"),
     ("dark = false\nansi = true\n", "ansi-light")],
)  # fmt: skip
def test_what_is_not_given_is_that_of_the_same_kind(kind: str, base: str, own: Path) -> None:
    colour = '"ansi_red"' if "ansi" in kind else '"#123456"'
    (own / "mine.toml").write_text(f"{kind}primary = {colour}\n[variables]\nstate-stale = {colour}\n")
    found = theme.load(own)
    mine, like = found.of("mine"), found.of(base)
    assert mine is not None
    assert like is not None
    assert mine.theme.primary == colour.strip('"')
    assert mine.theme.background == like.theme.background
    assert mine.theme.variables == {**like.theme.variables, "state-stale": colour.strip('"')}


def test_the_page_names_every_key_and_variable() -> None:
    page = (Path(__file__).parents[2] / "docs" / "themes.md").read_text(encoding="utf-8")
    states = {name: f"`-{name.removeprefix('state-')}`" for name in VARIABLE_DEFAULTS}
    assert [n for n in VARIABLE_DEFAULTS if f"`{n}`" not in page and states[n] not in page] == []
    keys = (*theme_file._COLOURS, *theme_file._FLAGS, *theme_file._NUMBERS, "name")
    assert [key for key in keys if f"`{key}`" not in page] == []
    assert [each.name for each in theme.load().loaded if f"| `{each.name}` |" not in page] == []


KEYS = st.sampled_from(["name", "dark", "ansi", "primary", "panel", "boost", "text_alpha", "variables", "zz"])
VALUES = st.one_of(
    st.sampled_from(["#ff0000", "red", "ansi_red", "ansi_default", "auto", "transparent", "rgb(1,2)"]),
    st.booleans(), st.integers(-3, 3), st.floats(), st.text(max_size=8), st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from([*VARIABLE_DEFAULTS, "link-style", "border", "x"]),
                    st.sampled_from(["red", "#123", "bold", "reverse", "", "ansi_blue"]), max_size=3),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(data=st.dictionaries(KEYS, VALUES, max_size=5), good=st.booleans())
def test_a_theme_that_is_taken_gives_a_look(
    data: dict[str, object], good: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever the file says: a warning, or a theme that Textual makes all its colours of."""
    import tomli_w

    path = tmp_path_factory.mktemp("any") / "any.toml"
    path.write_text(tomli_w.dumps({**data, **({"primary": "#5f87af"} if good else {})}), encoding="utf-8")
    with suppress(ThemeError):
        read = theme_file.read(path, True).theme
        read.to_color_system().generate()
        make_look(read.variables, read.ansi, UNICODE)


def test_a_wheel_finds_its_themes(tmp_path: Path) -> None:
    """Laid out as ``force-include`` of pyproject.toml does it, and with nothing beside the package."""
    root = Path(__file__).parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included["themes"] == "cockpit/_themes"
    shutil.copytree(root / "cockpit", tmp_path / "cockpit", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(root / "themes", tmp_path / included["themes"])
    code = (
        "from cockpit.ui import theme; t = theme.load(); print(theme.packaged(), len(t.loaded), t.warnings)"
    )
    environ = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environ, text=True, capture_output=True, check=True
    )
    assert done.stdout.strip() == f"{tmp_path / 'cockpit/_themes'} 6 ()"
