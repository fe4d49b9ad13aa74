"""The completion script of a shell, made by shtab from the tables of flags."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence

from ..errors import UsageError
from ..metrics import METRICS
from ..texts import LANGUAGES, Texts, speaker
from .checks import OneOf
from .help import flags_and_help
from .program import COMMANDS
from .table import FLAGS, Flag
from .wording import HELP

TEXTS: Texts = {
    "missing": (
        "--completion: needs the package shtab: pip install 'sse-perf-tool[completion]'",
        "--completion：需要软件包 shtab：pip install 'sse-perf-tool[completion]'",
    ),
}

NAME = "sse-perf"
"""What is completed: the installed command, and not the script of a checkout."""
_RULES = ("threshold", "slo", "abort_on")


def completion_script(shell: str, language: str) -> str:
    """The script for `shell`, one that shtab knows.  UsageError when shtab is not installed."""
    try:
        import shtab
    except ImportError as error:
        raise UsageError(speaker(TEXTS, language)("missing")) from error
    script = shtab.complete(_parser(language, shtab), shell)
    return script if script.endswith("\n") else script + "\n"


def _parser(language: str, shtab: object) -> argparse.ArgumentParser:
    """A parser that completes as the tool takes its words; nothing is parsed with it."""
    parser = argparse.ArgumentParser(prog=NAME, add_help=False)
    _add(parser, FLAGS, HELP, language, shtab)
    commands = parser.add_subparsers()
    for command in COMMANDS:
        flags, helps = flags_and_help(command)
        # shtab leaves out commands without a help text
        about = commands.add_parser(command, add_help=False, help=command)
        _add(about, flags, helps, language, shtab)
    return parser


def _add(
    parser: argparse.ArgumentParser,
    flags: Sequence[Flag],
    helps: Mapping[str, tuple[str, str]],
    language: str,
    shtab: object,
) -> None:
    for flag in flags:
        text = helps[flag.key][LANGUAGES.index(language)].replace("%", "%%")
        text = text.removeprefix("{formats}").lstrip(";； ")  # they are what is offered
        if flag.check is None:
            parser.add_argument(*flag.names, action="store_true", dest=flag.key, help=text)
            continue
        action = parser.add_argument(
            *flag.names, dest=flag.key, metavar=flag.metavar, help=text, choices=_choices(flag)
        )
        if flag.metavar in ("FILE", "DIR"):
            action.complete = getattr(shtab, "FILE" if flag.metavar == "FILE" else "DIRECTORY")  # type: ignore[attr-defined]


def _choices(flag: Flag) -> Iterable[str] | None:
    if isinstance(flag.check, OneOf):
        return flag.check.names
    return [f"{metric}:" for metric in METRICS] if flag.key in _RULES else None
