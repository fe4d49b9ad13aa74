"""The arguments of a run (a load, one request with --debug, a demo), and which of its flags exclude each other."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from ..flags import FLAGS
from ..formats import FORMATS, guess_from_url
from ..records import RunConfig
from ..request.tracing import Tracing
from ..texts import Texts
from . import load, workers
from .config import run_config
from .endpoint import endpoint_of
from .files import inputs, outputs
from .flag_values import Exclusion, FlagValues
from .goals import baseline_of, check_goals
from .output_paths import Now
from .parsed import Arguments, TelemetryWanted
from .request import (
    body_of,
    body_row,
    check_tokenizer,
    check_turns,
    check_whole,
    custom_options,
    following_of,
    format_name_of,
    opening_of,
    queries_of,
    stream_options,
    warn_of_thread,
)
from .settings import settings_text
from .studio_folder import studio_folder_of
from .target import auth_of, headers_of, keys_of, masker_of, verify_of

TEXTS: Texts = {
    "url_clash": ("holds host, port and path already; leave out {other}", "已含主机、端口和路径，请去掉 {other}"),
    "not_with": ("cannot go with {other}; keep one of them", "不能与 {other} 同用，请只留一个"),
    "nothing_asked": (
        "missing; give the URL of a service and its key, or try --demo; --help lists all",
        "缺少，请给出服务的网址和密钥，或先试用 --demo，用 --help 查看全部",
    ),
    "one_unused": ("{flag}: not used, {by} sends one request", "{flag}：未使用，{by} 只发送一个请求"),
    "needs_other": (
        "has no effect without {other}; add it, or leave this out",
        "需与 {other} 同用，请加上它或去掉该参数",
    ),
}

DEFAULT_SAMPLE = 0.1
"""The share of requests that have a span, where the trace context of a request has to say it before it begins."""
DEMO_DEFAULTS = {"threads": 5, "duration": 10.0}
_MANY_REQUESTS = ("threads", "processes", "duration", "ramp_up", "requests", "turns", "think_time", "context_tiers",
                  *workers.KEYS, *load.MANY_REQUESTS)  # fmt: skip
_GOALS = tuple(flag.key for flag in FLAGS if flag.group == "goals")

NEEDS = (
    ("abort_after", "abort_on"),
    ("allow", "baseline"),
    ("itl_ms", "calibrate"),
    ("agent", "demo"),
    ("open_body", "open_url"),
    ("open_path", "open_url"),
    ("then_path", "then_url"),
    ("otlp_sample", "otlp"),
    ("otlp_traceparent", "otlp"),
    *load.NEEDS,
    *workers.NEEDS,
)
"""Flags that need another one."""

EXCLUSIONS = (
    Exclusion("url", "host", "url_clash"),
    Exclusion("url", "port", "url_clash", part=True),
    Exclusion("url", "api_path", "url_clash", part=True),
    Exclusion("html_report", "no_report", "not_with"),
    Exclusion("debug", "demo", "not_with"),
    Exclusion("calibrate", "debug", "not_with"),
    Exclusion("itl_ms", "debug"),
    *(Exclusion("metrics_url", key, "not_with") for key in ("debug", "demo")),
    *(Exclusion(key, "debug", "not_with") for key in ("prometheus", "otlp")),
    Exclusion("cacert", "insecure", "not_with"),
    Exclusion("no_stream", "raw", "not_with"),
    *(Exclusion(key, "demo", "not_with") for key in ("url", "host", "port")),
    Exclusion("tokenizer", "token_estimate", "not_with"),
    Exclusion("param_file", "query"),
    Exclusion("prompt_tokens", "param_file", "not_with"),
    Exclusion("prompt_tokens", "query", "not_with"),
    *(Exclusion(key, "shuffle") for key in ("query", "prompt_tokens")),
    Exclusion("api_key_file", "api_key"),
    *(Exclusion("simple", key) for key in _MANY_REQUESTS),
    *load.EXCLUSIONS,
    *workers.EXCLUSIONS,
    *(
        Exclusion("format", flag.key, unless=lambda name: name in ("auto", "custom"))
        for flag in FLAGS
        if flag.group == "custom"
    ),
)
"""Of two such flags the one of the weaker source is dropped; both from one source are an error, if `problem` is set."""


def run_command(flags: FlagValues, environ: Mapping[str, str], now: Now) -> Arguments:
    """The arguments of a run or, with --print-config, its settings as a text to be shown."""
    flags.refuse_rest()
    if not flags.given:
        raise flags.wrong("api_key", "nothing_asked")
    if flags["print_config"]:
        _command(flags)
        masker = masker_of(flags, headers_of(flags), None, environ)
        return Arguments("show", flags.language, text=settings_text(flags, masker))
    if flags["completion"]:
        from ..flags.completion import completion_script  # only here, few ask for it

        return Arguments("show", flags.language, text=completion_script(flags["completion"], flags.language))
    return run_arguments(flags, environ, now)


def run_arguments(
    flags: FlagValues, environ: Mapping[str, str], now: Now, studio_folder: Path | None = None
) -> Arguments:
    """Combines the flags of a run and loads the files that they name.

    `studio_folder` is that of another command, which has said already where its files go.
    """
    command = _command(flags)
    for key, other in NEEDS:
        if key in flags.given and other not in flags.given:
            raise flags.wrong(key, "needs_other", other=flags.name(other))
    address, note = endpoint_of(flags, flags.get)
    path = address.path.partition("?")[0]
    guessed = guess_from_url(address.host, path, stream=not flags["no_stream"])
    format_name = format_name_of(flags)
    row = guessed if format_name == "auto" else FORMATS[format_name]
    if flags["no_stream"]:
        check_whole(flags, row, path)
    headers = headers_of(flags)
    keys = keys_of(flags, row, headers)
    shape, replayed = load.load_settings(flags)
    queries = queries_of(flags, of_trace=any(each.query and each.query.made_tokens for each in replayed))
    example = next((each.query for each in replayed if each.query), None) or queries.query(0)
    body = body_of(flags, body_row(format_name, row, guessed), path, example)
    check_turns(flags, row, body, queries)
    check_tokenizer(flags)
    warn_of_thread(flags, row, path)
    load.warn_of_trace(flags, body, replayed)
    check_goals(flags, RunConfig(**shape).open_loop or flags.given.get("by") == "rate")
    options = {**custom_options(flags), **stream_options(body, example)}
    if flags["milestone"]:
        options["milestones"] = flags["milestone"]
    if studio_folder is None and command != "debug":
        studio_folder = studio_folder_of(flags, "run")
    sent = {"body": json.loads(body.build(example)), "opening": flags["open_body"]}
    written = outputs(flags, environ, now, inputs(flags), default_report=command != "debug")
    masker = masker_of(flags, headers, keys, environ, sent)
    return Arguments(
        command,
        flags.language,
        config=run_config(flags, address, format_name, options, masker, shape),
        address=address,
        headers=headers,
        keys=keys,
        auth=auth_of(row, headers) if keys else None,
        queries=queries,
        body=body,
        replayed=replayed,
        format=row,
        options=options,
        metrics_url=flags["metrics_url"] and flags["metrics_url"].geturl(),
        verify=verify_of(flags),
        studio_folder=studio_folder,
        telemetry=_telemetry(flags),
        baseline=baseline_of(flags),
        processes=flags.given.get("processes"),
        workers=workers.workers_of(flags),
        quiet=flags["quiet"] is True,
        agent=flags["agent"] is True,
        opening=opening_of(flags),
        following=following_of(flags),
        warnings=tuple(map(masker, flags.warnings)),
        notes=() if note is None else (masker(note),),
        masker=masker,
        **written,
    )


def _telemetry(flags: FlagValues) -> TelemetryWanted | None:
    """Where the run is shown while it goes on; None for nowhere."""
    if flags["prometheus"] is None and flags["otlp"] is None:
        return None
    tracing, share = None, flags["otlp_sample"]
    if flags["otlp_traceparent"]:
        share = DEFAULT_SAMPLE if share is None else share
        tracing = Tracing(secrets.randbits(64), share)
    return TelemetryWanted(flags["otlp"], share, flags["prometheus"], tracing)


def _command(flags: FlagValues) -> str:
    """Which of run, debug and demo it is; the defaults become those of that command."""
    if flags["demo"]:
        flags.defaults.update(DEMO_DEFAULTS)
    if one := next((key for key in ("debug", "simple") if key in flags.given), None):
        for key in (*_MANY_REQUESTS, *(_GOALS if flags["debug"] else ())):
            if key not in flags.given:
                continue
            if flags.source(key) >= flags.source(one):
                flags.warnings.append(flags.say("one_unused", flag=flags.name(key), by=flags.name(one)))
            flags.drop(key)
        flags.defaults.update({"threads": 1, "duration": 0.0, "requests": 1})
    return next((command for command in ("demo", "debug") if flags[command]), "run")
