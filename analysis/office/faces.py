"""The faces of letters: what Word, PowerPoint and WPS have on Windows and macOS, and what else."""

from __future__ import annotations

LATIN = "Calibri"
EAST_ASIAN = "微软雅黑"
"""In Office and WPS wherever Chinese is written; the next one is taken where it is not there."""

OTHERWISE = ("Microsoft YaHei", "PingFang SC", "Noto Sans CJK SC", "Noto Sans SC", "宋体")
"""Faces to take, in order, where a machine has none called :data:`EAST_ASIAN`."""
