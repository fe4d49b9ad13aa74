"""Plans and results travel whole; what is something else is not made."""

from __future__ import annotations

import os
import pickle
import subprocess
from pathlib import Path

import pytest

from sse_perf_tool.arguments import parse_arguments
from sse_perf_tool.commands.setup import target_of
from sse_perf_tool.distributed.parcels import PIECE_BYTES, Parcel, ParcelError, opened, packed, pieces
from sse_perf_tool.formats import FORMATS
from sse_perf_tool.goals.thresholds import slos_of
from sse_perf_tool.metrics import Tally
from sse_perf_tool.pace.division import Share
from sse_perf_tool.records import Outcome, RequestRecord

ROOT = Path(__file__).resolve().parents[2]


def words(name: str) -> list[str]:
    more = ["--cancel-after", "1", "--cancel-rate", "0.1", "--turns", "2", "--slo", "ttft_ms<5", "--threads", "4"]
    return ["--url", "http://h/x", "--format", name, "--api-key", "app-0123456789", "--query", "a secret", *more]


@pytest.mark.parametrize("name", [name for name in sorted(FORMATS) if name not in ("custom", "dashscope", "qianfan")])
def test_the_plan_of_each_format_travels(name):
    try:
        arguments = parse_arguments(words(name), {}, None)
    except Exception:
        arguments = parse_arguments([word for word in words(name) if word not in ("--turns", "2")], {}, None)
    plan = (target_of(arguments), arguments.config, Share(1, 3, 4), 0, b"", True)
    target, config, share, *_ = opened(packed(plan))
    assert (config, share) == (arguments.config, Share(1, 3, 4))
    assert target.part(share).queries.next() == arguments.queries.part(1, 3, 4).next()
    assert target.keys.keys == ("app-0123456789",)
    assert target.format is arguments.format


def test_the_plan_of_a_trace_with_made_prompts_travels():
    trace = ROOT / "examples" / "queries.jsonl"
    arguments = parse_arguments(
        ["--url", "http://h/x", "--api-key", "-", "--param-file", str(trace), "--context-tiers", "0,9"], {}, None
    )
    target = opened(packed(target_of(arguments)))
    assert target.queries.queries == arguments.queries.queries


def test_a_result_travels_with_all_its_figures():
    config = parse_arguments(words("openai_chat"), {}, None).config
    tally = Tally(5, slos_of(config))
    for number in range(1, 50):
        ok = number % 5
        record = RequestRecord(
            number, 1, number * 10**6, Outcome.OK if ok else Outcome.TIMEOUT, 5 * 10**6, error="late"
        )
        tally.add(record)
    again = opened(packed((tally, ["openai_chat"], 1.5)))[0]
    found, whole = again.result(config, 0), tally.result(config, 0)
    assert found.summary == whole.summary
    assert found.requests["latency_ns"] == whole.requests["latency_ns"]
    assert found.requests.details == whole.requests.details


class Evil:
    def __init__(self, function, *arguments):
        self.what = function, arguments

    def __reduce__(self):
        return self.what


@pytest.mark.parametrize(
    "evil",
    [
        Evil(os.system, "true"),
        Evil(eval, "1"),
        Evil(getattr, dict, "get"),
        Evil(subprocess.Popen, ["true"]),
        Evil(open, "/etc/passwd"),
        Evil(pickle.loads, b""),
    ],
    ids=["system", "eval", "getattr", "Popen", "open", "loads"],
)
def test_nothing_but_values_is_made(evil):
    with pytest.raises(ParcelError):
        opened(pickle.dumps((evil,), protocol=4))


def test_neither_functions_of_ours_nor_what_begins_something_is_made():
    for module, name in (
        ("sse_perf_tool.cli", "main"),
        ("sse_perf_tool.distributed.local", "LocalWorkers"),
        ("sse_perf_tool.load.processes", "ProcessGroup"),
        ("sse_perf_tool.providers", "load_keys"),
        ("sse_perf_tool.records.writer", "os"),
    ):
        with pytest.raises(ParcelError):
            opened(f"c{module}\n{name}\n.".encode())


@pytest.mark.parametrize("data", [b"", b"\x80\x04", b"not a pickle", packed([1])[:-3]])
def test_what_is_damaged_is_said(data):
    with pytest.raises(ParcelError):
        opened(data)


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
def test_pieces_make_the_whole_in_any_order(size):
    data = os.urandom(size)
    parcel = Parcel()
    *rest, last = reversed(list(pieces(data)))
    assert all(parcel.add(piece) is None for piece in rest)
    assert parcel.add(last) == data


def test_of_a_parcel_that_did_not_come_whole_nothing_gets_into_the_next():
    one, two = list(pieces(b"a" * (2 * PIECE_BYTES + 1))), list(pieces(b"b" * (PIECE_BYTES + 1)))
    parcel = Parcel()
    assert [parcel.add(piece) for piece in (one[0], one[1], two[0])] == [None, None, None]
    assert parcel.add(two[1]) == b"b" * (PIECE_BYTES + 1)
