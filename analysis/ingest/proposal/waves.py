"""What exports call the waves of a roll-out: 第一批, 批次2, 不参加."""

from __future__ import annotations

import re
from collections.abc import Sequence

from analysis.ingest.cleaning.numbers import chinese_numeral
from analysis.ingest.proposal.text import quoted

_NUMBERED = re.compile(r"(?:第|批次)?\s*(\d+|[一二三四五六七八九十]+)\s*(?:批次?|期|轮)?")
_NONE = frozenset({"不参加", "不培训", "未参加", "未培训", "不受训", "未受训", "对照", "对照组"})
_MOST = 30


def wave_number(text: str) -> int | None:
    """Return the number that a wave is called by, 0 for never trained; None if not known.

    Examples
    --------
    >>> wave_number("第一批"), wave_number("批次2"), wave_number("不参加"), wave_number("春季")
    (1, 2, 0, None)
    """
    if text in _NONE:
        return 0
    match = _NUMBERED.fullmatch(text)
    if match is None:
        return None
    return int(match[1]) if match[1].isdecimal() else chinese_numeral(match[1])


def wave_labels(given: Sequence[str]) -> str:
    """Return the labels of waves that are called by words; nothing where they are numbers."""
    if not given or len(given) > _MOST or all(wave.isdecimal() for wave in given):
        return ""
    numbers = {wave: wave_number(wave) for wave in given}
    return ", ".join(
        f"{quoted(wave)}: {'DECIDE' if number is None else number}"
        for wave, number in numbers.items()
    )
