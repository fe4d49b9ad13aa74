"""What must hold for any input, well formed or not: the properties that `make fuzz` tries and the suite tries in short.

A property is a strategy for inputs and a check that raises when the input breaks it.  Inputs are built from the pieces
that a grammar is made of, as bytes drawn evenly hardly ever get past the first character of one.
"""

from __future__ import annotations

import io
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from http.client import HTTPException, HTTPResponse, IncompleteRead
from pathlib import Path
from typing import Any, NamedTuple, cast

from hypothesis import strategies as st

from sse_perf_tool.arguments import parse_arguments
from sse_perf_tool.arguments.config_file import load_settings
from sse_perf_tool.capacity.file import read_search
from sse_perf_tool.errors import UsageError
from sse_perf_tool.flags import EVERY_FLAG
from sse_perf_tool.formats import FORMATS, AnswerReader
from sse_perf_tool.goals.baseline import load_baseline
from sse_perf_tool.masking import Masker, header_secrets, mask_header, mask_text, mask_url, url_secrets
from sse_perf_tool.pace.replay import load_replay
from sse_perf_tool.providers import load_keys, load_queries
from sse_perf_tool.records import Outcome, RequestRecord, RunConfig
from sse_perf_tool.records.file import RecordsHeader, header_line, record_line
from sse_perf_tool.records.reader import read_header, read_records
from sse_perf_tool.request.body import load_template
from sse_perf_tool.sse import SSEParser
from sse_perf_tool.wire.body import Chunked
from sse_perf_tool.wire.head import TimedResponse


class Property(NamedTuple):
    """Something that holds for every input of a strategy; `check` raises when it does not."""

    name: str
    inputs: st.SearchStrategy[Any]
    check: Callable[[Any], None]


def joined(pieces: Sequence[bytes], most: int = 40) -> st.SearchStrategy[bytes]:
    """Some of the pieces, and now and then a few bytes that are none of them, one behind the other."""
    piece = st.one_of(st.sampled_from(pieces), st.sampled_from(pieces), st.binary(max_size=4))
    return st.lists(piece, max_size=most).map(b"".join)


def phrase(words: Sequence[str], most: int = 12) -> st.SearchStrategy[str]:
    """Text made of the words of a grammar, and now and then of other characters."""
    word = st.one_of(st.sampled_from(words), st.sampled_from(words), st.text(max_size=3))
    return st.lists(word, max_size=most).map("".join)


def cut(data: bytes, places: Sequence[int]) -> Iterator[bytes]:
    """The bytes in pieces that end at these places."""
    ends = sorted(place % (len(data) + 1) for place in places)
    return (data[begin:end] for begin, end in zip([0, *ends], [*ends, len(data)], strict=True))


CUTS = st.lists(st.integers(0, 10_000), max_size=8)


@contextmanager
def only_usage_errors() -> Iterator[None]:
    """Lets the one error pass that users are told of, when its text is a line that a terminal can show."""
    try:
        yield
    except UsageError as error:
        if not str(error).strip():
            raise AssertionError("an error that says nothing") from error


# Event streams, against a plain reading of the standard.

_SSE = [b"data:", b"data: ", b"data", b"event: ", b"event:delta", b"id: 7", b"id:\0", b"id", b"retry: 30",
        b"retry:x", b": c",
        b"\n", b"\n", b"\r\n", b"\r", b"\n\n", b"\r\n\r\n", b"\xef\xbb\xbf", b"hello", b" ", b":", b"\xe4\xbd\xa0",
        b"\xff",
        b"[DONE]", b"data: x\n\n", b"\xe2\x80\xa8", b"9" * 5]  # fmt: skip


def plain_events(data: bytes) -> tuple[list[tuple[str, str, str, int | None]], str]:
    """The events of a whole stream and the last event ID, as section 9.2.6 of the HTML standard says it."""
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = re.split("\r\n|\n|\r", text)[:-1]  # what stands behind the last line end is no line
    events, last_id = [], ""
    buffer, kind, identifier = "", "", ""
    retry = None
    for line in lines:
        if not line:
            last_id = identifier
            if buffer:
                events.append((kind or "message", buffer.removesuffix("\n"), last_id, retry))
            buffer, kind, retry = "", "", None
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            buffer += value + "\n"
        elif name == "event":
            kind = value
        elif name == "id" and "\0" not in value:
            identifier = value
        elif name == "retry" and re.fullmatch("[0-9]+", value):
            retry = int(value)
    return events, last_id


def check_sse(given: tuple[bytes, list[int]]) -> None:
    """The parser gives what the standard says, wherever the bytes are cut."""
    data, places = given
    expected = plain_events(data)
    for pieces in ([data], cut(data, places), (data[at : at + 1] for at in range(len(data)))):
        parser = SSEParser()
        events = [tuple(event) for piece in pieces for event in parser.feed(piece)]
        assert (events + parser.close(), parser.last_event_id) == expected


# Framing, against http.client.


class _FakeSocket:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(io.BytesIO(self._data))  # type: ignore[arg-type]  # as raw it serves


_HEAD = [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 404 \r\n", b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 204 No\r\n",
         b"HTTP/1.1 100 C\r\n\r\n",
         b"Content-Length: 5\r\n", b"Content-Length: 5, 5\r\n", b"content-length:7\r\n",
         b"Transfer-Encoding: chunked\r\n",
         b"Transfer-Encoding: gzip, chunked\r\n", b"Connection: close\r\n", b"Connection: keep-alive\r\n",
         b"X: a\r\n b\r\n",
         b"X:\r\n", b"X : y\r\n", b"nonsense\r\n", b"X: \xe9\r\n", b"X: a\n", b"\r\n", b"\r\n",
         b": empty\r\n"]  # fmt: skip


def _head_facts(kind: type[HTTPResponse], data: bytes) -> object:
    response = kind(cast(Any, _FakeSocket(data)), method="POST")
    try:
        response.begin()
    except (HTTPException, ValueError) as error:
        return type(error)
    facts = (response.status, response.reason, response.version, response.headers.items(), response.chunked)
    return (*facts, response.length, response.will_close, response.fp.read() if response.fp else b"")


def check_head(lines: bytes) -> None:
    """The short cut for heads reads what http.client reads, or leaves it to that."""
    for data in (lines, b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n\r\nbody"):
        assert _head_facts(TimedResponse, data) == _head_facts(HTTPResponse, data)


_CHUNK = st.tuples(st.binary(min_size=1, max_size=40), st.sampled_from([b"", b";a=b", b" ; c", b";" + b"x" * 30]))
_TRAILERS = st.lists(st.sampled_from([b"X: y\r\n", b"Digest: z\r\n"]), max_size=2).map(b"".join)
_CHUNKED = [b"5\r\nhello\r\n", b"0\r\n\r\n", b"0\r\n", b"\r\n", b"5\r\nhell", b"a", b"-1\r\n", b"0x5\r\n",
            b"+5\r\n", b"1_0\r\n",
            b"5;x\r\n", b"\n", b"5\n", b"hello", b"X: y\r\n", b"fffffffff\r\n", b" 5 \r\n", b"g\r\n"]  # fmt: skip


def _well_chunked(given: tuple[list[tuple[bytes, bytes]], bytes, bytes]) -> bytes:
    chunks, trailers, behind = given
    body = b"".join(b"%x%s\r\n%s\r\n" % (len(data), extension, data) for data, extension in chunks)
    return body + b"0\r\n" + trailers + b"\r\n" + behind


def _unchunked(pieces: Iterator[bytes]) -> tuple[bytes, bool, bool]:
    framing, body = Chunked(), b""
    for piece in pieces:
        if not framing.done and framing.fault is None:
            body += framing.feed(piece)
    return body, framing.done, framing.fault is not None


def check_chunked(given: tuple[bytes, list[int]]) -> None:
    """Well chunked bodies are those that http.client reads, wherever they are cut."""
    data, places = given
    response = HTTPResponse(cast(Any, _FakeSocket(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + data)))
    response.begin()
    expected = (response.read(), True, False)
    assert _unchunked(iter([data])) == expected
    assert _unchunked(cut(data, places)) == expected


def check_badly_chunked(given: tuple[bytes, list[int]]) -> None:
    """Whatever comes, nothing is raised or invented, and the cuts do not matter; a whole body http.client reads too."""
    data, places = given
    whole = _unchunked(iter([data]))
    assert _unchunked(data[at : at + 1] for at in range(len(data))) == whole
    assert _unchunked(cut(data, places)) == whole
    assert len(whole[0]) <= len(data)
    if whole[1] and b"\n" not in data.replace(b"\r\n", b""):
        response = HTTPResponse(cast(Any, _FakeSocket(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + data)))
        response.begin()
        with suppress(IncompleteRead, ValueError):
            assert response.read() == whole[0]


# What formats make of JSON that is like theirs.

_NAMES = ["choices", "delta", "content", "text", "reasoning_content", "message", "error", "usage", "event",
          "answer", "type",
          "candidates", "parts", "output", "response", "done", "finish_reason", "index", "id", "code", "data",
          "conversation_id",
          "prompt_tokens", "completion_tokens", "content_block", "status", "details", "token",
          "generated_text"]  # fmt: skip
_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["stop", "message", "[DONE]"]),
)
DOCUMENTS = st.recursive(
    _VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=4),
    max_leaves=12,
)


def check_formats(given: tuple[str, list[Any], bytes, list[int]]) -> None:
    """Nothing that is sent raises in any format, and what is read does not depend on the cuts."""
    name, documents, junk, places = given
    body = b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in documents) + junk
    lines = b"\n".join(json.dumps(each).encode() for each in documents) + junk
    for data, kind in (
        (body, "text/event-stream"),
        (lines, "application/x-ndjson"),
        (lines, "application/json"),
        (body, ""),
    ):
        read = []
        for pieces in ([data], cut(data, places)):
            reader = AnswerReader(FORMATS[name], {"fields": {"text": "choices.0.delta.content"}}, kind)
            for piece in pieces:
                reader.feed(piece)
            reader.close()
            read.append((reader.text, reader.reasoning, reader.error, reader.usage, reader.ended, reader.events))
        assert repr(read[0]) == repr(read[1])


# Files.


def _records() -> bytes:
    record = RequestRecord(1, 1, 5_000_000, Outcome.OK, 60_000_000, ttfb_ns=20_000_000, ttft_ns=20_000_000,
                           streaming_ns=40_000_000, output_tokens=3, token_source="usage", chunks=3,
                           gaps_us=(20_000, 20_000))  # fmt: skip
    header = header_line(RecordsHeader(RunConfig(url="http://h/"), 1_763_600_000_000_000_000))
    lines = [
        header,
        *(record_line(replace(record, request_id=number), 1_763_600_000_000_000_000) for number in (1, 2, 3)),
    ]
    return "".join(line + "\n" for line in lines).encode()


RECORDS = _records()
_EDITS = st.lists(
    st.tuples(
        st.integers(0, len(RECORDS)),
        st.integers(0, 30),
        st.one_of(st.binary(max_size=6), st.sampled_from([b"null", b"-1", b'""', b"[]", b"{}", b"1e999", b"NaN",
        b"9" * 25, b"\n", b"true"])),
    ),
    max_size=4,
)  # fmt: skip


def edited(data: bytes, edits: Sequence[tuple[int, int, bytes]]) -> bytes:
    """The bytes with so many at each place replaced by others."""
    for place, length, other in edits:
        data = data[:place] + other + data[place + length :]
    return data


def check_records(edits: Sequence[tuple[int, int, bytes]]) -> None:
    """A damaged file of records, or of a search, is read as far as it goes, or is refused with a line."""
    with _file("run.jsonl", edited(RECORDS, edits)) as path:
        with only_usage_errors():
            header = read_header(path)
            assert len(list(read_records(path, header))) <= RECORDS.count(b"\n") + 4
        with only_usage_errors():
            read_search(path, "en")
        with only_usage_errors():
            load_baseline(path, (), "en")


_SETTINGS = ["threads", "api-key", "url", "header", "[load]", "[", "]", " = ", ": ", "\n", "\n", '"', "'", "5",
             "true", "no", "-", "  ",
             "{", "}", ",", "#", "&a", "*a", "!!python/none", "|", "\t", "http://h/x", "1e5", "0x10", "...", "---",
             "schema", "\\u00", "inf"]  # fmt: skip


def check_settings(text: str) -> None:
    """A file of settings is read or refused with a line, in each of its languages."""
    for ending in ("toml", "yaml", "json", "jsonl"):
        with _file(f"run.{ending}", text.encode("utf-8", "replace")) as path, only_usage_errors():
            load_settings(str(path))
        with _file(f"run.{ending}", text.encode("utf-8", "replace")) as path, only_usage_errors():
            parse_arguments(["--api-key", "-", "--config", str(path)], {}, datetime.now)


_QUERIES = ["query", "prompt", "messages", "role", "content", "user", "assistant", "human", "{", "}", "[", "]",
            ":", ",", '"', "\n", "\n",
            ";", "\t", "id", "你好", "conversations", "from", "value", "timestamp", "ContextTokens", "0", "1.5", "-",
            "2024-01-01 00:00:00"]  # fmt: skip


def check_inputs(text: str) -> None:
    """Queries, keys, templates and traces are read or refused with a line."""
    loaders: dict[str, Sequence[Callable[[str], object]]] = {
        "txt": (load_queries, load_keys), "csv": (load_queries, load_replay),
        "json": (load_queries, load_template), "jsonl": (load_queries, load_replay),
    }  # fmt: skip
    for ending, each in loaders.items():
        with _file(f"in.{ending}", text.encode("utf-8", "surrogatepass")) as path:
            for loader in each:
                with only_usage_errors():
                    loader(str(path))


@contextmanager
def _file(name: str, content: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        yield path


# Grammars.

_RULES = ["ttft_ms", "tpot_ms", "errors", "tokens", "requests", "rate", "p(95)", "p(", ")", "avg", "max", "count",
          ":", "<", "<=", ">",
          ">=", "=", "+10%", "-5", "200", "1e3", "%", " ", "ms", "s", "99.9"]  # fmt: skip


def refused_at_most(*argv: str) -> None:
    """These words are an order that can be carried out, or they are refused with one line that a terminal can show."""
    try:
        parse_arguments(["--api-key", "-", *argv] if argv[0] != "capacity" else argv, {}, datetime.now)
    except UsageError as error:
        # The joiner of emoji is the one format character that `printable` lets through.
        assert str(error).replace("\u200d", "").isprintable()


def check_rules(text: str) -> None:
    """A threshold, an SLO, a demand, a rule that ends a run or allows a change: read, or refused with a line."""
    for flag in ("--threshold", "--slo", "--abort-on", "--allow"):
        refused_at_most("--url", "http://h/", flag, text)
    refused_at_most("capacity", "--url", "http://h/", "--api-key", "-", "--slo", text)


_FLAG_VALUES = ["1", "10", "0", "-", ":", ",", "s", "m", "h", "ms", "/s", "%", ".", "1e3", "linear", "constant",
                "poisson", "gamma", "step",
                "auto", "5m", "->", "..", "@", "http://", "h", "/x", "?a=b", "你", " ", "é", "\n"]  # fmt: skip


def check_flags(given: tuple[int, str]) -> None:
    """The value of any flag is taken or refused with one line that a terminal can show."""
    flags = [flag for flag in EVERY_FLAG if flag.check is not None and not flag.writes_file]
    refused_at_most(flags[given[0] % len(flags)].names[0], given[1])


# Secrets.

_SECRET = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=16, max_size=24)
_PLACES = ["Cookie: a={}; b=c", "Authorization: {}", "Authorization: Bearer {}", "Authorization: Weird {}",
           "X-Api-Key: {}",
           'Authorization: Digest username="u", response="{}"',
           "Authorization: AWS4-HMAC-SHA256 Credential={}/x, Signature={}"]  # fmt: skip
_URLS = ["https://me:{}@h/x", "me:{}@h", "//me:{}@h/", "https://h/?sig={}", "https://h/?a=b&code={}",
         "/x;jsessionid={}", "https://h/#token={}",
         "https://me:p@{}@h/", "https://h/?a=b;pwd={}"]  # fmt: skip


def check_secrets(given: tuple[str, str, str, str]) -> None:
    """A secret shows nowhere, whatever stands around it: not in what is masked by its place, nor in what repeats it."""
    secret, place, url, around = given
    name, _, value = place.format(secret, secret).partition(": ")
    assert secret not in mask_header(name, value)
    assert secret not in Masker(header_secrets(name, value))(f"{around}{secret}{around}")
    full = url.format(secret)
    assert secret not in mask_url(full)
    assert secret not in mask_text(f"{full} {around}")
    if "@{}" not in url:  # there it is the half of a password
        assert secret not in Masker(url_secrets(full))(f"{around}{secret}{around}")


PROPERTIES = (
    Property("event streams as the standard reads them", st.tuples(joined(_SSE), CUTS), check_sse),
    Property("heads as http.client reads them", joined(_HEAD, 12), check_head),
    Property("chunked bodies as http.client reads them",
             st.tuples(st.tuples(st.lists(_CHUNK, max_size=6), _TRAILERS,
             st.binary(max_size=5)).map(_well_chunked), CUTS), check_chunked),
    Property("badly chunked bodies", st.tuples(joined(_CHUNKED, 12), CUTS), check_badly_chunked),
    Property("JSON in 13 formats",
             st.tuples(st.sampled_from(sorted(FORMATS)), st.lists(DOCUMENTS, max_size=4), st.binary(max_size=8),
             CUTS), check_formats),
    Property("damaged records", _EDITS, check_records),
    Property("files of settings", phrase(_SETTINGS, 20), check_settings),
    Property("queries, keys, templates, traces", phrase(_QUERIES, 20), check_inputs),
    Property("thresholds, SLOs and other rules", phrase(_RULES), check_rules),
    Property("values of flags, stages among them", st.tuples(st.integers(0, 1000), phrase(_FLAG_VALUES)),
    check_flags),
    Property("secrets", st.tuples(_SECRET, st.sampled_from(_PLACES), st.sampled_from(_URLS), st.sampled_from(["",
    " ", "'", "/", "="])),
             check_secrets),
)  # fmt: skip
