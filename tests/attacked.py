"""A client whose files are attacked, and its commands."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

from click.testing import CliRunner

from analysis import cli

HEAD = """
client: {id: acme, name: {zh_CN: 测试物业, en: Acme}, simulated: true}
period: {first: 2023-01, last: 2024-12}
privacy: {demo_key: not-a-secret-at-all}
"""


class Home:
    """A project folder with one client, whose files are put and whose commands are called."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "data" / "acme"
        self.raw = self.folder / "raw"
        self.raw.mkdir(parents=True)

    def put(self, name: str, content: str | bytes) -> Path:
        path = self.raw / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def write(self, sources: str, head: str = HEAD) -> None:
        (self.folder / "client.yml").write_text(head + sources, encoding="utf-8")

    def call(self, *arguments: str, **options):
        """Call a command; what is raised past it fails the test."""
        done = CliRunner().invoke(cli.main, ["--lang", "en", *arguments], **options)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert "Traceback" not in done.output
        return done

    def check(self):
        """Call ``check``; anything unforeseen fails the test."""
        done = self.call("check", "acme")
        assert "unforeseen" not in done.output, done.output
        return done

    def rules(self) -> list[str]:
        return re.findall(r"\((\w+)\)$", self.check().output, re.M)


def repacked(workbook: bytes, change) -> bytes:
    """Return a zip archive with each part changed: ``change(name, content)``, None drops it."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if (content := change(name, old.read(name))) is not None:
                new.writestr(name, content)
    return out.getvalue()
