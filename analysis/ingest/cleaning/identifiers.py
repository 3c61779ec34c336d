"""Identifiers of things and people: one clean spelling, damage refused."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pyarrow.compute as pc

from analysis.ingest.cleaning.distinct import as_texts, plain_cells
from analysis.ingest.cleaning.numbers import Judged, Parse
from analysis.ingest.cleaning.spelling import WrongCellError, close, normalise, shown

_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[eE]\+\d+")
PLAIN = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
"""Identifiers that are taken as they stand: nothing to fold, no mask, no damaged number."""

_PADDED = re.compile(r"0+\d+")
_MAY_BE_PADDED = r"""^[\s'="]*0|[^\x00-\x7f]"""
_EXACT = 1e15  # a workbook keeps 15 digits
_CJK = r"\u3400-\u9fff"
_INNER_SPACE = re.compile(rf"(?<=[{_CJK}])\s+(?=[{_CJK}])")
_REMARK = re.compile(r"(.+?)\s*[(\[【].*[)\]】]")
_PHONE_PARTS = re.compile(r"[\s().-]")
_MASK = re.compile(r"[*●■]|某$")

Case = Literal["keep", "upper", "lower"]


def identifier(*, width: int | None = None, case: Case = "keep") -> Parse:
    """Return the parser of identifiers.

    ``width`` pads with zeros on the left what a spreadsheet took for a number; text that is
    longer or has letters stays.
    """
    if case not in ("keep", "upper", "lower"):
        raise ValueError(f"case is keep, upper or lower, not {case!r}")

    return Identifier(width, case)


class Identifier(Judged):
    """The parser of one column of identifiers.

    A number without zeros in front is refused where the same digits with zeros stand beside
    it, or text of one length with zeros in front and digits that are fewer: whether they are
    one identifier is what ``width`` declares (a width of 1 says that they are not).
    """

    def __init__(self, width: int | None, case: Case) -> None:
        self.width, self.case = width, case
        self.lost: dict[str, WrongCellError] = {}

    def look_at(self, cells: Sequence[Any]) -> None:
        """Find the numbers that may have lost the zeros in front of them."""
        if self.width is not None:
            return
        texts = as_texts(cells)
        texts = texts.filter(pc.match_substring_regex(texts, _MAY_BE_PADDED)).to_pylist()
        padded = {text for c in texts if _PADDED.fullmatch(text := normalise(c)[0])}
        if not padded:
            return
        lengths = {len(text) for text in padded}
        bare = {text.lstrip("0") for text in padded}
        wrong = WrongCellError("id_zeros_lost", str(max(lengths)))
        for cell in plain_cells(cells):
            number = isinstance(cell, (int, float)) and not isinstance(cell, bool)
            text = shown(cell) if number else normalise(cell)[0] if isinstance(cell, str) else ""
            if not text.isdigit() or text in padded:
                continue
            if text in bare or (len(lengths) == 1 and len(text) < min(lengths)):
                self.lost[text] = wrong

    def __call__(self, cell: Any, steps: list[str]) -> str:
        """Return the clean spelling of one cell; conversions are added to ``steps``."""
        text = _digits(cell, steps) if not isinstance(cell, str) else cell
        if _SCIENTIFIC.fullmatch(text):
            raise WrongCellError("id_scientific")
        if (closed := close(text)) != text:
            text = closed
            steps.append("spaces_removed")
        if self.width is not None and text.isdigit() and len(text) < self.width:
            text = text.zfill(self.width)
            steps.append("zero_padded")
        folded = text
        if self.case != "keep":
            folded = text.upper() if self.case == "upper" else text.lower()
        if folded != text:
            steps.append("case_folded")
        return folded

    def refused(self) -> Mapping[str, WrongCellError]:
        """Return the numbers that may have lost zeros."""
        return self.lost


def person(
    *,
    form: Literal["id", "name", "phone"] = "id",
    masked: Literal["fault", "null"] = "fault",
    width: int | None = None,
    case: Case = "keep",
) -> Parse:
    """Return the parser of people: the spelling from which a pseudonym can be made."""
    if form not in ("id", "name", "phone") or masked not in ("fault", "null"):
        raise ValueError("form is id, name or phone; masked is fault or null")
    return Person(form, masked, width, case)


class Person(Identifier):
    """The parser of one column of people."""

    def __init__(self, form: str, masked: str, width: int | None, case: Case) -> None:
        super().__init__(width, case)
        self.form, self.masked = form, masked

    def look_at(self, cells: Sequence[Any]) -> None:
        """Find the numbers that may have lost zeros; names and phones have none in front."""
        if self.form == "id":
            super().look_at(cells)

    def __call__(self, cell: Any, steps: list[str]) -> str | None:
        """Return the spelling from which a pseudonym can be made, None for a masked person."""
        if isinstance(cell, str) and _MASK.search(cell):
            if self.masked == "fault":
                raise WrongCellError("person_masked")
            steps.append("person_masked_as_null")
            return None
        text = super().__call__(cell, steps)
        if self.form == "name":
            return _name(text, steps)
        return _phone(text, steps) if self.form == "phone" else text


def _digits(cell: Any, steps: list[str]) -> str:
    if isinstance(cell, dt.date):
        raise WrongCellError("turned_to_date")
    if isinstance(cell, bool) or not isinstance(cell, (int, float)):
        raise WrongCellError("id_unreadable")
    if abs(cell) >= _EXACT:
        raise WrongCellError("id_precision_lost")
    if cell != int(cell):
        raise WrongCellError("id_unreadable")
    steps.append("number_as_id")
    return str(int(cell))


def _name(text: str, steps: list[str]) -> str:
    if match := _REMARK.fullmatch(text):
        text = match[1]
        steps.append("remark_removed")
    joined = _INNER_SPACE.sub("", text)
    if joined != text:
        steps.append("spaces_removed")
    return joined


def _phone(text: str, steps: list[str]) -> str:
    bare = _PHONE_PARTS.sub("", text)
    for prefix in ("+86", "0086", "86"):
        if bare.startswith(prefix) and len(bare) - len(prefix) == 11:
            bare = bare.removeprefix(prefix)
    if bare != text:
        steps.append("phone_normalised")
    return bare
