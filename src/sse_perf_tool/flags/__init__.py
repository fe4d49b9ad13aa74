"""The command-line flags: one row each in `FLAGS`, its help text in `HELP`, and the whole text of `--help`."""

from .help import help_text, language_of, text_asked_for
from .program import COMMAND, COMMANDS, PROGRAM
from .table import (
    CALIBRATE_FLAGS,
    CAPACITY_FLAGS,
    DEFAULT_QUERY,
    EVERY_FLAG,
    FLAGS,
    REPORT_FLAGS,
    Flag,
    flag_name,
)
from .wording import HELP

__all__ = [
    "CALIBRATE_FLAGS",
    "CAPACITY_FLAGS",
    "COMMAND",
    "COMMANDS",
    "DEFAULT_QUERY",
    "EVERY_FLAG",
    "FLAGS",
    "HELP",
    "PROGRAM",
    "REPORT_FLAGS",
    "Flag",
    "flag_name",
    "help_text",
    "language_of",
    "text_asked_for",
]
