"""The wording catalogue: a sentence under its full key, in both languages side by side.

A file here holds the keys of one section: ``chapters/value.yml`` those that start with
``chapters.value.``. What one step alone says stands beside that step (:mod:`analysis.step_files`).
A key stands there as the code spells it, so that a search for it finds both.
"""

from __future__ import annotations

import hashlib
import json
import re
import string
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from analysis import packaged, step_files
from analysis.errors import EvaluationError
from analysis.settings import Language
from analysis.wording.formatting import SPECS, format_value, plural_word, title_in_sentence
from analysis.wording.programmes import ENDINGS, variants

LANGUAGES: tuple[Language, ...] = ("zh_CN", "en")
_SHORT: Mapping[Language, str] = {"zh_CN": "zh", "en": "en"}
_FOLDER = Path(__file__).parent
VARIANTS = "variants"
"""Folder of what programmes without a roll-out say in the place of other sentences."""
_FORMATTER = string.Formatter()
_TITLES = ("indicator", "bounded")
"""Blanks that a title fills."""
_EQUALS_LESS = re.compile(r"[=＝] ?<")
_AT_MOST_LESS = re.compile(r"(不超过|at most) ?<")
_BELOW = {"不超过": "低于 ", "at most": "less than "}
_KEPT_SPACE = "\ue000"
_SPACE = f"[ {_KEPT_SPACE}]"
_SAID_TWICE = re.compile(
    rf"(?P<low>[+−]?\d[\d.,]*){_SPACE}(?P<unit>[^\W\d]+) (?P<to>至|to) "
    rf"(?P<high>[+−]?\d[\d.,]*){_SPACE}(?P=unit)(?!\w)"
)
_MONEY_TWICE = re.compile(
    r"(?P<low>[+−]?\d[\d.,]*)(?P<unit>[万亿]?元) 至 (?=[+−]?\d[\d.,]*(?P=unit))"
)
_CNY_TWICE = re.compile(
    rf"CNY{_SPACE}(?P<low>[+−]?\d[\d.,]*)(?P<unit>{_SPACE}(?:thousand|million))? to "
    rf"CNY{_SPACE}(?P<high>[+−]?\d[\d.,]*)(?(unit)(?P=unit)|(?![\d.,]|{_SPACE}(?:thousand|million)))"
)
_LOOSE = re.compile(r" (?<=[\u4e00-\u9fff] )(?=[\u4e00-\u9fff])")
"""A space between Chinese; a space is sought first, for it is found faster than what is around."""
_P_VALUE = re.compile(r"\bp ([=<]) ?(?=\d)")
_readers: list[set[str]] = []
"""Where the keys go that are read now, the innermost :func:`reading` last."""


class WordingError(EvaluationError):
    """A key, a parameter or a format that the catalogue does not know."""


def text(key: str, language: Language, **params: Any) -> str:
    """Return one sentence of the catalogue with its blanks filled.

    Parameters
    ----------
    key : str
        Full key, e.g. ``causal.check.pretrend``.
    language : {"zh_CN", "en"}
        Language of the sentence and of its numbers and dates.
    **params
        Values of the placeholders ``{name}`` or ``{name:spec}``; surplus ones are allowed, so
        that a check may hand over all it knows. ``None`` reads as "not available". The specs
        ``unit``, ``effect`` and ``size`` also read ``unit``; the last two rather
        ``outcome_unit``, where a test's own unit is that of p. A spec of two words,
        ``{n:site|sites}``, is the word that goes with the number, not the number; one that begins
        with a plus, ``{value:+raised|cut}``, the word for its sign.

    Raises
    ------
    WordingError
        For an unknown key or language, or a placeholder without a value.

    Examples
    --------
    >>> text("terms.tier.frontline", "en")
    'Frontline'
    """
    if len(sought := _sought(key)) > 1:
        known = _whole(language)
        key = next((own for own in sought if own in known), key)
    pieces = _pieces(_sentence(key, language))
    if all(name is None for _, name, _ in pieces):
        return _as_it_stands(pieces)
    parts = []
    for literal, name, spec in pieces:
        parts.append(literal)
        if name is None:
            continue
        if name not in params:
            raise WordingError(
                f"{key} ({language}) needs {name!r}; it was given {sorted(params)}. "
                f"Correct: text({key!r}, language, {name}=…)"
            )
        word = _fill(key, language, params, name, spec)
        if name in _TITLES and language == "en" and not _starts_sentence("".join(parts)):
            word = title_in_sentence(word.replace(_KEPT_SPACE, " ")).replace(" ", _KEPT_SPACE)
        parts.append(word)
    return _tidy("".join(parts))


@cache
def _pieces(sentence: str) -> tuple[tuple[str, str | None, str], ...]:
    """Return a sentence in pieces: words, and name and spec of the blank that follows them."""
    parsed = _FORMATTER.parse(sentence)
    return tuple((words, name, spec or "") for words, name, spec, _ in parsed)


@cache
def _as_it_stands(pieces: tuple[tuple[str, None, str], ...]) -> str:
    """Return a sentence without blanks."""
    return _tidy("".join(words for words, _, _ in pieces))


def has(key: str) -> bool:
    """Tell whether the catalogue has a key (in Chinese; a test holds the languages equal)."""
    known = _whole(LANGUAGES[0])
    return any(own in known for own in _sought(key))


@contextmanager
def reading(*, apart: bool = False) -> Iterator[set[str]]:
    """Note which keys are looked up within a ``with`` block, also those that there are not.

    Blocks may stand within each other: the outer one notes what the inner one does.

    Parameters
    ----------
    apart : bool
        Whether the outer blocks are to know nothing of this one.

    Yields
    ------
    set of str
        Full keys, variants of programmes among them; it grows while the block lasts.

    Examples
    --------
    >>> with reading() as read:
    ...     said = text("terms.tier.frontline", "en")
    >>> read
    {'terms.tier.frontline'}
    """
    read: set[str] = set()
    _readers.append(read)
    try:
        yield read
    finally:
        _readers.pop()
        if _readers and not apart:
            _readers[-1].update(read)


def note_read(read: Iterable[str]) -> None:
    """Note keys in the block of :func:`reading` as if they were looked up now."""
    _note(*read)


def entries_hash(read: Iterable[str]) -> str:
    """Return one SHA-256 over what the catalogue holds under keys, in every language."""
    wanted = sorted(set(read))
    entries = _sentences() if wanted else {}
    found = [[key, dict(entries[key]) if key in entries else None] for key in wanted]
    text = json.dumps(found, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def keys(language: Language = "zh_CN") -> tuple[str, ...]:
    """Return all full keys of a language, sorted."""
    return tuple(sorted(_whole(language)))


def _sought(key: str) -> tuple[str, ...]:
    """Return the keys under which a sentence is looked for, and note that they are."""
    found = variants(key)
    _note(*found)
    return found


def _note(*sought: str) -> None:
    if _readers:
        _readers[-1].update(sought)


def placeholders(key: str, language: Language) -> tuple[tuple[str, str], ...]:
    """Return the sorted ``(name, spec)`` pairs of a sentence, without words by number or sign."""
    found = ((name, spec or "") for name, spec in _blanks(key, language))
    return tuple(sorted({(name, spec) for name, spec in found if "|" not in spec}))


def words_by_number(key: str, language: Language) -> tuple[tuple[str, str, str], ...]:
    """Return the sorted ``(name, one, other)`` of the words of a sentence that follow a number."""
    found = set()
    for name, spec in _blanks(key, language):
        if _by_number(spec):
            one, other = spec.split("|")
            found.add((name, one, other))
    return tuple(sorted(found))


def _blanks(key: str, language: Language) -> list[tuple[str, str]]:
    pieces = _pieces(_sentence(key, language))
    return [(name, spec) for _, name, spec in pieces if name is not None]


def _by_number(spec: str) -> bool:
    return "|" in spec and not _by_sign(spec)


def _by_sign(spec: str) -> bool:
    return "|" in spec and spec.startswith("+")


def _fill(key: str, language: Language, params: Mapping[str, Any], name: str, spec: str) -> str:
    value = params[name]
    if _by_sign(spec):
        rose, fell = spec[1:].split("|")
        return fell if value is not None and value < 0 else rose
    if _by_number(spec):
        one, other = spec.split("|")
        return plural_word(value, one, other, language)
    if spec == "key" and value is not None:
        return text(str(value), language)
    if spec not in SPECS:
        raise WordingError(f"{key} ({language}): {{{name}:{spec}}} is none of {sorted(SPECS)}")
    if not spec and isinstance(value, str):
        return value.replace(" ", _KEPT_SPACE)  # a path or name stays as it is
    try:
        return format_value(value, spec, language, unit=_unit(params, spec))
    except (TypeError, ValueError) as error:
        raise WordingError(
            f"{key} ({language}): {{{name}:{spec}}} cannot hold {value!r}"
        ) from error


def _unit(params: Mapping[str, Any], spec: str) -> str | None:
    unit = params.get("unit")
    return params.get("outcome_unit", unit) if spec in ("effect", "size") else unit


def _tidy(sentence: str) -> str:
    """Write what filled blanks leave rough.

    That is ``p = <0.001``, a unit said at both ends, and the space that stands apart a number
    where its unit or date ends in Chinese.
    """
    # A rule is only tried where a sentence has what the rule cannot do without.
    if "<" in sentence:
        sentence = _EQUALS_LESS.sub("<", sentence)
        sentence = _AT_MOST_LESS.sub(lambda found: _BELOW[found[1]], sentence)
    if "p =" in sentence or "p <" in sentence:
        sentence = _P_VALUE.sub("p\u00a0\\1\u00a0", sentence)  # never broken over two lines
    if " 至 " in sentence or " to " in sentence:
        sentence = _SAID_TWICE.sub(r"\g<low> \g<to> \g<high> \g<unit>", sentence)
        sentence = _MONEY_TWICE.sub(r"\g<low> 至 ", sentence)
        sentence = _CNY_TWICE.sub(r"CNY \g<low> to \g<high>\g<unit>", sentence)
    sentence = sentence.replace("。。", "。")  # a blank filled by a whole sentence
    return _LOOSE.sub("", sentence).replace(_KEPT_SPACE, " ")


def _starts_sentence(before: str) -> bool:
    return not before.strip() or before.rstrip()[-1] in ".?!:"


def _sentence(key: str, language: Language) -> str:
    _note(key)
    catalogue = _catalogue(language)
    try:
        return catalogue[key]
    except KeyError:
        import difflib

        near = difflib.get_close_matches(key, catalogue, n=3)
        message = f"no wording {key!r} in {language}; the nearest keys are {near}"
        raise WordingError(message) from None


class _Catalogue(dict[str, str]):
    """Sentences of one language; until one is asked for that its file has not, that file alone."""

    def __init__(self, language: Language) -> None:
        super().__init__()
        self.short, self.whole = _SHORT[language], False

    def __missing__(self, key: str) -> str:
        path = _FOLDER / f"{key.partition('.')[0]}.yml"
        if not self.whole and path.is_file():
            self._take(_of_file(path))
        if key not in self:
            self.read_all()
        if key not in self:
            raise KeyError(key)
        return self[key]

    def read_all(self) -> None:
        """Read what is not read yet."""
        if not self.whole:
            self._take(_sentences())
            self.whole = True

    def _take(self, entries: Mapping[str, Mapping[str, str]]) -> None:
        self.update({key: words[self.short] for key, words in entries.items()})


@cache
def _catalogue(language: Language) -> _Catalogue:
    if language not in LANGUAGES:
        raise WordingError(f"no language {language!r}; there are {list(LANGUAGES)}")
    return _Catalogue(language)


def _whole(language: Language) -> Mapping[str, str]:
    catalogue = _catalogue(language)
    catalogue.read_all()
    return catalogue


@cache
def _sentences() -> dict[str, Mapping[str, str]]:
    merged: dict[str, Mapping[str, str]] = dict(step_files.read().sentences)
    for path in sorted(_FOLDER.rglob("*.yml")):
        if path.parent.name == VARIANTS:
            continue
        entries = _of_file(path)
        if twice := merged.keys() & entries.keys():
            raise WordingError(f"{path.name}: {min(twice)} stands in a step file, too")
        merged |= entries
    return merged | _variants(merged)


@cache
def _of_file(path: Path) -> Mapping[str, Mapping[str, str]]:
    """Return the sentences of a section by their keys."""
    section = ".".join(path.relative_to(_FOLDER).with_suffix("").parts)
    found: Mapping[str, Mapping[str, str]] = packaged.content(path)
    for key, words in found.items():
        _check_entry(path, section, key, words)
    return found


def _variants(known: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    """Return what programmes say in the place of a sentence, under its key and their ending."""
    found: dict[str, Mapping[str, str]] = {}
    for ending in ENDINGS:
        path = _FOLDER / VARIANTS / f"{ending}.yml"
        for key, words in packaged.content(path).items():
            _check_entry(path, key.partition(".")[0], key, words)
            if key not in known:
                raise WordingError(f"{path.name}: {key} is a variant of no sentence")
            found[f"{key}@{ending}"] = words
    return found


def _check_entry(path: Path, section: str, key: Any, words: Any) -> None:
    if not str(key).startswith(f"{section}."):
        raise WordingError(
            f"{path.name}: {key} does not start with {section}. Correct: {section}.{key}"
        )
    said = set(words) if isinstance(words, Mapping) else set()
    if said != set(_SHORT.values()) or not all(isinstance(word, str) for word in words.values()):
        raise WordingError(
            f"{path.name}: {key} needs a text in each language, got {words!r}. "
            'Correct: zh: "是" and en: "yes", each on a line of its own'
        )
