"""The command-line flags: one row each in `FLAGS`, its help text in `HELP`, and the whole text of `--help`."""

from .help import group_title, help_text, language_of, text_asked_for
from .program import COMMAND, COMMANDS, PROGRAM, own_words
from .table import (
    BENCH_FLAGS,
    CALIBRATE_FLAGS,
    CAPACITY_FLAGS,
    DEFAULT_QUERY,
    ENGLISH_QUERY,
    EVERY_FLAG,
    FLAGS,
    FLAGS_OF,
    PROFILE_DEFAULTS,
    PROFILE_FLAGS,
    REPORT_FLAGS,
    STUDIO_FLAGS,
    WORKER_FLAGS,
    Flag,
    flag_name,
)
from .wording import BENCH_HELP, CAPACITY_HELP, HELP, STUDIO_HELP

__all__ = [
    "BENCH_FLAGS",
    "BENCH_HELP",
    "CALIBRATE_FLAGS",
    "CAPACITY_FLAGS",
    "CAPACITY_HELP",
    "COMMAND",
    "COMMANDS",
    "DEFAULT_QUERY",
    "ENGLISH_QUERY",
    "EVERY_FLAG",
    "FLAGS",
    "FLAGS_OF",
    "HELP",
    "PROFILE_DEFAULTS",
    "PROFILE_FLAGS",
    "PROGRAM",
    "REPORT_FLAGS",
    "STUDIO_FLAGS",
    "STUDIO_HELP",
    "WORKER_FLAGS",
    "Flag",
    "flag_name",
    "group_title",
    "help_text",
    "language_of",
    "own_words",
    "text_asked_for",
]
