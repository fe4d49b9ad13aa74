"""The machine that sent a load, as files tell it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from .checked import UnfitError, noun_of
from .config import Host

HOST_KEY = "host"
_LINE = re.compile(r"(.+?)(?:, Python ([^,]+))?, (\d{1,9}) CPUs(?:, (compiled|python) reader)?", re.ASCII)


def host_of(row: Mapping[str, Any]) -> Host | None:
    """The machine in a config or a result: its `host`; of an older version what its line tells; None without either.

    `UnfitError` for one that is damaged.
    """
    if row.get(HOST_KEY) is not None:
        try:
            found: Host = noun_of(Host, row[HOST_KEY])
        except (UnfitError, TypeError):
            raise UnfitError(HOST_KEY) from None
        return found
    line = row.get("host_info")
    told = _LINE.fullmatch(line) if isinstance(line, str) else None
    return None if told is None else Host(told[1], told[2] or "", int(told[3]), told[4] or "")


def with_host(row: Mapping[str, Any]) -> dict[str, Any]:
    """The same with its machine in parts, as far as an older version told them.  `UnfitError`."""
    return {**row, HOST_KEY: host_document(host_of(row))}


def host_document(host: Host | None) -> dict[str, Any] | None:
    """A machine as JSON has it."""
    return None if host is None else asdict(host)
