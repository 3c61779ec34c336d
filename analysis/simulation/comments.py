"""Open comments of made-up owners: which themes they speak of, and what two people made of some."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from analysis.simulation.parameters import WorldParameters
from analysis.simulation.sites import Roster, stream
from analysis.tables import month_of

PHRASES = {
    "cleaning": ("楼道保洁不够勤", "垃圾清运总是拖到晚上"),
    "parking": ("地面停车太乱", "车位不够用"),
    "slow": ("报修以后要等很久", "催了几次响应还是慢"),
    "attitude": ("前台态度冷淡", "管家说话没有耐心"),
}
"""What owners write of each theme; every phrase has a word of the demo's dictionary."""
PLAIN = ("总体还可以", "希望越来越好", "没有别的了")
"""What they write of no theme."""
_PER_SITE_MONTH = 0.35
_SHARES = {"cleaning": 0.22, "parking": 0.25, "slow": 0.30, "attitude": 0.18}
_BETTER = {"slow": 0.55, "attitude": 0.6}
"""How much rarer a theme is at trained sites after training."""
_CODED, _SLIP = 0.25, 0.04


def draw_comments(parameters: WorldParameters, roster: Roster) -> pd.DataFrame:
    """Draw the canonical table ``comments``; a quarter of them were coded by two people."""
    p, rng = parameters, stream(parameters, "comments")
    rows: list[tuple[str, dt.date, str, str | None, str | None]] = []
    sites = list(zip(roster.sites["site_id"], roster.cohort, strict=True))
    for site, cohort in sites:
        for month in range(p.n_months):
            period = p.first + month
            trained = np.isfinite(cohort) and period >= cohort
            for _ in range(rng.poisson(_PER_SITE_MONTH)):
                chances = {
                    name: share * (_BETTER.get(name, 1.0) if trained else 1.0)
                    for name, share in _SHARES.items()
                }
                said = {name for name, chance in chances.items() if rng.random() < chance}
                day = month_of(period) + dt.timedelta(days=int(rng.integers(0, 27)))
                coded = rng.random() < _CODED
                seen = [
                    {name for name in _SHARES if (name in said) ^ (rng.random() < _SLIP)}
                    for _ in range(2)
                ]
                codes = [_joined(one) if coded else None for one in seen]
                rows.append((site, day, _joined(said), *codes))
    columns = ["site_id", "written_on", "themes", "first_coder", "second_coder"]
    frame = pd.DataFrame(rows, columns=columns).sort_values(
        ["written_on", "site_id"], kind="stable", ignore_index=True
    )
    names = [f"YJ{number:05d}" for number in range(1, len(frame) + 1)]
    return frame.assign(comment_id=names, origin="业主App")


def _joined(themes: set[str]) -> str:
    return "+".join(sorted(themes)) or "none"


def written(themes: str, number: int) -> str:
    """Return what the owner wrote: a phrase of each theme, or a plain one."""
    said = [] if themes == "none" else themes.split("+")
    phrases = [PHRASES[name][number % len(PHRASES[name])] for name in said]
    return "，".join(phrases) or PLAIN[number % len(PLAIN)]
