"""A text as a QR code (ISO/IEC 18004), drawn as SVG that stands in the page itself: no picture is stored or fetched."""

from __future__ import annotations

from markupsafe import Markup


def drawing(text: str, *, scale: int = 5) -> Markup:
    """Black on white in any scheme, since many readers see nothing else; with the quiet zone of four modules."""
    import segno  # noqa: PLC0415 -- few processes ever draw one

    made = segno.make_qr(text, error="m")
    return Markup(made.svg_inline(scale=scale, dark="#000", light="#fff", svgclass="qr", omitsize=True))  # noqa: S704 -- digits and paths alone
