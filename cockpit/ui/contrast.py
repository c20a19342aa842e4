"""How well one colour is read on another: the contrast ratio of WCAG 2.2, from 1 to 21 (black on white).

https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio: 4.5 is its minimum for text (AA), 7 the enhanced one (AAA).
Pure; colours are (red, green, blue), each from 0 to 255.
"""

from __future__ import annotations

from typing import Final, TypeAlias

Rgb: TypeAlias = tuple[int, int, int]
READABLE: Final = 4.5
ENHANCED: Final = 7.0


def linear(channel: int) -> float:
    """A channel of sRGB as light, from 0 to 1."""
    value = channel / 255
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def luminance(colour: Rgb) -> float:
    red, green, blue = map(linear, colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratio(one: Rgb, other: Rgb) -> float:
    lower, higher = sorted((luminance(one), luminance(other)))
    return (higher + 0.05) / (lower + 0.05)
