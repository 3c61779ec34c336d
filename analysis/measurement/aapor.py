"""Response, cooperation, refusal, contact and location rates from final dispositions.

They need the outcome of every invited household. Where only questionnaires sent and handed
in are known there is a return rate (:mod:`analysis.measurement.response`) and no more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, fields
from types import MappingProxyType
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from analysis.measurement.columns import present
from analysis.measurement.intervals import Interval
from analysis.results import Check, Estimate, StageResults, Topic, collect
from analysis.settings import LEVEL
from analysis.tables import DISPOSITIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispositions:
    """Number of invited cases by final disposition, with the letters of the standard.

    Attributes
    ----------
    complete, partial : int
        I and P, interviews (codes 1.1 and 1.2).
    refusal, noncontact, other : int
        R, NC and O, eligible non-interviews (2.1, 2.2, 2.3).
    unknown_household, unknown_other : int
        UH and UO, eligibility unknown (3.1; 3.2 to 3.9).
    not_eligible : int
        NE (4.x): vacant, sold, wrong address.
    """

    complete: int = 0
    partial: int = 0
    refusal: int = 0
    noncontact: int = 0
    other: int = 0
    unknown_household: int = 0
    unknown_other: int = 0
    not_eligible: int = 0

    def __post_init__(self) -> None:
        for one in fields(self):
            count = getattr(self, one.name)
            if count < 0 or int(count) != count:
                raise ValueError(f"{one.name} must be a whole number from 0, got {count!r}")

    @classmethod
    def from_codes(cls, codes: Iterable[str | float]) -> Dispositions:
        """Count final dispositions: codes such as ``1.1``, ``2.112``, ``"4.50"``, or labels.

        Labels are those of the canonical table (``complete``, ``refusal`` …). A blank (NULL or
        only spaces) is a case of which nothing is known and counts as ``unknown_other``: left
        out, it would raise every rate.

        Raises
        ------
        ValueError
            A code that belongs to none of the standard's groups, with an example.
        """
        counts = dict.fromkeys((one.name for one in fields(cls)), 0)
        given = pd.Series(list(codes), dtype=object)
        blank = blank_codes(given)
        counts["unknown_other"] += int(blank.sum())
        for code, cases in given[~blank].value_counts().items():
            counts[disposition(code)] += int(cases)
        return cls(**counts)


def blank_codes(codes: pd.Series) -> pd.Series:
    """Whether each final disposition is blank: NULL, or nothing but spaces.

    Parameters
    ----------
    codes : Series of object
        Final dispositions.

    Returns
    -------
    Series of bool
        On the index of ``codes``.
    """
    return codes.isna() | codes.map(lambda code: isinstance(code, str) and not code.strip())


def disposition(code: str | float) -> str:
    """Return the field of :class:`Dispositions` that a final disposition code counts in."""
    text = str(code).strip()
    if text in DISPOSITIONS:
        return text
    for start, name in _PREFIXES:
        if text.startswith(start):
            return name
    raise ValueError(f"{code!r} is no final disposition code; a correct one is '2.1' (refusal)")


_PREFIXES = (
    ("1.1", "complete"),
    ("1.2", "partial"),
    ("2.1", "refusal"),
    ("2.2", "noncontact"),
    ("2.3", "other"),
    ("3.1", "unknown_household"),
    ("3.", "unknown_other"),
    ("4", "not_eligible"),
)

_ORDER = ("I", "P", "R", "NC", "O", "UH", "UO", "NE")
_ELIGIBLE = "I P R NC O"

# name: (numerator, denominator without the cases of unknown eligibility, share of those)
_FORMULAS: dict[str, tuple[str, str, Literal["all", "e", "none"]]] = {
    "RR1": ("I", _ELIGIBLE, "all"),
    "RR2": ("I P", _ELIGIBLE, "all"),
    "RR3": ("I", _ELIGIBLE, "e"),
    "RR4": ("I P", _ELIGIBLE, "e"),
    "RR5": ("I", _ELIGIBLE, "none"),
    "RR6": ("I P", _ELIGIBLE, "none"),
    "COOP1": ("I", "I P R O", "none"),
    "COOP2": ("I P", "I P R O", "none"),
    "COOP3": ("I", "I P R", "none"),
    "COOP4": ("I P", "I P R", "none"),
    "REF1": ("R", _ELIGIBLE, "all"),
    "REF2": ("R", _ELIGIBLE, "e"),
    "REF3": ("R", _ELIGIBLE, "none"),
    "CON1": ("I P R O", _ELIGIBLE, "all"),
    "CON2": ("I P R O", _ELIGIBLE, "e"),
    "CON3": ("I P R O", _ELIGIBLE, "none"),
    "LOC1": (_ELIGIBLE, _ELIGIBLE, "all"),
    "LOC2": (_ELIGIBLE, _ELIGIBLE, "e"),
}


@dataclass(frozen=True, slots=True)
class AaporRates:
    """The rates of one sample.

    Attributes
    ----------
    rates : Mapping[str, Interval]
        ``RR1`` … ``LOC2`` on 0–1. A rate whose denominator is zero, or that needs an ``e``
        which cannot be had, is absent.
    e : float or None
        Share of the cases of unknown eligibility that is taken to be eligible.
    e_source : str
        ``given``, ``estimated`` (proportional allocation), ``not_estimable``.
    n : int
        Cases, the ineligible included.
    """

    rates: Mapping[str, Interval]
    e: float | None
    e_source: Literal["given", "estimated", "not_estimable"]
    n: int

    def estimates(self, prefix: str = "baseline.aapor", *, simulated: bool = False) -> tuple:
        """Return the rates as estimates ``<prefix>.<rate>``, in the standard's order."""
        return tuple(
            Estimate(
                id=f"{prefix}.{name.lower()}",
                estimand="proportion",
                indicator="response_rate" if name.startswith("RR") else None,
                unit="share",
                value=rate.value,
                se=rate.se,
                ci_low=rate.low,
                ci_high=rate.high,
                level=rate.level,
                n=rate.n,
                method=f"aapor_{name.lower()}",
                interval_method=rate.method,
                dims={"rate": name, "e": self.e, "e_source": self.e_source},
                simulated=simulated,
            )
            for name, rate in self.rates.items()
        )


def eligibility(counts: Dispositions) -> float | None:
    """Share eligible among cases of known eligibility (proportional allocation).

    ``e = (I + P + R + NC + O) / (I + P + R + NC + O + NE)``; None without such cases.

    Returns
    -------
    float or None
        Share, 0-1.
    """
    known = sum(astuple(counts)[:5])
    total = known + counts.not_eligible
    return known / total if total else None


def aapor_rates(
    counts: Dispositions, *, e: float | None = None, level: float = LEVEL
) -> AaporRates:
    """Rates of the standard with intervals.

    Parameters
    ----------
    counts : Dispositions
        Final dispositions of all invited cases.
    e : float, optional
        Share of unknown cases that is eligible, on 0–1; estimated by :func:`eligibility`
        when left out.

    Returns
    -------
    AaporRates
        Intervals are Wilson's, with an effective n that makes ``p(1 - p)/n`` the delta-method
        variance of the rate under multinomial counts; the estimation of ``e`` is in that
        variance, a given ``e`` counts as known. They hold for a simple random sample of
        households.

    References
    ----------
    AAPOR (2023), Standard Definitions, 10th edition, outcome rates.
    """
    if e is not None and not 0 <= e <= 1:
        raise ValueError(f"e is a share between 0 and 1, for example 0.9; got {e!r}")
    cells = np.array(astuple(counts), dtype=float)
    estimated = eligibility(counts)
    source = "given" if e is not None else "estimated"
    if e is None and estimated is None:
        source = "not_estimable"
    used = e if e is not None else estimated
    slope = np.zeros(8)
    if source == "estimated":
        known, absent = cells[:5].sum(), cells[7]
        slope[:5] = absent / (known + absent) ** 2
        slope[7] = -known / (known + absent) ** 2
    unknown = _indicator("UH UO")
    rates = {}
    for name, (top, bottom, share) in _FORMULAS.items():
        if share == "e" and used is None:
            continue
        part = {"all": 1.0, "e": used, "none": 0.0}[share]
        change = _indicator(bottom) + part * unknown
        denominator = float(change @ cells)
        if denominator <= 0:
            continue
        if share == "e":
            change = change + float(unknown @ cells) * slope
        value = float(_indicator(top) @ cells) / denominator
        gradient = (_indicator(top) - value * change) / denominator
        rates[name] = _wilson(value, denominator, float(gradient**2 @ cells), level)
    return AaporRates(MappingProxyType(rates), used, source, int(cells.sum()))


def _indicator(letters: str) -> np.ndarray:
    chosen = letters.split()
    return np.array([float(letter in chosen) for letter in _ORDER])


def _wilson(value: float, denominator: float, variance: float, level: float) -> Interval:
    n = value * (1 - value) / variance if variance > 1e-15 and 0 < value < 1 else denominator
    z2 = float(stats.norm.ppf((1 + level) / 2)) ** 2
    centre = (value + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (value * (1 - value) / n + z2 / (4 * n**2))) / (1 + z2 / n)
    return Interval(
        value,
        max(0.0, centre - half),
        min(1.0, centre + half),
        round(denominator),
        level,
        "wilson_effective_n",
        math.sqrt(max(variance, 0.0)),
    )


def aapor_table(dispositions: pd.DataFrame, by: list[str], *, e: float | None = None):
    """Rates by group.

    Parameters
    ----------
    dispositions : DataFrame
        One row per invited case: the columns ``by`` and ``disposition`` (final code).

    Returns
    -------
    DataFrame
        ``by``, ``rate`` (RR1 …), ``value, ci_low, ci_high, n, e``; ``e`` is estimated within
        each group unless given.
    """
    rows = []
    for key, cases in dispositions.groupby(by, sort=True):
        found = aapor_rates(Dispositions.from_codes(cases["disposition"]), e=e)
        rows += [
            (*key, name, rate.value, rate.low, rate.high, rate.n, found.e)
            for name, rate in found.rates.items()
        ]
    return pd.DataFrame(rows, columns=[*by, "rate", "value", "ci_low", "ci_high", "n", "e"])


def assess_aapor(
    dispositions: pd.DataFrame | None,
    *,
    e: float | None = None,
    simulated: bool = False,
    level: float = LEVEL,
) -> StageResults:
    """Rates of the survey standard where the outcome of every invitation is known.

    Parameters
    ----------
    dispositions : DataFrame or None
        Canonical table: one row per invited case with ``disposition``, and ``site_id``,
        ``channel`` and ``month`` where known.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Estimates ``baseline.aapor.<rate>``, the check ``baseline.aapor.known`` (not possible
        without dispositions; a caution when more than a fifth of the cases are of unknown
        eligibility), and tables ``aapor_site``, ``aapor_channel``, ``aapor_month`` as far as
        the columns are filled in.
    """
    question = "measurement.check.aapor.question"
    if dispositions is None or dispositions.empty:
        missing = Check(
            id="baseline.aapor.known",
            topic=Topic.RESPONSE,
            question=question,
            status="not_possible",
            reason="measurement.reason.no_dispositions",
        )
        return collect("baseline", [missing])
    counts = Dispositions.from_codes(dispositions["disposition"])
    rates = aapor_rates(counts, e=e, level=level)
    share = (counts.unknown_household + counts.unknown_other) / rates.n
    fine = share <= UNKNOWN_LINE
    check = Check(
        id="baseline.aapor.known",
        topic=Topic.RESPONSE,
        question=question,
        status="passed" if fine else "caution",
        value=share,
        threshold=UNKNOWN_LINE,
        unit="share",
        n=rates.n,
        reason="measurement.check.aapor.reason",
        remedy=None if fine else "measurement.check.aapor.remedy",
        params={
            "share": share,
            "blank": int(blank_codes(dispositions["disposition"].astype(object)).sum()),
            "e": rates.e,
            "lowest": rates.rates["RR1"].value if "RR1" in rates.rates else None,
            "highest": rates.rates["RR6"].value if "RR6" in rates.rates else None,
        },
    )
    tables = {
        f"aapor_{name}": aapor_table(dispositions.astype({column: object}), [column], e=e)
        for name, column in (("site", "site_id"), ("channel", "channel"), ("month", "month"))
        if present(dispositions, column)
    }
    return collect("baseline", [*rates.estimates(simulated=simulated), check], tables=tables)


UNKNOWN_LINE = 0.20
"""Above this share of unknown eligibility the choice of e decides the response rate."""
