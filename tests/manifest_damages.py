"""Ways in which a run's manifest may be unreadable."""

from __future__ import annotations

import json
import os

from analysis import manifest


def keep(text):
    return lambda path: path.write_text(text, encoding="utf-8")


def change(**changes):
    def damage(path):
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return damage


def be_a_folder(path):
    path.unlink()
    path.mkdir()


def lead_nowhere(path):
    path.unlink()
    os.symlink("nowhere", path)


DAMAGES = {
    "empty": keep(""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:200]),
    "zeros": lambda path: path.write_bytes(b"\0" * 512),
    "other encoding": lambda path: path.write_bytes('{"client": "物业"}'.encode("gbk")),
    "a list": keep("[]"),
    "nothing": keep("null"),
    "deep": keep("[" * 100_000),
    "steps of another kind": change(steps=[1, 2]),
    "a step of another kind": change(steps={"design": "done"}),
    "a state nobody knows": change(state="finished"),
    "inputs of another kind": change(inputs="raw"),
    "a folder": be_a_folder,
    "a link to nothing": lead_nowhere,
    "newer": change(format=manifest.FORMAT + 1),
}
