"""The load flags: which of them can be combined, and the settings that follow from them."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from ..flags import flag_name
from ..flags.load_checks import Warmup
from ..pace.replay import Replayed, load_replay
from ..pace.schedule import threads_for
from ..records import RunConfig
from ..request.body import BodyBuilder
from ..texts import Texts
from .flag_values import Exclusion, FlagValues

TEXTS: Texts = {
    "endless": ("would never end; add --duration or --requests", "不会结束，请加 --duration 或 --requests"),
    "no_end_known": (
        "needs a known end of the run; add --duration, or use --stages",
        "事先不知道何时结束，请加 --duration 或改用 --stages",
    ),
    "nothing_left": (
        "leaves nothing to measure of {seconds:g} s; reduce --warmup and --cooldown",
        "在 {seconds:g} 秒内没有留下可测量的时间，请减小 --warmup 和 --cooldown",
    ),
    "all_warmup": (
        "leaves nothing to measure of {requests} requests; reduce it",
        "在 {requests} 个请求中没有留下可测量的请求，请减小",
    ),
}

WARNINGS: Texts = {
    "no_messages_sent": (
        "{flag}: of the messages of {count} of {rows} lines only the last is sent; put {place} into a template",
        "{flag}：{rows} 行中有 {count} 行的 messages 只发送最后一条，请在模板中加上 {place}",
    ),
    "no_limit_sent": (
        "{flag}: {count} of {rows} lines limit the answer, the body has no place for it; put {place} into a template",
        "{flag}：{rows} 行中有 {count} 行限定了回答长度，但请求体中没有它的位置，请在模板中加上 {place}",
    ),
}


def _of_rate(stages: str) -> bool:
    """Whether the unit of these stages, as typed, is requests a second."""
    return "/s" in stages


EXCLUSIONS: tuple[Exclusion, ...] = (
    Exclusion("stages", "rate", "not_with"),
    Exclusion("stages", "duration", "not_with"),
    Exclusion("stages", "ramp_up", "not_with"),
    Exclusion("stages", "threads", "not_with", unless=_of_rate),
    Exclusion("stages", "think_time", "not_with", unless=lambda stages: not _of_rate(stages)),
    Exclusion("stages", "arrival", unless=_of_rate),
    *(Exclusion(key, other, "not_with") for key in ("rate", "replay") for other in ("ramp_up", "think_time")),
    *(Exclusion("replay", key, "not_with") for key in ("rate", "stages", "turns", "context_tiers")),
    *(Exclusion("batch", key, "not_with") for key in ("rate", "stages", "replay", "processes")),
    # A flag that belongs to one of two exclusive flags is dropped with it when the other has a stronger source.
    *(Exclusion(key, "arrival") for key in ("replay", "batch")),
    *(Exclusion(key, "speed") for key in ("rate", "stages", "batch")),
)
"""As `run.EXCLUSIONS`."""

NEEDS: tuple[tuple[str, str], ...] = (
    ("speed", "replay"),
    ("cancel_rate", "cancel_after"),
    ("cancel_after", "cancel_rate"),
)
"""Flags that need another one."""

MANY_REQUESTS: tuple[str, ...] = ("rate", "arrival", "stages", "replay", "speed", "batch", "warmup", "cooldown",
                                  "cancel_rate", "cancel_after")  # fmt: skip
"""The flags that have no meaning for a single request."""


def load_settings(flags: FlagValues) -> tuple[dict[str, Any], Sequence[Replayed]]:
    """The fields of `RunConfig` for the load, and the requests of a trace.

    Defaults that depend on other flags are set in `flags`.  UsageError for flags that contradict each other.
    """
    rate_stages = flags["stages"] is not None and flags["stages"].of == "rate"
    _check(flags, rate_stages)
    _set_defaults(flags, rate_stages)
    replayed = _replayed(flags)
    warmup = flags["warmup"] or Warmup()
    settings = {
        "rate_per_s": flags["rate"],
        "arrival": flags["arrival"],
        "stages": [list(stage) for stage in flags["stages"].stages] if flags["stages"] else [],
        "stages_of": flags["stages"].of if flags["stages"] else None,
        "replay_file": flags["replay"],
        "replay_s": replayed[-1].at_s if replayed else None,
        "speed": flags["speed"],
        "batch": flags["batch"],
        "warmup_s": warmup.seconds,
        "warmup_requests": warmup.requests,
        "cooldown_s": flags["cooldown"],
        "cancel_rate": flags["cancel_rate"],
        "cancel_after_s": flags["cancel_after"],
        "threads": flags["threads"],
        "duration_s": flags["duration"],
        "ramp_up_s": flags["ramp_up"],
        "requests": flags["requests"] if not replayed else min(len(replayed), flags["requests"] or len(replayed)),
        "turns": flags["turns"],
    }
    _check_phases(flags, RunConfig(**settings))
    return settings, replayed


def _check(flags: FlagValues, rate_stages: bool) -> None:
    if "arrival" in flags.given and not (flags["rate"] or rate_stages):
        raise flags.wrong("arrival", "needs_other", other=flag_name("rate"))
    if flags["rate"] and not (flags["duration"] or flags["requests"]):
        raise flags.wrong("rate", "endless")


def _set_defaults(flags: FlagValues, rate_stages: bool) -> None:
    stages = flags["stages"]
    if stages is not None:
        flags.defaults["duration"] = stages.seconds
        flags.defaults["threads"] = threads_for(stages.highest) if rate_stages else math.ceil(stages.highest)
    elif flags["rate"]:
        flags.defaults["threads"] = threads_for(flags["rate"])
    elif flags["batch"]:
        flags.defaults["threads"] = flags["batch"]
        if not flags["duration"]:
            flags.defaults["requests"] = flags["batch"] * flags["turns"]


def _replayed(flags: FlagValues) -> list[Replayed]:
    """The requests of the trace that are due within the run, at the speed asked for."""
    if not flags["replay"]:
        return []
    every = [each._replace(at_s=each.at_s / flags["speed"]) for each in flags.load_warned("replay", load_replay)]
    if flags["duration"]:
        every = every[: bisect_left(every, flags["duration"], key=lambda each: each.at_s)]
    flags.defaults["threads"] = threads_for(len(every) / max(1.0, every[-1].at_s))
    return every


def warn_of_trace(flags: FlagValues, body: BodyBuilder, replayed: Sequence[Replayed]) -> None:
    """A warning for what lines of the trace say and `body` has no place for."""
    places = [body.no_place_for(each.query) for each in replayed if each.query is not None]
    flag, rows = flags.name("replay"), len(replayed)
    if count := sum(messages for messages, _ in places):
        place = '"messages": "{messages}"'
        flags.warnings.append(flags.say("no_messages_sent", flag=flag, rows=rows, count=count, place=place))
    if count := sum(limit for _, limit in places):
        place = '"max_tokens": "{output_length}"'
        flags.warnings.append(flags.say("no_limit_sent", flag=flag, rows=rows, count=count, place=place))


def _check_phases(flags: FlagValues, config: RunConfig) -> None:
    """UsageError when warm-up and cool-down leave nothing to measure, or the end of the run is not known."""
    planned_s = config.planned_s
    if config.cooldown_s and planned_s is None:
        raise flags.wrong("cooldown", "no_end_known")
    key = "warmup" if config.warmup_s else "cooldown"
    outside_s = config.warmup_s + config.cooldown_s
    if planned_s is not None and outside_s and outside_s >= planned_s:
        raise flags.wrong(key, "nothing_left", seconds=planned_s)
    wanted = config.requests_wanted
    if wanted is not None and config.warmup_requests >= wanted:
        raise flags.wrong("warmup", "all_warmup", requests=wanted)
