"""What is said where a statistic of single records rests on a sample of them."""

from __future__ import annotations

from analysis.results import Check, Topic
from analysis.tables import Sample


def told(stage: str, about: str, drawn: Sample) -> Check:
    """Return the check that says how many rows a statistic used, of how many, and how drawn.

    Parameters
    ----------
    stage : str
        Stage that asks.
    about : str
        What was estimated (``sampled.about``).
    drawn : Sample
        As :func:`analysis.tables.sample` drew it.
    """
    return Check(
        id=f"{stage}.sampled.{about}",
        topic=Topic.SAMPLED,
        question="sampled.question",
        status="passed",
        value=float(drawn.used),
        unit="count",
        n=drawn.there,
        reason="sampled.reason",
        params={
            "about": f"sampled.about.{about}",
            "unit": f"sampled.unit.{drawn.unit}",
            "used": drawn.used,
            "there": drawn.there,
            "seed": str(drawn.seed),
        },
        dims={"about": about},
    )
