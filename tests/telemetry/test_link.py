"""The run's end of the telemetry: nothing on the other side delays the run or loses it, and what is lost is said."""

from __future__ import annotations

import json
import time

import pytest

from patience import FOREVER_S, PROMPT_S
from sse_perf_tool.arguments.parsed import TelemetryWanted
from sse_perf_tool.errors import UsageError
from sse_perf_tool.records import IntervalSample
from sse_perf_tool.telemetry import link
from sse_perf_tool.telemetry.lines import columns_in
from sse_perf_tool.telemetry.link import Telemetry
from telemetry_lines import FAILED, OK, START_NS, columns_of

URL = "http://me:s3cr3t-pass@h:4318"
WANTED = TelemetryWanted(otlp=URL)
READY = 'import json, sys, time; asked = sys.stdin.readline(); print(json.dumps({"ready": {"port": None}}), flush=True)'
COUNTS = READY + '; n = len(sys.stdin.readlines()); print(json.dumps({"state": {"unread": n}}), flush=True)'
"""Says how many lines came, in the place of those that it could not read."""


def test_all_lines_reach_the_process_before_it_ends() -> None:
    with Telemetry(WANTED, "en", COUNTS) as telemetry:
        for number in range(1000):
            telemetry.write(f"line {number}")
        telemetry.second(IntervalSample(0))
        telemetry.second(None)
    assert telemetry.warnings() == ["--otlp: 1001 finished requests or seconds are not in it, as it could not keep up"]


def test_lines_that_find_no_room_are_dropped_at_once_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "MOST_BYTES", 1000)
    monkeypatch.setattr(link, "HAND_OVER_S", 60.0)
    with Telemetry(WANTED, "en", COUNTS) as telemetry:
        for _ in range(50):
            telemetry.write("x" * 99)
        assert telemetry.dropped == 40, "ten of a hundred bytes have room"
    assert "50 finished requests" in telemetry.warnings()[0], "40 dropped, and ten that came"


ECHOES = (
    READY
    + """
for line in sys.stdin:
    print(json.dumps({"state": {"reason": line}}), flush=True)
"""
)
"""Says each line that comes."""


def test_requests_are_handed_over_with_the_second_in_which_they_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "HAND_OVER_S", FOREVER_S)
    with Telemetry(WANTED, "en", ECHOES) as telemetry:
        telemetry.write_request(OK, START_NS)
        telemetry.write_request(FAILED, START_NS)
        telemetry.second(IntervalSample(0, threads_active=7))
        until_s = time.monotonic() + PROMPT_S
        while '"active":7' not in telemetry._state.get("reason", ""):
            assert time.monotonic() < until_s
            time.sleep(0.01)
        telemetry.write_request(OK, START_NS)
    last = json.loads(telemetry._state["reason"])
    assert columns_in(last) == columns_of(OK), "what came behind the last second comes at the end"


def test_requests_find_as_much_room_as_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "MOST_BYTES", 3 * link.REQUEST_BYTES)
    monkeypatch.setattr(link, "HAND_OVER_S", FOREVER_S)
    with Telemetry(WANTED, "en", COUNTS) as telemetry:
        for _ in range(5):
            telemetry.write_request(OK, START_NS)
        assert telemetry.dropped == 2
    assert telemetry.warnings()[0].startswith("--otlp: 3 finished requests"), "two dropped, and the one line that came"


def test_a_process_that_takes_nothing_is_ended_in_time() -> None:
    begin_s = time.monotonic()
    with Telemetry(WANTED, "en", READY + "; time.sleep(600)", flush_s=0.2) as telemetry:
        for _ in range(100):
            telemetry.write("x" * 10_000)  # more than a pipe holds
    assert time.monotonic() - begin_s < 60
    assert telemetry.warnings() == [
        "--otlp: its process ended early or did not end in time; what came last is not in it"
    ]


def test_a_process_that_dies_is_said_and_the_run_goes_on() -> None:
    with Telemetry(TelemetryWanted(prometheus=("h", 1)), "zh", READY + "; sys.exit(3)") as telemetry:
        telemetry._process.wait()
        telemetry.write("line")
    assert telemetry.warnings() == ["--prometheus：其进程提前结束或未按时结束，缺少最后的数据"]


def test_what_did_not_arrive_is_said_with_the_reason_and_without_secrets() -> None:
    state = {
        "spans": 9, "spans_sent": 4, "exports": 3, "exports_failed": 2, "last_failed": True, "unread": 0,
        "reason": f"Failed: {URL}/v1/traces said\n\x1b[31mno",
    }  # fmt: skip
    program = READY + f"; sys.stdin.read(); print(json.dumps(dict(state={state})), flush=True)".replace("True", "True")
    with Telemetry(WANTED, "en", program) as telemetry:
        pass
    shown = "http://…@h:4318"
    why = f"(Failed: {shown}/v1/traces said"
    lost, failed = telemetry.warnings()
    assert lost.startswith(f"--otlp {shown}: 5 of 9 spans did not arrive {why}")
    assert failed.startswith(f"--otlp {shown}: 2 of 3 exports of metrics failed, the last one too: final values are")
    for line in (lost, failed):
        assert line.isprintable()
        assert "s3cr3t" not in line


@pytest.mark.parametrize(
    ("program", "line"),
    [
        (
            "import sys; sys.exit(1)",
            "the process for --prometheus did not start; leave --prometheus out, or run it again",
        ),
        (
            """import json; print(json.dumps({"failed": {"reason": "Address already in use"}}), flush=True)""",
            "--prometheus 127.0.0.1:80: cannot listen there: Address already in use; name another address or port",
        ),
    ],
)
def test_a_process_that_cannot_begin_is_one_line_before_the_load(program: str, line: str) -> None:
    with pytest.raises(UsageError) as caught, Telemetry(TelemetryWanted(prometheus=("127.0.0.1", 80)), "en", program):
        pass
    assert str(caught.value) == line


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        (WANTED, '--otlp needs the OpenTelemetry SDK; install it: pip install "sse-perf-tool[otel]"'),
        (
            TelemetryWanted(prometheus=("h", 1)),
            '--prometheus needs prometheus_client; install it: pip install "sse-perf-tool[prometheus]"',
        ),
    ],
)
def test_a_package_that_is_missing_is_one_line(
    wanted: TelemetryWanted, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_spec(name: str) -> None:
        if name.startswith("opentelemetry"):
            raise ModuleNotFoundError(name)

    monkeypatch.setattr(link, "find_spec", find_spec)
    with pytest.raises(UsageError) as caught:
        Telemetry(wanted, "en")
    assert str(caught.value) == line
