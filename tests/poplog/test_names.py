"""Names of protocol log files, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.poplog.names import LogName, Writer, parse_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("POP32026010810-1.LOG", LogName(Writer.POP3, "2026010810", 1)),
        ("POP3BE20260108-12.LOG", LogName(Writer.POP3BE, "20260108", 12)),
        ("pop3be2026010810-3.log", LogName(Writer.POP3BE, "2026010810", 3)),
        ("IMAP420260108-1.LOG.gz", LogName(Writer.IMAP4, "20260108", 1)),
        ("Imap4Be20260108-1.LOG.GZ", LogName(Writer.IMAP4BE, "20260108", 1)),
    ],
)
def test_names_of_writers(name: str, expected: LogName) -> None:
    assert parse_name(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".gz",
        "POP3202601081-1.LOG",  # nine digits
        "POP320260108-.LOG",
        "POP320260108-1.LOG\n",
        "POP320260108-1.LOG.gz.gz",
        "POP320260108-1.LOG.zip",
        " POP320260108-1.LOG",
        "POP5_20260108-1.LOG",
        "POP320260108-1234567890.LOG",
        # Digits and letters of other scripts, which Python's patterns take for ours unless told not to.
        "POP3２０２６０１０８-1.LOG",
        "POP320260108-١.LOG",
        "ıMAP420260108-1.LOG",
        "İMAP420260108-1.LOG",
    ],
)
def test_names_that_no_writer_makes(name: str) -> None:
    assert parse_name(name) is None


@given(
    writer=st.sampled_from(Writer),
    stamp=st.from_regex(r"[0-9]{8}([0-9]{2})?", fullmatch=True),
    number=st.integers(0, 999_999_999),
    ending=st.sampled_from(["", ".gz", ".GZ"]),
    small=st.booleans(),
)
def test_what_is_written_is_read(writer: Writer, stamp: str, number: int, ending: str, small: bool) -> None:
    name = f"{writer}{stamp}-{number}.LOG"
    assert parse_name((name.lower() if small else name) + ending) == LogName(writer, stamp, number)


@given(
    st.one_of(
        st.text(st.characters(codec=None)),
        st.lists(st.sampled_from([*"POPİıMAſ4३٣3be20-1.LOGgz", "POP3", "IMAP4", "20260108"])).map("".join),
    )
)
def test_no_name_raises(name: str) -> None:
    found = parse_name(name)
    if found is not None:
        assert found.stamp.isascii()
        assert found.stamp.isdecimal()


def test_files_follow_each_other_by_day_hour_and_number() -> None:
    names = ["POP32026010809-10.LOG", "POP32026010809-2.LOG", "POP320260108-1.LOG", "POP320260107-2.LOG"]
    found = [name for name in map(parse_name, names) if name is not None]
    assert [(n.stamp, n.number) for n in sorted(found, key=lambda name: name.order)] == [
        ("20260107", 2),
        ("20260108", 1),
        ("2026010809", 2),
        ("2026010809", 10),
    ]
    assert [w for w in Writer if w.back_end] == [Writer.POP3BE, Writer.IMAP4BE]
