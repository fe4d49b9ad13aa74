"""Checks of the flags of the profile command."""

from __future__ import annotations

import re
import signal
from typing import NamedTuple

from ..errors import UsageError
from ..texts import Say, Texts
from ..units import SHARES, SIZES, TIMES

TEXTS: Texts = {
    "target": (
        "give NAME<VALUE, e.g. 'p50<1s', 'ttfc<500ms', 'rss<500MB', 'cpu<80%'; names: {names}",
        "请写成 名称<值，例如 'p50<1s'、'ttfc<500ms'、'rss<500MB'、'cpu<80%'；名称：{names}",
    ),
    "target_unit": ("{name} is in {units}; write it so", "{name} 的单位是 {units}，请这样书写"),
    "signal": ("no such signal; give a name as INT, TERM or QUIT", "没有这个信号，请给出名称，例如 INT、TERM、QUIT"),
}

TARGETS = {
    "p50": (TIMES, "1s"),
    "ttfc": (TIMES, "500ms"),
    "rss": (SIZES, "500MB"),
    "cpu": (SHARES, "80%"),
    "p99": (TIMES, "3s"),
    "failures": (SHARES, "1%"),
    "ttfc_slow": (TIMES, "1s"),
    "growth": (SHARES, "20%"),
    "loop_delay": (TIMES, "50ms"),
}
"""Name -> its units with what they are multiplied by (to ms, MB, percent), and the limit when none is given."""
BY_DEFAULT = ("p50", "ttfc", "rss", "cpu")
"""These are targets; the others are warning signs, unless they are asked for."""


class Limit(NamedTuple):
    """A target: below `most`, in the first of its units."""

    name: str
    most: float
    rule: str


def target(text: str, say: Say) -> Limit:
    """The limit of `NAME<VALUE`."""
    found = re.fullmatch(r"\s*(\w+)\s*<\s*(\d+(?:\.\d+)?)\s*(\S*)\s*", text)
    if found is None or found[1].lower() not in TARGETS:
        raise UsageError(say("target", names=", ".join(TARGETS)))
    name, units = found[1].lower(), TARGETS[found[1].lower()][0]
    factor = next((factor for unit, factor in units.items() if unit.lower() == found[3].lower()), None)
    if factor is None:
        raise UsageError(say("target_unit", name=name, units=" / ".join(units)))
    unit = next(unit for unit in units if unit.lower() == found[3].lower())
    return Limit(name, float(found[2]) * factor, f"{name}<{float(found[2]):g}{unit}")


def limits(asked: list[Limit]) -> dict[str, Limit]:
    """All limits by name, those of the table where none was asked for; the last of a name counts."""
    found = {}
    for name, (units, value) in TARGETS.items():
        number, unit = re.fullmatch(r"([\d.]+)(\D+)", value).groups()  # type: ignore[union-attr]
        found[name] = Limit(name, float(number) * units[unit], f"{name}<{value}")
    return found | {limit.name: limit for limit in asked}


def signal_name(text: str, say: Say) -> str:
    """A signal without its SIG."""
    name = text.upper().removeprefix("SIG")
    if not hasattr(signal, f"SIG{name}"):
        raise UsageError(say("signal"))
    return name
