"""Run folders of a client: naming them, pointing at the newest complete one, one run at a time."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from analysis import manifest, wording
from analysis.errors import RunError, StoredFileError
from analysis.files import beside, clear_unfinished, move, remove, write_text
from analysis.ingest.receipts import FOLDER as PURGED
from analysis.newest import LINK, POINTER

_INDEX = "index.html"
LOCK = ".lock"


def new_run_id() -> str:
    """Return a run identifier; later ones sort after earlier ones."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"[:-3] + f"-{secrets.token_hex(2)}"


def point_latest(reports: Path, run_id: str) -> None:
    """Let ``latest`` point at a run, in one step that cannot be seen half done.

    Where the system refuses links, as Windows does to most accounts, ``latest.txt`` names the
    run, and ``latest/index.html`` is a page that leads to its reports.
    """
    link, pointer = reports / LINK, reports / POINTER
    linked = beside(link)
    try:
        linked.symlink_to(run_id, target_is_directory=True)
    except OSError:  # no symbolic links on this file system, or no right to make them
        write_text(pointer, run_id + "\n")
        if link.is_symlink():
            link.unlink()
        write_text(link / _INDEX, _leading_page(f"../{run_id}/{_INDEX}"))
        return
    if link.is_dir() and not link.is_symlink():
        _clear(link)
    move(linked, link)
    remove(pointer)


def _clear(folder: Path) -> None:
    """Make way for the link; a run that was copied to its place goes back to its own name."""
    if os.path.lexists(folder / manifest.FILE_NAME):
        with contextlib.suppress(StoredFileError):
            own = folder.parent / manifest.load(folder).run_id
            if own != folder and not os.path.lexists(own):
                move(folder, own)
                return
    remove(folder)


def _leading_page(target: str) -> str:
    """Return a page that opens another one at once, and offers a link where that is forbidden."""
    titles = [wording.text("report.title", language) for language in wording.LANGUAGES]
    return (
        '<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
        f'<meta http-equiv="refresh" content="0; url={target}">'
        f'<title>{escape(titles[0])}</title></head>\n<body><p><a href="{target}">'
        f"{escape(' · '.join(titles))}</a></p></body></html>\n"
    )


@contextlib.contextmanager
def only_one_run(reports: Path) -> Iterator[None]:
    """Hold the client's lock; the system frees it when this process ends, however it ends.

    What killed commands had begun to write for this client is removed first.

    Raises
    ------
    RunError
        When another living process runs this client; its process id is named.
    """
    reports.mkdir(parents=True, exist_ok=True)
    with open(reports / LOCK, "a+", encoding="utf-8") as handle:
        try:
            _lock(handle.fileno())
        except OSError:
            handle.seek(0)
            holder = handle.read().strip() or "unknown"
            raise RunError(
                f"Client {reports.name} is being run by process {holder}; wait for it to end."
            ) from None
        handle.seek(0)
        handle.truncate()
        handle.write(f"{os.getpid()}\n")
        handle.flush()
        root = reports.parents[1]
        clear_unfinished(reports, root / "data" / reports.name)
        clear_unfinished(root / "data", root / "reports", root / "reports" / PURGED, below=False)
        yield


if os.name == "posix":
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

else:
    import msvcrt

    def _lock(descriptor: int) -> None:
        # Far beyond the text, which stays readable for others.
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
