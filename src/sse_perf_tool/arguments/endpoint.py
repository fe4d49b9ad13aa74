"""A URL that names a server and no endpoint: the server is asked what it is, or the endpoint that was meant is named.

`http://h:8000` and `.../v1` are what people have at hand.  One GET of `/v1/models` tells most servers of models apart
from the rest, and names the model; a second one, of `/health`, tells Dify.  Nothing is asked when a format, a template
or a custom format is given: then the path is taken as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..errors import UsageError
from ..flags.checks import NO_KEY
from ..formats import guess_from_url
from ..texts import Texts, printable
from .flag_values import FlagValues
from .parsed import Address
from .target import address_of, headers_of, verify_of

TEXTS: Texts = {
    "no_endpoint": (
        "names a server, but no endpoint; did you mean {meant}? ({why}; to test this very path, name its --format)",
        "只是服务器，没有接口路径，是否想用 {meant}？（{why}；如需测试该路径本身，请用 --format 指明格式）",
    ),
    "not_asked": ("nothing was asked", "未向其询问"),
    "no_answer": ("no answer: {reason}", "没有应答：{reason}"),
    "not_started": ("the server is not started yet", "服务端尚未启动"),
    "refused": ("connection refused", "连接被拒绝"),
    "too_late": ("nothing came in time", "超时"),
    "no_tls": ("TLS failed", "TLS 失败"),
    "no_models": ("{path} gave status {status}", "{path} 返回状态码 {status}"),
    "no_json": ("{path} gave no list of models", "{path} 没有给出模型列表"),
    "found": ("{path}, as GET {asked} answers like {title}", "{path}（GET {asked} 的应答与 {title} 一致）"),
    "found_model": ("{path}, model {model} (GET {asked})", "{path}，模型 {model}（GET {asked}）"),
    "found_models": (
        "{path}, model {model}, the first of {count} (GET {asked}; another: --model)",
        "{path}，模型 {model}，共 {count} 个中的第一个（GET {asked}；可用 --model 另选）",
    ),
}

USUAL_PATHS = {
    "anthropic": "/v1/messages",
    "cohere": "/v2/chat",
    "dify": "/v1/chat-messages",
    "gemini": "/v1beta/models/gemini-2.0-flash:streamGenerateContent?alt=sse",
    "coze": "/v3/chat",
    "dashscope": "/api/v1/services/aigc/text-generation/generation",
}
"""Format -> its path, for those whose host says which one it is."""

MODEL_CHARACTERS = 120


class Reply(NamedTuple):
    """What a GET brought."""

    status: int | None
    """None: no answer, for `reason`, a key of the texts or a name."""
    document: Any = None
    """Its JSON; None for anything else."""
    reason: str = ""


Get = Callable[[str, Mapping[str, str], "bool | str"], Reply]
"""(URL, headers, `verify` as `requests` takes it) -> the reply."""


def not_started(_url: str, _headers: Mapping[str, str], _verify: bool | str) -> Reply:
    """The `Get` of a server that is started later: it cannot be asked what it is."""
    return Reply(None, reason="not_started")


class Found(NamedTuple):
    """The endpoint of a run, and what is to be said of how it was found."""

    address: Address
    note: str | None = None


def endpoint_of(flags: FlagValues, get: Get | None) -> Found:
    """The address of the requests.

    A base URL becomes that of its endpoint, with its model when none was named and without a key when none is needed;
    what was found is set in `flags`.  Without `get` the path is taken as it is.  UsageError with the URL that was
    probably meant.
    """
    address = address_of(flags)
    base = address.path.rstrip("/")
    named = flags["request_body_file"] or flags["format"] != "auto" or flags["text_path"] or flags["raw"]
    if get is None or named or flags["demo"] or not re.fullmatch(r"|/api|(/[\w.~-]+)*/v\d+(beta)?", base):
        return Found(address)
    row = guess_from_url(address.host, address.path)
    root = base if re.search(r"/v\d+$", base) else f"{base}/v1"
    usual = f"{root}/chat/completions"
    if row is not None and row.name in USUAL_PATHS and not base:
        raise _no_endpoint(flags, address._replace(path=USUAL_PATHS[row.name]), flags.say("not_asked"))
    return _asked(flags, address, root, usual, get)


def _asked(flags: FlagValues, address: Address, root: str, usual: str, get: Get) -> Found:
    headers, verify = headers_of(flags), verify_of(flags)
    key = flags["api_key"]
    if key not in (None, NO_KEY):
        headers = {"Authorization": f"Bearer {key}", **headers}
    models = get(address._replace(path=f"{root}/models").url, headers, verify)
    if models.status in (401, 403) and isinstance(models.document, dict):
        return _found(flags, address._replace(path=usual), "found", f"{root}/models", title="OpenAI")
    names = _names_in(models.document) if models.status == 200 else []
    if names:
        if key is None and not flags["api_key_file"] and not headers:
            flags.find("api_key", NO_KEY)
        chosen = flags["model"] is None and flags["model_name"] is None
        if chosen:
            flags.find("model", names[0])
        text = "found" if not chosen else "found_model" if len(names) == 1 else "found_models"
        said = {"model": printable(names[0]), "count": len(names), "title": "OpenAI"}
        return _found(flags, address._replace(path=usual), text, f"{root}/models", **said)
    if models.status is None:
        raise _no_endpoint(flags, address._replace(path=usual), _reason(flags, models.reason))
    health = get(address._replace(path="/health").url, headers, verify)
    if health.status == 200 and isinstance(health.document, dict) and {"pid", "version"} <= health.document.keys():
        return _found(flags, address._replace(path=f"{root}/chat-messages"), "found", "/health", title="Dify")
    path = f"{root}/models"
    why = "no_json" if models.status == 200 else "no_models"
    raise _no_endpoint(flags, address._replace(path=usual), flags.say(why, path=path, status=models.status))


def _reason(flags: FlagValues, reason: str) -> str:
    return flags.say("no_answer", reason=flags.say(reason) if reason in TEXTS else reason)


def _found(flags: FlagValues, address: Address, text: str, asked: str, **said: object) -> Found:
    key, found = ("url", address.url) if "url" in flags.given else ("api_path", address.path)
    flags.find(key, found)
    return Found(address, flags.say(text, path=address.path, asked=asked, **said))


def _no_endpoint(flags: FlagValues, meant: Address, why: str) -> UsageError:
    key = "url" if "url" in flags.given else "api_path"
    return flags.wrong(key, "no_endpoint", meant=meant.url, why=printable(why, 120))


def _names_in(document: Any) -> list[str]:
    """The ids of models in what `/v1/models` gives; what a server says is bounded and safe to show."""
    data = document.get("data") if isinstance(document, dict) else None
    ids = [each.get("id") for each in data if isinstance(each, dict)] if isinstance(data, list) else []
    return [each for each in ids if isinstance(each, str) and each.isprintable() and 0 < len(each) <= MODEL_CHARACTERS]
