"""How answers came: from reads with times and bytes to a word and its evidence."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest

from patience import undisturbed
from scripted_server import DONE, FINISH, Script, Serve, Step, chunked, token, until_close, usage
from sse_perf_tool.exporters.json_summary import summary_document
from sse_perf_tool.exporters.markdown import to_markdown
from sse_perf_tool.formats import FORMATS
from sse_perf_tool.masking import Masker
from sse_perf_tool.metrics import Tally
from sse_perf_tool.metrics.stream_shape import lumps_of, shape_of
from sse_perf_tool.providers import Query, QueryProvider
from sse_perf_tool.records import Lumps, Outcome, RequestRecord, RunConfig, RunResult, StreamShape
from sse_perf_tool.records.file import record_line, record_of
from sse_perf_tool.report_parts.shape import shape_html, short_stream_text, size_text, stream_text
from sse_perf_tool.report_parts.verdict import verdict
from sse_perf_tool.request.body import BodyBuilder
from sse_perf_tool.request.target import Target
from sse_perf_tool.tester import SSETester
from sse_perf_tool.texts import display_width

MS = 1_000_000
Read = tuple[int, int, int, bool]
"""(arrival in ns, chunks, bytes of the body up to its end, whether it ended with an event)"""
EVENT = 200
"""Bytes of an event in the made-up streams."""


def reads_of(pieces: Sequence[tuple[float, int, int]]) -> list[Read]:
    """Reads from (milliseconds, events so far, bytes so far); one that ends within an event has a piece of it, too."""
    found, events = [], 0
    for at_ms, until, end in pieces:
        found.append((int(at_ms * MS), until - events, end, end == until * EVENT))
        events = until
    return found


def came(reads: Sequence[Read]) -> Lumps:
    """What these reads say of the answer."""
    times = [at_ns for at_ns, new, _, _ in reads for _ in range(new)]
    return lumps_of(times, [number for _, *numbers in reads for number in numbers])


def steady(chunks: int, gap_ms: float) -> list[Read]:
    """One event a read, all equally far apart."""
    return reads_of([(n * gap_ms, n + 1, (n + 1) * EVENT) for n in range(chunks)])


def buffered(chunks: int, gap_ms: float, size: int, reads_a_lump: int = 1) -> list[Read]:
    """A steady stream behind a buffer of `size` bytes, let go when it is full, in several reads 0.1 ms apart."""
    pieces, total, sent = [], chunks * EVENT, 0
    while sent < total:
        lump = min(size, total - sent)
        full_ms = -(-(sent + lump) // EVENT) * gap_ms
        ends = [sent + lump * part // reads_a_lump for part in range(1, reads_a_lump + 1)]
        pieces += [(full_ms + 0.1 * part, end // EVENT, end) for part, end in enumerate(ends)]
        sent += lump
    return reads_of(pieces)


def bursts(counts: Sequence[int], gap_ms: float, within_ms: float = 0.0) -> list[Read]:
    """So many events each `gap_ms`, in one read or `within_ms` apart."""
    pieces, events = [], 0
    for step, count in enumerate(counts):
        cuts = range(1, count + 1) if within_ms else (count,)
        pieces += [(step * gap_ms + cut * within_ms, events + cut, (events + cut) * EVENT) for cut in cuts]
        events += count
    return reads_of(pieces)


def joined(counts: Sequence[int], gap_ms: float) -> list[Read]:
    """A steady stream of which so many events at a time have waited for the last of them."""
    ends = [sum(counts[: n + 1]) for n in range(len(counts))]
    return reads_of([(end * gap_ms, end, end * EVENT) for end in ends])


def answer_of(reads: Sequence[Read], number: int = 1, tokens_per_chunk: float = 1.0, **facts: object) -> RequestRecord:
    """The ok answer that came in these reads, the first of them 50 ms after the start."""
    times = [at_ns for at_ns, new, _, _ in reads for _ in range(new)]
    first_ns = 50 * MS
    defaults = {
        "latency_ns": first_ns + times[-1] - times[0],
        "ttft_ns": first_ns,
        "ttfa_ns": first_ns,
        "output_tokens": round(len(times) * tokens_per_chunk),
        "token_source": "usage",
        "gaps_us": tuple((b - a) // 1000 for a, b in pairwise(times)),
    }
    shape = {"chunks": len(times), "came": came(reads)}
    return RequestRecord(number, 1, 0, Outcome.OK, **{**defaults, **shape, **facts})  # type: ignore[arg-type]


AFAR = "https://api.example.com/v1/chat/completions"


def run_of(*answers: RequestRecord, lang: str = "en", url: str = AFAR) -> RunResult:
    """A run of these answers."""
    tally = Tally(origin_ns=0)
    for answer in answers:
        tally.add(answer)
    return tally.result(RunConfig(lang=lang, url=url), 0)


def shaped(shape: StreamShape) -> RunResult:
    """A run of this shape."""
    run = run_of(answer_of(steady(100, 20)))
    return replace(run, summary=replace(run.summary, shape=shape))


# --- one answer


def test_a_steady_stream_has_as_many_lumps_as_chunks() -> None:
    assert came(steady(100, 20)) == Lumps(reads=100, lumps=100)


def test_no_text_is_no_read() -> None:
    assert came([]) == Lumps()


def test_a_buffer_of_4_kib_gives_lumps_of_its_size_each_cut_within_an_event() -> None:
    # 100 events of 200 bytes are 20,000: four full buffers, and 3,616 bytes at the end.
    assert came(buffered(100, 20, 4096)) == Lumps(
        reads=5,
        lumps=5,
        lumped_chunks=100,
        lump_bytes=4096,
        lumps_cut=4,
        lumped_us=0,
        lump_gap_us=400_000,
        lumps_joined=1,
    )


def test_a_lump_that_comes_in_three_segments_is_one_lump() -> None:
    assert came(buffered(200, 20, 8192, reads_a_lump=3)) == Lumps(
        reads=15,
        lumps=5,
        lumped_chunks=200,
        lump_bytes=8192,
        lumps_cut=4,
        lumped_us=1_000,
        lump_gap_us=820_000,
        lumps_joined=1,
    )


def test_bursts_end_with_whole_events() -> None:
    # The lumps but the last have 600, 200, 800 and 400 bytes.
    assert came(bursts([3, 1, 4, 2, 3], 30)) == Lumps(
        reads=5,
        lumps=5,
        lumped_chunks=12,
        lump_bytes=400,
        lumps_cut=0,
        lumped_us=0,
        lump_gap_us=30_000,
    )


def test_chunks_that_waited_for_each_other_come_the_later_the_more_they_are() -> None:
    assert came(joined([1, 3, 2, 1, 2, 3], 5)).lumps_joined == 1
    assert came(bursts([1, 3, 2, 1, 2, 3], 5)).lumps_joined == 0
    assert came(joined([2, 2, 2, 2, 2, 2], 5)).lumps_joined == 0, "all alike: nothing can be seen"


def test_a_stall_in_a_fast_stream_makes_no_lumps_of_it() -> None:
    fast = [
        *steady(50, 8),
        *((at_ns + 3_000 * MS, new, end + 50 * EVENT, True) for at_ns, new, end, _ in steady(50, 8)),
    ]
    assert came(fast).lumps == 100


# --- a run


@pytest.mark.parametrize(
    ("reads", "kind"),
    [
        (steady(100, 20), "smooth"),
        (steady(400, 0.6), "smooth"),
        (steady(100, 0.3), "smooth"),
        (buffered(100, 20, 4096), "buffered"),
        (buffered(400, 20, 16384), "buffered"),
        (buffered(400, 20, 16384, reads_a_lump=12), "buffered"),
        (buffered(30, 20, 4096), "buffered"),
        (bursts([3, 1, 4, 2, 3] * 8, 30), "bursts"),
        (bursts([3, 1, 4, 2, 3] * 8, 30, within_ms=0.2), "bursts"),
        (bursts([4] * 20, 40), "bursts"),
        (bursts([100], 0), "whole"),
        (bursts([100], 0, within_ms=0.05), "whole"),
        (joined([1, 3, 2, 1, 2, 3] * 5, 5), "unknown"),
        (joined([20, 23, 21, 22, 20, 24], 20), "buffered"),
        (steady(5, 20), "unknown"),
    ],
    ids=[
        "steady", "fast", "very fast", "4 KiB", "16 KiB", "16 KiB in segments", "one full buffer", "bursts", "steps",
        "equal bursts", "at once", "at once, chunk by chunk", "late client", "buffer of whole events", "short",
    ],
)  # fmt: skip
def test_the_kind_of_a_run(reads: list[Read], kind: str) -> None:
    slow = {"latency_ns": 3_000 * MS} if kind == "whole" else {}
    assert run_of(answer_of(reads, **slow)).summary.shape.kind == kind


@pytest.mark.parametrize(
    ("tokens_per_chunk", "source", "kind"),
    [
        (1.0, "usage", "smooth"),
        (1.4, "usage", "smooth"),
        (4.0, "usage", "multi_token"),
        (4.0, "tokenizer", "multi_token"),
    ],
)
def test_several_tokens_a_chunk_are_told_by_the_usage(tokens_per_chunk: float, source: str, kind: str) -> None:
    answer = answer_of(steady(100, 20), tokens_per_chunk=tokens_per_chunk, token_source=source)
    shape = run_of(answer).summary.shape
    assert (shape.kind, shape.tokens_per_chunk) == (kind, tokens_per_chunk)


@pytest.mark.parametrize("source", ["estimate", "weighted", "chunks"])
def test_no_estimate_tells_how_many_tokens_a_chunk_has(source: str) -> None:
    shape = run_of(answer_of(steady(100, 20), tokens_per_chunk=4.0, token_source=source)).summary.shape
    assert (shape.kind, shape.tokens_per_chunk) == ("smooth", None)


@pytest.mark.parametrize(("characters", "kind"), [(63, "unknown"), (64, "whole")])
def test_without_a_count_the_length_of_the_text_tells_a_whole_answer_from_a_short_one(
    characters: int, kind: str
) -> None:
    answer = replace(answer_of(steady(1, 20), tokens_per_chunk=50, token_source="estimate"), text_chars=characters)
    assert run_of(answer).summary.shape.kind == kind


def test_one_chunk_with_all_tokens_is_a_whole_answer() -> None:
    assert run_of(answer_of(steady(1, 20), tokens_per_chunk=50)).summary.shape.kind == "whole"


def test_hidden_reasoning_is_in_no_chunk() -> None:
    hidden = answer_of(steady(100, 20), tokens_per_chunk=10, reasoning_tokens=900)
    assert run_of(hidden).summary.shape.tokens_per_chunk == 1
    streamed = replace(hidden, ttfa_ns=hidden.ttft_ns + 900 * MS)
    assert run_of(streamed).summary.shape.tokens_per_chunk == 10


def test_the_figures_of_a_buffered_run() -> None:
    # 20 events a lump but for the last: 4096 / 200 = 20.48, so 20, 20, 21, 20 and 19; 4 times between, 1,580 ms in all.
    shape = run_of(answer_of(buffered(100, 20, 4096))).summary.shape
    assert shape == StreamShape(
        kind="buffered",
        answers={"buffered": 1},
        tokens_per_chunk=1.0,
        chunks_per_read=20.0,
        share_in_lumps=1.0,
        chunks_per_lump=20.0,
        lump_bytes=4096,
        lump_gap_ms=395.0,
        lump_period_ms=400.0,
        cut_share=1.0,
    )


def test_a_quarter_of_the_answers_decides() -> None:
    lumpy = answer_of(buffered(100, 20, 4096))
    smooth = [answer_of(steady(100, 20), number) for number in range(2, 5)]
    assert run_of(lumpy, *smooth).summary.shape.kind == "buffered"
    assert run_of(lumpy, *smooth, answer_of(steady(100, 20), 6)).summary.shape.kind == "smooth"


def test_failed_answers_and_whole_documents_have_no_shape() -> None:
    failed = replace(answer_of(buffered(100, 20, 4096)), outcome=Outcome.TRUNCATED)
    document = RequestRecord(2, 1, 0, Outcome.OK, 500 * MS, output_tokens=90)
    assert run_of(failed, document).summary.shape == StreamShape()


def test_bursts_are_not_believed_when_this_client_read_late() -> None:
    table = run_of(answer_of(bursts([3, 1, 4, 2, 3] * 8, 30))).requests
    kinds = [shape_of(table, "usage", read_delay_ms=delay).kind for delay in (None, 1.0, 14.0, 16.0)]
    assert kinds == ["bursts", "bursts", "bursts", "unknown"]


def test_records_bring_the_same_shape_again() -> None:
    answers = [answer_of(buffered(100, 20, 4096)), answer_of(bursts([3, 1, 4, 2] * 8, 30), 2)]
    again = [record_of(json.loads(record_line(answer, 0)), 0) for answer in answers]
    assert [answer.came for answer in again] == [answer.came for answer in answers]
    assert run_of(*again).summary.shape == run_of(*answers).summary.shape


def test_records_of_before_say_nothing_of_the_shape() -> None:
    row = json.loads(record_line(answer_of(steady(100, 20)), 0))
    old = {name: value for name, value in row.items() if name not in Lumps._fields}
    assert run_of(record_of(old, 0)).summary.shape == StreamShape()


def test_the_shape_of_two_processes_is_that_of_one() -> None:
    answers = [answer_of(buffered(100, 20, 4096)), answer_of(steady(100, 20), 2)]
    tallies = [Tally(origin_ns=0) for _ in answers]
    for tally, answer in zip(tallies, answers, strict=True):
        tally.add(answer)
    tallies[0].merge(tallies[1])
    assert tallies[0].result(RunConfig(), 0).summary.shape == run_of(*answers).summary.shape


# --- in words


BUFFERED = answer_of(buffered(400, 20, 16384))


def test_the_evidence_of_a_buffer_and_what_to_do_in_both_languages() -> None:
    for lang, words in (("en", "A proxy between you and the model is buffering"), ("zh", "代理在缓冲")):
        evidence = summary_document(run_of(BUFFERED, lang=lang))["stream_shape"]["evidence"]
        assert {text in evidence for text in ("16 KiB", "100 %", "proxy_buffering off", words)} == {True}
        assert evidence in to_markdown(run_of(BUFFERED, lang=lang))


def test_the_page_has_a_section_and_the_verdict_points_at_it() -> None:
    run = run_of(BUFFERED)
    assert 'id="shape"' in shape_html(run)
    assert "16 KiB" in shape_html(run)
    assert [look.anchor for look in verdict(run).looks if "proxy_buffering off" in look.text[0]] == ["shape"]


def test_whole_events_in_lumps_may_also_come_from_a_server_short_of_cpu() -> None:
    shape = StreamShape("buffered", {"buffered": 10}, chunks_per_lump=3.0, lump_bytes=596, lump_gap_ms=97.5)
    for cut_share, blamed in ((0.0, True), (1.0, False)):
        english, chinese = stream_text(shaped(replace(shape, cut_share=cut_share))) or ("", "")
        assert ("lacks CPU" in english, "CPU 不足" in chinese) == (blamed, blamed)
        assert "proxy_buffering off" in english


def test_bursts_40_ms_apart_may_be_a_delayed_acknowledgement() -> None:
    texts = [stream_text(run_of(answer_of(bursts([3, 1, 4, 2, 3] * 8, gap)))) for gap in (40, 60)]
    assert ["TCP_NODELAY" in text[0] for text in texts if text] == [True, False]


def test_a_buffer_of_whole_events_is_said_without_cuts() -> None:
    text = stream_text(run_of(answer_of(joined([20, 23, 21, 22, 20, 24], 20))))
    assert text is not None
    assert "always whole events" in text[0]
    assert "proxy" in text[0]


def shapes() -> Iterator[tuple[str, StreamShape]]:
    yield "multi_token", run_of(answer_of(steady(100, 20), tokens_per_chunk=4)).summary.shape
    yield "bursts", run_of(answer_of(bursts([3, 1, 4, 2, 3] * 8, 123.4))).summary.shape
    yield "buffered", run_of(BUFFERED).summary.shape
    yield "whole", run_of(answer_of(bursts([100], 0), latency_ns=3_000 * MS)).summary.shape
    yield "unknown", run_of(answer_of(joined([1, 3, 2, 1, 2, 3] * 5, 5))).summary.shape


@pytest.mark.parametrize(("kind", "shape"), list(shapes()))
def test_the_console_has_one_line_of_60_columns(kind: str, shape: StreamShape) -> None:
    short = short_stream_text(shape)
    assert shape.kind == kind
    assert short is not None
    assert max(map(display_width, short)) <= 60


def test_a_smooth_stream_is_no_news() -> None:
    run = run_of(answer_of(steady(100, 20)))
    assert short_stream_text(run.summary.shape) is None
    assert [look.anchor for look in verdict(run).looks if look.anchor == "shape"] == []
    assert "Chunks came one by one: 1.00 tokens per chunk, 1.00 chunks per read." in shape_html(run)


def test_a_run_without_streams_has_no_section() -> None:
    assert shape_html(run_of(RequestRecord(1, 1, 0, Outcome.OK, 500 * MS, output_tokens=90))) == ""


def test_sizes_near_a_power_of_two_are_round() -> None:
    sizes = (340, 1024, 4096, 4060, 6108, 16_384, 16_000, 20_480, 65_529, None)
    assert [size_text(size) for size in sizes] == [
        "340 B", "1 KiB", "4 KiB", "4 KiB", "6.0 KiB", "16 KiB", "16 KiB", "20 KiB", "64 KiB", "n/a",
    ]  # fmt: skip


# --- over a socket

ANSWER_TOKENS = 120


def body(tokens_per_chunk: int = 1) -> list[bytes]:
    """The events of an answer of 120 tokens of unlike length."""
    words = Random(5)
    chunks = [token("".join("x" * words.randint(1, 9) + " " for _ in range(tokens_per_chunk))) for _ in range(120)]
    return chunks[::tokens_per_chunk]


def ending(tokens: int = ANSWER_TOKENS) -> bytes:
    return FINISH + usage(9, tokens) + DONE


def lumps_script(size: int, pause_s: float) -> Script:
    """The answer, three times as long, cut into lumps of `size` bytes, whatever event that cuts."""
    whole = b"".join(body() * 3)
    steps: list[Step] = []
    for begin in range(0, len(whole), size):
        steps += [pause_s, whole[begin : begin + size]]
    return until_close(*steps, ending())


def paced_script(pieces: Sequence[bytes], pause_s: float) -> Script:
    """Each piece by itself."""
    return chunked(*(step for piece in pieces for step in (piece, pause_s)), ending())


def joined_by(events: Sequence[bytes], counts: Sequence[int]) -> list[bytes]:
    """The events, so many at a time, over and over."""
    found, at, step = [], 0, 0
    while at < len(events):
        found.append(b"".join(events[at : at + counts[step % len(counts)]]))
        at, step = at + counts[step % len(counts)], step + 1
    return found


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (lumps_script(4096, 0.03), "buffered"),
        (lumps_script(16_384, 0.1), "buffered"),
        (paced_script(body(), 0.004), "smooth"),
        (paced_script(body(4), 0.015), "multi_token"),
        (paced_script(joined_by(body(), (3, 5, 2, 6)), 0.015), "bursts"),
        ([0.3, *chunked(b"".join(body()), ending())], "whole"),
    ],
    ids=["4 KiB", "16 KiB", "smooth", "4 tokens", "bursts", "at once"],
)
@undisturbed
def test_what_a_server_sends_is_told(serve: Serve, script: Script, kind: str) -> None:
    openai = FORMATS["openai_chat"]
    server = serve(script)
    target = Target(server.url(), BodyBuilder(row=openai), QueryProvider([Query("?")]), Masker([]), format=openai)
    tester = SSETester(target)
    try:
        record = tester.test_streaming(1)
    finally:
        tester.close()
    assert record.outcome is Outcome.OK
    shape = run_of(record).summary.shape
    assert shape.kind == kind
    if kind == "buffered":
        assert shape.lump_bytes in (4096, 16_384)
        assert shape.cut_share == 1
    if kind == "multi_token":
        assert shape.tokens_per_chunk == pytest.approx(4)
