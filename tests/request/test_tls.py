"""Certificates, faults and times under TLS."""

from __future__ import annotations

import ssl
import time
from pathlib import Path

import pytest

from patience import PROMPT_S, undisturbed
from requests_to_server import CHUNKED_HEAD, HELLO, IDLE, MS, WORLD, Fault, ask, ask_often, assert_times_of, target_of
from scripted_server import ANSWER, CLOSE, DONE, RESET, ScriptedServer, Serve, chunk, chunked, tls_context, until_close
from sse_perf_tool.records import Outcome
from sse_perf_tool.tester import SSETester


@pytest.fixture
def secure(serve: Serve, certificate: Path) -> ScriptedServer:
    """A server that speaks TLS and gives whole answers."""
    return serve(ANSWER, tls=tls_context(certificate))


def test_untrusted_certificate_is_refused_and_the_error_names_both_ways_out(secure: ScriptedServer) -> None:
    record = ask(secure)
    assert (record.outcome, record.status) == (Outcome.TLS_ERROR, None)
    assert record.error
    assert record.error.startswith(f"the certificate of 127.0.0.1:{secure.port} is not trusted: self")
    assert "--cacert" in record.error
    assert "--insecure" in record.error
    assert secure.requests == []


@pytest.mark.filterwarnings("error")
def test_insecure_goes_on_without_trust_and_without_a_warning_of_urllib3(secure: ScriptedServer) -> None:
    record = ask(secure, verify=False)
    assert (record.outcome, record.chunks) == (Outcome.OK, 2)


def test_certificate_of_cacert_is_trusted_and_its_handshake_timed(secure: ScriptedServer, certificate: Path) -> None:
    first, second = ask_often(secure, 2, verify=str(certificate))
    assert (first.outcome, second.outcome, secure.connections) == (Outcome.OK, Outcome.OK, 1)
    assert first.connect_ns
    assert first.tls_ns
    assert first.ttfb_ns
    assert first.connect_ns + first.tls_ns < first.ttfb_ns
    assert (second.connect_ns, second.tls_ns, second.dns_ns) == (None, None, None)


@undisturbed
def test_arrival_times_are_right_under_tls_too(serve: Serve, certificate: Path) -> None:
    server = serve(chunked(HELLO, 0.1, WORLD, 0.1, DONE), tls=tls_context(certificate))
    assert_times_of(ask(server, verify=False), server)


TLS_FAULTS = (
    Fault("stall", [[CHUNKED_HEAD, chunk(HELLO)]], Outcome.TIMEOUT, "0.4 s", chunks=1, changes={"timeout_s": 0.4}),
    Fault("idle", [[CHUNKED_HEAD, chunk(HELLO)]], Outcome.IDLE_TIMEOUT, "0.2 s", chunks=1, changes=IDLE),
    Fault("reset in mid-stream", [[CHUNKED_HEAD, chunk(HELLO), 0.05, RESET]], Outcome.TRUNCATED, "broke", chunks=1),
    Fault("closed in mid-stream", [[CHUNKED_HEAD, chunk(HELLO), CLOSE]], Outcome.TRUNCATED, "closed", chunks=1),
    Fault("closed before the head", [[CLOSE]], Outcome.CONNECT_ERROR, "without an answer", None),
    Fault("close-delimited", [until_close(HELLO, WORLD, DONE)], Outcome.OK, chunks=2),
)


@pytest.mark.parametrize("fault", TLS_FAULTS, ids=lambda fault: fault.name)
@undisturbed
def test_fault_under_tls(serve: Serve, certificate: Path, fault: Fault) -> None:
    server = serve(*fault.scripts, tls=tls_context(certificate))
    record = ask(server, verify=False, **fault.changes)
    assert (record.outcome, record.status, record.chunks) == (fault.outcome, fault.status, fault.chunks), record.error
    assert (fault.error or "") in (record.error or "")


@pytest.mark.parametrize("trust", ["everybody", "the certificate"])
def test_certificates_are_loaded_once_and_not_for_each_connection(
    serve: Serve, certificate: Path, monkeypatch: pytest.MonkeyPatch, trust: str
) -> None:
    server = serve([*ANSWER, CLOSE], tls=tls_context(certificate))
    asker = SSETester(target_of(server, verify=False if trust == "everybody" else str(certificate)))
    assert asker.test_streaming(1).outcome is Outcome.OK
    loads: list[str] = []
    for name in ("load_verify_locations", "load_default_certs"):
        monkeypatch.setattr(ssl.SSLContext, name, lambda *_args, name=name, **_options: loads.append(name))
    again = asker.test_streaming(2)
    assert (again.outcome, again.connect_ns is None) == (Outcome.OK, False), "over a connection of its own"
    assert loads == []  # a bundle takes 20 ms to load, ten times what the handshake takes


def test_https_to_a_plain_port_asks_whether_it_speaks_https(serve: Serve) -> None:
    server = serve([], greeting=[0.05, b"HTTP/1.1 400 Bad Request\r\n\r\n", CLOSE])
    record = ask(server, url=server.url().replace("http:", "https:"))
    assert (record.outcome, record.status) == (Outcome.TLS_ERROR, None)
    assert record.error
    assert "does this port speak https?" in record.error


def test_handshake_that_is_cut_off_is_a_connection_closed_without_an_answer(serve: Serve) -> None:
    server = serve([], greeting=[0.05, RESET])
    record = ask(server, url=server.url().replace("http:", "https:"))
    assert record.outcome is Outcome.CONNECT_ERROR
    assert record.error == f"127.0.0.1:{server.port} closed the connection without an answer"


def test_handshake_that_hangs_ends_with_the_timeout(serve: Serve) -> None:
    server = serve([])
    began_s = time.monotonic()
    record = ask(server, url=server.url().replace("http:", "https:"), timeout_s=0.3)
    assert (record.outcome, record.status) == (Outcome.TIMEOUT, None)
    assert time.monotonic() - began_s < PROMPT_S
    assert record.latency_ns >= 290 * MS
