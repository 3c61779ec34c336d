"""What a killed process began to write goes; what others write stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from analysis import files


def test_what_a_dead_process_began_goes(tmp_path, dead_process):
    (tmp_path / "a").mkdir()
    begun = tmp_path / "a" / dead_process("x.csv")
    begun.write_text("half")
    folder = tmp_path / dead_process("canonical")
    folder.mkdir()
    (folder / "staff.parquet").write_text("half")
    link = tmp_path / dead_process("latest")
    link.symlink_to(tmp_path / "a")
    files.clear_unfinished(tmp_path)
    assert [p.name for p in tmp_path.rglob("*")] == ["a"]


def test_below_is_left_when_asked(tmp_path, dead_process):
    (tmp_path / "a").mkdir()
    below, here = tmp_path / "a" / dead_process("x.csv"), tmp_path / dead_process("x.csv")
    below.touch()
    here.touch()
    files.clear_unfinished(tmp_path, below=False)
    assert below.exists()
    assert not here.exists()


@pytest.mark.parametrize("whose", ["own", "living", "machine", "other"])
def test_what_others_write_stays(tmp_path, dead_process, monkeypatch, whose):
    if whose == "own":
        path = files.beside(tmp_path / "x.csv")
    elif whose == "living":
        monkeypatch.setattr(os, "getpid", os.getppid)
        path = files.beside(tmp_path / "x.csv")
        monkeypatch.undo()
    elif whose == "machine":
        name = dead_process("x.csv")
        path = tmp_path / f".{'0' * 4 if name[1:5] != '0' * 4 else '1' * 4}{name[5:]}"
    else:
        path = tmp_path / ".hidden-1-notes.csv"
    path.touch()
    files.clear_unfinished(tmp_path)
    assert path.exists()


def test_links_are_not_followed(tmp_path, dead_process):
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    begun: Path = outside / dead_process("x.csv")
    begun.touch()
    (inside / "linked").symlink_to(outside)
    files.clear_unfinished(inside)
    assert begun.exists()


def test_one_that_is_held_stops_nobody(tmp_path, dead_process, monkeypatch):
    held, free = sorted(tmp_path / dead_process("x.csv") for _ in range(2))
    held.touch()
    free.touch()
    real = Path.unlink

    def unlink(path, **options):
        if path == held:
            raise PermissionError(13, "held", str(path))
        real(path, **options)

    monkeypatch.setattr(Path, "unlink", unlink)
    monkeypatch.setattr(files.time, "sleep", lambda _: None)
    files.clear_unfinished(tmp_path)
    assert held.exists()
    assert not free.exists()
