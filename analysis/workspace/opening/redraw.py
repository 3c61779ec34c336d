"""Pages of a stage: laid out again where no result changed, drawn along while it is running."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from analysis import files, parameters, wording
from analysis.present import Display, notebooks, people, recorded, views
from analysis.present.display import ADDED, stylesheet
from analysis.report import saved


def record_of(folder: Path, stage: str) -> Path:
    """Return the file of a run folder that holds what a stage's notebook showed."""
    declared = parameters.stage(stage)
    return folder / "notebooks" / Path(declared.notebook).with_suffix(recorded.SUFFIX)


def redraw(folder: Path, stage: str) -> bool:
    """Lay out again what a stage's notebook shows, in today's words; nothing is computed.

    Parameters
    ----------
    folder : Path
        Run folder.
    stage : str
        Its name.

    Returns
    -------
    bool
        Whether it could be done. Not, and nothing is changed then, where nothing or not all was
        kept, a sentence is part of a result, or the notebook shows more than its display.
    """
    import nbformat

    path = record_of(folder, stage)
    notebook_path = path.with_suffix(".ipynb")
    kept = recorded.load(path)
    if kept is None or not recorded.same_words(kept[1]):
        return False
    notebook = nbformat.reads(notebook_path.read_text(encoding="utf-8"), as_version=4)
    own = [list(_own_outputs(cell)) for cell in notebook.cells if cell.cell_type == "code"]
    if any(output.data[notebooks.MIME].get("role") == ADDED for cell in own for output in cell):
        return False
    pictures = any("image/png" in output.data for cell in own for output in cell)
    bundles = _shown(folder, *kept, pictures=pictures)
    if not _put(own, bundles):
        return False
    files.write_text(notebook_path, nbformat.v4.writes(notebook))
    return True


def _own_outputs(cell: Any) -> Iterator[Any]:
    return (output for output in cell.outputs if notebooks.MIME in output.get("data", {}))


def _shown(
    folder: Path, made_with: Any, calls: list[recorded.Call], *, pictures: bool
) -> list[dict[str, Any]]:
    """Make the calls again and return their bundles."""
    bundles: list[dict[str, Any]] = []
    show = _display(folder, made_with, publish=bundles.append, pictures=pictures)
    for call in calls:
        getattr(show, call.name)(*call.args, **call.named)
    return bundles


def _display(folder: Path, made_with: Mapping[str, Any], **other: Any) -> Display:
    """Return a display that shows what another one did."""
    how = {**made_with, **other}
    notices = how.pop("notices")
    show = Display(
        how.pop("language"), earlier=saved.load(folder), screen=people.load(folder), **how
    )
    show.notices = notices
    return show


def draw_along(folder: Path, stage: str) -> None:
    """Draw the figures of a notebook that is running in the language that it draws last.

    They are among the remembered values then, where the notebook finds them; nothing is shown.
    Goes on until this process is ended from outside.

    Parameters
    ----------
    folder, stage
        As of :func:`redraw`.
    """
    shown = recorded.follow(record_of(folder, stage))
    made_with = next(shown, None)
    if made_with is None:
        return
    last = wording.LANGUAGES[-1]
    show = _display(
        folder,
        {**made_with, "language": last},
        languages=(last,),
        pictures=made_with["language"] == last,
        publish=lambda bundle: None,
    )
    for call in shown:
        if call.name == "section" or _draws(call):
            with suppress(Exception):  # the notebook draws the same, and tells of its error
                getattr(show, call.name)(*call.args, **call.named)


def _draws(call: recorded.Call) -> bool:
    """Return whether a call of a display shows a figure."""
    return call.name == "figure" or (
        call.name == "view" and views.get(call.args[0]).plot is not None
    )


def _put(cells: list[list[Any]], bundles: list[dict[str, Any]]) -> bool:
    """Put bundles in the place of outputs, one for one; tell whether there are as many."""
    waiting = iter(bundles)
    made: Iterator[tuple[dict[str, Any], dict[str, Any]]] = iter(())
    style = stylesheet()
    for cell in cells:
        styled = False
        for output in cell:
            found = next(made, None)
            if found is None:
                if (bundle := next(waiting, None)) is None:
                    return False
                made = notebooks.displayed(bundle, None if styled else style)
                found = next(made)
            output.data, output.metadata = found
            styled = styled or "text/html" in found[0]
        if next(made, None) is not None:
            return False
    return next(waiting, None) is None
