"""Fences around a provider under test: what it touches although it may not is noted, and refused."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from core.kernel import db

_READS = re.compile(r"\s*(SELECT|WITH|PRAGMA|EXPLAIN|SHOW|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b", re.IGNORECASE)


class Trespass(AssertionError):
    """A provider touched what its contract keeps from it."""


@contextmanager
def no_database() -> Iterator[None]:
    """No statement at all: gateways and carriers are told all they need."""
    with _fenced("the shop's database", lambda _sql: True):
        yield


@contextmanager
def no_writes() -> Iterator[None]:
    """No writing statement: an ask may read."""
    with _fenced("the shop's database to write", lambda sql: not _READS.match(sql)):
        yield


@contextmanager
def _fenced(what: str, forbids: Any) -> Iterator[None]:
    touched: list[str] = []
    real: Any = db.Statements.execute_sql

    def guarded(self: Any, sql: str, *arguments: Any, **named: Any) -> Any:
        if forbids(sql):
            touched.append(sql)
            raise Trespass(f"it touched {what}: {sql}")
        return real(self, sql, *arguments, **named)

    with patch.object(db.Statements, "execute_sql", guarded):
        yield
    # A plugin that swallows the refusal has still tried.
    if touched:
        raise Trespass(f"it touched {what}: {touched[0]}")


@contextmanager
def no_network() -> Iterator[None]:
    """No connection and no look-up of names."""
    touched: list[object] = []

    def refuse(*arguments: Any, **named: Any) -> Any:
        del named
        touched.append(arguments[-1] if arguments else "")
        raise OSError("the network is closed here")

    with (
        patch.object(socket.socket, "connect", refuse),
        patch.object(socket.socket, "connect_ex", refuse),
        patch.object(socket, "getaddrinfo", refuse),
        patch.object(socket, "create_connection", refuse),
    ):
        yield
    if touched:
        raise Trespass(f"it reached for the network: {touched[0]!r}")
