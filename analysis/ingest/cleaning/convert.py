"""One entrance to all conversions; work is done once for each distinct cell."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analysis.ingest.cleaning import dates, durations, identifiers, numbers, words
from analysis.ingest.cleaning.converted import Converted
from analysis.ingest.cleaning.distinct import (
    Outcomes,
    as_texts,
    cell_of,
    distinct_cells,
    plain_cells,
    spread,
)
from analysis.ingest.cleaning.spelling import (
    MISSING_MARKERS,
    PENDING,
    WrongCellError,
    normalise,
    shown,
)
from analysis.tables import ARROW_TYPES

_COMMON = frozenset({"missing", "missing_codes", "pending"})
_RANGE = frozenset({"low", "high"})
_DATE = frozenset({"order", "format", "year", "date_system"})
_ZONE = frozenset({"zone"})

OPTIONS: Mapping[str, frozenset[str]] = {
    "date": _COMMON | _RANGE | _DATE | _ZONE | {"first_month"},
    "month": _COMMON | _RANGE | _DATE | _ZONE | {"quarter", "first_month"},
    "instant": _COMMON | _RANGE | _DATE | _ZONE | {"date_only", "ambiguous", "twelve"},
    "number": _COMMON | _RANGE | {"units", "approximate"},
    "int": _COMMON | _RANGE | {"units", "approximate"},
    "share": _COMMON | _RANGE | {"unit", "approximate", "labels"},
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

_PARSERS: Mapping[str, Callable[..., numbers.Parse]] = {
    "date": dates.date,
    "month": dates.month,
    "instant": dates.instant,
    "number": numbers.number,
    "int": lambda **options: numbers.number(whole=True, **options),
    "share": numbers.share,
    "score": numbers.score,
    "duration": durations.duration,
    "bool": words.boolean,
    "label": words.label,
    "text": words.text,
    "id": identifiers.identifier,
    "person": identifiers.person,
}
_TYPES = {
    **ARROW_TYPES,
    "month": ARROW_TYPES["date"],
    "score": ARROW_TYPES["number"],
    "duration": ARROW_TYPES["number"],
}


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

        date, month, instant: ``order`` ("ymd", "mdy", "dmy"; None is year first, and refuses
        05/03/24 and 05/03/2024), ``format`` (a strptime format that every text cell must have),
        ``year`` (for 3月5日), ``date_system`` ("1900" or "1904", for serial numbers), ``zone``
        (IANA name; which day it was at an instant with an offset).
        month: ``quarter`` ("first", "middle" or "last": the month by which 2024Q1 is recorded).
        instant: ``twelve`` ("midnight" or "noon": what 上午12:05 is).
        instant: ``zone`` (required: local spellings are in it), ``date_only`` ("fault" or
        "midnight"), ``ambiguous`` ("fault", "first" or "second": the hour that an autumn clock
        change repeats).

        number, int, score: ``units`` (suffixes taken off, e.g. ["分"]); ``approximate`` (True
        takes 约30 as 30 and counts it). Currency signs, 万 and 亿 are known.
        share: ``unit`` ("percent" or "share": what a cell without % means; undeclared is a
        fault), ``labels`` (spelling → share); low and high default to 0 and 1.
        score: ``labels`` (spelling → number), ``low`` and ``high`` (the scale), ``reverse``
        (True turns the codes round: low + high − score), ``whole`` (True refuses 3.5).
        duration: ``unit`` of the result ("seconds", "minutes", "hours", "days"; required),
        ``cell_unit`` (of a bare number); ``low`` defaults to 0.

        bool: ``true``, ``false`` (spellings that replace the known ones).
        label: ``labels`` (spelling → value; any other is a fault), ``allowed`` (values accepted
        as they are). Without either, and for text, widths and punctuation stay as typed.
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

    Examples
    --------
    >>> result = convert(pd.Series(["85%", "９０％", "—", "0.85"]), "share")
    >>> [None if value is pd.NA else value for value in result.values]
    [0.85, 0.9, None, None]
    >>> dict(result.counts)
    {'full_width_folded': 1, 'missing_marker': 1, 'percent_sign': 2}
    >>> result.faults["rule"].tolist()
    ['share_unit_undeclared']
    """
    _check_options(kind, options)
    cells = _Cells(
        parse=_PARSERS[kind](**{k: v for k, v in options.items() if k not in _COMMON}),
        as_typed=kind == "text" or (kind == "label" and not {"labels", "allowed"} & set(options)),
        verbatim=kind in ("id", "person") and set(options) <= _COMMON,
        missing=_missing(options.get("missing")),
        codes={_key(code): str(r) for code, r in (options.get("missing_codes") or {}).items()},
        pending=options.get("pending", "fault"),
        known=_known_labels(kind, options),
    )
    # What is read many at once is read again sooner than its distinct values are found.
    codes, distinct = distinct_cells(series, may_repeat=cells.at_once)
    outcomes = cells.read_all(distinct)
    return spread(series, codes, distinct, outcomes, _TYPES[kind], personal=kind == "person")


def without_value(**options: Any) -> Callable[[Any], bool]:
    """Return the test whether a cell says that it has no value, or that it is not final yet.

    Parameters
    ----------
    **options
        Those of :func:`convert`; ``missing`` and ``missing_codes`` matter, and labels that are
        declared to mean something.
    """
    missing = _missing(options.get("missing"))
    codes = {_key(code) for code in options.get("missing_codes") or ()}
    known = _known_labels("", options)

    def test(cell: Any) -> bool:
        key = _key(cell)
        return key in codes or (key not in known and (key in missing or key in PENDING))

    return test


class _Cells:
    """Reads the distinct cells of one column: missing, pending, or parsed."""

    def __init__(
        self,
        *,
        parse: numbers.Parse,
        as_typed: bool,
        verbatim: bool,
        missing: Collection[str],
        codes: Mapping[str, str],
        pending: str,
        known: Collection[str],
    ) -> None:
        if pending not in ("fault", "null"):
            raise ValueError(f"pending is fault or null, not {pending!r}")
        self.parse = parse
        self.as_typed = as_typed
        self.plain = verbatim
        self.missing = missing
        self.codes = codes
        self.pending = pending
        self.known = known

    @property
    def at_once(self) -> bool:
        """Whether the commonest spellings are read many at once."""
        return self.plain or isinstance(self.parse, dates.Instant)

    def read_all(self, distinct: Sequence[Any]) -> Outcomes:
        """Read cells, which are texts in an Arrow array, or cells of a workbook in a list."""
        outcomes = Outcomes(len(distinct))
        if isinstance(self.parse, numbers.Judged):
            ours = isinstance(self.parse, identifiers.Identifier)
            self.parse.look_at(distinct if ours else plain_cells(distinct))
        if isinstance(self.parse, dates.Instant) and len(distinct):
            self.parse.look_at(distinct)
            outcomes.bulk.extend(self.parse.bulk(distinct))
        if self.plain and (done := self._plain(distinct)) is not None:
            outcomes.bulk.append((done, as_texts(distinct), ()))
        left = np.ones(len(distinct), bool)
        for done, _, _ in outcomes.bulk:
            left &= ~done
        if isinstance(distinct, pa.Array) and distinct.null_count:
            left &= pc.is_valid(distinct).to_numpy(zero_copy_only=False)
        if left.any():
            outcomes.open()
        for i in np.flatnonzero(left).tolist():
            cell = cell_of(distinct, i)
            steps: list[str] = []
            try:
                outcomes.results[i], outcomes.reasons[i] = self._read(cell, steps)
            except WrongCellError as error:
                outcomes.wrong[i] = error
                outcomes.reasons[i] = "fault"
            else:
                # A cell that changed twice in the same way is counted once.
                outcomes.steps[i] = tuple(dict.fromkeys(steps))
        if isinstance(self.parse, numbers.Judged) and (refused := self.parse.refused()):
            outcomes.open()
            for i, cell in enumerate(plain_cells(distinct)):
                error = None if cell is None else refused.get(normalise(shown(cell))[0])
                if error is not None:
                    outcomes.results[i], outcomes.reasons[i] = None, "fault"
                    outcomes.wrong[i] = error
                    outcomes.steps.pop(i, None)
                    for done, _, _ in outcomes.bulk:
                        done[i] = False
        return outcomes

    def _plain(self, distinct: Sequence[Any]) -> np.ndarray | None:
        """Return which identifiers need no cleaning and are no markers of missing values."""
        texts = as_texts(distinct)
        plain = pc.match_substring_regex(texts, f"^(?:{identifiers.PLAIN.pattern})$")
        markers = pa.array(sorted({*self.missing, *self.codes, *PENDING}), pa.string())
        marked = pc.is_in(pc.utf8_lower(texts), value_set=markers)
        done = pc.fill_null(pc.and_not(plain, marked), False).to_numpy(zero_copy_only=False)
        return done if done.any() else None

    def _read(self, cell: Any, steps: list[str]) -> tuple[Any, str | None]:
        folded = isinstance(cell, str) and (not self.as_typed or cell.isascii())
        if isinstance(cell, str):
            clean, spelling = normalise(cell, widths=not self.as_typed)
            if not clean:
                steps.append("missing_blank")
                return None, "blank"
        else:
            clean, spelling = cell, ()
        key = clean.lower() if folded else _key(shown(cell))
        if key in self.codes:
            steps.append("missing_code")
            return None, self.codes[key]
        if key not in self.known:
            if key in self.missing:
                steps.append("missing_marker")
                return None, "marker"
            if key in PENDING:
                if self.pending == "fault":
                    raise WrongCellError("value_pending")
                steps.append("pending_as_null")
                return None, "pending"
        steps.extend(spelling)
        value = self.parse(clean, steps)
        return value, "declared" if value is None else None


def _check_options(kind: str, options: Mapping[str, Any]) -> None:
    if kind not in OPTIONS:
        near = difflib.get_close_matches(kind, OPTIONS, n=1) or KINDS
        raise ValueError(f"unknown kind {kind!r}; for example {near[0]!r}")
    for option in options:
        if option not in OPTIONS[kind]:
            allowed = sorted(OPTIONS[kind])
            near = difflib.get_close_matches(option, allowed, n=1, cutoff=0.0)
            raise ValueError(
                f"kind {kind!r} has no option {option!r}; nearest is {near[0]!r} "
                f"(all: {', '.join(allowed)})"
            )


def _key(cell: Any) -> str:
    return normalise(shown(cell))[0].lower()


def _missing(declared: Any) -> frozenset[str]:
    if isinstance(declared, Mapping):
        if set(declared) != {"only"}:
            raise ValueError('missing is a list, or {"only": [...]} to replace the known markers')
        return frozenset(map(_key, declared["only"]))
    return MISSING_MARKERS | frozenset(map(_key, declared or ()))


def _known_labels(kind: str, options: Mapping[str, Any]) -> frozenset[str]:
    """Return spellings declared to have a meaning; they are no markers of missing values."""
    declared = [options.get(name) or () for name in ("labels", "allowed", "true", "false")]
    return frozenset(_key(label) for labels in declared for label in labels)
