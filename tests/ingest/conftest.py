from __future__ import annotations

import os
import shutil
import socket
import time
from pathlib import Path

import pytest
from stand_ins_of_servers import Throwaway

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


class PostgresServer:
    """A throw-away PostgreSQL server on loopback, with a user who may only read."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"postgres://127.0.0.1:{port}/crm"

    def owner(self, database: str = "crm"):
        import psycopg

        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="owner", password="owner-pass",
            dbname=database, autocommit=True,
        )  # fmt: skip

    def fresh(self):
        """Return a connection of the owner to a database without tables."""
        with self.owner("postgres") as connection:
            connection.execute("DROP DATABASE IF EXISTS crm WITH (FORCE)")
            connection.execute("CREATE DATABASE crm")
        return self.owner()


@pytest.fixture(scope="session")
def postgres_server():
    psycopg = pytest.importorskip("psycopg", reason="needs the postgres extra")
    found = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")))
    found = found or [path for path in [shutil.which("initdb")] if path]
    if not found or os.name != "posix":
        pytest.skip("needs PostgreSQL's own programs: apt-get install postgresql")
    programs = Path(found[-1]).parent
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server = PostgresServer(probe.getsockname()[1])
    with Throwaway("postgres") as place:
        data = place.folder / "data"
        password = place.write("password", "owner-pass")
        place.run(programs / "initdb", "-D", data, "-U", "owner", "--pwfile", password,
                  "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync")  # fmt: skip
        place.start(programs / "postgres", "-D", data, "-p", server.port, "-k", place.folder, "-F",
                    "-c", "listen_addresses=127.0.0.1")  # fmt: skip
        for _ in range(100):
            try:
                with server.owner("postgres") as connection:
                    connection.execute("CREATE ROLE reader LOGIN PASSWORD 'reader-pass'")
                break
            except psycopg.OperationalError:
                place.still_running()
                time.sleep(0.2)
        yield server


@pytest.fixture
def postgres(postgres_server, monkeypatch):
    """The server, with the reader's credentials in the environment."""
    monkeypatch.setenv("CRMEVAL_DB_USER", "reader")
    monkeypatch.setenv("CRMEVAL_DB_PASSWORD", "reader-pass")
    return postgres_server
