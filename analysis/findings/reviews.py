"""What is claimed of a programme in which nothing is rolled out: no sentence names an effect.

The level is said to have risen or fallen where the interval of the change between two periods
leaves out zero; the same period of the year before leads where there is one, for the last period
may differ by season. Everything is graded as description: *moderate* with the year before, *weak*
without, *insufficient* where nothing could be compared.
"""

from __future__ import annotations

from collections.abc import Iterator

from analysis.indicators import digits
from analysis.results import Check, Claim, Estimate, Finding, StageResults, Topic

_LEADING = ("year_before", "before")
_KEY = "measurement.followed.score"


def review_findings(
    scores: StageResults, service: StageResults, *, direction: str
) -> tuple[Finding, ...]:
    """Say what moved, which sites stand out, whether lines were held and what may follow.

    Parameters
    ----------
    scores : StageResults
        As :func:`analysis.measurement.assess_scorecards` returns it.
    service : StageResults
        As :func:`analysis.measurement.assess_service_levels` returns it.
    direction : {"up", "down"}
        Which way of the primary indicator is better; of the score it is up.

    Returns
    -------
    tuple of Finding
        ``finding.tracking.periods.<score or indicator>``, then ``….sites``,
        ``….service.<clock>`` and ``….consequence``, as far as they were asked.
    """
    return (
        *_periods(scores, direction),
        *_sites(scores),
        *_service(service),
        *_consequence(scores),
    )


def _periods(scores: StageResults, direction: str) -> Iterator[Finding]:
    changes = [e for e in scores.estimates if e.estimand == "change_between_periods"]
    followed = list(dict.fromkeys(e.indicator for e in changes)) or [None]
    season = [c for c in scores.checks if c.id == "tracking.season"]
    for indicator in followed:
        mine = {e.dims["kind"]: e for e in changes if e.indicator == indicator}
        leading = next((mine[kind] for kind in _LEADING if kind in mine), None)
        yield _period(leading, season, direction)


def _period(leading: Estimate | None, season: list[Check], direction: str) -> Finding:
    if leading is None or leading.ci_low is None:
        return Finding(
            id="finding.tracking.periods.none",
            claim=Claim.LEVEL_NOT_COMPARED,
            design="descriptive",
            strength="insufficient",
            action=Claim.LEVEL_NOT_COMPARED.action,
        )
    up = leading.indicator is None or direction == "up"
    claim = Claim.LEVEL_HELD
    if leading.ci_low > 0 or (leading.ci_high or 0.0) < 0:
        better = (leading.ci_low > 0) == up
        claim = Claim.LEVEL_ROSE if better else Claim.LEVEL_FELL
    compared = leading.dims["kind"] == "year_before"
    return Finding(
        id=f"finding.tracking.periods.{leading.indicator or 'score'}",
        claim=claim,
        design="descriptive",
        strength="moderate" if compared else "weak",
        params=_told(leading),
        estimates=(leading.id,),
        checks=tuple(c.id for c in season),
        reasons=tuple(c.reason for c in season if c.status != "passed" and c.reason),
        action=claim.action,
    )


def _told(estimate: Estimate) -> dict:
    shown = digits.of_estimate(estimate)
    return {
        "indicator": estimate.indicator or _KEY,
        "unit": estimate.unit,
        "value": shown.value,
        "low": shown.ci_low,
        "high": shown.ci_high,
        "level": estimate.level,
        "sites": estimate.n_units,
        "now": estimate.dims["now"],
        "then": estimate.dims["then"],
    }


def _sites(scores: StageResults) -> Iterator[Finding]:
    check = next((c for c in scores.checks if c.id == "tracking.scorecards"), None)
    if check is None or check.status == "not_possible":
        return
    table = scores.table_or_empty("scorecards")
    few = next(c for c in scores.checks if c.id == "tracking.few")
    claim = Claim.SITES_APART if check.value else Claim.SITES_ALIKE
    names = {
        band: list(table.loc[table["band"] == band, "site_id"].astype(str))
        for band in ("above", "below")
    }
    yield Finding(
        id="finding.tracking.sites",
        claim=claim,
        design="descriptive",
        strength="weak" if few.status != "passed" else "moderate",
        params={
            **check.params,
            "named_above": names["above"] or "measurement.nobody",
            "named_below": names["below"] or "measurement.nobody",
            "period": str(table["named"].iloc[0]),
        },
        checks=(check.id, few.id),
        reasons=(few.reason,) if few.status != "passed" and few.reason else (),
        action=claim.action,
    )


_OF_LINE = {
    "held": Claim.LINE_HELD,
    "missed": Claim.LINE_MISSED,
    "open": Claim.LINE_OPEN,
    "no_promise": Claim.SERVICE_DESCRIBED,
}


def _service(service: StageResults) -> Iterator[Finding]:
    for check in service.checks:
        word = (check.reason or "").rpartition(".")[2]
        if check.topic is not Topic.SERVICE_LEVELS or word not in _OF_LINE:
            continue
        claim = _OF_LINE[word]
        yield Finding(
            id=f"finding.{check.id}",
            claim=claim,
            design="descriptive",
            strength="moderate",
            params=dict(check.params),
            estimates=(f"{check.id}.within",),
            checks=(check.id,),
            action=claim.action,
        )


def _consequence(scores: StageResults) -> Iterator[Finding]:
    check: Check | None = next((c for c in scores.checks if c.id == "tracking.consequence"), None)
    if check is None:
        return
    fit = check.status == "passed"
    claim = Claim.SCORES_MAY_COUNT if fit else Claim.SCORES_MAY_NOT_COUNT
    yield Finding(
        id="finding.tracking.consequence",
        claim=claim,
        design="descriptive",
        strength="moderate",
        params=dict(check.params),
        checks=(check.id,),
        action=claim.action,
    )
