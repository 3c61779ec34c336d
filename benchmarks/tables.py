"""Put the stored results of the studies into the tables of ``docs/methods``.

    python benchmarks/tables.py

Reads ``benchmarks/results/*.csv`` and rewrites what stands between ``<!-- table NAME -->`` and
``<!-- end -->`` in ``estimators.md`` and, of coverage in the demo's worlds, ``tracking.md``. A test
holds that the pages say what the files say. A share that is above its nominal value by more than
two Monte-Carlo errors (a coverage that far below) is set in bold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

RESULTS = Path(__file__).resolve().parent / "results"
PAGE = Path(__file__).resolve().parents[1] / "docs" / "methods" / "estimators.md"
TRACKING = PAGE.with_name("tracking.md")
DESIGN = ["sites", "treated", "waves", "icc", "even"]
INFERENCES = ["rule", "influence", "wild", "randomisation"]
BY_RULE = ["all_before", "imputation_rule"]
OTHERS = ["two_by_two", "twfe", "imputation", "sun_abraham"]
NAMES = {
    "rule": "the rule",
    "influence": "influence function",
    "wild": "wild bootstrap",
    "all_before": "all months before",
    "imputation_rule": "imputation",
    "two_by_two": "two by two",
    "twfe": "two-way fixed effects",
    "imputation": "imputation, clustered",
    "sun_abraham": "Sun–Abraham",
}
NOT_MEASURED = "–"
SIZE, LEVEL = 0.05, 0.95
NORMAL = stats.norm.ppf((1 + LEVEL) / 2)


def monte_carlo() -> pd.DataFrame:
    """Return the results of the Monte-Carlo study, one row per design, effect and method."""
    found = pd.read_csv(RESULTS / "monte_carlo.csv", keep_default_na=False, na_values=[""])
    return found.sort_values([*DESIGN, "effect"], ascending=[True] * 4 + [False, True])


def markdown(header: Iterable[str], rows: Iterable[Iterable]) -> str:
    """Return a Markdown table."""
    header = list(header)
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def share(value: float, worlds: float, *, nominal: float, worse: int) -> str:
    """Write a share, bold where it is off its nominal value by two Monte-Carlo errors.

    ``worse`` is 1 where larger is worse (a size), −1 where smaller is (a coverage).
    """
    if np.isnan(value):
        return NOT_MEASURED
    off = worse * (value - nominal) > 2 * np.sqrt(nominal * (1 - nominal) / worlds)
    return f"**{value:.3f}**" if off else f"{value:.3f}"


def in_the_grid(found: pd.DataFrame) -> pd.Series:
    """Whether rows belong to the grid of designs rather than to those with few treated sites."""
    expected = np.where(found["even"], 0.5, 0.3) * found["sites"]
    return (found["treated"] == np.maximum(expected.round(), found["waves"])) & (found["waves"] > 1)


def _design(row: pd.Series) -> list:
    kind = "even" if row["even"] else "uneven"
    return [row["sites"], row["treated"], row["waves"], f"{row['icc']:g}", kind]


def _wide(found: pd.DataFrame, value: str) -> pd.DataFrame:
    return found.pivot_table(index=DESIGN, columns="method", values=value, sort=False)


def _wide_all(found: pd.DataFrame) -> pd.DataFrame:
    values = ["rejected", "worlds", "sd"]
    return found.pivot_table(index=DESIGN, columns="method", values=values, sort=False)


def _cell(table: pd.DataFrame, key: tuple, value: str, method: str) -> float:
    known = key in table.index and (value, method) in table.columns
    return float(table.loc[key, (value, method)]) if known else np.nan


def _number(value: float, shown: str) -> str:
    return NOT_MEASURED if np.isnan(value) else f"{value:{shown}}"


def _sizes(found: pd.DataFrame, methods: list[str]) -> str:
    rejected, worlds = _wide(found, "rejected"), _wide(found, "worlds")
    rows = []
    for key in rejected.index:
        row = _design(pd.Series(dict(zip(DESIGN, key, strict=True))))
        counts = worlds.loc[key].reindex(methods).dropna().astype(int)
        row.append("–".join(str(n) for n in sorted({counts.min(), counts.max()})))
        for method in methods:
            place = rejected.loc[key].get(method, np.nan), worlds.loc[key].get(method, np.nan)
            row.append(share(*place, nominal=SIZE, worse=1))
        rows.append(row)
    header = ["sites", "trained", "waves", "ICC", "kind", "worlds"]
    return markdown(header + [NAMES.get(m, m) for m in methods], rows)


def sizes() -> str:
    """Size of the leading estimator under each inference over the grid, without an effect."""
    return _sizes(_grid("none"), INFERENCES)


def others() -> str:
    """Size of the other estimators over the grid, without an effect."""
    return _sizes(_grid("none"), OTHERS)


def few() -> str:
    """Size of every method with one to ten treated sites."""
    found = monte_carlo()
    few = (found["effect"] == "none") & found["treated"].isin([1, 2, 3, 4, 6, 10])
    found = found[few & ~found["even"] & (found["waves"] <= 2)]
    return _sizes(found.sort_values(["sites", "icc", "treated"]), INFERENCES + OTHERS)


def power() -> str:
    """Bias, coverage and power of the leading estimator, under a growing effect."""
    return _effects(["rule"], ["bias", "coverage", "power"])


def leaders() -> str:
    """Size, spread and power of what leads and of what a plan can name, by the same rule."""
    methods = ["rule", *BY_RULE]
    none, growing = (_wide_all(_grid(effect)) for effect in ("none", "growing"))
    rows = []
    for key in none.index[none["worlds", BY_RULE[0]].notna()]:
        row = _design(pd.Series(dict(zip(DESIGN, key, strict=True))))
        for method in methods:
            size, worlds = (_cell(none, key, name, method) for name in ("rejected", "worlds"))
            row += [share(size, worlds, nominal=SIZE, worse=1), _number(worlds, ".0f")]
        for method in methods:
            row.append(_number(_cell(growing, key, "sd", method), ".3f"))
        for method in methods:
            row.append(_number(_cell(growing, key, "rejected", method), ".2f"))
        rows.append(row)
    header = ["sites", "trained", "waves", "ICC", "kind"]
    for method in methods:
        header += [f"size: {NAMES[method]}", "worlds"]
    for shown in ("spread", "power"):
        header += [f"{shown}: {NAMES[method]}" for method in methods]
    return markdown(header, rows)


def effects() -> str:
    """Bias and coverage of the other estimators, under a growing effect."""
    return _effects(OTHERS, ["bias", "coverage"])


def _grid(effect: str) -> pd.DataFrame:
    found = monte_carlo()
    return found[(found["effect"] == effect) & in_the_grid(found)]


def _effects(methods: list[str], shown: list[str]) -> str:
    found = _grid("growing")
    bias, covered, worlds = (_wide(found, name) for name in ("bias", "coverage", "worlds"))
    rejected, error = _wide(found, "rejected"), _wide(found, "bias_mc")
    rows = []
    for key in bias.index:
        row = _design(pd.Series(dict(zip(DESIGN, key, strict=True))))
        for method in methods:
            cells = dict.fromkeys(shown, NOT_MEASURED)
            value = bias.loc[key].get(method, np.nan)
            if not np.isnan(value):
                off = abs(value) > 2 * error.loc[key, method]
                cells["bias"] = f"**{value:+.3f}**" if off else f"{value:+.3f}"
                place = covered.loc[key, method], worlds.loc[key, method]
                cells["coverage"] = share(*place, nominal=LEVEL, worse=-1)
                cells["power"] = f"{rejected.loc[key, method]:.2f}"
            row += [cells[name] for name in shown]
        rows.append(row)
    header = ["sites", "trained", "waves", "ICC", "kind"]
    for method in methods:
        header += [f"{NAMES.get(method, method)}: {shown[0]}", *shown[1:]]
    return markdown(header, rows)


def lottery() -> str:
    """Size, power and width under a lottery: differences, and the estimator that leads."""
    found = pd.read_csv(RESULTS / "lottery.csv")
    keys = ["sites", "treated", "waves", "icc", "shocks"]
    shocks = {"normal": "", "heavy": "heavy tails", "made_louder": "noisier once trained"}
    shocks |= {"louder": "trained noisier", "heavy_louder": "trained noisier, heavy tails"}
    found["shocks"] = pd.Categorical(found["shocks"], list(shocks))
    rows = []
    for key, part in found.sort_values(keys, kind="stable").groupby(keys, observed=True):
        by = {effect: own.set_index("method") for effect, own in part.groupby("effect")}
        none, growing = by["none"], by["growing"]
        row = [*key[:3], f"{key[3]:g}", shocks[key[4]] or "as above", none["worlds"].iloc[0]]
        for method in ("before", "neyman", "leads"):
            cell = none.loc[method]
            row.append(share(cell["rejected"], cell["worlds"], nominal=SIZE, worse=1))
        row += [f"{growing.loc[m, 'rejected']:.2f}" for m in ("before", "all_before", "leads")]
        wide = growing["half_width"]
        row += [f"{wide[m] / wide['before']:.2f}" for m in ("all_before", "leads")]
        cell = growing.loc["leads"]
        row.append(share(cell["coverage"], cell["worlds"], nominal=LEVEL, worse=-1))
        rows.append(row)
    header = ["sites", "trained", "waves", "ICC", "shocks", "worlds"]
    header += ["size: month before", "size: Neyman", "size: leads"]
    header += ["power: month before", "power: all months", "power: leads"]
    header += ["width: all months", "width: leads", "coverage: leads"]
    return markdown(header, rows)


def new_rule() -> str:
    """Size, power and width of the leading rule before and now, by the estimators themselves."""
    found = pd.read_csv(RESULTS / "leaders.csv")
    keys = ["icc", "sites", "treated", "waves", "even", "shocks"]
    names = {"before": "before", "managed": "now, sites chosen", "lot": "now, lottery"}
    names |= {"all_before": "all months before", "imputation": "imputation"}
    rows = []
    for key, part in found.groupby(keys, sort=False):
        none = part[part["effect"] == "none"].set_index("method")
        growing = part[part["effect"] == "growing"].set_index("method")
        kind = "even" if key[4] else "uneven"
        row = [*key[1:4], f"{key[0]:g}", kind, key[5].replace("_", ", ")]
        for method in names:
            known = method in none.index
            place = none.loc[method, ["rejected", "worlds"]] if known else (np.nan, 1)
            counted = f" ({none.loc[method, 'worlds']:.0f})" if known else ""
            row.append(share(*place, nominal=SIZE, worse=1) + counted)
        for method in list(names)[:3]:
            row.append(_number(growing["rejected"].get(method, np.nan), ".2f"))
        wide = growing["half_width"]
        for method in list(names)[1:3]:
            ratio = wide.get(method, np.nan) / wide.get("before", np.nan)
            row.append(_number(ratio, ".2f"))
        rows.append(row)
    header = ["sites", "trained", "waves", "ICC", "kind", "shocks"]
    header += [f"size: {name}" for name in names.values()]
    header += [f"power: {name}" for name in list(names.values())[:3]]
    header += [f"width: {name}" for name in list(names.values())[1:3]]
    return markdown(header, rows)


def placebo() -> str:
    """Grades of false claims about roll-outs that never happened."""
    found = pd.read_csv(RESULTS / "placebo_rollouts.csv")
    rows = []
    for (treated, outcome), part in found.groupby(["treated", "outcome"], sort=False):
        claimed = part["claim"].isin(["better", "worse"])
        strength = part["strength"].where(claimed, "no claim")
        counts = [int((strength == name).sum()) for name in ("strong", "moderate", "weak")]
        silent = (~claimed).mean()
        row = [treated, f"`{outcome}`", len(part)]
        row += [f"{count} ({count / len(part):.1%})" for count in counts]
        rows.append([*row, f"{silent:.1%}", f"{claimed.mean():.1%}"])
    header = ["trained of 22", "outcome", "roll-outs", "strong", "moderate", "weak"]
    return markdown([*header, "none claimed", "any claim"], rows)


SHOWN = {
    "csat_mean": "mean satisfaction",
    "csat_top2": "satisfied customers",
    "nps": "net promoter score",
    "complaints_per_1000": "complaints per 1,000 households",
    "response_within_30min": "first response within 30 minutes",
    "fcr": "first-contact resolution",
    "fee_collection": "fee collection",
    "behaviour[self]": "behaviour, rated by oneself",
    "behaviour[supervisor]": "behaviour, by the supervisor",
    "behaviour[peer]": "behaviour, by peers",
    "behaviour[customer]": "behaviour, by customers",
    "behaviour[mystery_shopper]": "behaviour, by mystery shoppers",
    "return": "benefit–cost ratio, at the stated money",
    "return, money drawn": "benefit–cost ratio, money drawn from its range",
}


def coverage() -> str:
    """Coverage of each headline outcome's leading interval over worlds of the demo."""
    found = pd.read_csv(RESULTS / "coverage.csv")
    found = found[found["effects"] == "demo"]
    rows = []
    for outcome, name in SHOWN.items():
        mine = found[found["outcome"] == outcome]
        told = mine[mine["covered"].isin(["covered", "missed"])]
        n, held = len(told), int((told["covered"] == "covered").sum())
        ends = stats.binomtest(held, n).proportion_ci(method="exact")
        error = told["value"] - told["truth"]
        half = (told["ci_high"] - told["ci_low"]) / 2
        off = error.mean() / told["truth"].mean()
        row = [name, n, share(held / n, n, nominal=LEVEL, worse=-1)]
        row += [f"{ends.low:.3f} to {ends.high:.3f}", f"{told['truth'].mean():.3g}"]
        row += [f"{off:+.1%}", f"{error.std():.2g}", f"{(half / NORMAL).mean():.2g}"]
        rows.append([*row, len(mine) - n])
    header = ["outcome", "worlds", "covered", "95 % interval", "truth, mean", "bias, of the truth"]
    return markdown([*header, "spread", "error told, mean", "no interval"], rows)


TABLES = {
    "sizes": sizes,
    "others": others,
    "few": few,
    "power": power,
    "leaders": leaders,
    "effects": effects,
    "lottery": lottery,
    "new_rule": new_rule,
    "placebo": placebo,
}


def filled(page: str) -> str:
    """Return the page with every marked table made anew."""

    known = TABLES | {"coverage": coverage}

    def put(match: re.Match) -> str:
        return f"<!-- table {match[1]} -->\n\n{known[match[1]]()}\n\n<!-- end -->"

    return re.sub(r"<!-- table (\w+) -->.*?<!-- end -->", put, page, flags=re.DOTALL)


if __name__ == "__main__":
    for path in (PAGE, TRACKING):
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
