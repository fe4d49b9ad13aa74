"""Units and figures: how many of one are in another, how they are spelled.  Times inside the tool are whole ns."""

from __future__ import annotations

from collections.abc import Callable

NS_PER_US = 1_000
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
US_PER_MS = 1_000
US_PER_S = 1_000_000

REQUESTS_PER_S = ("requests/s", "请求/s")
TOKENS_PER_S = ("tokens/s", "token/s")
CHUNKS_PER_S = ("chunks/s", "数据块/s")
"""Rates in English and Chinese, spelled so in every output."""


TIMES, SIZES, SHARES = {"ms": 1.0, "s": 1000.0}, {"MB": 1.0, "GB": 1000.0}, {"%": 1.0}
"""The units in which a limit may be written, with how many of the first, in which values are told, each of them is."""


def figure(value: float | None, digits: int = 3) -> str:
    """A number with that many significant digits, or decimals below 1, and thousands separators; "n/a" for None."""
    if value is None:
        return "n/a"
    before = len(str(int(abs(value)))) if abs(value) >= 1 else 0
    return f"{value:,.{0 if value == 0 else max(0, digits - before)}f}"


def signed(value: float | None, digits: int = 3) -> str:
    """A difference as `figure`, with its sign; "0" has none, "n/a" for None."""
    if value is None or value == 0:
        return figure(value)
    return ("+" if value > 0 else "−") + figure(abs(value), digits)


def reading(value: float | None) -> str:
    """A number that is mostly a count: all of its digits where it is whole, else as `figure`."""
    return figure(value, 0 if value is not None and value == int(value) else 3)


def percent_text(share: float | None) -> str:
    """A share of 1 in percent: never 100 % when something is missing, never 0 % when something is there."""
    if share is None or not 0 <= share <= 1:
        return figure(None) if share is None else f"{figure(share * 100)} %"
    digits = 1 if 0.001 <= share <= 0.999 else 2 if 0.0001 <= share <= 0.9999 else 3
    kept = min(share, 0.99999) if share < 1 else share
    kept = max(kept, 0.00001) if share > 0 else kept
    return f"{kept * 100:.0f} %" if kept in (0, 1) else f"{kept * 100:.{digits}f} %"


def telling_digits(value: float, holds: Callable[[float], bool]) -> int:
    """As few digits as let a reader judge a limit from the figure alone, three at least, six at most."""
    read = {digits: float(figure(value, digits).replace(",", "")) for digits in (3, 4, 5)}
    return next((digits for digits, shown in read.items() if holds(shown) == holds(value)), 6)
