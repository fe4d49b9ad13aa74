"""Sends one request: from a query to a `RequestRecord`.

`SSETester` sends a query over its own `requests.Session`, reads the body read by read, and stamps each
text-bearing event with the arrival of the read that completed it.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http.client import HTTPException
from typing import Any, NamedTuple, cast

import requests
import urllib3
from requests.cookies import RequestsCookieJar

from . import __version__
from .formats import AnswerReader
from .formats.base import END_HINT
from .formats.session import Ask, Opens, Pair, Session, Told
from .masking import Masker, mask_key
from .providers import Query
from .records import Outcome, Phase, RequestRecord
from .request.guard import Guard
from .request.head import Heads
from .request.outcomes import Judge
from .request.proxy import proxies_of
from .request.session import opens_of, told_of
from .request.steps import Following, id_in
from .request.target import Target
from .request.timeline import AnswerTimeline, longest_gap_s
from .wire import GATE, Exchange, Interruptible, KeptResponse, TimedAdapter, Trace, drain, reads

ERROR_BODY_BYTES = 65_536
ERROR_BODY_S = 2.0
"""How much of the body of a failed request is read, and how long for at most."""
_CHARSET = re.compile(r"charset=[\"']?([\w.:-]{1,40})", re.IGNORECASE)
LINE_FEED = 10

DRAIN_S = 0.1
"""For how long nothing may come behind the last event of an answer until its body is given up; if it ends before, the
connection can be used again."""
USAGE_DRAIN_S = 0.25
"""The same while the usage is missing, which some servers send behind the end marker.  Where it does not come all the
same, the next answers over this connection are not waited for any longer."""
ERROR_DRAIN_S = 0.5
"""The same behind an error, of which there may be more."""
END_S = 2.0
"""How long the request may take that ends a session."""
SOFT_END_S = 5.0
"""The same after an end marker behind which something may still come (a finish_reason, and then the usage) ..."""
SOFT_END_GAPS = 2
"""... but at least as long as so many of the longest gaps of the answer so far: a slow server is slow there, too."""


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
"""Called with "status" and the HTTP status, "first_byte", "first_token" or (each text-bearing event)
"block" and the nanoseconds since the start."""


MOST_COOKIES, COOKIE_BYTES = 50, 4096
"""What a client has to keep at least (RFC 6265, section 6.1), and what is kept at most."""


class _Cookies(RequestsCookieJar):
    """Keeps the newest `MOST_COOKIES`: a server may set a new one with each answer."""

    def set_cookie(self, cookie: Any, *args: Any, **options: Any) -> None:
        if len(cookie.name) + len(cookie.value or "") > COOKIE_BYTES:
            return
        super().set_cookie(cookie, *args, **options)
        if len(self) > MOST_COOKIES:
            oldest = next(iter(self))
            self.clear(oldest.domain, oldest.path, oldest.name)

    def __bool__(self) -> bool:
        """Whether there may be any: to count them all, as `len` does, for each request takes long."""
        return bool(vars(self)["_cookies"])


class _Answered(NamedTuple):
    """An adapter that sends nothing."""

    response: requests.Response

    def send(self, *_args: Any, **_options: Any) -> requests.Response:
        """The answer."""
        return self.response


class _Session(requests.Session):
    """A session whose redirects cost nothing and tell nothing.

    It does not read their bodies, and takes every header that may hold a secret off a request that is redirected to
    another server.
    """

    def __init__(self, masker: Masker, exchange: Exchange) -> None:
        super().__init__()
        self.cookies = _Cookies()
        self._masker, self._exchange = masker, exchange
        self._answer: requests.Response | None = None

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """As `requests.Session.send`, which only goes on with an answer that redirects or sets cookies."""
        sent = {name: value for name, value in options.items() if name != "allow_redirects"}
        response = cast(Any, super().get_adapter(str(request.url))).send(request, **sent)
        if isinstance(response, KeptResponse):
            return response  # of which the wire knows that it does neither
        if not response.is_redirect and "set-cookie" not in response.headers:
            return cast(requests.Response, response)
        self._answer = response
        return super().send(request, **options)

    def get_adapter(self, url: str) -> Any:
        """What sends to this URL; when the answer has come already, something that gives that."""
        answer, self._answer = self._answer, None
        return super().get_adapter(url) if answer is None else _Answered(answer)

    def get_redirect_target(self, resp: Any) -> Any:
        target = super().get_redirect_target(resp)
        if target is not None:
            drain(resp.raw, self._exchange)  # requests would read it whole, unpacked
        return target

    def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
        super().rebuild_auth(prepared_request, response)  # type: ignore[no-untyped-call]
        if self.should_strip_auth(response.request.url, prepared_request.url):  # type: ignore[no-untyped-call]
            for name in [name for name in prepared_request.headers if self._masker.names_a_secret(name)]:
                del prepared_request.headers[name]


def _change(request: requests.PreparedRequest, headers: Mapping[str, str | None]) -> None:
    """Sets headers; None takes one away."""
    for name, value in headers.items():
        if value is None:
            request.headers.pop(name, None)
        else:
            request.headers[name] = value


def _without_body(request: requests.PreparedRequest, method: str) -> requests.PreparedRequest:
    """The same request with this method and no body."""
    request.method, request.body = method, None
    _change(request, {"Content-Length": None, "Content-Type": None})
    return request


def _charset_of(response: requests.Response) -> str:
    found = _CHARSET.search(response.headers.get("Content-Type", ""))
    return found[1] if found else "utf-8"


def _headers_of(target: Target) -> dict[str, str]:
    """What all requests have in common; what the user gave wins."""
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


class Surroundings(NamedTuple):
    """What the environment says about the way to a target, and what all requests to it have in common."""

    proxies: Any
    """As `requests` takes them: scheme -> URL."""
    verify: bool | str
    request: requests.PreparedRequest
    """One without a body and a key."""
    written: dict[tuple[Any, ...], Any]
    """What the wire notes of how requests are written."""


def surroundings(target: Target) -> Surroundings:
    """The proxies and the certificate file that the environment names (HTTPS_PROXY, NO_PROXY, REQUESTS_CA_BUNDLE, ...).

    UsageError when the proxy for this target has no usable address.  To be asked for once a run: it takes longer than
    all else that a new session needs.
    """
    verify = target.verify
    with requests.Session() as session:
        if verify is False:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # the user has asked for it
        elif verify is True:
            verify = session.merge_environment_settings(target.url, {}, True, True, None)["verify"] or True
        session.trust_env = False  # a ~/.netrc would replace the key
        request = session.prepare_request(requests.Request("POST", target.url, _headers_of(target)))
    return Surroundings(proxies_of(target), verify, request, {})


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
        self._under_way: AnswerTimeline | None = None
        self.exchange.before_wait = self._report
        self._on_format = on_format
        self._notice = notice
        self.exchange.prompt = notice is not None or trace is not None
        self._session = _Session(target.masker, self.exchange)
        self._prepared: requests.PreparedRequest | None = None
        self._opens: Opens | None = opens_of(target)
        self._opened: Session | None = Session() if self._opens is None else None
        """The user's session at the server; None: it has to be opened."""
        self._opened_with: str | None = None
        """The API key of that: to another it may be unknown."""
        self._waited_in_vain = False
        """Whether an answer was waited for behind its end, and no usage came."""
        self._proxies, verify, self._plain, written = around or surroundings(target)
        self._heads = Heads(target.masker)
        self._judge = Judge(target, self.exchange, self._proxies)
        # Else it is asked for each request, which costs a good part of one.
        self._session.trust_env = False
        adapter = TimedAdapter(self.exchange, target.retries, verify, written=written)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def close(self) -> None:
        """Ends the session at the server, if one was opened and nothing was cancelled, and closes the connection."""
        if self._opened is not None and self._opened.end is not None and not self.exchange.cancelled.is_set():
            with GATE:
                self._end(self._opened.end)
        self._session.close()

    def _end(self, end: Ask) -> None:
        """Says that the session is not needed any more; what the server says to that does not matter."""
        self._opened = None
        with contextlib.suppress(requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError):
            told_of(self._asked(end, self._opened_with, END_S), self.exchange)

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
            return self.send(request_id, intended_ns, phase, leave_after_s, query)

    def send(
        self,
        request_id: int,
        intended_ns: int | None,
        phase: Phase,
        leave_after_s: float | None,
        query: Query | None,
    ) -> RequestRecord:
        """As `test_streaming`, with the gate held."""
        target, conversation = self.target, self.conversation
        asked = query or conversation.query or target.queries.next(conversation.turn, target.context_tokens)
        asked = target.queries.made(asked, request_id - 1)
        answer = AnswerTimeline(request_id, self.thread_id, asked, conversation.turn, target.stream, target.counting)
        answer.intended_ns, answer.phase, answer.leave_after_s = intended_ns, phase, leave_after_s
        self._under_way = answer
        try:
            return self._test(answer)
        finally:
            self._under_way = None

    @property
    def so_far(self) -> tuple[int, float | None] | None:
        """Of an answer under way: nanoseconds to its first token, and between its chunks so far, None below two.

        None before the first token.  For another thread, which sees it as it is at some moment.
        """
        answer, started_ns = self._under_way, self.exchange.started_ns
        times: Sequence[int] = answer.token_times if answer is not None else []
        count = len(times)
        if not count or started_ns is None:
            return None
        return max(0, times[0] - started_ns), (times[count - 1] - times[0]) / (count - 1) if count > 1 else None

    def _test(self, answer: AnswerTimeline) -> RequestRecord:
        target, exchange, conversation, query = self.target, self.exchange, self.conversation, answer.query
        key = conversation.key or self._opened_with or (None if target.keys is None else target.keys.next())
        hint = target.format.end_hint if target.format is not None else END_HINT
        timeout_s = min(target.timeout_s, answer.leave_after_s or target.timeout_s)
        try:
            opened = self._opened
            if opened is None and self._opens is not None:
                opened = self._open(self._opens, answer, key, timeout_s)
            if opened is not None:
                body = target.body.build(query, conversation.id or opened.id, conversation.history)
                request = self._request(*opened.dress(body), key)
                if target.tracing is not None:
                    request.headers["traceparent"] = target.tracing.header(answer.request_id)
                exchange.begin(timeout_s, target.idle_timeout_s, hint)
                self._ask_for(request, answer, timeout_s)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            answer.outcome, answer.error = self._judge.unanswered(answer, error)
        if answer.outcome is not Outcome.OK and self._opens is not None:
            self._after_failure(answer)
        self.conversation = self._after(conversation, answer, key)
        return answer.record(exchange, target.masker)

    def _after_failure(self, answer: AnswerTimeline) -> None:
        """Gives the session up if the server does not know it any more, and keeps its id out of the server's words."""
        opened = self._opened
        if opened is None:
            return
        for name, value in opened.headers.items():
            if answer.error is not None and value and self.target.masker.names_a_secret(name):
                answer.error = answer.error.replace(value, mask_key(value))
        if answer.outcome is Outcome.HTTP_ERROR and opened.lost(answer.status or 0, answer.error_body):
            self._opened = self._opened_with = self._prepared = None

    def _ask_for(self, request: requests.PreparedRequest, answer: AnswerTimeline, timeout_s: float) -> None:
        """Sends what the answer takes, and reads it."""
        target = self.target
        if target.following is not None:
            self._follow(request, answer, target.following, timeout_s)
        elif target.format is not None and target.format.pair is not None:
            self._start_and_fetch(request, answer, target.format.pair(target.url), timeout_s)
        else:
            self._read(self._send(request, timeout_s), answer)

    def _send(self, request: requests.PreparedRequest, timeout_s: float) -> requests.Response:
        self._judge.asked = request.method, request.url
        return self._session.send(
            request,
            stream=True,
            timeout=(timeout_s, timeout_s),
            verify=self.target.verify is not False,
            proxies=self._proxies,
            allow_redirects=True,
        )

    def _asked(self, ask: Ask, key: str | None, timeout_s: float) -> requests.Response:
        """The answer to a request of the session itself, which is in no figure."""
        request = self._request(ask.body, ask.headers, key).copy()
        request.prepare_url(ask.url or self.target.url, None)
        if ask.method != "POST":
            request = _without_body(request, ask.method)
        self.exchange.begin(timeout_s, self.target.idle_timeout_s, b"}")
        return self._send(request, timeout_s)

    def _open(self, opens: Opens, answer: AnswerTimeline, key: str | None, timeout_s: float) -> Session | None:
        """The session that is opened now; None when it was not, which `answer` tells then."""
        steps = opens({name.lower(): value for name, value in (self.target.headers or {}).items()})
        told: Told | None = None
        opened: Session | None = None
        try:
            ask = next(steps)
            while True:
                response = self._asked(ask, key, timeout_s)
                told = told_of(response, self.exchange, ask.answered)
                ask = steps.send(told)
        except StopIteration as ended:
            opened = ended.value
        finally:
            self._prepared = None  # it has the headers of the newest
        if opened is not None:
            self._opened, self._opened_with = opened, key
        elif told is not None:
            answer.status, answer.error_body = told.status, told.body
            answer.error_charset = _charset_of(response)
            answer.outcome, answer.error = self._judge.unopened(response, answer, ask, told)
        return opened

    def _follow(
        self, request: requests.PreparedRequest, answer: AnswerTimeline, following: Following, timeout_s: float
    ) -> None:
        """Sends the request, then reads what a GET of the place that its answer tells gives; the POST is the start."""
        own_id = self._id_of(self._send(request, timeout_s), answer, following.path, self._judge.without_id)
        if own_id is None:
            return
        fetch = _without_body(request.copy(), "GET")
        fetch.prepare_url(following.url_for(own_id), None)
        self._read(self._send(fetch, timeout_s), answer)

    def _start_and_fetch(
        self, request: requests.PreparedRequest, answer: AnswerTimeline, pair: Pair, timeout_s: float
    ) -> None:
        """Sends the request that starts the answer, from which it is timed, and then the one that fetches it."""
        request = request.copy()
        request.prepare_url(pair.start_url, None)
        if self._id_of(self._send(request, timeout_s), answer, pair.told, self._judge.unstarted) is None:
            return
        fetch = request.copy()
        fetch.body = pair.fetch_body
        fetch.headers["Content-Length"] = str(len(pair.fetch_body))
        fetch.prepare_url(pair.fetch_url, None)
        self._read(self._send(fetch, timeout_s), answer)

    def _id_of(
        self,
        response: requests.Response,
        answer: AnswerTimeline,
        path: str,
        judged: Callable[[str, str, bytes], tuple[Outcome, str]],
    ) -> str | None:
        """The id that an answer tells at `path`; None when it tells none, of which `answer` has the outcome then.

        `judged`: (URL, path, body of such an answer) -> outcome and error.
        """
        if not 200 <= response.status_code < 300:
            self._read(response, answer)
            return None
        told = told_of(response, self.exchange)
        own_id = id_in(told.body, path)
        if own_id is None:
            answer.status = told.status
            answer.outcome, answer.error = judged(self.target.url, path, told.body)
        return own_id

    def _after(self, conversation: Conversation, answer: AnswerTimeline, key: str | None) -> Conversation:
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

    def _request(self, body: bytes, changed: Mapping[str, str | None], key: str | None) -> requests.PreparedRequest:
        """The request with this body and key: always the same object, which costs least.

        `changed` are headers that it has beside or instead of its own; None: without that one.

        requests makes a copy before it changes one, for a redirect say.
        """
        target = self.target
        if self._prepared is None:
            self._prepared = self._plain.copy()
            _change(self._prepared, {} if self._opened is None else self._opened.headers)
        request = self._prepared
        request.body = body
        request.headers["Content-Length"] = str(len(body))
        if key is not None and target.auth is not None and target.auth[0] not in (target.headers or {}):
            name, before = target.auth
            request.headers[name] = before + key
        if self._session.cookies:
            request.headers.pop("Cookie", None)
            request.prepare_cookies(self._session.cookies)
        _change(request, changed)
        return request

    def _reader(self, content_type: str) -> AnswerReader:
        target = self.target
        named, guessed = (target.format, None) if target.named else (None, target.format)
        return AnswerReader(named, target.options or {}, content_type, guessed, whole=not target.stream)

    def _tell(self, key: str, at_ns: int | None) -> None:
        if self._notice is not None and at_ns is not None and self.exchange.started_ns is not None:
            self._notice(key, at_ns - self.exchange.started_ns)

    def _read(self, response: requests.Response, answer: AnswerTimeline) -> None:
        answer.status = response.status_code
        if self._notice is not None:
            self._notice("status", response.status_code)
            self._tell("first_byte", self.exchange.first_byte_ns)
        failure: Exception | None = None
        try:
            if 200 <= response.status_code < 300:
                answer.head = self._heads.new(response.headers, response.raw)
                content_type = response.headers.get("Content-Type", "")
                answer.reader = self._reader(content_type)
                guard = Guard(answer.reader, answer)
                try:
                    self._read_stream(response, answer, answer.reader, guard)
                finally:
                    guard.close()
            else:
                answer.error_charset = _charset_of(response)
                self.exchange.finish_within(ERROR_BODY_S)
                self.exchange.finish_when_quiet(ERROR_DRAIN_S)
                for _, data in reads(response, self.exchange):
                    answer.error_body += data
                    if len(answer.error_body) >= ERROR_BODY_BYTES:
                        break  # what is behind it does not matter
        except (urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError) as error:
            failure = error
        if answer.reader is not None:
            self._finish(answer, answer.reader, cut=failure is not None)
            if self.exchange.stopped_by == "enough" and answer.reader.usage is None:
                self._waited_in_vain = True
        answer.packets = self.exchange.packets()
        response.close()  # unless its connection went back to the pool: what ended early leaves bytes behind
        answer.outcome, answer.error = self._judge.answered(response, answer, failure)
        failure = None  # its traceback holds this frame, and with it all of the answer until a garbage collection

    def _finish(self, answer: AnswerTimeline, reader: AnswerReader, cut: bool) -> None:
        new = reader.close(cut=cut)
        if new and self.exchange.arrived_ns is not None and self.target.stream:
            self._stamp(answer, reader, self.exchange.arrived_ns, new, True)
        elif reader.trail.moved and self.exchange.arrived_ns is not None:
            answer.note_silent(reader.body_bytes, self.exchange.arrived_ns)
        self._report()
        if reader.detected is not None:
            self._on_format(reader.detected)

    def _read_stream(
        self, response: requests.Response, answer: AnswerTimeline, reader: AnswerReader, guard: Guard
    ) -> None:
        skim = partial(self._skim, answer, reader, guard) if self._notice is None else None
        for arrived_ns, data in reads(response, self.exchange, skim):
            new = reader.feed(data)
            if new:
                self._stamp(answer, reader, arrived_ns, new, data[-1] == LINE_FEED)
            elif reader.trail.moved:
                reader.trail.moved = False
                answer.note_silent(reader.body_bytes, arrived_ns)
            if reader.body_bytes > guard.next_look:
                guard.look()
            if reader.closing or answer.quiet_s is not None:
                self._close_in(answer, reader, arrived_ns)

    def _skim(self, answer: AnswerTimeline, reader: AnswerReader, guard: Guard, *queued: Any) -> int:
        """Takes and stamps what can be taken at a glance, in the middle of an answer."""
        if answer.quiet_s is not None:
            return 0
        times, notes, texts = reader.take(queued)
        if texts:
            answer.token_times.extend(times)
            answer.reads.extend(notes)
            self._unreported += len(texts)
            if reader.body_bytes > guard.next_look:
                guard.look()
        return len(texts)

    def _close_in(self, answer: AnswerTimeline, reader: AnswerReader, arrived_ns: int) -> None:
        """Only silence ends an answer whose end is marked: how long it has to be, after this read.

        As long as something comes, or a choice is open again, reading goes on.
        """
        if answer.closing_events != reader.events:
            answer.closing_events, answer.closing_ns = reader.events, arrived_ns
        quiet_s: float | None = None
        if reader.last:
            quiet_s = self._drain_s(reader)
        elif reader.closing:
            # All gaps once, and of those that follow the newest: some servers mark an end in each chunk.
            gaps_of = answer.token_times if not answer.longest_gap_s else answer.token_times[-2:]
            answer.longest_gap_s = max(answer.longest_gap_s, longest_gap_s(gaps_of))
            quiet_s = max(SOFT_END_S, SOFT_END_GAPS * answer.longest_gap_s)
        if quiet_s != answer.quiet_s:
            answer.quiet_s = quiet_s
            self.exchange.finish_when_quiet(quiet_s)

    def _drain_s(self, reader: AnswerReader) -> float:
        """How long to wait behind the last event of an answer."""
        if reader.error is not None:
            return ERROR_DRAIN_S
        return USAGE_DRAIN_S if reader.usage is None and not self._waited_in_vain else DRAIN_S

    def _report(self) -> None:
        """Tells of the events since the last time; called before each wait, not for each event."""
        if self._unreported:
            self._progress(self._unreported)
            self._unreported = 0

    def _stamp(
        self, answer: AnswerTimeline, reader: AnswerReader, arrived_ns: int, new: int, at_line_end: bool
    ) -> None:
        """Notes the arrival of `new` text-bearing events in one read."""
        self._unreported += new
        answer.reads.extend((new, reader.body_bytes, at_line_end))
        times = answer.token_times
        if not times:
            self._tell("first_token", arrived_ns)
        times.append(arrived_ns)
        if new > 1:
            times.extend([arrived_ns] * (new - 1))
        if answer.first_answer_ns is None and reader.answer_started:
            answer.first_answer_ns = arrived_ns
        if self._notice is not None:
            for _ in range(new):
                self._tell("block", arrived_ns)
