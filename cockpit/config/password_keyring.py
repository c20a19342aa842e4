"""A password from the keyring of this host: the extra ``pop-cockpit[keyring]``."""

from __future__ import annotations

from typing import Final

from cockpit.config.language import N_
from cockpit.config.plain import printable

_ELSEWHERE: Final = N_("or refer to it by file, command or prompt")


class KeyringProblemError(Exception):
    """No password could be had: ``what`` happened, and the ``cure``."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(what)
        self.what, self.cure = what, cure


def kept_password(service: str, user: str) -> str:
    """The password of ``user`` under ``service``. Raises KeyringProblemError.

    Which keyring that is, is keyring's own choice and configuration. On a host without a desktop there is
    often none, and one that is there may be locked.
    """
    try:
        import keyring
        from keyring.errors import KeyringError, KeyringLocked, NoKeyringError
    except ModuleNotFoundError:
        cure = N_("Run: pip install 'pop-cockpit[keyring]', {elsewhere}").format(elsewhere=_ELSEWHERE)
        raise KeyringProblemError(N_("the library for keyrings is not installed"), cure) from None
    try:
        found = keyring.get_password(service, user)
    except NoKeyringError:
        cure = N_(
            "Start one (a Secret Service such as gnome-keyring, in a D-Bus session), {elsewhere}"
        ).format(elsewhere=_ELSEWHERE)
        raise KeyringProblemError(N_("this session has no keyring"), cure) from None
    except KeyringLocked as error:
        what = N_("the keyring is locked{told}").format(told=_told(error))
        raise KeyringProblemError(what, N_("Unlock it, {elsewhere}").format(elsewhere=_ELSEWHERE)) from None
    except KeyringError as error:
        what = N_("the keyring could not be read{told}").format(told=_told(error))
        raise KeyringProblemError(
            what, N_("See `keyring diagnose`, {elsewhere}").format(elsewhere=_ELSEWHERE)
        ) from None
    if not found:
        what = N_("the keyring has no password of {user} under {service}").format(
            user=printable(user), service=printable(service)
        )
        raise KeyringProblemError(
            what,
            N_("Put it there: keyring set '{service}' '{user}'").format(
                service=printable(service), user=printable(user)
            ),
        )
    return found


def _told(error: Exception) -> str:
    return f": {printable(str(error))}" if str(error) else ""
