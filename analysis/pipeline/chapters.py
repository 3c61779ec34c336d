"""A client's own chapters as steps of a run: each by itself, after the stage that it names."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from analysis.client.chapters import FOLDER, Chapter
from analysis.client.pictures import MOST_BYTES, picture_fault, picture_type
from analysis.errors import RunError
from analysis.files import sha256
from analysis.parameters import StageParameters
from analysis.pipeline import fingerprint
from analysis.pipeline.execution import CellCallback
from analysis.pipeline.notebooks import Kernel, run_notebook
from analysis.report import added

_RUN = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_HEAD = re.compile(r"\A---\n.*?^---\n", re.MULTILINE | re.DOTALL)


def outputs(chapter: Chapter) -> tuple[str, ...]:
    """Return the files that a chapter's step writes, relative to the run folder."""
    stem = f"notebooks/{FOLDER}/{chapter.path.stem}"
    return f"{stem}.ipynb", f"{stem}.outcome.json"


def depends(
    chapter: Chapter, inputs: Mapping[str, str], beside: list[Path], values: Mapping[str, Any]
) -> object:
    """Return what a chapter depends on besides its stage: its cells, what it reads, parameters."""
    folder = chapter.path.parents[1]
    return [_cells(chapter.path), [inputs[p.relative_to(folder).as_posix()] for p in beside],
            dict(values)]  # fmt: skip


def _cells(path: Path) -> str:
    if path.suffix == ".ipynb":
        try:
            return fingerprint.notebook(path)
        except (ValueError, KeyError, TypeError):
            pass  # damaged: told when it is run
    return sha256(path)


def execute(
    chapter: Chapter, values: Mapping[str, Any], folder: Path, kernel: Kernel, on_cell: CellCallback
) -> None:
    """Run a chapter in its own folder and keep it, with its pictures, below the run's notebooks.

    Parameters
    ----------
    chapter : Chapter
        Which one.
    values : Mapping[str, Any]
        Parameters, as of every stage.
    folder : Path
        Run folder.
    kernel : Kernel
        How it is run.
    on_cell : Callable
        Told of its progress.

    Raises
    ------
    RunError
        When it cannot be read, names a picture that is not there, or a cell fails.
    """
    if chapter.language is not None:
        values = {**values, "language": chapter.language}
    target = folder / outputs(chapter)[0]
    run_notebook(opened(chapter.path), target, {**values, "run_dir": str(folder)}, kernel, on_cell)


def opened(path: Path) -> Any:
    """Return a chapter as a notebook without outputs, that holds the pictures it names."""
    import nbformat

    try:
        notebook = _READERS[path.suffix](path)
        nbformat.validate(notebook)
    except (ValueError, KeyError, AttributeError, nbformat.ValidationError) as error:
        raise RunError(
            f"{path.name} cannot be read as a notebook. Correct: a notebook saved by JupyterLab, "
            "or a text in UTF-8"
        ) from error
    if not any("parameters" in cell.metadata.get("tags", []) for cell in notebook.cells):
        notebook.cells.insert(0, _parameters())
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        elif cell.cell_type == "markdown":
            _take_pictures(cell, path)
    return notebook


def _parameters() -> Any:
    """Return the cell below which papermill puts the parameters."""
    from nbformat import v4

    given = StageParameters().model_dump()
    source = "\n".join(f"{name} = {value!r}" for name, value in given.items())
    return v4.new_code_cell(source, metadata={"tags": ["parameters"]})


def _of_notebook(path: Path) -> Any:
    import nbformat

    return nbformat.read(path, as_version=4)


def _of_text(path: Path) -> Any:
    """Return a text as cells: blocks marked ``{code-cell}`` are run, as MyST has it."""
    from nbformat import v4

    text = _HEAD.sub("", path.read_text(encoding="utf-8"))
    return v4.new_notebook(cells=list(_parts(text)))


def _parts(text: str) -> Iterator[Any]:
    from nbformat import v4

    for place, part in enumerate(_RUN.split(text)):
        if part.strip():
            made = v4.new_code_cell if place % 2 else v4.new_markdown_cell
            yield made(part.strip("\n"))


_READERS: Mapping[str, Callable[[Path], Any]] = {".ipynb": _of_notebook, ".md": _of_text}


def _take_pictures(cell: Any, path: Path) -> None:
    held = cell.get("attachments", {})
    for name in added.pictures(cell.source):
        if name.removeprefix("attachment:") in held or name.startswith("data:"):
            continue
        picture = path.parent / unquote(name)
        inside = picture.resolve().is_relative_to(path.parents[1].resolve())
        if "://" in name or not inside or picture_fault(picture):
            raise RunError(
                f"The picture {unquote(name)} cannot be put into the page. Correct: a PNG or JPEG "
                f"below {MOST_BYTES // 1_000_000} MB in the folder {path.parent.name}, "
                "named as ![title](picture.png)"
            )
        content = picture.read_bytes()
        held[name] = {str(picture_type(content)): base64.b64encode(content).decode()}
    if held:
        cell.attachments = held
