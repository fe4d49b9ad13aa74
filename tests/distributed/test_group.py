"""A round that workers send, with a fleet that is made up: who is waited for, given up, or named."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from patience import PROMPT_S
from sse_perf_tool.arguments import WorkersWanted, parse_arguments
from sse_perf_tool.commands.setup import target_of
from sse_perf_tool.distributed.fleet import Member
from sse_perf_tool.distributed.group import GIVE_UP_S, Groups, WorkerGroup
from sse_perf_tool.distributed.parcels import Parcel, opened, packed, pieces
from sse_perf_tool.errors import UsageError
from sse_perf_tool.metrics import Tally
from sse_perf_tool.pace.division import Share
from sse_perf_tool.records import Outcome, RequestRecord
from sse_perf_tool.records.writer import Lines
from sse_perf_tool.test_runner import Origin, Snapshot

MS = 1_000_000


class MadeUpFleet:
    """Workers that do what the test says; what is sent to them, and told to the user, is kept."""

    def __init__(self, number: int) -> None:
        self.wanted = WorkersWanted(number, "h", 1, 1.0, None, False, 1, "en")
        self.members = [Member(f"link{each}", each, f"m{each}", 2) for each in range(1, number + 1)]
        self.sent: list[tuple[int, str, dict[str, Any]]] = []
        self.told: list[str] = []
        self.tell = self.told.append
        self.ended: set[int] = set()
        self.notes: dict[tuple[int, int], int] = {}
        for member in self.members:
            member.offset.add(0, member.number * MS, member.number * MS, 2 * MS)

    def send(self, member: Member, kind: str, **body: Any) -> None:
        if not member.gone:
            self.sent.append((member.number, kind, body))

    def listen_for(self, _listener: object) -> None:
        pass

    def has_ended(self, member: Member) -> bool:
        return member.number in self.ended

    def noted(self, member: Member, after_id: int) -> int:
        return self.notes.get((member.number, after_id), 0)

    def kinds(self, number: int) -> list[str]:
        return [kind for to, kind, _ in self.sent if to == number]


class Written:
    """A records file."""

    def __init__(self) -> None:
        self.missing = 0
        self.lines: list[str] = []
        self.write = self.lines.append


def group_of(fleet: MadeUpFleet, *more: str, records: Lines | None = None) -> WorkerGroup:
    words = ["--url", "http://h/x", "--api-key", "-", "--lang", "en", "--threads", "6", "--duration", "5", *more]
    arguments = parse_arguments(words, {}, None)
    groups = Groups(fleet)  # type: ignore[arg-type]
    config = groups.fit(arguments.config)
    assert config.workers == len(fleet.members)
    return groups.group(target_of(arguments), config, records, None, 0)


def begun(fleet: MadeUpFleet, *more: str, records: Lines | None = None) -> WorkerGroup:
    """A group whose workers have got ready and been told to go."""
    group = group_of(fleet, *more, records=records)
    preparing = threading.Thread(target=group.prepare)
    preparing.start()
    for member in fleet.members:
        group.heard(member, "ready", {})
    preparing.join(PROMPT_S)
    assert not preparing.is_alive()
    group.start(Origin(1000 * MS, 5), 1000 * MS)
    return group


def result(
    requests: int, first: int = 1, latency_ms: int = 50, why: str = "", every_ms: int = 100, lines: int = 0
) -> bytes:
    tally = Tally(0)
    for number in range(requests):
        ok = RequestRecord(first + number, 1, number * every_ms * MS, Outcome.OK, latency_ms * MS)
        tally.add(replace(ok, ttft_ns=latency_ms * MS // 2, chunks=2))
    return packed((tally, ["openai_chat"], 1.0, 0, lines, why, []))


def tell(group: WorkerGroup, member: Member, data: bytes, kind: str = "result", **more: Any) -> None:
    for piece in pieces(data):
        group.heard(member, kind, {**piece, **more})


def counters(group: WorkerGroup, member: Member, started: int, active: int) -> None:
    now = Snapshot(*[0] * len(Snapshot._fields))._replace(requests_started=started, threads_active=active)
    group.heard(member, "counters", {"counters": list(now), "outcomes": {"ok": started - active}})


def test_each_worker_gets_its_share_and_begins_by_its_own_clock() -> None:
    fleet = MadeUpFleet(3)
    begun(fleet)
    for number in (1, 2, 3):
        plan = b"".join(body["data"] for to, kind, body in fleet.sent if (to, kind) == (number, "plan"))
        _, config, share, *_ = opened(plan)
        assert (share, config.processes) == (Share(number - 1, 3), 1)
        go = next(body for to, kind, body in fleet.sent if (to, kind) == (number, "go"))
        ahead_ms = ((number - 2) + number) / 2  # between the bounds of its round trip
        assert go["origin_ns"] == (1000 + ahead_ms) * MS


def test_results_add_up_and_counters_are_those_of_all() -> None:
    fleet = MadeUpFleet(2)
    group = begun(fleet)
    for member in fleet.members:
        counters(group, member, 4, 3)
    counters(group, fleet.members[0], 6, 3)
    assert group.shared_stats["requests_started"] == 10
    assert group.shared_stats["outcomes"] == {"ok": 4}
    for member in fleet.members:
        tell(group, member, result(10, first=100 * member.number))
    group.wait()
    assert (len(group.tally.table), group.cpu_s, group.missing, group.losses("en")) == (20, 2.0, 0, [])
    assert [(each.requests, each.lost) for each in group.workers] == [(10, ""), (10, "")]


def test_a_silent_worker_is_told_and_given_up_when_it_stays_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("sse_perf_tool.distributed.group.time.monotonic", lambda: now[0])
    fleet = MadeUpFleet(2)
    group = begun(fleet)
    quiet = fleet.members[1]
    counters(group, quiet, 5, 2)
    group.heard(quiet, "begun", {"begun": 7})
    quiet.silent_at_s = 1.0
    now[0] = 2.0
    group.look()
    group.look()
    assert fleet.told == ["worker 2 (m2) is not heard any more; the run goes on"]
    tell(group, fleet.members[0], result(3))
    now[0] = 1.0 + GIVE_UP_S
    group.look()
    assert group.missing == 0, "not yet"
    now[0] += 0.1
    group.look()
    group.wait()
    assert group.missing == 7
    assert group.shared_stats["threads_active"] == 0
    (said,) = group.losses("en")
    assert said.startswith(
        "worker 2 (m2) was lost during the run: 7 requests that it had sent are missing, and those of"
    )
    assert [(each.missing, each.lost) for each in group.workers] == [(0, ""), (7, "lost")]


def test_what_a_lost_worker_had_noted_that_it_began_is_missing() -> None:
    fleet = MadeUpFleet(1)
    fleet.notes = {(1, 0): 9, (1, 77): 1000}
    group = begun(fleet)
    counters(group, fleet.members[0], 5, 2)
    fleet.members[0].silent_at_s = 0.0
    group.look()  # by the real clock it is silent for long
    group.wait()
    assert group.missing == 9, "of this round"


def test_a_worker_that_comes_back_is_waited_for() -> None:
    fleet = MadeUpFleet(1)
    group = begun(fleet)
    fleet.members[0].silent_at_s = 0.0
    group.look()  # by the real clock it is silent for long
    fleet.members[0].silent_at_s = None
    group.wait()
    assert group.lost == {1: "lost"}
    again = MadeUpFleet(1)
    group = begun(again)
    again.members[0].silent_at_s = None
    group.look()
    tell(group, again.members[0], result(2))
    group.wait()
    assert group.lost == {}


def test_the_last_words_of_all_processes_are_as_good_as_a_result() -> None:
    fleet = MadeUpFleet(2)
    fleet.wanted = replace(fleet.wanted, processes=2)
    group = begun(fleet)
    dead, alive = fleet.members
    counters(group, dead, 9, 2)
    for process in (0, 1):
        tally = opened(result(4 + process, first=10 * process))[0]
        tell(group, dead, packed((tally, {"f": None}, 0.5, 0)), "words", process=process)
    tell(group, alive, result(3, first=100))
    group.wait()
    assert (len(group.tally.table), group.missing) == (12, 0)
    assert group.losses("en") == [
        "worker 1 (m1) died during the run and stopped: 0 requests that it had sent are missing"
    ]
    assert group.workers[0].requests == 9


def test_what_ended_early_or_cannot_be_read_is_said() -> None:
    fleet = MadeUpFleet(2)
    group = begun(fleet)
    tell(group, fleet.members[0], result(2, why="left"))
    tell(group, fleet.members[1], result(2, why="alone"))
    group.wait()
    assert group.losses("en") == [
        "worker 1 (m1) was stopped there: what it had sent is in the results",
        "worker 2 (m2) lost the master for 10 s and stopped; what it had sent is in the results",
    ]
    assert [member.gone for member in fleet.members] == [True, False]
    group = begun(MadeUpFleet(1))
    tell(group, group._doing[0].member, b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(UsageError, match=r"worker 1 \(m1\): its results cannot be read: os.system"):
        group.wait()


def test_lines_of_records_come_whole_however_long_and_those_that_do_not_are_missing() -> None:
    fleet = MadeUpFleet(1)
    (worker,) = fleet.members
    records = Written()
    group = begun(fleet, records=records)
    lines = ["{}", '{"query":"\u4f60\u597d\u2028"}', "x" * 600_000]
    for text in (lines[:2], lines[2:]):
        tell(group, worker, "\n".join(text).encode(), "lines")
    first, *_ = pieces(b"y" * 300_000)
    group.heard(worker, "lines", first)  # the rest of it is lost with the link
    tell(group, worker, result(4, lines=4))
    group.wait()
    assert records.lines == lines
    assert (records.missing, group.lost) == (1, {1: "lines"})
    assert group.losses("en") == ["1 lines of the records of worker 1 (m1) did not come"]


def test_a_worker_that_cannot_get_ready_ends_the_run_with_its_words() -> None:
    fleet = MadeUpFleet(2)
    group = group_of(fleet)
    threading.Timer(0.05, group.heard, (fleet.members[1], "failed", {"reason": "no more files"})).start()
    with pytest.raises(UsageError, match=r"^worker 2 \(m2\): no more files$"):
        group.prepare()
    assert fleet.kinds(1)[-1] == "cancel"


def test_a_batch_is_allowed_when_the_slowest_has_ended_it() -> None:
    fleet = MadeUpFleet(2)
    group = begun(fleet, "--batch", "4")
    one, two = fleet.members
    group.heard(one, "batches", {"batches": 2})
    group.heard(two, "batches", {"batches": 1})
    assert [body["batches"] for to, kind, body in fleet.sent if (to, kind) == (1, "allow")] == [0, 1]
    tell(group, two, result(1))  # it sends no more: nobody waits for it
    assert [body["batches"] for to, kind, body in fleet.sent if (to, kind) == (1, "allow")][-1] == 2


def test_a_slow_worker_is_named_among_the_warnings() -> None:
    fleet = MadeUpFleet(3)
    group = begun(fleet, "--duration", "10")
    for member in fleet.members:
        slow = member.number == 2
        tell(group, member, result(40 if slow else 90, every_ms=250 if slow else 110))
    group.wait()
    assert group.notes == ["worker 2 (m2) is slower than the others: requests_per_s 4.08, theirs 9.15"], (
        "40 in 9.8 s, 90 in 9.84 s"
    )
    assert [each.slow for each in group.workers] == ["", "requests_per_s", ""]
    assert group.losses("en") == [], "slow is not partial"


def test_pieces_of_two_workers_do_not_mix() -> None:
    one, two = Parcel(), Parcel()
    halves = list(pieces(b"x" * 300_000))
    assert one.add(halves[0]) is None
    assert two.add(halves[1]) is None
    assert one.add(halves[1]) == b"x" * 300_000
