"""While a report is written, its functions find what the notebooks of the run kept."""

import importlib

from analysis import memory, wording
from analysis.memory import Read, Store

build = importlib.import_module("analysis.report.build")


def test_the_store_of_a_run_is_in_force_as_long_as_its_report_is_written(tmp_path, monkeypatch):
    read = Read(
        reading=wording.reading,
        entries_hash=wording.entries_hash,
        note=wording.note_read,
        ambient=lambda: "",
    )
    store = Store(folder=tmp_path / "remembered", run="first", anew=False, read=read)
    seen = []

    def part(run):
        seen.append(list(memory._in_force))
        return {}

    monkeypatch.setattr(build, "PARTS", (part,))
    folder = tmp_path / "client" / "run"
    folder.mkdir(parents=True)
    build.build(folder, store=store)
    build.build(folder)
    assert seen == [[store], []]
    assert not memory._in_force
