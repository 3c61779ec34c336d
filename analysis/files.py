"""Writing files so that a killed process leaves the old one or the new one, never half."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parent.parent
_GENERATED = {"__pycache__", ".ipynb_checkpoints"}


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


def input_hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a client's folder.

    Parameters
    ----------
    folder : Path
        ``data/<client>``.

    Returns
    -------
    dict of str to str
        By path relative to the folder. Hidden files and ``*.key`` files are left out: the hash
        of a pseudonym key belongs nowhere.
    """
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        relative.as_posix(): sha256(folder / relative)
        for relative in (path.relative_to(folder) for path in found)
        if relative.suffix != ".key" and not any(part.startswith(".") for part in relative.parts)
    }


def code_hash() -> str:
    """Return one SHA-256 over every file of this package: code, registries, wording, templates."""
    package = Path(__file__).resolve().parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.is_file() and not _GENERATED.intersection(path.parts):
            digest.update(f"{path.relative_to(package).as_posix()}\0{sha256(path)}\n".encode())
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
    """Return the folder that holds ``data/`` and ``reports/``, often ``notebooks/`` too.

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
    return _CHECKOUT


def notebooks_folder(root: Path) -> Path:
    """Return the folder of the notebooks: the project folder's own, else those beside the code.

    So data and reports may lie elsewhere, e.g. on an encrypted disk named by ``CRMEVAL_HOME``.
    """
    own = root / "notebooks"
    return own if own.is_dir() else _CHECKOUT / "notebooks"
