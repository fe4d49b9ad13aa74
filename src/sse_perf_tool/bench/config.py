"""Reads `config.yaml`: providers, their models, and the settings that all of them share.

    defaults:
      max_tokens: 512
      temperature: 0.7
      context_tiers: [0, 5000]
      prompt: Explain recursion.
      runs: 3
    providers:
      local:
        display_name: vLLM
        api_base: http://localhost:8000/v1
        api_key_env: VLLM_KEY
        models:
          - id: Qwen/Qwen2.5-7B-Instruct
            context_window: 32768

Names of an older file are read as well: `model_id_prefix` for `model_prefix`, and `skip_params: [temperature]` for
`skip_temperature`.  YAML 1.2 as ruamel.yaml reads it: `yes` is a text and `010` is ten.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import UsageError
from ..formats import FORMATS
from ..masking import mask_text
from ..providers import read_text
from ..texts import Say, Texts, printable, speaker

TEXTS: Texts = {
    "syntax": (
        "line {line}, column {column}: {reason}; correct it there",
        "第 {line} 行第 {column} 列：{reason}，请改正",
    ),
    "missing_package": (
        'a benchmark reads YAML with ruamel.yaml; install it: pip install "sse-perf-tool[bench]"',
        '基准测试用 ruamel.yaml 读取 YAML，请安装：pip install "sse-perf-tool[bench]"',
    ),
    "no_table": ('holds no providers; write them below "providers:"', '其中没有 providers，请在 "providers:" 下列出'),
    "kind": ("{place}: expected {what}, found {found}", "{place}：应为{what}，实际为 {found}"),
    "missing": ("{place}: is missing; add it", "{place}：缺失，请补上"),
    "unknown": ("{place}: not known and not used", "{place}：未知，未使用"),
    "format": ("{place}: there is no format {found}; one of {names}", "{place}：没有格式 {found}，可用：{names}"),
    "address": (
        "{place}: {found} is no address; write http://host:port/...",
        "{place}：{found} 不是地址，请写成 http://主机:端口/...",
    ),
    "literal_key": (
        "{place}: a key stands in the file; better name an environment variable in api_key_env",
        "{place}：密钥写在文件中，建议用 api_key_env 指定环境变量",
    ),
    "table": ("a table", "表"),
    "list": ("a list", "列表"),
    "text": ("a text", "文本"),
    "whole": ("a whole number of at least {least}", "不小于 {least} 的整数"),
    "number": ("a number from 0 to 2", "0 到 2 之间的数字"),
    "truth": ("true or false", "true 或 false"),
}

_NO_SECRETS = ("not-needed", "none", "EMPTY", "dummy")
"""What people write where a local server wants any key at all."""

DEFAULT_WINDOW = 128_000
"""Context window of a model that does not say its own, as the first description has it."""


@dataclass(frozen=True, slots=True)
class Model:
    """One model of a provider.  `id` as it stands in the file, with its prefix."""

    id: str
    display_name: str
    context_window: int = DEFAULT_WINDOW
    max_output_tokens: int | None = None
    skip_params: tuple[str, ...] = ()
    """Fields that are left out of the body."""

    @property
    def skip_temperature(self) -> bool:
        """Whether no temperature is sent."""
        return "temperature" in self.skip_params


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider.  `key` is its name in the file; `secret` a key that stands in the file itself."""

    key: str
    display_name: str
    api_base: str | None = None
    key_env: tuple[str, ...] = ()
    secret: str | None = field(default=None, repr=False)
    model_prefix: str = ""
    format: str | None = None
    api_version: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    models: tuple[Model, ...] = ()

    @property
    def api_base_is_local(self) -> bool:
        """Whether the address is of this machine or a private network, where often no key is wanted."""
        host = urlsplit(self.api_base or "").hostname or ""
        if host == "localhost" or host.endswith(".local"):
            return True
        try:
            return ipaddress.ip_address(host).is_private
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class Defaults:
    """What is asked of every model unless the command line says otherwise."""

    max_tokens: int = 512
    temperature: float | None = None
    context_tiers: tuple[int, ...] = (0,)
    prompt: str = "Explain the concept of recursion in programming, with a simple example."
    runs: int = 3


@dataclass(frozen=True, slots=True)
class BenchConfig:
    """A whole `config.yaml`.  `warnings` are about names that nothing reads."""

    providers: tuple[Provider, ...]
    defaults: Defaults = Defaults()
    warnings: tuple[str, ...] = ()


def load_config(path: str | Path, language: str = "en") -> BenchConfig:
    """The config in a file.  UsageError that begins with the path, with line and column where it is not YAML."""
    say = speaker(TEXTS, language)
    try:
        return config_of(_parsed(read_text(path, language), say), say)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def _parsed(text: str, say: Say) -> Any:
    try:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError, YAMLError
    except ModuleNotFoundError:
        raise UsageError(say("missing_package")) from None
    try:
        return YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        raise UsageError(say("syntax", line=line, column=column, reason=printable(str(error.problem), 200))) from None
    except (YAMLError, RecursionError, ValueError) as error:
        raise UsageError(say("syntax", line=1, column=1, reason=printable(str(error).split("\n")[0], 200))) from None


def config_of(document: Any, say: Say) -> BenchConfig:
    """The config that a document holds.  UsageError names the place, as `providers.local.models[0].id`."""
    if not isinstance(document, Mapping) or not isinstance(document.get("providers"), Mapping):
        raise UsageError(say("no_table"))
    reader = _Reader(say)
    top = reader.table(document, "")
    defaults = _defaults(reader, top.inner("defaults"))
    providers = tuple(
        _provider(reader, str(key), top.inner("providers").inner(key)) for key in top.inner("providers").value
    )
    top.unknown("defaults", "providers")
    return BenchConfig(providers, defaults, tuple(reader.warnings))


def _defaults(reader: _Reader, table: _Table) -> Defaults:
    plain = Defaults()
    tiers = table.get("context_tiers", _LIST, list(plain.context_tiers))
    for number, tier in enumerate(tiers):
        reader.check(tier, _whole(0), f"{table.place}.context_tiers[{number}]")
    table.unknown("max_tokens", "temperature", "context_tiers", "prompt", "runs")
    return Defaults(
        table.get("max_tokens", _whole(1), plain.max_tokens),
        table.get("temperature", _NUMBER, plain.temperature),
        tuple(dict.fromkeys(tiers)) or (0,),
        table.get("prompt", _TEXT, plain.prompt),
        table.get("runs", _whole(1), plain.runs),
    )


def _provider(reader: _Reader, key: str, table: _Table) -> Provider:
    base = table.get("api_base", _TEXT, None)
    if base is not None and (urlsplit(base).scheme not in ("http", "https") or not urlsplit(base).hostname):
        raise UsageError(reader.say("address", place=f"{table.place}.api_base", found=printable(mask_text(base), 80)))
    name = table.get("format", _TEXT, None)
    if name is not None and name not in FORMATS:
        names = ", ".join(sorted(FORMATS))
        raise UsageError(
            reader.say("format", place=f"{table.place}.format", found=printable(mask_text(name), 40), names=names)
        )
    secret = table.get("api_key", _TEXT, None)
    if secret not in (None, "", "-", *_NO_SECRETS):
        reader.warnings.append(reader.say("literal_key", place=f"{table.place}.api_key"))
    variables = table.get("api_key_env", _TEXT, None)
    headers = table.inner("headers")
    models = table.get("models", _LIST, [])
    places = [f"{table.place}.models[{number}]" for number in range(len(models))]
    table.unknown("display_name", "api_base", "api_key", "api_key_env", "model_prefix", "model_id_prefix", "format",
                  "api_version", "headers", "models")  # fmt: skip
    return Provider(
        key,
        table.get("display_name", _TEXT, key),
        base,
        (variables,) if variables else (),
        secret,
        (table.get("model_prefix", _TEXT, None) or table.get("model_id_prefix", _TEXT, "")).rstrip("/"),
        name,
        table.get("api_version", _TEXT, None),
        {str(header): headers.get(header, _TEXT, "") for header in headers.value},
        tuple(_model(reader, reader.table(each, place)) for each, place in zip(models, places, strict=True)),
    )


def _model(reader: _Reader, table: _Table) -> Model:
    if "id" not in table.value:
        raise UsageError(reader.say("missing", place=f"{table.place}.id"))
    model_id = table.get("id", _TEXT, "")
    skipped = [str(each) for each in table.get("skip_params", _LIST, [])]
    if table.get("skip_temperature", _TRUTH, False):
        skipped.append("temperature")
    table.unknown("id", "display_name", "context_window", "max_output_tokens", "skip_params", "skip_temperature")
    return Model(
        model_id,
        table.get("display_name", _TEXT, model_id),
        table.get("context_window", _whole(1), DEFAULT_WINDOW),
        table.get("max_output_tokens", _whole(1), None),
        tuple(dict.fromkeys(skipped)),
    )


Kind = tuple[Callable[[Any], bool], str, Mapping[str, object]]
"""What a value has to be: a test, and the text that says it with its values."""

_TEXT: Kind = (lambda value: isinstance(value, str), "text", {})
_LIST: Kind = (lambda value: isinstance(value, Sequence) and not isinstance(value, str), "list", {})
_TABLE: Kind = (lambda value: isinstance(value, Mapping), "table", {})
_TRUTH: Kind = (lambda value: isinstance(value, bool), "truth", {})
_NUMBER: Kind = (lambda v: isinstance(v, (int, float)) and not isinstance(v, bool) and 0 <= v <= 2, "number", {})


def _whole(least: int) -> Kind:
    def fits(value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and least <= value <= 10**9

    return fits, "whole", {"least": least}


class _Reader:
    """Checks values and gathers warnings."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self.warnings: list[str] = []

    def check(self, value: Any, kind: Kind, place: str) -> None:
        """UsageError when `value` is not of that kind."""
        fits, text, values = kind
        if not fits(value):
            what = self.say(text, **values)
            raise UsageError(self.say("kind", place=place, what=what, found=printable(mask_text(repr(value)), 60)))

    def table(self, value: Any, place: str) -> _Table:
        """`value` as a table; None, as an empty line in YAML gives it, is one without entries."""
        value = {} if value is None else value
        self.check(value, _TABLE, place)
        return _Table(self, value, place)


class _Table:
    """A table of the file and where it stands in it."""

    def __init__(self, reader: _Reader, value: Mapping[Any, Any], place: str) -> None:
        self._reader, self.value, self.place = reader, value, place

    def _at(self, name: object) -> str:
        return f"{self.place}.{name}".lstrip(".")

    def inner(self, name: object) -> _Table:
        """The table under a name; an empty one when there is none."""
        return self._reader.table(self.value.get(name), self._at(name))

    def get(self, name: object, kind: Kind, default: Any) -> Any:
        """The value under a name; `default` when there is none, or null."""
        value = self.value.get(name)
        if value is None:
            return default
        self._reader.check(value, kind, self._at(name))
        return value

    def unknown(self, *known: str) -> None:
        """Warns of names that nothing reads."""
        for name in self.value:
            if name not in known:
                self._reader.warnings.append(self._reader.say("unknown", place=printable(self._at(name), 80)))
