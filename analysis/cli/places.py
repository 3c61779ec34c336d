"""Where the project is, and what of its kept runs cannot be read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from analysis.cli.voice import Voice


def tell_home(voice: Voice) -> Path:
    """Name the project folder where it is not the clone one works in, and warn of a long path."""
    from analysis.file_names import LONGEST_HOME
    from analysis.files import clone, project_root

    root = project_root()
    if clone() is None:
        voice.say("home.used", err=True, path=root)
    if os.name == "nt" and len(str(root)) > LONGEST_HOME:
        length = len(str(root))
        voice.say("home.long", err=True, path=root, length=length, longest=LONGEST_HOME)
    return root


def tell_damaged_history(voice: Voice, client: str) -> None:
    """Name the kept alerts of earlier runs that cannot be read."""
    from analysis import history
    from analysis.files import project_root

    for error in history.damaged(project_root(), client):
        voice.say("status.history_damaged", err=True, path=error.path)


def tell_unreadable(voice: Voice, found: Any) -> None:
    """Name the runs that are passed over because their manifest cannot be read."""
    for error in found.unreadable:
        key = "newer" if error.newer else "damaged"
        voice.say(f"status.{key}", err=True, client=found.client, path=error.path)
