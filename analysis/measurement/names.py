"""Names of sites that overlap: one place counted under two names, or a whole beside its part."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

import pandas as pd

from analysis.measurement.columns import present
from analysis.results import Check, StageResults, Topic, collect
from analysis.tables import Rows, parts

_SEPARATORS = re.compile(r"\s*[/、,，;；&+]\s*")
_CJK = re.compile(r"[\u4e00-\u9fff]")


def overlapping_names(names: pd.Series, rows: pd.Series | None = None) -> pd.DataFrame:
    """Pairs of names of which one may hold the other.

    ``listed``: a name made of several parts (``Allston / Brighton``) has the other as a part:
    the same place is counted under both. ``contained``: the words of one (the characters, in
    Chinese) lie within the other: only the client knows whether they are two places.

    Parameters
    ----------
    names : Series
        Names of sites, indexed by site.
    rows : Series, optional
        Rows a site has elsewhere, to show what depends on a pair.

    Returns
    -------
    DataFrame
        ``site, other, kind, rows, rows_other``; the wider name first.
    """
    listed = list(names.dropna().astype(str).items())
    counted = pd.Series(dtype="int64") if rows is None else rows
    out = []
    for earlier, later in _candidates([name for _, name in listed]):
        (one, first), (two, second) = listed[earlier], listed[later]
        wide, narrow = ((one, first), (two, second))
        if len(first) < len(second):
            wide, narrow = narrow, wide
        kind = _kind(wide[1], narrow[1])
        if kind:
            counts = (int(counted.get(site, 0)) for site in (wide[0], narrow[0]))
            out.append((wide[1], narrow[1], kind, *counts))
    columns = ["site", "other", "kind", "rows", "rows_other"]
    frame = pd.DataFrame(out, columns=columns)
    return frame.sort_values(["kind", "site", "other"], ascending=[False, True, True]).reset_index(
        drop=True
    )


def _candidates(names: list[str]) -> Iterator[tuple[int, int]]:
    """Positions of the pairs that share a part, a word or a stretch of characters, in order.

    Work grows with the names and the pairs that are found, not with all pairs.
    """
    places: dict[str, list[int]] = defaultdict(list)
    words: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        places[name].append(place)
        for word in _words(name) | _parts(name):
            words[word].append(place)
    found = set()
    for place, name in enumerate(names):
        for start in range(len(name)):
            for end in range(start + 2, len(name) + 1):
                found.update((place, other) for other in places.get(name[start:end], ()))
        for part in _parts(name):
            found.update((place, other) for other in words[part])
        # A name lies within those that have each of its words: the rarest has the fewest.
        if own := _words(name):
            rarest = min((words[word] for word in own), key=len)
            found.update((place, other) for other in rarest)
    yield from sorted({(min(pair), max(pair)) for pair in found if pair[0] != pair[1]})


def _parts(name: str) -> set[str]:
    return {part.casefold() for part in _SEPARATORS.split(name) if part}


def _words(name: str) -> set[str]:
    return set(re.findall(r"\w+", name.casefold()))


def _kind(wide: str, narrow: str) -> str | None:
    parts, mine = _parts(wide), _parts(narrow)
    if (len(parts) > 1 or len(mine) > 1) and parts & mine:
        return "listed"
    if _CJK.search(narrow):
        return "contained" if len(narrow) > 1 and narrow in wide and narrow != wide else None
    words, fewer = _words(wide), _words(narrow)
    return "contained" if fewer and fewer < words else None


def assess_names(sites: pd.DataFrame | None, *, tickets: Rows | None = None) -> StageResults:
    """Whether every site stands under one name.

    Parameters
    ----------
    sites, tickets : DataFrame (tickets also Stored) or None
        Canonical tables; tickets give the rows that depend on a pair of names.

    Returns
    -------
    StageResults
        Check ``baseline.quality.sites.names`` and table ``site_names`` of the pairs.
    """
    common = {
        "id": "baseline.quality.sites.names",
        "topic": Topic.SITE_NAMES,
        "question": "measurement.check.names.question",
    }
    if not present(sites, "site_name"):
        return collect(
            "baseline",
            [Check(**common, status="not_possible", reason="measurement.reason.no_site_names")],
        )
    rows = None
    if present(tickets, "site_id"):
        counts = [
            part["site_id"].astype(object).value_counts() for part in parts(tickets, ["site_id"])
        ]
        rows = pd.concat(counts).groupby(level=0).sum()
    pairs = overlapping_names(sites.astype(object).set_index("site_id")["site_name"], rows)
    listed = pairs[pairs["kind"] == "listed"]
    check = Check(
        **common,
        status="passed" if pairs.empty else "caution",
        value=float(len(pairs)),
        threshold=0.0,
        unit="count",
        n=len(sites),
        reason=None if pairs.empty else "measurement.check.names.reason",
        remedy=None if pairs.empty else "measurement.check.names.remedy",
        params={
            "sites": len(sites),
            "listed": len(listed),
            "contained": len(pairs) - len(listed),
            "example": "" if pairs.empty else f"{pairs['other'][0]} | {pairs['site'][0]}",
        },
    )
    return collect("baseline", [check], tables={"site_names": pairs})
