"""The bench tells the truth: its server keeps its promise, its percentiles are right, its table can be read."""

from __future__ import annotations

import json
import re
import shutil
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from patience import FOREVER_S

pytest.importorskip("resource", reason="the bench needs Linux or macOS")

import bench
import bench_clients
import bench_parts
import bench_tls
from bench_figures import distribution, percentile
from sse_perf_tool.calibration import server as calibration_server
from sse_perf_tool.formats.shape import compiled_take

TOOLS = Path(__file__).resolve().parents[2] / "tools"

LOAD = bench.Load(threads=5, ttft_ms=40.0, itl_ms=10.0, events=8)


@pytest.fixture
def port() -> Iterator[int]:
    with bench.paced_server(LOAD) as port:
        yield port


def answer_of(port: int) -> bytes:
    asked = urllib.request.Request(bench.url_of(port), data=b'{"stream": true}')
    with urllib.request.urlopen(asked, timeout=FOREVER_S) as answer:
        return bytes(answer.read())


def test_percentiles_are_those_computed_by_hand() -> None:
    assert percentile([7], 99) == 7
    assert percentile([10, 20], 50) == 15
    assert percentile([0, 10, 20, 30, 40], 90) == pytest.approx(36)  # place 3.6
    assert percentile(range(101), 99) == 99


def test_a_distribution_is_in_milliseconds_and_takes_values_in_any_order() -> None:
    found = distribution([3_000_000, 1_000_000, 2_000_000])
    assert found == pytest.approx({"count": 3, "mean": 2, "p50": 2, "p90": 2.8, "p99": 2.98})
    assert distribution([]) == {"count": 0}


def test_the_truth_has_the_figures_of_what_was_sent(port: int) -> None:
    answer_of(port)
    truth = bench.truth_of(port)
    assert (truth["chunks"], truth["ttft_ms"]["count"], truth["itl_ms"]["count"], truth["late_ms"]["count"]) == (
        8,
        1,
        7,
        8,
    )
    assert truth["ttft_ms"]["p50"] >= LOAD.ttft_ms


def test_the_classic_client_sees_what_the_server_sent(port: int) -> None:
    seen = bench_clients.by_iter_lines(bench.url_of(port), threads=2, seconds=0.05)
    assert seen.requests == bench.truth_of(port)["requests"] >= 2
    assert len(seen.ttft_ns) == seen.requests
    assert len(seen.gap_ns) == seen.requests * (LOAD.events - 1)
    assert min(seen.ttft_ns) >= LOAD.ttft_ms * 1e6


def test_over_tls_the_first_request_of_a_connection_has_the_handshake_in_its_ttft(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The handshake is made slow, and then hours are added to it, so that no other delay explains the difference."""
    decrypted, send_handshake, hours_ns = bench_tls.TlsStream.decrypted, bench_tls.TlsServer._send_handshake, 10**13

    def slow(stream: bench_tls.TlsStream, data: bytes) -> bytes:
        if not stream.open:
            time.sleep(0.5)
        return decrypted(stream, data)

    def longer(server: bench_tls.TlsServer, stream: bench_tls.TlsStream, arrived_ns: int) -> None:
        before_ns = stream.opening_ns
        send_handshake(server, stream, arrived_ns)
        stream.opening_ns += (stream.opening_ns > before_ns) * hours_ns

    monkeypatch.setattr(bench_tls.TlsStream, "decrypted", slow)
    monkeypatch.setattr(bench_tls.TlsServer, "_send_handshake", longer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = bench_tls.TlsServer(LOAD.ttft_ms, LOAD.itl_ms, LOAD.events, context)
    thread = threading.Thread(target=server.serve)
    thread.start()
    client = ssl.create_default_context()
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    connection = HTTPSConnection("127.0.0.1", server.tls_port, context=client, timeout=FOREVER_S)
    try:
        for _ in range(2):
            connection.request("POST", "/v1/chat/completions", b"{}")
            assert connection.getresponse().read().endswith(b"data: [DONE]\n\n")
        first_ns, second_ns = calibration_server.ask(server.port, "/stats")["ttft_ns"]
    finally:
        connection.close()
        server.stop()
        thread.join()
    assert first_ns >= hours_ns + (LOAD.ttft_ms + 500) * 1e6
    assert LOAD.ttft_ms * 1e6 <= second_ns < hours_ns


def test_a_load_over_tls_has_the_same_truth() -> None:
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command is missing: no certificate to test with")
    nobodys = ssl.create_default_context()
    nobodys.check_hostname, nobodys.verify_mode = False, ssl.CERT_NONE
    with bench.served(replace(LOAD, tls=True)) as (port, url):
        asked = urllib.request.Request(url, data=b'{"stream": true}')
        with urllib.request.urlopen(asked, timeout=30, context=nobodys) as answer:
            said = answer.read()
        truth = bench.truth_of(port)
    assert url.startswith("https://")
    assert (said.count(b"tok "), truth["requests"], truth["chunks"], truth["done"]) == (8, 1, 8, 1)
    assert truth["ttft_ms"]["p50"] >= LOAD.ttft_ms


def test_medians_are_taken_of_the_errors_and_not_of_their_ends() -> None:
    def run(truth: float, reported: float) -> dict[str, float]:
        pairs = ((f"{name} {stat}", kind) for name, _, stat in bench.FIGURES for kind in ("truth", "reported"))
        return {f"{figure} {kind}": truth if kind == "truth" else reported for figure, kind in pairs}

    found = bench.median_of([run(10, 11), run(20, 25), run(31, 33)])
    assert (found["TTFT p50 truth"], found["TTFT p50 reported"], found["TTFT p50 error"]) == (20, 25, 2)


@pytest.mark.parametrize(("late_p99_ms", "limit"), [(4.9, False), (5.1, True)])
def test_a_server_that_is_more_than_half_a_gap_late_says_that_it_is_the_limit(late_p99_ms: float, limit: bool) -> None:
    found = {"a": {"late_p50_ms": 0.1, "late_p99_ms": late_p99_ms, "server_cpu_us_per_chunk": 10.0}}
    assert ("IT IS THE LIMIT" in bench.server_line(LOAD, found)) is limit


def test_a_client_that_fails_is_an_error_with_its_words() -> None:
    with pytest.raises(bench.ClientError, match=r"status 3: no\b"):
        bench.cost_of([sys.executable, "-c", "import sys; print('no'); sys.exit(3)"], patience_s=10)


def test_quick_ends_with_a_table_whose_figures_add_up(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    command = [sys.executable, str(TOOLS / "bench.py"), "--quick", "--duration", "0.5", "--json", str(file)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=2 * FOREVER_S).stdout
    rows = re.findall(
        r"^(\w+(?: tool)?) +(TTFT|gap) (p50|p99) +([\d.]+) +([\d.]+) +([-+][\d.]+)", printed, re.MULTILINE
    )
    assert len(rows) == 4 * len(bench.clients())
    for _, _, _, truth, reported, error in rows:
        assert float(reported) - float(truth) == pytest.approx(float(error), abs=0.0021)
    for client, figures in json.loads(file.read_text())["loads"][0]["clients"].items():
        assert figures["sent"] == figures["seen"] == figures["done"] >= 4, client
        assert figures["chunks"] == figures["done"] * bench.QUICK.events
        assert figures["TTFT p50 truth"] >= bench.QUICK.ttft_ms
        assert figures["cpu_us_per_chunk"] > 0
        assert figures["peak_rss_mib"] > 5


def test_ratios_are_medians_of_the_turns() -> None:
    def turns(*cpu_us: float) -> list[dict[str, float]]:
        return [{"cpu_us_per_chunk": each, "chunks_per_s": 100.0, "peak_rss_mib": 50.0} for each in cpu_us]

    found = bench.ratios({"this tool": turns(10, 20, 90), "HEAD~1": turns(20, 25, 30), "aiohttp": turns(10, 40, 45)})
    assert found["HEAD~1"] == pytest.approx({"CPU a chunk": 0.8, "chunks/s": 1, "memory": 1})
    assert found["aiohttp"]["CPU a chunk"] == 1
    assert bench.ratio_lines(found).splitlines()[0] == "to HEAD~1   CPU a chunk 0.80, chunks/s 1.00, memory 1.00"


def test_another_revision_is_one_more_client() -> None:
    with bench.tool_at("HEAD") as folder:
        roots = {"this tool": bench.ROOT, "HEAD": folder}
        command = bench.command_of("HEAD", "http://h/", LOAD, Path("f.json"), roots)
        assert command[1] == str(folder / "sse_perfTestTool.py")
        assert (folder / "src" / "sse_perf_tool" / "wire" / "__init__.py").exists()
    assert not folder.exists()
    with pytest.raises(bench.ClientError, match="--against no-such-revision: "), bench.tool_at("no-such-revision"):
        pass


def test_the_tool_with_further_flags_is_one_more_client() -> None:
    _, asked = bench.parse(["--with", "--otlp http://h:4318 --quiet"])
    command = bench.command_of(asked.more, "http://h/", LOAD, Path("f.json"), {asked.more: bench.ROOT})
    assert command[1] == str(bench.ROOT / "sse_perfTestTool.py")
    assert command[-3:] == ["--otlp", "http://h:4318", "--quiet"]


def test_a_client_that_there_is_not_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.parse(["--only", "curl"])
    assert "--only: no such client: curl; there are this tool, iter_lines" in capsys.readouterr().err


def test_the_parts_of_the_way_of_a_chunk_can_be_measured() -> None:
    at_once = compiled_take() is not None
    assert len(dict(bench_parts.parts())) == (5 if at_once else 7)
    one = dict(bench_parts.parts_of_one())
    assert len(one) == 3
    if at_once:
        assert 0 < bench_parts.take_us() < sum(one.values())
    found = dict(bench_parts.parts_of_another())
    assert len(found) == 4
    assert found["SSE: SSEParser.lone_data"] > 0
    assert found["JSON: fast_loads (orjson)"] > 0
