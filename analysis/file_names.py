"""Names of files: which ones every system can hold, and which no person put there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePath

LONGEST_HOME = 70
"""Characters of a project folder below which the longest file of a run stays under the 260 that
Windows allows; it may have up to 190 of its own."""

_RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.I | re.S
)
_IMPOSSIBLE = re.compile(r'[<>:"|?*\\/\x00-\x1f\ud800-\udfff]')
_CLUTTER = {"desktop.ini", "thumbs.db", "ehthumbs.db", "__macosx", "__pycache__"}
_EVERYTHING = "**/*"
_OPEN_OR_HIDDEN = ("~$", ".")


def holdable(name: str) -> bool:
    """Return whether every system can hold a file or folder of that name.

    Windows keeps ``con``, ``aux``, ``nul``, ``com1`` … for devices, with any ending and in any
    case, drops a dot or space at the end, and refuses some signs.
    """
    if not name or name.endswith((".", " ")) or _IMPOSSIBLE.search(name):
        return False
    return _RESERVED.fullmatch(name) is None


def is_clutter(path: PurePath) -> bool:
    """Return whether a relative path is none of a person's files, by any of its parts.

    These are hidden files, the ``~$`` files of an open workbook, and what Windows and macOS put
    into folders (``desktop.ini``, ``Thumbs.db``, ``.DS_Store``, ``__MACOSX``), and what Python
    compiles (``__pycache__``).
    """
    return any(
        part.startswith(_OPEN_OR_HIDDEN) or part.casefold() in _CLUTTER for part in path.parts
    )


def spelled(path: PurePath) -> str:
    """Return a path with slashes, as any record can hold it; what is not UTF-8 is escaped."""
    return path.as_posix().encode("utf-8", errors="backslashreplace").decode("utf-8")


def is_spelled(path: PurePath) -> bool:
    """Return whether the bytes of a path are UTF-8, so that every record can name it."""
    return spelled(path) == path.as_posix()


def listed(folder: Path, pattern: str = "*") -> list[Path]:
    """Return the files of a folder that people or this project put there.

    Parameters
    ----------
    folder : Path
        Where to look; it need not exist.
    pattern : str
        As for :meth:`pathlib.Path.glob`, e.g. ``**/*``, which goes into linked folders too.

    Returns
    -------
    list of Path
        In one order on every system: by the names below ``folder``, capitals first.
    """
    found = (
        path for path in _matching(folder, pattern) if not is_clutter(path.relative_to(folder))
    )
    return sorted(
        (path for path in found if path.is_file()),
        key=lambda path: path.relative_to(folder).as_posix(),
    )


def _matching(folder: Path, pattern: str) -> Iterator[Path]:
    if pattern != _EVERYTHING:
        return folder.glob(pattern)
    return _below(folder, frozenset())


def _below(folder: Path, above: frozenset[str]) -> Iterator[Path]:
    """Yield everything below a folder, links to folders gone into unless they lead back up."""
    real = os.path.realpath(folder)
    if real in above:
        return
    try:
        entries = list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return
    for path in entries:
        yield path
        if path.is_dir():
            yield from _below(path, above | {real})
