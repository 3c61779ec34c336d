"""Who the client is and on what legal footing its data may be used."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from analysis.client.base import Bilingual, Identifier, Part, refused


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


class Report(Part):
    """The client's own templates for exported documents.

    Attributes
    ----------
    docx, pptx : Path or None
        Templates of Word and PowerPoint; a path that is not absolute starts in the client's folder.
    """

    docx: Path | None = None
    pptx: Path | None = None


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
