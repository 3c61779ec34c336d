"""What ratings of behaviour can carry: agreement of raters, least number, self against others."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.measurement.chance_agreement import gwet_ac2
from analysis.measurement.columns import dates, floats, present
from analysis.measurement.icc import icc_oneway, stepped_up
from analysis.measurement.raters import RaterIcc, icc_forms, krippendorff_alpha, self_other_gap
from analysis.results import Check, Estimate, StageResults, Topic, collect
from analysis.settings import LEVEL

INDIVIDUAL_LINE = 0.80
"""Below this reliability a rating must not have consequences for one person."""

LEAST_RATERS = 3
"""Fewer raters besides oneself give no view from outside, and do not stay anonymous."""


def assess_raters(
    ratings: pd.DataFrame | None,
    *,
    before: pd.Timestamp | str | None = None,
    least: int = LEAST_RATERS,
    line: float = INDIVIDUAL_LINE,
    simulated: bool = False,
    level: float = LEVEL,
) -> StageResults:
    """Agreement of the raters of each instrument of behaviour.

    A subject is the person rated, or the site where no person is named. A rater's score for a
    subject is the mean over the items and over the rater's sheets; unnamed raters count once a
    sheet. Self ratings are compared with the others and take no part in the agreement.

    Parameters
    ----------
    ratings : DataFrame or None
        Canonical table.
    before : date, optional
        Only ratings before it (the first wave); ratings without a day are then left out.
    least : int
        Raters besides oneself that a subject needs.
    line : float
        Reliability that a rating with consequences for one person needs.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Estimates ``baseline.raters.<instrument>.icc`` (one rater), ``.reliability`` (mean of
        the raters at hand) and ``.self_other``; checks ``….individual`` and ``….least``; tables
        ``raters`` (Krippendorff's ordinal alpha and Gwet's AC2 with quadratic weights and its
        ends, by item: where nearly everybody gives the same score alpha is low however well
        raters agree, AC2 is not) and ``icc_forms`` (see
        :func:`six_forms`). The form is ICC(2) when the same
        raters rated every subject, otherwise ICC(1), which counts their severity against
        agreement.
    """
    if not present(ratings, "score"):
        return collect("baseline", [_impossible("", "measurement.reason.no_ratings")])
    rows = rating_rows(ratings, before)
    items: list = []
    tables, forms = [], []
    for instrument, mine in rows.groupby("instrument", sort=True):
        others = mine[mine["role"] != "self"]
        scores = others.groupby(["subject", "rater"], as_index=False)["score"].mean()
        agreed = agreement_of(scores, level=level)
        if agreed is None:
            items.append(_impossible(str(instrument), _why_not(scores)))
        else:
            how = (scores, simulated, line)
            items += _agreement_items(str(instrument), agreed, *how, level=level)
            tables.append(by_item(others, level=level).assign(instrument=str(instrument)))
            forms.append(six_forms(scores, agreed, level=level).assign(instrument=str(instrument)))
        items.append(_least_check(str(instrument), mine, scores, least))
        gap = _gap(mine, scores, least, level=level)
        if gap is not None:
            items.append(_gap_estimate(str(instrument), gap, simulated, level=level))
    if not items:
        items = [_impossible("", "measurement.reason.no_ratings")]
    named = {"raters": tables, "icc_forms": forms} if tables else {}
    named = {name: pd.concat(parts, ignore_index=True) for name, parts in named.items()}
    return collect("baseline", items, tables=named)


def rating_rows(ratings: pd.DataFrame, before=None) -> pd.DataFrame:
    """Ratings with a score, with who was rated and who rated.

    Parameters
    ----------
    ratings : DataFrame
        Canonical table.
    before : date, optional
        Only ratings before it; ratings without a day are then left out.

    Returns
    -------
    DataFrame
        ``instrument, item, role, sheet, site, subject`` (the person, or the site where nobody
        is named), ``rater`` (unnamed raters count once a sheet), ``named`` (whether the rater is),
        ``day``, ``score``.
    """
    kept = ratings[ratings["score"].notna()]
    day = dates(kept["rated_on"])
    if before is not None:
        kept, day = (part[day < pd.Timestamp(before)] for part in (kept, day))
    ratee, rater = kept["ratee_id"].astype(object), kept["rater_id"].astype(object)
    site = kept["site_id"].astype(object)
    return pd.DataFrame(
        {
            "instrument": kept["instrument"].astype(object),
            "item": kept["item"].astype(object),
            "role": kept["rater_role"].astype(object),
            "sheet": kept["rating_id"].astype(object),
            "site": site,
            "subject": ratee.where(ratee.notna(), site),
            "rater": rater.where(rater.notna(), kept["rating_id"].astype(object)),
            "named": rater.notna(),
            "day": day,
            "score": floats(kept["score"]),
        }
    )


def agreement_of(scores: pd.DataFrame, level: float = LEVEL) -> tuple | None:
    """Return how well raters agree on their subjects, in the form that fits who rated whom.

    Parameters
    ----------
    scores : DataFrame
        ``subject, rater, score``, one row per pair.
    level : float
        Coverage of intervals.

    Returns
    -------
    tuple or None
        Form, intraclass correlation of one rater with its ends, reliability of the mean of the
        raters with its ends, raters, subjects; None where nothing can be told.
    """
    raters = scores.groupby("rater")["subject"].nunique()
    subjects = scores["subject"].nunique()
    if len(raters) >= 2 and subjects >= 2 and (raters == subjects).all():
        wide = scores.pivot_table(index="subject", columns="rater", values="score")
        forms = icc_forms(wide.to_numpy(), level=level)
        if forms is None:
            return None
        one, mean = forms["ICC2"], forms["ICC2k"]
        ends = (one.value, one.low, one.high), _cut(mean.value, mean.low, mean.high)
        return "ICC2", *ends, float(len(raters)), one.n_targets
    by = scores.assign(square=scores["score"] ** 2).groupby("subject")
    sums = by.agg(n=("score", "size"), total=("score", "sum"), square=("square", "sum"))
    sums = sums[sums["n"] >= 2]
    steps = np.diff(np.unique(scores["score"]))
    step = float(steps.min()) if steps.size else None
    counts = [sums[c].to_numpy() for c in ("n", "total", "square")]
    icc = icc_oneway(*counts, step=step, level=level) if len(sums) else None
    if icc is None:
        return None
    one = (icc.value, icc.low, icc.high)
    mean = tuple(stepped_up(end, icc.n0) for end in one)
    return "ICC1", one, mean, icc.n0, icc.n_units


FORMS = ("ICC1", "ICC1k", "ICC2", "ICC2k", "ICC3", "ICC3k")


def six_forms(scores: pd.DataFrame, agreed: tuple, *, level: float = LEVEL) -> pd.DataFrame:
    """All six intraclass correlations, the ones that fit the design marked.

    Where raters differ from subject to subject, the two-way forms are computed on the largest
    block of subjects that the same raters rated, if there is one of three subjects or more;
    they hold for that block only.

    Parameters
    ----------
    scores : DataFrame
        ``subject, rater, score``, one row per pair.
    agreed : tuple
        Form, its value with its ends, that of the mean of raters, raters, subjects.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        ``form, value, ci_low, ci_high, raters, subjects, chosen``; NaN where a form cannot be
        computed.
    """
    chosen, one, mean, raters, subjects = agreed
    own = {chosen: one, f"{chosen}k": mean}
    block = same_raters(scores)
    found = icc_forms(block.to_numpy(), level=level) if block is not None else None
    rows = []
    for form in FORMS:
        if form in own:
            row = (*own[form], raters, subjects)
        elif found is None:
            row = (None, None, None, 0.0, 0)
        else:
            row = _row(found[form])
        rows.append((form, *row, form in own))
    columns = ["form", "value", "ci_low", "ci_high", "raters", "subjects", "chosen"]
    return pd.DataFrame(rows, columns=columns).astype(
        {"value": float, "ci_low": float, "ci_high": float, "raters": float}
    )


def same_raters(scores: pd.DataFrame) -> pd.DataFrame | None:
    """Subjects × raters of the largest block without a gap; None below three subjects.

    Blocks are formed by subjects whose sets of raters are equal.
    """
    sets = scores.groupby("subject")["rater"].agg(frozenset)
    sets = sets[sets.map(len) >= 2]
    if sets.empty:
        return None
    size = sets.map(sets.value_counts())
    widest = sets[(size * sets.map(len)).idxmax()]
    mine = sets.index[sets == widest]
    if len(mine) < 3:
        return None
    rows = scores[scores["subject"].isin(mine)]
    return rows.pivot_table(index="subject", columns="rater", values="score")


def _row(found: RaterIcc) -> tuple:
    ends = _cut(found.value, found.low, found.high)
    return (*ends, float(found.n_raters), found.n_targets)


def _cut(*ends: float) -> tuple[float, ...]:
    """Set reliabilities below −1, which have no bound, to −1: there is none."""
    return tuple(max(float(end), -1.0) for end in ends)


def _why_not(scores: pd.DataFrame) -> str:
    """Reason why agreement cannot be computed."""
    paired = scores.groupby("subject")["rater"].nunique() >= 2
    if paired.sum() >= 2 and scores["score"].min() == scores["score"].max():
        return "measurement.reason.all_equal"
    return "measurement.reason.no_agreement"


def _agreement_items(
    instrument, agreed, scores, simulated: bool, line: float, level: float
) -> list:
    form, one, mean, raters, subjects = agreed
    common = {
        "unit": "coefficient",
        "n": len(scores),
        "n_units": subjects,
        "interval_method": "f_inversion" if form == "ICC1" else "satterthwaite",
        "simulated": simulated,
    }
    id = f"baseline.raters.{instrument}"
    pairs = (("icc", form, one, 1.0), ("reliability", f"{form}k", mean, raters))
    items: list = [
        Estimate(
            id=f"{id}.{name}",
            estimand="icc",
            value=value,
            ci_low=low,
            ci_high=high,
            method=method.lower(),
            dims={"instrument": instrument, "form": method, "raters": count},
            **common,
            level=level,
        )
        for name, method, (value, low, high), count in pairs
    ]
    fine = mean[1] >= line
    items.append(
        Check(
            id=f"{id}.individual",
            topic=Topic.RATERS,
            question="measurement.check.individual.question",
            status="passed" if fine else "failed",
            value=mean[0],
            threshold=line,
            unit="coefficient",
            n=subjects,
            reason=f"measurement.check.individual.{form.lower() if mean[0] > 0 else 'none'}",
            remedy=None if fine else "measurement.check.individual.remedy",
            params={
                "instrument": instrument,
                "raters": raters,
                "reliability": mean[0],
                "low": mean[1],
                "single": one[0],
                "line": line,
            },
        )
    )
    return items


def _least_check(instrument: str, mine: pd.DataFrame, scores: pd.DataFrame, least: int) -> Check:
    """Whether subjects have enough raters; failed where most have one at most.

    Subjects whom only they themselves rated have none and count too.
    """
    counts = scores.groupby("subject")["rater"].nunique()
    counts = counts.reindex(pd.Index(mine["subject"].dropna().unique()), fill_value=0)
    short = int((counts < least).sum())
    status = "passed" if short == 0 else "failed" if counts.median() <= 1 else "caution"
    return Check(
        id=f"baseline.raters.{instrument}.least",
        topic=Topic.RATERS,
        question="measurement.check.least_raters.question",
        status=status,
        value=float(short),
        threshold=0.0,
        unit="count",
        n=len(counts),
        reason="measurement.check.least_raters.reason",
        remedy=None if short == 0 else "measurement.check.least_raters.remedy",
        params={
            "instrument": instrument,
            "least": least,
            "short": short,
            "subjects": len(counts),
        },
    )


def by_item(others: pd.DataFrame, level: float = LEVEL) -> pd.DataFrame:
    """Return Krippendorff's ordinal alpha and Gwet's AC2 with its ends by item.

    Parameters
    ----------
    others : DataFrame
        ``item, subject, score``, one row per rating.
    level : float
        Coverage of intervals.
    """
    rows = []
    for item, mine in others.groupby("item", sort=True):
        slot = mine.groupby("subject").cumcount()
        wide = mine.assign(slot=slot).pivot_table(index="slot", columns="subject", values="score")
        found = krippendorff_alpha(wide.to_numpy(), "ordinal", level=level)
        ac2 = gwet_ac2(wide.to_numpy(), level=level)
        ends = (ac2.value, ac2.low, ac2.high) if ac2 else (None, None, None)
        rows.append((str(item), found.value if found else None, *ends, found.n if found else 0))
    frame = pd.DataFrame(rows, columns=["item", "alpha", "ac2", "ac2_low", "ac2_high", "n"])
    return frame.astype(dict.fromkeys(["alpha", "ac2", "ac2_low", "ac2_high"], float))


def _gap(mine: pd.DataFrame, scores: pd.DataFrame, least: int, level: float):
    own = mine[mine["role"] == "self"].groupby("subject")["score"].mean()
    if own.empty:
        return None
    other = scores.groupby("subject")["score"].agg(["mean", "size"]).reindex(own.index)
    return self_other_gap(
        own.to_numpy(),
        other["mean"].to_numpy(),
        other["size"].to_numpy(),
        least=least,
        level=level,
    )


def _gap_estimate(instrument: str, found, simulated: bool, level: float) -> Estimate:
    gap = found.gap
    return Estimate(
        id=f"baseline.raters.{instrument}.self_other",
        estimand="self_minus_others",
        unit="score",
        value=gap.value,
        se=gap.se,
        ci_low=gap.low,
        ci_high=gap.high,
        n=found.n,
        n_units=found.n,
        method="self_other_gap",
        interval_method=gap.method,
        dims={
            "instrument": instrument,
            "over": found.over,
            "in_agreement": found.in_agreement,
            "under": found.under,
            "correlation": found.correlation,
            "left_out": found.left_out,
        },
        simulated=simulated,
        level=level,
    )


def _impossible(instrument: str, reason: str) -> Check:
    return Check(
        id=f"baseline.raters{'.' + instrument if instrument else ''}.individual",
        topic=Topic.RATERS,
        question="measurement.check.individual.question",
        status="not_possible",
        threshold=INDIVIDUAL_LINE,
        unit="coefficient",
        reason=reason,
        params={"instrument": instrument},
    )
