"""Telling a file's real format and encoding from its bytes, whatever it is called."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from analysis.errors import Fault, InputError
from analysis.ingest.readers import biff
from analysis.ingest.readers.archive import Archive
from analysis.ingest.readers.raw import Format, Sureness
from analysis.ingest.readers.rules import fault

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHER_DOCUMENTS = ("WordDocument", "PowerPoint Document")
"""Streams of compound files that hold no workbook."""
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_AT_ONCE = 1 << 23
_GB_NAMES = {"gb2312", "gbk", "gb18030", "cp936", "936", "ms936"}
_COMMON_SHARE = 0.6  # ordinary Chinese text has over 95 % of its characters in GB2312's level 1
_WRONG_SHARE = 0.1  # a GB text read as UTF-8 is wrong at nearly every byte
_META_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([\w-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text of a file, the encoding it was read with, how sure that is, and the faults.

    ``whole`` is False where ``text`` is the beginning of a text that is sound UTF-8.
    """

    text: str
    encoding: str
    sureness: Sureness
    faults: tuple[Fault, ...] = ()
    whole: bool = True


def binary_format(content: bytes, file: str) -> Format | None:
    """Return the format of a workbook in a container or of Parquet, or None for text.

    Raises
    ------
    InputError
        For an empty file, an encrypted workbook, or a container that is not a workbook.
    """
    if not content or content.isspace():
        raise InputError([fault("file_empty", file=file)])
    if content.startswith(b"PK"):
        archive = Archive(content)
        if archive.encrypted:
            raise InputError([fault("file_encrypted", file=file)])
        if archive.format is None:
            raise InputError([fault("format_unknown", file=file)])
        return archive.format
    if content.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in content or biff.encrypted(content):
            raise InputError([fault("file_encrypted", file=file)])
        if any(name.encode("utf-16-le") in content for name in _OTHER_DOCUMENTS):
            raise InputError([fault("format_unknown", file=file)])
        return "xls"
    if content.startswith(b"PAR1"):
        return "parquet"
    if content.startswith(
        (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")
    ):
        raise InputError([fault("format_unknown", file=file)])
    return None


def text_format(text: str) -> Format | None:
    """Return ``html`` or ``xml`` for markup, None for delimited text."""
    head = text[:8000].lstrip("\ufeff \t\r\n").lower()
    if head.startswith("<?xml") and "urn:schemas-microsoft-com:office:spreadsheet" in head:
        return "xml"
    if re.match(r"<(?:!doctype html|html|head|meta|body|style|table|div|\?xml|!--)", head):
        return "html"
    return None


def decode(
    content: bytes, file: str, encoding: str | None = None, *, head: int | None = None
) -> Decoded:
    """Decode a text file, by the declared encoding or by recognising it.

    A byte order mark decides; else valid UTF-8; else GB18030 (superset of GBK and GB2312), which
    is certain enough when its characters are the ordinary ones. Latin-1 is never tried: it
    decodes anything.

    Parameters
    ----------
    content : bytes
        The whole file.
    file : str
        Its name, for faults.
    encoding : str, optional
        Declared by the client file.
    head : int, optional
        So many characters are enough of a longer text, if it is sound UTF-8.
    """
    if encoding is not None:
        return _declared(content, file, encoding)
    if head is not None and len(content) > 4 * head and _is_sound_utf8(content):
        found = "utf-8-sig" if content.startswith(codecs.BOM_UTF8) else "utf-8"
        text = content[: 4 * head].decode(found, errors="ignore")[:head]
        return Decoded(text, found, "certain", whole=False)
    for mark, found in _BOMS:
        if content.startswith(mark):
            return _tolerant(content, file, found, "certain")
    if found := _utf16_without_mark(content):
        return _tolerant(content, file, found, "likely")
    if (text := _strictly(content, "utf-8")) is not None:
        return Decoded(text, "utf-8", "certain")
    if _is_cut_off(content, "utf-8") and not content[:-4].isascii():
        return _tolerant(content, file, "utf-8", "certain")
    if _wrong_share(content, "utf-8") < _WRONG_SHARE:
        return _tolerant(content, file, "utf-8", "likely")
    result = _tolerant(content, file, "gb18030", "likely")
    if _common_share(result.text) >= _COMMON_SHARE:
        return result
    declared = _META_CHARSET.search(content[:2000]) or _XML_ENCODING.search(content[:200])
    if declared and declared[1].decode("ascii").lower() in _GB_NAMES:
        return result
    unsure = fault("encoding_unsure", file=file, params={"encoding": "gb18030"})
    return Decoded(result.text, "gb18030", "unsure", (*result.faults, unsure))


def _declared(content: bytes, file: str, encoding: str) -> Decoded:
    wanted = "gb18030" if encoding.lower().replace("-", "") in _GB_NAMES else encoding
    try:
        wanted = codecs.lookup(wanted).name
        codecs.getincrementaldecoder(wanted)()
        b"AAAA".decode(wanted, errors="replace")  # refuses codecs that give no text
    except (LookupError, ValueError) as error:
        raise InputError(
            [fault("encoding_unknown", file=file, params={"encoding": encoding})]
        ) from error
    if wanted == "utf-8" and content.startswith(codecs.BOM_UTF8):
        wanted = "utf-8-sig"
    return _tolerant(content, file, wanted, "declared")


def _strictly(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _is_sound_utf8(content: bytes) -> bool:
    """Return whether a long text is UTF-8 to its last byte, without a second copy of it."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return False
    if _utf16_without_mark(content):
        return False
    decoder, view = codecs.getincrementaldecoder("utf-8")(), memoryview(content)
    try:
        for start in range(0, len(content), _AT_ONCE):
            decoder.decode(view[start : start + _AT_ONCE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_cut_off(content: bytes, encoding: str) -> bool:
    """Whether all is valid but for a character cut off by the end of the file."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        decoder.decode(content.rstrip(b"\r\n"), final=False)
    except UnicodeDecodeError:
        return False
    return bool(decoder.getstate()[0])


def _tolerant(content: bytes, file: str, encoding: str, sureness: Sureness) -> Decoded:
    if (text := _strictly(content, encoding)) is not None:
        return Decoded(text, encoding, sureness)
    if _is_cut_off(content, encoding):
        text = content.rstrip(b"\r\n").decode(encoding, errors="ignore")
        broken = fault("encoding_broken_end", file=file, row=text.count("\n") + 1)
        return Decoded(text, encoding, sureness, (broken,))
    text = content.decode(encoding, errors="replace")
    start = text.index("\ufffd")
    invalid = fault(
        "encoding_invalid_bytes",
        file=file,
        row=text.count("\n", 0, start) + 1,
        params={"count": text.count("\ufffd"), "encoding": encoding},
    )
    return Decoded(text, encoding, sureness, (invalid,))


def _wrong_share(content: bytes, encoding: str) -> float:
    """Return the share of undecodable places among the bytes beyond ASCII, in a sample."""
    sample = content[:200_000]
    beyond = sum(byte >= 0x80 for byte in sample)
    return sample.decode(encoding, errors="replace").count("\ufffd") / max(beyond, 1)


def _utf16_without_mark(content: bytes) -> str | None:
    head = content[:2000]
    if len(head) < 4 or b"\x00" not in head:
        return None
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) < len(head) * 0.05:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _common_share(text: str) -> float:
    """Return the share of GB2312 level-1 and punctuation characters among the non-ASCII ones."""
    sample = re.sub(r"[\x00-\x7f]", "", text[:400_000])[:20_000]
    if not sample:
        return 1.0
    pairs = sample.encode("gb18030", errors="ignore")
    leads = 0
    position = 0
    while position < len(pairs):
        lead = pairs[position]
        wide = lead >= 0x81 and position + 1 < len(pairs) and 0x30 <= pairs[position + 1] <= 0x39
        trail = pairs[position + 1] if position + 1 < len(pairs) else 0
        leads += not wide and trail >= 0xA1 and (0xB0 <= lead <= 0xD7 or 0xA1 <= lead <= 0xA3)
        position += 4 if wide else 2
    return leads / len(sample)
