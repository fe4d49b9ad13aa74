"""Which process listens on a port."""

from __future__ import annotations

from importlib.util import find_spec


def listener_of(port: int) -> int | None:
    """The PID of what takes connections there; None when nothing does, or the system does not tell."""
    if find_spec("psutil") is None:
        return None
    import psutil

    try:
        rows = psutil.net_connections("tcp")
    except (psutil.Error, OSError):
        return None
    listening = (row for row in rows if row.status == psutil.CONN_LISTEN and row.laddr and row.laddr[1] == port)
    return min((int(row.pid) for row in listening if row.pid), default=None)
