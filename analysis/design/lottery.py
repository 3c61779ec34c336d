"""Whether a lottery is known to have decided who starts when: declared, and as it was drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from analysis.design.assignment import fingerprint_of
from analysis.results import Check, Topic

Verdict = Literal["undeclared", "not_kept", "agrees", "altered", "differs"]


@dataclass(frozen=True, slots=True)
class Lottery:
    """What is known of the draw of the waves.

    Attributes
    ----------
    verdict : str
        ``undeclared``: the client file or a wave names another way. ``not_kept``: declared, and
        no draw of this project's is kept to compare with. ``agrees``, ``differs``: the waves are
        those of the kept draw, or are not. ``altered``: the kept draw is not what was drawn.
    sites : tuple of str
        Sites whose wave is not the one drawn.
    strata : Mapping
        Stratum of each site within which was drawn; empty where none is known.
    """

    verdict: Verdict
    sites: tuple[str, ...] = ()
    strata: Mapping[str, str] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether the lottery's estimator may lead."""
        return self.verdict in ("agrees", "not_kept")

    def check(self) -> Check:
        """Return the audit of the draw as a check."""
        status = {"agrees": "passed", "not_kept": "passed", "undeclared": "not_possible"}
        return Check(
            id="design.lottery",
            topic=Topic.ASSIGNMENT,
            question="design.check.lottery.question",
            status=status.get(self.verdict, "failed"),
            value=float(len(self.sites)) if self.verdict in ("agrees", "differs") else None,
            threshold=0.0 if self.verdict in ("agrees", "differs") else None,
            unit="sites",
            reason=f"design.check.lottery.{self.verdict}",
            remedy=None
            if self.holds or self.verdict == "undeclared"
            else "design.check.lottery.remedy",
            params={"sites": len(self.sites), "named": ", ".join(self.sites[:5])},
        )


def audit_lottery(
    waves: pd.DataFrame,
    *,
    declared: bool,
    drawn: pd.DataFrame | None = None,
    audit: Mapping[str, Any] | None = None,
) -> Lottery:
    """Compare the waves with the draw that was kept.

    Parameters
    ----------
    waves : DataFrame
        ``site_id, wave, assigned_by``; wave 0 is never trained.
    declared : bool
        Whether the client file declares a lottery.
    drawn : DataFrame, optional
        The kept draw, ``site_id, stratum, wave, arm``.
    audit : Mapping, optional
        Its audit, with the fingerprint of the draw.
    """
    treated = waves[waves["wave"].fillna(0) > 0]
    by_lot = treated["assigned_by"].fillna("unknown").eq("randomised")
    if not declared or treated.empty or not by_lot.all():
        return Lottery("undeclared")
    if drawn is None:
        return Lottery("not_kept")
    if audit is None or fingerprint_of(drawn) != audit.get("draw_hash"):
        return Lottery("altered")
    now = waves.set_index("site_id")["wave"].fillna(0).astype(int)
    then = drawn.set_index("site_id")["wave"].astype(int)
    both = pd.concat([now.rename("now"), then.rename("then")], axis=1)
    moved = tuple(sorted(str(site) for site in both.index[both["now"] != both["then"]]))
    if moved:
        return Lottery("differs", moved)
    strata = drawn.set_index("site_id")["stratum"].astype(str)
    return Lottery("agrees", (), strata.to_dict() if len(set(strata)) > 1 else {})
