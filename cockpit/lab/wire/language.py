"""Language modes, and the little PowerShell a restricted endpoint reads (exchange-facts §5.3).

Read here: command lines of a name, ``-Param value``, quoted values, numbers, arrays with commas, ``$true``,
``$false``, ``$null``, joined by ``|`` and ``;``. Refused with PowerShell's own error ids: everything the
RestrictedLanguage check of PowerShell refuses.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Any, NamedTuple

from cockpit.lab.cmdlet import TerminatingError
from cockpit.lab.wire import errors
from cockpit.lab.wire.decode import Argument, Command


class LanguageMode(Enum):
    RESTRICTED = "RestrictedLanguage"
    """Exchange on premises: PSLanguageMode of both E16 and E19's web.config [B]."""
    NONE = "NoLanguage"
    FULL = "FullLanguage"


_CONSTANTS: dict[str, Any] = {
    "true": True,
    "false": False,
    "null": None,
    "psculture": "en-US",
    "psuiculture": "en-US",
}

_REFUSALS = {
    "ScriptBlock": "Script block literals are",
    "AssignmentStatement": "Assignment statements are",
    "PropertyReference": "Property references are",
    "MethodCall": "Method calls are",
    "ArrayReference": "Array references are",
    "Redirection": "Redirection is",
    "ForeachStatement": "The foreach statement is",
    "ForWhileStatement": "The for or while statement is",
    "FunctionDeclaration": "Function declarations are",
}
_VARIABLE = (
    "A variable that cannot be referenced in restricted language mode or a Data section is being referenced. "
    "Variables that can be referenced include the following: $PSCulture, $PSUICulture, $true, $false, "
    "and  $null."
)
_KEYWORDS = {
    "foreach": "ForeachStatement",
    "for": "ForWhileStatement",
    "while": "ForWhileStatement",
    "function": "FunctionDeclaration",
    "filter": "FunctionDeclaration",
}

_LEXEMES = (
    ("space", r"[ \t]+|`\r?\n"),
    ("end", r"[;\r\n]+"),
    ("pipe", r"\|"),
    ("comma", r","),
    ("single", r"'(?:[^']|'')*'"),
    ("double", r'"(?:[^"`]|`.|"")*"'),
    ("literal", r"@[({]"),
    ("block", r"\{"),
    ("redirect", r"[0-9*]?>{1,2}(?:&1)?"),
    ("assign", r"\$[\w:]+\s*[-+*/%]?=(?!=)"),
    ("method", r"(?:\$[\w:]+|\))\.[A-Za-z_]\w*\("),
    ("property", r"(?:\$[\w:]+|\))\.[A-Za-z_]\w*"),
    ("index", r"(?:\$[\w:]+|\))\["),
    ("variable", r"\$[\w:]+"),
    ("paren", r"[()}]"),
    ("parameter", r"-[A-Za-z_?][\w-]*:?"),
    ("word", r"""[^\s;|,'"{}()<>$`@&]+"""),
)
_LEXER = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _LEXEMES))
_REFUSED = {
    "block": "ScriptBlock",
    "redirect": "Redirection",
    "assign": "AssignmentStatement",
    "method": "MethodCall",
    "property": "PropertyReference",
    "index": "ArrayReference",
}
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
_EXPANDS = re.compile(r"(?<!`)\$[\w({:]")
_BACKTICKS = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}


class _Token(NamedTuple):
    kind: str
    text: str
    glued: bool
    """No space before it."""


def refusal(subject: str, script: str) -> TerminatingError:
    """The ids are PowerShell's, of its RestrictedLanguageChecker."""
    if subject == "VariableReference":
        message = _VARIABLE
    else:
        message = f"{_REFUSALS[subject]} not allowed in restricted language mode or a Data section."
    return errors.syntax(message, f"{subject}NotSupportedInDataSection", script)


def parse(script: str) -> list[tuple[Command, ...]]:
    """The statements of ``script``. Raises the ParseException that RestrictedLanguage would."""
    statements: list[tuple[Command, ...]] = []
    pipeline: list[Command] = []
    words: list[_Token] = []

    def end_command() -> None:
        if not words:
            raise errors.syntax("An empty pipe element is not allowed.", "EmptyPipeElement", script)
        pipeline.append(_command(words, script))
        words.clear()

    def end_statement() -> None:
        if words or pipeline:
            end_command()
            statements.append(tuple(pipeline))
            pipeline.clear()

    for token in _tokens(script):
        if token.kind == "pipe":
            end_command()
        elif token.kind == "end":
            end_statement()
        else:
            words.append(token)
    end_statement()
    if not statements:
        raise errors.not_in_the_lab("empty scripts")
    return statements


def _tokens(script: str) -> list[_Token]:
    tokens: list[_Token] = []
    position, glued = 0, False
    while position < len(script):
        match = _LEXER.match(script, position)
        if match is None:
            raise errors.not_in_the_lab(f"this PowerShell syntax: {script[position:]!r}")
        kind = str(match.lastgroup)
        if kind in _REFUSED:
            raise refusal(_REFUSED[kind], script)
        if kind == "word" and match.group().lower() in _KEYWORDS and (not tokens or tokens[-1].kind == "end"):
            raise refusal(_KEYWORDS[match.group().lower()], script)
        position = match.end()
        if kind == "space":
            glued = False
            continue
        tokens.append(_Token(kind, match.group(), glued))
        glued = True
    if any(token.kind in ("literal", "paren") for token in tokens):
        raise errors.not_in_the_lab(f"expressions in parentheses: {script!r}")
    return tokens


def _command(tokens: list[_Token], script: str) -> Command:
    head = tokens[0]
    if head.kind != "word":
        raise errors.not_in_the_lab(f"expressions: {script!r}")
    rest = tokens[1:]
    arguments: list[Argument] = []
    while rest:
        token = rest.pop(0)
        if token.kind != "parameter":
            arguments.append(Argument(None, _values(token, rest, script)))
            continue
        name = token.text[1:].removesuffix(":")
        if rest and rest[0].kind != "parameter":
            arguments.append(Argument(name, _values(rest.pop(0), rest, script)))
        else:
            arguments.append(Argument(name, None, bare=True))
    return Command(head.text, is_script=False, arguments=tuple(arguments))


def _values(first: _Token, rest: list[_Token], script: str) -> Any:
    """One value, or a list of them where commas follow."""
    values = [_scalar(first, rest, script)]
    while rest and rest[0].kind == "comma":
        rest.pop(0)
        if not rest:
            raise errors.syntax("Missing argument in parameter list.", "MissingArgument", script)
        values.append(_scalar(rest.pop(0), rest, script))
    return values[0] if len(values) == 1 else values


def _scalar(token: _Token, rest: list[_Token], script: str) -> Any:
    if token.kind == "variable":
        name = token.text[1:].lower()
        if name not in _CONSTANTS:
            raise refusal("VariableReference", script)
        return _CONSTANTS[name]
    if token.kind == "single":
        return token.text[1:-1].replace("''", "'")
    if token.kind == "double":
        return _expanded(token.text[1:-1], script)
    if token.kind == "comma":
        raise errors.syntax("Missing argument in parameter list.", "MissingArgument", script)
    word = token.text
    while rest and rest[0].glued and rest[0].kind in ("word", "parameter"):
        word += rest.pop(0).text
    if _NUMBER.fullmatch(word):
        return float(word) if "." in word else int(word)
    return word


def _expanded(inner: str, script: str) -> str:
    if _EXPANDS.search(inner):
        raise refusal("VariableReference", script)
    unquoted = inner.replace('""', '"')
    return re.sub(r"`(.)", lambda m: _BACKTICKS.get(m.group(1), m.group(1)), unquoted, flags=re.DOTALL)
