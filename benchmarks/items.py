"""How often faults of items are seen, and how often sound items are called faulty.

Run ``python benchmarks/items.py 500``; the number is the worlds a row. A world is one questionnaire
on five steps with one trait, loadings of .45 to .75. Seeds are fixed.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

from analysis.measurement import assess_factors, assess_instruments, assess_items

SKEWED = np.array([-2.0, -1.5, -1.0, -0.3])
"""Borders of five steps in standard deviations: 62 % in the best step."""


def world(seed: int, n: int, items: int, *, turned: int = -1, skewed: bool = False, loading=None):
    """Answers and items; item ``turned`` is left in the wrong direction."""
    rng = np.random.default_rng([seed, n, items])
    strength = rng.uniform(0.45, 0.75, items) if loading is None else np.full(items, loading)
    latent = rng.normal(size=(n, 1)) * strength
    latent = latent + rng.normal(size=(n, items)) * np.sqrt(1 - strength**2)
    borders = SKEWED if skewed else np.array([-1.5, -0.5, 0.5, 1.5])
    scores = np.searchsorted(borders, latent) + 1.0
    if turned >= 0:
        scores[:, turned] = 6 - scores[:, turned]
    names = [f"q{k}" for k in range(items)]
    answers = (
        pd.DataFrame(scores, columns=names)
        .rename_axis("response_id")
        .reset_index()
        .melt("response_id", var_name="item", value_name="score")
        .assign(instrument="v")
    )
    described = pd.DataFrame(
        {
            "instrument": "v",
            "item": names,
            "role": "item",
            "dimension": None,
            "scale_min": 1.0,
            "scale_max": 5.0,
            "reversed": False,
        }
    )
    return answers, described


def statuses(answers, described) -> dict[str, str]:
    """Status of each kind of check."""
    found = [
        *assess_instruments(answers, described).checks,
        *assess_factors(answers, described, seed=1).checks,
        *assess_items(answers, described).checks,
    ]
    kinds = {"alpha": "alpha.", "cfa": "cfa.", "direction": ".direction", "straight": ".straight"}
    return {
        name: check.status for check in found for name, part in kinds.items() if part in check.id
    }


ROWS = (
    ("sound, 6 items", {"items": 6}),
    ("sound, 6 items, 62 % at the top", {"items": 6, "skewed": True}),
    ("sound, 3 items", {"items": 3}),
    ("items unrelated", {"items": 6, "loading": 0.0}),
    ("last of 6 not turned", {"items": 6, "turned": 5}),
    ("last of 6 not turned, 62 % at the top", {"items": 6, "turned": 5, "skewed": True}),
    ("last of 10 not turned", {"items": 10, "turned": 9}),
    ("first of 6 not turned", {"items": 6, "turned": 0}),
)


def main() -> None:
    """Print a table, one row per kind and number of sheets."""
    worlds = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    print(
        "| questionnaire | sheets | alpha passes | fit passes | direction passes "
        "| direction fails | fit not possible | straight lines: caution |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name, how in ROWS:
        for n in (100, 400):
            found = [statuses(*world(seed, n, **how)) for seed in range(worlds)]
            cells = [
                ("alpha", "passed"),
                ("cfa", "passed"),
                ("direction", "passed"),
                ("direction", "failed"),
                ("cfa", "not_possible"),
                ("straight", "caution"),
            ]
            shares = [np.mean([one.get(k) == status for one in found]) for k, status in cells]
            told = " | ".join(f"{share:.3f}" for share in shares)
            print(f"| {name} | {n} | {told} |", flush=True)


if __name__ == "__main__":
    main()
