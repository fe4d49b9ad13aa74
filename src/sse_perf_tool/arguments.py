"""From the command line to `Arguments`: what the flags mean together, and the files that they name.

The flags stand in `flags`, what the value of one may be in `flag_values`, and `asked` takes the line apart.  Nothing is
sent and no file is changed; the folder of the default report is made when it is missing.
"""

from __future__ import annotations

import base64
import dataclasses
import itertools
import json
import os
import platform
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote

from . import __version__, abort, baseline, capacity_arguments, load_arguments, output_paths
from .asked import Asked, Exclusion
from .baseline import DEFAULT_ALLOW, WHOLE_ALLOW, Allowed, Baseline, load_baseline
from .capacity_arguments import CapacityArguments
from .errors import UsageError
from .exporters import EXPORTERS
from .flag_values import NO_KEY, masked_key
from .flags import (
    CALIBRATE_FLAGS,
    CAPACITY_FLAGS,
    COMMANDS,
    DEFAULT_QUERY,
    FLAGS,
    PROGRAM,
    REPORT_FLAGS,
    Flag,
    help_text,
)
from .formats import FORMATS, guess_from_url
from .formats.base import Format
from .masking import Masker, mask_headers, mask_key, mask_url, names_a_secret, url_secrets
from .metrics import SCHEDULE_METRICS, STREAM_METRICS
from .prompts import Prompts
from .providers import ApiKeyProvider, Query, QueryProvider, load_keys, load_queries
from .records import RunConfig
from .replay import Replayed
from .request_body import BodyBuilder, load_template
from .schedule import processes_for
from .settings import settings_of, settings_text
from .sources import Source
from .texts import LANGUAGES, Say, default_language, printable
from .thresholds import Rule, Slo

__all__ = ["PROGRAM", "Address", "Arguments", "parse_arguments"]

DEFAULT_PORTS = {"http": 80, "https": 443}
DEMO_KEY = "app-demo"
DEMO_DEFAULTS = {"threads": 5, "duration": 10.0}

TEXTS = {
    **output_paths.TEXTS,
    **abort.TEXTS,
    **baseline.TEXTS,
    **load_arguments.TEXTS,
    "url_clash": ("holds host, port and path already; leave out {other}", "已含主机、端口和路径，请去掉 {other}"),
    "no_key": (
        "missing; give the key of the service (or --api-key-file), or - for a server that takes none",
        "缺少密钥，请给出服务的密钥（或 --api-key-file），服务无需密钥时写 -",
    ),
    "not_with": ("cannot go with {other}; keep one of them", "不能与 {other} 同用，请只留一个"),
    "custom_only": (
        "is for --format custom; leave it out or leave out --format {format}",
        "只用于 --format custom，请去掉它或去掉 --format {format}",
    ),
    "custom_text": (
        "where the text stands is not told; add --text-path PATH (or --raw)",
        "不知道文本在何处，请加 --text-path 路径（或 --raw）",
    ),
    "code_path": (
        "where the code stands is not told; add --error-code-path",
        "不知道代码在何处，请加 --error-code-path",
    ),
    "cacert": (
        "holds no usable certificate ({reason}); give a PEM file",
        "其中没有可用的证书（{reason}），请给出 PEM 文件",
    ),
    "no_files": (
        "report: no file; name one or more .jsonl files of --records",
        "report：缺少文件，请给出 --records 写的 .jsonl 文件",
    ),
    "one_run": (
        "is of one run, but there are {count} files; name one of them or leave this out",
        "只针对一次运行，而这里有 {count} 个文件；请只给一个文件，或去掉该参数",
    ),
    "no_record_file": ("cannot be read ({reason}); check the path", "无法读取（{reason}），请检查路径"),
    "key_fallback": ("{problem}; --api-key is used instead", "{problem}；改用 --api-key"),
    "template_fallback": ("{problem}; the default body is used instead", "{problem}；改用默认请求体"),
    "model_unused": (
        '--model {model}: not used, the body has no "model"; add it to the template of --request-body-file',
        "--model {model}：未使用，请求体中没有 model，请在 --request-body-file 的模板中加上",
    ),
    "unfilled": (
        "--request-body-file {path}: nothing is known for {names}, sent as it stands; add it to --param-file",
        "--request-body-file {path}：{names} 没有值，将原样发送，请在 --param-file 中补上",
    ),
    "one_unused": ("{flag}: not used, {by} sends one request", "{flag}：未使用，{by} 只发送一个请求"),
    "needs_other": (
        "means nothing without {other}; add it, or leave this out",
        "需与 {other} 同用，请加上它或去掉该参数",
    ),
    "needs_slo": (
        "there is no goodput without --slo; add one, e.g. --slo 'ttft_ms<500'",
        "没有 --slo 就没有 goodput，请加上，例如 --slo 'ttft_ms<500'",
    ),
    "of_streams": (
        "{metric} is not measured with {flag}; take another metric, e.g. latency_ms",
        "使用 {flag} 时不测量 {metric}，请改用其他指标，例如 latency_ms",
    ),
    "of_open_loops": (
        "{metric} is measured with --rate, --replay or --stages of a rate alone; add one, or take another metric",
        "{metric} 仅在使用 --rate、--replay 或按速率的 --stages 时测量，请加上其一或改用其他指标",
    ),
    "think_alone": (
        "is between the turns of a conversation; add --turns N, or leave it out",
        "只用于会话的各轮之间，请加 --turns N 或去掉该参数",
    ),
    "no_whole": (
        "{title} gives no whole answer to one request, it must be asked for again and again; leave this out",
        "{title} 的单个请求得不到完整回答，只能反复查询；请去掉该参数",
    ),
    "stream_path": (
        "{flag}: the path ends in {stream}, which asks for a stream; a whole answer is at {whole}",
        "{flag}：路径以 {stream} 结尾，请求的是流；完整回答的路径以 {whole} 结尾",
    ),
    "switched": (
        "{flag}: changed in the template, so that it asks for a whole answer: {names}",
        "{flag}：为请求完整回答，模板中已更改：{names}",
    ),
    "no_turns": (
        "format {name} carries no conversation ({formats} do); give a --request-body-file with {{conversation_id}}",
        "{name} 格式在此不支持会话（支持的有 {formats}），请用 --request-body-file 给出含 {{conversation_id}} 的模板",
    ),
    "no_turns_template": (
        "--request-body-file has no place for the conversation; put {conversation_id} into it",
        "--request-body-file 中没有会话的位置，请加入 {conversation_id}",
    ),
    "no_turns_asked": (
        "no conversation of {file} has a second turn of a person; leave this out",
        "{file} 的会话都只有一轮提问，请去掉该参数",
    ),
    "shuffle_alone": (
        "is for the queries of a file; add --param-file FILE",
        "用于文件中的问题，请加 --param-file 文件",
    ),
    "no_turns_id": (
        "where the id of the conversation stands is not told; add --conversation-id-path PATH",
        "不知道会话标识在何处，请加 --conversation-id-path 路径",
    ),
}

_CUSTOM_FIELDS = ("text", "reasoning", "event", "error", "conversation_id", "message_id", "prompt_tokens",
                  "completion_tokens", "finish_reason")  # fmt: skip
_MANY_REQUESTS = ("threads", "processes", "duration", "ramp_up", "requests", "turns", "think_time", "context_tiers",
                  *load_arguments.MANY_REQUESTS)  # fmt: skip
_INPUT_FILES = ("config", "param_file", "replay", "api_key_file", "request_body_file", "cacert", "baseline")
_GOALS = tuple(flag.key for flag in FLAGS if flag.group == "goals")

_NEEDS = (("abort_after", "abort_on"), ("allow", "baseline"), ("itl_ms", "calibrate"), *load_arguments.NEEDS)
"""Flags that say nothing without another one."""

EXCLUSIONS = (
    Exclusion("url", "host", "url_clash"),
    Exclusion("url", "port", "url_clash", part=True),
    Exclusion("url", "api_path", "url_clash", part=True),
    Exclusion("debug", "demo", "not_with"),
    Exclusion("calibrate", "debug", "not_with"),
    Exclusion("itl_ms", "debug"),
    Exclusion("cacert", "insecure", "not_with"),
    Exclusion("no_stream", "raw", "not_with"),
    *(Exclusion(key, "demo", "not_with") for key in ("url", "host", "port")),
    Exclusion("param_file", "query"),
    Exclusion("prompt_tokens", "param_file", "not_with"),
    Exclusion("prompt_tokens", "query", "not_with"),
    *(Exclusion(key, "shuffle") for key in ("query", "prompt_tokens")),
    Exclusion("api_key_file", "api_key"),
    *(Exclusion("simple", key) for key in _MANY_REQUESTS),
    *load_arguments.EXCLUSIONS,
    *(
        Exclusion("format", flag.key, unless=lambda name: name in ("auto", "custom"))
        for flag in FLAGS
        if flag.group == "custom"
    ),
)
"""What of a weaker source gives way to a stronger one.  Both of one source: the problem is said, if there is one."""


class Address(NamedTuple):
    """Where requests go.  `host` has no brackets; `path` begins with / and carries the query string."""

    scheme: str = "http"
    host: str = "localhost"
    port: int = 80
    path: str = "/v1/chat-messages"

    @property
    def url(self) -> str:
        """The whole URL, without a port that its scheme implies."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if DEFAULT_PORTS[self.scheme] == self.port else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


@dataclass(frozen=True, slots=True)
class Arguments:
    """What the command line asks for, checked and loaded.

    `config` may be shown; `address`, `headers` and `keys` hold the real values, secrets too, and `masker` knows all of
    them.  Which fields count depends on `command`: "show" has `text`, "serve" has `rest`, "report" has `files`,
    `html_report`, `report_named`, `brand`, `report_title`, `exports` and `color`, "calibrate" has `config`,
    `processes`, `quick`, `exports` and `color`; "capacity" has `capacity` and what a
    run has, but its load; the others are as by default there.
    """

    command: str
    """"run", "debug", "demo", "serve", "report", "capacity", "calibrate" or "show"."""
    lang: str = "en"
    config: RunConfig = field(default_factory=RunConfig)
    address: Address = field(default_factory=Address)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Those of -H, which go before the format's own."""
    keys: ApiKeyProvider | None = None
    auth: tuple[str, str] | None = None
    """(header, text before the key) that carries `keys.next()`; None when no key is to be sent."""
    queries: QueryProvider = field(default_factory=lambda: QueryProvider([Query(DEFAULT_QUERY)]))
    body: BodyBuilder = field(default_factory=BodyBuilder)
    replayed: Sequence[Replayed] = ()
    """The requests of --replay, in order of their times."""
    format: Format | None = None
    """None: not named, and the URL does not tell; the stream has to."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """For `Format.reader`."""
    verify: bool | str = True
    """As `requests` takes it: False, True or the path of a PEM file."""
    html_report: Path | None = None
    report_named: bool = True
    """False: `html_report` is only where it goes when no file is there yet, see `output_paths.unused`."""
    brand: str = ""
    report_title: str | None = None
    exports: Mapping[str, Path] = field(default_factory=dict)
    """Name in `EXPORTERS` -> its file, of those asked for."""
    stall_ms: float | None = None
    """For the report command: another limit than that of the run."""
    records_file: Path | None = None
    baseline: Baseline | None = None
    """The older run that this one is held against."""
    capacity: CapacityArguments | None = None
    quiet: bool = False
    color: bool = True
    warnings: tuple[str, ...] = ()
    masker: Masker = field(default_factory=lambda: Masker(()))
    processes: int | None = None
    """As asked for, None is "auto"; `config` has what it comes to."""
    quick: bool = False
    """Only the load asked for is calibrated."""
    files: tuple[Path, ...] = ()
    rest: tuple[str, ...] = ()
    text: str = ""

    @property
    def url(self) -> str:
        """The whole URL with any secret in it."""
        return self.address.url

    def at(self, host: str, port: int) -> Arguments:
        """The same, sent to another host and port (where the demo server came up)."""
        address = self.address._replace(host=host, port=port)
        config = dataclasses.replace(self.config, url=self.masker(mask_url(address.url)))
        return dataclasses.replace(self, address=address, config=config)


def _language(argv: Sequence[str], environ: Mapping[str, str]) -> str:
    """The language of --lang anywhere in `argv`, else of SSE_PERF_LANG, else of the locale: "en" or "zh"."""
    pairs = [*itertools.pairwise(argv), *(tuple(arg.split("=", 1)) for arg in argv if "=" in arg)]
    named = [environ.get("SSE_PERF_LANG", ""), *(value for name, value in pairs if name == "--lang")]
    known = [value.lower() for value in named if value.lower() in LANGUAGES]
    return known[-1] if known else default_language(environ)


def parse_arguments(
    argv: Sequence[str], environ: Mapping[str, str], now: Callable[[], datetime] = datetime.now
) -> Arguments:
    """What the command line (without the program's name) asks for.  `now` dates the default report.

    UsageError, one line in the user's language, for anything wrong with it or with the files that it names.
    """
    language = _language(argv, environ)
    command = argv[0] if argv and argv[0] in COMMANDS else "run"
    if command == "serve":
        return Arguments("serve", language, rest=tuple(argv[1:]))
    if "--help" in argv or "-h" in argv:
        return Arguments("show", language, text=help_text(language, command))
    if "--version" in argv:
        return Arguments("show", language, text=f"{PROGRAM} {__version__}\n")
    if command == "report":
        return _report_arguments(Asked(REPORT_FLAGS, argv[1:], language, TEXTS, environ), environ, now)
    if command == "capacity":
        texts = {**TEXTS, **capacity_arguments.TEXTS}
        return _capacity_arguments(Asked(CAPACITY_FLAGS, argv, language, texts, environ, EXCLUSIONS), environ, now)
    if command == "calibrate":
        return _calibrate_arguments(Asked(CALIBRATE_FLAGS, argv[1:], language, TEXTS, environ), environ, now)
    asked = Asked(FLAGS, argv, language, TEXTS, environ, EXCLUSIONS)
    asked.refuse_rest()
    if asked["print_config"]:
        _command(asked)
        return Arguments("show", asked.language, text=settings_text(asked, Masker(filter(None, [asked["api_key"]]))))
    return _run_arguments(asked, environ, now)


def _capacity_arguments(asked: Asked, environ: Mapping[str, str], now: Callable[[], datetime]) -> Arguments:
    asked.rest = asked.rest[1:]  # the name of the command
    asked.refuse_rest()
    _drop_files_of_runs(asked, CAPACITY_FLAGS)
    found = capacity_arguments.capacity_arguments(asked)
    asked.defaults["threads"] = 1  # the settings are those of one answer; each step has its own load
    run = _run_arguments(asked, environ, now)
    config = dataclasses.replace(run.config, slo=found.search.slo)
    for key, path in {"html_report": run.html_report, **run.exports}.items():
        if path is not None and found.resume is not None and path.resolve() == found.resume.resolve():
            raise asked.wrong("resume", "same_file", other=asked.name(key))
    found = capacity_arguments.resumed(asked, found, config)
    return dataclasses.replace(run, command="capacity", config=config, capacity=found)


def _report_arguments(asked: Asked, environ: Mapping[str, str], now: Callable[[], datetime]) -> Arguments:
    _drop_files_of_runs(asked, REPORT_FLAGS)
    files = tuple(Path(name) for name in asked.rest)
    if not files:
        raise UsageError(asked.say("no_files"))
    for path in files:
        _check_readable(path, asked.say)
    for name in EXPORTERS:
        if len(files) > 1 and name in asked.given:
            raise asked.wrong(name, "one_run", count=len(files))
    taken = {path.resolve(): "report" for path in files}
    outputs = output_paths.checked(asked, taken, now, default_report=True)
    return Arguments(
        "report",
        asked.language,
        files=files,
        html_report=outputs.html_report,
        report_named="html_report" in asked.given,
        brand=asked["brand"],
        report_title=asked["report_title"],
        exports=outputs.exports,
        stall_ms=asked.given.get("stall_ms"),
        color=_color(asked, environ),
    )


def _calibrate_arguments(asked: Asked, environ: Mapping[str, str], now: Callable[[], datetime]) -> Arguments:
    asked.refuse_rest()
    _drop_files_of_runs(asked, CALIBRATE_FLAGS)
    return Arguments(
        "calibrate",
        asked.language,
        config=RunConfig(
            threads=asked["threads"],
            processes=_processes(asked),
            calibrate_itl_ms=asked["itl_ms"],
            lang=asked.language,
            command=_shown_command(["calibrate", *asked.argv], Masker(())),
            version=__version__,
            host_info=_host_info(),
        ),
        processes=asked.given.get("processes"),
        quick=asked["quick"] is True,
        exports=output_paths.checked(asked, _inputs(asked), now, default_report=False).exports,
        color=_color(asked, environ),
    )


def _processes(asked: Asked) -> int:
    # A batch waits for all of its requests, and what a process knows are its own.
    wanted = 1 if asked["batch"] else asked.given.get("processes")
    return processes_for(wanted, asked["threads"], os.cpu_count() or 1)


def _inputs(asked: Asked) -> dict[Path, str]:
    """The files that are read, and the names of their flags."""
    return {Path(asked[key]).resolve(): asked.name(key) for key in _INPUT_FILES if asked[key]}


def _drop_files_of_runs(asked: Asked, flags: Sequence[Flag]) -> None:
    """Takes back the files to write that are not named on the line of a command: they are those of a run."""
    for flag in flags:
        if flag.writes_file and flag.key in asked.given and asked.source(flag.key) is not Source.LINE:
            asked.drop(flag.key)


def _color(asked: Asked, environ: Mapping[str, str]) -> bool:
    return not (asked["no_color"] or environ.get("NO_COLOR"))


def _check_readable(path: Path, say: Say) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        problem = say("no_record_file", reason=error.strerror)
        raise UsageError(f"report {printable(str(path))}: {problem}") from error


def _run_arguments(asked: Asked, environ: Mapping[str, str], now: Callable[[], datetime]) -> Arguments:
    command = _command(asked)
    for key, other in _NEEDS:
        if key in asked.given and other not in asked.given:
            raise asked.wrong(key, "needs_other", other=asked.name(other))
    address = _address(asked)
    path = address.path.partition("?")[0]
    guessed = guess_from_url(address.host, path, stream=not asked["no_stream"])
    format_name = _format_name(asked)
    row = guessed if format_name == "auto" else FORMATS[format_name]
    if asked["no_stream"]:
        _check_whole(asked, row, path)
    headers = _headers(asked)
    keys = _keys(asked, row, headers)
    queries = _queries(asked)
    example = queries.query(0)
    body = _body(asked, _body_row(format_name, row, guessed), example)
    _check_turns(asked, row, body, queries)
    load, replayed = load_arguments.load_settings(asked)
    _check_goals(asked, RunConfig(**load).open_loop)
    options = {**_custom_options(asked), **_stream_options(body, example)}
    outputs = output_paths.checked(asked, _inputs(asked), now, default_report=command != "debug")
    masker = Masker(_secrets(asked, headers, keys, environ))
    return Arguments(
        command,
        asked.language,
        config=_config(asked, address, format_name, options, masker, load),
        address=address,
        headers=headers,
        keys=keys,
        auth=_auth(row, headers) if keys else None,
        queries=queries,
        body=body,
        replayed=replayed,
        format=row,
        options=options,
        verify=_verify(asked),
        html_report=outputs.html_report,
        report_named="html_report" in asked.given,
        brand=asked["brand"],
        report_title=asked["report_title"],
        exports=outputs.exports,
        records_file=outputs.records,
        baseline=_baseline(asked),
        processes=asked.given.get("processes"),
        quiet=asked["quiet"] is True,
        color=_color(asked, environ),
        warnings=tuple(map(masker, asked.warnings)),
        masker=masker,
    )


def _command(asked: Asked) -> str:
    """Which of run, debug and demo it is; the defaults become those of that command."""
    if asked["demo"]:
        asked.defaults.update(DEMO_DEFAULTS)
    if one := next((key for key in ("debug", "simple") if key in asked.given), None):
        for key in (*_MANY_REQUESTS, *(_GOALS if asked["debug"] else ())):
            if key not in asked.given:
                continue
            if asked.source(key) >= asked.source(one):
                asked.warnings.append(asked.say("one_unused", flag=asked.name(key), by=asked.name(one)))
            asked.drop(key)
        asked.defaults.update({"threads": 1, "duration": 0.0, "requests": 1})
    return next((command for command in ("demo", "debug") if asked[command]), "run")


def _address(asked: Asked) -> Address:
    url: SplitResult | None = asked["url"]
    if url is None:
        return Address("http", asked["host"], asked["port"], asked["api_path"])
    scheme = url.scheme.lower()
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    return Address(scheme, str(url.hostname), url.port or DEFAULT_PORTS[scheme], path)


def _format_name(asked: Asked) -> str:
    """The format asked for; any flag of the custom format implies that one."""
    name = str(asked["format"])
    custom = asked.first(*(flag.key for flag in FLAGS if flag.group == "custom"))
    if custom and name not in ("auto", "custom"):
        raise UsageError(f"{custom}: {asked.say('custom_only', format=name)}")
    if custom is None and name != "custom":
        return name
    if not asked["text_path"] and not asked["raw"]:
        raise UsageError(f"--format custom: {asked.say('custom_text')}")
    if asked["error_code_ok"] and not asked["error_code_path"]:
        raise asked.wrong("error_code_ok", "code_path")
    return "custom"


def _custom_options(asked: Asked) -> dict[str, Any]:
    """The options of the custom format: `fields`, `*_events`, `error_code`, `cumulative`, `raw`; those given."""
    fields = {name: asked[f"{name}_path"] for name in _CUSTOM_FIELDS if asked[f"{name}_path"]}
    events = {f"{kind}_events": asked[f"{kind}_event"] for kind in ("text", "error", "end") if asked[f"{kind}_event"]}
    if events:
        fields.setdefault("event", "@event")
    options: dict[str, Any] = {"fields": fields} if fields else {}
    options.update(events)
    if asked["error_code_path"]:
        ok = [0] if asked["error_code_ok"] is None else asked["error_code_ok"]
        options["error_code"] = {"path": asked["error_code_path"], "ok": ok}
    return options | {name: True for name in ("cumulative", "raw") if asked[name]}


def _stream_options(body: BodyBuilder, query: Query) -> dict[str, Any]:
    """What the request says of its stream: DashScope's `parameters.incremental_output`."""
    parameters = json.loads(body.build(query)).get("parameters")
    asked_for = parameters.get("incremental_output") if isinstance(parameters, dict) else None
    return {} if asked_for is None else {"incremental_output": asked_for}


def _body_row(format_name: str, row: Format | None, guessed: Format | None) -> Format | None:
    """The format whose body is sent when there is no template; None for the default body.

    On Dify's paths that is Dify's body whatever the stream looks like.  A custom stream says nothing of its request,
    so there the URL is asked first.
    """
    return guessed if guessed is not None and (format_name == "custom" or guessed.name == "dify") else row


def _headers(asked: Asked) -> dict[str, str]:
    """The headers of -H; user and password of the URL become one, as no URL is sent with them."""
    headers: dict[str, str] = {}
    seen = set()
    for name, value in asked["header"] or ():
        if name.lower() in seen:
            raise UsageError(f"{asked.labelled('header', name)}: {asked.say('twice')}")
        seen.add(name.lower())
        headers[name] = value
    url: SplitResult | None = asked["url"]
    if url is not None and url.username is not None and "authorization" not in seen:
        pair = f"{unquote(url.username)}:{unquote(url.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    return headers


def _auth(row: Format | None, headers: Mapping[str, str]) -> tuple[str, str] | None:
    auth = row.auth if row else ("Authorization", "Bearer ")
    return None if auth is None or auth[0].lower() in {name.lower() for name in headers} else auth


def _keys(asked: Asked, row: Format | None, headers: Mapping[str, str]) -> ApiKeyProvider | None:
    """The keys to send; UsageError when there is none where one is needed."""
    single = [asked["api_key"]] if asked["api_key"] not in (None, NO_KEY) else []
    keys = single
    if asked["api_key_file"]:
        try:
            keys = asked.load("api_key_file", load_keys)
        except UsageError as error:
            if not asked["api_key"] or asked["strict"]:
                raise
            asked.warnings.append(asked.say("key_fallback", problem=error))
    if keys or asked["demo"]:
        return ApiKeyProvider(keys or [DEMO_KEY])
    if asked["api_key"] == NO_KEY or (row is not None and not row.needs_key):
        return None
    if any(map(names_a_secret, headers)) or (asked["url"] and url_secrets(asked["url"].geturl())):
        return None
    raise asked.wrong("api_key", "no_key")


def _queries(asked: Asked) -> QueryProvider:
    """The queries to send: of the file in its order or shuffled, made ones, or always the same."""
    if asked["shuffle"] and not asked["param_file"]:
        raise asked.wrong("shuffle", "shuffle_alone")
    queries = asked.load("param_file", load_queries) if asked["param_file"] else [Query(asked["query"])]
    if asked["shuffle"]:
        from random import Random  # only here, it costs start-up time

        Random(asked["seed"]).shuffle(queries)  # noqa: S311 - no secret, and the same for every run
    tokens, spread = asked["prompt_tokens"] or (None, 0)
    return QueryProvider(queries, prompts=Prompts(asked["seed"], tokens, spread, asked["shared_prefix_tokens"] or 0))


def _body(asked: Asked, row: Format | None, query: Query) -> BodyBuilder:
    """The body as `row` or a template has it; `query` is one that will fill it."""
    body = BodyBuilder(
        _template(asked),
        row,
        model=asked["model"],
        model_name=asked["model_name"],
        user=asked["user"],
        conversation_id=asked["conversation_id"],
        stream=not asked["no_stream"],
    )
    if body.from_template and body.switched:
        asked.warnings.append(
            asked.say("switched", flag=asked.name("no_stream"), names=printable(", ".join(body.switched)))
        )
    if asked["model"] and not body.takes_model:
        asked.warnings.append(asked.say("model_unused", model=printable(asked["model"])))
    if names := body.unfilled(query):
        path = printable(asked["request_body_file"])
        asked.warnings.append(asked.say("unfilled", path=path, names=printable(", ".join(names))))
    return body


def _check_whole(asked: Asked, row: Format | None, path: str) -> None:
    """UsageError when no whole answer can be had; a warning when the URL asks for a stream."""
    if row is None:
        return
    if row.whole is None:
        raise asked.wrong("no_stream", "no_whole", title=row.title)
    if row.whole.path is not None and path.endswith(row.whole.path[0]):
        stream, whole = row.whole.path
        asked.warnings.append(asked.say("stream_path", flag=asked.name("no_stream"), stream=stream, whole=whole))


def _check_turns(asked: Asked, row: Format | None, body: BodyBuilder, queries: QueryProvider) -> None:
    """UsageError when a conversation is asked for that the requests cannot go on with."""
    if asked["turns"] == 1:
        if asked["think_time"]:
            raise asked.wrong("think_time", "think_alone")
        return
    if not body.carries and body.from_template:
        raise asked.wrong("turns", "no_turns_template")
    if not body.carries:
        formats = ", ".join(name for name, each in FORMATS.items() if each.carries)
        raise asked.wrong("turns", "no_turns", name=row.name if row else "auto", formats=formats)
    if body.carries == "id" and row is FORMATS["custom"] and not asked["conversation_id_path"]:
        raise asked.wrong("turns", "no_turns_id")
    if all(query.later == () for query in queries.queries):
        raise asked.wrong("turns", "no_turns_asked", file=asked.name("param_file"))


def _check_goals(asked: Asked, open_loop: bool) -> None:
    """UsageError for a goal that no run of this kind could reach."""
    for key in ("threshold", "slo", "abort_on", "allow"):
        for rule in asked[key] or ():
            if asked["no_stream"] and rule.subject in STREAM_METRICS:
                raise asked.wrong(key, "of_streams", metric=rule.subject, flag=asked.name("no_stream"))
            if not open_loop and rule.subject in SCHEDULE_METRICS:
                raise asked.wrong(key, "of_open_loops", metric=rule.subject)
    for key in ("threshold", "allow"):
        if not asked["slo"] and any(rule.subject == "goodput" for rule in asked[key] or ()):
            raise asked.wrong(key, "needs_slo")


def _baseline(asked: Asked) -> Baseline | None:
    if not asked["baseline"]:
        return None
    slos: Sequence[Slo] = asked["slo"] or ()
    loaded: Baseline = asked.load("baseline", lambda path, lang: load_baseline(Path(path), slos, lang))
    return loaded


def _template(asked: Asked) -> dict[str, Any] | None:
    if not asked["request_body_file"]:
        return None
    try:
        template: dict[str, Any] = asked.load("request_body_file", load_template)
    except UsageError as error:
        if asked["strict"]:
            raise
        asked.warnings.append(asked.say("template_fallback", problem=error))
        return None
    return template


def _verify(asked: Asked) -> bool | str:
    path: str | None = asked["cacert"]
    if path is None:
        return not asked["insecure"]
    import ssl  # only here, it costs start-up time

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(**{"capath" if Path(path).is_dir() else "cafile": path})
    except ssl.SSLError as error:
        raise asked.wrong("cacert", "cacert", reason=error.reason or "SSL") from error
    except OSError as error:
        raise asked.wrong("cacert", "no_record_file", reason=error.strerror) from error
    return path


def _secrets(
    asked: Asked, headers: Mapping[str, str], keys: ApiKeyProvider | None, environ: Mapping[str, str]
) -> list[str]:
    """Every secret that may turn up in a text: keys, headers, URL, also those of a proxy's URL."""
    found = [*(keys.keys if keys else ()), *([asked["api_key"]] if asked["api_key"] else ())]
    for name, value in headers.items():
        if names_a_secret(name):
            found += [value, value.partition(" ")[2]]
    if asked["url"]:
        found += url_secrets(asked["url"].geturl())
    for name, value in environ.items():
        if name.lower().endswith("_proxy"):
            found += url_secrets(value)
    return found


def _config(
    asked: Asked,
    address: Address,
    format_name: str,
    options: Mapping[str, Any],
    masker: Masker,
    load: Mapping[str, Any],
) -> RunConfig:
    think_time_s, think_time_max_s = asked["think_time"] or (0.0, 0.0)
    prompt_tokens, prompt_spread_tokens = asked["prompt_tokens"] or (None, 0)
    return RunConfig(
        url=masker(mask_url(address.url)),
        format=format_name,
        format_options=options,
        query=None if asked["param_file"] or asked["prompt_tokens"] else asked["query"],
        api_key=mask_key(asked["api_key"]) if asked["api_key"] not in (None, NO_KEY) else None,
        headers=mask_headers(dict(asked["header"] or ())),
        timeout_s=asked["timeout"],
        idle_timeout_s=asked["idle_timeout"],
        stream=not asked["no_stream"],
        think_time_s=think_time_s,
        think_time_max_s=think_time_max_s,
        shuffle=asked["shuffle"] is True,
        prompt_tokens=prompt_tokens,
        prompt_spread_tokens=prompt_spread_tokens,
        shared_prefix_tokens=asked["shared_prefix_tokens"] or 0,
        context_tiers=asked["context_tiers"] or [],
        stall_ms=asked["stall_ms"],
        insecure=asked["insecure"] is True,
        thresholds=_typed(asked["threshold"]),
        require_trust=asked["require_trust"],
        slo=_typed(asked["slo"]),
        abort_on=_typed(asked["abort_on"]),
        abort_after_s=asked["abort_after"],
        baseline=asked["baseline"],
        allow=_allow(asked),
        strict=asked["strict"] is True,
        lang=asked.language,
        command=_shown_command(asked.argv, masker),
        version=__version__,
        host_info=_host_info(),
        flags=settings_of(asked, masker),
        processes=_processes(asked),
        calibrate_itl_ms=asked["itl_ms"] if asked["calibrate"] else None,
        **load,
        **{key: asked[key] for key in _SAME_IN_CONFIG},
    )


def _typed(rules: Sequence[Rule | Slo | Allowed] | None) -> list[str]:
    return [rule.text for rule in rules or ()]


def _allow(asked: Asked) -> list[str]:
    if asked["allow"] or not asked["baseline"]:
        return _typed(asked["allow"])
    return list(WHOLE_ALLOW if asked["no_stream"] else DEFAULT_ALLOW)


_SAME_IN_CONFIG = ("model", "model_name", "conversation_id", "user", "api_key_file", "param_file", "request_body_file",
                   "retries", "seed", "cacert")  # fmt: skip


def _shown_command(argv: Sequence[str], masker: Masker) -> str:
    """The command line with all secrets masked, keys too short for the masker as well."""
    shown = []
    for before, argument in zip(["", *argv], argv, strict=False):
        flag, equals, value = argument.partition("=")
        if before == "--api-key":
            shown.append(masked_key(argument))
        elif flag == "--api-key" and equals:
            shown.append(f"{flag}={masked_key(value)}")
        else:
            shown.append(masker(mask_url(argument)))
    return f"{PROGRAM} {shlex.join(shown)}".rstrip()


def _host_info() -> str:
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return f"{system}, Python {platform.python_version()}, {os.cpu_count()} CPUs"
