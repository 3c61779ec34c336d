"""Recognising direct identifiers of people in cells and texts, by shape and check digit.

Telephone numbers are judged by the numbering plan (phonenumbers), identity and card numbers by
their check digits and region codes (python-stdnum), network addresses by the standard library.
How much is found and how often something harmless is taken for a person is measured by
``benchmarks/identifiers.py``.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache

HIDDEN = "▇▇▇"
"""Stands where an identifier stood."""

_GAP = r"[ \u00a0.·\-]?"
_OPEN = r"(?<![0-9A-Za-z_.])"
_SHUT = r"(?![0-9A-Za-z_]|\.\d)"
_HEX = re.compile(
    r"(?<![0-9A-Za-z])(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{12,64}(?![0-9A-Za-z])"
)

_SPACE = r"[ \u00a0-]"
_MOBILE = re.compile(
    rf"(?<![\d.])(?:(?:\+|00)?\(?\+?86\)?{_SPACE}?)?"
    rf"(?:1[3-9]\d{{9}}|1[3-9]\d{_SPACE}\d{{4}}{_SPACE}?\d{{4}}"
    rf"|1[3-9]\d{{2}}{_SPACE}\d{{3,4}}{_SPACE}\d{{3,4}}|1(?:[ ]\d){{10}})(?!\d|\.\d)"
)
_MASKED = re.compile(r"(?<!\d)1[3-9]\d[ -]?[*＊xX•●]{4}[ -]?\d{4}(?!\d)")
_LANDLINE = re.compile(
    rf"{_OPEN}(?:(?:\+|00)86[ -]?\(?0?|[(（]?0)[1-9]\d{{1,2}}[)）]?[ -]?\d{{3,4}}[ -]?\d{{4}}"
    r"(?![\d/:])(?:[ ]?(?:-|转|ext\.?)[ ]?\d{1,5})?(?!\d)"
)
_CARD = re.compile(rf"{_OPEN}(?:\d{_GAP}){{17}}[\dXx]{_SHUT}")
_OLD_CARD = re.compile(rf"{_OPEN}\d{{6}}[ -]?\d{{6}}[ -]?\d{{3}}{_SHUT}")
_BANK = re.compile(
    rf"{_OPEN}(?:62\d{{2}}|\d{{4}}[ -])(?:[ -]?\d{{4}}){{3}}(?:[ -]?\d{{1,3}})?{_SHUT}"
)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.]+")
_IPV4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
_IPV6 = re.compile(
    r"(?<![0-9A-Za-z.])(?<![0-9A-Fa-f]:)(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![0-9A-Za-z:])"
)
_OPENID = re.compile(r"(?<![\w-])o(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[A-Za-z0-9_-]{27}(?![\w-])")
_WECHAT = re.compile(
    r"wxid_[a-z0-9]{6,}|(?:微信|薇信|威信|v信|wechat|weixin|(?<![a-z])(?:vx|wx))[ ]?(?:号|id|账号)?"
    r"[ ]?(?:[:：= ]+|是|为)[ ]?[a-z][a-z0-9_-]{5,19}(?![a-z0-9_-])",
    re.I,
)
_QQ = re.compile(
    r"(?<![a-z])(?:qq|扣扣)(?:号|号码|账号)?(?:[:：= ]*|是|为)[1-9]\d{4,10}(?!\d)", re.I
)
_PASSPORT = re.compile(rf"{_OPEN}(?:[EGPSD]\d{{8}}|E[A-HJ-NP-Z]\d{{7}}|(?:PE|SE|DE)\d{{7}}){_SHUT}")
_PERMIT = re.compile(rf"{_OPEN}(?:[HM]\d{{8}}(?:\d{{2}})?){_SHUT}")
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][ ·•.-]?"
    r"(?=[A-HJ-NP-Z]*\d)[A-HJ-NP-Z0-9]{5,6}(?![0-9A-Za-z座栋号楼单室层])"
)
_PROVINCES = frozenset(
    (11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51,
     52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82, 83, 91)
)  # fmt: skip


def identifier_kind(text: str) -> str | None:
    """Return the kind of direct identifier that stands in a text, None where none does.

    Returns
    -------
    str or None
        ``phone``, ``masked_phone``, ``landline``, ``identity_card``, ``bank_card``, ``email``,
        ``ip_address``, ``messenger_id``, ``passport`` or ``licence_plate``.

    Examples
    --------
    >>> identifier_kind("请致电 +86 138 0013 8000"), identifier_kind("WO20240305001")
    ('phone', None)
    """
    plain = _HEX.sub(" ", unicodedata.normalize("NFKC", text))
    return next((kind for kind, found in _found(plain) if found), None)


def without_identifiers(text: str) -> str:
    """Return a text with :data:`HIDDEN` in the place of every direct identifier."""
    if identifier_kind(text) is None:
        return text
    plain = unicodedata.normalize("NFKC", text)
    hexes = [match.span() for match in _HEX.finditer(plain)]
    spans = [match.span() for match in _MASKED.finditer(plain)]
    for _, pattern, holds in _RULES:
        spans += [match.span() for match in pattern.finditer(plain) if holds(match[0])]
    for start, end in sorted(spans, reverse=True):
        if not any(first <= start and end <= last for first, last in hexes):
            plain = plain[:start] + HIDDEN + plain[end:]
    return plain


def _found(text: str) -> Iterator[tuple[str, bool]]:
    yield "masked_phone", bool(_MASKED.search(text))
    for kind, pattern, holds in _RULES:
        yield kind, any(holds(match[0]) for match in pattern.finditer(text))


def _digits(text: str) -> str:
    return re.sub(r"[^0-9Xx]", "", text).upper()


@cache
def _region(code: str) -> bool:
    """Return whether six digits are the code of a county, as it is or once was."""
    from stdnum.cn import ric
    from stdnum.exceptions import ValidationError

    try:
        place = ric.get_birth_place(f"{code}19900101001X")
    except (ValidationError, KeyError):  # no such code, or one of a province alone
        return False
    return bool(place.get("county"))


def _is_day(text: str, year: str) -> bool:
    try:
        dt.date(int(year), int(text[-4:-2]), int(text[-2:]))
    except ValueError:
        return False
    return True


def _is_card(text: str) -> bool:
    """Return whether 18 digits are an identity number: check digit, or a region and a birthday."""
    from stdnum.cn import ric

    digits = _digits(text)
    if len(digits) != 18 or not _is_day(digits[6:14], digits[6:10]):
        return False
    if int(digits[:2]) not in _PROVINCES or not "1900" <= digits[6:10] <= "2030":
        return False
    try:
        return ric.calc_check_digit(digits) == digits[-1] or (
            digits[6:10] <= "2015" and _region(digits[:6])
        )
    except ValueError:
        return False


def _is_old_card(text: str) -> bool:
    digits = _digits(text)
    if len(digits) != 15 or int(digits[:2]) not in _PROVINCES:
        return False
    return _is_day(digits[6:12], f"19{digits[6:8]}") and _region(digits[:6])


def _is_bank_card(text: str) -> bool:
    from stdnum import luhn

    digits = _digits(text)
    return 16 <= len(digits) <= 19 and luhn.is_valid(digits) and digits[0] in "3456"


def _is_landline(text: str) -> bool:
    if re.match(r"[(（]?0\d{2,3}[)） -]", text):
        return True  # an area code set apart is none of a number of something else
    import phonenumbers

    fixed = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
    said = re.split(r"转|ext", text)[0].strip()
    for way in (said, re.sub(r"-\d{1,5}$", "", said)):  # the second without an extension
        bare = re.sub(r"[^\d+]", "", way)
        if len(bare.lstrip("+")) < 10:
            continue
        try:
            number = phonenumbers.parse(bare, "CN")
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number) and phonenumbers.number_type(number) in fixed:
            return True
    return False


def _is_passport(text: str) -> bool:
    """Return whether a passport's form is no date behind a letter, as codes of things are."""
    digits = re.sub(r"\D", "", text)
    return len(digits) != 8 or not ("1990" <= digits[:4] <= "2040" and _is_day(digits, digits[:4]))


def _is_network(text: str) -> bool:
    if text.startswith(":") and not text.startswith("::"):
        text = text[1:]  # that of the words before it
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.version == 4 or len([part for part in text.split(":") if part]) >= 3


def _any(_: str) -> bool:
    return True


_RULES: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("email", _EMAIL, _any),
    ("identity_card", _CARD, _is_card),
    ("identity_card", _OLD_CARD, _is_old_card),
    ("bank_card", _BANK, _is_bank_card),
    ("phone", _MOBILE, _any),
    ("landline", _LANDLINE, _is_landline),
    ("messenger_id", _WECHAT, _any),
    ("messenger_id", _QQ, _any),
    ("messenger_id", _OPENID, _any),
    ("ip_address", _IPV4, _is_network),
    ("ip_address", _IPV6, _is_network),
    ("passport", _PASSPORT, _is_passport),
    ("passport", _PERMIT, _is_passport),
    ("licence_plate", _PLATE, _any),
)

KINDS = tuple(dict.fromkeys(["masked_phone", *(kind for kind, _, _ in _RULES)]))
"""Every kind that :func:`identifier_kind` knows."""

_BEFORE, _APART = r"(?:^|[^0-9A-Za-z_.])", r"[ \x{00a0}　.．·\-－]?"
SUSPICIOUS = (
    rf"1[ 　]?[3-9](?:{_APART}[\d*＊•●xX]){{8}}"
    rf"|{_BEFORE}(?:(?:[+＋]|00)86{_APART}[(（]?0?|[(（]?0)[1-9]\d{{1,2}}[)）]?{_APART}\d{{3,4}}{_APART}\d{{4}}"
    rf"|{_BEFORE}(?:\d{_APART}){{15}}"
    rf"|{_BEFORE}(?:[EGPSDHM]\d{{8}}|E[A-Z]\d{{7}}|[PSD]E\d{{7}})"
    r"|@|(?:\d{1,3}[.．]){3}|o[\w-]{27}|[：:].*[：:]|(?i:wx|vx|微信|薇信|威信|v信|wechat|weixin|qq|扣扣)"
    rf"|[\x{{3400}}-\x{{9fff}}][A-HJ-NP-Z]{_APART}•?[A-HJ-NP-Z0-9]{{5}}"
    r"|[０-９Ａ-Ｚａ-ｚ＠]"
)
"""Whatever may hold one of the above, for a quick first look at many cells (RE2).

As the patterns above, without what RE2 lacks; texts in full-width signs are always looked at.
"""
