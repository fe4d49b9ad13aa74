"""A profile from the first check to the last: what is started, in which order, and what is left when it is over.

The order matters: samplers are stopped before the server, so that they write whole files; the server gets SIGINT first,
as some write what they know only then.  Whatever is missing is one line in `not_measured`, and all else goes on.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from ..arguments import Arguments
from ..arguments.parsed import ProfileArguments
from ..errors import UsageError
from ..masking import mask_url
from ..records import RunConfig, RunResult, Stats
from ..records.profile import COST_LIMIT, ProfileCost, Words
from ..texts import LANGUAGES, speaker
from ..units import percent_text
from .folder import PYSPY, Drawn, Facts, drawn_of, judged, keep, keep_records
from .hooks.install import SEEN_S, environment_with_hooks, tell
from .hooks.reading import HookSeries
from .server.listener import listener_of
from .server.process import TEXTS as SERVER_TEXTS
from .server.process import Server, ServerError, answers, fault_of, listens
from .server.watch import ProcessSeries, ProcessWatch
from .server.watch import is_installed as psutil_is_installed
from .stacks import heap, pyspy
from .wording import MISSING, TEXTS

REST_S = 5.0
"""So long memory may take to come back behind the load."""
QUIET_S = 1.0
"""Between the attaching of samplers and the load."""
COMPARE_SHARE, COMPARE_LEAST_S = 0.2, 10.0
HEAP_SHARE, HEAP_LEAST_S, HEAP_WARM_S = 0.2, 5.0, 2.0
HEAP_END_S = 30.0
"""So long hooks may take to write what they know of memory."""

Send = Callable[[RunConfig], RunResult]
"""Sends load and shows nothing of it."""


class Session:
    """A server and all that looks at it, while entered.

    ServerError when it does not come up, UsageError when it cannot be started as asked.  `tell` shows a line; `stop`
    may be called from another thread, and ends every wait.
    """

    def __init__(self, arguments: Arguments, asked: ProfileArguments, tell: Callable[[str], None]) -> None:
        self.asked, self._arguments, self._tell = asked, arguments, tell
        self._say = speaker(TEXTS, arguments.lang)
        self.stopped = threading.Event()
        self.not_measured: list[Words] = []
        self.drawn = Drawn()
        self._stack = contextlib.ExitStack()
        self._server: Server | None = None
        self._watch: ProcessWatch | None = None
        self._pyspy: pyspy.PySpy | None = None
        self._pyspy_told: tuple[int, ...] = ()
        self._plain: tuple[RunResult, float] | None = None
        self._begin_cpu_s = 0.0
        self.folder = Path()

    def stop(self) -> None:
        """Ends every wait; the server is stopped when the session is left."""
        self.stopped.set()

    def __enter__(self) -> Session:
        try:
            self._check()
            self.folder = self._new_folder()
            self._tell(f"{self._say('folder')}: {self.folder}")
            if self.asked.pid is None:
                self._server = self._started(self.folder)
                self._stack.callback(self._stop_server)
            self._watch_processes()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    # --- before the load

    def _check(self) -> None:
        host, port = self._place()
        pid = self.asked.pid
        if self.asked.command and (why := fault_of(self.asked.command[0], self._arguments.lang)) is not None:
            raise ServerError(why)
        if pid is None and listens(host, port):
            raise ServerError(speaker(SERVER_TEXTS, self._arguments.lang)("taken", port=port))
        if pid is not None and not _exists(pid):
            raise UsageError(self._say("no_process", pid=pid))

    def _place(self) -> tuple[str, int]:
        host = self._arguments.address.host
        return ("127.0.0.1" if host == "0.0.0.0" else host), self._arguments.address.port  # noqa: S104

    def _new_folder(self) -> Path:
        """The first of its name that is free, for its owner alone."""
        with self._said_if_it_fails(self.asked.folder):
            self.asked.folder.mkdir(parents=True, exist_ok=True)
        for number in count(1):
            path = self.asked.folder / (self.asked.name + (f"_{number}" if number > 1 else ""))
            with self._said_if_it_fails(path), contextlib.suppress(FileExistsError):
                path.mkdir(mode=0o700)
                break
        return path

    @contextlib.contextmanager
    def _said_if_it_fails(self, path: Path) -> Iterator[None]:
        """An OSError becomes one line."""
        try:
            yield
        except OSError as error:
            raise UsageError(self._say("folder_failed", path=error.filename or path, reason=error)) from error

    def _started(self, folder: Path) -> Server:
        """The server of the command, once it is ready."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith("SSE_PERF_")}
        if self.asked.inject:
            environ = environment_with_hooks(environ, folder.resolve())
        else:
            self._miss("hooks_off")
        command = self.asked.command or self._demo_command(environ)
        log = self.asked.server_log or folder / "server.log"
        self._tell(self._say("starting", command=self.asked.shown or "chat server"))
        server = Server(command, log, environ, self._arguments.lang)
        begin_s = time.monotonic()
        with self._said_if_it_fails(log):  # the log, or the program itself
            server.start()
        try:
            with self._guarded(server):
                self._wait_until_ready(server)
        except BaseException:
            server.stop(self.asked.stop_signal)
            raise
        if not self.stopped.is_set():
            self._tell(self._say("ready", seconds=time.monotonic() - begin_s))
        return server

    def _guarded(self, server: Server) -> contextlib.AbstractContextManager[object]:
        """While it holds, a process of ours ends the server if this one dies."""
        if self.asked.keep_running or not psutil_is_installed():
            return contextlib.nullcontext()
        return ProcessWatch([server.pid], server.pid)

    def _demo_command(self, environ: dict[str, str]) -> tuple[str, ...]:
        root = str(Path(__file__).resolve().parents[2])
        environ["PYTHONPATH"] = os.pathsep.join(filter(None, [environ.get("PYTHONPATH", ""), root]))
        return (sys.executable, "-m", "sse_perf_tool.chat_server", "--port", str(self._place()[1]))

    def _wait_until_ready(self, server: Server) -> None:
        asked, place = self.asked, self._place()

        def is_ready() -> bool:
            return (
                (asked.ready_text is None or server.has_said(asked.ready_text))
                and (asked.ready_url is None or answers(asked.ready_url))
                and listens(*place)
            )

        what = mask_url(asked.ready_url) if asked.ready_url else asked.ready_text or self._say("port", port=place[1])
        server.wait_until(is_ready, what, asked.ready_timeout_s, self.stopped)

    def _watch_processes(self) -> None:
        if not psutil_is_installed():
            self._miss("psutil")
            return
        root = self.asked.pid or self._the_server.pid
        listener = listener_of(self._place()[1])
        guard = 0 if self._server is None or self.asked.keep_running else self._server.pid
        pids = [root, *([listener] if listener and self._server is not None else [])]
        self._watch = self._stack.enter_context(ProcessWatch(pids, guard, sleeps=self._server is None))

    @property
    def _the_server(self) -> Server:
        if self._server is None:
            raise TypeError("a server that was not started")
        return self._server

    def with_metrics(self) -> Arguments:
        """The arguments of the load, with the page of metrics beside the target if there is one that is known."""
        arguments = self._arguments
        if arguments.metrics_url is not None or not self.asked.metrics:
            return arguments
        parts = urlsplit(arguments.url)
        url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/metrics"
        if not self._has_metrics(url, arguments.verify):
            return arguments
        return replace(arguments, metrics_url=url, config=replace(arguments.config, metrics_url=url))

    def _has_metrics(self, url: str, verify: bool | str) -> bool:
        from .page import read_page
        from .scrape import ScrapeError, Scraper

        try:
            text = Scraper(url, verify).page()
            return bool(read_page(text).values)
        except ScrapeError:
            return False
        except ImportError:
            self._miss("prometheus")
            return False

    def compare(self, send: Send) -> None:
        """Load without profilers, if that was asked for: what it takes is held against the load with them."""
        if not self.asked.compare or self.stopped.is_set():
            return
        config = shorter(self._arguments.config, COMPARE_SHARE, COMPARE_LEAST_S)
        self._tell(self._say("comparing", seconds=config.duration_s or 0))
        before_s = self._cpu_s()
        result = send(config)
        self._plain = (result, self._cpu_s() - before_s)

    def _cpu_s(self) -> float:
        """CPU seconds of the server by now."""
        if self._watch is None:
            return 0.0
        self.stopped.wait(0.6)  # longer than the time between two looks
        return self._watch.cpu_s()

    def begin(self) -> None:
        """Attaches the samplers; load may come when it returns."""
        kinds = set(self._watch.kinds().values()) if self._watch else {"python", "node"}
        tell(self.folder, "gc.1")
        if "flame" in self.asked.passes:
            if "python" in kinds:
                self._attach_pyspy()
            tell(self.folder, "cpu.start")
            if "node" in kinds and self.asked.pid is not None:
                self._miss("node_pid")
        self.stopped.wait(SEEN_S if "node" in kinds else QUIET_S)
        self._begin_cpu_s = self._watch.cpu_s() if self._watch else 0.0

    def _attach_pyspy(self) -> None:
        found = pyspy.program()
        if found is None:
            self._miss("pyspy")
            return
        if why := pyspy.fault(found):
            self._miss("pyspy_broken", why=why)
            return
        pid = self.asked.pid or self._serving_pid()
        path = self.folder / PYSPY
        sampler = pyspy.PySpy(pid, path, self.asked.sample_rate, native=self.asked.native)
        if not sampler.begins():
            hint = _hint_of(pid)
            self._miss("pyspy_refused", why=sampler.why, hint=MISSING[hint] if hint else ("", ""))
            sampler.stop()
            return
        self._pyspy = sampler
        self._stack.callback(sampler.stop)

    def _serving_pid(self) -> int:
        """The first process of the server; where that has left one behind and ended, what takes connections."""
        server = self._the_server
        return (listener_of(self._place()[1]) or server.pid) if server.has_ended() else server.pid

    # --- after the load

    def end(self, result: RunResult, origin_ns: int, records: Path | None, send: Send) -> RunResult:
        """Stops the samplers, then the server, and says what was seen: the run with its `profile`.

        `records` is where the lines of the run were written.
        """
        self._stop_samplers()
        died = self._how_it_died()
        if died is None:
            self._rest()
        used_s = self._watch.cpu_s() - self._begin_cpu_s if self._watch else 0.0
        died = died or self._how_it_died()
        self._stack.close()
        if self._watch is not None and self._watch.ended_early:
            self._miss("sampler")
        growth = self._heap_pass(send)
        cost = self._cost_of(result, used_s)
        facts = self._facts(origin_ns, died, cost, growth)
        looks = self._watch.lines if self._watch else []
        self.drawn = drawn_of(self.folder, facts, looks)
        self._miss_hooks(self.drawn.processes, self.drawn.hooks)
        facts = replace(facts, not_measured=self.not_measured)
        profile = judged(result, self.drawn, facts, self.folder)
        warnings = (*result.warnings, *self._cost_words(cost))
        try:
            keep(self.folder, facts, looks, profile, self._arguments.lang)
            if records is not None:
                keep_records(self.folder, records)
        except OSError as error:
            warnings = (*warnings, self._say("unkept", path=self.folder, reason=error))
        return replace(result, profile=profile, warnings=warnings)

    def _facts(
        self, origin_ns: int, died: Words | None, cost: ProfileCost | None, growth: Sequence[heap.Growth]
    ) -> Facts:
        return Facts(
            command=self.asked.shown,
            passes=self.asked.passes,
            origin_ns=origin_ns,
            limits=[limit.rule for limit in self.asked.limits],
            decides=self.asked.fail_on_targets,
            sampled=self._pyspy is not None and self.asked.native,
            pyspy=self._pyspy_told,
            died=died,
            steps=self._server.steps if self._server else (),
            cost=cost,
            growth=growth,
        )

    def _rest(self) -> None:
        """Gives memory the time to come back."""
        self._tell(self._say("resting", seconds=REST_S))
        with contextlib.suppress(OSError):
            tell(self.folder, "gc.2")
            tell(self.folder, "rest")
        self.stopped.wait(REST_S)

    def _stop_samplers(self) -> None:
        if self._pyspy is not None:
            until_ns = time.perf_counter_ns()
            wrote = self._pyspy.stop()
            if wrote:
                self._pyspy_told = (self._pyspy.began_ns, until_ns, self._pyspy.late)
            else:
                self._miss("pyspy_nothing")
            if self._pyspy.late:
                self._miss("pyspy_late", n=self._pyspy.late)
        with contextlib.suppress(OSError):
            tell(self.folder, "cpu.stop")

    def _how_it_died(self) -> Words | None:
        if self._server is None or not self._server.has_ended():
            return None
        listener = listener_of(self._place()[1]) if self._watch else None
        return None if listener else self._server.how_it_ended()

    def _stop_server(self) -> None:
        if self._server is not None and not self.asked.keep_running:
            left = listener_of(self._place()[1]) if self._watch else None
            self._server.stop(self.asked.stop_signal, left if left and not self._server.owns(left) else None)
            for step in self._server.steps:
                self._tell(step[LANGUAGES.index(self._arguments.lang)])

    def _miss_hooks(self, lines: Sequence[ProcessSeries], hooks: Sequence[HookSeries]) -> None:
        """A line for each process whose hook said nothing; short-lived ones had no time to."""
        seen = {each.pid for each in hooks}
        watched = [each for each in lines if each.kind in ("python", "node")]
        if lines and not watched:
            self._miss("other_kind")
        elif watched and self.asked.pid is not None:
            self._miss("hooks_pid")
        elif self.asked.inject:
            for each in watched:
                if each.pid not in seen and each.at_s and each.at_s[-1] - each.at_s[0] > 3:
                    self._miss("hook_silent" if each.is_ours else "hook_user", process=each.label)

    # --- the heap pass

    def _heap_pass(self, send: Send) -> list[heap.Growth]:
        """The server once more, with memory traced while a part of the load is sent."""
        if "heap" not in self.asked.passes or self.stopped.is_set():
            return []
        if self.asked.pid is not None or self.asked.keep_running:
            self._miss("heap_pid")
            return []
        folder = self.folder / "heap"
        folder.mkdir(mode=0o700)
        config = shorter(self._arguments.config, HEAP_SHARE, HEAP_LEAST_S)
        self._tell(self._say("heaping", seconds=config.duration_s))
        try:
            server = self._started(folder)
        except ServerError as error:
            self._miss("heap_failed", pid="-", why=str(error).splitlines()[0])
            return []
        try:
            with self._guarded(server):
                send(shorter(self._arguments.config, 0.0, HEAP_WARM_S))
                tell(folder, "heap.start")
                self.stopped.wait(SEEN_S)
                send(config)
                tell(folder, "heap.stop")
                self._wait_for_heaps(folder)
        finally:
            server.stop(self.asked.stop_signal)
        growth = heap.read_growth(folder)
        for each in growth:
            if each.error:
                self._miss("memray" if "memray" in each.error else "heap_failed", pid=each.pid, why=each.error)
        if not growth:
            self._miss("heap_nothing")
        return growth

    def _wait_for_heaps(self, folder: Path) -> None:
        """Until the files that hooks are writing have not grown for a second."""
        until_s, before = time.monotonic() + HEAP_END_S, -1
        self.stopped.wait(2 * SEEN_S)
        while time.monotonic() < until_s and not self.stopped.is_set():
            size = sum(path.stat().st_size for path in folder.glob("heap.*.*"))
            if size and size == before:
                return
            before = size
            self.stopped.wait(1.0)

    # --- what follows

    def _miss(self, key: str, **values: object) -> None:
        """Notes what cannot be measured, once."""
        made = [
            text.format(
                **{name: value[column] if isinstance(value, tuple) else value for name, value in values.items()}
            )
            for column, text in enumerate(MISSING[key])
        ]
        said = (made[0], made[1])
        if said not in self.not_measured:
            self.not_measured.append(said)

    def _cost_of(self, result: RunResult, used_s: float) -> ProfileCost | None:
        if self._plain is None:
            return None
        plain, plain_s = self._plain
        ok = (plain.summary.ok, result.summary.ok)
        if not all(ok):
            self._miss("compare_failed")
            return None
        sent = (plain.summary.sent, result.summary.sent)
        ttft = tuple(each.summary.metrics.get("ttft_ms", Stats()).p50 for each in (plain, result))
        cpu = (plain_s * 1000 / sent[0], used_s * 1000 / sent[1]) if self._watch else (None, None)
        return ProfileCost((ttft[0], ttft[1]), cpu, sent)

    def _cost_words(self, cost: ProfileCost | None) -> list[str]:
        """A warning when profiling raised the load's own figure by more than the limit."""
        worst = None if cost is None else cost.worst
        return [self._say("cost", share=percent_text(worst))] if worst is not None and worst > COST_LIMIT else []


def shorter(config: RunConfig, share: float, least_s: float) -> RunConfig:
    """The same load for a part of its time or requests, judged by nothing."""
    nothing: Mapping[str, object] = {"thresholds": [], "slo": [], "abort_on": [], "baseline": None, "allow": []}
    if config.duration_s and not config.stages:
        cut: Mapping[str, object] = {"duration_s": max(least_s, config.duration_s * share), "requests": None}
    else:
        wanted = max(config.threads, math.ceil((config.requests or config.threads) * share))
        cut = {"stages": [], "stages_of": None, "duration_s": 0.0, "requests": wanted}
    plain = {"warmup_s": 0.0, "warmup_requests": 0, "cooldown_s": 0.0, "ramp_up_s": 0.0}
    return replace(config, **nothing, **cut, **plain)  # type: ignore[arg-type]


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)  # asks whether there is one; no signal is sent
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _hint_of(pid: int) -> str | None:
    """Why attaching to a process may have been refused."""
    with contextlib.suppress(OSError, AttributeError):
        if Path(f"/proc/{pid}").stat().st_uid != os.geteuid() and os.geteuid() != 0:
            return "hint_user"
        if Path("/proc/sys/kernel/yama/ptrace_scope").read_text().strip() not in ("", "0"):
            return "hint_yama"
        if Path("/.dockerenv").exists():
            return "hint_container"
    return None
