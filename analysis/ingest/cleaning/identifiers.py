"""Identifiers of things and people: one clean spelling, damage refused."""

from __future__ import annotations

import re
from typing import Any, Literal

from analysis.ingest.cleaning.numbers import Parse
from analysis.ingest.cleaning.spelling import WrongCellError

_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[eE]\+\d+")
PLAIN = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
"""Identifiers that are taken as they stand: nothing to fold, no mask, no damaged number."""

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

    def parse(cell: Any, steps: list[str]) -> str:
        text = _digits(cell, steps) if not isinstance(cell, str) else cell
        if _SCIENTIFIC.fullmatch(text):
            raise WrongCellError("id_scientific")
        if width is not None and text.isdigit() and len(text) < width:
            text = text.zfill(width)
            steps.append("zero_padded")
        folded = text if case == "keep" else text.upper() if case == "upper" else text.lower()
        if folded != text:
            steps.append("case_folded")
        return folded

    return parse


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
    as_identifier = identifier(width=width, case=case)

    def parse(cell: Any, steps: list[str]) -> str | None:
        if isinstance(cell, str) and _MASK.search(cell):
            if masked == "fault":
                raise WrongCellError("person_masked")
            steps.append("person_masked_as_null")
            return None
        text = as_identifier(cell, steps)
        if form == "name":
            return _name(text, steps)
        return _phone(text, steps) if form == "phone" else text

    return parse


def _digits(cell: Any, steps: list[str]) -> str:
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
