"""Answers of one or two lumps, and timers that lumps keep to: what is said of them, and never "one by one"."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sse_perf_tool.exporters.json_summary import summary_document
from sse_perf_tool.metrics import Tally
from sse_perf_tool.metrics.stream_shape import lumps_of
from sse_perf_tool.records import Outcome, RequestRecord, RunConfig, RunResult
from sse_perf_tool.report_parts.shape import stream_text

MS = 1_000_000
EVENT = 150
Lump = tuple[float, int]
"""(milliseconds after the start, events)"""


def answer(*lumps: Lump, apart_ms: float = 0.0, number: int = 1, cut: bool = False) -> RequestRecord:
    """An answer that came in these lumps, each in one read, or its events so far apart in reads of their own."""
    times: list[int] = []
    reads: list[int] = []
    for at_ms, events in lumps:
        for event in range(events if apart_ms else 1):
            new = 1 if apart_ms else events
            times += [round((at_ms + event * apart_ms) * MS)] * new
            reads += (new, len(times) * EVENT + 50 * cut, not cut)
    gaps = tuple((b - a) // 1000 for a, b in zip(times, times[1:]))  # noqa: B905, RUF007
    return RequestRecord(
        number, 1, 0, Outcome.OK, times[-1] + MS, ttfb_ns=times[0], ttft_ns=times[0], ttfa_ns=times[0],
        chunks=len(times), output_tokens=len(times), token_source="usage", gaps_us=gaps, came=lumps_of(times, reads),
    )  # fmt: skip


def run_of(*answers: RequestRecord) -> RunResult:
    tally = Tally(origin_ns=0)
    for each in answers:
        tally.add(each)
    return tally.result(RunConfig(url="https://api.example.com/v1"), 0)


def said(*answers: RequestRecord) -> str:
    text = stream_text(run_of(*answers))
    assert text is not None
    return text[0]


@pytest.mark.parametrize("apart_ms", [0.0, 0.02, 0.08], ids=["one read", "a read each", "a read each, 0.08 ms"])
@pytest.mark.parametrize(
    "lumps",
    [
        ((1600, 200), (2000, 200)),
        ((1600, 200), (2000, 3)),
        ((50, 4), (2000, 200)),
        ((205, 10), (245, 2)),
        ((50, 40), (900, 40), (2000, 40)),
    ],
    ids=["two halves", "nearly all first", "nearly all last", "twelve events", "three"],
)
def test_few_lumps_of_whole_events_are_bursts(lumps: tuple[Lump, ...], apart_ms: float) -> None:
    run = run_of(answer(*lumps, apart_ms=apart_ms))
    assert run.summary.shape.kind == "bursts"
    assert "one by one" not in summary_document(run)["stream_shape"]["evidence"]


def test_a_stall_in_a_fast_answer_is_no_lump() -> None:
    fast = answer((0, 200), (3000, 200), apart_ms=0.5)
    assert fast.came.lumps == 2
    assert run_of(fast).summary.shape.kind == "smooth"


def test_records_of_before_are_told_by_their_reads() -> None:
    old = [replace(each, came=each.came._replace(lumped_us=None)) for each in (
        answer((1600, 200), (2000, 200)), answer((1600, 200), (2000, 200), apart_ms=0.02)
    )]  # fmt: skip
    assert [run_of(each).summary.shape.kind for each in old] == ["bursts", "smooth"]


def test_one_by_one_is_never_said_of_several_chunks_a_read() -> None:
    """One answer in ten of 4000 chunks in four lumps: fewer than a quarter of the answers, most of the chunks."""
    smooth = [answer(*((20 * n, 1) for n in range(100)), number=number) for number in range(2, 11)]
    run = run_of(answer(*((500 * n, 1000) for n in range(4))), *smooth)
    assert run.summary.shape.chunks_per_read == pytest.approx(4900 / 904)
    assert run.summary.shape.kind == "bursts"
    assert run_of(*smooth).summary.shape.kind == "smooth"


def test_short_answers_do_not_count_among_the_reads() -> None:
    smooth = answer(*((20 * n, 1) for n in range(100)))
    short = [answer((20, 7), number=number) for number in range(2, 200)]
    run = run_of(smooth, *short)
    assert (run.summary.shape.kind, run.summary.shape.chunks_per_read) == ("smooth", 1.0)


def steps(gap_ms: float, counts: tuple[int, ...] = (10, 9, 10, 10, 9, 10, 10, 3)) -> RequestRecord:
    """Lumps so far apart, the last of which comes as soon as the answer ends."""
    ends = [gap_ms * (n + 1) for n in range(len(counts))]
    ends[-1] -= gap_ms * 0.7
    return answer(*zip(ends, counts, strict=True))


@pytest.mark.parametrize(
    ("gap_ms", "words"),
    [(205, "option http-no-delay"), (185, "option http-no-delay"), (40, "TCP_NODELAY"), (150, None), (260, None)],
)
def test_timers_of_the_system_are_known_by_their_period(gap_ms: float, words: str | None) -> None:
    text = said(steps(gap_ms), replace(steps(gap_ms), request_id=2))
    assert ["option http-no-delay" in text, "TCP_NODELAY" in text] == [
        words == "option http-no-delay", words == "TCP_NODELAY",
    ]  # fmt: skip


def test_a_first_lump_held_for_200_ms_is_known_by_the_pace_of_the_rest() -> None:
    """Twelve events every 20 ms: ten came with the head after 205 ms, two with the end 40 ms later."""
    assert "option http-no-delay" in said(answer((205, 10), (245, 2)))
    assert "TCP_NODELAY" not in said(answer((205, 10), (245, 2)))
    # 200 events in 1.6 s and 200 more in the next 0.4 s were not held for 200 ms.
    assert "http-no-delay" not in said(answer((1600, 200), (2000, 200)))


def test_the_timers_are_not_blamed_for_a_buffer_that_cuts_events() -> None:
    assert "http-no-delay" not in said(answer(*((200 * (n + 1), 26) for n in range(8)), cut=True))
