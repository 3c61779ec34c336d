"""A folder of its own for a server that one test starts, under a user who may own nothing else."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path


class Throwaway:
    """Runs a server's programs in a temporary folder, and removes both at the end.

    Servers refuse to run as root, and nobody else enters pytest's own folders.
    """

    def __init__(self, name: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"crmeval-{name}-"))
        self._log = (self.folder / "log").open("wb")
        self._who = {}
        self._running: subprocess.Popen | None = None
        if os.geteuid() == 0:
            self._who = {"user": "nobody", "group": "nogroup", "extra_groups": []}
            shutil.chown(self.folder, "nobody", "nogroup")

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        if self._who:
            shutil.chown(path, "nobody", "nogroup")
        return path

    def run(self, *command: object) -> None:
        subprocess.run([str(part) for part in command], check=True, **self._how())

    def start(self, *command: object) -> None:
        self._running = subprocess.Popen([str(part) for part in command], **self._how())

    def still_running(self) -> None:
        assert self._running.poll() is None, (self.folder / "log").read_text(errors="replace")

    def _how(self) -> dict:
        said = {"stdout": self._log, "stderr": subprocess.STDOUT}
        return {"cwd": self.folder, **said, **self._who}

    def __enter__(self) -> Throwaway:
        return self

    def __exit__(self, *_: object) -> None:
        if self._running is not None:
            self._running.send_signal(signal.SIGTERM)
            try:
                self._running.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self._running.kill()
                self._running.wait()
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
