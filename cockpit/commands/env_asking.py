"""The questions of ``env add``: one line each, with what is taken when only enter is pressed."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, get_args

from cockpit.commands.keyboard import Reader
from cockpit.commands.narrator import Narrator
from cockpit.config.environment import Auth, Colour
from cockpit.config.language import N_, _
from cockpit.config.spoken import spoken
from cockpit.doctor.readings import Certificate, Trouble

TICKETS: Final = ("kerberos", "negotiate")
WAYS: Final = {
    "prompt": N_("asked on this terminal at each start"),
    "keyring": N_("in this host's keyring"),
    "file": N_("in a file that only you can read"),
    "env": N_("in an environment variable"),
    "command": N_("printed by a program, such as a password manager's"),
}
TRUST: Final = {
    "ca": N_("name the file of the CA that issued it"),
    "pin": N_("take this very certificate from now on, and no other"),
    "off": N_("take any certificate: everybody on the way could read and change everything"),
    "no": N_("neither: ask nothing more, and write nothing"),
}


class Asker:
    """Puts questions until they are answered. Its methods raise LeftError when nobody is there any more."""

    def __init__(self, reader: Reader, narrator: Narrator) -> None:
        self._reader = reader
        self._narrator = narrator

    def text(self, question: str, otherwise: str = "", *, wanted: bool = True) -> str:
        """A line; ``otherwise`` for an empty one. ``wanted``: an empty one without it is asked again."""
        shown = f"{question} [{otherwise}]: " if otherwise else f"{question}: "
        while True:
            typed = self._reader.line(shown).strip() or otherwise
            if typed or not wanted:
                return typed
            self._narrator.say(_("Something is wanted here."), indent=2)

    def choice(self, question: str, choices: Sequence[str], otherwise: str = "") -> str:
        """One of ``choices``, typed whole."""
        while True:
            typed = self.text(f"{question} ({', '.join(choices)})", otherwise, wanted=not otherwise)
            if typed in choices:
                return typed
            self._narrator.say(_("That is none of {choices}.").format(choices=", ".join(choices)), indent=2)

    def yes(self, question: str) -> bool:
        """Only a typed yes is one."""
        return self.choice(question, ("yes", "no"), "no") == "yes"

    def explained(self, choices: Mapping[str, str]) -> None:
        for word, means in choices.items():
            self._narrator.say(f"{word:<8} {spoken(means)}", indent=2)


def fill(options: argparse.Namespace, asker: Asker, taken: Callable[[str], str]) -> None:
    """Ask for what the options do not say yet, and put it there. ``taken``: why a name cannot be used."""
    while not options.name or (why := taken(options.name)):
        if options.name:
            asker.explained({"": why})
        options.name = asker.text(_("What is this environment to be called"))
    if not options.entry_server:
        typed = asker.text(_("Exchange servers to dial, the first one first, with blanks between"))
        options.entry_server = typed.replace(",", " ").split()
    if options.auth is None:
        options.auth = asker.choice(_("How to sign in"), get_args(Auth), "kerberos")
    if options.auth == "certificate":
        options.certificate = options.certificate or asker.text(_("The certificate's PEM file"))
        options.certificate_key = options.certificate_key or asker.text(_("Its key's PEM file"))
    _credential(options, asker)
    if not options.no_winrm and options.winrm_auth is None and options.winrm_port is None:
        options.no_winrm = not asker.yes(_("Have you got WinRM on the servers, for services and restarts"))
    if not options.allow_write:
        options.allow_write = asker.yes(_("Shall it change servers without --write"))
    if options.colour is None:
        chosen = asker.choice(_("Colour of its strip on every screen"), (*get_args(Colour), "none"), "none")
        options.colour = None if chosen == "none" else chosen


def _credential(options: argparse.Namespace, asker: Asker) -> None:
    given = (options.ccache, options.password_file, options.password_env, options.password_keyring)
    if any(given) or options.password_command or options.password_prompt or options.auth == "certificate":
        options.user = options.user or asker.text(_("The account, as user@REALM"), wanted=False)
        return
    ways = {**({"tickets": N_("tickets that kinit has got")} if options.auth in TICKETS else {}), **WAYS}
    options.user = options.user or asker.text(
        _("The account, as user@REALM"), wanted=options.auth not in TICKETS
    )
    asker.explained(ways)
    match asker.choice(_("Where does its password come from"), tuple(ways), next(iter(ways))):
        case "tickets":
            options.ccache = asker.text(_("The ticket cache, nothing for your own"), wanted=False) or None
        case "prompt":
            options.password_prompt = True
        case "keyring":
            options.user = options.user or asker.text(_("The keyring wants the account"))
            options.password_keyring = asker.text(_("Its service's name in the keyring"), "pop-cockpit")
        case "file":
            options.password_file = asker.text(_("The file"))
        case "env":
            options.password_env = asker.text(_("The variable's name"))
        case "command":
            options.password_command = asker.text(_("The program and its words"))


def trusted(trouble: Trouble, asker: Asker, narrator: Narrator) -> tuple[str, str]:
    """What to do about a certificate that would be refused: a word of TRUST, with the file for ``ca``."""
    narrator.say(
        _("It would be refused: {cause}. {cure}").format(
            cause=spoken(trouble.cause), cure=spoken(trouble.cure)
        ),
        "yellow",
    )
    narrator.say(_("Compare the fingerprint with the server's own before you take it."), indent=2)
    asker.explained(TRUST)
    chosen = asker.choice(_("What now"), tuple(TRUST), "no")
    file = asker.text(_("The CA's PEM file")) if chosen == "ca" else ""
    return chosen, str(Path(file).expanduser().absolute()) if file else ""


def tell(shown: Certificate, narrator: Narrator, where: str) -> None:
    """A certificate in four lines."""
    narrator.say(_("{where} shows this certificate:").format(where=where))
    names = ", ".join(shown.names) or shown.subject
    narrator.say(_("for          {names}").format(names=names), indent=2)
    narrator.say(_("issued by    {issuer}").format(issuer=shown.issuer), indent=2)
    narrator.say(_("good until   {ends:%Y-%m-%d}").format(ends=shown.ends), indent=2)
    narrator.say(_("fingerprint  sha256:{sha256}").format(sha256=shown.sha256), "bold", indent=2)
