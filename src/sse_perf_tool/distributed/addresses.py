"""The addresses behind a name, IPv4 and IPv6: where a master listens, and which of them a worker calls.

A socket of zmq takes one of them, whichever the system names first: where a name has several, that may be one on which
nobody listens.
"""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable

PROBE_S = 1.0
"""For so long an address may take to accept a connection."""
AGAIN_S = 0.2

NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""The numbers of an `OSError` for an address that this machine does not have."""


def addresses_of(host: str, port: int) -> list[str]:
    """The different addresses of a host, in the order of the system.  `OSError` when there is no such host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


def free_at(host: str, port: int) -> str:
    """The first address of `host` that this machine has.  `OSError` when it has none, or somebody listens there."""
    *others, last = addresses_of(host, port)
    address = next((each for each in others if _is_here(each)), last)
    _bind(address, port)
    return address


def _is_here(address: str) -> bool:
    try:
        _bind(address, 0)
    except OSError as error:
        if error.errno not in NOT_HERE:
            raise
        return False
    return True


def _bind(address: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((address, port))


def answering(host: str, port: int, over: Callable[[], bool]) -> str:
    """The first address of `host` that accepts a connection; the only one, whether it does or not.

    Where there are several it asks until one does, or until `over` says so.  `OSError` when there is no such host.
    """
    addresses = addresses_of(host, port)
    while len(addresses) > 1 and not over():
        for address in addresses:
            try:
                socket.create_connection((address, port), PROBE_S).close()
            except OSError:
                continue  # nobody there, or not yet
            return address
        time.sleep(AGAIN_S)
    return addresses[0]
