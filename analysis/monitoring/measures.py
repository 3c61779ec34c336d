"""What the alert rules look at: one frame a measure, one row a subject."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from analysis.measurement.columns import floats, instants, present
from analysis.monitoring.alerts import RECENT_MONTHS, Rule
from analysis.monitoring.training import (
    attendance,
    pass_rates,
    reactions_by_sheet,
    satisfaction,
)


def alert_measures(
    tables: Mapping[str, pd.DataFrame | None],
    panel: pd.DataFrame | None = None,
    *,
    baseline_until: int | None = None,
    own: Iterable[Rule] = (),
) -> dict[str, pd.DataFrame]:
    """Prepare every measure the tables allow; the rest is absent.

    Parameters
    ----------
    tables : Mapping[str, DataFrame]
        Canonical tables by name.
    panel : DataFrame, optional
        Indicator panel, for what is watched by site.
    baseline_until : int, optional
        First month after the baseline; needed for drops.
    own : Iterable of Rule, optional
        Rules of the client about indicators of the panel.

    Returns
    -------
    dict[str, DataFrame]
        ``subject, n`` and ``hits``, ``values_`` or ``baseline, recent``. Return rates and
        satisfaction of sites take the last three months of the panel.
    """
    enrolments, assessments = tables.get("enrolments"), tables.get("assessments")
    reactions, instruments = tables.get("reactions"), tables.get("instruments")
    found = {}
    if present(enrolments, "attended"):
        found["attendance_module"] = _subject(attendance(enrolments, ["module"]), "module")
    if present(enrolments, "completion", "mode"):
        online = enrolments[(enrolments["mode"] == "online") & enrolments["completion"].notna()]
        people = online.assign(done=floats(online["completion"]))
        people = people.groupby(["module", "staff_id"], as_index=False)["done"].mean()
        rows = [(m, len(g), g["done"].to_numpy()) for m, g in people.groupby("module")]
        found["completion_online"] = pd.DataFrame(rows, columns=["subject", "n", "values_"])
    if present(reactions, "score") and present(instruments, "scale_max"):
        sheets = reactions_by_sheet(reactions, instruments)
        for column, name in (("module", "module"), ("lecturer_id", "lecturer")):
            rates = satisfaction(sheets, [column])
            found[f"satisfaction_{name}"] = _subject(rates, column)
    if present(assessments, "score"):
        rates = pass_rates(assessments)
        rates["subject"] = rates["module"].astype(str) + " / " + rates["form"].astype(str)
        found["pass_module"] = rates[["subject", "hits", "n"]]
    if present(tables.get("tickets"), "kind", "due_at", "site_id"):
        found["complaints_in_time_site"] = complaints_in_time(tables["tickets"])
    if panel is not None and len(panel):
        found |= _by_site(panel, baseline_until)
        for rule in own:
            months = panel[(panel["indicator"] == rule.indicator) & (panel["stratum"] == "")]
            months = months[months["value"].notna() & (months["site_id"] != "")]
            if len(months):
                found[rule.measure] = _recent_shares(months)
    return found


def complaints_in_time(tickets: pd.DataFrame) -> pd.DataFrame:
    """Count complaints that came due in the newest three months, and those resolved by then.

    The newest opening of any ticket is taken for today: a complaint due later is neither in
    time nor late.

    Returns
    -------
    DataFrame
        ``subject`` (site), ``hits`` (resolved in time), ``n`` (came due).
    """
    zone = "UTC"
    due, done = (instants(tickets[name], zone) for name in ("due_at", "resolved_at"))
    today = instants(tickets["opened_at"], zone).max()
    kept = (tickets["kind"] == "complaint") & tickets["site_id"].notna() & (due <= today)
    kept &= due > today - pd.DateOffset(months=RECENT_MONTHS)
    frame = pd.DataFrame({"subject": tickets["site_id"].astype(object), "hits": done <= due})[kept]
    table = frame.groupby("subject", as_index=False).agg(hits=("hits", "sum"), n=("hits", "size"))
    return table.astype({"hits": int, "n": int})


def _subject(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    return frame.rename(columns={column: "subject"})[["subject", "hits", "n"]]


def _by_site(panel: pd.DataFrame, baseline_until: int | None) -> dict[str, pd.DataFrame]:
    found = {}
    cells = panel[(panel["stratum"] == "") & panel["value"].notna() & (panel["site_id"] != "")]
    for indicator, name in (("return_rate", "return_site"), ("csat_top2", "satisfaction_site")):
        months = cells[cells["indicator"] == indicator]
        if len(months):
            found[name] = _recent_shares(months)
    scores = cells[cells["indicator"] == "csat_mean"].sort_values("period")
    if baseline_until is None or scores.empty:
        return found
    last = scores["period"].max()
    rows = []
    for site, months in scores.groupby("site_id"):
        base = months[months["period"] < baseline_until]
        late = months[
            (months["period"] > last - RECENT_MONTHS) & (months["period"] >= baseline_until)
        ]
        if len(base) > 2 and len(late):
            rows.append(
                (
                    site,
                    int(late["n"].sum()),
                    base["value"].to_numpy(dtype=float),
                    late["value"].to_numpy(dtype=float),
                )
            )
    found["csat_site"] = pd.DataFrame(rows, columns=["subject", "n", "baseline", "recent"])
    return found


def _recent_shares(months: pd.DataFrame) -> pd.DataFrame:
    """Add up a share's counts over the newest three months: ``subject`` (site), ``hits, n``."""
    late = months[months["period"] > months["period"].max() - RECENT_MONTHS]
    sums = late.groupby("site_id", as_index=False)[["total", "exposure"]].sum()
    sums = sums[(sums["exposure"] > 0) & (sums["total"] <= sums["exposure"])]
    sums = sums.rename(columns={"site_id": "subject", "total": "hits", "exposure": "n"})
    return sums.astype({"hits": int, "n": int})
