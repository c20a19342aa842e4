"""A password from the keyring of this host: the extra ``pop-cockpit[keyring]``."""

from __future__ import annotations

from typing import Final

from cockpit.config.plain import printable

_ELSEWHERE: Final = "or refer to it by file, command or prompt"


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
        cure = f"Run: pip install 'pop-cockpit[keyring]', {_ELSEWHERE}"
        raise KeyringProblemError("the library for keyrings is not installed", cure) from None
    try:
        found = keyring.get_password(service, user)
    except NoKeyringError:
        cure = f"Start one (a Secret Service such as gnome-keyring, in a D-Bus session), {_ELSEWHERE}"
        raise KeyringProblemError("this session has no keyring", cure) from None
    except KeyringLocked as error:
        what = f"the keyring is locked{_told(error)}"
        raise KeyringProblemError(what, f"Unlock it, {_ELSEWHERE}") from None
    except KeyringError as error:
        what = f"the keyring could not be read{_told(error)}"
        raise KeyringProblemError(what, f"See `keyring diagnose`, {_ELSEWHERE}") from None
    if not found:
        what = f"the keyring has no password of {printable(user)} under {printable(service)}"
        raise KeyringProblemError(
            what, f"Put it there: keyring set '{printable(service)}' '{printable(user)}'"
        )
    return found


def _told(error: Exception) -> str:
    return f": {printable(str(error))}" if str(error) else ""
