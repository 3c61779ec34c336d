"""Names of estimators and inferences, without speaking of sites and months where possible."""

from __future__ import annotations

from analysis import wording
from analysis.present import rich


def method(name: str, language: wording.Language) -> str:
    """Name an estimator."""
    return rich.named("method", name, language)


def inference(name: str, language: wording.Language) -> str:
    """Name how an interval was built."""
    return rich.named("interval_method", name, language)


def reason(key: str | None, language: wording.Language) -> str:
    """Say why a number is missing."""
    if key is None:
        return "—"
    own = key.replace("causal.", "study.", 1)
    return wording.text(own if wording.has(own) else key, language)
