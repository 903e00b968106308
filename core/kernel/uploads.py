"""Why an uploaded picture is refused."""

from __future__ import annotations

from core.lib.errors import Refused


class NotAPicture(Refused):
    """The bytes are no picture that we take; what the file's name says does not matter."""

    status = 422
    code = "not_a_picture"
    default_message = "This is no picture we can read. Send JPEG, PNG, WebP, AVIF or GIF."


class TooLarge(Refused):
    """More bytes or more pixels than an upload may have."""

    status = 413
    code = "too_large"
    default_message = "This file is too large: at most %(most)s MB and 50 megapixels."
