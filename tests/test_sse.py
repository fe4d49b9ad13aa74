"""The event-stream parser: the public vectors, and cases beside them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from run_vectors import failure, load
from sse_perf_tool.records import StreamEvent
from sse_perf_tool.sse import NDJSONParser, SSEParser, comment, encode

VECTORS = load(Path(__file__).parent / "vectors" / "sse.jsonl")


def events_of(*chunks: bytes) -> list[StreamEvent]:
    parser = SSEParser()
    return [event for chunk in chunks for event in parser.feed(chunk)] + parser.close()


def data_of(*chunks: bytes) -> list[str]:
    return [event.data for event in events_of(*chunks)]


def bytewise(body: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in body]


def lines_of(*chunks: bytes) -> list[str]:
    parser = NDJSONParser()
    return [event.data for chunk in chunks for event in parser.feed(chunk)] + [event.data for event in parser.close()]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vector(vector):
    assert failure(vector) is None


def test_the_vectors_are_there():
    assert len(VECTORS) == 81


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b"data: a\n\ndata:b\n\ndata: c\n\n", ["a", "b", "c"]),
        (b"data: a\n\n\ndata: b\n\n\n\n", ["a", "b"]),
        (b"data: a\r\n\ndata: b\n\r\ndata: c\r\r", ["a", "b", "c"]),
        (b"data: a\r\r\ndata: b\n\n", ["a", "b"]),
        (b"data: a\ndata: b\r\ndata: c\rdata: d\n\n", ["a\nb\nc\nd"]),
        (b":\n\ndata: a\n\n:x\ndata: b\n\n", ["a", "b"]),
        (b"\xef\xbb\xbf\n\ndata: a\n\n", ["a"]),
        (b"\xef\xbb\xbf:c\r\ndata: a\r\n\r\n", ["a"]),
        (b"\xef\xbbx\ndata: a\n\n", ["a"]),
        (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", ["a"]),
        (b"data\n\ndata:\n\ndata: \n\n", ["", "", ""]),
        (b"data: \xe4\xbd\n\ndata: \xa0\n\n", ["\ufffd", "\ufffd"]),
        (b"data: a\n\ndata: b\n", ["a"]),
        (b"data: a\n\ndata: b\r", ["a"]),
        (b"data: a\n\ndata: b\n\r", ["a", "b"]),
        (b"dat\x00a: x\ndata: y\x00\n\n", ["y\x00"]),
        (b"datax: 1\nxdata: 2\n data: 3\ndata: 4\n\n", ["4"]),
    ],
)
def test_data_is_the_same_whole_and_byte_by_byte(body, data):
    assert data_of(body) == data
    assert data_of(*bytewise(body)) == data


@pytest.mark.parametrize("cut", range(1, 24))
def test_no_cut_changes_events(cut):
    body = b"id: 1\r\ndata: x\r\n\r\ndata: y\r\n\r\n"
    assert events_of(body[:cut], b"", body[cut:]) == [
        StreamEvent("message", "x", "1"),
        StreamEvent("message", "y", "1"),
    ]


def test_an_lf_that_belongs_to_the_cr_of_the_read_before_ends_no_second_line():
    parser = SSEParser()
    assert [e.data for e in parser.feed(b"data: a\n\r")] == ["a"]
    assert parser.feed(b"\ndata: b\n") == []
    assert [e.data for e in parser.feed(b"\n")] == ["b"]


def test_a_cr_at_the_end_of_a_read_dispatches_without_waiting():
    assert [e.data for e in SSEParser().feed(b"data: a\r\r")] == ["a"]


def test_an_id_counts_from_the_empty_line_on():
    parser = SSEParser()
    parser.feed(b"id: 1\n")
    assert parser.last_event_id == ""
    parser.feed(b"\n")
    assert parser.last_event_id == "1"
    assert parser.feed(b"data: a\n\nid\ndata: b\n\n") == [StreamEvent("message", "a", "1"), StreamEvent("message", "b")]
    assert parser.last_event_id == ""


def test_an_id_with_nul_leaves_the_id_of_its_own_block():
    assert events_of(b"id: 1\nid: 2\x00\ndata: a\n\n") == [StreamEvent("message", "a", "1")]


def test_retry_counts_at_once_and_stands_on_the_event_of_its_block_only():
    parser = SSEParser()
    assert parser.feed(b"retry: 0020\n") == []
    assert parser.retry_ms == 20
    assert parser.feed(b"\ndata: a\n\n") == [StreamEvent("message", "a")]
    assert parser.feed(b"data: b\nretry:30\nretry: 4x\n\n") == [StreamEvent("message", "b", "", 30)]
    assert parser.retry_ms == 30


@pytest.mark.parametrize("value", ["", "-1", "+1", "1.0", "1_0", " 1", "1 ", "0x1", "١", "²", "9" * 5000])
def test_retry_takes_ascii_digits_only(value):
    parser = SSEParser()
    parser.feed(f"retry: {value}\ndata: a\n\n".encode())
    assert parser.retry_ms is None


def test_the_event_name_of_a_block_without_data_does_not_leak():
    assert events_of(b"event: a\n\ndata: x\n\n", b"event: b\n", b"\n", b"data: y\n\n") == [
        StreamEvent("message", "x"),
        StreamEvent("message", "y"),
    ]


def test_one_read_may_end_events_and_begin_others():
    parser = SSEParser()
    assert [e.data for e in parser.feed(b"data: a\n\ndata: b\n\ndata: c")] == ["a", "b"]
    assert [e.data for e in parser.feed(b"c\n")] == []
    assert [e.data for e in parser.feed(b"data: d\n\ndata: e\n\n")] == ["cc\nd", "e"]


@pytest.mark.not_measured
@pytest.mark.parametrize("size", [1, 16 * 1024])
def test_a_line_of_a_mebibyte_takes_time_in_proportion(size):
    text = b"0123456789abcdef" * 65536
    body = b"data: " + text + b"\n\n"
    started = time.process_time()
    data = data_of(*(body[i : i + size] for i in range(0, len(body), size)))
    assert data == [text.decode()]
    assert time.process_time() - started < 10  # quadratic copying would take minutes


def test_many_short_lines_in_one_event_take_time_in_proportion():
    started = time.process_time()
    assert len(data_of(*[b"data: x\n"] * 100_000, b"\n")[0]) == 199_999
    assert time.process_time() - started < 10


def test_ndjson_lines_end_at_lf_and_crlf_only():
    assert lines_of(b'{"a":1}\r\n{"b":"\xe2\x80\xa8\xc2\x85\x0b\r"}\n') == ['{"a":1}', '{"b":"\u2028\u0085\x0b\r"}']


def test_ndjson_passes_over_blank_lines_and_keeps_a_last_line_without_end():
    body = b"\xef\xbb\xbf\n \t\r\n{1}\n\n\r\n{2}"
    assert lines_of(body) == ["{1}", "{2}"]
    assert lines_of(*bytewise(body)) == ["{1}", "{2}"]


def test_ndjson_line_of_many_reads_takes_time_in_proportion():
    started = time.process_time()
    assert lines_of(*[b"x"] * 300_000, b"\n") == ["x" * 300_000]
    assert time.process_time() - started < 10


def test_ndjson_of_nothing_is_nothing():
    assert lines_of(b"", b"\n\r\n", b" ") == []


@pytest.mark.parametrize("data", ["", "a", " a ", "a\nb", "\n", "a\n\n", "你好\u2028\u0085x", "data: x", ": x", "\x00"])
def test_what_is_encoded_arrives(data):
    assert events_of(encode(data, event="e", id="7", retry_ms=9)) == [StreamEvent("e", data, "7", 9)]


def test_line_ends_arrive_as_lf():
    assert encode("a\r\nb\rc\nd") == b"data: a\ndata: b\ndata: c\ndata: d\n\n"


@pytest.mark.parametrize(
    "field", [{"event": "a\nb"}, {"event": "a\r"}, {"id": "1\n"}, {"id": "1\x00"}, {"retry_ms": -1}]
)
def test_a_field_that_cannot_be_sent_is_refused(field):
    with pytest.raises(ValueError, match="cannot be sent in an event"):
        encode("x", **field)


def test_a_comment_is_no_event():
    assert comment("ping\ndata: x") == b": ping\n: data: x\n\n"
    assert events_of(comment(), comment("ping"), encode("a")) == [StreamEvent("message", "a")]
