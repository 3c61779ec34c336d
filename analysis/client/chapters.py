"""A client's own chapters: notebooks and texts that a stage's page shows beside its own sections.

They lie in ``data/<client>/chapters/`` and are named ``<stage>_<name>``, e.g.
``tracking_weather.ipynb``. Pictures and data that they read lie beside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.client.faults import nearest
from analysis.errors import Fault
from analysis.file_names import listed
from analysis.manifest import CHAPTER
from analysis.parameters import STAGES
from analysis.settings import Language

FOLDER = "chapters"

_ENDINGS = (".ipynb", ".md")
_LANGUAGES: dict[str, Language] = {"zh": "zh_CN", "en": "en"}
_NAME = re.compile(r"(?P<stage>[a-z]+)_(?P<name>[\w-]+?)(?:\.(?P<language>zh|en))?")


@dataclass(frozen=True, slots=True)
class Chapter:
    """One chapter.

    Attributes
    ----------
    stage : str
        Stage after which it is run, and on whose page it stands.
    name : str
        What ``report.order`` calls it.
    language : {"zh_CN", "en"} or None
        Page on which it stands; None for both.
    path : Path
        Its file; of one that ran, the executed notebook.
    """

    stage: str
    name: str
    language: Language | None
    path: Path

    @property
    def step(self) -> str:
        """Its name among the steps of a run."""
        return f"{CHAPTER}{self.path.stem}"


def of_name(stem: str, path: Path) -> Chapter | None:
    """Return the chapter of a file's name without its ending; None where it names no stage."""
    found = _NAME.fullmatch(stem)
    if found is None or found["stage"] not in _stages():
        return None
    return Chapter(found["stage"], found["name"], _LANGUAGES.get(found["language"] or ""), path)


def chapters(folder: Path) -> list[Chapter]:
    """Return the chapters of a client's folder, by the names of their files.

    Files that name no stage are told by :func:`chapter_faults`.
    """
    found = (of_name(path.stem, path) for path in _files(folder))
    return [chapter for chapter in found if chapter is not None]


def chapter_faults(folder: Path) -> Iterator[Fault]:
    """Yield a fault for each file that names no stage, and for names that two files have."""
    seen: dict[str, Path] = {}
    for path in _files(folder):
        chapter = of_name(path.stem, path)
        if chapter is None:
            stage = nearest(path.stem.partition("_")[0], _stages()) or "tracking"
            right = f"{stage}_weather{path.suffix}"
            yield _fault(path, "chapter_name", "The name of the file names no stage.", right)
        elif chapter.step in seen:
            right = f"{path.stem}_2{path.suffix}"
            yield _fault(path, "chapter_twice", "Two chapters have one name.", right)
        else:
            seen[chapter.step] = path


def beside(folder: Path) -> list[Path]:
    """Return the files that chapters read: pictures, data."""
    return [p for p in listed(folder / FOLDER, "**/*") if p not in _files(folder)]


def _files(folder: Path) -> list[Path]:
    return [path for path in listed(folder / FOLDER) if path.suffix in _ENDINGS]


def _fault(path: Path, rule: str, message: str, right: str) -> Fault:
    stages = ", ".join(_stages())
    return Fault(
        rule=rule,
        message=f"{message} Known stages: {stages}.",
        example=f"{FOLDER}/{right}",
        file=f"{FOLDER}/{path.name}",
        params={"stages": stages, "right": f"{FOLDER}/{right}"},
    )


def _stages() -> Sequence[str]:
    return tuple(stage.name for stage in STAGES)
