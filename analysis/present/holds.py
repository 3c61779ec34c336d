"""The line of what is folded: what it holds, and how much, so that nothing is hidden by folding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from analysis import wording
from analysis.results import Check
from analysis.settings import Language

STATES = ("failed", "caution", "not_possible", "passed")
_THINGS = ("tables", "charts", "figures", "findings", "alerts")


def states(checks: Iterable[Check]) -> dict[str, int]:
    """Return how many checks ended in each state, the worst first."""
    found: list[str] = [check.status for check in checks]
    return {state: found.count(state) for state in STATES}


def by_state(checks: Iterable[Check], language: Language) -> list[str]:
    """Return how many checks ended in each state that occurs, in words."""
    return _items(states(checks), language)


def checked(checks: Iterable[Check], language: Language) -> str:
    """Return the line of a folded list of checks."""
    return wording.text("report.holds.only_checks", language, items=by_state(checks, language))


def held(counts: Mapping[str, int], language: Language) -> str:
    """Return the line of a folded section.

    Parameters
    ----------
    counts : Mapping
        ``tables`` with their ``rows``, ``charts``, ``figures`` (key figures), ``findings``,
        ``alerts``, and checks by state.
    language : {"zh_CN", "en"}
        Language.
    """
    items = _items({name: counts.get(name, 0) for name in _THINGS}, language, counts.get("rows"))
    asked = {state: counts.get(state, 0) for state in STATES}
    if any(asked.values()):
        key = f"report.holds.{'checks' if items else 'only_checks'}"
        items.append(wording.text(key, language, items=_items(asked, language)))
    return str(wording.format_value(items, "", language)) if items else ""


def _items(counts: Mapping[str, int], language: Language, rows: int | None = None) -> list[str]:
    return [
        wording.text(f"report.holds.{name}", language, n=n, rows=rows)
        for name, n in counts.items()
        if n
    ]
