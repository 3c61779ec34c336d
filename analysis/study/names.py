"""Names of estimators and inferences, without speaking of sites and months where possible."""

from __future__ import annotations

from analysis import wording


def method(name: str, language: wording.Language) -> str:
    """Name an estimator."""
    return _named(f"study.method.{name}", f"causal.method.{name}", language)


def inference(name: str, language: wording.Language) -> str:
    """Name how an interval was built."""
    return _named(f"study.interval.{name}", f"causal.interval_method.{name}", language)


def reason(key: str | None, language: wording.Language) -> str:
    """Say why a number is missing."""
    return "—" if key is None else _named(key.replace("causal.", "study.", 1), key, language)


def _named(own: str, other: str, language: wording.Language) -> str:
    return wording.text(own if wording.has(own) else other, language)
