"""Checks of the values of the load flags, see `checks.py`.

The error for a value names the first character that does not fit.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..errors import UsageError
from ..texts import Say
from .checks import MAX_SECONDS, duration_fault, duration_s, number_fault, wrong_at

MAX_RATE = 100_000
MAX_TARGET_THREADS = 100_000
MAX_CV = 100.0

TEXTS = {
    "rate": (
        "give requests a second, above 0 and at most {most}, e.g. 20 or 0.5",
        "请给出每秒请求数，大于 0 且不超过 {most}，例如 20 或 0.5",
    ),
    "arrival": (
        "give constant, poisson or gamma:CV with a CV above 0 and at most {most}, e.g. gamma:2",
        "请给出 constant、poisson 或 gamma:CV（CV 大于 0 且不超过 {most}），例如 gamma:2",
    ),
    "stages": (
        "give TIME:THREADS or TIME:RATE/s, joined by commas, e.g. 30s:10,1m:50,30s:0 or 30s:5/s,1m:20/s",
        "请给出 时间:线程数 或 时间:速率/s，用逗号连接，例如 30s:10,1m:50,30s:0 或 30s:5/s,1m:20/s",
    ),
    "stages_mixed": (
        "threads and rates cannot be mixed; write /s behind all targets or behind none",
        "线程数与速率不能混用，请在所有目标后都写 /s 或都不写",
    ),
    "stages_nothing": ("has no load at all; give a target above 0", "没有任何负载，请给出大于 0 的目标"),
    "stages_most": (
        "a target above {most}, or stages of more than {seconds:g} s; give less",
        "目标超过 {most}，或各阶段共超过 {seconds:g} 秒，请减小",
    ),
    "warmup": (
        "give a time with its unit or a number of requests, e.g. 10s or 20",
        "请给出带单位的时间或请求数，例如 10s 或 20",
    ),
    "share": ("give a share from 0 to 1, e.g. 0.05 or 5%", "请给出 0 到 1 之间的比例，例如 0.05 或 5%"),
    "speed": ("give a number above 0, e.g. 2 for twice as fast", "请给出大于 0 的数，例如 2 表示两倍速"),
}


class Stages(NamedTuple):
    """`stages` are (seconds, target at the end); `of` is the unit of the targets, "threads" or "rate"."""

    of: str
    stages: tuple[tuple[float, float], ...]

    @property
    def seconds(self) -> float:
        """How long all of them take."""
        return sum(seconds for seconds, _ in self.stages)

    @property
    def highest(self) -> float:
        """The highest target."""
        return max(target for _, target in self.stages)


class Warmup(NamedTuple):
    """A time or a number of requests, the other one is 0."""

    seconds: float = 0.0
    requests: int = 0


_NUMBER = r"\d+(?:\.\d+)?"


def rate(text: str, say: Say) -> float:
    """Requests a second: `20`, `0.5` or `20/s`."""
    problem = say("rate", most=MAX_RATE)
    if not re.fullmatch(rf"{_NUMBER}(/s)?", text):
        raise wrong_at(text, _behind(text, number_fault(text), "/s"), problem, say)
    found = float(text.removesuffix("/s"))
    if not 0 < found <= MAX_RATE:
        raise UsageError(problem)
    return found


def _behind(text: str, fault: int, suffix: str) -> int:
    """The index of the fault when a suffix is allowed at `fault`: the part of the suffix that is there fits."""
    for character in suffix:
        if fault == 0 or text[fault : fault + 1] != character:
            break
        fault += 1
    return fault


def arrival(text: str, say: Say) -> str:
    """`constant`, `poisson` or `gamma:CV` in small letters."""
    problem = say("arrival", most=f"{MAX_CV:g}")
    name, colon, spread = text.lower().partition(":")
    if name not in ("constant", "poisson", "gamma"):
        longest = max(_alike(name, known) for known in ("constant", "poisson", "gamma:"))
        raise wrong_at(text, longest, problem, say)
    if name != "gamma":
        if colon:
            raise wrong_at(text, len(name), problem, say)
        return name
    if not re.fullmatch(_NUMBER, spread):
        raise wrong_at(text, len(name) + (1 + number_fault(spread) if colon else 0), problem, say)
    if not 0.01 <= float(spread) <= MAX_CV:
        raise wrong_at(text, len(name) + 1, problem, say)
    return f"gamma:{float(spread):g}"


def _alike(text: str, known: str) -> int:
    """How many characters at their beginning are the same."""
    return next((at for at, pair in enumerate(zip(text, known, strict=False)) if pair[0] != pair[1]), len(text))


def stages(text: str, say: Say) -> Stages:
    """`TIME:TARGET,...` with threads or, behind each target, `/s` for a rate."""
    found: list[tuple[float, float]] = []
    kinds: list[str] = []
    begin = 0
    for part in text.split(","):
        seconds, target, kind = _stage(text, begin, part, say)
        if kinds and kind != kinds[0]:
            raise wrong_at(text, begin + part.index(":") + 1, say("stages_mixed"), say)
        found.append((seconds, target))
        kinds.append(kind)
        begin += len(part) + 1
    made = Stages(kinds[0], tuple(found))
    most = MAX_RATE if made.of == "rate" else MAX_TARGET_THREADS
    if made.highest > most or made.seconds > MAX_SECONDS:
        raise UsageError(say("stages_most", most=most, seconds=MAX_SECONDS))
    # A last stage of 0 seconds would be a step to a load that is never sent.
    if not made.seconds or not any(target for _, target in found):
        raise UsageError(say("stages_nothing"))
    return made


def _stage(text: str, begin: int, part: str, say: Say) -> tuple[float, float, str]:
    """Seconds, target and unit of the stage that begins at index `begin` of `text`."""

    def wrong(fault: int) -> UsageError:
        return wrong_at(text, begin + fault, say("stages"), say)

    time, colon, target = part.partition(":")
    seconds = duration_s(time)
    if seconds is None or not 0 <= seconds <= MAX_SECONDS:
        raise wrong(duration_fault(time))
    if not colon:
        raise wrong(len(part))
    if re.fullmatch(rf"{_NUMBER}/s", target):
        return seconds, float(target.removesuffix("/s")), "rate"
    if re.fullmatch(r"\d+", target):
        return seconds, float(target), "threads"
    whole = re.match(r"\d*", target)
    fault = number_fault(target)
    slash = _behind(target, fault, "/s")
    if slash == fault and whole and whole.end() < fault:
        fault = slash = whole.end()  # a fraction of a thread
    raise wrong(len(time) + 1 + slash)


def warmup(text: str, say: Say) -> Warmup:
    """A time with a unit, or a number of requests."""
    if re.fullmatch(r"\d{1,12}", text):
        return Warmup(requests=int(text))
    seconds = duration_s(text)
    if seconds is None or not 0 <= seconds <= MAX_SECONDS or re.fullmatch(_NUMBER, text):
        raise wrong_at(text, duration_fault(text), say("warmup"), say)
    return Warmup(seconds)


def share(text: str, say: Say) -> float:
    """A share of 1, `0.05`, or in per cent, `5%`."""
    if not re.fullmatch(rf"{_NUMBER}%?", text):
        raise wrong_at(text, _behind(text, number_fault(text), "%"), say("share"), say)
    found = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    if not 0 <= found <= 1:
        raise UsageError(say("share"))
    return found


def speed(text: str, say: Say) -> float:
    """A number above 0."""
    if not re.fullmatch(_NUMBER, text):
        raise wrong_at(text, number_fault(text), say("speed"), say)
    if not 1e-6 <= float(text) <= 1e6:
        raise UsageError(say("speed"))
    return float(text)
