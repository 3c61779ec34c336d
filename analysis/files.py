"""Writing files so that a killed process leaves the old one or the new one, never half."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from analysis.errors import FileInUseError, RunError
from analysis.file_names import listed, spelled

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent
DRAWN = "drawn"
"""Folder of a client's own that holds copies of its databases."""
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
"""Modes of what holds people's rows."""
_GENERATED = {"__pycache__", ".ipynb_checkpoints"}
_MACHINE = hashlib.sha256(platform.node().encode()).hexdigest()[:4]
_UNFINISHED = re.compile(r"\.([0-9a-f]{4})-(\d+)-[0-9a-f]{8}(\..*)?")
"""Machine and process of what :func:`beside` names."""
_PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds between tries: 1.6 in all, longer than virus scanners and OneDrive hold a new file."""


def patiently(step: Callable[[], object], path: Path) -> None:
    """Do what another program may refuse for a moment: rename, remove or open a file.

    Parameters
    ----------
    step : Callable
        Does it; tried again while the system denies access.
    path : Path
        The file or folder that may be open elsewhere.

    Raises
    ------
    FileInUseError
        When access is denied to the end though the folder may be written.
    """
    for pause in (*_PAUSES, None):
        try:
            step()
            return
        except PermissionError as error:
            if pause is not None:
                time.sleep(pause)
            elif path.exists() and os.access(path.parent, os.W_OK):
                raise FileInUseError(_held(path)) from error
            else:  # told with the whole path, where removing a folder names a part of it
                raise PermissionError(error.errno, error.strerror, str(path)) from error


def _held(path: Path) -> Path:
    """Return the file that is held: for a folder, the first of its files that no one may write."""
    for file in listed(path, "**/*") if path.is_dir() else ():
        try:
            with open(file, "r+b"):
                continue
        except PermissionError:
            return file
    return path


def move(source: Path, target: Path) -> None:
    """Rename a file or folder, replacing a file of the new name."""
    held = target if target.exists() else source
    patiently(lambda: os.replace(source, target), held)


def remove(path: Path) -> None:
    """Remove a file or a folder with all in it; one that is not there is no error."""
    if path.is_symlink() or not path.is_dir():
        patiently(lambda: path.unlink(missing_ok=True), path)
    else:
        patiently(lambda: shutil.rmtree(path), path)


def beside(target: Path) -> Path:
    """Return an unused hidden name in the folder of a file or folder that is to be replaced.

    It tells which process of which machine writes there, so that :func:`clear_unfinished` can
    remove what a killed one left and nothing else.
    """
    # The suffix stays last: several writers choose their format by it.
    unused = f".{_MACHINE}-{os.getpid()}-{secrets.token_hex(4)}{target.suffix}"
    return target.with_name(unused)


def clear_unfinished(*folders: Path, below: bool = True) -> None:
    """Remove what killed processes had begun in folders and not renamed into place.

    What a living process writes stays, and so does what another machine writes into a shared
    folder, what another user owns, and until the next command what a virus scanner holds.

    Parameters
    ----------
    *folders : Path
        They need not exist; links are not followed.
    below : bool
        Look into the folders inside them too.
    """
    for found in [path for folder in folders for path in _unfinished(folder, below)]:
        with contextlib.suppress(PermissionError, FileInUseError):
            remove(found)


def _unfinished(folder: Path, below: bool) -> Iterator[Path]:
    """Yield the hidden files, folders and links of a folder that nobody writes any more."""
    for place, inner, names in os.walk(folder):
        left = {name for name in (*inner, *names) if _is_abandoned(name)}
        inner[:] = [name for name in inner if below and name not in left]
        yield from (Path(place) / name for name in sorted(left))


def _is_abandoned(name: str) -> bool:
    written = _UNFINISHED.fullmatch(name)
    if written is None or written[1] != _MACHINE or int(written[2]) == os.getpid():
        return False
    import psutil

    return not psutil.pid_exists(int(written[2]))


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
    unfinished = beside(target)
    try:
        write(unfinished)
        with open(unfinished, "r+b") as handle:  # Windows flushes only what may be written
            os.fsync(handle.fileno())
        if os.name == "posix" and target.is_file():
            os.chmod(unfinished, target.stat().st_mode & 0o7777)  # what was kept private stays so
        move(unfinished, target)
    finally:
        # One that a scanner still holds is hidden, and goes when the run is resumed.
        with contextlib.suppress(PermissionError):
            unfinished.unlink(missing_ok=True)
    _sync_folder(target.parent)
    return target


def keep_private(path: Path) -> None:
    """Let nobody but the owner read a file or enter a folder that holds people's rows."""
    if os.name == "posix":
        os.chmod(path, PRIVATE_FOLDER if path.is_dir() else PRIVATE_FILE)


def private_folder(path: Path) -> Path:
    """Make a folder, where it is missing, that nobody but its owner can enter."""
    if not path.is_dir():
        path.mkdir(parents=True)
        keep_private(path)
    return path


def write_text(target: Path, text: str) -> Path:
    """Write UTF-8 text by :func:`replace_file`; its line ends are the same on every system."""
    return replace_file(target, lambda path: path.write_text(text, encoding="utf-8", newline=""))


def copy_file(source: Path, target: Path) -> Path:
    """Copy the bytes of a file by :func:`replace_file`."""
    return replace_file(target, lambda path: shutil.copyfile(source, path))


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
        By path relative to the folder. ``*.key`` files are left out, because the hash of a
        pseudonym key belongs nowhere, and what :func:`~analysis.file_names.is_clutter` names.
    """
    return {
        spelled(path.relative_to(folder)): sha256(path)
        for path in listed(folder, "**/*")
        if path.suffix != ".key"
    }


def code_hash() -> str:
    """Return one SHA-256 over every file of this package: code, registries, wording, templates."""
    found = [path for path in listed(_PACKAGE, "**/*") if not _GENERATED.intersection(path.parts)]
    return text_hash(_PACKAGE, found)


def package_hash(names: Iterable[str]) -> str:
    """Return one SHA-256 over some rooms and modules of this package."""
    found = []
    for name in names:
        path = _PACKAGE / name
        found += listed(path, "**/*") if path.is_dir() else [path]
    kept = [path for path in found if not _GENERATED.intersection(path.parts)]
    return text_hash(_PACKAGE, kept)


def text_hash(folder: Path, paths: list[Path]) -> str:
    """Return one SHA-256 over files, by their names below a folder.

    Line ends do not count: the same commit, checked out on two systems, has one hash.
    """
    digest = hashlib.sha256()
    for path in paths:
        content = hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def clone() -> Path | None:
    """Return the clone of the repository that this package runs from; None when installed."""
    is_one = (_CHECKOUT / "pyproject.toml").is_file() and (_CHECKOUT / "notebooks").is_dir()
    return _CHECKOUT if is_one else None


def project_root() -> Path:
    """Return the folder that holds ``data/`` and ``reports/``, often ``notebooks/`` too.

    Returns
    -------
    Path
        The environment's ``CRMEVAL_HOME``; else the nearest folder, from the working directory
        upward, that is a clone (``pyproject.toml`` and ``notebooks/``) or, for a package
        installed from a wheel, holds a client (``data/<client>/client.yml``); else the clone
        that the package runs from; else ``crmeval`` in the account's home folder.

    Raises
    ------
    RunError
        When the account has no home folder and none is named.
    """
    if home := os.environ.get("CRMEVAL_HOME"):
        return Path(home).resolve()
    here, installed = Path.cwd(), clone() is None
    for folder in (here, *here.parents):
        if (folder / "pyproject.toml").is_file() and (folder / "notebooks").is_dir():
            return folder
        if installed and any(folder.glob("data/*/client.yml")):
            return folder
    return clone() or account_home() / "crmeval"


def account_home() -> Path:
    """Return the home folder of the account.

    Raises
    ------
    RunError
        Where it has none, as some service accounts and containers.
    """
    try:
        return Path.home()
    except RuntimeError as error:
        raise RunError(
            "This account has no home folder. Correct: name one in HOME; CRMEVAL_HOME names the "
            "folder of clients and reports, privacy.key_file in client.yml the file of the key."
        ) from error


def expanded(path: Path) -> Path:
    """Return a path whose ``~`` is the home folder of the account."""
    if path.parts[:1] == ("~",):
        return account_home().joinpath(*path.parts[1:])
    return path


def shipped(name: str) -> Path:
    """Return a file or folder of the repository that a wheel carries too.

    Parameters
    ----------
    name : str
        Its path in the repository: ``notebooks``, ``docs/client-file.md``, ``data/demo`` …
    """
    return (clone() or _PACKAGE / "shipped") / name


def notebooks_folder(root: Path) -> Path:
    """Return the folder of the notebooks: the project folder's own, else those of the package.

    So data and reports may lie elsewhere, e.g. on an encrypted disk named by ``CRMEVAL_HOME``.
    """
    own = root / "notebooks"
    return own if own.is_dir() else shipped("notebooks")
