"""The flags of runs on several machines."""

from __future__ import annotations

import pytest

from sse_perf_tool.arguments import Joining, parse_arguments
from sse_perf_tool.errors import UsageError
from sse_perf_tool.flags.worker_checks import Place

TARGET = ["--url", "http://h/x", "--api-key", "-", "--lang", "en"]
TOKEN = "0123456789abcdef"


def test_a_run_without_them_is_sent_from_here():
    assert parse_arguments(TARGET, {"SSE_PERF_CLUSTER_TOKEN": TOKEN}, None).workers is None


def test_workers_on_this_machine_listen_nowhere_else():
    found = parse_arguments([*TARGET, "--workers", "2", "--processes", "3"], {}, None).workers
    assert found is not None
    assert (found.number, found.host, found.port, found.local, found.token, found.processes) == (
        2, "127.0.0.1", 0, True, None, 3,
    )  # fmt: skip


def test_a_worker_needs_its_master_and_a_token_from_line_or_environment():
    joined = Joining("h", 5557, TOKEN, 60.0, "en")
    lang = ["--lang", "en"]
    assert parse_arguments(["worker", "--join", "h:5557", "--cluster-token", TOKEN, *lang], {}, None).joining == joined
    named = {"SSE_PERF_CLUSTER_TOKEN": TOKEN, "SSE_PERF_THREADS": "5"}
    assert parse_arguments(["worker", "--join", "h", *lang], named, None).joining == joined, "the port is Locust's"
    with pytest.raises(UsageError, match=r"^--threads: no such flag"):
        parse_arguments(["worker", "--join", "h:1", "--threads", "5", *lang], {}, None)


@pytest.mark.parametrize(
    ("text", "host", "port", "shown"),
    [
        ("[::1]:6000", "::1", 6000, "[::1]:6000"),
        ("[2001:db8::1]", "2001:db8::1", 5557, "[2001:db8::1]:5557"),
        ("h:6000", "h", 6000, "h:6000"),
    ],
)
def test_an_ipv6_address_stands_in_brackets(text: str, host: str, port: int, shown: str):
    found = parse_arguments([*TARGET, "--expect-workers", "2", "--bind", text], {}, None)
    assert found.workers is not None
    assert (found.workers.host, found.workers.port) == (host, port)
    words = ["worker", "--join", text, "--cluster-token", TOKEN, "--lang", "en"]
    joining = parse_arguments(words, {}, None).joining
    assert joining is not None
    assert (joining.host, joining.port) == (host, port)
    assert str(Place(host, port)) == shown


def test_the_demo_server_is_of_this_machine():
    with pytest.raises(UsageError, match="cannot go with --demo"):
        parse_arguments(["--demo", "--expect-workers", "2", "--lang", "en"], {}, None)
    assert parse_arguments(["--demo", "--workers", "2"], {}, None).workers is not None


def test_one_request_needs_no_workers():
    found = parse_arguments([*TARGET, "--simple", "--workers", "2"], {}, None)
    assert found.workers is None
    assert found.warnings == ("--workers: not used, --simple sends one request",)


def test_the_token_stands_nowhere_but_in_memory():
    found = parse_arguments([*TARGET, "--expect-workers", "2", "--cluster-token", TOKEN], {}, None)
    assert TOKEN not in str(found.config)
    assert "cluster_token" not in found.config.flags
    assert found.masker(f"token {TOKEN}!") != f"token {TOKEN}!"
    shown = parse_arguments([*TARGET, "--expect-workers", "2", "--cluster-token", TOKEN, "--print-config"], {}, None)
    assert TOKEN not in shown.text
