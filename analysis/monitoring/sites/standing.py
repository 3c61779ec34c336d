"""Each site against its own past and against its peers; it ranks nobody and explains nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from analysis.indicators import Indicator
from analysis.memory import remembered
from analysis.monitoring.sites.spans import spans
from analysis.results import StageResults, collect
from analysis.settings import LEVEL

YEAR = 4
"""Spans of three months in a year: the past with the same season."""

MIN_PEERS = 4
"""Fewest other sites that a site is compared with."""

STANDING = (
    "site_id", "site", "indicator", "unit", "first", "last", "n", "people",
    "value", "ci_low", "ci_high", "past_first", "past_last", "past_n",
    "past", "change", "change_low", "change_high", "change_clear",
    "among", "peers", "peer_n", "peer_value", "apart", "apart_low", "apart_high", "apart_clear",
)  # fmt: skip
"""Columns of :func:`standing`."""


def watched(known: Mapping[str, Indicator], *, first: Iterable[str] = ()) -> list[Indicator]:
    """Return the indicators by which a site is told: of results and behaviour, no waiting times.

    Parameters
    ----------
    known : Mapping
        The client's registry.
    first : Iterable of str
        Those that come first.
    """
    told = [i for i in known.values() if i.level >= 3 and not i.strata_only and i.kind != "wait"]
    wanted = list(first)
    return sorted(told, key=lambda i: wanted.index(i.id) if i.id in wanted else len(wanted))


_SERIES = ["indicator", "site_id"]
"""What was measured of one site over time."""


def standing(
    over: pd.DataFrame,
    kinds: Mapping[str, str],
    *,
    least: Mapping[str, int],
    level: float = LEVEL,
) -> pd.DataFrame:
    """Set every site's newest three months against its own past and against its peers.

    Each indicator is told by itself. The past are the same months of the year before where they
    were measured, else the newest earlier ones. Peers are the other sites of its kind, or all
    others where fewer than :data:`MIN_PEERS` of its kind were measured in the same months; each
    counts alike. Differences carry intervals made of those of the two sides (MOVER), that of the
    peers by the t distribution over sites.

    Parameters
    ----------
    over : DataFrame
        As :func:`analysis.monitoring.sites.spans.spans` returns it.
    kinds : Mapping
        Kind of property by site; a site without one is compared with all.
    least : Mapping
        Fewest people or answers of a past or a peer that count, by indicator; 0 where it has none.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        :data:`STANDING` without ``site`` and ``unit``, one row per indicator and site. What
        cannot be compared is missing. ``people`` are those by whom small cells are hidden: where
        exactly one site has too few, the next smallest counts as too small as well, or the sum
        over all sites would give the one away. ``among`` is ``kind`` or ``all``.
        ``change_clear`` and ``apart_clear`` say whether a difference stands out among those of all
        sites: of those that do, a share of at most 1 − ``level`` is expected to do so by chance.

    References
    ----------
    Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57, for what stands out.
    Zou & Donner (2008), Statistics in Medicine 27, for the intervals of differences.
    """
    over = over.assign(least=over["indicator"].map(least).fillna(0))
    of = pd.factorize(over["indicator"])[0]
    newest = over.loc[over.groupby([of, "site_id"])["span"].idxmin()].reset_index(drop=True)
    out = newest.assign(people=_people(newest))
    out = out.join(_past(over), on=_SERIES)
    mine = (out["value"], out["ci_low"], out["ci_high"])
    past = (out["past"], out["past_low"], out["past_high"])
    out["change"], out["change_low"], out["change_high"] = _difference(*mine, *past)
    out = out.join(_peers(over, newest, kinds, level))
    peers = (out["peer_value"], out["peer_low"], out["peer_high"])
    out["apart"], out["apart_low"], out["apart_high"] = _difference(*mine, *peers)
    for name in ("change", "apart"):
        ends = (out[f"{name}_low"], out[f"{name}_high"])
        out[f"{name}_clear"] = _stands_out(out[name], *ends, out["indicator"], level=level)
    return out.reindex(columns=[name for name in STANDING if name not in ("site", "unit")])


def _people(newest: pd.DataFrame) -> pd.Series:
    people, of = newest["n"].astype("float64"), newest["indicator"]
    few = people < newest["least"]
    next_to_one = (few.groupby(of).transform("sum") == 1) & ~few
    smallest = people[next_to_one].groupby(of[next_to_one]).idxmin()
    people[smallest] = newest["least"][smallest] - 1.0
    return people.where(newest["least"] > 0)


def _past(over: pd.DataFrame) -> pd.DataFrame:
    """Return each site's past: a year before where there is one, else the newest earlier span."""
    now = over.groupby(_SERIES)["span"].transform("min")
    earlier = (over["span"] > now) & (over["n"] >= over["least"].clip(lower=1))
    found, now = over[earlier], now[earlier]
    later = found["span"].where(found["span"] - now != YEAR, -1)
    found = found.loc[later.groupby([found[name] for name in _SERIES]).idxmin()].set_index(_SERIES)
    named = {
        "first": "past_first", "last": "past_last", "n": "past_n",
        "value": "past", "ci_low": "past_low", "ci_high": "past_high",
    }  # fmt: skip
    return found.rename(columns=named)[list(named.values())]


def _peers(
    over: pd.DataFrame, newest: pd.DataFrame, kinds: Mapping[str, str], level: float
) -> pd.DataFrame:
    """Return the mean of the others of each row of ``newest`` in the same span."""
    over, mine = (frame.assign(kind=frame["site_id"].map(kinds)) for frame in (over, newest))
    counted = over[over["n"] >= over["least"].clip(lower=1)]
    alike = _others(counted, mine, ["indicator", "span", "kind"], level).assign(among="kind")
    alike.loc[mine["kind"].isna().to_numpy(), "peers"] = 0
    every = _others(counted, mine, ["indicator", "span"], level).assign(among="all")
    # With one kind only, its sites are all sites.
    few = (alike["peers"] < MIN_PEERS) | (len(set(kinds.values())) < 2)
    chosen = alike.where(~few, every)
    nobody = chosen["peers"] < MIN_PEERS
    chosen.loc[nobody, ["peer_value", "peer_low", "peer_high", "peer_n"]] = np.nan
    chosen.loc[nobody, "among"] = ""
    return chosen


def _others(counted: pd.DataFrame, mine: pd.DataFrame, by: list[str], level: float) -> pd.DataFrame:
    """Return the mean of the others; rows of ``mine`` count that have people or answers enough."""
    groups = counted.assign(square=counted["value"] ** 2).groupby(by, dropna=False)
    sums = groups[["value", "square", "n"]].sum().set_axis(["s", "q", "m"], axis=1)
    joined = mine[by].join(sums.assign(k=groups.size()), on=by)
    counts = (mine["n"] >= mine["least"].clip(lower=1)).to_numpy()
    here = counts & mine["value"].notna().to_numpy()
    value, n = np.where(here, mine["value"], 0.0), np.where(counts, mine["n"], 0.0)
    k = joined["k"].fillna(0).to_numpy(float) - here
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (joined["s"].to_numpy(float) - value) / k
        spread = (joined["q"].to_numpy(float) - value**2 - k * mean**2) / (k - 1)
        se = np.sqrt(np.maximum(spread, 0.0) / k)
        half = stats.t.ppf((1 + level) / 2, k - 1) * se
    return pd.DataFrame(
        {
            "peers": k.astype("int64"),
            "peer_n": joined["m"].fillna(0).to_numpy(float) - n,
            "peer_value": mean,
            "peer_low": mean - half,
            "peer_high": mean + half,
        },
        index=mine.index,
    )


def _difference(
    value: pd.Series, low: pd.Series, high: pd.Series,
    other: pd.Series, other_low: pd.Series, other_high: pd.Series,
) -> tuple[pd.Series, pd.Series, pd.Series]:  # fmt: skip
    """Return a difference with its interval, from the intervals of both sides."""
    apart = value - other
    down = np.sqrt((value - low) ** 2 + (other_high - other) ** 2)
    up = np.sqrt((high - value) ** 2 + (other - other_low) ** 2)
    known = down.notna() & up.notna()
    return apart.where(known), apart - down, apart + up


def _stands_out(
    value: pd.Series, low: pd.Series, high: pd.Series, of: pd.Series, *, level: float
) -> pd.Series:
    """Return which differences stand out among all ``of`` the same (Benjamini and Hochberg).

    The p-value of each is that of the normal distribution whose interval reaches as far towards
    zero as its own.
    """
    from statsmodels.stats.multitest import multipletests

    found = pd.Series(False, index=value.index)
    towards = (value - low).where(value > 0, high - value).astype(float)
    known = towards.notna() & (towards > 0)
    z = stats.norm.ppf((1 + level) / 2) * value[known].abs() / towards[known]
    p = pd.Series(2 * stats.norm.sf(z.astype(float)), index=z.index)
    for tests in p.groupby(of[known]).groups.values():
        found[tests] = multipletests(p[tests], alpha=1 - level, method="fdr_bh")[0]
    return found


def _while_open(cells: pd.DataFrame, told: Sequence[Indicator]) -> pd.DataFrame:
    """Leave out counts of nothing after the last month in which a site gave any sign of itself.

    No ticket of a site that closed is no good news.
    """
    counts = cells["indicator"].isin([i.id for i in told if i.kind == "count"])
    seen = cells[~counts | (cells["total"] > 0)].groupby("site_id")["period"].max()
    return cells[~counts | (cells["period"] <= cells["site_id"].map(seen).fillna(-1))]


@remembered
def assess_sites(
    panel: pd.DataFrame,
    told: Sequence[Indicator],
    who: pd.DataFrame,
    *,
    least: Mapping[str, int],
    in_part: Mapping[str, Iterable[int]],
    level: float = LEVEL,
) -> StageResults:
    """Tell each site by itself, for the pages by site.

    Parameters
    ----------
    panel : DataFrame
        Panel of indicators.
    told : Sequence of Indicator
        As of :func:`watched`.
    who : DataFrame
        As of :func:`analysis.monitoring.sites.profiles.profiles`.
    least : Mapping
        Fewest people or answers shown, by indicator; 0 where nobody is behind it.
    in_part : Mapping
        Months of which less than half is known, by indicator; they are left out.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Tables ``site_profiles``, ``site_standing`` (:data:`STANDING`, by name of site) and
        ``site_spans`` (of :func:`analysis.monitoring.sites.spans.spans`).
    """
    kinds = {
        str(site): str(kind)
        for site, kind in zip(who["site_id"], who["property_type"], strict=True)
        if pd.notna(kind)
    }
    overall = panel[(panel["stratum"] == "") & (panel["site_id"] != "") & panel["value"].notna()]
    cells = _while_open(overall, told)
    cells = cells[cells["indicator"].isin([known.id for known in told])]
    for indicator, months in in_part.items():
        cells = cells[~(cells["indicator"].eq(indicator) & cells["period"].isin(list(months)))]
    over = spans(cells, told, level=level)
    tables = {"site_profiles": who}
    if not over.empty:
        table = standing(over, kinds, least=least, level=level)
        place = {site: n for n, site in enumerate(who["site_id"])}
        order = table["site_id"].map(place).fillna(len(place))
        names = table["site_id"].map(who.set_index("site_id")["site_name"])
        units = table["indicator"].map({known.id: known.unit for known in told})
        table = table.assign(site=names.fillna(table["site_id"]), unit=units)[list(STANDING)]
        table = table.iloc[order.argsort(kind="stable")].reset_index(drop=True)
        tables |= {"site_standing": table, "site_spans": over}
    return collect("monitoring", [], tables=tables)
