"""What earlier runs left: found, listed, filtered, named, deleted, shown and compared."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bench_documents import sample_document
from report_runs import CONFIG, STARTED_UNIX_NS, answered, sample_run, sample_search
from sse_perf_tool.bench.results import json_text
from sse_perf_tool.capacity.file import SearchHeader, capacity_document, header_line, step_line
from sse_perf_tool.exporters.json_summary import to_json
from sse_perf_tool.records import ThresholdResult
from sse_perf_tool.records.file import RecordsHeader, record_line
from sse_perf_tool.records.file import header_line as records_header
from sse_perf_tool.studio.contract.results import Head
from sse_perf_tool.studio.history.index import AT_ONCE, Index, Wanted
from sse_perf_tool.studio.history.over_time import ttft_over_time
from studio_server import Studio, empty, running

TOOL = (sys.executable, "-m", "sse_perf_tool")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("studio")
    watched = tmp_path_factory.mktemp("watched")
    with running(folder, watch=(watched,), tool=TOOL) as found:
        yield found


@pytest.fixture
def studio(shared: Studio) -> Studio:
    settings = shared.workspace.settings
    for path in (settings.results, settings.watch[0]):
        path.mkdir(exist_ok=True)
        empty(path)
    (settings.own / "remarks.json").unlink(missing_ok=True)
    shared.workspace.index.changed()
    return shared


def bench(folder: Path, name: str, started_at: str = "2026-01-01T00:00:00.000Z", **more: Any) -> None:
    document = {**sample_document(**more), "id": name, "started_at": started_at}
    (folder / f"{name}.json").write_text(json_text(document))


def records(path: Path, requests: int = 60, slow: float = 1.0) -> None:
    lines = [records_header(RecordsHeader(replace(CONFIG, thresholds=["ttft_ms:p(50)<1"]), STARTED_UNIX_NS))]
    chance = Random(3)
    for number in range(1, requests + 1):
        record = answered(number, 1 + number % 4, number * 100_000_000, chance, slow)
        lines.append(record_line(record, STARTED_UNIX_NS))
    path.write_text("\n".join(lines) + "\n")


def search_files(folder: Path, name: str, *, summary: bool = True) -> None:
    found = sample_search()
    lines = [header_line(SearchHeader(CONFIG, found.search, STARTED_UNIX_NS)), *map(step_line, found.steps)]
    (folder / f"{name}.steps.jsonl").write_text("\n".join(lines) + "\n")
    if summary:
        text = json.dumps(capacity_document(found, CONFIG, ("so", "这样")))
        (folder / f"{name}.json").write_text(text)


def heads(studio: Studio, query: str = "") -> list[dict[str, Any]]:
    studio.workspace.index.changed()
    found: list[dict[str, Any]] = studio.get(f"/api/results{query}")["results"]
    return found


def test_every_kind_of_result_has_a_row(studio: Studio) -> None:
    results, watched = studio.workspace.settings.results, studio.workspace.settings.watch[0]
    bench(results, "bench_20260101_000000")
    (results / "run_20260102_000000.json").write_text(to_json(sample_run()))
    records(results / "run_20260102_000000.jsonl")
    search_files(results, "capacity_20260103_000000")
    records(watched / "Nightly run.jsonl")
    (watched / "package.json").write_text('{"name": "of others"}')
    (watched / "notes.txt").write_text("no")
    rows = {row["kind"] + ("" if row["ours"] else " watched"): row for row in heads(studio)}
    assert set(rows) == {"bench", "run", "capacity", "run watched"}
    of_bench, run, search = rows["bench"], rows["run"], rows["capacity"]
    assert (of_bench["id"], of_bench["file"]) == ("bench_20260101_000000", "results/bench_20260101_000000.json")
    assert of_bench["best_ttft_model"] == "One / M"
    assert of_bench["best_ttft_ms"] == pytest.approx(50, abs=5)
    assert (of_bench["cells"], of_bench["sent"], of_bench["failed"]) == (5, 40, 8)
    assert (run["providers"], run["models"], run["threads"]) == (["127.0.0.1:8000"], ["qwen2.5-7b"], 12)
    assert run["ttft_p50_ms"] > 0
    assert run["has_report"]
    assert (search["cells"], search["level"] is not None) == (len(sample_search().steps), True)
    assert rows["run watched"]["id"].startswith("f_")
    assert rows["run watched"]["file"] == str(watched / "Nightly run.jsonl")


def test_rows_are_filtered_and_paged(studio: Studio) -> None:
    results = studio.workspace.settings.results
    for number in range(1, 8):
        names = {"one": "ollama"} if number % 2 else {}
        bench(results, f"bench_2026010{number}_000000", f"2026-01-0{number}T00:00:00.000Z", **names)
    first = studio.get("/api/results?limit=3")
    assert [row["id"][-8] for row in first["results"]] == ["7", "6", "5"]
    assert (first["total"], first["matching"]) == (7, 7)
    second = studio.get(f"/api/results?limit=3&before={first['next']}")
    third = studio.get(f"/api/results?limit=3&before={second['next']}")
    assert [row["id"][-8] for row in second["results"] + third["results"]] == ["4", "3", "2", "1"]
    assert third["next"] is None
    assert len(heads(studio, "?provider=OLLA")) == 4
    assert len(heads(studio, "?q=ollama%20done")) == 4
    assert heads(studio, "?q=ollama%20nothing") == []
    assert heads(studio, "?kind=run") == []
    assert len(heads(studio, "?kind=bench&state=done&model=m")) == 7
    assert studio.ask("GET", "/api/results?limit=0").status == 422
    assert len(studio.get("/api/history")["results"]) == 7


def test_labels_and_notes_are_said_found_and_taken_back(studio: Studio) -> None:
    results = studio.workspace.settings.results
    bench(results, "bench_20260101_000000")
    before = (results / "bench_20260101_000000.json").read_bytes()
    answer = studio.ask("PATCH", "/api/results/bench_20260101_000000", {"label": "Before the fix", "note": "lab\n2"})
    assert (answer.json["label"], answer.json["note"]) == ("Before the fix", "lab\n2")
    studio.ask("PATCH", "/api/results/bench_20260101_000000", {"note": ""})
    (row,) = heads(studio, "?q=before%20fix")
    assert (row["label"], row["note"]) == ("Before the fix", "")
    assert (results / "bench_20260101_000000.json").read_bytes() == before
    assert studio.ask("PATCH", "/api/results/nothing", {"label": "x"}).status == 404
    assert studio.ask("PATCH", "/api/results/bench_20260101_000000", {"label": "a\nb"}).status == 422


def test_only_results_of_the_folder_are_deleted(studio: Studio) -> None:
    results, watched = studio.workspace.settings.results, studio.workspace.settings.watch[0]
    bench(results, "bench_20260101_000000")
    (results / "bench_20260101_000000").mkdir()
    (results / "bench_20260101_000000" / "01.jsonl").write_text("")
    (results / "keep.txt").write_text("")
    records(watched / "run.jsonl")
    other = next(row["id"] for row in heads(studio) if not row["ours"])
    assert studio.ask("DELETE", f"/api/results/{other}").code == "not_ours"
    assert studio.ask("DELETE", "/api/results/bench_20260101_000000").status == 204
    assert [path.name for path in results.iterdir()] == ["keep.txt"]
    assert [row["id"] for row in heads(studio)] == [other]


@pytest.mark.parametrize(
    "name", ["../config", "..%2f..%2fetc%2fpasswd", "%2e%2e", "bench_1.json", "a/b", "'", "x" * 300]
)
def test_an_id_is_no_path(studio: Studio, name: str) -> None:
    (studio.workspace.settings.folder / "config.json").write_text("{}")
    for method, path in (("GET", ""), ("GET", "/report"), ("GET", "/file"), ("DELETE", "")):
        assert studio.ask(method, f"/api/results/{name}{path}").status in (404, 405)


def test_broken_and_foreign_files_are_named_or_passed_over(studio: Studio) -> None:
    results, watched = studio.workspace.settings.results, studio.workspace.settings.watch[0]
    texts = {"a": "{", "b": "[]", "c": '{"schema": "sse-perf-bench/1"}', "d": "\x00", "e": '{"schema": "x"}', "f": ""}
    for name, text in texts.items():
        (results / f"bench_{name}.json").write_text(text)
        (watched / f"{name}.json").write_text(text)
        (watched / f"{name}2.jsonl").write_text(text)
    (results / "bench_g.json").mkdir()
    (results / "bench_h.json").symlink_to("/etc/passwd")
    rows = heads(studio)
    assert [row["state"] for row in rows] == ["unreadable"] * len(texts)
    assert all(row["problem"] for row in rows)
    answer = studio.ask("GET", "/api/results/bench_a")
    assert (answer.status, answer.code) == (409, "unreadable")
    assert studio.ask("GET", "/api/compare?ids=bench_a,bench_b").code == "unlike"
    assert studio.ask("DELETE", "/api/results/bench_a").status == 204


def test_a_benchmark_that_was_killed_is_interrupted_and_readable(studio: Studio) -> None:
    results = studio.workspace.settings.results
    text = json_text({**sample_document(), "state": "running", "ended_at": None})
    (results / "bench_20260101_000000.json").write_text(text)
    (row,) = heads(studio)
    assert row["state"] == "interrupted"
    assert studio.get(f"/api/results/{row['id']}")["document"]["state"] == "interrupted"


def test_a_search_that_ended_where_it_could_not_judge_is_not_called_interrupted(studio: Studio) -> None:
    few = replace(sample_search().steps[0], level=2, checks=(ThresholdResult("ttft_ms:p(95)<500", None, False),))
    lines = [header_line(SearchHeader(CONFIG, sample_search().search, STARTED_UNIX_NS)), step_line(few)]
    (studio.workspace.settings.results / "capacity_20260103_000000.steps.jsonl").write_text("\n".join(lines) + "\n")
    (row,) = heads(studio)
    assert studio.get(f"/api/results/{row['id']}")["document"]["capacity"]["ending"] == "unjudged"


def test_the_machine_of_a_run_of_an_older_version_is_shown_in_its_parts(studio: Studio) -> None:
    document = json.loads(to_json(sample_run()))
    del document["config"]["host"]
    document["config"]["host_info"] = "Linux, Python 3.12.3, 8 CPUs"
    (studio.workspace.settings.results / "run_20260104_000000.json").write_text(json.dumps(document))
    (row,) = heads(studio)
    host = studio.get(f"/api/results/{row['id']}")["document"]["config"]["host"]
    assert host == {"system": "Linux", "python": "3.12.3", "cpus": 8, "reader": ""}


def test_a_result_is_shown_whole(studio: Studio) -> None:
    results = studio.workspace.settings.results
    bench(results, "bench_20260101_000000")
    records(results / "run_20260102_000000.jsonl")
    search_files(results, "capacity_20260103_000000", summary=False)
    whole = {row["kind"]: studio.get(f"/api/results/{row['id']}") for row in heads(studio)}
    assert whole["bench"]["document"]["fastest"][0]["cell"] == ["one", "m", 0]
    assert any("One / M" in line for line in whole["bench"]["said"])
    assert len(whole["capacity"]["said"]) == 1
    assert whole["run"]["document"]["schema"] == "sse-perf-summary/1"
    assert whole["run"]["document"]["requests"]["sent"] == 60
    assert whole["run"]["head"]["state"] == "interrupted", "it left no summary"
    assert len(whole["capacity"]["document"]["steps"]) == len(sample_search().steps)
    assert whole["bench"]["ttft_over_time"] is None
    file = studio.ask("GET", "/api/results/bench_20260101_000000/file")
    assert file.headers["content-disposition"].startswith("attachment")
    assert file.json["id"] == "bench_20260101_000000"


def test_the_time_to_the_first_token_is_followed_over_a_run(tmp_path: Path) -> None:
    def line(ended_s: float, ttft_ms: float | None, outcome: str = "ok") -> str:
        start = STARTED_UNIX_NS + round(ended_s * 1e9) - 500_000_000
        return json.dumps({"outcome": outcome, "started_at_ns": start, "latency_ms": 500.0, "ttft_ms": ttft_ms}) + "\n"

    path = tmp_path / "r.jsonl"
    path.write_text(
        records_header(RecordsHeader(CONFIG, STARTED_UNIX_NS)) + "\n"
        + "".join(line(0.9, ms) for ms in range(1, 22))
        + line(3.0, 4.0) + line(3.9, 8.0) + line(3.1, 9.0, "timeout") + line(3.2, None) + line(5, 7.0)
        + '{"outcome": "ok", "sta'
    )  # fmt: skip
    found = ttft_over_time(path, 1 << 20)
    assert found is not None
    assert found.width_s == 1
    assert [(each.second, each.p50_ms, each.p95_ms) for each in found.stretches] == [
        (0, 11, 20), (3, 6, None), (5, None, None)
    ]  # fmt: skip
    with path.open("a") as file:
        file.write("\n" + line(119.5, 1.0))
    later = ttft_over_time(path, 1 << 20)
    assert later is not None
    assert later.width_s == 2
    assert [each.second for each in later.stretches] == [0, 2, 4, 118]
    assert ttft_over_time(path, 100) is None, "too many to be read here"
    assert ttft_over_time(tmp_path / "none.jsonl", 100) is None
    path.write_text("of others\n")
    assert ttft_over_time(path, 100) is None


def test_reports_open_without_the_rights_of_the_page(studio: Studio) -> None:
    results = studio.workspace.settings.results
    bench(results, "bench_20260101_000000")
    records(results / "run_20260102_000000.jsonl")
    search_files(results, "capacity_20260103_000000")
    for row in heads(studio):
        answer = studio.ask("GET", f"/api/results/{row['id']}/report?lang=zh&download=true")
        assert answer.status == 200, answer.body
        assert 'lang="zh-CN"' in answer.body.decode()
        assert answer.headers["content-security-policy"].startswith("sandbox allow-scripts")
        assert "allow-same-origin" not in answer.headers["content-security-policy"]
        assert answer.headers["content-disposition"].startswith("attachment")


def test_benchmarks_are_compared_cell_by_cell(studio: Studio) -> None:
    results = studio.workspace.settings.results
    bench(results, "bench_a")
    bench(results, "bench_b", prompt="other")
    bench(results, "bench_c", one="three", two="four")
    studio.workspace.index.changed()
    found = studio.get("/api/compare?ids=bench_a,bench_b")
    assert (found["kind"], found["nothing_in_common"]) == ("bench", False)
    row = next(each for each in found["cells"] if each["name"] == ["one", "m", 0] and each["figure"] == "ttft_ms")
    assert row["values"][0] == row["values"][1]
    assert (row["differences"][0], row["differences"][1]["shown"]) == (None, False)
    page = studio.ask("GET", "/api/compare/report?ids=bench_a,bench_b&lang=zh")
    assert (page.status, page.headers["content-security-policy"].split(";")[0]) == (
        200, "sandbox allow-scripts allow-downloads allow-popups"
    )  # fmt: skip
    text = page.body.decode()
    assert 'lang="zh-CN"' in text
    (verdict,) = found["verdicts"]
    assert (verdict["grade"], verdict["headline"]) == ("none", "No significant difference")
    assert "没有显著差异" in text
    assert "B 与 A 对比" in text
    assert "提示词不同" in text
    assert text.count('<th scope="row"') == len(found["cells"])
    assert len(found["notes"]) == 1
    assert studio.get("/api/compare?ids=bench_a,bench_c")["nothing_in_common"]
    assert b"nothing in common" in studio.ask("GET", "/api/compare/report?ids=bench_a,bench_c&lang=en").body
    for ids in ("bench_a", "", "bench_a,bench_a", ",".join(["bench_a", *"bcdefgh"])):
        assert studio.ask("GET", f"/api/compare?ids={ids}").status in (404, 422)


def test_runs_are_compared_with_intervals_where_there_are_records(studio: Studio) -> None:
    results = studio.workspace.settings.results
    records(results / "run_a.jsonl", 200)
    records(results / "run_b.jsonl", 200, slow=3)
    (results / "run_c.json").write_text(to_json(sample_run()))
    bench(results, "bench_a")
    studio.workspace.index.changed()
    found = studio.get("/api/compare?ids=run_a,run_b")
    row = next(each for each in found["cells"] if each["figure"] == "ttft_ms P50")
    assert row["differences"][1]["shown"]
    assert [each["grade"] for each in found["verdicts"]] == ["bad"]
    assert "worse" in found["verdicts"][0]["headline"]
    assert row["differences"][1]["low"] > 0
    assert not row["more_is_better"]
    page = studio.ask("GET", "/api/compare/report?ids=run_a,run_b")
    assert page.status == 200
    assert page.headers["content-security-policy"].startswith("sandbox")
    without = studio.get("/api/compare?ids=run_a,run_c")
    assert {each["figure"] for each in without["cells"]} >= {"requests_per_s", "ttft_p50_ms"}
    assert any("run_c" in note for note in without["notes"])
    assert studio.ask("GET", "/api/compare?ids=run_a,bench_a").code == "unlike"


def test_what_fails_now_comes_first_whatever_kind_is_compared(studio: Studio) -> None:
    results = studio.workspace.settings.results
    for name, failed in (("a", 0), ("b", 100)):
        result = sample_run(200)
        summary = replace(result.summary, sent=200, ok=200 - failed, failed=failed)
        (results / f"run_{name}.json").write_text(to_json(replace(result, summary=summary)))
    bench(results, "bench_a")
    studio.workspace.index.changed()
    (verdict,) = studio.get("/api/compare?ids=run_a,run_b")["verdicts"]
    assert (verdict["grade"], verdict["headline"]) == ("bad", "50.0 % of the requests fail now")
    (chinese,) = studio.get("/api/compare?ids=run_a,run_b&lang=zh")["verdicts"]
    assert chinese["headline"] == "现在有 50.0 % 的请求失败"
    page = studio.ask("GET", "/api/compare/report?ids=run_a,run_b").body.decode()
    assert '<div class="verdict bad">' in page
    assert "50.0 % of the requests fail now" in page


def as_is(head: Head) -> Head:
    return head


@pytest.mark.not_measured
def test_the_first_page_of_5000_results_takes_less_than_a_fifth_of_a_second(tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    one = tmp_path / "one.json"
    one.write_text(json_text(sample_document()))
    for number in range(5000):
        stamp = f"2026{1 + number // 400 % 12:02}{1 + number // 14 % 28:02}_{number:06}"
        os.link(one, results / f"bench_{stamp}.json")
    index = Index(tmp_path / "index.sqlite", results)
    began_s = time.process_time()
    cold = index.page(Wanted(), 50, "", as_is)
    cold_s = time.process_time() - began_s
    assert (len(cold.heads), cold.total) == (50, 5000)
    index.wait()
    warm_s = []
    for _ in range(3):  # a busy machine makes the same work cost more now and then
        index.changed()
        began_s = time.process_time()
        page = index.page(Wanted(), 50, "", as_is)
        warm_s.append(time.process_time() - began_s)
    assert (len(page.heads), page.total, page.matching) == (50, 5000, 5000)
    index.close()
    assert min(warm_s) < 0.2, "the page of an index that is there"
    assert cold_s < 2, "the first page before there is one: the rest is read behind it"


def test_the_index_follows_the_files_and_is_made_again_when_it_is_broken(tmp_path: Path) -> None:
    results, path = tmp_path / "results", tmp_path / "index.sqlite"
    results.mkdir()
    for number in range(AT_ONCE + 5):
        bench(results, f"bench_{number:03}") if number < 2 else (results / f"bench_{number:03}.json").write_text("{")
    index = Index(path, results)
    assert index.page(Wanted(), 500, "", as_is).total == AT_ONCE + 5
    index.wait()
    assert len(index.page(Wanted(), 500, "", as_is).heads) == AT_ONCE + 5
    (results / "bench_000.json").unlink()
    (results / "bench_001.json").write_text("{")
    index.changed()
    page = index.page(Wanted(state="done"), 500, "", as_is)
    assert (page.heads, page.total) == ([], AT_ONCE + 4)
    index.close()
    for damage in (b"no database", path.read_bytes()[:5000]):
        path.write_bytes(damage)
        for name in (f"{path}-wal", f"{path}-shm"):
            Path(name).unlink(missing_ok=True)
        again = Index(path, results)
        again.page(Wanted(), 1, "", as_is)
        again.wait()
        assert again.page(Wanted(), 1, "", as_is).matching == AT_ONCE + 4
        again.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_takes_no_index_is_listed_all_the_same(tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    bench(results, "bench_a")
    tmp_path.chmod(0o500)
    assert len(Index(tmp_path / "own" / "index.sqlite", results).page(Wanted(), 5, "", as_is).heads) == 1
