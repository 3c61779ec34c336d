"""Result tables reshaped for the figures: columns renamed, nothing computed."""

from __future__ import annotations

import pandas as pd


def returns(table: pd.DataFrame, by: str = "site_id") -> pd.DataFrame:
    """Return rates by ``by`` as :func:`analysis.present.plots.response_bars` takes them."""
    if table.empty:
        return table
    return table.rename(columns={by: "label", "rate": "value"}).sort_values("value")


def balance(table: pd.DataFrame) -> pd.DataFrame:
    """Standardised differences as :func:`analysis.present.plots.love_plot` takes them.

    The label is the wording key of the characteristic, with its level where it has one.
    """
    if table.empty:
        return table
    return pd.DataFrame({"covariate": _labels(table), "smd_before": table["smd"].to_numpy()})


def _labels(table: pd.DataFrame) -> list[str]:
    return [
        covariate if pd.isna(level) or level == "" else f"{covariate}.{level}"
        for covariate, level in zip(table["covariate"], table["level"], strict=True)
    ]


def trend(table: pd.DataFrame) -> pd.DataFrame:
    """Arm means by month as :func:`analysis.present.plots.trends` takes them."""
    return table.rename(columns={"mean": "value"})


def milestones(table: pd.DataFrame) -> pd.DataFrame:
    """Milestones as :func:`analysis.present.plots.gantt` takes them: planned to reached."""
    if table.empty:
        return table
    frame = pd.DataFrame(
        {
            "label": table["milestone_id"] + " " + table["name"],
            "start": pd.to_datetime(table["planned_on"]),
            "end": pd.to_datetime(table["actual_on"]).fillna(pd.to_datetime(table["planned_on"])),
            "done": table["actual_on"].notna(),
        }
    )
    ends = frame[["start", "end"]]
    return frame.assign(start=ends.min(axis=1), end=ends.max(axis=1))


def power(table: pd.DataFrame) -> pd.DataFrame:
    """Power by number of sites, one series by formula and one by simulation."""
    if table.empty:
        return table
    long = table.melt(
        id_vars="n_sites",
        value_vars=["power_formula", "power_simulated"],
        var_name="series",
        value_name="power",
    )
    return long.assign(series=long["series"].map("chapters.series.{}".format))


def worst_chart(chart: pd.DataFrame, signals: pd.DataFrame) -> pd.DataFrame:
    """Points of the subject with the most signals on the bad side; empty without any."""
    if chart.empty or signals.empty or not (signals["worse"] > 0).any():
        return chart.iloc[:0]
    first = signals.sort_values("worse", ascending=False, kind="stable")["subject"].iloc[0]
    return chart[chart["subject"] == first]
