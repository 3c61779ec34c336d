"""What all parts of the client file share: closed, frozen models and a few small types."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from analysis.file_names import holdable
from analysis.tables import period_of

IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
"""What a client may be called; safe as a folder name."""


def refused(rule: str, message: str) -> PydanticCustomError:
    """Return the error of a value that breaks ``rule``, worded under ``faults.value.<rule>``."""
    return PydanticCustomError(rule, message)


class Part(BaseModel):
    """A part of the client file: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Bilingual(Part):
    """A name in both languages of the reports."""

    zh_CN: str = Field(min_length=1)  # noqa: N815 - the locale's name
    en: str = Field(min_length=1)


_YEARS = range(1950, 2101)
"""Years that a month may lie in; others are slips of the pen."""


def _month(value: Any) -> Any:
    if isinstance(value, dt.date) and value.year in _YEARS:
        return value.replace(day=1)
    if isinstance(value, str) and (found := re.fullmatch(r"(\d{4})-(\d{1,2})", value.strip())):
        year, month = int(found[1]), int(found[2])
        if 1 <= month <= 12 and year in _YEARS:
            return dt.date(year, month, 1)
    raise refused("month", "a month is written year-month, e.g. 2024-03")


def is_identifier(value: str) -> bool:
    """Return whether a client may be called so, and a folder on every system too."""
    return IDENTIFIER.fullmatch(value) is not None and holdable(value)


def _identifier(value: str) -> str:
    if IDENTIFIER.fullmatch(value) and not holdable(value):
        raise refused("reserved", "Windows keeps this name for a device")
    if not is_identifier(value):
        raise refused(
            "identifier", "an identifier has lower-case letters, digits, - and _, e.g. vanke_east"
        )
    return value


Month = Annotated[dt.date, BeforeValidator(_month)]
"""First day of a month, written ``2024-03``."""

Identifier = Annotated[str, AfterValidator(_identifier)]
"""Lower-case identifier that is safe as a folder name."""

Text = Annotated[
    str, BeforeValidator(lambda v: str(v) if isinstance(v, int | float) and v == v else v)
]
"""Text; a bare number in the YAML is taken as its digits."""


class Period(Part):
    """The months that are evaluated, both ends included."""

    first: Month
    last: Month

    @property
    def first_period(self) -> int:
        """First month as a running number (year * 12 + month - 1)."""
        return period_of(self.first)

    @property
    def last_period(self) -> int:
        """Last month as a running number."""
        return period_of(self.last)
