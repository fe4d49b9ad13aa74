"""From a load test or a search for capacity that a page asks for to what the command line takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ...arguments import Arguments, parse_arguments
from ...arguments.endpoint import Get
from ...bench.config import BenchConfig
from ...bench.endpoint import TEXTS as ENDPOINT_TEXTS
from ...bench.endpoint import Endpoint, Wish, endpoint_of
from ...bench.keys import key_of
from ...errors import UsageError
from ...flags import CAPACITY_FLAGS, FLAGS, Flag
from ...masking import header_secrets, url_secrets
from ...request.body import BodyBuilder
from ...texts import Texts, printable, speaker
from ..contract.jobs import CapacityAsked, DemoTarget, FlagValue, ModelTarget, RunAsked, UrlTarget

TEXTS: Texts = {
    "no_flag": ("{flag}: a job has no such setting", "{flag}：任务没有这个设置"),
    "no_model": (
        "providers.{provider}: has no model {model}; look at what the config holds now",
        "providers.{provider}：没有模型 {model}，请查看当前配置",
    ),
    "through_litellm": (
        "{model}: goes through LiteLLM, which sends no load; benchmark it",
        "{model}：只能通过 LiteLLM 访问，不能用于压力测试，请改用基准测试",
    ),
    "no_key": ("{name}: is not set; add it under Keys", "{name}：未设置，请在“密钥”中添加"),
    "in_the_body": (
        "{flag}: the body of a model is that of the config; its limit and temperature stand in the target",
        "{flag}：模型的请求体由配置决定，长度上限和温度在目标中设置",
    ),
    "secret": (
        "{flag}: holds a secret, which would be kept with the job; put it under Keys and {instead}",
        "{flag}：含有机密，会随任务一起保存；请将其放入“密钥”，并{instead}",
    ),
    "name_it": ("write $NAME here", "在此写 $名称"),
    "leave_it_out": ("leave it out here", "不要写在这里"),
    "kind": ("{flag}: expected a value of another kind", "{flag}：值的类型不对"),
}

_OF_THE_TARGET = frozenset({"host", "port", "api_path", "url", "api_key", "format", "model", "header", "demo"})
_NOT_OF_A_JOB = frozenset(
    # Files of this machine, what would listen on it, and what is about a terminal.
    {"cacert", "replay", "param_file", "api_key_file", "request_body_file", "baseline", "allow", "config", "resume",
     "print_config", "debug", "simple", "version", "help", "quiet", "no_color", "lang", "records", "html_report",
     "no_report", "brand", "report_title", "shuffle", "calibrate", "itl_ms", "speed", "studio", "tokenizer",
     "prometheus"}
)  # fmt: skip


_IN_THE_BODY = ("max_tokens", "temperature", "ignore_eos", "extra_body")
"""Flags that change a body, which that of a model of the config has its own way to say."""


def flags_of(kind: str) -> list[Flag]:
    """The flags that a page may give a job of this kind."""
    flags = CAPACITY_FLAGS if kind == "capacity" else FLAGS
    left_out = _OF_THE_TARGET | _NOT_OF_A_JOB
    # Workers on other machines are for whoever sits at a terminal: they open a port.
    return [flag for flag in flags if flag.key not in left_out and flag.group != "workers" and not flag.writes_file]


class FlagError(UsageError):
    """A flag that is refused; `field` is its name in the body."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


def load_arguments(
    asked: RunAsked | CapacityAsked,
    config: BenchConfig,
    environ: Mapping[str, str],
    lang: str,
    outputs: Sequence[str] = (),
    get: Get | None = None,
) -> Arguments:
    """The arguments of the job.  UsageError in `lang` for all that the command line would refuse.

    `environ` has the keys; `outputs` are words of the command line for the files; `get` asks a server that is named
    without an endpoint.
    """
    _refuse_secrets(asked, lang)
    words = [*([] if asked.kind == "run" else [asked.kind]), f"--lang={lang}", *_target_words(asked, environ, lang)]
    words += [*_flag_words(asked, lang), *outputs]
    if not isinstance(asked.target, ModelTarget):
        return parse_arguments(words, {}, now=None, get=get)
    for name in _IN_THE_BODY:
        if asked.flags.get(name, asked.flags.get(name.replace("_", "-"))) is not None:
            raise FlagError(f"flags.{name}", speaker(TEXTS, lang)("in_the_body", flag=name))
    endpoint, key = _endpoint(asked.target, config, environ, lang)
    words += [f"--url={endpoint.url}", f"--model={endpoint.model}", f"--api-key={key or '-'}"]
    words += [f"--format={endpoint.format.name}"] if endpoint.format else []
    words += [f"--header={name}: {value}" for name, value in endpoint.headers.items()]
    found = parse_arguments(words, {}, now=None)
    return replace(
        found,
        body=BodyBuilder(endpoint.body, endpoint.format),
        auth=endpoint.auth if key else None,
    )


def _target_words(asked: RunAsked | CapacityAsked, environ: Mapping[str, str], lang: str) -> Iterator[str]:
    target = asked.target
    if isinstance(target, DemoTarget):
        # The demo of a run brings a server of its own; a search is given one by the worker.
        yield "--demo" if asked.kind == "run" else "--url=http://127.0.0.1:9/v1/chat/completions"
        if asked.kind == "capacity":
            yield "--api-key=demo"
    elif not isinstance(target, ModelTarget):
        yield f"--url={target.url}"
        if target.format != "auto":
            yield f"--format={target.format}"
        if target.model:
            yield f"--model={target.model}"
        if target.api_key_env:
            key = environ.get(target.api_key_env, "").strip()
            if not key:
                raise FlagError("target.api_key_env", speaker(TEXTS, lang)("no_key", name=target.api_key_env))
            yield f"--api-key={key}"
        else:
            yield "--api-key=-"  # a page asks for a key by its variable; without one none is meant
        for name, value in target.headers.items():
            yield f"--header={name}: {_known(value, environ, lang)}"


def _known(value: str, environ: Mapping[str, str], lang: str) -> str:
    """The value of a header; `$NAME` is that of a variable."""
    name = variable_in(value)
    if name is None:
        return value
    found = environ.get(name, "").strip()
    if not found:
        raise FlagError("target.headers", speaker(TEXTS, lang)("no_key", name=name))
    return value.replace(f"${name}", found)


def variable_in(value: str) -> str | None:
    """The variable that a value ends in, as `Bearer $NAME`; None without."""
    found = re.search(r"(?:^|\s)\$([A-Za-z_][A-Za-z0-9_]{0,99})$", value)
    return found[1] if found else None


def _refuse_secrets(asked: RunAsked | CapacityAsked, lang: str) -> None:
    """What was asked for is kept with the job and shown again, so it may hold no secret itself."""
    say, target = speaker(TEXTS, lang), asked.target
    if isinstance(target, UrlTarget):
        if url_secrets(target.url):
            raise FlagError("target.url", say("secret", flag="url", instead=say("leave_it_out")))
        for name, value in target.headers.items():
            if variable_in(value) is None and header_secrets(name, value):
                raise FlagError("target.headers", say("secret", flag=printable(name, 60), instead=say("name_it")))
    known = {flag.key: flag for flag in flags_of(asked.kind) if flag.holds_secrets}
    for key, given in asked.flags.items():
        flag = known.get(key.replace("-", "_"))
        if flag is not None and isinstance(given, str) and _is_masked_otherwise(flag, given):
            raise FlagError(f"flags.{flag.key}", say("secret", flag=flag.names[0], instead=say("leave_it_out")))


def _is_masked_otherwise(flag: Flag, value: str) -> bool:
    try:
        return "…" in flag.mask(value)
    except ValueError:
        return False  # it is refused for what it is


def _flag_words(asked: RunAsked | CapacityAsked, lang: str) -> Iterator[str]:
    known = {flag.key: flag for flag in flags_of(asked.kind)}
    say = speaker(TEXTS, lang)
    for key, value in asked.flags.items():
        flag = known.get(key.replace("-", "_"))
        if flag is None:
            raise FlagError(f"flags.{printable(key, 60)}", say("no_flag", flag=printable(key, 60)))
        yield from _words_of(flag, value, lang)


def _words_of(flag: Flag, value: FlagValue, lang: str) -> Iterator[str]:
    name = flag.names[0]
    if value is None or value is False or value in ("", []):
        return
    if flag.check is None or isinstance(value, bool):
        if flag.check is not None or value is not True:
            raise FlagError(f"flags.{flag.key}", speaker(TEXTS, lang)("kind", flag=name))
        yield name
        return
    values = value if isinstance(value, list) else [value]
    if len(values) > 1 and not flag.repeat:
        raise FlagError(f"flags.{flag.key}", speaker(TEXTS, lang)("kind", flag=name))
    yield from (f"{name}={each}" for each in values)


def _endpoint(
    target: ModelTarget, config: BenchConfig, environ: Mapping[str, str], lang: str
) -> tuple[Endpoint, str | None]:
    """How the model is asked, and its key."""
    say = speaker({**TEXTS, **ENDPOINT_TEXTS}, lang)
    pairs = ((provider, model) for provider in config.providers for model in provider.models)
    found = next(
        ((p, m) for p, m in pairs if (p.key, m.id) == (target.provider_key, target.model_id)),
        None,
    )
    if found is None:
        raise FlagError("target", say("no_model", provider=target.provider_key, model=target.model_id))
    wish = Wish(target.max_tokens or config.defaults.max_tokens, target.temperature)
    endpoint = endpoint_of(*found, wish, environ, say)
    if endpoint.format is None:
        raise FlagError("target", say("through_litellm", model=target.model_id))
    key = key_of(found[0], endpoint.key_env, environ)
    if key is None and endpoint.needs_key:
        raise FlagError("target", say("no_key", name=" / ".join(endpoint.key_env) or "api_key_env"))
    return endpoint, key


def field_of(error: UsageError, asked: RunAsked | CapacityAsked) -> str | None:
    """The field of the body that an error is about, told by the flag with which its line begins."""
    if isinstance(error, FlagError):
        return error.field
    word = str(error).partition(" ")[0].partition(":")[0].partition("=")[0]
    key = word.removeprefix("--").replace("-", "_")
    if not word.startswith("--"):
        return None
    if key in asked.flags or key.replace("_", "-") in asked.flags:
        return f"flags.{key}"
    if key == "header":
        return "target.headers"
    return f"target.{key}" if key in _OF_THE_TARGET else f"flags.{key}"
