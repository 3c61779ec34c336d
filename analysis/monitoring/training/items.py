"""Items of a test: how hard each is, and whether it tells good candidates from weak ones.

Only items and whole tests are described; nothing here names a candidate.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import stats

from analysis.measurement.columns import floats, present
from analysis.measurement.intervals import mean_t
from analysis.measurement.reliability import ALPHA_LINE, cronbach_alpha
from analysis.monitoring.refusals import Refusal, RefusedError
from analysis.monitoring.training.levels import inside
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import LEVEL

TAIL = 0.27
"""Share of candidates in the upper and in the lower group (Kelley 1939)."""

TOO_EASY, TOO_HARD = 0.90, 0.30
"""Difficulty (mean share of the points) beyond which an item tells little."""

LEAST_DISCRIMINATION = 0.20
"""Discrimination, and correlation with the rest, below which an item is revised (Ebel & Frisbie
1991). Both count: the first holds the item in its own total, and flatters it in a short test."""

MIN_CANDIDATES = 30
"""Fewest candidates for a verdict on an item."""


def item_analysis(
    scores: pd.DataFrame,
    full: Mapping[str, float] | float = 1.0,
    *,
    blank_is_wrong: bool = True,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Difficulty and discrimination of each item of one test.

    Parameters
    ----------
    scores : DataFrame
        Candidates x items, points; NaN where left blank.
    full : Mapping[str, float] or float
        Full points of each item, or of all.
    blank_is_wrong : bool
        Whether a blank earns no points; else candidates with a blank are left out of what
        needs a total, and of that item.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        One row per item: ``item, n, blank`` (share left blank), ``difficulty`` (mean share of
        the points: high is easy) with ``ci_low, ci_high``, ``discrimination`` (difference of
        that share between the upper and the lower 27 % by total, ties at the cut shared out),
        ``item_rest`` (correlation with the points of the other items) with Fisher's interval
        ``rest_low, rest_high``, ``alpha_if_dropped``, ``verdict`` (``keep``, ``too_easy``,
        ``too_hard``, ``revise``: either measure below 0.20, ``check_key``: its whole interval
        runs against the rest, ``too_few`` candidates). ``attrs``: ``alpha`` (KR-20 where items
        are right or wrong) with Feldt's interval ``alpha_low, alpha_high``, and ``n``.

    Raises
    ------
    ValueError
        For points below 0 or above the full points.

    References
    ----------
    Kelley (1939), Journal of Educational Psychology 30; Ebel & Frisbie (1991).
    """
    points = scores.astype(float)
    most = pd.Series(full if isinstance(full, Mapping) else dict.fromkeys(points.columns, full))
    most = most.reindex(points.columns).astype(float)
    if most.isna().any() or (most <= 0).any():
        raise RefusedError(
            Refusal.NO_FULL_POINTS, f"every item needs full points above 0, got {most.to_dict()}"
        )
    if bool((points < 0).any(axis=None)) or bool((points > most).any(axis=None)):
        raise RefusedError(
            Refusal.POINTS_RANGE, "points lie between 0 and the full points of their item"
        )
    blank = points.isna().mean()
    if blank_is_wrong:
        points = points.fillna(0.0)
    whole = points.dropna()
    share, total = whole / most, whole.sum(axis=1)
    upper, lower = _tails(total.to_numpy())
    rows = []
    for item in points.columns:
        rest = total - whole[item]
        varies = len(whole) > 2 and np.ptp(whole[item]) > 0 and np.ptp(rest) > 0
        dropped = cronbach_alpha(whole.drop(columns=item), level=level)
        values = share[item].to_numpy()
        r = float(np.corrcoef(whole[item], rest)[0, 1]) if varies else np.nan
        row = {
            "item": item,
            "n": int(points[item].notna().sum()),
            "blank": float(blank[item]),
            **_difficulty((points[item] / most[item]).dropna().to_numpy(), level=level),
            "discrimination": float(values @ upper - values @ lower) if len(whole) else np.nan,
            "item_rest": r,
            **_fisher(r, len(whole), level=level),
            "alpha_if_dropped": dropped.value if dropped else np.nan,
        }
        rows.append({**row, "verdict": _verdict(row, len(whole))})
    table = pd.DataFrame(rows)
    alpha = cronbach_alpha(whole, level=level)
    ends = (alpha.value, alpha.low, alpha.high) if alpha else (None, None, None)
    names = ("alpha", "alpha_low", "alpha_high")
    table.attrs = {**dict(zip(names, ends, strict=True)), "n": len(whole)}
    return table


def _difficulty(shares: np.ndarray, level: float) -> dict[str, float]:
    """Mean share of the points with an interval inside 0 and 1."""
    if not shares.size:
        return dict.fromkeys(("difficulty", "ci_low", "ci_high"), np.nan)
    mean = mean_t(shares, level=level)
    high = np.nan if mean.high is None else mean.high
    ends = inside(
        pd.DataFrame({"value": [mean.value], "ci_high": [high], "n": [mean.n]}), level=level
    )
    return {"difficulty": mean.value, **{name: float(end[0]) for name, end in ends.items()}}


def _fisher(r: float, n: int, level: float) -> dict[str, float]:
    """Interval of a correlation; an exact one has no other end."""
    if n < 4 or not abs(r) < 1:
        return {"rest_low": r, "rest_high": r}
    middle, half = np.arctanh(r), stats.norm.ppf((1 + level) / 2) / np.sqrt(n - 3)
    return {"rest_low": float(np.tanh(middle - half)), "rest_high": float(np.tanh(middle + half))}


def _tails(total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return weights of the upper and the lower group, each summing to 1.

    Candidates tied at the cut share the places left, so that row order never matters.
    """
    size = max(1, round(TAIL * total.size)) if total.size else 0

    def weights(keys: np.ndarray) -> np.ndarray:
        cut = np.sort(keys)[size - 1]
        inside, tied = keys < cut, keys == cut
        return (inside + tied * (size - inside.sum()) / tied.sum()) / size

    if not size:
        return total, total
    return weights(-total), weights(total)


def _verdict(row: Mapping[str, float], n: int) -> str:
    if n < MIN_CANDIDATES:
        return "too_few"
    if row["rest_high"] < 0:
        return "check_key"
    if row["difficulty"] > TOO_EASY:
        return "too_easy"
    if row["difficulty"] < TOO_HARD:
        return "too_hard"
    weak = min(row["discrimination"], row["item_rest"]) < LEAST_DISCRIMINATION
    return "revise" if weak else "keep"


def assess_items(answers: pd.DataFrame | None, *, level: float = LEVEL) -> StageResults:
    """Analyse the items of every test whose answers are at hand item by item.

    Parameters
    ----------
    answers : DataFrame
        Canonical table ``test_answers``. First attempts count, each version and occasion of a
        test for itself; an item left blank earns no points.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Tables ``tests`` (``module, form, occasion, version, n, items, alpha, ci_low, ci_high,
        flagged``) and ``test_items`` (of :func:`item_analysis`, by test); check
        ``monitoring.items`` with the number of items to be looked at.
    """
    question = {
        "id": "monitoring.items",
        "topic": Topic.TEST_ITEMS,
        "question": "monitoring.check.items.question",
    }
    if not present(answers, "score", "full_score"):
        missing = Check(
            **question,
            status="not_possible",
            reason="monitoring.reason.no_item_answers",
            remedy="monitoring.reason.bring_item_answers",
        )
        return collect("monitoring", [missing])
    keys = ["module", "form", "occasion", "version"]
    first = answers[answers["attempt"] == 1]
    frames, tests = [], []
    for key, part in first.groupby(keys, dropna=False, observed=True):
        named = dict(zip(keys, key, strict=True))
        table = _one_test(part, level=level)
        frames.append(table.assign(**named)[[*keys, *table.columns]])
        wrong = int((~table["verdict"].isin(["keep", "too_few"])).sum())
        ends = [table.attrs[name] for name in ("alpha", "alpha_low", "alpha_high")]
        tests.append((*key, table.attrs["n"], len(table), *ends, wrong))
    columns = [*keys, "n", "items", "alpha", "ci_low", "ci_high", "flagged"]
    overview = pd.DataFrame(tests, columns=columns)
    items = pd.concat(frames, ignore_index=True)
    tables = {"tests": overview, "test_items": items}
    return collect("monitoring", [_items_check(question, overview, items)], tables=tables)


def _one_test(part: pd.DataFrame, level: float) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "staff_id": part["staff_id"].to_numpy(dtype=object),
            "item": part["item"].to_numpy(dtype=object),
            "score": floats(part["score"]),
            "full": floats(part["full_score"]),
        }
    )
    wide = frame.pivot_table(index="staff_id", columns="item", values="score", dropna=False)
    return item_analysis(wide, frame.groupby("item")["full"].max().to_dict(), level=level)


def _items_check(question: Mapping[str, str], tests: pd.DataFrame, items: pd.DataFrame) -> Check:
    verdicts = items["verdict"].value_counts()
    wrong, miskeyed = int(tests["flagged"].sum()), int(verdicts.get("check_key", 0))
    least = tests["alpha"].astype(float).min()
    return Check(
        **question,
        status="caution" if wrong else "passed",
        value=float(wrong),
        threshold=0.0,
        unit="count",
        n=len(items),
        reason=f"monitoring.check.items.{'reason' if np.isfinite(least) else 'no_alpha'}",
        remedy="monitoring.check.items.remedy" if wrong else None,
        params={
            "tests": len(tests),
            "items": len(items),
            "wrong": wrong,
            "easy": int(verdicts.get("too_easy", 0)),
            "hard": int(verdicts.get("too_hard", 0)),
            "revise": int(verdicts.get("revise", 0)),
            "miskeyed": miskeyed,
            "alpha": float(least) if np.isfinite(least) else None,
            "line": ALPHA_LINE,
        },
    )
