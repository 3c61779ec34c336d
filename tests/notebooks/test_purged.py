"""A person is purged from a whole run: a search of everything finds nothing but the receipt."""

from __future__ import annotations

import shutil
from collections import Counter

import pandas as pd
from searching import files_with

from analysis import client as clients
from analysis.ingest import person, receipts
from analysis.pipeline import purge_person


def test_a_lecturer_whom_alerts_name_is_gone_everywhere(finished, tmp_path, monkeypatch):
    root = tmp_path / "copy"
    shutil.copytree(finished.client.root, root, symlinks=True)
    monkeypatch.setenv("CRMEVAL_HOME", str(root))
    monkeypatch.setenv("HOME", str(tmp_path / "account"))
    client = clients.load("acme", root)
    key = person.key_to_look(client)
    raw = pd.read_csv(client.raw_folder / "培训" / "课程评价.csv", dtype=str, encoding="gb18030")
    named = Counter()
    for typed in raw["讲师编号"].unique():
        pseudonym = key.one(typed, "person")
        named[typed] = len(files_with(root / "reports", [pseudonym]))
    (typed, files), *_ = named.most_common()
    assert files > 10
    pseudonym = key.one(typed, "person")
    path, receipt = purge_person("acme", typed, root=root)
    assert receipt.state == "complete", receipt.by_hand
    assert files_with(root, [pseudonym]) == {str(path.relative_to(root)): {pseudonym}}
    assert files_with(client.raw_folder, [typed]) == {}
    assert receipts.kept(root, "acme")[0][1].list_id
    again = person.find_person(client, typed)
    assert again.everywhere
    assert again.kept == ()
