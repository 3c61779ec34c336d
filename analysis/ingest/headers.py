"""What known headers mean: the canonical column they feed, or why they are personal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from analysis import packaged
from analysis.ingest.cleaning import normalise


@cache
def known_headers() -> Mapping[str, Any]:
    """Return the content of ``known_headers.yml``."""
    return packaged.content(Path(__file__).with_name("known_headers.yml"))


def folded(header: str) -> str:
    """Return a header without spaces, with widths folded and letters lower case."""
    return re.sub(r"\s+", "", normalise(str(header))[0]).lower()


@cache
def _personal() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (re.compile(entry["match"]), entry["reason"]) for entry in known_headers()["personal"]
    )


def personal_reason(header: str) -> str | None:
    """Return why a header's column is personal (name, phone, open text …), else None."""
    word = folded(header).split("·")[-1].split("#")[0]
    reason = next((reason for pattern, reason in _personal() if pattern.search(word)), None)
    chosen = reason == "open_text" and re.search(known_headers()["closed"], word)
    return None if chosen else reason
