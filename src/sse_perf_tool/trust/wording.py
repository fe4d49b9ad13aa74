"""The verdict, its reasons and the bounds in words."""

from __future__ import annotations

from ..metrics import enough_for
from ..records import Reason, RunResult, Stats, Trust
from ..texts import LANGUAGES, Texts

TEXTS: Texts = {
    "trusted": ("trusted", "可信"),
    "degraded": ("degraded", "存疑"),
    "usable": ("usable, with a remark", "可用，但有一点需注意"),
    "invalid": ("invalid", "无效"),
    "not_measured": ("not measured", "未测量"),
    "bound_ttft": ("TTFT P99 ± {ms} ms", "TTFT P99 ± {ms} ms"),
    "bound_gap": ("gap P99 ± {ms} ms", "间隔 P99 ± {ms} ms"),
    "times_ttft": ("TTFT ± {ms} ms", "TTFT ± {ms} ms"),
    "times_gap": ("gaps ± {ms} ms", "间隔 ± {ms} ms"),
    "alignment": (
        "the seconds of the workers are put together to ± {ms} ms: charts and rates by second are no finer",
        "各工作机的秒对齐误差为 ± {ms} ms：按秒的图表和速率不会更精确",
    ),
    "merged": (
        "{share} of the chunks were read late and merged with the next",
        "{share} 的数据块因读取过晚而与下一块合在一起",
    ),
    "merged_todo": ("use fewer threads or more --processes", "请减少线程或增加 --processes"),
    "merged_todo_one": ("leave cores free, or use a dedicated machine", "请留出空闲 CPU，或换用专门的机器发压"),
    "start": (
        "requests were sent up to {ms} ms (P99) after their recorded start",
        "请求在记下开始时刻后最多 {ms} ms（P99）才发出",
    ),
    "start_todo": ("use fewer threads, and leave cores free", "请减少线程，并留出空闲 CPU"),
    "start_todo_one": ("leave cores free, or use a dedicated machine", "请留出空闲 CPU，或换用专门的机器发压"),
    "ttft_bound": ("the TTFT P99 of {value} ms may be {bound} ms off", "TTFT P99 为 {value} ms，误差可达 {bound} ms"),
    "ttft_bound_few": ("the TTFT may be {bound} ms off", "TTFT 误差可达 {bound} ms"),
    "itl_bound_few": ("the gaps may be {bound} ms off", "间隔误差可达 {bound} ms"),
    "itl_bound": ("the gap P99 of {value} ms may be {bound} ms off", "间隔 P99 为 {value} ms，误差可达 {bound} ms"),
    "busy": ("this client reached {share} of one core", "本客户端占用单核达 {share}"),
    "busy_todo": ("use more --processes or fewer threads", "请增加 --processes 或减少线程"),
    "busy_todo_one": ("this stream is all that one core can read", "单个流已达单核读取的极限"),
    "starved": (
        "the reading thread waited for a core {share} of the time",
        "读取线程有 {share} 的时间在等待 CPU",
    ),
    "starved_todo": ("use fewer threads or a dedicated machine", "请减少线程，或换用没有其他程序的机器发压"),
    "starved_todo_one": ("leave cores free, or use a dedicated machine", "请留出空闲 CPU，或换用专门的机器发压"),
    "tight": (
        "{share} of the requests began while all cores were busy",
        "{share} 的请求在 CPU 占满时发出",
    ),
    "tight_todo": (
        "use --ramp-up, fewer threads or a dedicated machine",
        "请用 --ramp-up 逐步启动、减少线程，或换用专门的机器发压",
    ),
    "tight_todo_one": ("leave cores free, or use a dedicated machine", "请留出空闲 CPU，或换用专门的机器发压"),
    "full": ("all cores were busy", "全部 CPU 均已占满"),
    "full_todo": ("use fewer threads or a dedicated machine", "请减少线程，或换用专门的机器发压"),
    "full_todo_one": ("leave cores free, or use a dedicated machine", "请留出空闲 CPU，或换用专门的机器发压"),
    "others": (
        "other programs keep {others} of the cores busy: stop them, or use a dedicated machine",
        "其他程序占用了 {others} 的 CPU：请停止它们，或换用专门的机器发压",
    ),
    "schedule": (
        "{share} of the requests started late although threads were free: lower the rate or use more --processes",
        "{share} 的请求在有空闲线程时仍未按时发出：请降低速率或增加 --processes",
    ),
    "user_clock": (
        "arrival times are from this program, not from the system, and the machine was not idle: send from Linux",
        "到达时刻由本程序而非系统记录，且机器并不空闲：请在 Linux 上发压",
    ),
    "steps": (
        "the system clock was stepped {count} times during the run: let NTP slew it instead",
        "运行期间系统时钟被调整 {count} 次：请让 NTP 平滑校时，而不是跳变",
    ),
    "stood_still": (
        "this tool stood still for {seconds} s at {at}: it was stopped, or the machine asleep or paused; run it again",
        "本工具在 {at} 处停顿了 {seconds} 秒：进程被暂停，或机器休眠、挂起；请重新运行",
    ),
    "stood_still_more": (
        "and {count} times more, for {seconds} s together",
        "此后又停顿 {count} 次，共 {seconds} 秒",
    ),
    "left": (
        "a process or a worker of the tool ended early: from then on the load was less",
        "本工具的一个进程或工作机提前结束，此后的负载变小",
    ),
    "lost": (
        "a process or a worker of the tool was lost: requests of it are missing",
        "本工具的一个进程或工作机中途丢失，缺少它的请求",
    ),
}


def words(reason: Reason, lang: str) -> str:
    """A reason, and what to do, in a language."""
    column = LANGUAGES.index(lang)
    said = [TEXTS[key][column].format(**reason.values) for key in (reason.key, reason.todo) if key]
    return (": ", "：")[column].join(said)


def bound_words(result: RunResult) -> tuple[str, str] | None:
    """The error bounds of the figures, in (English, Chinese); None when there are none.

    They are computed for the P99.  Where the requests are too few for one, so that none is shown, they are called those
    of the times: what is off by so much at its end is off by no more below.
    """
    trust = result.trust or Trust()
    rows = (("ttft", "ttft_ms", trust.ttft_p99_error_bound_ms), ("gap", "itl_ms", trust.itl_p99_error_bound_ms))
    said = [
        [text.format(ms=ms_text(ms)) for text in TEXTS[f"{_kind(result, metric)}_{name}"]]
        for name, metric, ms in rows
        if ms is not None
    ]
    return (", ".join(each[0] for each in said), "，".join(each[1] for each in said)) if said else None


def _kind(result: RunResult, metric: str) -> str:
    stats = result.summary.metrics.get(metric, Stats())
    return "bound" if enough_for(99, stats.count) else "times"


TOO_LARGE = ("ttft_bound", "itl_bound", "ttft_bound_few", "itl_bound_few")
"""The reasons that say that a bound is too large for its figure."""


def verdict_key(trust: Trust) -> str:
    """The verdict as it is said: what is degraded by a remark alone, with small bounds, can be used."""
    bounds = (trust.ttft_p99_error_bound_ms, trust.itl_p99_error_bound_ms)
    small = any(bound is not None for bound in bounds) and not any(each.key in TOO_LARGE for each in trust.reasons)
    return "usable" if trust.verdict == "degraded" and small else trust.verdict


def verdict_words(result: RunResult) -> tuple[str, str]:
    """The verdict and the error bounds, in (English, Chinese)."""
    verdict, bound = TEXTS[verdict_key(result.trust or Trust())], bound_words(result)
    return verdict if bound is None else (f"{verdict[0]}: {bound[0]}", f"{verdict[1]}：{bound[1]}")


def ms_text(value: float) -> str:
    """Milliseconds with three significant digits, from 1000 on whole."""
    return f"{value:.3g}" if value < 999.5 else f"{value:.0f}"
