"""What of a run may be passed on, in one archive, and nothing else.

The folder of a run also holds people's rows under pseudonyms, executed notebooks, stored results
and sheets with the notes of those who decided. None of them goes into the archive, whatever a
later version adds to the folder: what goes in is listed here.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from analysis import wording
from analysis.errors import RunError
from analysis.file_names import listed
from analysis.files import replace_file
from analysis.ingest.identifiers_seen import identifier_kind
from analysis.report.appearance import appearance
from analysis.report.run import FOLDERS, SITES

_OFFICE = (".xlsx", ".docx", ".pptx")

PASSED_ON = (
    "index.html",
    *(
        f"{folder}/{name}"
        for folder in FOLDERS.values()
        for name in (
            "*.html",
            f"{SITES}/*.html",
            "tables.xlsx",
            "measurements.ics",
            "pdf/*.pdf",
            *(f"office/*{kind}" for kind in (".docx", ".pptx", ".pdf", ".png")),
        )
    ),
)
"""Patterns of the files that may be passed on."""

_MADE = (2020, 1, 1, 0, 0, 0)
_DATA = re.compile(r"data:[\w/+.;=-]+;base64,[A-Za-z0-9+/=]+")
_UNSEEN = re.compile(r"<(style|svg|script)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_STRING = re.compile(r"<(?:[wa]:)?t\b[^>]*>([^<]*)</")
"""Texts of workbooks, documents and slides."""


@dataclass(frozen=True, slots=True)
class Shared:
    """An archive to pass on, and the files in it by their path below the run folder."""

    path: Path
    files: tuple[str, ...]


def share(run_dir: Path, target: Path) -> Shared:
    """Write the pages and tables of a run into an archive.

    Parameters
    ----------
    run_dir : Path
        Run folder with its pages.
    target : Path
        The archive; replaced when it is there.

    Returns
    -------
    Shared
        The archive and what is in it.

    Raises
    ------
    RunError
        When the run has no pages, or one of the files shows what looks like a direct identifier
        (:func:`analysis.ingest.identifiers_seen.identifier_kind`); nothing is written then.
    """
    found = [path for pattern in PASSED_ON for path in listed(run_dir, pattern)]
    if not any(path.suffix == ".html" for path in found):
        raise RunError(f"{run_dir} has no pages. Correct: run the client first.")
    names = [path.relative_to(run_dir).as_posix() for path in found]
    wrong = [
        f"{name} ({', '.join(kinds)})"
        for name, path in zip(names, found, strict=True)
        if (kinds := identifiers(path, name, run_dir))
    ]
    if wrong:
        raise RunError(refusal(wrong))

    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, source in zip(names, found, strict=True):
                entry = zipfile.ZipInfo(name, _MADE)
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, source.read_bytes())

    return Shared(replace_file(target, write), tuple(names))


def identifiers(path: Path, name: str, run_dir: Path) -> list[str]:
    """Return the kinds of direct identifiers that a file seems to show.

    Whom readers may ask is named on purpose, and does not count.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        What it will be called; its ending says what it is.
    run_dir : Path
        Run folder, which says whom readers may ask.
    """
    look = appearance(run_dir)
    known = {
        wording.text("report.contact", language, contact=look.asked(language))
        for language in wording.LANGUAGES
    }
    said = (text for text in _said(path, name) if unescape(text).strip() not in known)
    return sorted({kind for text in said if (kind := identifier_kind(text))})


def refusal(wrong: Sequence[str]) -> str:
    """Return why files are not passed on."""
    return (
        f"{'; '.join(wrong)}: what looks like a direct identifier is shown, so nothing was "
        "passed on. Correct: the name or text it comes from changed in the exports or the "
        "client file, then run again."
    )


def _said(path: Path, name: str) -> Iterator[str]:
    """Yield what a person can read in a file; PDFs and pictures are made of the pages."""
    if name.endswith(".html"):
        text = _UNSEEN.sub(" ", _DATA.sub(" ", path.read_text(encoding="utf-8")))
        yield from (part for part in _TAG.split(text) if part.strip())
    elif name.endswith(_OFFICE):
        with zipfile.ZipFile(path) as book:
            for part in book.namelist():
                if part.endswith(".xml"):
                    yield from _STRING.findall(book.read(part).decode("utf-8"))
