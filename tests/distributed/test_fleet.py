"""What a master and a worker say of their line before there is a load, with a line that is made up."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from sse_perf_tool.arguments import Joining, WorkersWanted
from sse_perf_tool.distributed.fleet import Fleet
from sse_perf_tool.distributed.link import LinkError
from sse_perf_tool.distributed.worker import Worker
from sse_perf_tool.errors import UsageError

TOKEN = "a-token-for-the-tests-0123456789"


class NoLink:
    """A line that cannot be opened, because of `cause`; or that has had messages which are not opened."""

    def __init__(self, cause: BaseException | None = None, refused: int = 0, too_long: int = 0) -> None:
        self.cause, self.refused, self.too_long = cause, refused, too_long
        self.port, self.silence_s = 5557, 0.0

    def open(self, _timeout_s: float | None = None) -> bool:
        raise LinkError(str(self.cause)) from self.cause


def no(number: int) -> OSError:
    return OSError(number, os.strerror(number))


NO_HOST = socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def master(host: str, line: NoLink) -> tuple[Fleet, list[str]]:
    told: list[str] = []
    fleet = Fleet(WorkersWanted(2, host, 5557, 1.0, TOKEN, False, 1, "en"), told.append)
    fleet._link = line  # type: ignore[assignment]
    return fleet, told


def worker(line: NoLink) -> tuple[Worker, list[str]]:
    told: list[str] = []
    joining = Worker(Joining("::1", 5557, TOKEN, 1.0, "en"), told.append)
    joining._link = line  # type: ignore[assignment]
    return joining, told


@pytest.mark.parametrize(
    ("host", "cause", "line"),
    [
        (
            "::1",
            no(errno.EADDRINUSE),
            (
                "--bind [::1]:5557: cannot be listened on: Address already in use; is another master running? choose "
                "another port"
            ),
        ),
        (
            "10.9.9.9",
            no(errno.EADDRNOTAVAIL),
            (
                "--bind 10.9.9.9:5557: not an address of this machine: Cannot assign requested address; give one of "
                "its own, or 0.0.0.0 for all"
            ),
        ),
        ("nobody", NO_HOST, "--bind nobody:5557: no such host: Name or service not known"),
        ("h", ValueError("odd"), "no line to the workers: odd"),
    ],
)
def test_a_place_where_nobody_can_listen_is_one_line(host: str, cause: Exception, line: str) -> None:
    fleet, _ = master(host, NoLink(cause))
    with pytest.raises(UsageError) as error:
        fleet.gather(lambda: False)
    assert str(error.value) == line


def test_a_master_that_nobody_knows_is_one_line() -> None:
    joining, told = worker(NoLink(NO_HOST))
    with pytest.raises(UsageError) as error:
        joining._join()
    assert str(error.value) == "--join [::1]:5557: no such host: Name or service not known"
    assert told == ["joining [::1]:5557 ..."]


def test_messages_that_are_not_opened_are_told_once_and_why() -> None:
    line = NoLink()
    fleet, told = master("::1", line)
    fleet._look(1.0)
    assert told == []
    line.refused = line.too_long = 1
    fleet._look(2.0)
    longer = "something spoke to [::1]:5557 with a message longer than any of this tool: refused"
    assert told == [longer]
    line.refused = 3
    for now_s in (3.0, 4.0):
        fleet._look(now_s)
    assert told == [longer, "something spoke to [::1]:5557 without the right token: refused"]
    joining, heard = worker(line)
    joining._look()
    joining._look()
    assert heard == ["[::1]:5557 sent a message longer than any of this tool: refused"]


@pytest.mark.parametrize(
    ("host", "place"), [("0.0.0.0", "HOST:5557"), ("::", "HOST:5557"), ("2001:db8::1", "[2001:db8::1]:5557")]
)
def test_workers_are_invited_to_a_place_that_they_can_type(host: str, place: str) -> None:
    fleet, told = master(host, NoLink())
    fleet._invite()
    assert f"worker --join {place}" in told[0]
