"""Values of flags from the environment and from a file, by the names of the flags.

`--ramp-up` is `SSE_PERF_RAMP_UP` in the environment and `ramp-up` or `ramp_up` in a file, there also inside a table
with the name of a group of flags.  Values stay texts as typed; the check of each flag comes afterwards.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

from ..compiled import PURE
from ..errors import UsageError
from ..flags import EVERY_FLAG, Flag
from ..flags.synonyms import meant_by
from ..masking import mask_text
from ..texts import Say, loads_bounded, printable
from .config_file import load_settings

PREFIX = "SSE_PERF_"
NOT_OF_FLAGS = (PURE, "SSE_PERF_NO_COMPILE")
"""Variables that are read elsewhere: whether compiled parts are used, and whether they are built."""

TEXTS = {
    "twice": ("given twice; keep one", "重复给出，请只留一个"),
    "unknown_setting": (
        "no such setting; settings in {here} have the names of the flags, see --help",
        "没有这个设置，{here}中的设置与参数同名，见 --help",
    ),
    "unknown_setting_near": ("no such setting; did you mean {closest}?", "没有这个设置，是否想用 {closest}？"),
    "the_file": ("a file", "文件"),
    "the_environment": ("the environment", "环境变量"),
    "truth": ("give true or false", "请给出 true 或 false"),
    "quoted": (
        "this is true or false, not a text; put the value in quotes",
        "这是真假值，不是文本，请给值加上引号",
    ),
    "one_value": ("give one value, a text or a number", "请给出一个值：文本或数字"),
    "only_values": ("give a value or a list of them, texts or numbers", "请给出一个值或列表：文本或数字"),
}

Typed = str | list[str] | bool

WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
"""The values of a switch in the environment or a file."""

NOT_IN_A_FILE = ("config", "print_config", "completion", "version", "help")
NOT_IN_THE_ENVIRONMENT = ("print_config", "completion", "version", "help")


class Source(IntEnum):
    """Where a value comes from; the higher number has priority."""

    DEFAULT = 0
    FILE = 1
    ENVIRONMENT = 2
    LINE = 3


class Given(NamedTuple):
    """The value that a source has for a flag."""

    typed: Typed
    source: Source
    name: str
    """As written: `--port`, `SSE_PERF_PORT`, `port`."""
    place: str = ""
    """The file."""

    @property
    def label(self) -> str:
        """The beginning of a message about it."""
        return f"{self.place}: {self.name}" if self.place else self.name

    def labelled(self, value: str) -> str:
        """The label and the value, as written in the source."""
        return self.label + _BETWEEN[self.source] + value if value else self.label

    def shown(self, flag: Flag) -> str:
        """The label and the part of the value that may be shown."""
        seen = printable(mask_text(flag.show(self.typed)), 80) if isinstance(self.typed, str) else ""
        if seen and self.source is Source.FILE:
            seen = json.dumps(plain(seen), ensure_ascii=False)
        return self.labelled(seen)


_BETWEEN = {Source.FILE: " = ", Source.ENVIRONMENT: "=", Source.LINE: " "}


def plain(text: str) -> str | int | float:
    """`text` as a number if `str` of the number gives the same text again, else `text` itself."""
    if not re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", text):
        return text
    number = float(text) if "." in text else int(text)
    return number if str(number) == text else text


def from_environment(environ: Mapping[str, str], flags: Sequence[Flag], say: Say) -> tuple[dict[str, Given], list[str]]:
    """The values of `flags` in the environment, by key, and a warning for each variable that names no flag at all.

    Empty variables are ignored.  UsageError when two variables name the same flag.
    """
    known, wanted = _names(NOT_IN_THE_ENVIRONMENT), {flag.key for flag in flags}
    found: dict[str, Given] = {}
    warnings = []
    for variable, text in environ.items():
        if not variable.startswith(PREFIX) or not text or variable in NOT_OF_FLAGS:
            continue
        flag = known.get(variable.removeprefix(PREFIX).lower())
        given = Given(_listed(text) if flag is not None and flag.repeat else text, Source.ENVIRONMENT, variable)
        if flag is None:
            warnings.append(_unknown(given, known, say, "the_environment"))
        elif flag.key in wanted:
            _put(found, flag, given, say)
    return found, warnings


def _listed(text: str) -> list[str]:
    """A JSON list of texts and numbers as its texts; anything else is one text."""
    try:
        items = loads_bounded(text)
    except ValueError:
        return [text]
    plain_items = isinstance(items, list) and all(type(item) in (str, int, float) for item in items)
    return [str(item) for item in items] if plain_items and items else [text]


def from_file(path: str, flags: Sequence[Flag], language: str, say: Say) -> dict[str, Given]:
    """The values of `flags` in a file, by key; null and empty lists are ignored.

    UsageError that begins with the file's name, for a file that cannot be read, an unknown or repeated name, and a
    value of a wrong type.
    """
    known, wanted = _names(NOT_IN_A_FILE), {flag.key for flag in flags}
    found: dict[str, Given] = {}
    for name, value in _flat(load_settings(path, language)):
        flag = known.get(name.replace("-", "_"))
        shown = printable(mask_text(name), 40)
        if flag is None:
            raise UsageError(_unknown(Given("", Source.FILE, shown, printable(path)), known, say, "the_file"))
        if value not in (None, []) and flag.key in wanted:
            given = Given(_typed(flag, value), Source.FILE, shown, printable(path))
            _put(found, flag, _well_formed(flag, given, value, say), say)
    return found


def _flat(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """All settings, with those in the table of a group."""
    groups = {flag.group for flag in EVERY_FLAG}
    for name, value in settings.items():
        if name in groups and isinstance(value, dict):
            yield from value.items()
        else:
            yield name, value


def _typed(flag: Flag, value: Any) -> Typed:
    if isinstance(value, bool):
        return value
    if isinstance(value, dict) and flag.metavar == "JSON":
        return json.dumps(value, ensure_ascii=False, default=str)  # TOML has dates
    if flag.repeat:
        return [str(item) for item in (value if isinstance(value, list) else [value])]
    return str(value)


def _well_formed(flag: Flag, given: Given, value: Any, say: Say) -> Given:
    """`given`, when `value` has a type that the flag can take; UsageError otherwise."""
    items = value if flag.repeat and isinstance(value, list) else [value]
    if flag.check is not None and any(isinstance(item, bool) for item in items):
        raise UsageError(f"{given.label}: {say('quoted')}")
    if isinstance(value, dict) and flag.metavar == "JSON":
        return given
    if any(isinstance(item, list | dict) or item is None for item in items):
        raise UsageError(f"{given.label}: {say('only_values' if flag.repeat else 'one_value')}")
    return given


def _put(found: dict[str, Given], flag: Flag, given: Given, say: Say) -> None:
    if flag.key in found:
        raise UsageError(f"{given.label}: {say('twice')}")
    found[flag.key] = given


def _names(but: Sequence[str]) -> dict[str, Flag]:
    """Every name that a setting may have, of other commands too, with underscores, and its flag."""
    names = ((name, flag) for flag in EVERY_FLAG if flag.key not in but for name in flag.names)
    return {name[2:].replace("-", "_"): flag for name, flag in names if name.startswith("--")}


def _unknown(given: Given, known: Mapping[str, Flag], say: Say, here: str) -> str:
    in_environment = given.source is Source.ENVIRONMENT
    name = given.name.removeprefix(PREFIX).lower() if in_environment else given.name.replace("-", "_")
    label = printable(given.label, 200)
    closest = meant_by(name, (name.replace("_", "-") for name in known))
    if closest is None:
        return f"{label}: {say('unknown_setting', here=say(here))}"
    meant = PREFIX + closest.upper().replace("-", "_") if in_environment else closest
    return f"{label}: {say('unknown_setting_near', closest=meant)}"


def truth(flag: Flag, given: Given, say: Say) -> bool:
    """Whether a switch is on; UsageError for any other word."""
    if isinstance(given.typed, bool):
        return given.typed
    found = WORDS.get(str(given.typed).strip().lower())
    if found is None:
        raise UsageError(f"{given.shown(flag)}: {say('truth')}")
    return found
