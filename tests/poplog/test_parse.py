"""Lines of protocol logs to rows: any cells, any columns, any bytes."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cockpit.exchange.text import _UNSAFE, REDACTED, clean_line
from cockpit.poplog import parse
from cockpit.poplog.parse import CLASSIC, WITH_PUID, Layout, Parser, harmless, header_of, is_plain, pairs
from cockpit.poplog.row import LogRow

AT = datetime(2026, 1, 8, 8, 0, 0, 123_000, tzinfo=UTC)
STAMP = "2026-01-08T08:00:00.123Z"
USUAL = (STAMP, "00000000000000AA", "3", "10.0.0.1:995", "10.1.1.7:50002", "frank", "5", "4", "9")
ANY_TEXT = st.text(st.characters(codec=None))
_PIECES = [
    *("\x1b[31m", "\x1b]52;c;aGk=\x07", "\x00", "\x7f", "\x9b", "\u202e", "\u200b", "\ufeff", "\u2028", "\r"),
    *("\U000e0041", "password=", "pwd: ", "Passw", '"', '""', ",", ";", "=", "#", "é", "<pwd>"),
]
HOSTILE = st.lists(
    st.one_of(
        st.text(st.characters(codec="utf-8"), max_size=5),
        st.sampled_from(_PIECES),
    ),
    max_size=8,
).map("".join)
ONE_LINE = HOSTILE.filter(lambda s: "\n" not in s)


def quoted(cells: Sequence[str], ending: str = "") -> bytes:
    """As any writer of CSV has it."""
    made = io.StringIO()
    csv.writer(made, lineterminator="\r\n").writerow(cells)
    return made.getvalue()[:-2].encode() + ending.encode()


def texts(row: LogRow) -> list[str]:
    """Every text that is in a row, wherever it is."""
    found: list[str] = []
    for value in msgspec.structs.astuple(row):
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, tuple):
            found += [text for pair in value for text in pair]
    return found


def _any_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def assert_harmless(row: LogRow) -> None:
    for text in texts(row):
        assert not _UNSAFE.search(text)
        text.encode()


# --- cells ---------------------------------------------------------------------------------------


@given(st.lists(ONE_LINE, min_size=12, max_size=12), st.sampled_from(["", "\r\n", "\n", "\r"]))
def test_cells_come_back_as_they_were_written(cells: list[str], ending: str) -> None:
    assume(cells[0][:1] not in "#\ufeff" or cells[0] == "")
    cells[0] = STAMP if cells[0].lower().strip() == "datetime" else cells[0]
    row = Parser(Layout.of(CLASSIC)).line(quoted(cells, ending))
    assert row is not None
    got = (row.session, row.server_end, row.client_end, row.user, row.command, row.parameters, row.context)
    shown = [harmless(cell.replace("\r", " ")) for cell in cells]
    assert got == tuple(shown[n] for n in (1, 3, 4, 5, 9, 10, 11))
    assert_harmless(row)
    assert row.problem in ("", "no time")


@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126)), min_size=3, max_size=3))
def test_a_plain_row_is_kept_letter_by_letter(ends: list[str]) -> None:
    assume(not any("assw" in e.lower() or "pwd" in e.lower() for e in ends))
    raw = quoted([*USUAL, *ends])
    row = Parser().line(raw)
    assert row is not None
    expected = (AT, USUAL[1], 3, *USUAL[3:6], 5, 4, 9, *ends, (), raw.decode(), "", True)
    assert msgspec.structs.astuple(row) == expected


@given(
    names=st.permutations([*WITH_PUID, "x-new", "Other Column"]),
    upper=st.booleans(),
    form=st.sampled_from(["{}", "#Fields: {}", "#fields:{}", "\ufeff{}", "#FIELDS:  {} "]),
)
def test_columns_are_found_wherever_they_stand(names: list[str], upper: bool, form: str) -> None:
    if not form.lower().startswith("#"):
        names = ["dateTime", *(n for n in names if n != "dateTime")]
    said = [n.upper() if upper else n for n in names]
    parser = Parser()
    assert parser.line(form.format(",".join(said)).encode()) is None
    values = dict(zip(CLASSIC, [*USUAL, "stat", "a b", "R=ok"], strict=True))
    values |= {"puid": "7", "x-new": "new", "Other Column": "one,two"}
    row = parser.line(quoted([values[n] for n in names]))
    assert row is not None
    assert (row.at, row.session, row.sequence, row.user) == (AT, USUAL[1], 3, "frank")
    assert (row.duration, row.request, row.response) == (5, 4, 9)
    assert (row.command, row.parameters, row.context) == ("stat", "a b", "R=ok")
    assert row.others == tuple((s, values[n]) for n, s in zip(names, said, strict=True) if n not in CLASSIC)
    assert (row.problem, row.assumed) == ("", False)


@given(missing=st.sets(st.sampled_from(CLASSIC[1:]), min_size=1))
def test_columns_that_are_missing_are_empty(missing: set[str]) -> None:
    names = [n for n in CLASSIC if n not in missing]
    values = dict(zip(CLASSIC, [*USUAL, "stat", "a b", "R=ok"], strict=True))
    parser = Parser()
    parser.line(f"#Fields: {','.join(names)}".encode())
    row = parser.line(quoted([values[n] for n in names]))
    assert row is not None
    assert row.problem == ""
    assert row.command == ("" if "command" in missing else "stat")
    assert row.sequence == (None if "seqNumber" in missing else 3)
    assert row.context == ("" if "context" in missing else "R=ok")


def test_of_a_repeated_column_the_first_counts() -> None:
    parser = Parser()
    parser.line(b"dateTime,user,command,user")
    row = parser.line(f"{STAMP},one,stat,two".encode())
    assert row is not None
    assert (row.user, row.others) == ("one", (("user", "two"),))


def test_headers_and_what_is_no_row() -> None:
    parser = Parser()
    for raw in (b"", b"\r\n", b"#", b"#Version: 15", b"\xef\xbb\xbf#Date: x", b"#Fields: a,b"):
        assert parse.no_row(raw)
        assert parser.line(raw) is None
    assert parser == Parser()
    parser.line(b"#Fields: dateTime,command")
    assert parser.layout == Layout.of(["dateTime", "command"])
    parser.line(b"#Software: x")  # which names no columns, and takes none away
    assert parser.layout == Layout.of(["dateTime", "command"])


@pytest.mark.parametrize("form", ["#Fields: dateTime,{}", "datetime,{}"])
def test_a_header_of_endless_columns_is_none(form: str) -> None:
    """Every row below would be filled up to as many cells."""
    parser = Parser(Layout.of(CLASSIC))
    parser.line(form.format("," * 100_000).encode())
    assert parser.layout == Layout.of(CLASSIC)
    assert header_of("#Fields: dateTime" + ",x" * 500) is not None


# --- broken lines --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (",".join(USUAL), "9 fields, the header has 12"),
        (",".join([*USUAL, "stat", "", "R=ok", "more"]), "13 fields, the header has 12"),
        (",".join([*USUAL, "stat", "", '"R=ok;Msg=""Pro']), "a quoted field is not closed"),
        (",".join([*USUAL, "stat", "", '"R=ok" x']), "a quoted field is not closed"),
        (",".join(["yesterday", *USUAL[1:], "stat", "", ""]), "no time"),
        ("rubbish", "1 fields, the header has 12"),
    ],
)
def test_a_line_that_cannot_be_read_says_why(line: str, problem: str) -> None:
    parser = Parser(Layout.of(CLASSIC))
    row = parser.line(line.encode())
    assert row is not None
    assert row.problem == problem
    assert row.line == line
    assert row.at == (AT if line.startswith(STAMP) else None)


def test_without_a_header_the_usual_columns_are_taken() -> None:
    for columns in (CLASSIC, WITH_PUID):
        row = Parser().line(quoted([*USUAL, "stat", "", "R=ok", *[""] * (len(columns) - 12)]))
        assert row is not None
        assert (row.assumed, row.problem, row.command) == (True, "", "stat")
    row = Parser().line(b"a,b")
    assert row is not None
    assert row.problem == "2 fields, and no header says which"


def test_empty_cells_at_the_end_may_be_left_out_or_be_too_many() -> None:
    parser = Parser(Layout.of(CLASSIC))
    for end in (["stat"], ["stat", ""], ["stat", "", "", "", "", ""]):
        row = parser.line(quoted([*USUAL, *end]))
        assert row is not None
        assert (row.problem, row.command, row.context) == ("", "stat", "")


@given(cut=st.integers(0, 130))
def test_a_line_cut_anywhere_is_a_row_or_says_so(cut: int) -> None:
    whole = quoted([*USUAL, "proxy", "b:995", 'R=ok;Msg="Proxy:b:995:SSL"'])
    row = Parser(Layout.of(CLASSIC)).line(whole[:cut])
    if row is not None and not row.problem:
        assert "proxy".startswith(row.command)
        assert row.at == AT


def test_a_quoted_cell_may_be_long_and_hold_line_ends() -> None:
    for context in ("x" * 200_000, "one\rtwo"):
        row = Parser().line(quoted([*USUAL, "stat", "a\rb", context]))
        assert row is not None
        assert (row.problem, row.context) == ("", context.replace("\r", " "))


# --- any bytes -----------------------------------------------------------------------------------


@given(st.lists(st.one_of(st.binary(), HOSTILE.map(_any_bytes), ANY_TEXT.map(_any_bytes))))
@settings(max_examples=300)
def test_no_bytes_raise_and_nothing_hostile_survives(lines: list[bytes]) -> None:
    parser = Parser()
    for raw in lines:
        row = parser.line(raw)
        assert (row is None) == parse.no_row(raw)
        if row is not None:
            assert_harmless(row)
            pairs(row.context)


@given(st.lists(HOSTILE, min_size=13, max_size=13), st.sampled_from([CLASSIC, WITH_PUID]))
@settings(max_examples=300)
def test_nothing_hostile_survives_in_any_cell_or_column(cells: list[str], columns: tuple[str, ...]) -> None:
    parser = Parser()
    parser.line(("#Fields: dateTime,x\x1b[2J," + ",".join(columns[2:])).encode())
    row = parser.line(quoted([STAMP, *cells[: len(columns) - 1]]))
    if row is not None:
        assert_harmless(row)


def test_bytes_that_are_no_utf_8_are_windows_1252() -> None:
    row = Parser().line(quoted([*USUAL, "user", "j", ""]).replace(b"frank", b"j\xf6rg\x81\x80"))
    assert row is not None
    assert row.user == "jörg\\x81€"


# --- secrets -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "context",
    [
        "R=ok;pwd=hunter2",
        "PASSWORD: hunter2",
        'R=ok;Json={"password":"hunter2"}',
        "<Pwd>hunter2</Pwd>",
        "é password=hunter2",
        "Bad password for monitoring account: hunter2",
    ],
)
def test_secrets_are_cut_from_the_line_and_from_its_cells(context: str) -> None:
    """Also where the doubled quotes of the line hide what its cell says."""
    row = Parser().line(quoted([*USUAL, "stat", "", context]))
    assert row is not None
    assert "hunter2" not in "".join(texts(row))
    assert REDACTED in row.context
    assert REDACTED in row.line


# --- harmless ------------------------------------------------------------------------------------


@given(st.one_of(ANY_TEXT, HOSTILE, st.text("pPwWdDaAsSrR =:\"'ſ<>/", max_size=20)))
@settings(max_examples=500)
def test_the_quick_way_says_what_the_long_way_says(text: str) -> None:
    assert harmless(text) == clean_line(text, 1 << 40)
    assert not is_plain(text) or harmless(text) is text


def _seconds(text: str, what: Callable[[str], object]) -> float:
    """CPU of this thread alone, the least of three: what else the machine does is not in it."""
    found = []
    for _ in range(3):
        began = time.thread_time()
        what(text)
        found.append(time.thread_time() - began)
    return min(found)


@pytest.mark.parametrize(
    "piece",
    [
        *("<", "<pwd", "<pwd>", "<pwd></", "<" + "pwd:" * 20 + ">", "<" + "pwd:" * 19 + "-" * 190 + ">"),
        *("password ", "pwd ", "pwd:", "pwd=", "bad password ", "bad ", "password for ", "w", "w."),
        *("x" * 39 + ".", 'pwd"        ', "pwd        value        ", "\x1b", "é", " ", '"', ",", "\r"),
    ],
)
@pytest.mark.parametrize("what", [harmless, parse.cells_of, pairs, Parser().line])
def test_hostile_lines_cost_their_length_not_its_square(piece: str, what: Callable[[object], object]) -> None:
    """Four times the length costs about four times as much; sixteen times were a square."""
    texts = ["é assw" + piece * (size // len(piece)) for size in (40_000, 160_000)]
    given: list[object] = (
        [t.encode() for t in texts] if what not in (harmless, parse.cells_of, pairs) else [*texts]
    )
    short, long = (_seconds(t, what) for t in given)  # type: ignore[arg-type]
    assert long < 10 * short + 0.02


# --- times and numbers ---------------------------------------------------------------------------


@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 28)), st.integers(-1439, 1439))
def test_times_are_told_in_utc(moment: datetime, minutes: int) -> None:
    zone = timezone(timedelta(minutes=minutes))
    assert parse.moment(moment.isoformat()) == moment.replace(tzinfo=UTC)
    assert parse.moment(moment.isoformat() + "Z") == moment.replace(tzinfo=UTC)
    aware = moment.replace(tzinfo=zone)
    assert parse.moment(aware.isoformat()) == aware
    found = parse.moment(aware.isoformat())
    assert found is not None
    assert found.tzinfo is UTC


@given(ANY_TEXT)
def test_no_cell_raises(cell: str) -> None:
    parse.moment(cell)
    assert parse.number(cell) is None or cell.isascii()


def test_times_and_numbers_at_their_ends() -> None:
    for cell in ("", "x", "2026", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "٣", "-1"):
        assert parse.moment(cell) is None
        assert parse.number(cell) == (2026 if cell == "2026" else None)
    assert parse.number("1" * 20) is None
    assert parse.number("0" * 18 + "7") == 7


# --- contexts ------------------------------------------------------------------------------------


_KEYS = (
    st.text(st.characters(codec="utf-8", exclude_characters='=;"'), min_size=1).map(str.strip).filter(bool)
)
_BARE = st.text(st.characters(codec="utf-8", exclude_characters=';"'))


@given(st.dictionaries(_KEYS, st.tuples(st.booleans(), _BARE, st.text())))
def test_pairs_come_back_as_they_were_written(written: dict[str, tuple[bool, str, str]]) -> None:
    made, expected = [], {}
    for key, (in_quotes, bare, free) in written.items():
        made.append(f"{key}=" + ('"' + free.replace('"', '""') + '"' if in_quotes else bare))
        expected[key] = free if in_quotes else bare
    assert pairs(";".join(made)) == expected
    assert list(pairs(";".join(made))) == list(expected)


@given(st.one_of(ANY_TEXT, st.text('=;"a ')))
def test_no_context_raises(context: str) -> None:
    for value in pairs(context).values():
        assert len(value) <= len(context)


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ("", {}),
        ("R=ok", {"R": "ok"}),
        ("R=ok;Rows=17;", {"R": "ok", "Rows": "17"}),
        ("R=one;R=two", {"R": "one"}),
        ("words; R=ok;more words", {"": "words", "R": "ok"}),
        ('R=ok;Msg="Proxy:b:995:SSL;ProxySuccess"', {"R": "ok", "Msg": "Proxy:b:995:SSL;ProxySuccess"}),
        ('Msg="a ""b"" c" rubbish;R=ok', {"Msg": 'a "b" c', "R": "ok"}),
        ('Msg="not closed;R=ok', {"Msg": "not closed;R=ok"}),
        ("ErrMsg=a=b", {"ErrMsg": "a=b"}),
        (";;;", {}),
        ("=x", {"": "x"}),
    ],
)
def test_contexts(context: str, expected: dict[str, str]) -> None:
    assert pairs(context) == expected
