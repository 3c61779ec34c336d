"""People's names and identifiers are hidden in text that comes from a client's files.

Cells of the exports are screened at the import. Names of files, sheets, modules, sessions and
events, owners, approvers and notes are shown as people wrote them: in them, names that the exports
hold in dropped columns, and whatever looks like a direct identifier, are hidden here, before they
reach a page or a workbook.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from analysis.ingest.identifiers_seen import without_identifiers
from analysis.ingest.known_people import FILE_NAME, token

ROLES = frozenset({"owner", "approved_by", "decided_by", "owners"})
"""Columns and parameters that should name a role, and name a person in some exports."""

_HAN = re.compile(r"[\u3400-\u9fff·]{2,}")
_DOUBLE = (
    "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "令狐",
    "慕容", "端木", "夏侯", "司徒", "南宫", "司空", "闻人", "澹台", "濮阳",
    "淳于", "申屠", "轩辕", "宇文", "长孙", "鲜于", "呼延", "钟离", "独孤",
    "百里", "东郭", "西门", "赫连", "公冶", "太叔", "万俟",
)  # fmt: skip
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚"
    "沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔汤康常温"
    "欧尤施牛章鲁葛殷翟庞聂邢安齐申"
)
_ROLE = re.compile(
    r"[部组员师长岗队处办科室]$|经理|主管|总监|中心|公司|客服|管家|工程|负责|团队|小组|人员|全体|项目|物业|培训|运营|"
    r"委员|领导|助理|专员|顾问|讲师|前台|保安|保洁"
)


@dataclass(frozen=True, slots=True, eq=False)
class Screen:
    """What hides people in texts: hashes of names by their key, and their lengths.

    Screens are told apart as objects: what one hid is remembered by it, and to compare thousands
    of names would take longer than to hide one.
    """

    salt: bytes = b""
    lengths: tuple[int, ...] = ()
    names: frozenset[str] = frozenset()

    def hides(self, text: str) -> str:
        """Return a text without people."""
        shown = without_identifiers(text)
        if not self.names:
            return shown
        return _HAN.sub(lambda run: self._without_names(run[0]), shown)

    def _without_names(self, run: str) -> str:
        place = 0
        while place < len(run):
            for length in reversed(self.lengths):
                name = run[place : place + length]
                if len(name) == length and token(self.salt, name) in self.names:
                    run = run[:place] + _masked(name) + run[place + length :]
                    break
            place += 1
        return run


_SHAPES = Screen()
_IN_FORCE: ContextVar[Screen] = ContextVar("screen", default=_SHAPES)


@contextmanager
def using(screen: Screen | None) -> Iterator[None]:
    """Let a run's screen be in force for what is shown within a ``with`` block."""
    held = _IN_FORCE.set(_IN_FORCE.get() if screen is None else screen)
    try:
        yield
    finally:
        _IN_FORCE.reset(held)


def load(run_dir: Path) -> Screen:
    """Return the screen of a run folder; one of shapes alone where it has no list of names."""
    path = Path(run_dir) / "canonical" / FILE_NAME
    try:
        body = json.loads(path.read_bytes())
        names = frozenset(body["names"])
        return Screen(bytes.fromhex(body["salt"]), tuple(map(int, body["lengths"])), names)
    except (OSError, ValueError, KeyError, TypeError):
        return Screen()  # a run of an earlier version, or one that looked at nothing


def in_force() -> str:
    """Return a hash of what hides people now."""
    return _hash_of(_IN_FORCE.get())


@lru_cache(maxsize=4)
def _hash_of(screen: Screen) -> str:
    told = repr((screen.salt, screen.lengths, sorted(screen.names)))
    return hashlib.sha256(told.encode()).hexdigest()


def hidden(text: str, *, role: bool = False) -> str:
    """Return a text of a client's files without people.

    Parameters
    ----------
    text : str
        As it was written.
    role : bool
        Whether it should name a role: what looks like a person's name is then hidden, whoever
        it is.

    Examples
    --------
    >>> hidden("工单_13800138000.xlsx"), hidden("王小明", role=True), hidden("客服主管", role=True)
    ('工单_▇▇▇.xlsx', '王某', '客服主管')
    """
    return _hidden(_IN_FORCE.get(), text, role)


@lru_cache(maxsize=20_000)
def _hidden(screen: Screen, text: str, role: bool) -> str:
    shown = screen.hides(text)
    if not role:
        return shown
    return re.sub(r"[^、，,;；/ ]+", lambda part: _role(part[0]), shown)


def _role(text: str) -> str:
    named = text.startswith(_DOUBLE) or text[:1] in _SURNAMES
    is_name = named and 2 <= len(text) <= 4 and _HAN.fullmatch(text) and not _ROLE.search(text)
    return _masked(text) if is_name else text


def _masked(name: str) -> str:
    return f"{name[:2] if name.startswith(_DOUBLE) else name[:1]}某"
