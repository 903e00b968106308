"""Colours of a stylesheet as numbers: custom properties are followed, and oklch is turned into what a screen shows.

And back: a colour that somebody picked as lightness, chroma and hue, so that it can be made lighter or darker.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

_DECLARED = re.compile(r"(--[\w-]+)\s*:\s*([^;}]+)")
_ROOT = re.compile(r":root[^{]*\{([^{}]*)\}")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CALL = re.compile(r"^([\w-]+)\((.*)\)$", re.DOTALL)
_DEEPEST = 20
Colour = tuple[float, float, float, float]


class NotAColour(ValueError):
    """A value that this module cannot compute."""


def tokens(css: str) -> dict[str, str]:
    """The custom properties of `:root`, the last declaration of each."""
    plain = _COMMENT.sub("", css)
    return {name: value.strip() for block in _ROOT.findall(plain) for name, value in _DECLARED.findall(block)}


def colour(value: str, known: Mapping[str, str], *, dark: bool) -> Colour:
    """Red, green, blue and alpha from 0 to 1, in light or dark. Raises NotAColour."""
    return _computed(_followed(value, known, dark=dark, depth=0))


def _followed(value: str, known: Mapping[str, str], *, dark: bool, depth: int) -> str:
    """The value without var(), light-dark() and calc(), innermost first."""
    if depth > _DEEPEST:
        raise NotAColour(f"{value}: turns in a circle")
    inner = re.search(r"(var|light-dark|calc)\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)", value)
    if inner is None:
        return value.strip()
    name, held = inner[1], inner[2]
    if name == "calc":
        new = _product(_followed(held, known, dark=dark, depth=depth + 1))
    elif name == "var":
        new = known.get(held.partition(",")[0].strip(), held.partition(",")[2].strip())
    else:
        light, night = _arguments(held)
        new = night if dark else light
    return _followed(value[: inner.start()] + new + value[inner.end() :], known, dark=dark, depth=depth + 1)


def _product(sum_: str) -> str:
    """A calc() of factors alone, which is what colour ramps use."""
    try:
        return str(math.prod(float(part) for part in sum_.split("*")))
    except ValueError:
        raise NotAColour(f"calc({sum_})") from None


def split(value: str) -> tuple[str, str]:
    """The light and the dark half of a value; both the same where it is not `light-dark()`."""
    call = _CALL.match(value.strip())
    return _arguments(call[2]) if call is not None and call[1] == "light-dark" else (value, value)


def _arguments(held: str) -> tuple[str, str]:
    depth = 0
    for place, sign in enumerate(held):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            return held[:place].strip(), held[place + 1 :].strip()
    raise NotAColour(f"light-dark({held})")


def _computed(value: str) -> Colour:
    if re.fullmatch(r"#[0-9a-fA-F]{3,8}", value):
        return _hex(value[1:])
    call = _CALL.match(value)
    if call is None or call[1] not in {"oklch", "rgb"}:
        raise NotAColour(value)
    body, _, alpha = call[2].partition("/")
    parts = [_number(part) for part in body.replace(",", " ").split()]
    if len(parts) != 3:
        raise NotAColour(value)
    opacity = _number(alpha) if alpha.strip() else 1.0
    if call[1] == "rgb":
        return (parts[0] / 255, parts[1] / 255, parts[2] / 255, opacity)
    return (*_from_oklch(*parts), opacity)


def _number(text: str) -> float:
    text = text.strip().removesuffix("deg")
    try:
        return float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        raise NotAColour(text) from None


def _hex(digits: str) -> Colour:
    whole = "".join(digit * 2 for digit in digits) if len(digits) < 6 else digits
    values = [int(whole[place : place + 2], 16) / 255 for place in range(0, len(whole), 2)]
    return (values[0], values[1], values[2], values[3] if len(values) > 3 else 1.0)


def _from_oklch(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    """Through OKLab and linear light to sRGB, cut to what a screen can show. Source: CSS Color 4, section 10."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short
    return (_encoded(red), _encoded(green), _encoded(blue))


def _encoded(linear: float) -> float:
    held = min(1.0, max(0.0, linear))
    return 12.92 * held if held <= 0.0031308 else 1.055 * held ** (1 / 2.4) - 0.055


def to_oklch(digits: str) -> tuple[float, float, float]:
    """Lightness, chroma and hue in degrees of `#rrggbb`. Source: CSS Color 4, section 10."""
    red, green, blue = (_linear(part) for part in _hex(digits.removeprefix("#"))[:3])
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    middle = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    lightness = 0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short
    return (lightness, math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360)


def to_hex(lightness: float, chroma: float, hue: float) -> str:
    """`#rrggbb` of an oklch colour, cut to what a screen can show."""
    return hex_of((*_from_oklch(lightness, chroma, hue), 1.0))


def hex_of(shown: Colour) -> str:
    """`#rrggbb` of a colour; what shows through it is left out."""
    return "#" + "".join(f"{round(part * 255):02x}" for part in shown[:3])


def over(front: Colour, back: Colour) -> Colour:
    """What is seen where `front` lies over `back`."""
    alpha = front[3]
    red, green, blue = (front[part] * alpha + back[part] * (1 - alpha) for part in range(3))
    return (red, green, blue, 1.0)


def contrast(one: Colour, other: Colour) -> float:
    """The ratio of WCAG 2.2, from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(of: Colour) -> float:
    red, green, blue = (_linear(part) for part in of[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
