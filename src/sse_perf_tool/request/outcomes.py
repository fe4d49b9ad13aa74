"""The outcome of a request: decides what is wrong with an answer, and makes the error message."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from http.client import HTTPException, RemoteDisconnected
from typing import Any

import requests
import urllib3
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema

from ..formats import AnswerReader, error_in_body
from ..formats.base import ERROR_LIMIT
from ..formats.body import load_value
from ..formats.failures import error_text, failure_in
from ..formats.session import Ask, Told
from ..masking import mask_url
from ..records import Outcome
from ..texts import Texts, printable, speaker
from ..units import NS_PER_S
from ..wire import Exchange, FramingError, can_decode, codings_of
from .guard import OversizeError
from .target import Target, place_of
from .timeline import AnswerTimeline, longest_gap_s
from .waiting import Waiting

TEXTS: Texts = {
    "refused": (
        "connection refused by {host}: is the server running there, and is the port right?",
        "{host} 拒绝连接：服务是否已启动？端口是否正确？",
    ),
    "dns": (
        "host name {host} cannot be resolved: check its spelling and the DNS",
        "无法解析主机名 {host}：请检查拼写和 DNS",
    ),
    "proxy": (
        "the proxy {proxy} did not forward the request: {reason}",
        "代理 {proxy} 未能转发请求：{reason}",
    ),
    "no_proxy": (
        "no connection to the proxy {proxy}: {reason}",
        "无法连接代理 {proxy}：{reason}",
    ),
    "redirected": ("{error} (redirected to {url})", "{error}（已重定向到 {url}）"),
    "unreachable": ("no connection to {host}: {reason}", "无法连接 {host}：{reason}"),
    "certificate": (
        "the certificate of {host} is not trusted: {reason}; give --cacert FILE, or --insecure to skip the check",
        "{host} 的证书不受信任：{reason}；请用 --cacert 指定证书，或用 --insecure 跳过验证",
    ),
    "tls": (
        "the TLS connection to {host} failed: {reason}; does this port speak https?",
        "与 {host} 的 TLS 连接失败：{reason}；该端口是否提供 https？",
    ),
    "closed": (
        "{host} closed the connection without an answer",
        "{host} 未作任何应答就关闭了连接",
    ),
    "not_http": ("{host} does not answer in HTTP: {reason}", "{host} 的应答不是 HTTP：{reason}"),
    "redirects": ("too many redirects", "重定向次数过多"),
    "cancelled": ("cancelled", "已取消"),
    "left": ("cancelled after {seconds:g} s (--cancel-after)", "{seconds:g} 秒后主动取消（--cancel-after）"),
    "in_error": ("{error}, in the body of {said}", "{error}，当时正在读取 {said} 的正文"),
    "http": ("HTTP {status}: {reason}", "HTTP {status}：{reason}"),
    "broken": (
        "the connection broke in mid-answer after {received}: {reason}",
        "回答中途连接中断（已收到 {received}）：{reason}",
    ),
    "no_end": (
        "the answer ended after {received} without its end marker",
        "回答在 {received}后结束，但没有结束标记",
    ),
    "cut": ("the server closed it", "服务端关闭了连接"),
    "bad_coding": (
        "the body is not {coding}, which the response headers declare",
        "响应体并非其头部所声明的 {coding} 编码",
    ),
    "no_brotli": (
        (
            "the body came with Content-Encoding: {coding}; to decode it, install Brotli from 1.2 on:"
            " pip install 'brotli>=1.2'"
        ),
        "响应体使用了 Content-Encoding: {coding}；要解码，请安装 1.2 或更新版本的 Brotli：pip install 'brotli>=1.2'",
    ),
    "bad_chunks": ("the chunked coding of the body is invalid", "响应体的分块（chunked）编码无效"),
    "no_decoder": (
        "the body came with Content-Encoding: {coding}, which was not requested and cannot be decoded",
        "响应体使用了未请求的 Content-Encoding: {coding}，无法解码",
    ),
    "endless": ("an event of more than {mib} MiB has no end", "单个事件超过 {mib} MiB 仍未结束"),
    "no_events": (
        "more than {mib} MiB of comments and blank lines without any event",
        "超过 {mib} MiB 的注释和空行，其中没有任何事件",
    ),
    "textless": ("more than {mib} MiB without any text", "超过 {mib} MiB 的数据中没有任何文本"),
    "memory": (
        "the answers in flight take more than {mib} MiB of memory: use fewer threads or more --processes",
        "进行中的回答占用内存超过 {mib} MiB：请减少线程或增加 --processes",
    ),
    "no_id": (
        "no id at {path} in the answer of {url}: {words}",
        "{url} 的应答中 {path} 处没有 id：{words}",
    ),
    "unopened": (
        "the session was not opened, at {step}: {error}",
        "会话未能打开（{step}）：{error}",
    ),
    "no_result": ('the answer has no result: "{words}"', "应答中没有结果：“{words}”"),
    "became_get": (
        "{error} (a redirect had turned the POST into a GET: give the final URL)",
        "{error}（重定向已把 POST 变成 GET：请直接给出最终网址）",
    ),
    "bad_redirect": ("redirected to an address that cannot be used: {reason}", "重定向到无法使用的地址：{reason}"),
    "unknown": (
        "{events} came, none of a known format (first: {first}); name the text: {how}",
        "收到 {events}，均不属于任何已知格式（首个：{first}）；请指明文本位置：{how}",
    ),
    "unknown_named": (
        "{events} came, none of --format {name} (first: {first}); name the text: {how}",
        "收到 {events}，均不属于 --format {name}（首个：{first}）；请指明文本位置：{how}",
    ),
    "one_event": ("1 event", "1 个事件"),
    "many_events": ("{number} events", "{number} 个事件"),
    "broken_events": (
        "{number} of {events} events are cut or broken JSON, and text may have been in them (first: {first})",
        "{events} 个事件中有 {number} 个 JSON 不完整或已损坏，其中可能含有文本（首个：{first}）",
    ),
    "broke_off": (
        'the server broke off: finish reason "{reason}"',
        "服务端中断了回答：结束原因“{reason}”",
    ),
    "wrote": ('{error}; the server wrote: "{words}"', "{error}；服务端写道：“{words}”"),
    "no_event": ("the body of {bytes} bytes is not an event stream", "{bytes} 字节的响应体不是事件流"),
    "cut_short": (
        "the answer ended after {bytes} bytes, before the end of its JSON",
        "回答在 {bytes} 字节后结束，JSON 不完整",
    ),
    "streamed": (
        "the server sent a stream although --no-stream requests a whole answer",
        "请求的是完整回答（--no-stream），服务端却返回了流",
    ),
    "no_object": ("the body of {bytes} bytes is not a JSON object", "{bytes} 字节的响应体不是 JSON 对象"),
    "no_answer": (
        "the JSON is not an answer of a known format ({first}); name the text: {how}",
        "该 JSON 不是任何已知格式的回答（{first}）；请指明文本位置：{how}",
    ),
    "empty_body": ("the body is empty", "响应体为空"),
    "empty": ("the answer ended without any token", "回答已结束，但没有任何 token"),
}

_NO_ANSWER: tuple[tuple[tuple[type[Exception], ...], Outcome, str], ...] = (
    ((ssl.SSLCertVerificationError,), Outcome.TLS_ERROR, "certificate"),
    ((ssl.SSLError,), Outcome.TLS_ERROR, "tls"),
    ((requests.exceptions.SSLError,), Outcome.TLS_ERROR, "tls"),
    ((socket.gaierror,), Outcome.CONNECT_ERROR, "dns"),
    ((requests.exceptions.TooManyRedirects,), Outcome.HTTP_ERROR, "redirects"),
    ((RemoteDisconnected, ConnectionResetError), Outcome.CONNECT_ERROR, "closed"),
    ((HTTPException, urllib3.exceptions.InvalidHeader), Outcome.MALFORMED, "not_http"),
    (
        (InvalidSchema, InvalidURL, MissingSchema, urllib3.exceptions.LocationParseError),
        Outcome.HTTP_ERROR,
        "bad_redirect",
    ),
)
"""The outcome of a failed request: that of the first row with an exception among the causes."""


_NO_CONNECTION = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)


class Judge:
    """Decides the outcome of each request of one connection: (outcome, error message; None for an ok one).

    `proxies` are as `requests` takes them.
    """

    def __init__(self, target: Target, exchange: Exchange, proxies: Any) -> None:
        self._target, self._exchange, self._proxies = target, exchange, proxies
        self._say = speaker(TEXTS, target.lang)
        self._waiting = Waiting(target.lang)
        self.asked: tuple[str | None, str | None] = "POST", None
        """Method and URL of the newest request, before any redirect."""

    def unanswered(self, answer: AnswerTimeline, error: Exception) -> tuple[Outcome, str]:
        """The outcome of a request to which no head of an answer came, because of `error`."""
        outcome, said = self._unanswered(answer, error)
        said = self._with_address(said, getattr(error, "request", None))
        return outcome, said if outcome is Outcome.CANCELLED else self._with_statuses(said)

    def _with_statuses(self, error: str, status: int | None = None) -> str:
        """An error with the statuses of the attempts before, where not all were like the last."""
        before = self._exchange.statuses_before
        return error if set(before) <= {status} else self._waiting.with_statuses(error, before)

    def _with_address(self, error: str, request: requests.PreparedRequest | None) -> str:
        """An error with the address that a redirect led to, if one did."""
        if request is None or request.url is None or request.url == self.asked[1]:
            return error
        return self._say("redirected", error=error, url=mask_url(request.url))

    def _unanswered(self, answer: AnswerTimeline, error: Exception) -> tuple[Outcome, str]:
        stopped = self._stopped(answer)
        if stopped is not None:
            return stopped
        causes = list(_causes(error))
        proxy = requests.utils.select_proxy(self._target.url, self._proxies)
        if proxy and any(isinstance(c, (urllib3.exceptions.ProxyError, InvalidSchema)) for c in causes):
            system = [c for c in causes if isinstance(c, OSError) and c.strerror]
            reason = _reason(system[-1] if system else causes[-1])
            key = "no_proxy" if any(isinstance(c, _NO_CONNECTION) for c in causes) else "proxy"
            return Outcome.CONNECT_ERROR, self._say(key, proxy=mask_url(proxy), reason=reason)
        request = getattr(error, "request", None)
        host = place_of(self._target.url if request is None else request.url)
        for kinds, outcome, key in _NO_ANSWER:
            cause = next((c for c in causes if isinstance(c, kinds)), None)
            if cause is not None:
                text = self._say(key, host=host, reason=_reason(cause))
                return outcome, self._silent(text) if key == "closed" else text
        if any(isinstance(c, OSError) and c.errno == errno.ECONNREFUSED for c in causes):
            answer.refused = True
            return Outcome.CONNECT_ERROR, self._say("refused", host=host)
        if any(isinstance(c, urllib3.exceptions.ProtocolError) for c in causes):
            return Outcome.CONNECT_ERROR, self._silent(self._say("closed", host=host))
        return Outcome.CONNECT_ERROR, self._say("unreachable", host=host, reason=_reason(causes[-1]))

    def answered(
        self, response: requests.Response, answer: AnswerTimeline, failure: Exception | None
    ) -> tuple[Outcome, str | None]:
        """The outcome of an answer whose head has come; `failure` ended the reading of its body, None: nothing did."""
        outcome, error = self._outcome(response, answer, failure)
        if error is not None:
            error = self._with_address(error, response.request)
            if response.request.method != self.asked[0]:
                error = self._say("became_get", error=error)
            if outcome is not Outcome.CANCELLED:
                error = self._with_statuses(error, response.status_code)
        return outcome, error

    def unopened(
        self, response: requests.Response, answer: AnswerTimeline, ask: Ask, told: Told
    ) -> tuple[Outcome, str | None]:
        """The outcome of a request whose session was not opened: `told` is the answer to the step that failed."""
        if not told.ok:
            outcome, error = self.answered(response, answer, None)
            return outcome, self._say("unopened", step=ask.name, error=error) if ask.name else error
        if self._target.opening is not None:
            return self.without_id(self._target.opening.url, self._target.opening.path, told.body)
        words = next((error_text(doc) for doc in told.docs if doc.get("error")), None)
        outcome = Outcome.MALFORMED if words is None else Outcome.IN_STREAM_ERROR
        said = words or self._say("no_result", words=printable(told.body.decode("utf-8", "replace"), 200))
        return outcome, self._say("unopened", step=ask.name, error=said)

    def unstarted(self, url: str, path: str, body: bytes) -> tuple[Outcome, str]:
        """The outcome of a request that the server has answered, but not begun."""
        words = failure_in("", load_value(body.decode("utf-8", "replace")) or {})
        return self.without_id(url, path, body) if not words else (Outcome.IN_STREAM_ERROR, words)

    def without_id(self, url: str, path: str, body: bytes) -> tuple[Outcome, str]:
        """The outcome of a request whose step before has not told the id that it needs."""
        words = error_in_body(body) or ""
        text = self._say("no_id", path=path, url=mask_url(url), words=printable(words, 200))
        return Outcome.MALFORMED, text.removesuffix(": ").removesuffix("：")

    def _stopped(self, answer: AnswerTimeline) -> tuple[Outcome, str] | None:
        reason = self._exchange.stopped_by
        if reason == "cancelled":
            return Outcome.CANCELLED, self._say("cancelled")
        if reason == "timeout" and answer.leave_after_s is not None and answer.leave_after_s < self._target.timeout_s:
            return Outcome.CANCELLED, self._say("left", seconds=answer.leave_after_s)
        if reason == "timeout":
            return Outcome.TIMEOUT, self._waiting.timed_out(self._target.timeout_s, self._got(answer))
        if reason == "idle":
            return Outcome.IDLE_TIMEOUT, self._waiting.idle(self._target.idle_timeout_s or 0.0, self._received(answer))
        return None

    def _received(self, answer: AnswerTimeline) -> str | None:
        """How much text of an answer came; None for none."""
        reader = answer.reader
        if reader is None or not (reader.chunks if self._target.stream else reader.body_bytes):
            return None
        return self._waiting.received(reader.chunks, reader.body_bytes, self._target.stream)

    def _got(self, answer: AnswerTimeline) -> str:
        """What is known of an answer that was not whole in time."""
        exchange, reader = self._exchange, answer.reader
        if reader is None and answer.status is not None:
            return ""  # an error, whose words stand beside it
        if reader is None:
            connected = exchange.reused or exchange.connect_ns is not None
            return self._waiting.unbegun(connected, exchange.first_byte_ns is not None, bool(exchange.statuses_before))
        quiet_ns, times = exchange.quiet_ns(), answer.token_times
        silence_ns = exchange.clock() - times[-1] if times else quiet_ns
        gap_ns = round(longest_gap_s(times) * NS_PER_S)
        return self._waiting.unfinished(self._received(answer), reader.body_bytes, silence_ns, quiet_ns, gap_ns)

    def _outcome(
        self, response: requests.Response, answer: AnswerTimeline, failure: Exception | None
    ) -> tuple[Outcome, str | None]:
        reader = answer.reader
        if reader is None:
            reason = error_in_body(answer.error_body, answer.error_charset) or response.reason or ""
            failed = self._say("http", status=response.status_code, reason=reason)
            if (stopped := self._stopped(answer)) is not None:
                known = stopped[0] is Outcome.CANCELLED
                return stopped[0], stopped[1] if known else self._say("in_error", error=stopped[1], said=failed)
            return Outcome.HTTP_ERROR, self._waiting.with_limit(failed, self._exchange.head_wait_ns)
        if reader.error is not None:
            no_stream = self._target.stream and _content_type(response) in ("text/html", "application/json")
            return (Outcome.NOT_A_STREAM if no_stream else Outcome.IN_STREAM_ERROR), reader.error
        if reader.error_outside is not None:
            return Outcome.IN_STREAM_ERROR, reader.error_outside
        if reader.broke_off is not None:
            return Outcome.IN_STREAM_ERROR, self._say("broke_off", reason=reader.broke_off)
        outcome, error = self._outcome_of(response, answer, reader, failure)
        if error is not None and reader.words and outcome not in (Outcome.CANCELLED, Outcome.MALFORMED):
            error = self._say("wrote", error=error, words=reader.words)
        return outcome, error

    def _outcome_of(
        self, response: requests.Response, answer: AnswerTimeline, reader: AnswerReader, failure: Exception | None
    ) -> tuple[Outcome, str | None]:
        """The outcome of an answer that reports no error."""
        stopped = self._stopped(answer)
        if reader.complete and (stopped is None or not reader.unknown):
            return self._whole(answer, reader, failure) or stopped or self._incomplete(response, reader, failure)
        if stopped is not None and (stopped[0] is Outcome.CANCELLED or not reader.unknown):
            return stopped
        return self._incomplete(response, reader, None if stopped else failure)

    def _whole(
        self, answer: AnswerTimeline, reader: AnswerReader, failure: Exception | None
    ) -> tuple[Outcome, str | None] | None:
        """The outcome of an answer to whose end marker it came; None when that was no end."""
        stopped_by = self._exchange.stopped_by
        if failure is not None and stopped_by != "enough" and reader.late_chunks and not reader.last:
            return None  # given up, or broken, while text still came
        if reader.unknown:
            return Outcome.MALFORMED, self._unknown(reader)
        if reader.strange.broken:
            return Outcome.MALFORMED, self._broken_events(reader)
        return (Outcome.OK, None) if answer.output_tokens() else (Outcome.EMPTY, self._say("empty"))

    def _unknown(self, reader: AnswerReader) -> str:
        """That nothing that came is of a known format, and how to read it all the same."""
        strange, say = reader.strange, self._say
        path = strange.text_path() or "PATH"
        how = f"--text-path {path}" if strange.unknown or reader.chunks else "--raw"
        number = (strange.unknown or reader.chunks) + strange.no_json
        values = {
            "events": say("one_event") if number == 1 else say("many_events", number=number),
            "first": printable(strange.first, 200),
            "how": printable(how),
        }
        if not self._target.stream:
            return say("no_answer", **values)
        return (
            say("unknown_named", name=reader.format_name, **values) if self._target.named else say("unknown", **values)
        )

    def _broken_events(self, reader: AnswerReader) -> str:
        first = printable(reader.strange.first_no_json, 200)
        return self._say("broken_events", number=reader.strange.broken, events=reader.events, first=first)

    def _incomplete(
        self, response: requests.Response, reader: AnswerReader, failure: Exception | None
    ) -> tuple[Outcome, str]:
        """The outcome of an answer that is not whole, although nobody stopped it."""
        say = self._say
        if failure is not None and self._exchange.stopped_by != "enough":
            return self._broken(response, reader, failure)
        if not reader.body_bytes:
            return Outcome.EMPTY, self._silent(say("empty_body"))
        if reader.unknown:
            return Outcome.MALFORMED, self._unknown(reader)
        if not self._target.stream:
            return self._no_whole(response, reader)
        if not reader.events and not reader.looks_like_stream:
            head = reader.head.decode("utf-8", "replace")
            claimed = _content_type(response) in ("text/event-stream", "application/x-ndjson")
            outcome = Outcome.MALFORMED if claimed and not head.lstrip().startswith("<") else Outcome.NOT_A_STREAM
            return outcome, self._with_words("no_event", reader, head)
        received = self._waiting.received(reader.chunks, reader.body_bytes, stream=True)
        return Outcome.TRUNCATED, self._silent(say("no_end", received=received))

    def _silent(self, error: str) -> str:
        """An error about an end, with the silence before it."""
        return self._waiting.with_silence(error, self._exchange.silence_ns)

    def _with_words(self, key: str, reader: AnswerReader, head: str) -> str:
        """A text of this key about a body that is not what it should be, with what it says instead."""
        error = self._say(key, bytes=reader.body_bytes)
        return self._say("wrote", error=error, words=printable(reader.words or head, ERROR_LIMIT))

    def _broken(self, response: requests.Response, reader: AnswerReader, failure: Exception) -> tuple[Outcome, str]:
        """The outcome of an answer whose reading was broken off by `failure`."""
        say = self._say
        if isinstance(failure, urllib3.exceptions.DecodeError):
            codings = codings_of(response.headers)
            unknown = [coding for coding in codings if not can_decode(coding)]
            key = "bad_coding" if not unknown else "no_brotli" if unknown == ["br"] else "no_decoder"
            return Outcome.MALFORMED, say(key, coding=", ".join(codings))
        if isinstance(failure, OversizeError):
            return Outcome.MALFORMED, say(failure.key, mib=failure.mib)
        broken = next((c for c in _causes(failure) if isinstance(c, OSError)), None)
        if broken is None and not self._exchange.at_eof:
            said = printable(failure.said, ERROR_LIMIT) if isinstance(failure, FramingError) else ""
            error = say("bad_chunks")
            return Outcome.MALFORMED, say("wrote", error=error, words=said) if said else error
        reason = say("cut") if broken is None else _reason(broken)
        received = self._waiting.received(reader.chunks, reader.body_bytes, self._target.stream)
        return Outcome.TRUNCATED, self._silent(say("broken", received=received, reason=reason))

    def _no_whole(self, response: requests.Response, reader: AnswerReader) -> tuple[Outcome, str]:
        """The same for a body that came to its end and is not the one JSON object that was asked for."""
        if reader.looks_like_stream or _content_type(response) in ("text/event-stream", "application/x-ndjson"):
            return Outcome.MALFORMED, self._say("streamed") if reader.looks_like_stream else self._with_words(
                "streamed", reader, ""
            )
        if reader.cut_short:
            return Outcome.TRUNCATED, self._silent(self._say("cut_short", bytes=reader.body_bytes))
        return Outcome.MALFORMED, self._with_words("no_object", reader, reader.head.decode("utf-8", "replace"))


def _content_type(response: requests.Response) -> str:
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what is wrapped in it (by urllib3 in `reason` or the arguments), outermost first."""
    seen: set[int] = set()
    todo: list[Any] = [error]
    while todo:
        current = todo.pop(0)
        if isinstance(current, BaseException) and id(current) not in seen:
            seen.add(id(current))
            yield current
            todo += [getattr(current, "reason", None), *current.args, current.__cause__, current.__context__]


def _reason(error: BaseException) -> str:
    """The shortest true words for an exception."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message or str(error)
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
