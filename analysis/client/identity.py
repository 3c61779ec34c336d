"""Who the client is and on what legal footing its data may be used."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from analysis.client.base import Bilingual, Identifier, Part, Text, refused
from analysis.settings import SITE_PAGES


def _zone(value: str) -> str:
    if value not in zoneinfo.available_timezones():
        raise refused("time_zone", "an IANA time zone, e.g. Asia/Shanghai")
    return value


class Identity(Part):
    """Who the client is.

    ``simulated`` marks a made-up client: every report of it carries a banner, and only it
    may use a ``demo_key``.
    """

    id: Identifier
    name: Bilingual
    timezone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    simulated: bool = False


LEAST_CONTRAST = 4.5
"""Of white letters on the client's colour (WCAG 2.2, 1.4.3)."""


def contrast_with_white(colour: str) -> float:
    """Return the contrast ratio of white on a colour written ``#rrggbb`` (WCAG 2.2)."""
    shares = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    light = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 1.05 / (0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2] + 0.05)


def _colour(value: Any) -> Any:
    # Without quotes, YAML takes what follows the sign for a comment, and the value is None.
    if not isinstance(value, str) or not re.fullmatch("#[0-9a-fA-F]{6}", value):
        raise refused("colour", "a colour is six hexadecimal digits in quotes, e.g. '#0b5c8f'")
    if contrast_with_white(value) < LEAST_CONTRAST:
        raise refused("colour_light", "white letters cannot be read on this colour")
    return value.lower()


class Report(Part):
    """How the client's reports look, and which sections they have.

    Attributes
    ----------
    docx, pptx : Path or None
        Templates of Word and PowerPoint; a path that is not absolute starts in the client's folder.
    logo : Path or None
        PNG or JPEG at the head of pages and documents; found as the templates are.
    colour : str or None
        Of the head of pages and of headings, ``#rrggbb``; figures keep theirs.
    contact : str, Bilingual or None
        Whom readers ask, at the foot of pages and on title pages.
    order : dict
        Sections and chapters of a stage's page in the order they are wanted; the others follow.
    leave_out : dict
        Sections by stage that are not shown; the page names them at its end.
    site_pages : int
        Most sites that have a page of their own; of more, those with something to do.
    """

    docx: Path | None = None
    pptx: Path | None = None
    logo: Path | None = None
    colour: Annotated[str | None, BeforeValidator(_colour)] = None
    contact: Bilingual | Text | None = None
    order: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    leave_out: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    site_pages: int = Field(default=SITE_PAGES, ge=0, le=5000)


class Privacy(Part):
    """The key of the pseudonyms, and the purpose, basis and term of the data.

    Attributes
    ----------
    key_file : Path or None
        Secret key of the pseudonyms; made with mode 0600 at first use. None means
        ``~/.config/crmeval/<client id>.key``. Never inside the client's folder.
    demo_key : str or None
        Key written in the open; allowed for simulated clients only.
    key_id : str or None
        Says that a changed key is known: its identifier, or ``new`` for the key that is made
        when the old one is lost. Without it a changed or lost key stops the run.
    purpose : str
        What the data may be used for.
    legal_basis : dict
        Basis by canonical table; ``default`` covers the tables not named.
    notice_version : str or None
        Version of the privacy notice that the people were shown.
    retain_until : date or None
        Last day on which the data may be kept.
    leave_out : tuple of str
        Pseudonyms of people whose rows are left out at the import.
    """

    key_file: Path | None = None
    demo_key: str | None = Field(default=None, min_length=8, repr=False)
    key_id: str | None = None
    purpose: str = Field(default="", description="what the data may be used for")
    legal_basis: dict[str, str] = Field(default_factory=dict)
    notice_version: str | None = None
    retain_until: dt.date | None = None
    leave_out: tuple[Annotated[str, Field(pattern="^[0-9a-f]{32}$")], ...] = ()

    @model_validator(mode="after")
    def _one_key(self) -> Privacy:
        if self.key_file is not None and self.demo_key is not None:
            raise refused("two_keys", "give key_file or demo_key, not both")
        return self
