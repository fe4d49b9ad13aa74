"""TCP_INFO: round trip and retransmissions of a connection, on systems that provide them."""

from __future__ import annotations

import socket
import struct
import sys
from typing import NamedTuple

_TCP_INFO = 11
_SIZE = 228
_RTT, _TOTAL_RETRANS, _RCV_OOOPACK = 68, 100, 224
"""Linux, include/uapi/linux/tcp.h: where these stand in `struct tcp_info`; the last since 5.4."""
_u32 = struct.Struct("=I")


class TcpInfo(NamedTuple):
    """The smoothed round trip, and since the connection was made: packets sent again, and received out of order."""

    rtt_us: int
    retransmits: int
    out_of_order: int
    """Packets of the other side that came behind later ones: what a loss on the way to us looks like."""


def tcp_info(sock: socket.socket) -> TcpInfo | None:
    """None where the system does not tell (all but Linux), for another kind of socket, and for a closed one."""
    if sys.platform != "linux":
        return None
    try:
        raw = sock.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _SIZE)
    except OSError:
        return None
    raw = raw.ljust(_SIZE, b"\0")  # an older kernel knows less
    return TcpInfo(*(_u32.unpack_from(raw, at)[0] for at in (_RTT, _TOTAL_RETRANS, _RCV_OOOPACK)))
