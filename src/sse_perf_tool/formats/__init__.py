"""API formats: how the events of an answer are read, and the request body of each API.

A format is one module with one `Format` row; a new one is a file here and a line in `table.py`.  `AnswerReader` takes
the bytes of a body and keeps what its format says about them.  It is imported when it is first used: `--help`, which
lists the formats, reads no answer.
"""

from typing import TYPE_CHECKING

from .base import Format
from .table import FORMATS, detect, guess_from_url

if TYPE_CHECKING:
    from .answer import AnswerReader
    from .body import error_in_body

_HOMES = {"AnswerReader": "answer", "error_in_body": "body"}

__all__ = ["FORMATS", "AnswerReader", "Format", "detect", "error_in_body", "guess_from_url"]

if not TYPE_CHECKING:  # mypy knows the names by the imports above, and would take any other for one that this makes

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = globals()[name] = getattr(import_module(f".{_HOMES[name]}", __name__), name)
        return value
