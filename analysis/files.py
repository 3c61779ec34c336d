"""Writing files so that a killed process leaves the old one or the new one, never half."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path


def replace_file(target: Path, write: Callable[[Path], object]) -> Path:
    """Write a file beside ``target``, flush it to disk, then rename it into place.

    Parameters
    ----------
    target : Path
        Final name; its folder is made when missing.
    write : Callable[[Path], object]
        Writes the whole content to the path it is given.

    Returns
    -------
    Path
        ``target``.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays last: several writers choose their format by it.
    beside = target.with_name(f".{uuid.uuid4().hex}{target.suffix}")
    try:
        write(beside)
        with open(beside, "rb") as handle:
            os.fsync(handle.fileno())
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)
    _sync_folder(target.parent)
    return target


def write_text(target: Path, text: str) -> Path:
    """Write UTF-8 text by :func:`replace_file`."""
    return replace_file(target, lambda path: path.write_text(text, encoding="utf-8"))


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def tree_hash(paths: Iterable[Path]) -> str:
    """Return one SHA-256 over files and folders: relative names and contents, hidden files not.

    Parameters
    ----------
    paths : Iterable[Path]
        Files, and folders taken with all below them; one that does not exist counts as empty.
    """
    digest = hashlib.sha256()
    for top in map(Path, paths):
        inside = [top] if top.is_file() else sorted(top.rglob("*"))
        for path in inside:
            name = path.relative_to(top.parent)
            if path.is_file() and not any(part.startswith(".") for part in name.parts):
                digest.update(f"{name.as_posix()}\0{sha256(path)}\n".encode())
    return digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def project_root() -> Path:
    """Return the folder that holds ``data/``, ``notebooks/`` and ``reports/``.

    Returns
    -------
    Path
        The environment's ``CRMEVAL_HOME``; else the nearest folder, from the working directory
        upward, with ``pyproject.toml`` and ``notebooks/``; else the parent of this package.
    """
    if home := os.environ.get("CRMEVAL_HOME"):
        return Path(home).resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "pyproject.toml").is_file() and (folder / "notebooks").is_dir():
            return folder
    return Path(__file__).resolve().parent.parent
