"""The arguments of the profile command: a load, the server that it is for, and what to look at."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from ..errors import UsageError
from ..flags import PROFILE_DEFAULTS, PROGRAM, profile_checks
from ..flags.checks import NO_KEY
from ..masking import Masker, mask_key, mask_url
from ..texts import Texts, printable
from .config import shown_command
from .flag_values import FlagValues
from .output_paths import Now
from .parsed import Arguments, ProfileArguments
from .run import run_arguments

TEXTS: Texts = {
    **profile_checks.TEXTS,
    "no_server": (
        "profile: which server? {program} profile [passes] [flags] -- COMMAND, or --pid PID, or --demo",
        "profile：分析哪个服务端？{program} profile [passes] [参数] -- COMMAND，或 --pid PID，或 --demo",
    ),
    "no_pass": (
        'profile: "{word}" is no pass; choose doctor, flame, heap, async or all; a command stands behind --',
        "profile：{word} 不是可用的分析；请选择 doctor、flame、heap、async 或 all，服务端命令写在 -- 之后",
    ),
    "no_pass_near": (
        'profile: "{word}" is no pass; did you mean {closest}?',
        "profile：{word} 不是可用的分析，是否想用 {closest}？",
    ),
    "no_address": (
        "profile: where does the server listen? add --url http://127.0.0.1:PORT/PATH, or --port and --api-path",
        "profile：服务端监听在哪里？请加上 --url http://127.0.0.1:端口/路径，或 --port 和 --api-path",
    ),
    "one_server": ("cannot go with a command behind --; keep one of them", "不能与 -- 之后的命令同用，请只留一个"),
    "here_only": (
        "is not this machine; profile looks into processes of this machine (for others: --metrics-url on a run)",
        "不是本机；profile 只能观察本机的进程（其他机器请在普通测试中使用 --metrics-url）",
    ),
}

PASSES = {
    "doctor": ("doctor",), "flame": ("flame",), "heap": ("heap",), "async": ("async",),
    "all": ("flame", "heap", "async"), "heapprofiler": ("heap",), "bubbleprof": ("async",),
}  # fmt: skip
"""Word -> the passes that it means; the last two are the names that Clinic.js has for them."""
_ORDER = ("doctor", "flame", "heap", "async")
_HERE = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 - compared with, not listened on


def profile_arguments(
    flags: FlagValues, environ: Mapping[str, str], now: Now, command: Sequence[str] = ()
) -> Arguments:
    """The load and its server; `command` is what stands behind `--`.  UsageError without one, or with several."""
    passes = _passes(flags)
    if command and (other := flags.first("pid", "demo")):
        raise flags.wrong(other[2:].replace("-", "_"), "one_server")
    if not command and not flags.first("pid", "demo"):
        raise UsageError(flags.say("no_server", program=PROGRAM))
    if not flags["demo"] and not flags.first("url", "port"):
        raise UsageError(flags.say("no_address"))
    flags.rest.clear()
    flags.defaults["api_key"] = NO_KEY  # most servers on one's own machine ask for none
    if not flags["demo"]:
        flags.defaults |= {name: value for name, value in PROFILE_DEFAULTS.items() if not _other_load(flags, name)}
    run = run_arguments(flags, environ, now)
    if run.address.host not in _HERE and not flags["demo"]:
        raise flags.wrong("url" if flags["url"] else "host", "here_only")
    shown = shown_words(command, run.masker)
    line = shown_command(["profile", *flags.argv], run.masker) + (f" -- {shown}" if shown else "")
    return replace(
        run,
        command="profile",
        config=replace(run.config, command=line),
        profile=_asked(flags, passes, command, shown, now() if now else datetime.now()),
    )


def _other_load(flags: FlagValues, name: str) -> bool:
    """Whether other flags of the load say what `name` would."""
    others = ("stages", "replay", "batch", "requests") if name == "duration" else ("stages", "replay", "batch", "rate")
    return flags.first(*others) is not None


def _passes(flags: FlagValues) -> tuple[str, ...]:
    asked = {"doctor"}
    for word in flags.rest:
        if word not in PASSES:
            closest = difflib.get_close_matches(word, PASSES, 1, 0.6)
            key = "no_pass_near" if closest else "no_pass"
            raise UsageError(flags.say(key, word=printable(word, 40), closest=closest[0] if closest else ""))
        asked.update(PASSES[word])
    return tuple(name for name in _ORDER if name in asked)


def _asked(
    flags: FlagValues, passes: tuple[str, ...], command: Sequence[str], shown: str, at: datetime
) -> ProfileArguments:
    page = Path(flags["html_report"]) if flags["html_report"] else None
    return ProfileArguments(
        command=tuple(command),
        shown=shown,
        pid=flags["pid"],
        passes=passes,
        ready_url=flags["ready"] and flags["ready"].geturl(),
        ready_text=flags["ready_text"],
        ready_timeout_s=flags["ready_timeout"],
        sample_rate=flags["sample_rate"],
        native=flags["native"] is True,
        metrics=not flags["no_metrics"],
        metrics_interval_s=flags["metrics_interval"],
        inject=not flags["no_inject"],
        limits=tuple(flags["target"] or ()),
        fail_on_targets=flags["fail_on_targets"] is True,
        server_log=Path(flags["server_log"]) if flags["server_log"] else None,
        stop_signal=flags["stop_signal"],
        keep_running=flags["keep_running"] is True,
        compare=flags["compare"] is True or "flame" in passes,
        demo=flags["demo"] is True,
        folder=page.parent if page else Path("report"),
        name=f"{page.stem}_profile" if page else f"profile_{at:%Y%m%d_%H%M%S}",
    )


_SECRET = re.compile(r"(key|token|secret|password|passwd|auth)", re.IGNORECASE)


def shown_words(command: Sequence[str], masker: Masker) -> str:
    """A command as files may have it: what follows a name such as --api-key is masked."""
    shown, hides = [], False
    for word in command:
        name, equals, value = word.partition("=")
        if hides and not word.startswith("-"):
            shown.append(mask_key(word))
        elif equals and _SECRET.search(name):
            shown.append(f"{name}={mask_key(value)}")
        else:
            shown.append(masker(mask_url(word)))
        hides = not equals and word.startswith("-") and _SECRET.search(word) is not None
    return printable(shlex.join(shown), 1000)
