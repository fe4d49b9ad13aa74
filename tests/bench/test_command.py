"""`bench` from the command line: what it prints, writes and ends with."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from metrics_pages import VLLM
from patience import FOREVER_S, PROMPT_S
from scripted_server import ANSWER, DONE, FINISH, Serve, chunked, sized, token, usage
from sse_perf_tool.cli import main
from sse_perf_tool.commands.environment import Environment

ROOT = Path(__file__).resolve().parents[2]
KEY = "sk-canary-4711"

pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class Ran(NamedTuple):
    status: int
    out: str
    err: str


def bench(*argv: str, lang: str = "en", **environ: str) -> Ran:
    out, err = io.StringIO(), io.StringIO()
    status = main(["bench", *argv, "--lang", lang], Environment(out, err, environ))
    return Ran(status, out.getvalue(), err.getvalue())


def config(*bases: str, models: str = "[{id: m-gpt, display_name: M}]") -> None:
    providers = "\n".join(
        f"  p{at}: {{display_name: P{at}, api_base: '{base}', api_key_env: THE_KEY, models: {models}}}"
        for at, base in enumerate(bases)
    )
    defaults = "defaults: {runs: 2, prompt: say hi, max_tokens: 32}"
    Path("config.yaml").write_text(f"{defaults}\nproviders:\n{providers}\n")


def result() -> dict[str, Any]:
    (path,) = Path("results").glob("*.json")
    return json.loads(path.read_text())  # type: ignore[no-any-return]


def test_two_providers_make_a_table_a_result_and_status_0(serve: Serve) -> None:
    config(serve(ANSWER).url("/v1"), serve(ANSWER).url("/v1"))
    ran = bench(THE_KEY=KEY)
    assert (ran.status, ran.err) == (0, "")
    assert "2 cells, 6 requests, at most 192 tokens of answers" in ran.out
    assert "P0" in ran.out
    assert "TTFT: no difference shown by 2 runs" in ran.out
    found = result()
    assert [cell["state"] for cell in found["cells"]] == ["done", "done"]
    assert (found["schema"], found["state"], found["prompt"]) == ("sse-perf-bench/1", "done", "say hi")
    assert len(list(Path("results").glob("*/*.jsonl"))) == 2


def test_in_chinese(serve: Serve) -> None:
    config(serve(ANSWER).url("/v1"))
    ran = bench(lang="zh", THE_KEY=KEY)
    assert "1 个测量项，3 个请求" in ran.out
    assert "median" not in ran.out


def test_no_key_is_in_anything_that_is_written(serve: Serve) -> None:
    echo = sized(
        json.dumps({"error": {"message": f"bad key {KEY}"}}).encode(), status="401 No", kind="application/json"
    )
    config(serve(echo).url("/v1"), serve(ANSWER).url("/v1"))
    ran = bench(
        "--json", "a.json", "--csv", "a.csv", "--markdown", "a.md", "--junit", "a.xml", "--verbose", THE_KEY=KEY
    )
    assert ran.status == 1
    written = [path.read_text() for path in Path().rglob("*") if path.is_file()]
    assert len(written) == 8
    assert all(KEY not in text for text in [ran.out, ran.err, *written])
    assert "bad key" in ran.out


def test_what_is_skipped_is_said_in_every_output(serve: Serve) -> None:
    config(serve(ANSWER).url("/v1"), models="[{id: m, context_window: 200}]")
    ran = bench("--context-tiers", "0,100", "--markdown", "a.md", "--csv", "a.csv", "--junit", "a.xml", THE_KEY=KEY)
    why = "100 tokens of context do not fit: 200 in all, 32 for the answer, 100 spare"
    assert why in ran.out
    assert why in Path("a.md").read_text()
    rows = list(csv.DictReader(io.StringIO(Path("a.csv").read_text())))
    assert [row["skipped"] for row in rows] == ["", why]
    assert [cell["skipped"] for cell in result()["cells"]] == [None, why]
    assert [each.get("message") for each in ET.parse("a.xml").findall("testcase/skipped")] == [why]
    assert ran.status == 0


def test_list_sends_nothing(serve: Serve) -> None:
    server = serve(ANSWER)
    config(server.url("/v1"))
    ran = bench("--list", THE_KEY=KEY)
    assert (ran.status, server.requests) == (0, [])
    assert server.url("/v1/chat/completions") in ran.out.replace("\n", "")
    assert not Path("results").exists()


def test_no_save_writes_nothing(serve: Serve) -> None:
    config(serve(ANSWER).url("/v1"))
    assert bench("--no-save", THE_KEY=KEY).status == 0
    assert [path.name for path in Path().iterdir()] == ["config.yaml"]


def test_the_command_line_goes_before_the_config(serve: Serve) -> None:
    server = serve(ANSWER)
    config(server.url("/v1"))
    bench("--runs", "1", "--max-tokens", "7", "--temperature", "0.25", "--prompt", "other", THE_KEY=KEY)
    sent = json.loads(server.requests[0].body)
    assert len(server.requests) == 2
    assert (sent["max_tokens"], sent["temperature"], sent["messages"][0]["content"]) == (7, 0.25, "other")


def test_queries_come_from_a_file_in_turn_for_each_target(serve: Serve) -> None:
    one, two = serve(ANSWER), serve(ANSWER)
    config(one.url("/v1"), two.url("/v1"))
    Path("q.txt").write_text("first\nsecond\n")
    bench("--param-file", "q.txt", THE_KEY=KEY)
    for server in (one, two):
        asked = [json.loads(request.body)["messages"][0]["content"] for request in server.requests]
        assert asked == ["first", "second", "first"]


@pytest.mark.parametrize(
    ("rule", "status"),
    [
        ("ttft_ms:max<10000", 0),
        ("ttft_ms{model:*gpt*}:max<10000", 0),
        ("ttft_ms{provider:p1, model:M}:max<0.001", 99),
        ("ttft_ms{context:0}:max<0.001", 99),
        ("errors{provider:p0}:rate<1%", 0),
    ],
)
def test_a_threshold_is_for_all_cells_or_for_those_that_it_names(serve: Serve, rule: str, status: int) -> None:
    config(serve(ANSWER).url("/v1"), serve(ANSWER).url("/v1"))
    ran = bench("--threshold", rule, "--junit", "a.xml", THE_KEY=KEY)
    assert ran.status == status
    rows = result()["thresholds"]
    assert len(rows) == (1 if "p0" in rule or "p1" in rule else 2)
    assert all(row["ok"] for row in rows) is (status == 0)
    assert int(ET.parse("a.xml").getroot().get("failures") or 0) == (0 if status == 0 else len(rows))


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--threshold", "ttft_ms{model:x}:max<1"], "--threshold ttft_ms{model:x}:max<1: no cell is called so"),
        (["--threshold", "ttft_ms{name:x}:max<1"], "a rule is for a provider, a model or a context"),
        (["--threshold", "ttft_ms{model}:max<1"], "write {model:PATTERN}"),
        (["--threshold", "ttft:max<1"], "there is no ttft; did you mean ttft_ms?"),
        (["--provider", "x"], "--provider x: nothing is called so; there are: p0"),
        (["--config", "none.yaml"], "none.yaml"),
        (["--compare", "a"], "--compare: give two results"),
        (["--compare", "a", "b"], "a: there is no such result in results"),
        (["--list", "--history"], "--list: cannot go with --history; keep one of them"),
        (["--prompt", "a", "--param-file", "b"], "--prompt a: cannot go with --param-file"),
        (["--runs", "0"], "--runs 0"),
        (["extra"], 'unexpected argument "extra"'),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_and_status_2(serve: Serve, argv: list[str], said: str) -> None:
    server = serve(ANSWER)
    config(server.url("/v1"))
    ran = bench(*argv, THE_KEY=KEY)
    assert (ran.status, server.requests) == (2, [])
    assert said in ran.err
    assert ran.err.count("\n") == 1


def test_without_a_config_it_says_how_to_begin() -> None:
    ran = bench()
    assert (ran.status, ran.err.endswith("or try bench --demo\n")) == (2, True)


def test_nothing_measured_is_status_1_and_says_why() -> None:
    Path("config.yaml").write_text("providers: {o: {api_key_env: THE_KEY, models: [{id: gpt-4o}]}}")
    ran = bench()
    assert ran.status == 1
    assert "no key: set THE_KEY, or write it into .env" in ran.out


def test_history_and_comparison_of_two_results(serve: Serve) -> None:
    config(serve(ANSWER).url("/v1"))
    for _ in range(2):
        bench("--runs", "4", THE_KEY=KEY)
    first, second = sorted(path.stem for path in Path("results").glob("*.json"))
    listed = [line.split()[0] for line in bench("--history").out.splitlines()]
    assert listed == ["id", second, first]
    compared = bench("--compare", first, f"results/{second}.json").out
    assert "TTFT ms" in compared
    assert "95 % interval" in compared


def test_markup_of_a_config_stays_text(serve: Serve) -> None:
    config(serve(ANSWER).url("/v1"), models="[{id: m, display_name: '[red]x[/red]|`y`'}]")
    ran = bench("--markdown", "a.md", THE_KEY=KEY)
    assert "[red]x[/red]|`y`" in ran.out
    assert r"\[red\]x\[/red\]\|\`y\`" in Path("a.md").read_text()


def test_interrupted_it_keeps_what_there_is_and_ends_with_130(serve: Serve, tmp_path: Path) -> None:
    server = serve(ANSWER, ANSWER, chunked(token("a"), FOREVER_S, FINISH, usage(1, 1), DONE))
    config(server.url("/v1"))
    command = [sys.executable, str(ROOT / "sse_perfTestTool.py"), "bench", "--runs", "9", "--lang", "en"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "THE_KEY": KEY}, text=True)
    server.seen(3)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=FOREVER_S)
    assert process.returncode == 130
    assert "stopping" in out
    found = result()
    assert (found["state"], found["cells"][0]["state"], found["cells"][0]["requests"]["ok"]) == (
        "cancelled",
        "cancelled",
        1,
    )


def test_killed_it_leaves_a_result_that_can_be_read(serve: Serve) -> None:
    server = serve(*[ANSWER] * 3, chunked(token("a"), FOREVER_S, DONE))
    config(server.url("/v1"), models="[{id: a}, {id: b}]")
    command = [sys.executable, str(ROOT / "sse_perfTestTool.py"), "bench", "--lang", "en"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, "THE_KEY": KEY})
    server.seen(4)
    deadline = time.monotonic() + PROMPT_S
    while not list(Path("results").glob("*.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.wait()
    found = result()
    assert (found["state"], [cell["state"] for cell in found["cells"]]) == ("running", ["done", "waiting"])
    assert "interrupted" in bench("--history").out


def test_the_demo_measures_four_formats_without_a_key() -> None:
    ran = bench("--demo", "--runs", "1", "--max-tokens", "8", "--model", "demo", "--provider", "openai")
    assert ran.status == 0
    assert "OpenAI dialect" in ran.out
    assert result()["cells"][0]["requests"] == {"sent": 1, "ok": 1, "failed": 0}


def test_a_target_that_fails_all_the_time_does_not_fill_the_screen(serve: Serve) -> None:
    config(serve(sized(b"no", status="500 Oops")).url("/v1"))
    said = bench("--runs", "9", THE_KEY=KEY).out
    assert said.count("P0 / M #") == 3
    assert bench("--runs", "9", "--verbose", THE_KEY=KEY).out.count("P0 / M #") == 10
    assert "0/9" in said


def test_what_a_server_says_of_itself_meanwhile_stands_beside_each_target(serve: Serve) -> None:
    server, metrics = serve(ANSWER), serve(sized(VLLM.encode(), kind="text/plain"))
    config(server.url("/v1"))
    ran = bench("--html-report", "b.html", "--metrics-url", metrics.url("/metrics"), THE_KEY=KEY)
    assert ran.status == 0, ran.err
    document = result()
    assert document["server_metrics"]["server"] == "vLLM"
    (cell,) = document["cells"]
    assert (cell["server"]["running"], cell["server"]["waiting"]) == (15, 5)
    assert "running max 15, waiting max 5" in ran.out
    assert "running max 15, waiting max 5" in Path("b.html").read_text("utf-8")
