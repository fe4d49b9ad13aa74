"""A run from its first thread to its `RunResult`, in this process or divided over several."""

from __future__ import annotations

import contextlib
import errno
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Protocol

from ..errors import UsageError
from ..formats import Format
from ..metrics import Tally
from ..records import Abort, Calibration, IntervalSample, Outcome, RunConfig, RunResult, Summary, WorkerFacts
from ..records.file import RecordsHeader, header_line
from ..records.workers import over_rounds
from ..records.writer import Lines
from ..request.proxy import proxies_of
from ..request.target import Target
from ..test_runner import OnSample, Origin, SharedStats, Snapshot, ThreadGroup, aggregate_stats, new_shared_stats
from ..tester import Notice
from ..texts import Say, Texts, speaker
from ..trust import judge
from ..units import NS_PER_S, figure, percent_text
from .abort import Watch
from .parts import Parts

GRACE_S = 5.0
"""How long requests in flight may go on after the first interrupt."""

NO_THREAD = "start new thread"
"""What `threading` says of a system that gives no more of them."""

SPARE_FILES = 64
"""Open files besides one connection per thread."""

TEXTS: Texts = {
    "no_threads": (
        "--threads {threads}: the system gives this program no more threads; use fewer, or raise its limit (ulimit -u)",
        "--threads {threads}：系统不再为本程序提供线程；请减少线程，或提高上限（ulimit -u）",
    ),
    "no_memory": (
        "--threads {threads}: this program got no more memory; use fewer threads, or raise its limit (ulimit -v)",
        "--threads {threads}：本程序无法获得更多内存；请减少线程，或提高上限（ulimit -v）",
    ),
    "files": (
        "--threads {threads}: this system allows {hard} open files; give at most {most}, or raise it with ulimit -n",
        "--threads {threads}：系统只允许打开 {hard} 个文件；请不超过 {most}，或用 ulimit -n 提高上限",
    ),
    "no_turns": (
        "--turns {turns}: no answer gave a conversation to continue, so every request started a new conversation",
        "--turns {turns}：没有任何回答给出可继续的会话，因此每个请求都是第一轮",
    ),
    "late": (
        "{share} of the requests started late, by up to {worst} s, because no thread was free: increase --threads",
        "{share} 的请求因没有空闲线程而未能按时发出，最多晚 {worst} 秒：请增加 --threads",
    ),
    "late_here": (
        "{share} of the requests started late, by up to {worst} s, with threads free: this machine is too busy",
        "{share} 的请求未能按时发出，最多晚 {worst} 秒，而线程有空闲：本机过于繁忙",
    ),
    "dropped": (
        "scheduled requests that were never sent, because no thread became free: {dropped}; increase --threads",
        "有 {dropped} 个计划的请求直到结束都没有空闲线程，始终未发出：请增加 --threads",
    ),
    "usage": (
        "{number} answers report fewer output tokens than text chunks came: TPOT and tokens/s use an estimate for them",
        "有 {number} 个回答上报的输出 token 数少于其文本块数：这些回答的 TPOT 和 token/s 使用估算值",
    ),
    "estimates": (
        (
            "the server reports no tokens; counted {this} they are {tokens}, counted {that} {percent} {which}:"
            " TPOT and tokens/s may be as far off (--tokenizer FILE counts them)"
        ),
        (
            "服务端未返回 token 数；{this}计为 {tokens}，{that}则{which} {percent}：TPOT 和 token/s 可能有同样的偏差"
            "（可用 --tokenizer FILE 精确计数）"
        ),
    ),
    "by_words": ("by words", "按词"),
    "by_weights": ("by weights", "按加权"),
    "more": ("more", "多"),
    "fewer": ("fewer", "少"),
    "repaired": (
        (
            "tokens a chunk fall into two groups: {low} a chunk ({low_answers} answers) and {high} a chunk"
            " ({high_answers} answers); some answers may have been repaired by a gateway"
        ),
        (
            "每块 token 数分为两组：每块 {low} 个（{low_answers} 个回答）与每块 {high} 个（{high_answers} 个回答）；"
            "部分回答可能被网关修补过"
        ),
    ),
    "failed_warmup": (
        "failed requests in the warm-up, which the metrics leave out: {number}; --records keeps them",
        "预热阶段有 {number} 个请求失败，未计入指标；可用 --records 查看",
    ),
    "failed_cooldown": (
        "failed requests in the cool-down, which the metrics leave out: {number}; --records keeps them",
        "冷却阶段有 {number} 个请求失败，未计入指标；可用 --records 查看",
    ),
    "compressed": (
        "answers came with Content-Encoding: {encoding}, not asked for: gaps are those of compressed blocks",
        "有回答带有未请求的 Content-Encoding: {encoding}：间隔反映的是压缩块，而不是 token",
    ),
    "format_named": (
        "the answers look like {seen}, but were read as --format {expected}",
        "回答看起来是 {seen}，但按 --format {expected} 读取",
    ),
    "format_guessed": (
        "the URL looks like {expected}, but the answers are {seen} and were read so; name it with --format {seen}",
        "网址看起来是 {expected}，而回答是 {seen}，已按后者读取；可用 --format {seen} 指定",
    ),
}


def format_warnings(expected: Format | None, named: bool, seen: Iterable[str], lang: str) -> list[str]:
    """A warning for each format of the answers that is not the `expected` one.

    `named`: the user named the expected format; otherwise it was guessed from the URL.
    """
    if expected is None or expected.name == "custom":
        return []
    say, key = speaker(TEXTS, lang), "format_named" if named else "format_guessed"
    return [say(key, expected=expected.name, seen=name) for name in seen if name not in ("", expected.name)]


def most_threads() -> int | None:
    """The most threads that the hard limit of open files allows; None where there is no limit."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return None
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if hard == resource.RLIM_INFINITY else max(1, hard - SPARE_FILES)


LATE_SHARE, LATE_WORST_MS = 0.01, 100.0
"""The user is warned from this many late requests on, or when one is this late."""


def load_warnings(result: RunResult, lang: str) -> list[str]:
    """A warning for each way in which the load differed from the target load."""
    say, found = speaker(TEXTS, lang), result.summary
    said = []
    if (kept := found.schedule) is not None:
        worst_ms = kept.worst_delay_ms or 0.0
        if kept.late >= LATE_SHARE * found.sent > 0 or worst_ms >= LATE_WORST_MS:
            share = kept.late / found.sent if found.sent else 0.0
            key = "late" if kept.all_busy else "late_here"
            said.append(say(key, share=percent_text(share), worst=figure(worst_ms / 1000)))
        if kept.dropped:
            said.append(say("dropped", dropped=kept.dropped))
    if not any(name.lower() == "accept-encoding" for name in result.config.headers):
        encodings = {head.content_encoding for head in result.heads if head.content_encoding is not None}
        said += [say("compressed", encoding=encoding) for encoding in sorted(encodings)]
    if found.contradicting_usage:
        said.append(say("usage", number=found.contradicting_usage))
    said += _estimate_warnings(found, say)
    if (groups := found.token_groups) is not None:
        means = {"low": figure(groups.low), "high": figure(groups.high)}
        said.append(say("repaired", **means, low_answers=groups.low_answers, high_answers=groups.high_answers))
    lost = {name: sum(count for outcome, count in counts.items() if outcome not in _NOT_FAILED)
            for name, counts in found.left_out.items()}  # fmt: skip
    return [*said, *(say(f"failed_{phase}", number=number) for phase, number in lost.items() if number)]


ESTIMATES_DIFFER = 0.25
"""A run is told by how much the two estimates of its tokens differ when it is more than this share."""


def _estimate_warnings(found: Summary, say: Say) -> list[str]:
    ratio = found.weighted_by_words or 1.0
    ways = {"estimate": ("by_words", "by_weights", ratio), "weighted": ("by_weights", "by_words", 1 / ratio)}
    this, that, other = ways.get(found.token_source or "", ("", "", 1.0))
    if abs(other - 1) <= ESTIMATES_DIFFER:
        return []
    which = say("more" if other > 1 else "fewer")
    values = {"tokens": found.output_tokens, "percent": percent_text(abs(other - 1)), "which": which}
    return [say("estimates", this=say(this), that=say(that), **values)]


_NOT_FAILED = (Outcome.OK.value, Outcome.CANCELLED.value)


def allow_open_files(threads: int, lang: str) -> None:
    """Raises the soft limit of open files for this many connections; UsageError when the hard limit is lower."""
    try:
        import resource
    except ImportError:
        return
    wanted = threads + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    most = most_threads()
    if most is not None and most < threads:
        raise UsageError(speaker(TEXTS, lang)("files", threads=threads, hard=hard, most=most))
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextlib.contextmanager
def _limits_are_said(threads: int, lang: str) -> Iterator[None]:
    """Makes a UsageError of what Python raises when the system gives no more threads, processes or memory."""
    say = speaker(TEXTS, lang)
    try:
        yield
    except MemoryError as error:
        raise UsageError(say("no_memory", threads=threads)) from error
    except RuntimeError as error:
        if NO_THREAD not in str(error):
            raise
        raise UsageError(say("no_threads", threads=threads)) from error
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.ENOMEM):
            raise
        raise UsageError(say("no_threads" if error.errno == errno.EAGAIN else "no_memory", threads=threads)) from error


def _aggregate_from(origin: Origin, stats: SharedStats, finished: threading.Event, on_sample: OnSample) -> None:
    """As `aggregate_stats`, from the start of the run on."""
    time.sleep(max(0.0, (origin.ns - time.perf_counter_ns()) / NS_PER_S))
    aggregate_stats(stats, finished, on_sample)


class Group(Protocol):
    """The interface of what sends the load: the threads of this process, or child processes."""

    formats_seen: dict[str, None]
    tally: Tally
    cpu_s: float
    lead_s: float

    def prepare(self) -> None: ...
    def start(self, origin: Origin, begin_ns: int) -> None: ...
    def wait(self) -> None: ...
    def look(self) -> None: ...
    def stop(self) -> None: ...
    def cancel(self) -> None: ...
    def close(self) -> None: ...


class Groups(Protocol):
    """Others that send the load: what it will be with them, and each round, as `ProcessGroup` is one."""

    def fit(self, config: RunConfig) -> RunConfig: ...
    def group(
        self,
        target: Target,
        config: RunConfig,
        records: Lines | None,
        stats: SharedStats | None,
        after_id: int,
    ) -> Group: ...


class LoadRun:
    """One run.  `records` takes the lines of the records file; `notice` is called as each answer begins, `on_abort`
    with the rule that ends the run, if one does; `calibration` was measured before the run and goes into the result.

    The run has one round of the whole load or, with context tiers, one round per tier; a round begins when the last
    answer of the round before has ended.  `stop()` may be called from a signal handler.  With `groups` others send it.
    """

    def __init__(
        self,
        target: Target,
        config: RunConfig,
        warnings: tuple[str, ...] = (),
        records: Lines | None = None,
        notice: Notice | None = None,
        grace_s: float = GRACE_S,
        on_abort: Callable[[Abort], None] = lambda _abort: None,
        calibration: Calibration | None = None,
        groups: Groups | None = None,
    ) -> None:
        if groups is None:
            allow_open_files(config.threads, target.lang)
            proxies_of(target)  # a broken one is told before there are processes to tell it
        self.config = config if groups is None else groups.fit(config)
        self.grace_s = grace_s
        self.interrupted = False
        self.aborted: Abort | None = None
        self.origin = Origin(0, 0)
        """The start of the run; set by `run`."""
        self.shared_stats = new_shared_stats()
        """The live counters of all threads."""
        self.cpu_s = 0.0
        """CPU seconds of all processes of the tool during the run; known at its end."""
        self._target = target
        self._warnings = warnings
        self._records = records
        self._notice = notice
        self._watch = Watch(config)
        self._on_abort = on_abort
        self._calibration = calibration
        self._tally = Tally(0)
        self._formats_seen: dict[str, None] = {}
        self._lost: list[str] = []
        self._notes: list[str] = []
        self._missing = 0
        self._workers: tuple[WorkerFacts, ...] = ()
        self._groups = groups
        with _limits_are_said(config.threads, target.lang):
            self._group = self._new_group(0)

    @property
    def last_second(self) -> IntervalSample | None:
        """The sample of what came behind the last whole second, of which `on_sample` is not told; known at the end."""
        return self.shared_stats["time_series"][-1] if self.shared_stats["time_series"] else None

    def _new_group(self, number: int) -> Group:
        """The threads or processes of round `number`, from 0."""
        config, stats = self.config, self.shared_stats
        tiers = config.context_tiers
        target = replace(self._target, context_tokens=tiers[number]) if tiers else self._target
        after_id = max(self._tally.table["request_id"], default=0)
        if self._groups is not None:
            return self._groups.group(target, config, self._records, stats, after_id)
        if config.processes > 1:
            from .processes import ProcessGroup  # only here: one process has no need of it

            return ProcessGroup(target, config, self._records, stats, after_id)
        return ThreadGroup(target, config, records=self._records, notice=self._notice, stats=stats, after_id=after_id)

    def run(
        self,
        on_sample: OnSample = lambda _sample, _totals: None,
        on_tier: Callable[[int], None] = lambda _number: None,
    ) -> RunResult:
        """Starts the threads, waits for them and returns the result.  Raises the error of a thread that died, if any.

        `on_tier` is called with the number, from 0, of each context tier that begins.
        """
        try:
            with _limits_are_said(self.config.threads, self._target.lang):
                return self._run(on_sample, on_tier)
        except UsageError:
            self.cancel()
            raise
        finally:
            self._group.close()

    def _run(self, on_sample: OnSample, on_tier: Callable[[int], None]) -> RunResult:
        finished = threading.Event()

        def at_second(sample: IntervalSample, totals: Snapshot) -> None:
            self._group.look()
            on_sample(sample, totals)
            self._abort_if(self._watch.look(sample.second + 1, totals))

        self._group.prepare()
        origin = self.origin = Origin.now().later(self._group.lead_s)
        if self._records is not None:
            header = RecordsHeader(self.config, origin.unix_ns, self._warnings, self._calibration)
            self._records.write(header_line(header))
        aggregator = threading.Thread(
            target=_aggregate_from,
            args=(origin, self.shared_stats, finished, at_second),
            name="aggregator",
            daemon=True,
        )
        aggregator.start()
        for number in range(self.config.rounds):
            if number and not self._next_group(number):
                break
            if self.config.context_tiers:
                on_tier(number)
            self._group.start(origin, Origin.now().later(self._group.lead_s).ns if number else origin.ns)
            self._group.wait()
            self._take_in(self._group)
        finished.set()
        aggregator.join()
        return self._result(origin)

    def _next_group(self, number: int) -> bool:
        """Prepares the threads or processes of round `number`; False when the run was stopped."""
        if self._stopped:
            return False
        group = self._new_group(number)
        group.prepare()
        self._group, before = group, self._group
        if self._stopped:  # stopped meanwhile; the new group stays unused
            group.close()
            self._group = before
            return False
        with self.shared_stats["lock"]:
            self.shared_stats["threads_total"] = 0
        return True

    @property
    def _stopped(self) -> bool:
        return self.interrupted or self.aborted is not None

    def _take_in(self, group: Group) -> None:
        """Adds the tally of a round to that of the rounds before."""
        if len(self._tally.table):
            self._tally.merge(group.tally)
        else:
            self._tally = group.tally
        self._formats_seen.update(group.formats_seen)
        self.cpu_s += group.cpu_s
        if isinstance(group, Parts):
            self._lost += group.losses(self._target.lang)
            self._notes += group.notes
            self._missing += group.missing
            self._workers = over_rounds(self._workers, group.workers)

    def _result(self, origin: Origin) -> RunResult:
        target = self._target
        say = speaker(TEXTS, target.lang)
        warnings = (
            *self._warnings,
            *format_warnings(target.format, target.named, self._formats_seen, target.lang),
            *self._lost,
            *self._notes,
        )
        result = self._tally.result(
            self.config,
            origin.unix_ns,
            warnings,
            interrupted=self.interrupted,
            partial=bool(self._lost),
            aborted=self.aborted,
        )
        # More ok answers than threads in all rounds: some thread could have gone on after one of them.
        could_go_on = result.summary.ok > self.config.threads * self.config.rounds
        if self.config.turns > 1 and could_go_on and not result.summary.turns:
            result = replace(result, warnings=(*result.warnings, say("no_turns", turns=self.config.turns)))
        warnings = (*result.warnings, *load_warnings(result, target.lang))
        return judge(
            replace(
                result,
                warnings=warnings,
                calibration=self._calibration,
                missing_requests=self._missing,
                workers=self._workers,
            )
        )

    def _abort_if(self, found: Abort | None) -> None:
        if found is not None and self.aborted is None and not self.interrupted:
            self.aborted = found
            self._wind_down()
            self._on_abort(found)

    def stop(self) -> None:
        """Sends no new requests; those in flight may go on for `GRACE_S` and are then cancelled."""
        self.interrupted = True
        self._wind_down()

    def _wind_down(self) -> None:
        self._group.stop()
        timer = threading.Timer(self.grace_s, self.cancel)
        timer.daemon = True
        timer.start()

    def cancel(self) -> None:
        """Cancels every request in flight."""
        self._group.cancel()
