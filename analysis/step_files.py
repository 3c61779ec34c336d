"""What the reports say and show of each step: one ``<module>.step.yml`` beside the step's module.

A file declares ``views`` (``<stage>.<view>``: the stored table, its place on the page, caption,
columns and chart; the fields are those of :class:`analysis.present.views.View`) and ``sentences``
(wording key: what the step's checks ask, find and advise). Captions, alternative texts and
headings stand in both languages where they are shown. Each gets a wording key here,
``views.<stage>.<view>.caption``, so that every text of a report is one of the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from analysis import packaged
from analysis.errors import EvaluationError

_PACKAGE = Path(__file__).parent
_PARTS = {"views", "sentences"}
_TEXTS = ("caption", "alt")
"""What a view says besides its headings: its title, and what a figure shows."""
_LANGUAGES = {"zh", "en"}


@dataclass(frozen=True, slots=True)
class StepFiles:
    """All step files as one.

    Attributes
    ----------
    views : Mapping
        ``<stage>.<view>`` → its fields, with wording keys in the place of texts.
    sentences : Mapping
        Wording key → text by language, ``zh`` and ``en``; those of views included.
    """

    views: Mapping[str, Mapping[str, Any]]
    sentences: Mapping[str, Mapping[str, str]]


@cache
def read() -> StepFiles:
    """Return what all step files of the package declare.

    Raises
    ------
    EvaluationError
        When a file has an unknown part, a text lacks a language, or something is declared twice.
    """
    views: dict[str, Mapping[str, Any]] = {}
    sentences: dict[str, Mapping[str, str]] = {}
    for path in sorted(_PACKAGE.rglob("*.step.yml")):
        declared = packaged.content(path)
        if unknown := set(declared) - _PARTS:
            raise EvaluationError(f"{path.name}: {sorted(unknown)} is none of {sorted(_PARTS)}")
        for name, fields in declared.get("views", {}).items():
            _once(path, name, views)
            views[name] = dict(_keyed(path, name, fields, sentences))
        for key, words in declared.get("sentences", {}).items():
            _say(path, key, words, sentences)
    return StepFiles(views, sentences)


def _keyed(
    path: Path, name: str, fields: Mapping[str, Any], sentences: dict[str, Mapping[str, str]]
) -> Iterator[tuple[str, Any]]:
    """Yield the fields of a view; its texts go to the sentences and leave their keys."""
    for field, value in fields.items():
        if field in _TEXTS:
            yield field, _say(path, f"views.{name}.{field}", value, sentences)
        elif field == "columns":
            columns = {}
            for column, how in value.items():
                if isinstance(how, Mapping):
                    if "as" not in how:
                        raise EvaluationError(
                            f"{path.name}: column {column} of {name} does not say how it is "
                            'written. Correct: as: "int", beside zh: and en:'
                        )
                    words = {k: v for k, v in how.items() if k != "as"}
                    key = _say(path, f"views.{name}.column.{column}", words, sentences)
                    how = (key, how["as"])
                columns[column] = how
            yield field, columns
        else:
            yield field, value


def _say(path: Path, key: str, words: Any, sentences: dict[str, Mapping[str, str]]) -> str:
    said = set(words) if isinstance(words, Mapping) else set()
    if said != _LANGUAGES or not all(isinstance(w, str) and w.strip() for w in words.values()):
        raise EvaluationError(
            f"{path.name}: {key} needs a text in each language, got {words!r}. "
            'Correct: zh: "是" and en: "yes", each on a line of its own'
        )
    _once(path, key, sentences)
    sentences[key] = words
    return key


def _once(path: Path, name: str, known: Mapping[str, Any]) -> None:
    if name in known:
        raise EvaluationError(f"{path.name}: {name} is declared in another step file, too")
