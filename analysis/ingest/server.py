"""One read-only transaction on a SQL server, opened through Ibis."""

from __future__ import annotations

import contextlib
import os
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from analysis.client import Database
from analysis.client.faults import nearest
from analysis.errors import InputError
from analysis.ingest.problems import fault

_ROWS_AT_ONCE = 20_000
_SECONDS = 15
"""How long a server may take to answer that it is there."""


class Server(ABC):
    """A server in a transaction that can only read and sees one moment."""

    package: str
    """What ``pip install`` takes for the driver."""

    def __init__(self, backend: Any, errors: type[Exception]) -> None:
        self._backend = backend
        self._errors = errors

    @classmethod
    @abstractmethod
    def connect(cls, database: Database, user: str, password: str) -> Server:
        """Open the server; raises ImportError without its driver, the driver's errors else."""

    @staticmethod
    @abstractmethod
    def driver_error() -> type[Exception]:
        """Return the class of the driver's errors."""

    @abstractmethod
    def reading(self) -> contextlib.AbstractContextManager[Any]:
        """Return the read-only transaction."""

    @abstractmethod
    def attempt(self) -> contextlib.AbstractContextManager[Any]:
        """Return a context after whose failure the transaction goes on."""

    @abstractmethod
    def streaming(self) -> contextlib.AbstractContextManager[Any]:
        """Return a cursor that leaves the rows on the server until they are fetched."""

    @abstractmethod
    def is_missing(self, error: Exception) -> bool:
        """Return whether a table or its schema is not there."""

    @abstractmethod
    def lacks_offset(self, kind: Any) -> bool:
        """Return whether cells of a column are instants in UTC, written without saying so."""

    def close(self) -> None:
        """End the connection."""
        self._backend.disconnect()

    def columns(self, database: Database) -> dict[str, bool]:
        """Return the columns of a table or query; True for :meth:`lacks_offset`."""
        text = f"SELECT * FROM {_from(database)} LIMIT 0"
        try:
            with self.attempt(), contextlib.closing(self._backend.con.cursor()) as cursor:
                cursor.execute(text)
                found = [(entry[0], entry[1]) for entry in cursor.description]
        except self._errors as error:
            raise self._refusal(database, error) from error
        names = [name for name, _ in found]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise refusal("database_columns", database, names=", ".join(twice))
        return {name: self.lacks_offset(kind) for name, kind in found}

    def rows(
        self, database: Database, columns: Mapping[str, bool], most: int
    ) -> Iterator[pa.RecordBatch]:
        """Yield at most so many rows, every cell as text that the server writes."""
        from sqlglot import exp

        cells = []
        for name, bare in columns.items():
            cell: exp.Expression = exp.cast(exp.column(name, quoted=True), "text")
            if bare:
                cell = exp.func("concat", cell, exp.Literal.string("+00:00"))
            cells.append(exp.alias_(cell, name, quoted=True).sql(database.system))
        text = f"SELECT {', '.join(cells)} FROM {_from(database)} LIMIT {most}"
        schema = pa.schema([(name, pa.string()) for name in columns])
        try:
            with self.attempt(), self.streaming() as cursor:
                cursor.execute(text)
                while rows := cursor.fetchmany(_ROWS_AT_ONCE):
                    arrays = [pa.array(c, pa.string()) for c in zip(*rows, strict=True)]
                    yield pa.RecordBatch.from_arrays(arrays, schema=schema)
        except self._errors as error:
            raise refusal("database_query", database, cause=first_line(error)) from error

    def _refusal(self, database: Database, error: Exception) -> InputError:
        if database.table is None or not self.is_missing(error):
            return refusal("database_query", database, cause=first_line(error))
        *schema, name = _table(database)
        try:
            with self.attempt():
                known = self._backend.list_tables(database=schema[0] if schema else None)
        except self._errors:
            known = []  # which tables there are, not everybody may ask
        near = ".".join([*schema, nearest(name, known) or "…"])
        return refusal("database_table_missing", database, wanted=database.table, near=near)


class Postgres(Server):
    """PostgreSQL, by psycopg."""

    package = "psycopg[binary]"

    @classmethod
    def connect(cls, database: Database, user: str, password: str) -> Postgres:
        """Open the server with read-only transactions, each of one moment."""
        import ibis
        import psycopg

        backend = ibis.postgres.connect(
            host=database.host,
            port=database.port,
            database=database.name,
            user=user,
            password=password,
            connect_timeout=_SECONDS,
            application_name="crmeval",
            **database.options,
        )
        backend.con.read_only = True
        backend.con.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        return cls(backend, psycopg.Error)

    @staticmethod
    def driver_error() -> type[Exception]:
        """Return the class of the driver's errors."""
        import psycopg

        return psycopg.Error

    def reading(self) -> contextlib.AbstractContextManager[Any]:
        """Return the read-only transaction."""
        return self._backend.con.transaction()

    def attempt(self) -> contextlib.AbstractContextManager[Any]:
        """Return a savepoint."""
        return self._backend.con.transaction()

    @contextlib.contextmanager
    def streaming(self) -> Iterator[Any]:
        """Return a cursor on the server; where a statement fails, it goes with the savepoint."""
        cursor = self._backend.con.cursor(name="crmeval")
        yield cursor
        cursor.close()

    def is_missing(self, error: Exception) -> bool:
        """Return whether a table or its schema is not there."""
        return error.sqlstate in ("42P01", "3F000")

    def lacks_offset(self, kind: Any) -> bool:
        """Return False: the server writes the offset of every instant."""
        return False


class MySQL(Server):
    """MySQL and MariaDB, by mysqlclient."""

    package = "mysqlclient"

    @classmethod
    def connect(cls, database: Database, user: str, password: str) -> MySQL:
        """Open the server for a session that can only read."""
        import ibis
        import MySQLdb

        with warnings.catch_warnings():
            # Ibis names the zone, which not every server knows; it is set below by its offset.
            warnings.filterwarnings("ignore", message="Unable to set session timezone")
            backend = ibis.mysql.connect(
                host=database.host,
                port=database.port,
                database=database.name,
                user=user,
                password=password,
                connect_timeout=_SECONDS,
                charset="utf8mb4",
            )
        return cls(backend, MySQLdb.Error)

    @staticmethod
    def driver_error() -> type[Exception]:
        """Return the class of the driver's errors."""
        import MySQLdb

        return MySQLdb.Error

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Begin a read-only transaction of one moment, and end it."""
        connection = self._backend.con
        with contextlib.closing(connection.cursor()) as cursor:
            cursor.execute("SET SESSION time_zone = '+00:00'")
            cursor.execute("SET SESSION TRANSACTION READ ONLY")
            cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        try:
            yield
        finally:
            connection.rollback()

    def attempt(self) -> contextlib.AbstractContextManager[Any]:
        """Return nothing: here a failed statement ends no transaction."""
        return contextlib.nullcontext()

    def streaming(self) -> contextlib.AbstractContextManager[Any]:
        """Return a cursor that does not fetch all rows at once."""
        from MySQLdb.cursors import SSCursor

        return contextlib.closing(self._backend.con.cursor(SSCursor))

    def is_missing(self, error: Exception) -> bool:
        """Return whether a table or its schema is not there."""
        from MySQLdb.constants import ER

        return error.args[0] in (ER.NO_SUCH_TABLE, ER.BAD_DB_ERROR)

    def lacks_offset(self, kind: Any) -> bool:
        """Return whether a column is a ``TIMESTAMP``, which is written in the session's zone."""
        from MySQLdb.constants import FIELD_TYPE

        return kind == FIELD_TYPE.TIMESTAMP


_SERVERS: dict[str, type[Server]] = {"postgres": Postgres, "mysql": MySQL}


@contextlib.contextmanager
def opened(database: Database) -> Iterator[Server]:
    """Open the server of a database for reading.

    Raises
    ------
    InputError
        ``database_credentials`` where the environment has none, ``database_extra`` without the
        driver, ``database_unreachable`` where the server does not let us in.
    """
    if lacking := [name for name in database.variables if name not in os.environ]:
        raise refusal("database_credentials", database, variables=", ".join(lacking))
    kind = _SERVERS[database.system]
    user, password = (os.environ[name] for name in database.variables)
    try:
        errors = kind.driver_error()
    except ImportError as error:
        raise refusal("database_extra", database, package=kind.package) from error
    try:
        server = kind.connect(database, user, password)
    except errors as error:
        raise refusal("database_unreachable", database, cause=first_line(error)) from error
    try:
        with server.reading():
            yield server
    except errors as error:  # the connection was lost, or ended by the server
        raise refusal("database_unreachable", database, cause=first_line(error)) from error
    finally:
        server.close()


def refusal(rule: str, database: Database, **params: Any) -> InputError:
    """Return the error of a source whose rows cannot be drawn."""
    user, password = database.variables
    given = {"user": user, "password": password, "system": database.system, **params}
    return InputError([fault(rule, params=given, file=database.title)])


def first_line(error: Exception) -> str:
    """Return what a server says, in one line."""
    said = str(error.args[-1] if error.args else error).strip()
    return said.splitlines()[0] if said else type(error).__name__


def _table(database: Database) -> list[str]:
    """Return a table's name with its schema before it, where it has one."""
    return (database.table or "").split(".", 1)


def _from(database: Database) -> str:
    """Return what stands behind ``FROM``."""
    from sqlglot import exp

    if database.query is not None:
        alias = exp.to_identifier("drawn", quoted=True).sql(database.system)
        return f"(\n{database.query.strip().rstrip(';')}\n) AS {alias}"
    *schema, name = _table(database)
    table = exp.table_(name, db=schema[0] if schema else None, quoted=True)
    return table.sql(database.system)
