"""The tool against streaming servers written by others, each told how fast to be.

`make test-peers` installs them and runs this; without TEST_PEERS in the environment everything here is skipped.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import broken_server

HERE = Path(__file__).parent
TOOL = HERE.parent.parent / "sse_perfTestTool.py"
BIN = HERE / ".venv" / "bin"

pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(
        not os.environ.get("TEST_PEERS"),
        reason="streams from servers by others: make test-peers (TEST_PEERS=1)",
    ),
]

KEY = f"sk-{secrets.token_hex(32)}"
"""LiteLLM does not start with one that could be guessed."""
FIRST_TOKEN_MS = 150
GAP_MS = 25
TOKENS = 40
"""What GuideLLM's server is told."""
CHUNKS = 12
"""What the better-sse server is told."""


class Run(NamedTuple):
    """What the tool left behind."""

    status: int
    summary: Mapping[str, Any]
    records: list[dict[str, Any]]

    def p50(self, metric: str) -> float:
        """The median of a metric in its own unit."""
        return float(self.summary["metrics"][metric]["p50"])

    @property
    def tokens(self) -> dict[str, Any]:
        """Those of the ok answers, and who counted them."""
        return {name: self.summary["tokens"][name] for name in ("output", "prompt", "source")}

    def values(self, field: str) -> set[Any]:
        """The different values of a field of the records."""
        return {record[field] for record in self.records}


Tool = Callable[..., Run]


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    """Runs the command line against a URL: by default 6 requests over 2 threads."""

    def run(url: str, *flags: str, load: tuple[int, int] = (6, 2)) -> Run:
        requests, threads = map(str, load)
        files = {name: tmp_path / name for name in ("run.json", "run.jsonl", "run.html")}
        command = [sys.executable, str(TOOL), "--url", url, "--api-key", KEY, "--quiet", "--lang", "en",
                   "--requests", requests, "--threads", threads, "--json", str(files["run.json"]),
                   "--records", str(files["run.jsonl"]), "--html-report", str(files["run.html"]), *flags]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.stderr == ""
        assert KEY not in done.stdout + "".join(file.read_text(encoding="utf-8") for file in files.values())
        _header, *lines = files["run.jsonl"].read_text(encoding="utf-8").splitlines()
        records = [json.loads(line) for line in lines]
        return Run(done.returncode, json.loads(files["run.json"].read_text(encoding="utf-8")), records)

    return run


@contextlib.contextmanager
def serving(command: list[str | Path], port: int, ready_path: str, cwd: Path = HERE, **environ: str) -> Iterator[str]:
    """Runs a server until the end of the block; gives its base URL once `ready_path` is answered, however."""
    env = {**os.environ, **environ}
    with subprocess.Popen(command, cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            base = f"http://127.0.0.1:{port}"
            _await_answer(process, base + ready_path)
            yield base
        finally:
            process.terminate()


def _await_answer(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + 150  # LiteLLM takes its time
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            assert process.poll() is None, f"the server ended with status {process.returncode}"
            assert time.monotonic() < deadline, "the server does not come up"
            time.sleep(0.2)
        else:
            return


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def near(told: float) -> Any:
    """What a server that was told `told` may really do on a busy machine."""
    return pytest.approx(told, rel=0.4)


# --- GuideLLM's mock server: exact first-token time, gap and length


@pytest.fixture(scope="module")
def guidellm() -> Iterator[str]:
    port = free_port()
    told = ["--ttft-ms", FIRST_TOKEN_MS, "--itl-ms", GAP_MS, "--output-tokens", TOKENS]
    command = [BIN / "guidellm", "mock-server", "--host", "127.0.0.1", "--port", port, *told]
    with serving([str(part) for part in command], port, "/health") as base:
        yield base


@pytest.mark.parametrize(
    ("path", "format_name", "tokens"),
    [
        ("/v1/chat/completions", "openai_chat", TOKENS),
        ("/v1/completions", "openai_completions", 16),  # max_tokens, which the request leaves out, is 16 in that API
        ("/v1/responses", "openai_responses", TOKENS),
    ],
)
def test_guidellm_streams_as_it_was_told(guidellm: str, tool: Tool, path: str, format_name: str, tokens: int) -> None:
    run = tool(guidellm + path, "--model", "mock", "--query", "你是谁")
    assert run.status == 0
    assert run.summary["outcomes"] == {"ok": 6}
    assert run.tokens == {"output": 6 * tokens, "prompt": 6, "source": "usage"}
    assert (run.values("format"), run.values("chunks"), run.values("output_tokens")) == (
        {format_name},
        {tokens},
        {tokens},
    )
    assert run.summary["metrics"]["itl_ms"]["count"] == 6 * (tokens - 1)
    assert run.p50("ttft_ms") == near(FIRST_TOKEN_MS)
    assert run.p50("itl_ms") == near(GAP_MS)
    assert run.p50("tpot_ms") == near(GAP_MS)
    assert run.p50("latency_ms") == near(FIRST_TOKEN_MS + (tokens - 1) * GAP_MS)
    assert min(record["ttft_ms"] for record in run.records) > FIRST_TOKEN_MS - 5, "nothing comes before its time"


# --- better-sse under express: an SSE library with habits of its own


@pytest.fixture(scope="module")
def better_sse() -> Iterator[str]:
    port = free_port()
    told = [port, FIRST_TOKEN_MS, GAP_MS, CHUNKS]
    with serving(["node", "better_sse_server.mjs", *map(str, told)], port, "/") as base:
        yield base + "/v1/chat/completions"


def test_better_sse_counts_text_and_nothing_else(better_sse: str, tool: Tool) -> None:
    run = tool(better_sse)
    assert run.status == 0
    assert (run.summary["outcomes"], run.summary["errors"]) == ({"ok": 6}, [])
    assert run.values("chunks") == {CHUNKS}
    assert run.values("text_chars") == {6 * len("好") + 6 * len("go on ")}
    assert run.values("finish_reason") == {"stop"}
    assert run.tokens == {"output": 6 * 2 * CHUNKS, "prompt": 6 * 7, "source": "usage"}
    assert min(record["ttft_ms"] for record in run.records) >= FIRST_TOKEN_MS - 1  # Node counts in whole milliseconds
    assert run.p50("ttft_ms") == near(FIRST_TOKEN_MS)
    assert run.p50("ttfb_ms") < FIRST_TOKEN_MS / 2, "head, retry block and role chunk come at once and are no token"
    assert run.p50("itl_ms") == near(GAP_MS)
    assert run.summary["metrics"]["itl_ms"]["count"] == 6 * (CHUNKS - 1)


def test_without_usage_the_tokens_are_estimated_from_the_text(better_sse: str, tool: Tool, tmp_path: Path) -> None:
    template = tmp_path / "body.json"
    template.write_text('{"messages": [{"role": "user", "content": "{query}"}], "stream": true}', encoding="utf-8")
    run = tool(better_sse, "--request-body-file", str(template))
    assert run.tokens == {"output": 6 * (6 + 6 * 2), "prompt": None, "source": "estimate"}  # 6 好, 6 go on


def test_debug_shows_what_better_sse_puts_on_the_wire(better_sse: str) -> None:
    command = [sys.executable, str(TOOL), "--url", better_sse, "--api-key", "x", "--debug"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    lines = [line.partition(" < ")[2] for line in shown.splitlines()]
    assert {"retry:2000", "event:message", ":", 'data:"[DONE]"'} <= set(lines)
    assert lines.index(":") < next(n for n, line in enumerate(lines) if "好" in line), (
        "comments precede the first token"
    )


# --- llmock: several APIs, faults on demand, and a log of what it did


class Llmock(NamedTuple):
    """The server behind a base URL, and its admin interface."""

    base: str

    def script(self, *behaviors: Mapping[str, Any]) -> None:
        """What the next requests meet; everything before is forgotten."""
        self._call("/reset", {})
        if behaviors:
            self._call("/scenario", {"behaviors": behaviors})

    def seen(self) -> list[dict[str, Any]]:
        """The server's own log, one entry a request."""
        return list(self._call("/requests")["requests"])

    def _call(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.base}/_llmock{path}", data, timeout=5) as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def llmock_server() -> Iterator[Llmock]:
    port = free_port()
    command = ["serve", "--host", "127.0.0.1", "--port", port, "--latency-ms", 100, "--stream-chunk-delay-ms", GAP_MS]
    with serving([str(part) for part in [BIN / "llmock", *command]], port, "/_llmock/requests") as base:
        yield Llmock(base)


@pytest.fixture
def llmock(llmock_server: Llmock) -> Llmock:
    llmock_server.script()
    return llmock_server


@pytest.mark.parametrize(
    ("path", "format_name", "finish"),
    [
        ("/v1/chat/completions", "openai_chat", "stop"),
        ("/v1/responses", "openai_responses", "completed"),
        ("/anthropic/v1/messages", "anthropic", "end_turn"),
    ],
)
def test_llmock_saw_what_the_tool_says(llmock: Llmock, tool: Tool, path: str, format_name: str, finish: str) -> None:
    llmock.script({"type": "reply", "text": "你好 one two three", "times": None})
    run = tool(llmock.base + path, "--model", "m", "--no-compression-check", load=(8, 2))
    log = llmock.seen()
    assert run.status == 0
    assert run.summary["outcomes"] == {"ok": 8}
    assert [(entry["path"], entry["stream"], entry["completed"]) for entry in log] == [(path, True, True)] * 8
    assert (run.values("format"), run.values("finish_reason")) == ({format_name}, {finish})
    assert run.values("text_chars") == {len("你好 one two three")}
    assert run.values("chunks") == {4}
    assert run.p50("itl_ms") == near(GAP_MS)
    servers_own_ms = sorted(entry["duration"] * 1000 for entry in log)
    assert run.p50("latency_ms") == pytest.approx((servers_own_ms[3] + servers_own_ms[4]) / 2, abs=20)


CHAT = "/v1/chat/completions"
BROKEN = {"type": "stream_fault", "after_chunks": 3}
"""After the role chunk and two of text."""


@pytest.mark.parametrize(
    ("behavior", "status", "expected"),
    [
        (BROKEN | {"kind": "truncate"}, 1, {"outcome": "truncated", "chunks": 2}),
        (BROKEN | {"kind": "disconnect"}, 1, {"outcome": "truncated", "chunks": 2}),
        (BROKEN | {"kind": "stall", "stall_seconds": 5}, 1, {"outcome": "idle_timeout", "chunks": 2}),
        (BROKEN | {"kind": "malformed"}, 1, {"outcome": "malformed", "chunks": 3}),
        ({"type": "fail", "status": 401}, 1, {"outcome": "http_error", "status": 401, "retries": 0}),
        ({"type": "fail", "status": 429, "retry_after": 1}, 0, {"outcome": "ok", "status": 200, "retries": 1}),
    ],
    ids=["truncate", "disconnect", "stall", "malformed", "401", "429"],
)
def test_a_fault_of_llmock_gets_its_outcome(
    llmock: Llmock, tool: Tool, behavior: dict[str, Any], status: int, expected: dict[str, Any]
) -> None:
    llmock.script(behavior, {"type": "reply", "text": "one two three four", "times": None})
    run = tool(llmock.base + CHAT, "--idle-timeout", "0.5", load=(1, 1))
    (record,) = run.records
    assert run.status == status, record["error"]
    assert {name: record[name] for name in expected} == expected
    log = llmock.seen()
    assert len(log) == 1 + record["retries"]
    if record["retries"]:
        assert log[1]["started_at"] - log[0]["ended_at"] >= 1, "Retry-After is obeyed"


# --- Pydantic AI: an agent over AG-UI, whose tool and words take as long as they are told


def test_an_agent_of_pydantic_ai_shows_when_it_calls_its_tool_and_how_long_that_works(tool: Tool) -> None:
    port = free_port()
    with serving([str(BIN / "uvicorn"), "--port", str(port), "agui_server:app"], port, "/") as base:
        run = tool(base + "/ag-ui")
    assert (run.status, run.summary["outcomes"], run.values("format")) == (0, {"ok": 6}, {"ag_ui"})
    found = {(each["kind"], each["name"]): each for each in run.summary["milestones"]}
    assert [(name, each["spans"]) for (kind, name), each in found.items() if kind == "tool_call"] == [("weather", 6)]
    assert found["tool_result", "weather"]["duration_ms"]["p50"] == near(200)
    assert found["tool_call", "weather"]["duration_ms"]["p50"] == near(250), "a piece of 50 ms, and the work"
    assert run.p50("text_gap_ms") == near(50)
    assert run.p50("ttft_ms") < run.p50("ttfa_ms") - 200, "the call is output, and no visible text"


# --- MCP: servers of both eras, which count the sessions that are opened


@pytest.mark.parametrize(
    ("package", "told", "flags", "opened"),
    [
        (".venv-agents", [], [], 0),
        (".venv-agents", [], ["-H", "MCP-Protocol-Version: 2025-11-25"], 2),
        (".venv-mcp1", [], [], 2),
        (".venv-mcp1", ["json"], [], 2),
        (".venv-mcp1", ["stateless"], [], 0),
    ],
    ids=["newer", "newer-asked-for-a-session", "older", "older-json", "older-stateless"],
)
def test_the_tool_of_an_mcp_server_is_called_as_its_era_wants(
    tool: Tool, package: str, told: list[str], flags: list[str], opened: int
) -> None:
    port = free_port()
    with serving([HERE / package / "bin" / "python", "mcp_server.py", str(port), *told], port, "/sessions") as base:
        run = tool(base + "/mcp", "--model", "weather", "--query", "Rome", "--no-compression-check", *flags)
        with urllib.request.urlopen(base + "/sessions", timeout=5) as answer:
            sessions = json.load(answer)
    assert (run.status, run.summary["outcomes"], run.values("format")) == (0, {"ok": 6}, {"mcp"})
    assert run.values("text_chars") == {len("Sunny in Rome")}
    assert run.p50("ttft_ms") == near(200)
    assert sessions == {"opened": opened, "left": 0}, "one for each thread, and ended"


# --- LangGraph: two requests for each answer, and a stream that stays open


@pytest.fixture(scope="module")
def langgraph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    app = tmp_path_factory.mktemp("langgraph") / "app"
    shutil.copytree(HERE / "langgraph_app", app)  # it writes its state there
    port = free_port()
    command: list[str | Path] = [HERE / ".venv-agents" / "bin" / "langgraph", "dev", "--no-browser", "--no-reload"]
    command += ["--port", str(port), "--n-jobs-per-worker", "10"]
    with serving(command, port, "/ok", app, LANGSMITH_TRACING="false") as base:
        yield base


SOON = ["--timeout", "20"]
"""A stream whose end never comes is a record that says so, before this test gives the tool up."""


@pytest.mark.parametrize(("assistant", "chunks", "steps"), [("agent", 4, []), ("team", 8, ["member"])])
def test_a_graph_is_started_and_read(langgraph: str, tool: Tool, assistant: str, chunks: int, steps: list[str]) -> None:
    run = tool(langgraph + "/threads", "--model", assistant, "--query", "Rome", "--no-compression-check", *SOON)
    assert (run.summary["outcomes"], run.values("error"), run.values("format")) == ({"ok": 6}, {None}, {"langgraph_v2"})
    assert run.status == 0
    assert (run.values("chunks"), run.values("finish_reason")) == ({chunks}, {"completed"})
    assert run.tokens == {"output": 6 * chunks, "prompt": 6 * 9 * chunks // 4, "source": "usage"}
    assert [each["name"] for each in run.summary["milestones"] if each["kind"] == "step"] == steps
    assert max(record["ttft_ms"] for record in run.records) < 10_000
    assert min(record["ttft_ms"] for record in run.records) >= 45, "a word takes 50 ms, after the run has started"


@pytest.mark.parametrize(
    ("query", "outcome", "said"),
    [("boom", "in_stream_error", "engine died"), ("may I", "ok", None)],
)
def test_a_graph_fails_and_asks(langgraph: str, tool: Tool, query: str, outcome: str, said: str | None) -> None:
    run = tool(langgraph + "/threads", "--query", query, *SOON, load=(2, 1))
    assert (run.summary["outcomes"], run.values("error")) == ({outcome: 2}, {said})


def test_an_assistant_that_is_not_there_is_said_once(langgraph: str, tool: Tool) -> None:
    run = tool(langgraph + "/threads", "--model", "nope", *SOON, load=(2, 1))
    (error,) = run.summary["errors"]
    assert (error["outcome"], error["count"]) == ("in_stream_error", 2)
    assert "Invalid assistant: 'nope'" in error["message"]


# --- application servers: what stands between an answer and its client


def test_gunicorn_with_eight_threads_answers_eight_of_sixteen_clients(tool: Tool) -> None:
    port = free_port()
    told = ["--worker-class", "gthread", "--threads", "8", "--bind", f"127.0.0.1:{port}", "flask_app:app"]
    with serving([str(BIN / "gunicorn"), *told], port, "/") as base:
        run = tool(base + CHAT, load=(64, 16))
    assert (run.status, run.summary["outcomes"]) == (0, {"ok": 64})
    assert run.p50("itl_ms") == near(20), "the gaps say nothing"
    queue = run.summary["service_queue"]
    assert queue["most_answered"] == 8
    assert [finding["kind"] for finding in run.summary["findings"]].count("service_queue") == 1


@pytest.mark.parametrize(
    ("path", "kind"), [("/plain/chat/completions", "whole"), ("/async/chat/completions", "smooth")]
)
def test_django_sends_a_plain_generator_at_its_end(tool: Tool, path: str, kind: str) -> None:
    port = free_port()
    with serving([str(BIN / "uvicorn"), "--port", str(port), "django_app:app"], port, "/") as base:
        run = tool(base + path, "--format", "openai_chat")
    assert (run.status, run.summary["outcomes"]) == (0, {"ok": 6})
    assert run.summary["stream_shape"]["kind"] == kind
    assert run.p50("ttfb_ms") < 500, "the head comes at once"
    first_text_ms = run.p50("ttft_ms")
    assert first_text_ms > 1000 if kind == "whole" else first_text_ms < 500, "20 events, 50 ms apart"


@pytest.mark.parametrize(("headers", "kind"), [([], "smooth"), (["-H", "Accept-Encoding: gzip"], "whole")])
def test_express_holds_what_it_compresses(tool: Tool, headers: list[str], kind: str) -> None:
    port = free_port()
    with serving(["node", "express_server.mjs", str(port)], port, "/") as base:
        run = tool(base + CHAT, *headers)
    assert (run.status, run.summary["outcomes"]) == (0, {"ok": 6})
    assert run.summary["stream_shape"]["kind"] == kind
    if not headers:
        assert run.summary["compression_check"]["content_encoding"] in ("gzip", "br"), "what other clients get"


# --- LiteLLM: a gateway that ends broken answers in its own words


@pytest.fixture(scope="module")
def half_broken() -> Iterator[str]:
    server = broken_server.serving(0, "eof")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()


def test_litellm_makes_whole_answers_of_broken_ones(half_broken: str, tool: Tool) -> None:
    straight = tool(half_broken + "/chat/completions", "--model", "m", load=(20, 2))
    assert (straight.status, straight.summary["outcomes"]) == (1, {"ok": 10, "truncated": 10})
    port = free_port()
    command = [HERE / ".venv-litellm" / "bin" / "litellm", "--config", "litellm.yaml", "--host", "127.0.0.1",
               "--port", str(port)]  # fmt: skip
    with serving(command, port, "/health/liveliness", UPSTREAM=half_broken, LITELLM_MASTER_KEY=KEY) as base:
        through = tool(base + CHAT, "--model", "m", load=(20, 2))
    assert through.summary["outcomes"] == {"ok": 20}, "what no client can tell: finish and [DONE] are made up"
    assert through.values("finish_reason") == {"stop"}
    assert through.values("chunks") == {10, 20}
    made_up = [record["output_tokens"] for record in through.records if record["chunks"] == 10]
    assert len(made_up) == 10
    assert min(made_up) > 15, "the usage of ten words"
    assert any("repaired by a gateway" in warning for warning in through.summary["warnings"])


@pytest.fixture(scope="module")
def aimock() -> Iterator[str]:
    port = free_port()
    command = ["node", "node_modules/@copilotkit/aimock/dist/cli.js", "--port", str(port), "--fixtures", "aimock.json",
               "--latency", "30", "--chunk-size", "4", "--log-level", "silent"]  # fmt: skip
    with serving(command, port, "/health") as base:
        yield base + CHAT


@pytest.fixture(scope="module")
def litellm(guidellm: str) -> Iterator[str]:
    """LiteLLM's proxy in front of GuideLLM's mock server."""
    port = free_port()
    command = [HERE / ".venv-litellm" / "bin" / "litellm", "--config", "litellm.yaml", "--host", "127.0.0.1",
               "--port", str(port)]  # fmt: skip
    upstream = {"UPSTREAM": guidellm + "/v1", "LITELLM_MASTER_KEY": KEY}
    with serving(command, port, "/health/liveliness", **upstream) as base:
        yield base + CHAT


def test_bench_sets_servers_by_others_side_by_side_with_the_figures_of_single_runs(
    guidellm: str, better_sse: str, llmock: Llmock, aimock: str, litellm: str, tool: Tool, tmp_path: Path
) -> None:
    targets = {
        "guidellm": ("openai_chat", guidellm + "/v1/chat/completions"),
        "better_sse": ("openai_chat", better_sse),
        "llmock": ("anthropic", llmock.base + "/anthropic/v1/messages"),
        "completions": ("openai_completions", guidellm + "/v1/completions"),
        "aimock": ("openai_chat", aimock),
        "litellm": ("openai_chat", litellm),
    }
    providers = {
        name: {"format": format_name, "api_base": url, "api_key": KEY, "models": [{"id": "m"}]}
        for name, (format_name, url) in targets.items()
    }
    (tmp_path / "config.yaml").write_text(
        json.dumps({"defaults": {"runs": 20, "prompt": "hi"}, "providers": providers})
    )
    command = [sys.executable, str(TOOL), "bench", "--order", "interleaved", "--json", "bench.json", "--lang", "en"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    cells = {cell["provider_key"]: cell for cell in json.loads((tmp_path / "bench.json").read_text())["cells"]}
    for name, (_, url) in targets.items():
        alone = tool(url, "--model", "m", "--query", "hi", load=(21, 1)).summary["metrics"]["ttft_ms"]["p50"]
        beside = cells[name]["metrics"]["ttft_ms"]["p50"]
        print(f"{name}: TTFT P50 {beside:.2f} ms side by side, {alone:.2f} ms alone")
        assert cells[name]["requests"] == {"sent": 20, "ok": 20, "failed": 0}
        assert abs(beside - alone) < 10
