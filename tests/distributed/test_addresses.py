"""Names and addresses of both families: where a master listens, and which of them a worker calls."""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from fleets import needs_ipv6
from sse_perf_tool.distributed.addresses import addresses_of, answering, free_at

BOTH = {"both": ["::1", "127.0.0.1"], "elsewhere": ["192.0.2.1", "127.0.0.1"]}
"""Names that are made up; 192.0.2.0/24 is kept for documentation, and no machine has it."""


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def made_up(host: str, *how: int, **more: int) -> list[object]:
        return [found for each in BOTH.get(host, [host]) for found in real(each, *how, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", made_up)


@contextlib.contextmanager
def listening(address: str, port: int = 0) -> Iterator[int]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, port), family=family) as server:
        yield server.getsockname()[1]


def test_a_name_stands_for_its_addresses_in_order_and_once() -> None:
    assert addresses_of("both", 5557) == ["::1", "127.0.0.1"]
    assert addresses_of("::1", 5557) == ["::1"]
    with pytest.raises(socket.gaierror):
        addresses_of("no-such-host.invalid", 5557)


@pytest.mark.parametrize("address", ["127.0.0.1", pytest.param("::1", marks=needs_ipv6)])
def test_a_worker_calls_the_address_on_which_somebody_listens(address: str) -> None:
    with listening(address) as port:
        assert answering("both", port, lambda: False) == address


def test_it_waits_for_a_master_that_comes_later() -> None:
    with listening("127.0.0.1") as port:
        pass  # free now
    found: list[str] = []
    calling = threading.Thread(target=lambda: found.append(answering("both", port, lambda: False)), daemon=True)
    calling.start()
    time.sleep(0.3)
    assert not found
    with listening("127.0.0.1", port):
        calling.join(30)
    assert found == ["127.0.0.1"]


def test_it_gives_up_when_it_is_told_to_and_a_single_address_is_not_asked() -> None:
    with listening("127.0.0.1") as port:
        pass
    assert answering("both", port, lambda: True) == "::1"
    assert answering("127.0.0.1", port, lambda: False) == "127.0.0.1"


def test_a_master_listens_on_the_first_address_that_this_machine_has() -> None:
    assert free_at("elsewhere", 0) == "127.0.0.1"
    with pytest.raises(OSError) as error:  # noqa: PT011 - its number says which
        free_at("192.0.2.1", 0)
    assert error.value.errno == errno.EADDRNOTAVAIL


@needs_ipv6
def test_a_port_that_is_taken_is_not_gone_round_by_another_address() -> None:
    with listening("::1") as port, pytest.raises(OSError) as error:  # noqa: PT011
        free_at("both", port)
    assert error.value.errno == errno.EADDRINUSE
