"""Pictures that a client gives for its reports: they are put into the pages, never linked."""

from __future__ import annotations

import base64
from pathlib import Path

MOST_BYTES = 3_000_000
"""Of one picture: pages are sent by e-mail."""

_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
}


def picture_fault(path: Path) -> str | None:
    """Return why a file is no picture that a report can hold: a rule's name; None where it is."""
    if not path.is_file():
        return "picture_missing"
    if path.stat().st_size > MOST_BYTES:
        return "picture_large"
    return None if picture_type(path.read_bytes()) else "picture_kind"


def picture_type(content: bytes) -> str | None:
    """Return the MIME type of a PNG or JPEG, which pages, Word and PowerPoint all show."""
    return next((kind for sign, kind in _SIGNATURES.items() if content.startswith(sign)), None)


def data_uri(content: bytes) -> str:
    """Return a picture as an address that holds it."""
    return f"data:{picture_type(content)};base64,{base64.b64encode(content).decode()}"
