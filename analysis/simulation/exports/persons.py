"""Made-up names and phone numbers, which real exports hold and reports must never show."""

from __future__ import annotations

import numpy as np

CANARIES = (
    ("欧阳喆堃", "19900010001"),
    ("司徒玥旻", "19900010002"),
    ("上官珺玮", "19900010003"),
    ("诸葛煜宸", "19900010004"),
    ("慕容翊翀", "19900010005"),
    ("尉迟昶晟", "19900010006"),
    ("端木祎瑄", "19900010007"),
    ("南宫彧珩", "19900010008"),
    ("皇甫瑾萱", "19900010009"),
    ("令狐澍霖", "19900010010"),
    ("夏侯懿轩", "19900010011"),
    ("东方烨霖", "19900010012"),
    ("长孙韫玉", "19900010013"),
    ("宇文璟雯", "19900010014"),
    ("百里翯然", "19900010015"),
    ("闻人芷汐", "19900010016"),
    ("轩辕昊焱", "19900010017"),
    ("公孙沄溪", "19900010018"),
    ("独孤筠谣", "19900010019"),
    ("赫连琬琰", "19900010020"),
)
"""Twenty made-up people, ten employees and ten customers, to look for where none may be."""

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高"
_GIVEN = (
    *("伟", "芳", "娜", "敏", "静", "强", "磊", "洋", "艳", "勇", "杰", "娟", "涛"),
    *("秀英", "志强", "晓燕", "建国", "丽华", "海波", "玉兰"),
)


def employee(number: int) -> tuple[str, str]:
    """Return name and phone of the employee with a running number from 1."""
    if number <= 10:
        return CANARIES[number - 1]
    return _name(number), f"1990002{number % 10_000:04d}"


def employees(ids: np.ndarray | list) -> list[tuple[str, str]]:
    """Return name and phone by employee id such as ``E00017``; blanks for a missing id."""
    return [("", "") if not isinstance(i, str) else employee(int(i[1:])) for i in ids]


def customers(rows: int, offset: int = 0) -> list[tuple[str, str]]:
    """Return names and phones for customers' rows; the first ten are canaries."""
    return [
        CANARIES[10 + i] if i < 10 else (_name(7 * i + offset), f"1980{(i + offset) % 10**7:07d}")
        for i in range(rows)
    ]


def _name(number: int) -> str:
    surname = _SURNAMES[number % len(_SURNAMES)]
    return surname + _GIVEN[(number // len(_SURNAMES)) % len(_GIVEN)]
