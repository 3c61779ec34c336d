"""Words beside the codes of a scale, as a form prints them and as answers come back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from analysis import packaged
from analysis.client.base import Bilingual
from analysis.client.plan import Instrument

_SATISFIED = re.compile("满意|satisf", re.IGNORECASE)
_LONGEST = 11
"""Codes that a form can list; on longer scales a number is written."""


def codes_of(instrument: Instrument, item: str) -> tuple[int, ...]:
    """Return the codes of one item as a form lists them, lowest first; none where it cannot."""
    scale = instrument.scale_of(item)
    low, high = int(scale.min), int(scale.max)
    whole = (low, high) == (scale.min, scale.max)
    return tuple(range(low, high + 1)) if whole and high - low < _LONGEST else ()


def anchors_of(instrument: Instrument, item: str) -> Mapping[int, Bilingual]:
    """Return the words beside the raw codes of one item.

    Parameters
    ----------
    instrument : Instrument
        Declared questionnaire; its ``anchors``, and those of the item before them, are taken as
        they stand, because they belong to the codes that people tick.
    item : str
        Item of it.

    Returns
    -------
    Mapping of int to Bilingual
        Without declared anchors: degrees of satisfaction for a question about satisfaction on
        five points, how likely for the role ``nps``, else the two ends. They follow the
        direction of the codes: of a ``reversed`` item the lowest code gets the best word.
    """
    question = instrument.items[item]
    if declared := instrument.declared_anchors(item):
        return dict(sorted(declared.items()))
    codes = codes_of(instrument, item)
    if not codes:
        return {}
    kind = "likely" if question.role == "nps" else "ends"
    if len(codes) == len(_usual()["satisfied"]) and _SATISFIED.search(question.wording):
        kind = "satisfied"
    words = _usual()[kind]
    if instrument.turned(item):
        words = words[::-1]
    places = codes if kind == "satisfied" else (codes[0], codes[-1])
    return dict(zip(places, words, strict=True))


@cache
def _usual() -> Mapping[str, tuple[Bilingual, ...]]:
    raw = packaged.content(Path(__file__).with_name("anchors.yml"))
    return {kind: tuple(Bilingual(**words) for words in said) for kind, said in raw.items()}
