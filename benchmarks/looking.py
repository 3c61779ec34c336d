"""How often a year of weekly looks finds a contrast that is not there, and what the guard costs.

    python benchmarks/looking.py [WORLDS]

Worlds without effect: site and week effects, noise within sites with autocorrelation, shocks that
stay with a site, drift. Half a year before training, then 52 weekly looks. A false alarm is a world
in which zero is ever outside: the normal-mixture sequence on cluster means
(:mod:`analysis.monitoring.sequential`), and the interval for one fixed day looked at each week.
Printed as a Markdown table; ``price`` is the sequence's width by that of the fixed-day interval.
"""

from __future__ import annotations

import sys

import numpy as np

from analysis.monitoring.sequential import bounds, contrast_looks, mixture_scale, planned_se

BEFORE, LOOKS = 26, 52
DESIGNS = ((20, 40), (10, 40), (8, 40), (8, 20), (8, 16))
NOISE = {
    "independent weeks": {},
    "autocorrelation 0.6": {"correlation": 0.6},
    "shock of a site": {"shock": 0.1},
    "both": {"correlation": 0.6, "shock": 0.1},
    "drift": {"drift": 0.05},
}


def null_worlds(
    worlds: int, sites: int, *, correlation: float = 0.0, shock: float = 0.0, drift: float = 0.0
) -> np.ndarray:
    """Draw weekly site means (worlds, sites, weeks) of a training that changes nothing."""
    rng = np.random.default_rng(0)
    weeks = BEFORE + LOOKS
    noise = rng.normal(0, 0.3, (worlds, sites, weeks))
    for t in range(1, weeks):
        noise[..., t] *= np.sqrt(1 - correlation**2)
        noise[..., t] += correlation * noise[..., t - 1]
    noise[..., BEFORE:] += rng.normal(0, shock, (worlds, sites, 1))
    noise += np.cumsum(rng.normal(0, drift, noise.shape), axis=-1)
    return (
        4 + rng.normal(0, 0.3, (worlds, sites, 1)) + rng.normal(0, 0.1, (worlds, 1, weeks)) + noise
    )


def false_alarms(y: np.ndarray, start: np.ndarray) -> dict[str, float]:
    """Share of worlds that ever leave zero, by the sequence and by the naive interval; price."""
    looks = contrast_looks(y, start, looks=np.arange(BEFORE, BEFORE + LOOKS))
    scale = mixture_scale(1.0) * planned_se(y, start)[:, None]
    wide, fixed = bounds(looks, scale=scale)
    size = np.abs(looks.value)
    return {
        "sequence": float((size > wide).any(axis=1).mean()),
        "naive": float((size > fixed).any(axis=1).mean()),
        "fixed day": float((size > fixed)[:, -1].mean()),
        "price": float(np.median(wide[:, -1] / fixed[:, -1])),
    }


def starts(treated: int, sites: int, waves: int = 1) -> np.ndarray:
    """Columns at which training begins: ``waves`` waves, eight weeks apart."""
    start = np.full(sites, np.nan)
    start[:treated] = BEFORE + 8 * (np.arange(treated) % waves)
    return start


def main(worlds: int) -> None:
    print(
        f"{worlds} worlds a row; Monte-Carlo error of 5 %: ±{np.sqrt(0.05 * 0.95 / worlds):.3f}\n"
    )
    print("| trained of sites | noise | sequence | naive, weekly | one fixed day | price |")
    print("|---|---|---|---|---|---|")
    cases = [(t, s, 1) for t, s in DESIGNS] + [(30, 45, 3)]
    for treated, sites, waves in cases:
        for name, noise in NOISE.items():
            found = false_alarms(null_worlds(worlds, sites, **noise), starts(treated, sites, waves))
            said = f"{treated} of {sites}" + (f" in {waves} waves" if waves > 1 else "")
            numbers = " | ".join(f"{found[k]:.3f}" for k in ("sequence", "naive", "fixed day"))
            print(f"| {said} | {name} | {numbers} | {found['price']:.2f} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
