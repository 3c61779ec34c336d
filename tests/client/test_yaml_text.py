"""What libyaml reads for us is what ruamel.yaml would have read, lines and errors included."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from analysis.client import yaml_text
from analysis.client.lines import Lines, plain, read_yaml
from analysis.errors import InputError

ODD = (
    "",
    "# nothing but a comment\n",
    "a: yes\nb: on\nc: No\nd: true\ne: False\nf: ~\ng:\nh: null\n",
    "a: 010\nb: 0o10\nc: 0x1F\nd: 1_000\ne: 12:30:45\n"
    "f: +5\ng: -0\nh: 1e3\ni: .5\nj: 5.\nk: .inf\n",
    "a: 2024-02-29\nb: 2024-2-9\nc: 2024-02-29T10:00:00\nd: '2024-02-29'\ne: 2024-02\n",
    "a: 2024-02-30\n",
    "2024-01-01: x\n1: y\ntrue: z\n",
    "1: x\ntrue: y\n",
    "a: 1\na: 2\n",
    "a: &one {b: 1}\nc: *one\n<<: *one\n",
    "a: !!str 5\nb: !own [1]\n",
    "a: >\n  folded\n  text\n\n  more\nb: |-\n  kept\n   as is\nc: plain\n  over lines\n",
    "a: 'it''s'\nb: \"tab\\t\\u4e2d\"\nc: 'two\n  lines'\n",
    "- 1\n- - 2\n  - 3\n-\n- a: 1\n  b:\n  - x\n",
    "{a: [1, two, {b: 3}], c: d}\n",
    "[a, b",
    "a: b: c\n",
    "a:\n\t- 1\n",
    "a: 1\n  b: 2\n",
    "? a\n: b\n? [x, y]\n: c\n",
    "--- 1\n--- 2\n",
    "%YAML 1.1\n---\na: yes\n",
    "a: @x\n",
    "a: =\nb: <<\nc: '<<'\n",
    "a: x\u2028y\nb: x\u0085y\n",
    "a: 项目：一  # 注\nb: “x”\n",
    "- " * 70 + "1\n",
    "|#",
    "a: >#\n",
    '>\n\n#"',
)


def _outcome(read, text):
    """Return what a reader makes of a text: content and lines, or the error's words."""
    try:
        found = read(text)
        return repr(plain(found)), {
            repr(path): Lines(found).line_of(path) for path in _paths(found)
        }
    except (YAMLError, ValueError) as error:
        return type(error), str(error)


def _paths(node, path=()):
    yield path
    items = node.items() if isinstance(node, dict) else ()
    items = enumerate(node) if isinstance(node, list) else items
    for name, child in items:
        yield from _paths(child, (*path, name))


def _like_ruamel(text):
    assert _outcome(yaml_text.load_with_lines, text) == _outcome(YAML(typ="rt").load, text)


@pytest.mark.parametrize("text", ODD)
def test_odd_texts(text):
    _like_ruamel(text)


PIECES = ("a", "b: ", "- ", "\n", "  ", "'", '"', ": ", "1", "0", ".", "-", "[", "]", "{", "}", ",",
          "true", "no", "~", "#", " # ", "&", "*a", "!", "|", ">", "?", "中", "\t", "2024-01-01",
          "<<", "=", "%", "\n\n", "\r\n", "\u2028", ":")  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_random_texts(text):
    _like_ruamel(text)


@pytest.mark.parametrize("text", ["\n\n| # ", ": #x\u2028~?\n\n}", "?\n\n?  - !: : # : &0"])
def test_what_ruamel_stumbles_over_is_a_fault_of_the_file(text, tmp_path):
    (tmp_path / "client.yml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_yaml(tmp_path / "client.yml", "client.yml")
    assert caught.value.faults[0].rule == "client_yaml"


def test_the_demo_is_read_by_libyaml_alone(project_root, monkeypatch):
    text = (project_root / "data" / "demo" / "client.yml").read_text(encoding="utf-8")
    _like_ruamel(text)

    def forbidden(**_):
        raise AssertionError("left to ruamel.yaml")

    monkeypatch.setattr(yaml_text, "YAML", forbidden)
    assert plain(yaml_text.load_with_lines(text))["client"]["id"] == "demo"
