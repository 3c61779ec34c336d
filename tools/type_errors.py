"""Count by room the type errors of the modules that ``pyproject.toml`` does not check yet.

Run as ``make types``. The list of these modules may only become shorter.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ERROR = re.compile(r"^analysis[/\\](\w+)[^:]*:\d+: error:", re.MULTILINE)


def by_room(report: str) -> Counter[str]:
    """Return the number of errors by room in what mypy printed."""
    return Counter(ERROR.findall(report))


def main() -> None:
    """Run mypy on the whole package, and print the counts."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    skipped, unchecked = (part["module"] for part in told.pop("overrides"))
    lines = [f"{name} = {','.join(v) if isinstance(v, list) else v}" for name, v in told.items()]
    lines += [f"[mypy-{name}]\nfollow_imports = skip" for name in skipped]
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "mypy.ini"
        config.write_text("\n".join(["[mypy]", *lines]) + "\n", encoding="utf-8")
        asked = [sys.executable, "-m", "mypy", "--config-file", str(config)]
        done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    found = by_room(done.stdout)
    for room, count in found.most_common():
        print(f"{count:5}  {room}")
    print(f"{found.total():5}  in all; {len(unchecked)} lines of pyproject.toml are left")


if __name__ == "__main__":
    main()
