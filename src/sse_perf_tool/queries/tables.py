"""CSV as programs write it: with commas, semicolons or tabs, with or without Excel's line `sep=;` in front."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection

SEPARATORS = (",", ";", "\t")
_SAID = re.compile(r'"?sep=(.)"?[;,\t]*(\r\n|\r|\n|$)', re.IGNORECASE)
"""Excel's own line; a program that took it for a row may have put quotes and separators around it."""


def separator_of(text: str, known: Collection[str], first: str = ",") -> tuple[str, int]:
    """What stands between the fields of a CSV text, and how many characters at its start only say so.

    Without a line that says it: what makes a `known` name (small letters) of the header, then what makes most columns
    of it, then the one that is tried `first`.
    """
    if said := _SAID.match(text):
        return said[1], said.end()

    def columns(separator: str) -> tuple[bool, int]:
        try:
            header = next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), [])
        except csv.Error:
            return False, 0
        return any(name_of(column) in known for column in header), len(header)

    return max((first, *SEPARATORS), key=columns), 0


def name_of(column: str) -> str:
    """The name of a column as it is looked for: in small letters, without spaces around it."""
    return column.strip().casefold()
