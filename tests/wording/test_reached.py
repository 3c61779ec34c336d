"""No sentence stands in the catalogue that no code can ask for."""

import ast
import re
from pathlib import Path

import analysis
from analysis import step_files, wording

ROOT = Path(analysis.__file__).parent
HOLE = r"[\w\-]+(?:\.[\w\-]+)*"
BY_NAME = (
    "faults", "faults.example", "faults_reading", "faults_reading.example",
    "conversions", "conversions.dropped", "conversions.reading",
)  # fmt: skip
"""Sections whose sentences are asked for by the name of a rule or of a step of reading."""


def said_in_code():
    """Every text of the package, and every text with holes as its parts, holes as None."""
    texts, parts = set(), set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts.add(
                    tuple(v.value if isinstance(v, ast.Constant) else None for v in node.values)
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
    for path in ROOT.rglob("*.yml"):
        if "wording" not in path.parts and not path.name.endswith(".step.yml"):
            texts |= words_of(path.read_text(encoding="utf-8"))
    views = step_files.read().views
    return texts | words_of(str(views)) | room_columns(views), parts


def words_of(text):
    words = re.findall(r"[\w.\-:]+", text)
    return {word.rstrip(":") for word in words} | {word.partition(":")[2] for word in words}


def room_columns(views):
    """Names of the columns whose heading is that of the room."""
    return {
        column
        for view in views.values()
        for column, how in view.get("columns", {}).items()
        if isinstance(how, str)
    }


def unreached(keys):
    """The keys that nothing asks for: whole, by their beginning, or by a name within a section."""
    texts, parts = said_in_code()
    begun, named, columns, ends = [], [], [], set()
    for words in parts:
        pattern = "".join(HOLE if word is None else re.escape(word) for word in words)
        if words[0] and re.match(r"[a-z_]+\.", words[0]):
            begun.append(re.compile(pattern))
        elif (words[0] and re.fullmatch(r"[a-z_]+_", words[0])) or words == (None, "_key"):
            named.append(re.compile(pattern.replace(HOLE, r"\w+")))
        elif len(words) == 3 and not (words[0] or words[2]) and re.fullmatch(r"\.\w+\.", words[1]):
            columns.append(words[1])
        elif len(words) == 2 and not words[0] and re.fullmatch(r"(\.\w+)+|_\w+", words[1] or ""):
            ends.add(words[1])

    def reached(key, depth=0):
        if key in texts or any(pattern.fullmatch(key) for pattern in begun):
            return True
        head, _, last = key.rpartition(".")
        known = last in texts or any(pattern.fullmatch(last) for pattern in named)
        if known and (head in BY_NAME or any(middle in key for middle in columns)):
            return True
        while "." in head:
            if head in texts:
                return True
            head = head.rpartition(".")[0]
        return depth < 2 and any(
            key.endswith(e) and reached(key[: -len(e)], depth + 1) for e in ends
        )

    return [key for key in keys if not reached(key)]


def test_every_sentence_is_reached():
    usual = {key.partition("@")[0] for key in wording.keys("en")}
    assert unreached(sorted(usual)) == []


def test_a_sentence_that_nothing_asks_for_is_found():
    planted = ["design.section.calendar", "faults.no_such_rule", "measurement.caption.balance"]
    assert unreached(planted) == planted
