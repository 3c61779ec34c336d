"""The parts of a zipped workbook, found however the program that wrote it named them."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator, Mapping

from lxml import etree

from analysis.ingest.readers.raw import Format

_PARTS: tuple[tuple[str, Format], ...] = (
    ("xl/workbook.xml", "xlsx"),
    ("xl/workbook.bin", "xlsb"),
    ("content.xml", "ods"),
)
_DOCUMENT = "/officeDocument"
_ENCRYPTED = 0x1


class Archive:
    """A zipped workbook.

    Some programs write backslashes or other capitals into the names of parts, and the workbook
    may lie elsewhere than in ``xl``: its place is told by the relationships of the archive.

    Parameters
    ----------
    content : bytes
        The file; a zip, whatever may stand before or behind it.
    """

    def __init__(self, content: bytes) -> None:
        self._zip = zipfile.ZipFile(io.BytesIO(content))
        self._names = {_plain(name): name for name in self._zip.namelist()}

    @property
    def encrypted(self) -> bool:
        """Whether a part is locked by a password, of the zip or of an OpenDocument sheet."""
        if any(info.flag_bits & _ENCRYPTED for info in self._zip.infolist()):
            return True
        return b"encryption-data" in (self.part("meta-inf/manifest.xml") or b"")

    @property
    def format(self) -> Format | None:
        """What kind of workbook it is, None for any other archive."""
        for part, kind in _PARTS:
            if part in self._names:
                return kind
        return "xlsx" if self.workbook.endswith(".xml") and self.workbook in self._names else None

    @property
    def workbook(self) -> str:
        """The plain name of the part that lists the sheets of an xlsx file."""
        usual = _PARTS[0][0]
        if usual in self._names:
            return usual
        relations = self.part("_rels/.rels")
        for node in () if relations is None else etree.fromstring(relations):
            if (node.get("Type") or "").endswith(_DOCUMENT):
                return _plain(node.get("Target") or "").lstrip("/")
        return usual

    def part(self, name: str) -> bytes | None:
        """Return the content of a part by its plain name, None where there is none."""
        found = self._names.get(_plain(name))
        return None if found is None else self._zip.read(found)

    def styles(self) -> bytes | None:
        """Return the styles of an xlsx file."""
        return self.part(posixpath.join(posixpath.dirname(self.workbook), "styles.xml"))

    def sheets(self) -> Iterator[tuple[str, bytes]]:
        """Yield name and XML of each sheet of an xlsx file."""
        folder, name = posixpath.split(self.workbook)
        listed, relations = self.part(self.workbook), self.part(f"{folder}/_rels/{name}.rels")
        if listed is None or relations is None:
            return
        targets = {node.get("Id"): node.get("Target") for node in etree.fromstring(relations)}
        for node in etree.fromstring(listed).iter("{*}sheet"):
            relation = next((v for k, v in node.attrib.items() if k.endswith("}id")), None)
            target = (targets.get(relation) or "").replace("\\", "/")
            part = self.part(posixpath.normpath(posixpath.join(folder, target)).lstrip("/"))
            if part is not None:
                yield node.get("name"), part

    def in_usual_places(self) -> bytes:
        """Return the archive with the workbook where every reader looks for it."""
        folder, name = posixpath.split(self.workbook)
        moved: Mapping[str, str] = {
            self.workbook: "xl/workbook.xml",
            f"{folder}/_rels/{name}.rels": "xl/_rels/workbook.xml.rels",
        }
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for plain, raw in self._names.items():
                place = moved.get(plain)
                if place is None and folder and plain.startswith(f"{folder}/"):
                    place = f"xl/{raw.replace(chr(92), '/').lstrip('/')[len(folder) + 1 :]}"
                archive.writestr(place or raw.replace("\\", "/"), self._moved(raw))
        return out.getvalue()

    def _moved(self, raw: str) -> bytes:
        """Return the content of a part, its references to where parts lay mended."""
        content = self._zip.read(raw)
        if _plain(raw) == "[content_types].xml" or _plain(raw).endswith(".rels"):
            folder = posixpath.dirname(self.workbook)
            real = self._names[self.workbook].replace("\\", "/").lstrip("/")
            content = content.replace(real.encode(), b"xl/workbook.xml")
            if folder:
                old = real.rpartition("/")[0]
                content = content.replace(f'="/{old}/'.encode(), b'="/xl/')
        return content


def _plain(name: str) -> str:
    """Return a name with slashes and small letters."""
    return name.replace("\\", "/").lstrip("/").lower()
