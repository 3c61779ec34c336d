"""How often a year of weekly looks finds a contrast that is not there, and what the guard costs.

    python benchmarks/looking.py [WORLDS]

Worlds without effect: site and week effects, noise within sites with autocorrelation, shocks that
stay with a site, drift. Half a year before training, then 52 weekly looks. A false alarm is a world
in which zero is ever outside: the normal-mixture sequence on cluster means
(:mod:`analysis.monitoring.inference.sequential`), the same shrunk to the 52 looks that are planned,
and the interval for one fixed day looked at each week. Printed as Markdown tables; ``price`` is a
width by that of the fixed-day interval at the last look. Then the share of worlds in which an
effect is found.
"""

from __future__ import annotations

import sys

import numpy as np

from analysis.monitoring.inference.sequential import (
    bounds,
    contrast_looks,
    finite_bounds,
    finite_factor,
    mixture_scale,
    planned_se,
)

BEFORE, LOOKS = 26, 52
DESIGNS = ((20, 40), (10, 40), (8, 40), (8, 20), (8, 16))
EFFECTS = (0.05, 0.1, 0.15)
"""Effects from a site's start on; a week of a site has a standard deviation of 0.3."""

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


def rates(y: np.ndarray, start: np.ndarray) -> dict[str, float]:
    """Share of worlds that ever leave zero, by sequence, boundary and naive interval; prices."""
    looks = contrast_looks(y, start, looks=np.arange(BEFORE, BEFORE + LOOKS))
    scale = mixture_scale(1.0) * planned_se(y, start)[:, None]
    wide, fixed = bounds(looks, scale=scale)
    factor = finite_factor(start, BEFORE + LOOKS)
    planned = finite_bounds(looks, scale=scale, factor=factor)
    size = np.abs(looks.value)
    return {
        "sequence": float((size > wide).any(axis=1).mean()),
        "planned": float((size > planned).any(axis=1).mean()),
        "naive": float((size > fixed).any(axis=1).mean()),
        "fixed day": float((size > fixed)[:, -1].mean()),
        "price": float(np.median(wide[:, -1] / fixed[:, -1])),
        "planned price": float(np.median(planned[:, -1] / fixed[:, -1])),
    }


def starts(treated: int, sites: int, waves: int = 1) -> np.ndarray:
    """Columns at which training begins: ``waves`` waves, eight weeks apart."""
    start = np.full(sites, np.nan)
    start[:treated] = BEFORE + 8 * (np.arange(treated) % waves)
    return start


def trained(y: np.ndarray, start: np.ndarray, effect: float) -> np.ndarray:
    """Add an effect to every site from its start on."""
    since = np.arange(y.shape[-1]) >= np.where(np.isnan(start), np.inf, start)[:, None]
    return y + effect * since


def main(worlds: int) -> None:
    print(
        f"{worlds} worlds a row; Monte-Carlo error of 5 %: ±{np.sqrt(0.05 * 0.95 / worlds):.3f}\n"
    )
    kinds = ("sequence", "planned", "naive", "fixed day")
    print(
        "| trained of sites | noise | sequence | planned looks | naive, weekly | one fixed day |"
        " price | price, planned |"
    )
    print("|---|---|---|---|---|---|---|---|")
    cases = [(t, s, 1) for t, s in DESIGNS] + [(30, 45, 3)]
    for treated, sites, waves in cases:
        for name, noise in NOISE.items():
            found = rates(null_worlds(worlds, sites, **noise), starts(treated, sites, waves))
            said = f"{treated} of {sites}" + (f" in {waves} waves" if waves > 1 else "")
            numbers = " | ".join(f"{found[k]:.3f}" for k in kinds)
            prices = f"{found['price']:.2f} | {found['planned price']:.2f}"
            print(f"| {said} | {name} | {numbers} | {prices} |", flush=True)
    print("\n| trained of sites | noise | effect | found by the sequence | by planned looks |")
    print("|---|---|---|---|---|")
    for treated, sites, waves in ((20, 40, 1), (8, 20, 1), (30, 45, 3)):
        for name in ("independent weeks", "both"):
            start = starts(treated, sites, waves)
            still = null_worlds(worlds, sites, **NOISE[name])
            for effect in EFFECTS:
                found = rates(trained(still, start, effect), start)
                said = f"{treated} of {sites}" + (f" in {waves} waves" if waves > 1 else "")
                numbers = f"{found['sequence']:.2f} | {found['planned']:.2f}"
                print(f"| {said} | {name} | {effect:g} | {numbers} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
