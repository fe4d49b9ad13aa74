"""The command line taken apart: which flags were given, with values that are checked one by one.

argparse splits the line into flags and values.  Everything else is done here, so that each wrong usage becomes one line
that names the flag, the value and what to do, in the user's language.
"""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable, Sequence
from typing import Any

from . import flag_values
from .errors import UsageError
from .flags import COMMANDS, FLAGS, Flag, flag_name
from .texts import Say, Texts, printable, speaker

TEXTS = {
    "unknown": ("{flag}: no such flag; did you mean {closest}?", "{flag}：没有这个参数，是否想用 {closest}？"),
    "unknown_flag": ("{flag}: no such flag; --help lists all", "{flag}：没有这个参数，用 --help 查看全部"),
    "needs_value": (
        "a value is missing; write {flag} {metavar} (or {flag}={metavar} if it begins with -)",
        "缺少值，请写 {flag} {metavar}（值以 - 开头时写 {flag}={metavar}）",
    ),
    "unexpected": (
        'unexpected argument "{value}"; put a value with spaces in quotes, and a command ({commands}) first',
        "多余的参数 {value}，含空格的值要用引号括起，命令（{commands}）要写在最前",
    ),
    "unexpected_near": (
        'unexpected argument "{value}"; did you mean {closest}?',
        "多余的参数 {value}，是否想用 {closest}？",
    ),
    "no_value": ("takes no value; write it alone", "不带值，请单独书写"),
}


class Asked:
    """The values of the flags: those given, else their defaults.  `wrong` makes the error about one of them.

    `flags` are those that the command takes, `texts` what its author may `say` of them.  UsageError for a line that
    cannot be taken apart and for a value that its flag refuses; `rest` is what belongs to no flag.
    """

    def __init__(self, flags: Sequence[Flag], argv: Sequence[str], language: str, texts: Texts) -> None:
        self.argv, self.language = argv, language
        self.say = speaker({**flag_values.TEXTS, **TEXTS, **texts}, language)
        self.flags = flags
        self.defaults: dict[str, Any] = {flag.key: flag.default for flag in (*FLAGS, *flags)}
        self._typed, self.rest = _split(flags, argv, self.say)
        self.given = {flag.key: self._checked(flag) for flag in flags if flag.key in self._typed}
        self.warnings: list[str] = []

    def __getitem__(self, key: str) -> Any:
        return self.given.get(key, self.defaults[key])

    def first(self, *keys: str) -> str | None:
        """The name of the first of these flags that was given."""
        return next((flag_name(key) for key in keys if key in self.given), None)

    def wrong(self, key: str, problem: str, **values: object) -> UsageError:
        """The error "--flag value: problem"; `problem` is a key of a table of texts."""
        return UsageError(self._line(key, self._typed.get(key, ""), self.say(problem, **values)))

    def refuse_rest(self) -> None:
        """UsageError when something is left over."""
        if not self.rest:
            return
        word = self.rest[0]
        value = printable(word, 12)  # cut short: it may be a piece of a key that was not put in quotes
        meant = {name.lstrip("-"): name for name in (*COMMANDS, *(name for flag in self.flags for name in flag.names))}
        closest = difflib.get_close_matches(word, meant, 1, 0.75)
        if not closest or word in COMMANDS:
            raise UsageError(self.say("unexpected", value=value, commands=", ".join(COMMANDS)))
        raise UsageError(self.say("unexpected_near", value=value, closest=meant[closest[0]]))

    def load(self, key: str, loader: Callable[[str, str], Any]) -> Any:
        """What `loader` makes of the file that a flag names; its error gets the flag's name in front."""
        try:
            return loader(self[key], self.language)
        except UsageError as error:
            raise UsageError(f"{flag_name(key)} {printable(str(error))}") from error

    def _checked(self, flag: Flag) -> Any:
        typed = self._typed[flag.key]
        if flag.check is None:
            return typed
        values = [self._checked_one(flag, flag.check, text) for text in (typed if flag.repeat else [typed])]
        return values if flag.repeat else values[0]

    def _checked_one(self, flag: Flag, check: flag_values.Check, text: str) -> Any:
        try:
            return check(flag_values.utf8(text, self.say), self.say)
        except UsageError as error:
            raise UsageError(self._line(flag.key, text, str(error))) from None

    def _line(self, key: str, typed: object, problem: str) -> str:
        flag = next(flag for flag in (*self.flags, *FLAGS) if flag.key == key)
        name = _name_used(flag, self.argv)
        shown = printable(flag.show(typed), 80) if isinstance(typed, str) else ""
        return printable(f"{name} {shown}: {problem}" if shown else f"{name}: {problem}")


def _name_used(flag: Flag, argv: Sequence[str]) -> str:
    typed = {argument.partition("=")[0] for argument in argv}
    return next((name for name in flag.names if name in typed), flag.names[0])


def _split(flags: Sequence[Flag], argv: Sequence[str], say: Say) -> tuple[dict[str, Any], list[str]]:
    """The line as {flag key: text, texts or True} and what is left over; UsageError for an unknown flag."""
    parser = argparse.ArgumentParser(
        add_help=False, allow_abbrev=False, exit_on_error=False, argument_default=argparse.SUPPRESS
    )
    for flag in (flag for flag in flags if flag.key != "help"):
        action = "store_true" if flag.check is None else "append" if flag.repeat else "store"
        parser.add_argument(*flag.names, dest=flag.key, action=action)
    try:
        found, rest = parser.parse_known_args(list(argv))
    except argparse.ArgumentError as error:
        raise _value_error(flags, str(error.argument_name), argv, say) from None
    for argument in rest:
        if argument.startswith("-") and argument.strip("-"):
            raise _unknown_flag(flags, argument, say)
    return vars(found), rest


def _value_error(flags: Sequence[Flag], argument_name: str, argv: Sequence[str], say: Say) -> UsageError:
    """The error for a flag without its value, or a switch with one; argparse names it by all its names."""
    flag = next(flag for flag in flags if "/".join(flag.names) == argument_name)
    name = _name_used(flag, argv)
    problem = say("needs_value", flag=name, metavar=flag.metavar) if flag.check else say("no_value")
    return UsageError(f"{name}: {problem}")


def _unknown_flag(flags: Sequence[Flag], argument: str, say: Say) -> UsageError:
    name = printable(argument.partition("=")[0], 40)
    # Without the dashes, which would make any two names alike.
    names = {known.lstrip("-"): known for flag in flags for known in flag.names}
    closest = difflib.get_close_matches(name.lstrip("-").replace("_", "-"), names, 1)
    problem = say("unknown", flag=name, closest=names[closest[0]]) if closest else say("unknown_flag", flag=name)
    return UsageError(problem)
