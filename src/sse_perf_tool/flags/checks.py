"""Checks of flag values: each turns the text as typed into the value, or raises an error that says what is wrong."""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ..errors import UsageError
from ..masking import Masker, json_secrets, mask_header, mask_key, mask_text, mask_url
from ..texts import Say, loads_bounded

MAX_SECONDS = 1e7
NO_KEY = "-"
"""The value of --api-key that means: send no key."""

TEXTS = {
    "at": ('character {place}, "{found}", does not fit; {problem}', "第 {place} 个字符“{found}”有误；{problem}"),
    "at_end": ("it is incomplete; {problem}", "内容不完整；{problem}"),
    "then_url": (
        "write {id} where the id of the answer belongs, e.g. http://host/events/{id}",
        "请在 id 的位置写 {id}，如 http://host/events/{id}",
    ),
    "milestone": (
        "give NAME=PATH, NAME=PATH=VALUE or NAME=event:EVENT; NAME is your own, or KIND, or KIND:NAME (kinds: {kinds})",
        "请写成 NAME=路径、NAME=路径=值 或 NAME=event:事件名；NAME 为自定名称、{kinds} 之一，或 类型:名称",
    ),
    "whole": ("give a whole number from {low} to {high}", "请给出 {low} 到 {high} 之间的整数"),
    "number": ("give a number from {low} to {high}", "请给出 {low} 到 {high} 之间的数"),
    "whole_or_auto": (
        "give auto, or a whole number from {low} to {high}",
        "请给出 auto，或 {low} 到 {high} 之间的整数",
    ),
    "above_0": (
        "give a time above 0: seconds, or with units, e.g. 90, 90s, 5m, 1h30m",
        "请给出大于 0 的时间：秒数，或带单位，例如 90、90s、5m、1h30m",
    ),
    "from_0": (
        "give a time, 0 or above: seconds, or with units, e.g. 90, 90s, 5m, 1h30m",
        "请给出不小于 0 的时间：秒数，或带单位，例如 90、90s、5m、1h30m",
    ),
    "range": (
        "give a time, 0 or above, e.g. 2, or the least and the most, e.g. 1:3",
        "请给出不小于 0 的时间，例如 2，或最小和最大值，例如 1:3",
    ),
    "prompt_length": (
        "give the tokens of a prompt, 1 to {high}, e.g. 512, or with their spread 512:64",
        "请给出提示的 token 数（1 到 {high}），例如 512，或加上标准差 512:64",
    ),
    "tiers": (
        'entry {place}, "{entry}": give different whole numbers from 0 to {high}, joined by commas, e.g. 0,1000,8000',
        "第 {place} 项 {entry}：请给出互不相同的 0 到 {high} 的整数，用逗号分隔，例如 0,1000,8000",
    ),
    "place": (
        "give HOST:PORT, a name or an address and a port, e.g. 10.0.0.1:5557 or [::1]:5557",
        "请给出 主机:端口（名称或地址），例如 10.0.0.1:5557 或 [::1]:5557",
    ),
    "listening": (
        "give ADDR:PORT to listen on, e.g. 127.0.0.1:9464",
        "请给出监听的 地址:端口，例如 127.0.0.1:9464",
    ),
    "otlp_query": (
        "a collector's URL has no ? or #; give http://HOST:4318, and keys in OTEL_EXPORTER_OTLP_HEADERS",
        "采集器网址不含 ? 或 #；请写成 http://主机:4318，密钥放入 OTEL_EXPORTER_OTLP_HEADERS",
    ),
    "token": (
        "a token has {least} visible ASCII characters at least; leave it out to have one made",
        "令牌至少 {least} 个可见 ASCII 字符，请改正；不给出则自动生成",
    ),
    "token_masked": ("this is a masked token; give the whole one", "这是隐藏后的令牌，请给出完整的"),
    "nul": ("holds a NUL character; give a path without one", "含有 NUL 字符，请给出不含它的路径"),
    "empty": ("is empty; give a text or leave the flag out", "内容为空，请给出文本或去掉该参数"),
    "not_text": ("is not UTF-8; check the encoding of the terminal", "不是 UTF-8，请检查终端的编码"),
    "choice": ("choose one of {choices}", "请从以下选择：{choices}"),
    "closest": ("no such name; did you mean {closest}?", "没有这个名称，是否想用 {closest}？"),
    "space": (
        "character {place} is a space or control character; write it as {code}",
        "第 {place} 个字符是空格或控制字符，请写成 {code}",
    ),
    "host_url": ("a host has no scheme or path; for a whole URL use --url", "主机名不含协议和路径，完整网址请用 --url"),
    "host_port": (
        "a host has no port; use --host {host} --port {port}",
        "主机名不含端口，请用 --host {host} --port {port}",
    ),
    "host": ("not a host name or address; check it", "不是主机名或地址，请检查"),
    "path": ("a path begins with /; write /{path}", "路径必须以 / 开头，请写 /{path}"),
    "url_scheme": ("a URL begins with http:// or https://; write it so", "网址必须以 http:// 或 https:// 开头，请补上"),
    "url_host": ("no host in it; write it as https://HOST/PATH", "其中没有主机名，请写成 https://主机/路径"),
    "url_port": ("its port is not a number from 1 to 65535; correct it", "其端口不是 1 到 65535 的数字，请改正"),
    "key_lone": (
        'only the word "Bearer"; put both parts in quotes: --api-key "Bearer app-xxx"',
        '只有 "Bearer" 一词，请用引号括起两部分：--api-key "Bearer app-xxx"',
    ),
    "key_empty": (
        "is empty; give the key, or - for a server that takes none",
        "内容为空，请给出密钥，服务无需密钥时写 -",
    ),
    "key_character": (
        "character {place} of the key (not shown) cannot be part of one; give visible ASCII without spaces",
        "密钥（不予显示）的第 {place} 个字符无效，请只用可见的 ASCII 字符，不含空格",
    ),
    "key_masked": (
        "is masked, as in files and reports; give the key by --api-key, SSE_PERF_API_KEY or --api-key-file",
        "密钥已被隐藏（文件和报告中都如此），请用 --api-key、SSE_PERF_API_KEY 或 --api-key-file 给出密钥",
    ),
    "masked": (
        "holds a masked secret (…), as in files and reports; give the full value by {flag} or {variable}",
        "其中的机密已被隐藏（…），文件和报告中都如此，请用 {flag} 或 {variable} 给出完整内容",
    ),
    "header_form": ('write it in quotes as "Name: value"', '请加引号写成 "名称: 值"'),
    "header_name": (
        "not the name of a header; give it alone, e.g. X-Tenant",
        "不是请求头的名称，请只写名称，例如 X-Tenant",
    ),
    "header_lines": ("a line end in the value; write the value on one line", "值中有换行，请写在一行内"),
    "header_latin": (
        "a character of the value is not Latin-1; percent-encode it",
        "值中有非 Latin-1 字符，请做百分号编码",
    ),
    "header_ours": ("is set by the tool; leave it out", "由本工具设置，请去掉"),
    "json_object": (
        "give a JSON object in quotes, e.g. {example} ({reason})",
        "请给出加引号的 JSON 对象，例如 {example}（{reason}）",
    ),
    "not_object": ("this is none", "这不是对象"),
    "dotted": ("give a path of names joined by dots, e.g. data.0.text", "请用点号连接各级名称，例如 data.0.text"),
}

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

Check = Callable[[str, Say], Any]
"""(text as typed, say) -> value.  UsageError: what is wrong with it and what to do, without flag and value."""


def utf8(text: str, say: Say) -> str:
    """Any argument at all: bytes that are not UTF-8 reach Python as lone surrogates (PEP 383)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(say("not_text")) from None
    return text


def whole(low: int, high: int) -> Check:
    """A check for whole numbers from `low` to `high`, in ASCII digits."""

    def check(text: str, say: Say) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", text) or not low <= int(text) <= high:
            raise UsageError(say("whole", low=low, high=high))
        return int(text)

    return check


def number(low: float, high: float) -> Check:
    """A check for numbers from `low` to `high`, with or without decimals, in ASCII digits."""

    def check(text: str, say: Say) -> float:
        if not re.fullmatch(r"\+?[0-9]{1,18}(\.[0-9]{1,18})?", text) or not low <= float(text) <= high:
            raise UsageError(say("number", low=f"{low:g}", high=f"{high:g}"))
        return float(text)

    return check


def whole_or_auto(low: int, high: int) -> Check:
    """A check for whole numbers or the word auto, which becomes None."""
    number = whole(low, high)

    def check(text: str, say: Say) -> int | None:
        if text.lower() == "auto":
            return None
        try:
            return int(number(text, say))
        except UsageError:
            raise UsageError(say("whole_or_auto", low=low, high=high)) from None

    return check


_DURATION = re.compile(r"(?=.)" + "".join(rf"(?:(\d+(?:\.\d+)?){unit})?" for unit in ("h", "m", "s", "ms")))
_UNIT_S = (3600.0, 60.0, 1.0, 0.001)


def duration_s(text: str) -> float | None:
    """The seconds in a time such as `90`, `1.5`, `90s`, `250ms`, `5m` or `1h30m`; None for anything else."""
    if units := _DURATION.fullmatch(text.strip().lower()):
        return math.fsum(float(number) * unit_s for number, unit_s in zip(units.groups("0"), _UNIT_S, strict=True))
    try:
        return float(text)
    except ValueError:
        return None


_DURATION_BEGIN = re.compile("".join(rf"(?:\d+(?:\.\d+)?{unit})?" for unit in ("h", "m(?!s)", "s", "ms")))
_NUMBER_BEGIN = re.compile(r"\d*(?:(?<=\d)\.)?\d*")


def duration_fault(text: str) -> int:
    """The index of the first character of `text` that does not fit into a time."""
    begin = _DURATION_BEGIN.match(text.lower())
    return number_fault(text, begin.end() if begin else 0)


def number_fault(text: str, begin: int = 0) -> int:
    """The index of the first character, from `begin` on, that does not fit into an unsigned number."""
    found = _NUMBER_BEGIN.match(text, begin)
    return found.end() if found else begin


def wrong_at(text: str, fault: int, problem: str, say: Say) -> UsageError:
    """The error that points at the character at index `fault`, which may be the end of `text`."""
    if not text:
        return UsageError(problem)
    if fault >= len(text):
        return UsageError(say("at_end", problem=problem))
    return UsageError(say("at", place=fault + 1, found=text[fault], problem=problem))


def seconds(problem: str) -> Check:
    """A check for a time, in seconds; `problem` is "above_0", or "from_0" when 0 is one too."""

    def check(text: str, say: Say) -> float:
        found = duration_s(text)
        if found is None or not found >= 0:
            raise wrong_at(text, duration_fault(text), say(problem), say)
        if found > MAX_SECONDS or (found == 0 and problem == "above_0"):
            raise UsageError(say(problem))
        return found

    return check


def seconds_range(text: str, say: Say) -> tuple[float, float]:
    """Seconds from 0, or two of them joined by a colon: the least and the most."""
    low, colon, high = text.partition(":")
    least_s, most_s = duration_s(low), duration_s(high) if colon else duration_s(low)
    if least_s is None or not 0 <= least_s <= MAX_SECONDS:
        raise wrong_at(text, duration_fault(low), say("range"), say)
    if most_s is None or not 0 <= most_s <= MAX_SECONDS:
        raise wrong_at(text, len(low) + 1 + duration_fault(high), say("range"), say)
    if most_s < least_s:
        raise UsageError(say("range"))
    return least_s, most_s


MAX_TOKENS = 10_000_000


def prompt_length(text: str, say: Say) -> tuple[int, int]:
    """A mean number of tokens from 1 and, behind a colon, its standard deviation from 0."""
    mean, colon, spread = text.partition(":")
    try:
        return whole(1, MAX_TOKENS)(mean, say), whole(0, MAX_TOKENS)(spread, say) if colon else 0
    except UsageError:
        raise UsageError(say("prompt_length", high=MAX_TOKENS)) from None


def tiers(text: str, say: Say) -> list[int]:
    """Whole numbers from 0, joined by commas, none of them twice."""
    found: list[int] = []
    for place, entry in enumerate(text.split(","), 1):
        try:
            number = int(whole(0, MAX_TOKENS)(entry.strip(), say))
        except UsageError:
            number = -1
        if number < 0 or number in found:
            raise UsageError(say("tiers", place=place, entry=mask_text(entry.strip()), high=MAX_TOKENS))
        found.append(number)
    return found


class OneOf:
    """A check for names, in any case and with dashes for underscores."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)

    def __call__(self, text: str, say: Say) -> str:
        """The name, as it is in `names`."""
        name = text.lower().replace("-", "_")
        if name in self.names:
            return name
        closest = difflib.get_close_matches(name, self.names, 1)
        choices = ", ".join(self.names)
        raise UsageError(say("closest", closest=closest[0]) if closest else say("choice", choices=choices))


def any_text(text: str, _say: Say) -> str:
    """The text as typed, empty too."""
    return text


def some_text(text: str, say: Say) -> str:
    """The text as typed, not blank."""
    if not text.strip():
        raise UsageError(say("empty"))
    return text


def file_path(text: str, say: Say) -> str:
    """The path of a file or folder as typed; a NUL, which a settings file can hold, is in no path."""
    if "\0" in text:
        raise UsageError(say("nul"))
    return some_text(text, say)


def milestone(text: str, say: Say) -> str:
    """A milestone as typed, one that `formats.marking` reads."""
    from ..formats.marking import KINDS, parse  # here: --help has no need of it

    if parse(text) is None:
        raise UsageError(say("milestone", kinds=", ".join(KINDS)))
    return text


def dotted(text: str, say: Say) -> str:
    """A path into JSON: names joined by dots."""
    if not all(part.strip() for part in text.split(".")):
        raise UsageError(say("dotted"))
    return text


def json_or_text(text: str, _say: Say) -> Any:
    """The value as JSON, so `200` is a number; anything that is not JSON is a text."""
    try:
        return loads_bounded(text)
    except ValueError:
        return text


AN_OBJECT = """'{"top_p": 0.9}'"""


def json_object(text: str, say: Say) -> dict[str, Any]:
    """A JSON object.  What is wrong with it is said by its place only: it may hold a secret."""
    _refuse_masked(text, "--extra-body", say)
    try:
        value = loads_bounded(text)
    except ValueError as error:
        place = f"{error.msg}, {error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else str(error)
        raise UsageError(say("json_object", example=AN_OBJECT, reason=place)) from None
    if not isinstance(value, dict):
        raise UsageError(say("json_object", example=AN_OBJECT, reason=say("not_object")))
    return value


def masked_json(text: str) -> str:
    """A JSON object as it may be written to files: the values whose names are those of secrets are masked."""
    try:
        return Masker(json_secrets(loads_bounded(text)))(text)
    except ValueError:
        return "…"


def _refuse_spaces(text: str, say: Say) -> None:
    found = re.search(r"[\s\x00-\x1f\x7f]", text)
    if found:
        code = "".join(f"%{byte:02X}" for byte in found[0].encode())
        raise UsageError(say("space", place=found.start() + 1, code=code))


def host(text: str, say: Say) -> str:
    """A host name or address; the brackets of an IPv6 address are taken off."""
    if "://" in text or "/" in text:
        raise UsageError(say("host_url"))
    name, _, port = text.rpartition(":")
    if name and ":" not in name and port.isdecimal():
        raise UsageError(say("host_port", host=mask_text(name), port=port))
    host = text.removeprefix("[").removesuffix("]")
    if not host or re.search(r"[\s\x00-\x1f\x7f\[\]@?#\\]", host) or (":" in host and not _is_ipv6(host)):
        raise UsageError(say("host"))
    return host


def _is_ipv6(text: str) -> bool:
    import ipaddress  # only here, it costs start-up time

    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _refuse_masked(text: str, flag: str, say: Say) -> None:
    """UsageError for a secret that `masking` has masked."""
    if "…" in text:
        variable = "SSE_PERF_" + flag[2:].replace("-", "_").upper()
        raise UsageError(say("masked", flag=flag, variable=variable))


def path(text: str, say: Say) -> str:
    """The path of a URL, query string included, without a fragment."""
    _refuse_masked(text, "--api-path", say)
    if not text.startswith("/"):
        raise UsageError(say("path", path=mask_text(text)))
    _refuse_spaces(text, say)
    return text.partition("#")[0]


def url(text: str, say: Say) -> SplitResult:
    """A whole http or https URL, in its parts."""
    return _url(text, "--url", say)


def metrics_url(text: str, say: Say) -> SplitResult:
    """The same, of the page of metrics."""
    return _url(text, "--metrics-url", say)


def otlp_url(text: str, say: Say) -> SplitResult:
    """The same, of a collector."""
    return _url(text, "--otlp", say)


def open_url(text: str, say: Say) -> SplitResult:
    """The same, of the request that opens a session."""
    return _url(text, "--open-url", say)


def then_url(text: str, say: Say) -> SplitResult:
    """The same, of the GET that fetches the stream; it has the place of an id."""
    if "{id}" not in text:
        raise UsageError(say("then_url"))
    return _url(text, "--then-url", say)


def _url(text: str, flag: str, say: Say) -> SplitResult:
    _refuse_masked(text, flag, say)
    _refuse_spaces(text, say)
    if not re.match(r"(?i)https?://", text):
        raise UsageError(say("url_scheme"))
    try:
        parts = urlsplit(text)
    except ValueError:
        raise UsageError(say("host")) from None
    if not parts.hostname:
        raise UsageError(say("url_host"))
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise UsageError(say("url_port"))
    host(parts.hostname, say)
    return parts


def api_key(text: str, say: Say) -> str:
    """A key without the word Bearer."""
    from ..providers import bare_key, key_fault  # only here: --help has no need of all that reads files of queries

    key = bare_key(text)
    if not key:
        raise UsageError(say("key_empty"))
    if key.lower() == "bearer":
        raise UsageError(say("key_lone"))
    if "…" in key:
        raise UsageError(say("key_masked"))
    if fault := key_fault(key):
        raise UsageError(say("key_character", place=fault))
    return key


def header(text: str, say: Say) -> tuple[str, str]:
    """`Name: value` as (name, value); the headers that frame the body cannot be set."""
    name, _, value = text.partition(":")
    value = value.strip(" \t")
    if re.search(r"[\r\n\x00]", text):
        raise UsageError(say("header_lines"))
    if not value or not _HEADER_NAME.fullmatch(name):
        raise UsageError(say("header_form"))
    _refuse_masked(value, "--header", say)
    if name.lower() in ("content-length", "transfer-encoding"):
        raise UsageError(say("header_ours"))
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        raise UsageError(say("header_latin")) from None
    return name, value


def a_header_name(text: str, say: Say) -> str:
    """The name of a header, without its colon."""
    if not _HEADER_NAME.fullmatch(text):
        raise UsageError(say("header_name"))
    return text


def hidden(_text: str) -> str:
    """The part of a key that errors may show: nothing."""
    return ""


def header_name(text: str) -> str:
    """The part of a header that errors may show: its name."""
    name, colon, _ = text.partition(":")
    return name if colon and _HEADER_NAME.fullmatch(name) else ""


def masked_url(text: str) -> str:
    """The part of a URL that errors may show: all but its secrets."""
    return mask_text(mask_url("".join(text.split())))


def masked_key(text: str) -> str:
    """A key as it may be written to files: masked."""
    return text if text == NO_KEY else mask_key(text)


def masked_header(text: str) -> str:
    """A header as it may be written to files: the value is masked when the name is that of a secret."""
    name, _, value = text.partition(":")
    return f"{name}: {mask_header(name, value.strip())}"
