"""The one place where what nobody foresaw becomes one line, and a file for whoever mends it."""

from __future__ import annotations

import datetime as dt
import os
import platform
import secrets
import tempfile
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from traceback import format_exception

from analysis.errors import EvaluationError

_LONGEST = 300
_HEAD = (
    "Something happened that this program does not foresee.\n"
    "Whoever maintains it can find the cause with this file. It holds no rows of your exports,\n"
    "but the last line may quote a value or a file name: read it before you pass it on.\n"
)


def foreseen(error: BaseException) -> bool:
    """Whether an error is one that this project or the system explains in a sentence of its own."""
    return isinstance(error, EvaluationError | OSError | KeyboardInterrupt | SystemExit)


def in_one_line(error: BaseException) -> str:
    """Return kind and first line of an error, without what a terminal would act on."""
    first = next((line for line in str(error).splitlines() if line.strip()), "")
    said = f"{type(error).__name__}: {first.strip()}" if first else type(error).__name__
    plain = "".join(sign if sign.isprintable() else "\ufffd" for sign in said)
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}…"


def keep(error: BaseException, root: Path | None, doing: str) -> Path:
    """Write what is needed to find the cause of an error, readable by its owner only.

    Parameters
    ----------
    error : BaseException
        The cause, with its traceback.
    root : Path or None
        Project folder: the file goes to ``reports/`` below it, or to the system's folder of
        temporary files where that cannot be written or there is none.
    doing : str
        The command or step, e.g. ``check acme``.

    Returns
    -------
    Path
        The file.
    """
    now = dt.datetime.now(dt.UTC)
    lines = (
        _HEAD,
        f"when: {now:%Y-%m-%d %H:%M:%S} UTC",
        f"doing: {doing}",
        f"version: {metadata.version('crmeval')}",
        f"system: Python {platform.python_version()}, {platform.platform()}",
        "",
        "".join(format_exception(error)),
    )
    text = "\n".join(lines).encode("utf-8", errors="backslashreplace")
    name = f"unexpected-{now:%Y%m%dT%H%M%S}-{secrets.token_hex(2)}.txt"
    if root is not None:
        with suppress(OSError):
            (root / "reports").mkdir(parents=True, exist_ok=True)
            return _write(root / "reports" / name, text)
    return _write(Path(tempfile.gettempdir()) / name, text)


def _write(path: Path, text: bytes) -> Path:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(text)
    return path
