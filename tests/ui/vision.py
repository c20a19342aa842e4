"""What colours are to those who see them otherwise, and how far apart they are: for the tests of the themes.

Simulation: Machado, Oliveira, Fernandes, "A Physiologically-based Model for Simulation of Color Vision
Deficiency" (2009), the matrices for severity 1.0, on linear sRGB. Lightness and distance: CIELAB, D65, CIE76.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from rich.color import Color as RichColor
from rich.color import ColorSystem

from cockpit.ui.contrast import Rgb, linear

Matrix: TypeAlias = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
Lab: TypeAlias = tuple[float, float, float]

VISIONS: Final[Mapping[str, Matrix]] = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
_TO_XYZ: Final[Matrix] = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_WHITE: Final = (0.95047, 1.0, 1.08883)


def rgb(colour: str, *, of_256: bool = False) -> Rgb:
    """``colour`` as a terminal shows it: of 24 bits, or the nearest of its 256."""
    parsed = RichColor.parse(colour)
    shown = parsed.downgrade(ColorSystem.EIGHT_BIT) if of_256 else parsed
    red, green, blue = shown.get_truecolor()
    return red, green, blue


def lab(colour: Rgb, vision: Matrix = VISIONS["normal"]) -> Lab:
    light = _times(vision, [linear(channel) for channel in colour])
    light = [min(max(value, 0.0), 1.0) for value in light]
    x, y, z = (_root(value / white) for value, white in zip(_times(_TO_XYZ, light), _WHITE, strict=True))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one: Lab, other: Lab) -> float:
    return float(sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5)


def _times(matrix: Matrix, vector: list[float]) -> list[float]:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def _root(value: float) -> float:
    return float(value ** (1 / 3)) if value > 216 / 24389 else (24389 / 27 * value + 16) / 116
