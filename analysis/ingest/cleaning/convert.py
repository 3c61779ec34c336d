"""One entrance to all conversions; work is done once for each distinct cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.ingest.cleaning.converted import Converted

_COMMON = frozenset({"missing", "missing_codes", "pending"})
_RANGE = frozenset({"low", "high"})
_DATE = frozenset({"order", "format", "year", "date_system"})

OPTIONS: Mapping[str, frozenset[str]] = {
    "date": _COMMON | _RANGE | _DATE,
    "month": _COMMON | _RANGE | _DATE,
    "instant": _COMMON | _RANGE | _DATE | {"zone", "date_only", "ambiguous"},
    "number": _COMMON | _RANGE | {"units", "approximate"},
    "int": _COMMON | _RANGE | {"units", "approximate"},
    "share": _COMMON | _RANGE | {"unit", "approximate"},
    "score": _COMMON | _RANGE | {"units", "labels", "reverse", "whole"},
    "duration": _COMMON | _RANGE | {"unit", "cell_unit", "approximate"},
    "bool": _COMMON | {"true", "false"},
    "label": _COMMON | {"labels", "allowed"},
    "text": _COMMON,
    "id": _COMMON | {"width", "case"},
    "person": _COMMON | {"form", "masked", "case", "width"},
}
"""The options of each kind."""

KINDS = tuple(OPTIONS)
"""Every kind ``convert`` knows."""


def convert(series: pd.Series, kind: str, **options: Any) -> Converted:
    """Convert one raw column.

    Parameters
    ----------
    series : Series
        Raw cells, as ``RawTable.frame`` has them. Not changed.
    kind : str
        One of ``KINDS``.
    **options
        Only those ``OPTIONS[kind]`` names; any other is an error that names the nearest.

        All kinds: ``missing`` (list of spellings meaning "no value" besides, or, when it is a
        mapping ``{"only": [...]}``, instead of ``MISSING_MARKERS``), ``missing_codes`` (spelling
        → reason, e.g. ``{"-3": "skipped", "说不清": "dont_know"}``), ``pending`` ("fault" or
        "null": what 待定 and Excel errors such as #DIV/0! become; default "fault").

        ``low``, ``high``: inclusive range; outside is a fault. Dates as ISO strings or dates.

        date, month, instant: ``order`` ("ymd", "mdy", "dmy"; None accepts year-first spellings
        only and calls the rest a fault), ``format`` (a strptime format that every text cell must
        have), ``year`` (for 3月5日), ``date_system`` ("1900" or "1904", for serial numbers).
        instant: ``zone`` (IANA name, required: local spellings are in it), ``date_only``
        ("fault" or "midnight"), ``ambiguous`` ("fault", "first" or "second": the hour that an
        autumn clock change repeats).

        number, int, score: ``units`` (suffixes taken off, e.g. ["分"]); ``approximate`` (True
        takes 约30 as 30 and counts it). Currency signs, 万 and 亿 are known.
        share: ``unit`` ("percent" or "share": what a cell without % means; undeclared is a
        fault); low and high default to 0 and 1.
        score: ``labels`` (spelling → number), ``low`` and ``high`` (the scale), ``reverse``
        (True turns the codes round: low + high − score), ``whole`` (True refuses 3.5).
        duration: ``unit`` of the result ("seconds", "minutes", "hours", "days"; required),
        ``cell_unit`` (of a bare number); ``low`` defaults to 0.

        bool: ``true``, ``false`` (spellings that replace the known ones).
        label: ``labels`` (spelling → value; any other is a fault), ``allowed`` (values accepted
        as they are).
        id: ``width`` (pad with zeros on the left), ``case`` ("keep", "upper", "lower").
        person: also ``form`` ("id", "name", "phone"), ``masked`` ("fault" or "null": what 张*
        and 138****8000 become). The result is a clean spelling, not yet a pseudonym.

    Returns
    -------
    Converted
        Values, reasons for missing ones, faults by position, counts by conversion name.

    Raises
    ------
    ValueError
        For an unknown kind, an unknown option, or one with a value that it cannot have.
    """
    raise NotImplementedError
