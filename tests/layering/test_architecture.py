"""The architecture page is held against the imports."""

import ast
import re
from collections import defaultdict
from pathlib import Path

from test_layers import LAYER, modules, room_of, rooms_imported

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)


def drawn(section):
    """Return the rooms of a section of the page, with what each imports."""
    part = PAGE.split(f"## {section}\n")[1].split("\n## ")[0]
    return {room: set(re.findall(r"`(\w+)`", imports)) for room, imports in ROW.findall(part)}


def found():
    arrows = defaultdict(set)
    for path in modules():
        room = room_of(path)
        if room != "__init__":
            arrows[room] |= set(rooms_imported(ast.parse(path.read_text(encoding="utf-8")))) - {
                room
            }
    return arrows


def test_every_room_and_arrow_is_on_the_page():
    rooms, ground, arrows = drawn("Rooms"), drawn("Ground"), found()
    assert set(rooms) | set(ground) == set(LAYER)
    assert rooms == {room: arrows[room] - set(ground) for room in rooms}
    assert ground == {room: arrows[room] for room in ground}


def test_rooms_stand_in_the_order_of_the_data():
    for section in ("Rooms", "Ground"):
        layers = [LAYER[room] for room in drawn(section)]
        assert layers == sorted(layers)


def test_the_way_of_one_answer_names_what_is_there():
    named = re.findall(r"`(analysis/[\w/.]+)`", PAGE)
    assert len(named) > 8
    assert [name for name in named if not (ROOT / name).exists()] == []
