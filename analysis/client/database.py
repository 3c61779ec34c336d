"""A table or a query of a SQL database, named in the client file without its credentials."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, parse_qsl, urlsplit

from pydantic import AfterValidator, Field, model_validator

from analysis.client.base import Part, refused

System = Literal["postgres", "mysql"]

_SYSTEMS: dict[str, System] = {"postgres": "postgres", "postgresql": "postgres", "mysql": "mysql"}
_PORTS: dict[System, int] = {"postgres": 5432, "mysql": 3306}
_OPTIONS: dict[System, frozenset[str]] = {
    "postgres": frozenset({"sslmode", "sslrootcert"}),
    "mysql": frozenset(),
}
"""What a URL may say after its question mark: how the connection is encrypted."""
_SECRETS = frozenset({"user", "username", "password", "passwd", "pwd"})


def _parts(value: str) -> SplitResult | None:
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - refuses what is no number
    except ValueError:
        return None
    return parts


def _url(value: str) -> str:
    if "@" in value:
        raise refused("database_password", "user and password stand in the environment only")
    parts = _parts(value)
    system = None if parts is None else _SYSTEMS.get(parts.scheme)
    if (
        parts is None
        or system is None
        or not parts.hostname
        or not re.fullmatch(r"/[^/\s]+", parts.path)
    ):
        raise refused("database_url", "postgres://host:port/database or mysql://…")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if _SECRETS & {name.lower() for name in options}:
        raise refused("database_password", "user and password stand in the environment only")
    if parts.fragment or not options.keys() <= _OPTIONS[system]:
        raise refused("database_option", "how the connection is encrypted, e.g. ?sslmode=require")
    return value


def _query(value: str) -> str:
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        statements = [found for found in sqlglot.parse(value) if found is not None]
    except SqlglotError:
        return value  # the server says whether it knows it; the session is read-only
    if len(statements) != 1 or not isinstance(statements[0], sqlglot.exp.Query):
        raise refused("database_select", "one SELECT")
    return value


def _credentials(value: str) -> str:
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", value):
        raise refused("database_credentials", "the beginning of two names in the environment")
    return value


class Database(Part):
    """Where rows are drawn from, read-only.

    Attributes
    ----------
    url : str
        ``postgres://host:port/database`` or ``mysql://host:port/database``, without user and
        password.
    table : str or None
        Name of a table or view, with its schema where it is not the usual one.
    query : str or None
        One ``SELECT``, instead of ``table``.
    credentials : str
        User and password stand in the environment under this name with ``_USER`` and
        ``_PASSWORD``.
    """

    url: Annotated[str, AfterValidator(_url)]
    table: Annotated[str, Field(min_length=1)] | None = None
    query: Annotated[str, Field(min_length=1), AfterValidator(_query)] | None = None
    credentials: Annotated[str, AfterValidator(_credentials)] = "CRMEVAL_DB"

    @model_validator(mode="before")
    @classmethod
    def _no_secret(cls, value: Any) -> Any:
        if isinstance(value, dict) and _SECRETS & {str(key).lower() for key in value}:
            raise refused("database_password", "user and password stand in the environment only")
        return value

    @model_validator(mode="after")
    def _one_of_both(self) -> Database:
        if (self.table is None) == (self.query is None):
            raise refused("table_or_query", "either a table or a query")
        return self

    @property
    def system(self) -> System:
        """Which kind of server answers."""
        return _SYSTEMS[urlsplit(self.url).scheme]

    @property
    def host(self) -> str:
        """Name or address of the server."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """Port of the server; the usual one if none is said."""
        return urlsplit(self.url).port or _PORTS[self.system]

    @property
    def name(self) -> str:
        """Name of the database on the server."""
        return urlsplit(self.url).path[1:]

    @property
    def options(self) -> dict[str, str]:
        """How the connection is encrypted, as far as the URL says."""
        return dict(parse_qsl(urlsplit(self.url).query))

    @property
    def variables(self) -> tuple[str, str]:
        """Names of the environment's variables with user and password."""
        return f"{self.credentials}_USER", f"{self.credentials}_PASSWORD"

    @property
    def title(self) -> str:
        """How records and faults call it: server, database and table."""
        what = "query" if self.table is None else self.table
        return f"{self.system}://{self.host}:{self.port}/{self.name} ({what})"
