"""CLIXML read by hand from MS-PSRP 2.2.5 into the normal form. Strict: what it does not know, it refuses."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from tests.independent import normal
from tests.independent.normal import Normal

_INTEGERS = ("I16", "U16", "I32", "U32", "I64", "U64", "By", "SB")
_TEXTS = ("S", "DT", "G", "URI", "Version", "XD", "SBK", "TS", "D", "C")
_CONTAINERS = ("LST", "IE", "QUE", "STK")
_ESCAPE = re.compile(r"(?:_x[0-9A-Fa-f]{4}_)+")


class Reader:
    """Of one message: type names and objects are referred to within it only."""

    def __init__(self) -> None:
        self._types: dict[str, list[str]] = {}
        self._objects: dict[str, Normal] = {}

    def value(self, element: ET.Element) -> Normal:
        tag, text = element.tag, element.text or ""
        if tag == "Nil":
            return None
        if tag == "B":
            assert text in ("true", "false"), f"a boolean {text!r}"
            return text == "true"
        if tag in _INTEGERS:
            return int(text)
        if tag in ("Db", "Sg"):
            return float(text.replace("INF", "inf"))
        if tag == "BA":
            return {"bytes": text}
        if tag in _TEXTS:
            return normal.text(unescape(text))
        if tag == "Ref":
            return self._objects[element.attrib["RefId"]]
        if tag in _CONTAINERS:
            return [self.value(item) for item in element]
        if tag == "DCT":
            return {"entries": [self._entry(entry) for entry in element]}
        assert tag == "Obj", f"an element <{tag}>"
        return self._object(element)

    def _entry(self, entry: ET.Element) -> list[Normal]:
        key, value = entry
        assert (key.get("N"), value.get("N")) == ("Key", "Value"), "an entry without key and value"
        return [self.value(key), self.value(value)]

    def _object(self, element: ET.Element) -> Normal:
        types: list[str] = []
        shown: str | None = None
        value: Normal = None
        properties: dict[str, Normal] = {}
        for part in element:
            if part.tag == "TN":
                types = [unescape(name.text or "") for name in part]
                self._types[part.attrib["RefId"]] = types
            elif part.tag == "TNRef":
                types = self._types[part.attrib["RefId"]]
            elif part.tag == "ToString":
                shown = unescape(part.text or "")
            elif part.tag in ("Props", "MS"):
                properties.update({unescape(one.attrib["N"]): self.value(one) for one in part})
            else:
                value = self.value(part)
        made = normal.thing(types, shown, value, properties)
        self._objects[element.attrib["RefId"]] = made
        return made


def read(clixml: bytes) -> Normal:
    return Reader().value(ET.fromstring(clixml))


def error(record: Normal) -> dict[str, str]:
    """An ERROR_RECORD, or the one inside a PIPELINE_STATE (MS-PSRP 2.2.3.15)."""
    properties = record["properties"]
    exception = properties["Exception"]
    return normal.record(
        exception["properties"]["Message"],
        properties["FullyQualifiedErrorId"],
        properties["ErrorCategory_Message"],
        properties["ErrorCategory_Reason"],
        properties["ErrorCategory_TargetName"],
    )


def unescape(text: str) -> str:
    """2.2.5.3.2; adjacent escapes are UTF-16 together."""

    def units(found: re.Match[str]) -> str:
        digits = found.group().replace("_x", "").replace("_", "")
        return bytes.fromhex(digits).decode("utf-16-be", "surrogatepass")

    return _ESCAPE.sub(units, text)
