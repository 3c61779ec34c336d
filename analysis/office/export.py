"""The files of a finished run that are sent to people who work in Word and PowerPoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from analysis import wording
from analysis.errors import RunError
from analysis.file_names import holdable
from analysis.files import replace_file
from analysis.office import contents, deck, slides, word
from analysis.report import printing, sharing
from analysis.report.run import FOLDERS, Run, open_run
from analysis.settings import Language

FOLDER = "office"
"""Of the files, below that of their language."""

FORMATS = ("docx", "pptx", "pdf", "picture")
"""Documents, slides, the brief on a sheet of A4, and the brief as one long picture."""


@dataclass(frozen=True, slots=True)
class Templates:
    """The client's own templates, by format; None where there is none."""

    docx: Path | None = None
    pptx: Path | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """A document that was not made, and the stages that have to run first."""

    name: str
    stages: tuple[str, ...]


@dataclass(slots=True)
class Exported:
    """The files written, and what could not be made of the run."""

    files: list[Path] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


def export(
    run_dir: Path,
    formats: Sequence[str],
    languages: Sequence[Language] = wording.LANGUAGES,
    templates: Templates | None = None,
) -> Exported:
    """Write what a run tells as documents, slides, PDF and picture.

    Nothing is computed: sentences and numbers are those of the pages, with the same small cells
    hidden and the same rounding.

    Parameters
    ----------
    run_dir : Path
        Folder of a finished run.
    formats : Sequence of str
        Some of :data:`FORMATS`.
    languages : Sequence of {"zh_CN", "en"}
        Languages to write.
    templates : Templates, optional
        The client's own, as its client file names them.

    Returns
    -------
    Exported
        The files, below ``<run>/<language>/office/``, and what could not be made.

    Raises
    ------
    InputError
        When a template is not there or cannot be read.
    RunError
        When there is no Chromium for ``pdf`` or ``picture``, or a file would show what looks like
        a direct identifier; the file is not kept then.
    """
    run = open_run(run_dir)
    made = Exported()
    with run.spoken():
        for language in languages:
            for path, write in _planned(run, formats, language, templates or Templates(), made):
                made.files.append(
                    replace_file(path, partial(_checked, write, path.name, run.folder))
                )
    made.left = list(dict.fromkeys(made.left))
    return made


def _planned(
    run: Run, formats: Sequence[str], language: Language, templates: Templates, made: Exported
) -> Iterator[tuple[Path, Callable[[Path], object]]]:
    """Yield each file to write with what writes it, and note what cannot be made."""
    if "docx" in formats:
        for name in contents.of_run(run):
            if stages := contents.lacking(run, name):
                made.left.append(Left(name, stages))
                continue
            title = wording.text(f"office.title.{name}", language)
            yield (
                _path(run, title, "docx", language),
                partial(
                    word.write,
                    cover=contents.cover(run, title, language),
                    blocks=contents.blocks(run, name, language),
                    language=language,
                    own_template=templates.docx,
                ),
            )
    if "pptx" in formats:
        if "tracking" not in run.results:
            made.left.append(Left("deck", ("tracking",)))
        else:
            title = wording.text("office.title.deck", language)
            yield (
                _path(run, title, "pptx", language),
                partial(
                    slides.write,
                    cover=contents.cover(run, title, language),
                    deck=deck.deck(run, language),
                    language=language,
                    own_template=templates.pptx,
                ),
            )
    page = run.folder / FOLDERS[language] / "index.html"
    brief = wording.text("office.title.brief", language)
    if "pdf" in formats:
        yield _path(run, brief, "pdf", language), partial(printing.print_page, page)
    if "picture" in formats:
        yield _path(run, brief, "png", language), partial(printing.picture_page, page)


def _path(run: Run, title: str, ending: str, language: Language) -> Path:
    name = f"{run.name(language)} {title}"
    name = name if holdable(name) else title
    return run.folder / FOLDERS[language] / FOLDER / f"{name}.{ending}"


def _checked(write: Callable[[Path], object], name: str, run_dir: Path, path: Path) -> None:
    """Write a file, and refuse one that shows what looks like a direct identifier."""
    write(path)
    if kinds := sharing.identifiers(path, name, run_dir):
        raise RunError(sharing.refusal([f"{name} ({', '.join(kinds)})"]))
