"""One request: from a query to a `RequestRecord`.

`SSETester` sends a query over its own `requests.Session`, reads the body read by read, and stamps each
text-bearing event with the arrival of the read that completed it.  What is wrong with an answer is judged here, once.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from http.client import HTTPException, RemoteDisconnected
from typing import Any, NamedTuple

import requests
import urllib3
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema

from . import __version__
from .formats import AnswerReader, error_in_body
from .formats.base import END_HINT, Format
from .masking import Masker, mask_url, names_a_secret
from .metrics import estimate_tokens
from .providers import ApiKeyProvider, Query, QueryProvider
from .records import Outcome, Phase, RequestRecord
from .replay import Replayed
from .request_body import BodyBuilder
from .stream_shape import lumps_of
from .texts import Texts, printable, speaker
from .wire import GATE, Exchange, FramingError, Interruptible, TimedAdapter, Trace, reads

ERROR_BODY_BYTES = 65_536
ERROR_BODY_S = 0.5
"""How much of the body of a failed request is read, and how long for."""
LINE_FEED = 10
EVENT_BYTES = 64 << 20
"""An event of this size is no event: it would fill the memory."""

DRAIN_S = 0.1
"""How long the end of the body is waited for once the end marker came, so that the connection can be used again."""
SOFT_END_S = 2.0
"""The same after an end marker behind which the usage may still come (a finish_reason)."""

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
        "the proxy {proxy} does not let the request through: {reason}",
        "代理 {proxy} 未能转发请求：{reason}",
    ),
    "unreachable": ("no connection to {host}: {reason}", "无法连接 {host}：{reason}"),
    "certificate": (
        "the certificate of {host} is not trusted: {reason}; give --cacert FILE, or --insecure to go on without",
        "{host} 的证书不受信任：{reason}；请用 --cacert 指定证书，或用 --insecure 跳过验证",
    ),
    "tls": (
        "no TLS connection with {host}: {reason}; does it speak https on this port?",
        "与 {host} 的 TLS 连接失败：{reason}；该端口是否提供 https？",
    ),
    "closed": (
        "{host} closed the connection without an answer",
        "{host} 未作任何应答就关闭了连接",
    ),
    "not_http": ("{host} does not answer in HTTP: {reason}", "{host} 的应答不是 HTTP：{reason}"),
    "redirects": ("too many redirects", "重定向次数过多"),
    "timeout": ("no whole answer within {seconds:g} s (--timeout)", "{seconds:g} 秒内没有收到完整回答（--timeout）"),
    "idle": ("nothing came for {seconds:g} s (--idle-timeout)", "{seconds:g} 秒内没有收到任何数据（--idle-timeout）"),
    "cancelled": ("cancelled", "已取消"),
    "left": ("left after {seconds:g} s (--cancel-after)", "{seconds:g} 秒后离开（--cancel-after）"),
    "http": ("HTTP {status}: {reason}", "HTTP {status}：{reason}"),
    "broken": (
        "the connection broke in mid-answer after {chunks} chunk(s): {reason}",
        "回答中途连接中断（已收到 {chunks} 个数据块）：{reason}",
    ),
    "no_end": (
        "the answer ended after {chunks} chunk(s) without its end marker",
        "回答在 {chunks} 个数据块后结束，但没有结束标记",
    ),
    "cut": ("the server closed it", "服务端关闭了连接"),
    "bad_coding": (
        "the body is not the {coding} that its head says it is",
        "响应体并非其头部所声明的 {coding} 编码",
    ),
    "bad_chunks": ("the chunked coding of the body is invalid", "响应体的分块（chunked）编码无效"),
    "endless": ("an event of more than {mib} MiB without end", "单个事件超过 {mib} MiB 仍未结束"),
    "became_get": (
        "{error} (a redirect had turned the POST into a GET: give the final URL)",
        "{error}（重定向已把 POST 变成 GET：请直接给出最终网址）",
    ),
    "bad_redirect": ("redirected to an address that cannot be used: {reason}", "重定向到无法使用的地址：{reason}"),
    "no_json": (
        "none of the {events} events is JSON: is --format right?",
        "{events} 个事件都不是 JSON：--format 是否正确？",
    ),
    "no_event": (
        'the body of {bytes} bytes is no event stream: "{head}"',
        "{bytes} 字节的响应体不是事件流：“{head}”",
    ),
    "broken_whole": (
        "the connection broke in mid-answer after {bytes} bytes of the body: {reason}",
        "回答中途连接中断（已收到响应体 {bytes} 字节）：{reason}",
    ),
    "cut_short": (
        "the answer ended after {bytes} bytes, within its JSON",
        "回答在 {bytes} 字节后结束，JSON 不完整",
    ),
    "streamed": (
        "a stream came although the answer was asked for whole (--no-stream)",
        "请求的是完整回答（--no-stream），服务端却返回了流",
    ),
    "no_object": (
        'the body of {bytes} bytes is no JSON object: "{head}"',
        "{bytes} 字节的响应体不是 JSON 对象：“{head}”",
    ),
    "no_answer": (
        "the JSON is an answer of no known format: name it with --format",
        "该 JSON 不是任何已知格式的回答：请用 --format 指定",
    ),
    "empty_body": ("the body is empty", "响应体为空"),
    "empty": ("the answer ended without any token", "回答已结束，但没有任何 token"),
}


@dataclass(frozen=True, slots=True)
class Target:
    """What all requests of a run share.  It holds secrets (`keys`, `headers`), so it is never written anywhere."""

    url: str
    body: BodyBuilder
    queries: QueryProvider
    masker: Masker
    replayed: Sequence[Replayed] = ()
    """The requests of a trace that is sent again, in order."""
    keys: ApiKeyProvider | None = None
    auth: tuple[str, str] | None = None
    headers: Mapping[str, str] | None = None
    format: Format | None = None
    """Named by the user or guessed from the URL."""
    named: bool = False
    """`format` was named: answers are read as that, whatever they look like."""
    options: Mapping[str, Any] | None = None
    timeout_s: float = 60.0
    idle_timeout_s: float | None = None
    retries: int = 3
    stream: bool = True
    """Answers come as streams; else each is one JSON object."""
    turns: int = 1
    """Requests in one conversation."""
    context_tokens: int | None = None
    """Filler before the first query of each; None: the run has no context tiers."""
    verify: bool | str = True
    lang: str = "en"
    direct: bool = False
    """Past the proxies of the environment, to a server of our own."""

    def part(self, share: tuple[int, int]) -> Target:
        """The same for process number `share[0]` of `share[1]`, whose queries and keys are those of its turn."""
        keys = None if self.keys is None else ApiKeyProvider(self.keys.keys, *share)
        return replace(self, queries=self.queries.part(*share), keys=keys)

    @property
    def place(self) -> str:
        """host:port, for messages."""
        parts = urllib3.util.parse_url(self.url)
        return f"{parts.host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


class Conversation(NamedTuple):
    """What the next request carries of the answers before it."""

    turn: int = 1
    id: str = ""
    history: tuple[Mapping[str, str], ...] = ()
    """What was said, `{"role", "content"}` each, where the format wants it again."""
    key: str | None = None
    """The API key of the turns before: to another the conversation may be unknown."""
    query: Query | None = None
    """What it asks next, when the file of queries says so."""


Progress = Callable[[int], None]
"""Called with the number of text-bearing events of each read."""


Notice = Callable[[str, float], None]
"""Called with "status" and the HTTP status, "first_byte" or "first_token" and the nanoseconds since the start."""


class _Session(requests.Session):
    """Takes every header that may hold a secret off a request that is redirected to another server."""

    def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
        super().rebuild_auth(prepared_request, response)  # type: ignore[no-untyped-call]
        if self.should_strip_auth(response.request.url, prepared_request.url):  # type: ignore[no-untyped-call]
            for name in [name for name in prepared_request.headers if names_a_secret(name)]:
                del prepared_request.headers[name]


class Surroundings(NamedTuple):
    """What the environment says about the way to a target."""

    proxies: Any
    """As `requests` takes them: scheme -> URL."""
    verify: bool | str


def surroundings(target: Target) -> Surroundings:
    """The proxies and the certificate file that the environment names (HTTPS_PROXY, NO_PROXY, REQUESTS_CA_BUNDLE, ...).

    To be asked for once a run: it takes as long as all else that a new session needs.
    """
    verify = target.verify
    if verify is False:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # the user has asked for it
    elif verify is True:
        with requests.Session() as session:
            verify = session.merge_environment_settings(target.url, {}, True, True, None)["verify"] or True
    return Surroundings({} if target.direct else requests.utils.get_environ_proxies(target.url), verify)


class SSETester:
    """Sends requests one after another over one kept-alive connection; one a thread."""

    def __init__(
        self,
        target: Target,
        thread_id: int = 0,
        progress: Progress = lambda _chunks: None,
        on_format: Callable[[str], None] = lambda _name: None,
        notice: Notice | None = None,
        trace: Trace | None = None,
        around: Surroundings | None = None,
    ) -> None:
        self.target = target
        self.thread_id = thread_id
        self.exchange = Exchange(trace=trace)
        self.conversation = Conversation()
        """What the next request goes on with."""
        self._progress = progress
        self._unreported = 0
        self.exchange.before_wait = self._report
        self._on_format = on_format
        self._notice = notice
        self._say = speaker(TEXTS, target.lang)
        self._session = _Session()
        self._prepared: requests.PreparedRequest | None = None
        self._proxies, verify = around or surroundings(target)
        # Else it is asked for each request, which costs a good part of one, and a ~/.netrc would replace the key.
        self._session.trust_env = False
        adapter = TimedAdapter(self.exchange, target.retries, verify)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def close(self) -> None:
        """Closes the connection."""
        self._session.close()

    def socket(self) -> Interruptible | None:
        """The newest connection, None before there was one."""
        return self.exchange.socket

    def cancel(self) -> None:
        """Ends the request under way, and all later ones, from another thread."""
        self.exchange.cancel()

    def test_streaming(
        self,
        request_id: int = 0,
        intended_ns: int | None = None,
        phase: Phase = Phase.MAIN,
        leave_after_s: float | None = None,
        query: Query | None = None,
    ) -> RequestRecord:
        """Sends `query`, else the next one, and reads the answer.  Never raises for what a server or network does.

        `intended_ns` and `phase` are noted in the record.  After `leave_after_s` it leaves, if the answer is not whole.
        """
        with GATE:
            target, conversation = self.target, self.conversation
            asked = query or conversation.query or target.queries.next(conversation.turn, target.context_tokens)
            answer = _Answer(request_id, self.thread_id, asked, conversation.turn, target.stream)
            answer.intended_ns, answer.phase, answer.leave_after_s = intended_ns, phase, leave_after_s
            return self._test(answer)

    def _test(self, answer: _Answer) -> RequestRecord:
        target, exchange, conversation, query = self.target, self.exchange, self.conversation, answer.query
        key = conversation.key or (None if target.keys is None else target.keys.next())
        hint = target.format.end_hint if target.format is not None else END_HINT
        request = self._request(target.body.build(query, conversation.id, conversation.history), key)
        timeout_s = min(target.timeout_s, answer.leave_after_s or target.timeout_s)
        exchange.begin(timeout_s, target.idle_timeout_s, hint)
        try:
            response = self._session.send(
                request,
                stream=True,
                timeout=(timeout_s, timeout_s),
                verify=target.verify is not False,
                proxies=self._proxies,
                allow_redirects=True,
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            answer.outcome, answer.error = self._judge_no_answer(answer, error)
        else:
            self._read(response, answer)
        self.conversation = self._after(conversation, answer, key)
        return answer.record(exchange, target.masker)

    def _after(self, conversation: Conversation, answer: _Answer, key: str | None) -> Conversation:
        """What the next request goes on with: nothing after the last or a failed turn, or with nothing to carry."""
        reader = answer.reader
        if conversation.turn >= self.target.turns or answer.outcome is not Outcome.OK or reader is None:
            return Conversation()
        if answer.query.later == ():
            return Conversation()
        conversation_id, history = reader.conversation_id or conversation.id, conversation.history
        by_history = self.target.body.carries == "history"
        if by_history:
            said = {"role": "user", "content": answer.query.sent}
            history = (*history, said, {"role": "assistant", "content": reader.text})
        if not (reader.text if by_history else conversation_id):
            return Conversation()
        return Conversation(conversation.turn + 1, conversation_id, history, key, answer.query.next_turn())

    def _request(self, body: bytes, key: str | None) -> requests.PreparedRequest:
        """The request with this body and key: always the same object, as preparing one costs as much as sending it.

        requests makes a copy before it changes one, for a redirect say.
        """
        target = self.target
        if self._prepared is None:
            self._prepared = self._session.prepare_request(requests.Request("POST", target.url, self._headers()))
        request = self._prepared
        request.body = body
        request.headers["Content-Length"] = str(len(body))
        if key is not None and target.auth is not None and target.auth[0] not in (target.headers or {}):
            name, before = target.auth
            request.headers[name] = before + key
        if self._session.cookies:
            request.headers.pop("Cookie", None)
            request.prepare_cookies(self._session.cookies)
        return request

    def _headers(self) -> dict[str, str]:
        """What all requests have in common; what the user gave wins."""
        target = self.target
        ndjson = target.format is not None and target.format.ndjson
        streams = "application/x-ndjson" if ndjson else "text/event-stream"
        headers = {
            "User-Agent": f"sse-perf/{__version__}",
            "Accept": streams if target.stream else "application/json",
            "Accept-Encoding": "identity",  # compression would bundle tokens
            "Cache-Control": "no-cache",
            "Content-Type": "application/json",
        }
        if target.format is not None:
            headers.update(target.format.headers)
            headers.update(target.format.stream_headers if target.stream else {})
        given = target.headers or {}
        lowered = {name.lower() for name in given}
        return {name: value for name, value in headers.items() if name.lower() not in lowered} | dict(given)

    def _reader(self, content_type: str) -> AnswerReader:
        target = self.target
        named, guessed = (target.format, None) if target.named else (None, target.format)
        return AnswerReader(named, target.options or {}, content_type, guessed, whole=not target.stream)

    def _tell(self, key: str, at_ns: int | None) -> None:
        if self._notice is not None and at_ns is not None and self.exchange.started_ns is not None:
            self._notice(key, at_ns - self.exchange.started_ns)

    def _read(self, response: requests.Response, answer: _Answer) -> None:
        answer.status = response.status_code
        if self._notice is not None:
            self._notice("status", response.status_code)
            self._tell("first_byte", self.exchange.first_byte_ns)
        failure: Exception | None = None
        try:
            if 200 <= response.status_code < 300:
                content_type = response.headers.get("Content-Type", "")
                answer.reader = self._reader(content_type)
                self._read_stream(response, answer, answer.reader)
            else:
                self.exchange.finish_within(ERROR_BODY_S)
                for _, data in reads(response, self.exchange):
                    answer.error_body += data
                    if len(answer.error_body) >= ERROR_BODY_BYTES:
                        break  # what is behind it does not matter
        except (urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError) as error:
            failure = error
        if answer.reader is not None:
            self._finish(answer, answer.reader)
        response.close()  # unless its connection went back to the pool: what ended early leaves bytes behind
        answer.outcome, answer.error = self._judge(response, answer, failure)
        if answer.error is not None and response.request.method != "POST":
            answer.error = self._say("became_get", error=answer.error)

    def _finish(self, answer: _Answer, reader: AnswerReader) -> None:
        new = reader.close()
        if new and self.exchange.arrived_ns is not None and self.target.stream:
            self._stamp(answer, reader, self.exchange.arrived_ns, new, True)
        self._report()
        if reader.detected is not None:
            self._on_format(reader.detected)

    def _read_stream(self, response: requests.Response, answer: _Answer, reader: AnswerReader) -> None:
        exchange, raw = self.exchange, response.raw
        until_close = not raw.chunked and raw.length_remaining is None
        told_end = told_last = False
        finished_bytes = 0
        for arrived_ns, data in reads(response, exchange):
            new = reader.feed(data)
            if new:
                finished_bytes = reader.body_bytes
                self._stamp(answer, reader, arrived_ns, new, data[-1] == LINE_FEED)
            elif reader.body_bytes - finished_bytes > EVENT_BYTES:
                raise FramingError("an event without end")
            if reader.last and not told_last:
                if until_close:
                    exchange.arrived_ns = arrived_ns
                    break  # the end of such a body is the end of the connection, which may be long in coming
                told_last = True
                exchange.finish_within(DRAIN_S)
            elif reader.ended and not told_end:
                told_end = True
                exchange.finish_within(SOFT_END_S)

    def _report(self) -> None:
        """Tells of the events since the last time; called before each wait, not for each event."""
        if self._unreported:
            self._progress(self._unreported)
            self._unreported = 0

    def _stamp(self, answer: _Answer, reader: AnswerReader, arrived_ns: int, new: int, at_line_end: bool) -> None:
        """Notes the arrival of `new` text-bearing events in one read."""
        self._unreported += new
        answer.reads += (new, reader.body_bytes, at_line_end)
        times = answer.token_times
        if not times:
            self._tell("first_token", arrived_ns)
        times.append(arrived_ns)
        if new > 1:
            times.extend([arrived_ns] * (new - 1))
        if answer.first_answer_ns is None and reader.answer_started:
            answer.first_answer_ns = arrived_ns

    def _judge_no_answer(self, answer: _Answer, error: Exception) -> tuple[Outcome, str]:
        stopped = self._judge_stopped(answer)
        if stopped is not None:
            return stopped
        causes = list(_causes(error))
        proxy = requests.utils.select_proxy(self.target.url, self._proxies)
        if proxy and any(isinstance(c, (urllib3.exceptions.ProxyError, InvalidSchema)) for c in causes):
            system = [c for c in causes if isinstance(c, OSError) and c.strerror]
            reason = _reason(system[-1] if system else causes[-1])
            return Outcome.CONNECT_ERROR, self._say("proxy", proxy=mask_url(proxy), reason=reason)
        for kinds, outcome, key in _NO_ANSWER:
            cause = next((c for c in causes if isinstance(c, kinds)), None)
            if cause is not None:
                return outcome, self._say(key, host=self.target.place, reason=_reason(cause))
        if any(isinstance(c, OSError) and c.errno == errno.ECONNREFUSED for c in causes):
            return Outcome.CONNECT_ERROR, self._say("refused", host=self.target.place)
        if any(isinstance(c, urllib3.exceptions.ProtocolError) for c in causes):
            return Outcome.CONNECT_ERROR, self._say("closed", host=self.target.place)
        return Outcome.CONNECT_ERROR, self._say("unreachable", host=self.target.place, reason=_reason(causes[-1]))

    def _judge_stopped(self, answer: _Answer) -> tuple[Outcome, str] | None:
        reason = self.exchange.stopped_by
        if reason == "cancelled":
            return Outcome.CANCELLED, self._say("cancelled")
        if reason == "timeout" and answer.leave_after_s is not None and answer.leave_after_s < self.target.timeout_s:
            return Outcome.CANCELLED, self._say("left", seconds=answer.leave_after_s)
        if reason == "timeout":
            return Outcome.TIMEOUT, self._say("timeout", seconds=self.target.timeout_s)
        if reason == "idle":
            return Outcome.IDLE_TIMEOUT, self._say("idle", seconds=self.target.idle_timeout_s)
        return None

    def _judge(
        self, response: requests.Response, answer: _Answer, failure: Exception | None
    ) -> tuple[Outcome, str | None]:
        """The outcome of an answer whose head has come, and the reason in words unless it is ok."""
        reader = answer.reader
        if reader is None:
            stopped = self._judge_stopped(answer)
            if stopped is not None:
                return stopped
            reason = error_in_body(answer.error_body) or response.reason or ""
            return Outcome.HTTP_ERROR, self._say("http", status=response.status_code, reason=reason)
        if reader.error is not None:
            no_stream = self.target.stream and _content_type(response) in ("text/html", "application/json")
            return (Outcome.NOT_A_STREAM if no_stream else Outcome.IN_STREAM_ERROR), reader.error
        if reader.complete:
            return (Outcome.OK, None) if answer.output_tokens() else (Outcome.EMPTY, self._say("empty"))
        return self._judge_stopped(answer) or self._judge_incomplete(response, reader, failure)

    def _judge_incomplete(
        self, response: requests.Response, reader: AnswerReader, failure: Exception | None
    ) -> tuple[Outcome, str]:
        exchange, say = self.exchange, self._say
        if isinstance(failure, urllib3.exceptions.DecodeError):
            coding = response.headers.get("Content-Encoding", "")
            return Outcome.MALFORMED, say("bad_coding", coding=coding)
        if isinstance(failure, FramingError) and reader.body_bytes > EVENT_BYTES:
            return Outcome.MALFORMED, say("endless", mib=EVENT_BYTES >> 20)
        if failure is not None:
            broken = next((c for c in _causes(failure) if isinstance(c, OSError)), None)
            if broken is None and not exchange.at_eof:
                return Outcome.MALFORMED, say("bad_chunks")
            reason = say("cut") if broken is None else _reason(broken)
            key = "broken" if self.target.stream else "broken_whole"
            return Outcome.TRUNCATED, say(key, chunks=reader.chunks, bytes=reader.body_bytes, reason=reason)
        if not reader.body_bytes:
            return Outcome.EMPTY, say("empty_body")
        if not self.target.stream:
            return self._judge_no_whole(response, reader)
        if not reader.events and not reader.looks_like_stream:
            head = printable(reader.head.decode("utf-8", "replace"), 60)
            claimed = _content_type(response) in ("text/event-stream", "application/x-ndjson")
            outcome = Outcome.MALFORMED if claimed and not head.startswith("<") else Outcome.NOT_A_STREAM
            return outcome, say("no_event", bytes=reader.body_bytes, head=head)
        if reader.events and not reader.json_events and not reader.chunks:
            return Outcome.MALFORMED, say("no_json", events=reader.events)
        return Outcome.TRUNCATED, say("no_end", chunks=reader.chunks)

    def _judge_no_whole(self, response: requests.Response, reader: AnswerReader) -> tuple[Outcome, str]:
        """The same for a body that came to its end and is not the one JSON object that was asked for."""
        if reader.json_events:
            return Outcome.MALFORMED, self._say("no_answer")
        if reader.looks_like_stream or _content_type(response) in ("text/event-stream", "application/x-ndjson"):
            return Outcome.MALFORMED, self._say("streamed")
        if reader.cut_short:
            return Outcome.TRUNCATED, self._say("cut_short", bytes=reader.body_bytes)
        head = printable(reader.head.decode("utf-8", "replace"), 60)
        return Outcome.MALFORMED, self._say("no_object", bytes=reader.body_bytes, head=head)


class _Answer:
    """What is gathered while one answer is read."""

    def __init__(self, request_id: int, thread_id: int, query: Query, turn: int, streamed: bool) -> None:
        self.request_id = request_id
        self.thread_id = thread_id
        self.query = query
        self.turn = turn
        self.streamed = streamed
        self.outcome = Outcome.EMPTY
        self.error: str | None = None
        self.status: int | None = None
        self.reader: AnswerReader | None = None
        self.error_body = b""
        self.token_times: list[int] = []
        self.reads: list[int] = []
        """As `lumps_of` takes them."""
        self.first_answer_ns: int | None = None
        self.intended_ns: int | None = None
        self.phase = Phase.MAIN
        self.leave_after_s: float | None = None

    def output_tokens(self) -> int:
        return self._tokens()[0] or 0

    def _tokens(self) -> tuple[int | None, str | None]:
        """Output tokens and where the number is from: the server's usage, else the estimate from the text."""
        reader = self.reader
        if reader is None:
            return None, None
        reported = reader.usage.completion_tokens if reader.usage is not None else None
        if reported:
            return reported, "usage"
        if not reader.chunks:
            return None, None
        estimate = sum(map(estimate_tokens, [reader.reasoning, *(reader.choices or [reader.text])]))
        return max(1, estimate), "estimate"

    def record(self, exchange: Exchange, masker: Masker) -> RequestRecord:
        now_ns = exchange.clock()
        started_ns = exchange.started_ns or exchange.began_ns
        reader, times = self.reader, self.token_times
        whole = self.outcome is Outcome.OK and exchange.arrived_ns is not None
        end_ns = exchange.arrived_ns if whole and exchange.arrived_ns is not None else now_ns
        tokens, token_source = self._tokens()
        usage = reader.usage if reader is not None else None

        def since_start(ns: int | None) -> int | None:
            return None if ns is None else ns - started_ns

        def text(value: str | None, limit: int = 200) -> str | None:
            return None if value is None else printable(masker(value), limit)

        first_ns, last_ns = exchange.first_byte_ns, exchange.arrived_ns if self.streamed else None
        return RequestRecord(
            request_id=self.request_id,
            thread_id=self.thread_id,
            started_ns=started_ns,
            outcome=self.outcome,
            latency_ns=end_ns - started_ns,
            status=self.status,
            error=text(self.error, 500),
            retries=exchange.retries,
            ttfb_ns=since_start(first_ns),
            ttft_ns=since_start(times[0]) if times else None,
            ttfa_ns=since_start(self.first_answer_ns),
            streaming_ns=last_ns - first_ns if first_ns is not None and last_ns is not None else None,
            start_slack_ns=exchange.start_slack_ns,
            connect_ns=exchange.connect_ns,
            tls_ns=exchange.tls_ns,
            dns_ns=exchange.dns_ns,
            output_tokens=tokens,
            prompt_tokens=usage.prompt_tokens if usage else None,
            reasoning_tokens=usage.reasoning_tokens if usage else None,
            token_source=token_source,
            chunks=len(times),
            gaps_us=_gaps_us(times),
            came=lumps_of(times, self.reads),
            text_chars=len(reader.text) if reader is not None else 0,
            bytes_received=exchange.bytes_received,
            conversation_id=text(reader.conversation_id) if reader is not None else None,
            message_id=text(reader.message_id) if reader is not None else None,
            finish_reason=text(reader.finish_reason) if reader is not None else None,
            query=self.query.text,
            format=reader.format_name if reader is not None else "",
            clock=exchange.clock_name,
            turn=self.turn,
            context_tokens=self.query.context_tokens,
            intended_ns=self.intended_ns,
            phase=self.phase,
        )


def _gaps_us(times_ns: list[int]) -> tuple[int, ...]:
    """Microseconds between successive times.  Each time is rounded first, so that the gaps add up to the whole."""
    micros = [ns // 1000 for ns in times_ns]
    return tuple(map(int.__sub__, micros[1:], micros))


def _content_type(response: requests.Response) -> str:
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower()


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
"""What a failed request is called: the first row of whose exceptions one is among the causes."""


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
