"""What was finished in English is said anew in another language."""

from __future__ import annotations

import gettext
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.config import language
from cockpit.config.spoken import patterns, said, spoken

ENTRIES = {
    "The server is a DAG member": "Il server è membro di un DAG",
    "{left} of {voters} voters left without {server}": "restano {left} votanti su {voters} senza {server}",
    "{words}: one more loss dismounts every database": "{words}: un'altra perdita smonta ogni database",
    "not in a DAG": "in nessun DAG",
    "Bring a member back first.": "Riportare prima un membro in servizio.",
    "{server} was not read: {why}": "{server} non è stato letto: {why}",
    "{n} from {n}": "{n} da {n}",
    "{a}: {b}": "{b} <- {a}",
    "{monitor} on {server}": "{monitor} su {server}",
    "{name} is {problem}": "{name} è {problem}",
    "cut off: its end is missing": "troncato: ne manca la fine",
    "It is gone.": "Non c'è più.",
    "{file}, line {line}: {key}: {what}. {cure}": "{file}, riga {line}: {key}: {what}. {cure}",
    "Run {run}": "Esecuzione {run}",
    "It failed: {seen}": "Non riuscito: {seen}",
    "The folder {folder} holds {files}": "La cartella {folder} contiene {files}",
    "The folder {folder} holds {files} ({problem})": "La cartella {folder} contiene {files} ({problem})",
    "{server} takes at most {maximum} active": "{server} ne accetta al massimo {maximum} attivi",
    "{value} at most {limit}": "{value} al massimo {limit}",
    "{text} is not {what}": "{text} non è {what}",
    "{text} is surely not {what}": "{text} non è certo {what}",
    "{now}, outside": "{now}, fuori",
    "The file is not for {user}: {why}; run: {cure}": "Il file non è per {user}: {why}; eseguire: {cure}",
    "{n} server": "{n} uno",
    "Which role has this server": "Quale ruolo ha questo server",
    "Type": "Digitare",
}
AMONG = patterns(ENTRIES)


@pytest.mark.parametrize(
    ("english", "italian"),
    [
        ("The server is a DAG member", "Il server è membro di un DAG"),
        (" not in a DAG\n", " in nessun DAG\n"),
        ("2 of 3 voters left without EX01", "restano 2 votanti su 3 senza EX01"),
        (
            "1 of 3 voters left without EX01: one more loss dismounts every database",
            "restano 1 votanti su 3 senza EX01: un'altra perdita smonta ogni database",
        ),
        ("EX01 was not read: not in a DAG", "EX01 non è stato letto: in nessun DAG"),
        (
            "not in a DAG. Bring a member back first.",
            "in nessun DAG. Riportare prima un membro in servizio.",
        ),
        ("not in a DAG; who knows; not in a DAG", "in nessun DAG; who knows; in nessun DAG"),
        ("Run 1a2b: not in a DAG", "Esecuzione 1a2b: in nessun DAG"),
        ("EX01: The server is a DAG member?", "EX01: Il server è membro di un DAG?"),
        (
            "It failed: EX01 was not read: who knows. (not in a DAG)",
            "Non riuscito: EX01 non è stato letto: who knows. (in nessun DAG)",
        ),
        ("It failed: who. (knows)", "Non riuscito: who. (knows)"),
        ("The folder C: holds a b (not in a DAG)", "La cartella C: contiene a b (in nessun DAG)"),
        ("Run out of memory", "Run out of memory"),  # of so few letters it takes one word for each value
        ("a: b", "a: b"),  # the sentence of two places alone would be found in everything
        ("POP.Mailbox on EX01", "POP.Mailbox su EX01"),
        ("a word on this server", "a word on this server"),  # few letters of its own, and values of anybody's
        ("a.gz is cut off: its end is missing", "a.gz è troncato: ne manca la fine"),
        ("Access is denied.", "Access is denied."),
        ("a.gz is cut off: it ends early", "a.gz is cut off: it ends early"),
        ("not in a DAG.", "in nessun DAG."),
        ("EX01 was not read: It is gone", "EX01 non è stato letto: Non c'è più"),
        ("not in a DAG (it says)", "in nessun DAG (it says)"),
        ("EX01 (not in a DAG): 5", "EX01 (in nessun DAG): 5"),
        (
            "/my file, line 3: a.b: not in a DAG. not in a DAG; good",
            "/my file, riga 3: a.b: in nessun DAG. in nessun DAG; good",
        ),
        (
            "EX01 takes at most 2 active; EX02 takes at most 5 active; not in a DAG",
            "EX01 ne accetta al massimo 2 attivi; EX02 ne accetta al massimo 5 attivi; in nessun DAG",
        ),
        (  # a sentence at the end tells more than the one around it, which has the others in it
            "It failed: one; not in a DAG, EX01 takes at most 2 active, EX02 takes at most 5 active",
            "Non riuscito: one; in nessun DAG, EX01 ne accetta al massimo 2 attivi, "
            "EX02 ne accetta al massimo 5 attivi",
        ),
        (
            "It failed: EX01 takes at most 2 active, EX02 takes at most 5 active",
            "Non riuscito: EX01 ne accetta al massimo 2 attivi, EX02 ne accetta al massimo 5 attivi",
        ),
        (  # each half would be a sentence, too, but one that tells less
            "The file is not for ann: she is surely not me; run: that is surely not it",
            "Il file non è per ann: she non è certo me; eseguire: that non è certo it",
        ),
        ("This is not ours", "This is not ours"),  # of a few letters, and words of anybody's
        ("Wed 03:00, outside", "Wed 03:00, fuori"),
        ("EX01: Which role has this server?", "EX01: Quale ruolo ha questo server?"),
        ("2 server", "2 uno"),
        ("Type: Set-PopSettings -Server EX01", "Digitare: Set-PopSettings -Server EX01"),
        ("Set-PopSettings -Server EX01", "Set-PopSettings -Server EX01"),
        ("", ""),
    ],
)
def test_said(english: str, italian: str) -> None:
    assert said(english, ENTRIES, AMONG) == italian


@given(st.text(alphabet="ab{}.:;, \n\\(?*", max_size=60))
def test_what_is_not_ours_stays_as_it_is(text: str) -> None:
    assert said(text, ENTRIES, AMONG) == text


@given(st.text(min_size=1, max_size=20).filter(lambda t: t.strip() == t and not set(t) & set(".;:,\n")))
def test_a_hostile_value_is_a_value(value: str) -> None:
    made = f"2 of 3 voters left without {value}"
    assert said(made, ENTRIES, AMONG) == f"restano 2 votanti su 3 senza {value}"


@pytest.mark.parametrize(
    "text",
    [
        "; ".join(f"EX{n}: a, b. c" for n in range(2000)),
        " ".join(f"A{n} is B{n} on C{n}, not of D{n} from E{n};" for n in range(40)),
    ],
)
def test_a_long_text_of_somebody_else_takes_no_time_to_speak_of(text: str) -> None:
    assert said(text, ENTRIES, AMONG) == text


@pytest.fixture
def italian() -> Iterator[None]:
    catalogue = gettext.NullTranslations()
    catalogue._catalog = {**ENTRIES, "": "the header", ("{n} server", 0): "{n} uno"}  # type: ignore[attr-defined]
    language.speak(catalogue)
    yield
    language.use(language.SOURCE)


@pytest.mark.usefixtures("italian")
def test_by_the_language_in_use() -> None:
    assert spoken("EX01 was not read: not in a DAG") == "EX01 non è stato letto: in nessun DAG"
    assert spoken("2 server") == "2 uno"
    language.use(language.SOURCE)
    assert spoken("not in a DAG") == "not in a DAG"
