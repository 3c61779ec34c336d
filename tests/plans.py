"""A plan of four sites in two waves."""

import datetime as dt

import pandas as pd

from analysis.design import Goal

GOALS = [
    Goal(indicator="csat_mean", target=0.15, unit="relative", deadline=dt.date(2025, 9, 30)),
    Goal(indicator="nps", target=20, unit="points", deadline=dt.date(2025, 9, 30)),
]


def waves():
    return pd.DataFrame(
        {
            "site_id": ["a", "b", "c", "d"],
            "wave": [1, 1, 2, 0],
            "arm": ["treated", "treated", "treated", "comparison"],
            "planned_start": [dt.date(2024, 3, 1)] * 2 + [dt.date(2024, 8, 31), None],
            "actual_start": [dt.date(2024, 3, 5), None, None, None],
        }
    )
