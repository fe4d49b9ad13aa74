"""Context tiers: the load is sent once for each, one after another, and the figures are shown by tier."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from patience import undisturbed
from scripted_server import ANSWER, Serve
from sse_perf_tool.console import Console
from sse_perf_tool.exporters.json_summary import summary_document
from sse_perf_tool.exporters.markdown import to_markdown
from sse_perf_tool.formats import FORMATS
from sse_perf_tool.load.run import LoadRun
from sse_perf_tool.masking import Masker
from sse_perf_tool.metrics import Tally, estimate_tokens
from sse_perf_tool.providers import Query, QueryProvider
from sse_perf_tool.records import Outcome, RequestRecord, RunConfig, RunResult
from sse_perf_tool.records.file import RecordsHeader, header_line, record_line
from sse_perf_tool.records.reader import read_header, read_records
from sse_perf_tool.records.writer import new_lines
from sse_perf_tool.report_generator import generate_html_report
from sse_perf_tool.request.body import BodyBuilder
from sse_perf_tool.request.target import Target
from sse_perf_tool.test_runner import Origin, ThreadGroup, new_shared_stats, snapshot
from sse_perf_tool.texts import display_width
from sse_perf_tool.wire import Exchange

MS = 1_000_000


def target_of(url: str) -> Target:
    row = FORMATS["openai_chat"]
    return Target(url, BodyBuilder(row=row), QueryProvider([Query("why?")]), Masker(()), format=row, named=True)


def run_of(target: Target, config: RunConfig, **more: Any) -> RunResult:
    return LoadRun(replace(target, turns=config.turns), config).run(**more)


# --- what is sent


def test_each_tier_gets_all_requests_and_its_filler(serve: Serve) -> None:
    server = serve(ANSWER)
    begun: list[int] = []
    config = RunConfig(threads=2, requests=3, context_tiers=[0, 20, 100])
    result = run_of(target_of(server.url()), config, on_tier=begun.append)
    sent = [json.loads(request.body)["messages"][0]["content"] for request in server.requests]
    # "why?" is one token more than the filler.
    assert [estimate_tokens(text) for text in sent] == [1, 1, 1, 21, 21, 21, 101, 101, 101]
    assert len(set(sent[3:])) == 6, "no filler is used again"
    assert all(text.endswith("why?") for text in sent)
    assert begun == [0, 1, 2]
    assert list(result.requests["context_tokens"]) == [0, 0, 0, 20, 20, 20, 100, 100, 100]
    assert sorted(result.requests["request_id"]) == list(range(1, 10))
    assert {record.query for record in result.requests.details.values()} == {"why?"}
    assert (config.requests_wanted, result.summary.sent, result.summary.ok) == (9, 9, 9)
    assert [(row.value, row.sent, row.ok) for row in result.summary.context_tiers] == [
        (0, 3, 3),
        (20, 3, 3),
        (100, 3, 3),
    ]


def test_the_cpu_time_of_a_run_is_that_of_all_its_tiers(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.process_time", iter([1.0, 1.5, 7.0, 9.0]).__next__)
    server = serve(ANSWER)
    load = LoadRun(target_of(server.url()), RunConfig(context_tiers=[0, 5]))
    load.run()
    assert load.cpu_s == 0.5 + 2.0


def test_a_tier_begins_when_the_last_answer_of_the_one_before_has_ended(serve: Serve) -> None:
    server = serve([*ANSWER[:1], 0.05, *ANSWER[1:]])
    table = run_of(target_of(server.url()), RunConfig(threads=3, requests=7, context_tiers=[0, 5])).requests
    spans = [
        (tier, start, start + latency)
        for tier, start, latency in table.rows("context_tokens", "started_ns", "latency_ns")
    ]
    assert max(end for tier, _, end in spans if tier == 0) <= min(start for tier, start, _ in spans if tier == 5)


@undisturbed
def test_each_tier_gets_the_whole_duration(serve: Serve) -> None:
    server = serve([0.01, *ANSWER])
    samples: list[int] = []
    config = RunConfig(duration_s=0.7, context_tiers=[0, 5])
    result = run_of(target_of(server.url()), config, on_sample=lambda sample, _: samples.append(sample.threads_total))
    starts = {
        tier: [s for t, s in result.requests.rows("context_tokens", "started_ns") if t == tier] for tier in (0, 5)
    }
    assert 0.35e9 < max(starts[0]) < 0.71e9, "for all of it, and no longer"
    assert 0.35e9 < max(starts[5]) - min(starts[5]) < 0.71e9
    assert set(samples) == {1}, "the threads of the second tier do not count on top of those of the first"


@pytest.mark.parametrize("processes", [1, 2])
def test_a_run_that_is_stopped_begins_no_further_tier(serve: Serve, processes: int) -> None:
    server = serve(ANSWER)
    config = RunConfig(threads=2, processes=processes, requests=2, context_tiers=[1, 2, 3])
    load = LoadRun(target_of(server.url()), config)
    result = load.run(on_tier=lambda number: load.stop() if number == 1 else None)
    assert list(result.requests["context_tokens"]) == [1, 1]
    assert (result.interrupted, result.partial) == (True, False)


def test_a_rule_that_ends_the_run_begins_no_further_tier(serve: Serve) -> None:
    server = serve([0.01, *ANSWER])
    config = RunConfig(duration_s=30, context_tiers=[0, 5], abort_on=["requests:count>0"])
    result = run_of(target_of(server.url()), config)
    assert set(result.requests["context_tokens"]) == {0}
    assert result.aborted is not None
    assert result.duration_ns < 15e9


@pytest.mark.parametrize(("stream", "waiting"), [(True, 6), (False, 0)])
def test_reads_that_wait_are_chunks_of_the_round_under_way_and_of_streams_alone(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, stream: bool, waiting: int
) -> None:
    monkeypatch.setattr(Exchange, "queued", 3)
    server, stats = serve(ANSWER), new_shared_stats()
    for _ in range(2):
        group = ThreadGroup(target_of(server.url()), RunConfig(threads=2, stream=stream), stats=stats)
        group.start(origin := Origin.now(), origin.ns)
        group.wait()
    assert snapshot(stats).chunks - stats["chunks"] == waiting


def test_conversations_stay_in_the_tier_of_their_first_turn(serve: Serve) -> None:
    server = serve(ANSWER)
    result = run_of(target_of(server.url()), RunConfig(turns=2, context_tiers=[0, 9]))
    assert list(result.requests.rows("context_tokens", "turn")) == [(0, 1), (0, 2), (9, 1), (9, 2)]
    lengths = [
        [estimate_tokens(message["content"]) for message in json.loads(request.body)["messages"]]
        for request in server.requests
    ]
    assert lengths == [[1], [1, 2, 1], [10], [10, 2, 1]]


def test_processes_go_through_the_tiers_together(serve: Serve, tmp_path: Path) -> None:
    server = serve(ANSWER)
    config = RunConfig(threads=2, processes=2, requests=4, context_tiers=[0, 50])
    path = tmp_path / "r.jsonl"
    with new_lines(path, "en") as records:
        result = LoadRun(target_of(server.url()), config, records=records).run()
    assert sorted(result.requests["context_tokens"]) == [0] * 4 + [50] * 4
    assert len(set(result.requests["request_id"])) == 8
    assert (result.partial, result.warnings) == (False, ())
    header, *rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert header["config"]["context_tiers"] == [0, 50]
    assert [row["context_tokens"] for row in rows] == [0] * 4 + [50] * 4


# --- what is noted and shown


def record(tier: int | None, ttft_ms: int, prompt_tokens: int | None, outcome: Outcome = Outcome.OK) -> RequestRecord:
    return RequestRecord(
        1, 1, 0, outcome, 10 * ttft_ms * MS, ttft_ns=ttft_ms * MS, chunks=1, output_tokens=8, token_source="usage",
        prompt_tokens=prompt_tokens, context_tokens=tier,
    )  # fmt: skip


RECORDS = [record(0, 10, 4), record(0, 30, 6), record(1000, 80, None), record(1000, 500, 9, Outcome.TIMEOUT)]


def result_of(*records: RequestRecord, **config: Any) -> RunResult:
    tally = Tally(0)
    for each in records:
        tally.add(each)
    return tally.result(RunConfig(context_tiers=[0, 1000], **config), 0)


def test_figures_by_tier_are_of_its_ok_requests() -> None:
    none, thousand = summary_document(result_of(*RECORDS))["context_tiers"]
    assert (none["context_tokens"], none["sent"], none["ok"]) == (0, 2, 2)
    assert (none["ttft_ms"]["mean"], none["latency_ms"]["max"]) == (20.0, 300.0)
    assert (none["output_tokens"], none["prompt_tokens"]) == (8.0, 5.0)
    assert (thousand["context_tokens"], thousand["sent"], thousand["ok"]) == (1000, 2, 1)
    assert (thousand["ttft_ms"]["mean"], thousand["prompt_tokens"]) == (80.0, None)


def test_without_tiers_nothing_is_shown_by_tier() -> None:
    assert summary_document(result_of(record(None, 1, 2)))["context_tiers"] == []


@pytest.mark.parametrize(
    ("lang", "title"),
    [
        ("en", "By context tier (tokens of filler), times in ms"),
        ("zh", "按上下文档位（填充 token 数；时间单位 ms）"),
    ],
)
def test_the_console_has_a_row_a_tier_within_80_columns(lang: str, title: str, capsys: Any) -> None:
    Console(sys.stdout, lang).summary(result_of(*RECORDS))
    lines = capsys.readouterr().out.splitlines()
    table = lines[lines.index(title) :]
    assert [line.split() for line in table[2:]] == [
        ["0", "2/2", "20.0", "n/a", "200", "n/a", "8.00"],
        ["1,000", "1/2", "80.0", "n/a", "800", "n/a", "8.00"],
    ]
    assert max(map(display_width, table)) <= 80


@pytest.mark.parametrize(
    ("lang", "begin", "load"),
    [
        (
            "en",
            "context of 1000 tokens (2 of 2)",
            ", prompts of about 64±8 tokens, shared prefix of 20 tokens, repeated with contexts of 0, 1000 tokens",
        ),
        (
            "zh",
            "上下文 1000 token（2/2）",
            "，提示词约 64±8 token，共享前缀 20 token，并依次以 0, 1000 token 的上下文重复",
        ),
    ],
)
def test_the_console_says_what_is_done_to_the_queries_and_which_tier_begins(
    lang: str, begin: str, load: str, capsys: Any
) -> None:
    config = RunConfig(context_tiers=[0, 1000], prompt_tokens=64, prompt_spread_tokens=8, shared_prefix_tokens=20)
    console = Console(sys.stdout, lang)
    console.start(config)
    console.tier(1, config)
    out = capsys.readouterr().out
    assert load in out
    assert out.splitlines()[-1].strip() == begin


def test_the_report_and_the_comment_have_a_row_a_tier(tmp_path: Path) -> None:
    generate_html_report(result_of(*RECORDS), tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert '<th scope="row" data-v="1000">1,000</th><td data-v="2">2</td><td data-v="1">1</td>' in page
    assert '<span lang="en">Prompt tokens mean</span><span lang="zh">输入 token 平均</span>' in page
    rows = [line for line in to_markdown(result_of(*RECORDS)).splitlines() if line.startswith(("| 0 |", "| 1,000 |"))]
    assert rows == [
        "| 0 | 2 | 2 | 20.0 | 20.0 | n/a | 200 | 200 | n/a | 8.00 | 5.00 |",
        "| 1,000 | 2 | 1 | 80.0 | n/a | n/a | 800 | n/a | n/a | 8.00 | n/a |",
    ]
    assert "按上下文档位" in to_markdown(result_of(*RECORDS, lang="zh"))


def test_a_record_keeps_its_tier_and_one_of_before_there_were_tiers_has_none(tmp_path: Path) -> None:
    old = json.loads(record_line(RECORDS[2], 0))
    assert old.pop("context_tokens") == 1000
    path = tmp_path / "r.jsonl"
    lines = [header_line(RecordsHeader(RunConfig(), 0)), record_line(RECORDS[2], 0), json.dumps(old)]
    path.write_text("\n".join(lines) + "\n")
    assert [each.context_tokens for each in read_records(path, read_header(path))] == [1000, None]
