"""How a client's reports look: kept in the run folder, so that an old run can be built again."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysis.client import Bilingual, Client
from analysis.client.appearance import sections
from analysis.client.pictures import data_uri
from analysis.errors import StoredFileError
from analysis.files import expanded, write_text
from analysis.settings import SITE_PAGES, Language

FILE_NAME = "appearance.json"


@dataclass(frozen=True, slots=True)
class Appearance:
    """What the client file says of its reports.

    Attributes
    ----------
    logo : str
        Picture as an address that holds it; empty without one.
    colour : str
        ``#rrggbb``; empty for the usual one.
    contact : Mapping
        By language; empty without one.
    order, leave_out : Mapping
        Names of sections by stage.
    site_pages : int
        Most sites that have a page of their own.
    """

    logo: str = ""
    colour: str = ""
    contact: Mapping[str, str] = field(default_factory=dict)
    order: Mapping[str, Sequence[str]] = field(default_factory=dict)
    leave_out: Mapping[str, Sequence[str]] = field(default_factory=dict)
    site_pages: int = SITE_PAGES

    @property
    def logo_bytes(self) -> bytes | None:
        """The picture itself."""
        return base64.b64decode(self.logo.partition(",")[2]) if self.logo else None

    def asked(self, language: Language) -> str:
        """Return whom readers ask; empty where nobody is named."""
        return self.contact.get(language, "")

    def arranged(
        self, stage: str, parts: Sequence[Any], name_of: Callable[[Any], str]
    ) -> tuple[list[Any], list[Any]]:
        """Return the parts of a stage's page in the order that is wanted, and those left out.

        Parameters
        ----------
        stage : str
            Which page.
        parts : Sequence
            Sections and chapters as the page has them.
        name_of : Callable
            Returns the name of a part; empty for one that stays where it is, at the start.
        """
        fixed = {"", *sections(stage)[1]}
        gone = set(self.leave_out.get(stage, ())) - fixed
        wanted = ["", *self.order.get(stage, ())]
        shown = [part for part in parts if name_of(part) not in gone]
        place = {name: number for number, name in enumerate(wanted)}
        shown.sort(key=lambda part: place.get(name_of(part), len(place)))
        return shown, [part for part in parts if name_of(part) in gone]


def keep_appearance(client: Client, run_dir: Path) -> Path:
    """Write into a run folder how the client's reports look."""
    said = client.report
    contact = said.contact
    by_language = contact.model_dump() if isinstance(contact, Bilingual) else {
        language: contact for language in Bilingual.model_fields if contact
    }  # fmt: skip
    logo = None if said.logo is None else client.folder / expanded(said.logo)
    found = {
        "logo": "" if logo is None else data_uri(logo.read_bytes()),
        "colour": said.colour or "",
        "contact": by_language,
        "order": said.order,
        "leave_out": said.leave_out,
        "site_pages": said.site_pages,
    }
    text = json.dumps(found, ensure_ascii=False, indent=1)
    return write_text(run_dir / FILE_NAME, text + "\n")


def appearance(run_dir: Path) -> Appearance:
    """Read how a run's reports look; as usual where it does not say.

    Raises
    ------
    StoredFileError
        When it is damaged.
    """
    path = run_dir / FILE_NAME
    if not path.is_file():
        return Appearance()
    try:
        return Appearance(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise StoredFileError(path) from error
