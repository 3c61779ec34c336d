"""The contradictions between the requirements and the readings a client may choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from analysis import packaged


@dataclass(frozen=True, slots=True)
class Conflict:
    """One contradiction; titles and readings by language.

    ``readings`` maps the identifier that ``choices`` takes to its text in each language.
    """

    id: str
    title: Mapping[str, str]
    readings: Mapping[str, Mapping[str, str]]


def _load() -> dict[str, Conflict]:
    raw = packaged.content(Path(__file__).with_name("readings.yml"))
    return {
        id: Conflict(id, {k: entry[k] for k in ("zh_CN", "en")}, entry["readings"])
        for id, entry in raw.items()
    }


READINGS: Mapping[str, Conflict] = _load()
"""Every conflict by its identifier, C1 to C14."""
