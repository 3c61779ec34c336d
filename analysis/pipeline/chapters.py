"""A client's own chapters as steps of a run: each by itself, after the stage that it names."""

from __future__ import annotations

import base64
import contextlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from analysis.client.chapters import FOLDER, Chapter
from analysis.client.pictures import MOST_BYTES, picture_fault, picture_type
from analysis.errors import RunError
from analysis.files import code_hash, sha256
from analysis.parameters import StageParameters
from analysis.pipeline import fingerprint
from analysis.pipeline.notebooks import Kernel, run_notebook
from analysis.pipeline.progress import CellCallback
from analysis.report import added

_RUN = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_LISTS = re.compile(r"\b(r?glob|iglob|iterdir|listdir|scandir|walk)\b")
_HEAD = re.compile(r"\A---\n.*?^---\n", re.MULTILINE | re.DOTALL)


def outputs(chapter: Chapter) -> tuple[str, ...]:
    """Return the files that a chapter's step writes, relative to the run folder."""
    stem = f"notebooks/{FOLDER}/{chapter.path.stem}"
    return f"{stem}.ipynb", f"{stem}.outcome.json"


def depends(
    chapter: Chapter, inputs: Mapping[str, str], read: Iterable[Path], values: Mapping[str, Any]
) -> object:
    """Return what a chapter depends on besides its stage: its cells, what it reads, parameters."""
    folder = chapter.path.parents[1]
    return [_cells(chapter.path), [inputs[p.relative_to(folder).as_posix()] for p in read],
            dict(values), code_hash()]  # fmt: skip


def read_by(chapters: Sequence[Chapter], beside: Sequence[Path]) -> dict[str, list[Path]]:
    """Return by chapter's step the files beside it that it may read.

    Those are what it names, itself or in a module beside it that it imports, and what no chapter
    names. Where its code makes names up (``f"{site}.csv"``, ``"*.csv"``), it may read all of that
    ending, where it lists folders, all.
    """
    texts = {chapter.step: _text_of(chapter.path, beside) for chapter in chapters}
    named = {path for path in beside if any(_names(text, path) for text in texts.values())}
    return {
        step: [
            path
            for path in beside
            if path not in named or _names(text, path) or _may_make_up(text, path)
        ]
        for step, text in texts.items()
    }


def _text_of(path: Path, beside: Iterable[Path]) -> str:
    """Return the text of a chapter, and of the modules beside it that it imports."""
    modules = {module for module in beside if module.suffix == ".py"}
    text = _source(path)
    while found := {module for module in modules if _names(text, module)}:
        modules -= found
        text = "\n".join([text, *(_source(module) for module in sorted(found))])
    return text


def _source(path: Path) -> str:
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".ipynb":
        with contextlib.suppress(ValueError, KeyError, TypeError):  # damaged: told when it is run
            text = "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
    return f"{text}\n{unquote(text)}"  # a picture's name is written as in an address


def _names(text: str, path: Path) -> bool:
    word = re.escape(path.stem) if path.suffix == ".py" else re.escape(path.name)
    return re.search(rf"(?<![\w-]){word}(?![\w-])", text) is not None


def _may_make_up(text: str, path: Path) -> bool:
    ending = re.escape(path.suffix or path.name)
    return bool(_LISTS.search(text) or re.search(rf"(?<![\w)\]-]){ending}(?!\w)", text))


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
