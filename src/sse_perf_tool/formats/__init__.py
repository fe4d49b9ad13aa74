"""API formats: how the events of an answer are read, and the request body of each API.

A format is one module with one `Format` row; a new one is a file here and a line in `table.py`.  `AnswerReader` takes
the bytes of a body and keeps what its format says about them.
"""

from .answer import AnswerReader
from .base import Format
from .body import error_in_body
from .table import FORMATS, detect, guess_from_url

__all__ = ["FORMATS", "AnswerReader", "Format", "detect", "error_in_body", "guess_from_url"]
