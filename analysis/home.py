"""A folder of clients and reports that is not a clone: what the package puts there."""

from __future__ import annotations

from pathlib import Path

from analysis.files import clone, copy_file, sha256, shipped, write_text


def put_manual(root: Path) -> None:
    """Put ``docs/client-file.md`` there for a package installed from a wheel, without a clone."""
    if clone() is None:
        _put(root, "docs/client-file.md")


def put_demo(root: Path) -> None:
    """Put the client file of the simulated client there; a clone has it already."""
    _put(root, "data/demo/client.yml")


def _put(root: Path, name: str) -> None:
    source, target = shipped(name), root / name
    stamp = target.with_name(f".{target.name}.shipped")
    new = sha256(source)
    if target.is_file():
        # One that was changed by hand, or belongs to another clone, stays as it is.
        untouched = stamp.is_file() and stamp.read_text(encoding="utf-8") == sha256(target)
        if not untouched or sha256(target) == new:
            return
    copy_file(source, target)
    write_text(stamp, new)
