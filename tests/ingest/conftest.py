from __future__ import annotations

from pathlib import Path

import pytest

from analysis import client as clients
from analysis import ingest
from analysis.errors import InputError


class Bench:
    """A client's folder in a temporary place: files are put, the client file is written."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "data" / "acme"
        self.raw = self.folder / "raw"
        self.raw.mkdir(parents=True)

    def put(self, name: str, text: str, encoding: str = "utf-8") -> Path:
        path = self.raw / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode(encoding))
        return path

    def client(self, text: str, **head: object) -> clients.Client:
        simulated = str(head.get("simulated", True)).lower()
        key = head.get("privacy", "{demo_key: not-a-secret-at-all}")
        whole = (
            "client: {id: acme, name: {zh_CN: 测试物业, en: Acme}, "
            f"timezone: Asia/Shanghai, simulated: {simulated}}}\n"
            f"period: {{first: 2024-01, last: 2024-12}}\nprivacy: {key}\n{text}"
        )
        path = self.folder / "client.yml"
        path.write_text(whole, encoding="utf-8")
        return clients.load(path)

    def tree(self) -> dict[str, bytes]:
        return {
            str(p.relative_to(self.root)): p.read_bytes()
            for p in sorted(self.root.rglob("*"))
            if p.is_file()
        }


@pytest.fixture
def bench(tmp_path, monkeypatch) -> Bench:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return Bench(tmp_path)


@pytest.fixture(autouse=True)
def told_first(monkeypatch):
    """Hold that whatever an import refuses was told by the check, word for word and before it."""
    done = ingest.ingest

    def checked(client, folder, **how):
        try:
            return done(client, folder, **how)
        except InputError as error:
            refused = [str(fault) for fault in error.faults]
            if how.get("horizon") is None:
                told = [str(fault) for fault in ingest.check(client) if fault.blocking]
                assert sorted(told) == sorted(refused)
            raise

    monkeypatch.setattr(ingest, "ingest", checked)
