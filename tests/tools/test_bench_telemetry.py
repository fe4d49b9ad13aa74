"""What it costs to show a run elsewhere: the arithmetic, and that what is measured has somebody at its other end."""

from __future__ import annotations

import json
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from patience import FOREVER_S

pytest.importorskip("resource", reason="the bench needs Linux or macOS")

import bench_telemetry
from bench_telemetry import Cost, cost_of, rows_of, table


def run(chunks: int, cpu_s: float) -> dict[str, float]:
    return {"chunks": chunks, "cpu_us_per_chunk": cpu_s / chunks * 1e6}


def test_two_durations_tell_the_start_from_a_further_chunk() -> None:
    # 0.5 s to start and 20 us a chunk.
    cost = cost_of([run(50_000, 1.5), run(350_000, 7.5)])
    assert cost == pytest.approx(Cost(0.5, 20.0, 7.5 / 350_000 * 1e6))


def test_ratios_are_medians_of_those_of_each_turn() -> None:
    found = {
        "this tool": [Cost(0.5, 20, 30), Cost(0.7, 40, 50), Cost(0.6, 30, 40)],
        "both": [Cost(1.0, 22, 33), Cost(1.1, 40, 55), Cost(1.2, 31.5, 42)],
    }
    plain, both = (list(row.values()) for row in rows_of(found))
    assert plain == ["this tool", 0.6, 0.0, 30, 1.0, 1.0]
    assert both == ["both", 1.1, pytest.approx(0.5), 31.5, pytest.approx(1.05), pytest.approx(1.1)]
    first, *lines = table(rows_of(found)).splitlines()
    assert first.split("  ")[0] == "flags"
    assert lines[1].split() == ["both", "1.10", "0.50", "31.50", "1.05", "1.10"]
    assert len({len(line) for line in (first, *lines)}) == 1


def test_the_collector_takes_what_is_sent_and_the_page_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_SCRAPE_S", "0.05")
    with bench_telemetry.listeners() as flags:
        prometheus, otlp = flags["--prometheus"].split()[1], flags["--otlp"].split()[1]
        assert flags["both"].split() == ["--prometheus", prometheus, "--otlp", otlp]
        sent = urllib.request.Request(otlp + "/v1/metrics", b"x" * 100)
        assert urllib.request.urlopen(sent, timeout=FOREVER_S).status == 200
        read = threading.Event()

        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                assert self.path == "/metrics"
                self.send_response(200)
                self.end_headers()
                read.set()

            def log_message(self, *_: object) -> None:
                pass

        host, port = prometheus.split(":")
        with HTTPServer((host, int(port)), Page) as server:
            server.timeout = FOREVER_S
            server.handle_request()
        assert read.is_set()


def test_a_short_bench_ends_with_a_row_for_each_set_of_flags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[str, float]] = []

    def measure(client, port, url, load, roots):
        asked.append((client, load.duration))
        return run(round(load.duration * 1000), 1 + load.duration)

    monkeypatch.setattr(bench_telemetry.bench, "measure", measure)
    file = tmp_path / "f.json"
    assert bench_telemetry.main(["--threads", "2", "--seconds", "1", "3", "--runs", "2", "--json", str(file)]) == 0
    assert [duration for _, duration in asked] == [1, 1, 1, 1, 3, 3, 3, 3] * 2
    rows = json.loads(file.read_text("utf-8"))["rows"]
    assert [row["flags"] for row in rows] == ["this tool", "--prometheus", "--otlp", "both"]
    assert {row["us a chunk"] for row in rows} == {1000.0}
    assert {row["start s"] for row in rows} == {1.0}
    assert "2 threads" in capsys.readouterr().out
