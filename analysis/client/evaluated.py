"""Which of a client's files numbers come from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from analysis.client.chapters import FOLDER
from analysis.client.lines import read_yaml
from analysis.errors import InputError
from analysis.files import expanded

_CLIENT_FILE = "client.yml"
_LOOKS = ("docx", "pptx", "logo")
_REPORT = re.compile(r"^report:.*\n?(?:(?:[ \t#].*)?\n)*(?:[ \t#].*)?", re.MULTILINE)


def evaluated(folder: Path, inputs: Mapping[str, str]) -> dict[str, str]:
    """Return the hashes of what is evaluated, without what only changes how reports look.

    The client's own chapters, its templates and logo, and ``report`` in its client file are left
    out. The lines of the other keys count: what is evaluated remembers where it stood.

    Parameters
    ----------
    folder : Path
        The client's folder.
    inputs : Mapping[str, str]
        Hashes of its files, by path relative to it.
    """
    path = folder / _CLIENT_FILE
    try:
        raw, _ = read_yaml(path, path.name)
    except InputError:
        return dict(inputs)  # a client file with faults is told with the exports
    said = raw.get("report") if isinstance(raw, dict) else None
    looks = {str(said[k]) for k in _LOOKS if said.get(k)} if isinstance(said, dict) else set()
    files = {(folder / expanded(Path(name))).resolve() for name in looks}
    found = {
        name: digest
        for name, digest in inputs.items()
        if not name.startswith(f"{FOLDER}/") and (folder / name).resolve() not in files
    }
    text = path.read_text(encoding="utf-8-sig")
    kept = _REPORT.sub(lambda block: "\n" * block[0].count("\n"), text).rstrip()
    found[_CLIENT_FILE] = hashlib.sha256(kept.encode()).hexdigest()
    return found
