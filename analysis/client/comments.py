"""Open comments: kept out, unless the client allows that they are counted by theme."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from analysis.client.base import Bilingual, Part, Text, refused

ThemeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class Theme(Part):
    """One theme: its title, and the words of which any one makes a comment speak of it."""

    title: Bilingual
    words: tuple[Text, ...] = Field(min_length=1)


class Comments(Part):
    """What may be done with open comments.

    Attributes
    ----------
    allowed : bool
        Whether comments may be counted by theme. Their texts are read once, at the import, and are
        stored and shown nowhere.
    themes : dict
        The dictionary: name of a theme → its title and words, Chinese and English.
    """

    allowed: bool = False
    themes: dict[ThemeName, Theme] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _something_to_count(self) -> Comments:
        if self.allowed and not self.themes:
            raise refused("themes", "comments are counted by themes, of which there are none")
        return self


def may_be_counted(sources: Any, comments: Comments) -> bool:
    """Return whether no source reads comments, or the client allows it."""
    return comments.allowed or all(source.table != "comments" for source in sources)
