"""What open comments speak of: counts per theme, before and since training, never a text.

Comments of one site hang together, so intervals count sites. The shares describe; a theme that is
named less often at trained sites is no effect.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.measurement.chance_agreement import weighted_kappa
from analysis.measurement.columns import dates, periods, present
from analysis.measurement.complaints import share_over_sites
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import LEVEL, MIN_CELL

LEAST_COMMENTS = 10
"""Comments of an arm and time from which on anything is told of them."""
LEAST_KAPPA = 0.6
"""Agreement beyond chance from which on themes are read as coded (Landis & Koch 1977)."""
NONE = "none"
"""Theme of a comment in which no theme is seen."""
COLUMNS = ["theme", "arm", "when", "hits", "n", "sites", "value", "ci_low", "ci_high"]
AGREED = ["pair", "theme", "n", "value", "ci_low", "ci_high"]
_PAIRS = {
    "coders": ("first_coder", "second_coder"),
    "dictionary": ("first_coder", "themes"),
}


def theme_counts(
    comments: pd.DataFrame,
    starts: pd.DataFrame,
    names: list[str],
    *,
    least: int = LEAST_COMMENTS,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Count comments by theme, arm and time.

    Parameters
    ----------
    comments : DataFrame
        Canonical table; comments without a text, a day or a known site count nowhere. A comment may
        have several themes.
    starts : DataFrame
        ``site_id, arm, start``, as :func:`~analysis.measurement.assess_complaints` takes them.
    names : list of str
        Themes of the dictionary; ``none`` is counted too.
    least : int
        Fewest comments of an arm and time that are told of.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        :data:`COLUMNS`: of ``n`` comments at ``sites`` the share ``value`` that speak of the theme.
    """
    at = starts.set_index("site_id")
    rows = comments[comments["themes"].notna() & comments["written_on"].notna()]
    rows = rows[rows["site_id"].astype(object).isin(at.index)]
    month = periods(dates(rows["written_on"])).to_numpy(dtype=float)
    site = rows["site_id"].astype(object)
    start = site.map(at["start"]).to_numpy(dtype=float)
    frame = pd.DataFrame(
        {
            "site_id": site.to_numpy(object),
            "arm": site.map(at["arm"]).to_numpy(object),
            "when": np.where(month >= start, "since", "before"),
            "said": [set(str(said).split("+")) for said in rows["themes"]],
        }
    )
    found = []
    for (arm, when), mine in frame.groupby(["arm", "when"], sort=True):
        if len(mine) < least:
            continue
        for theme in [*names, NONE]:
            hit = mine["said"].map(lambda said, name=theme: name in said).astype(float)
            by = hit.groupby(mine["site_id"]).agg(["sum", "size"])
            share = share_over_sites(by["sum"].to_numpy(), by["size"].to_numpy(), level=level)
            row = (theme, arm, when, int(hit.sum()), len(mine), len(by))
            found.append((*row, share.value, share.low, share.high))
    return pd.DataFrame(found, columns=COLUMNS)


def coder_agreement(
    comments: pd.DataFrame,
    names: list[str],
    *,
    least: int = LEAST_COMMENTS,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Cohen's kappa per theme: of two people, and of the first of them and the dictionary.

    Parameters
    ----------
    comments : DataFrame
        Canonical table.
    names : list of str
        Themes of the dictionary.
    least : int
        Fewest comments that both coded.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        :data:`AGREED`; ``pair`` is ``coders`` or ``dictionary``. Themes that both saw in no comment
        of the sample, or in all, have none: it is 0/0. Where both agree on all, the interval is
        missing.
    """
    rows = []
    for pair, columns in _PAIRS.items():
        both = comments[list(columns)].dropna()
        if len(both) < least:
            continue
        first, second = ([set(str(v).split("+")) for v in both[c]] for c in columns)
        for theme in names:
            seen = [np.array([theme in said for said in side], float) for side in (first, second)]
            kappa = weighted_kappa(*seen, weights="identity", level=level)
            if kappa is not None:
                rows.append((pair, theme, kappa.n, kappa.value, kappa.low, kappa.high))
    table = pd.DataFrame(rows, columns=AGREED)
    return table.astype(dict.fromkeys(("value", "ci_low", "ci_high"), "float64"))


def assess_comments(
    comments: pd.DataFrame | None,
    starts: pd.DataFrame,
    titles: Mapping[str, Mapping[str, str]],
    *,
    min_cell: int = MIN_CELL,
    stage: str = "monitoring",
    level: float = LEVEL,
) -> StageResults:
    """Count what comments speak of, and say whether two people would code them alike.

    Parameters
    ----------
    comments : DataFrame or None
        Canonical table, which holds themes and no texts.
    starts : DataFrame
        As of :func:`theme_counts`.
    titles : Mapping
        Titles by language, by theme.
    min_cell : int
        Fewest people of whom a number is told; of comments at least :data:`LEAST_COMMENTS`.
    stage : str
        Stage that asks.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Tables ``comment_themes`` (of :func:`theme_counts`) and ``comment_agreement`` (of
        :func:`coder_agreement`), both with ``title_zh, title_en``; check ``<stage>.comments``:
        passed where every kappa reaches :data:`LEAST_KAPPA`, caution where one does not or nobody
        coded a sample twice, ``not_possible`` without enough comments.
    """
    about = {
        "id": f"{stage}.comments",
        "topic": Topic.COMMENTS,
        "question": "measurement.check.comments.question",
    }
    names, least = list(titles), max(min_cell, LEAST_COMMENTS)
    empty = {
        "comment_themes": pd.DataFrame(columns=[*COLUMNS, "title_zh", "title_en"]),
        "comment_agreement": pd.DataFrame(columns=[*AGREED, "title_zh", "title_en"]),
    }
    if not present(comments, "themes"):
        none = Check(**about, status="not_possible", reason="measurement.check.comments.none")
        return collect(stage, [none], tables=empty)
    how = {"least": least, "level": level}
    counted = theme_counts(comments, starts, names, **how)
    agreed = coder_agreement(comments, names, **how)
    if counted.empty:
        few = Check(
            **about, status="not_possible", reason="measurement.check.comments.few",
            params={"least": least},
        )  # fmt: skip
        return collect(stage, [few], tables=empty)
    whole = counted.drop_duplicates(["arm", "when"])["n"].sum()
    told = {"comments": int(whole), "themes": len(names), "line": LEAST_KAPPA}
    if agreed.empty:
        items = Check(
            **about, status="caution", n=int(whole), params=told,
            reason="measurement.check.comments.unchecked",
            remedy="measurement.check.comments.code_twice",
        )  # fmt: skip
    else:
        worst = agreed.loc[agreed["value"].idxmin()]
        fine = bool(worst["value"] >= LEAST_KAPPA)
        params = told | {"kappa": float(worst["value"]), "twice": int(worst["n"])}
        how_sure = "alike" if worst["value"] >= 1 else "no_interval"
        if pd.notna(worst["ci_low"]):
            how_sure = "reason"
            params |= {"low": float(worst["ci_low"]), "high": float(worst["ci_high"])}
        items = Check(
            **about, status="passed" if fine else "caution", value=float(worst["value"]),
            threshold=LEAST_KAPPA, unit="coefficient", n=int(worst["n"]), params=params,
            reason=f"measurement.check.comments.{how_sure}",
            remedy=None if fine else "measurement.check.comments.remedy",
        )  # fmt: skip
    tables = {"comment_themes": counted, "comment_agreement": agreed}
    return collect(stage, [items], tables={k: _titled(t, titles) for k, t in tables.items()})


def _titled(table: pd.DataFrame, titles: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
    def said(language: str) -> list[str]:
        return [str(titles.get(name, {}).get(language, name)) for name in table["theme"]]

    return table.assign(title_zh=said("zh_CN"), title_en=said("en"))
