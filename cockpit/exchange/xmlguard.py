"""No document type declarations from the wire: entity bombs and external entities begin with one.

Neither SOAP 1.2 (§5) nor CLIXML has a use for one. The parser itself finds it, so no encoding hides it.
"""

from __future__ import annotations

import re
from typing import Final
from xml.parsers import expat

# Nothing may declare a document type once the root element has begun, and without a declaration of its
# encoding a document is UTF-8: these characters tell that it is of the usual and harmless kind.
_AT_ROOT: Final = re.compile(rb"(?:\xef\xbb\xbf)?<[A-Za-z]").match


class _AtRoot(Exception):  # noqa: N818 -- a signal out of the parser, not an error
    pass


def root_comes_first(document: bytes) -> bool:
    """Whether the root element is there and no document type declaration comes before it."""
    if _AT_ROOT(document):
        return True
    declared = False

    def note(*_: object) -> None:
        nonlocal declared
        declared = True

    def stop(*_: object) -> None:
        raise _AtRoot

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = note
    parser.EndDoctypeDeclHandler = parser.StartElementHandler = stop
    try:
        parser.Parse(document, True)
    except _AtRoot:
        return not declared
    except (expat.ExpatError, ValueError, LookupError):  # the latter two: an encoding nobody knows
        return False
    return False
