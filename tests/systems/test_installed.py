"""The package from a wheel, without a clone: what is inside, and where it writes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from small_client import NAME, write_client

pytest.importorskip("hatchling", reason="wheels are built by hatchling")


@pytest.fixture(scope="module")
def wheel(project_root, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=project_root, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The wheel's files in a folder of their own, which Python finds before the clone."""
    folder = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def contents(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def crmeval(installed, folder, home, *arguments):
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("CRMEVAL_")
    }
    environment |= {
        "PYTHONPATH": str(installed),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(home),
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", "analysis.cli", "--lang", "en", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_a_wheel_holds_what_a_run_needs_and_no_client(project_root, wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    notebooks = {
        path.relative_to(project_root).as_posix()
        for path in (project_root / "notebooks").rglob("*.ipynb")
        if ".ipynb_checkpoints" not in path.parts
    }
    needed = {*notebooks, "data/demo/client.yml", "docs/client-file.md"}
    assert {
        name.removeprefix("analysis/shipped/") for name in names if "/shipped/" in name
    } == needed
    assert "analysis/wording/cli.yml" in names
    assert not [
        name for name in names if "/raw/" in name or "/locks/" in name or "reports/" in name
    ]


def test_clients_lie_in_the_home_folder_and_are_named(installed, tmp_path):
    home, empty = tmp_path / "家", tmp_path / "empty"
    for folder in (home, empty):
        folder.mkdir()
    export = tmp_path / "工单.csv"
    export.write_text("项目,户数\nP1,3\n", encoding="utf-8")
    before = contents(installed)
    done = crmeval(installed, empty, home, "new", "acme", str(export))
    assert done.returncode == 0, done.stderr
    assert f"Clients and reports are kept in {home / 'crmeval'} " in done.stderr
    assert {"data/acme/client.yml", "data/acme/raw/工单.csv", "docs/client-file.md"} <= contents(
        home / "crmeval"
    )
    assert contents(empty) == set()
    assert contents(installed) == before


@pytest.mark.slow
def test_the_working_folder_is_used_where_it_holds_a_client(installed, tmp_path):
    client = write_client(tmp_path / "projects")
    (client.root / "notebooks").unlink()
    home = tmp_path / "home"
    home.mkdir()
    before = contents(installed)
    (client.root / "data" / NAME / "notes").mkdir()
    ran = crmeval(
        installed, client.root / "data" / NAME / "notes", home, "run", NAME, "--stage", "design"
    )
    assert ran.returncode == 0, ran.stderr
    assert f"Clients and reports are kept in {client.root} " in ran.stderr
    assert list(client.reports.glob("2*/notebooks/00_design.ipynb"))
    assert contents(installed) == before
    assert not (home / "crmeval").exists()


def test_the_demo_is_ready_in_any_folder_and_kept_when_changed(tmp_path, project_root):
    from analysis import home

    made = tmp_path / "data" / "demo" / "client.yml"
    shipped = project_root / "data" / "demo" / "client.yml"
    home.put_demo(tmp_path)
    assert made.read_bytes() == shipped.read_bytes()
    # An older version that nobody touched gives way to the newer one.
    from analysis.files import sha256, write_text

    made.write_text("older", encoding="utf-8")
    write_text(made.with_name(".client.yml.shipped"), sha256(made))
    home.put_demo(tmp_path)
    assert made.read_bytes() == shipped.read_bytes()
    made.write_text("mine", encoding="utf-8")
    home.put_demo(tmp_path)
    assert made.read_text(encoding="utf-8") == "mine"
    shutil.rmtree(tmp_path / "data")
