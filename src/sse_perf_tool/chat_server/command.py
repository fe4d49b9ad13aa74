"""The command line of the server: one flag for each setting of a single process."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Sequence
from typing import Any

from .app import create_app  # noqa: F401 - asked for here, so that a missing package is known before anything starts
from .run import serve
from .settings import Settings, SettingsError, flag, load

WITHOUT_FLAG = frozenset({"workers", "api_keys"})
"""`workers` is gunicorn's, and a key on a command line can be read by every user of the machine."""


def run(argv: Sequence[str], prog: str, tool: str, lang: str = "en") -> int:
    """Serves as `argv` says; see `main` in the package for status and exceptions."""
    try:
        settings = load(_asked(_parser(prog), argv), lang)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    return serve(settings, tool, lang)


def _asked(parser: argparse.ArgumentParser, argv: Sequence[str]) -> dict[str, Any]:
    """The settings that `argv` names, by field; SettingsError with one line, where argparse would show all flags."""
    try:
        found, rest = parser.parse_known_args(argv)
    except argparse.ArgumentError as error:
        raise SettingsError(f"{error.argument_name}: {error.message}; --help lists all flags") from None
    if not rest:
        return vars(found)
    typed = rest[0].partition("=")[0]
    flags = [flag(name) for name in Settings.model_fields if name not in WITHOUT_FLAG]
    closest = difflib.get_close_matches(typed, flags, 1)
    advice = f"did you mean {closest[0]}?" if closest else "--help lists all"
    raise SettingsError(f"{typed}: no such flag; {advice}")


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description="A streaming chat server to test against: Dify, OpenAI, Anthropic and an API of its own.",
        epilog="Each setting is also an environment variable or a line in .env: RESPONSE_DELAY for --response-delay.",
        allow_abbrev=False,
        exit_on_error=False,
    )
    for name, field in Settings.model_fields.items():
        if name in WITHOUT_FLAG:
            continue
        if field.annotation is bool:
            parser.add_argument(
                flag(name), dest=name, action="store_true", default=argparse.SUPPRESS, help=field.description
            )
        else:
            described = f"{field.description} ({field.default})" if field.default != "" else field.description
            parser.add_argument(flag(name), dest=name, metavar="VALUE", default=argparse.SUPPRESS, help=described)
    return parser
