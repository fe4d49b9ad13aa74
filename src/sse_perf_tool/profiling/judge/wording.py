"""The sentences of targets and findings, in both languages.

A finding has two: its figure, which says no more than was measured, and its advice.
"""

from __future__ import annotations

from ...records.profile import Words
from ...texts import Texts

TEXTS: Texts = {
    # why a target has no value
    "no_ok": ("no request was ok", "没有成功的请求"),
    "no_samples": ("the server's processes could not be looked at", "无法观察服务端进程"),
    "no_hook": ("no hook was loaded into the server", "未在服务端加载钩子"),
    "no_loop": ("no event loop was seen in the server", "未在服务端发现事件循环"),
    "few": ("fewer than {n} ok requests", "成功请求少于 {n} 个"),
    "not_constant": ("the load was not constant", "负载不恒定"),
    # findings
    "machine_busy": (
        "Other programs took {others:.0f} % of a core; threads of the server waited up to {waiting:.0f} % of the time.",
        "其他程序占用了一个核的 {others:.0f} %；服务端的线程最多有 {waiting:.0f} % 的时间在等待 CPU。",
    ),
    "machine_busy.advice": (
        "Run it again on a quiet machine: these figures are partly theirs.",
        "请在空闲的机器上重新测试：这些数据部分受其他程序影响。",
    ),
    "failures": ("{share} of the requests failed ({outcomes}).", "{share} 的请求失败（{outcomes}）。"),
    "failures.advice": (
        "See the errors of the run and the server's log before its speed.",
        "在看性能之前，请先查看本次测试的错误和服务端日志。",
    ),
    "process_ended": (
        "The process ended {at:.0f} s after the start of the run ({how}).",
        "进程在测试开始 {at:.0f} 秒后结束（{how}）。",
    ),
    "process_ended.advice": (
        "Its last lines stand in the server's log; a worker that is replaced loses its requests and its caches.",
        "其最后的输出在服务端日志中；被替换的工作进程会丢失其请求和缓存。",
    ),
    "gone": ("it is no longer there", "已不存在"),
    "memory_grows": (
        "Memory grew by {grown:.0f} MB in {seconds:.0f} s, {each} a request, and was not back {rest:.0f} s after it.",
        "内存在 {seconds:.0f} 秒内增长 {grown:.0f} MB（每个请求 {each}），负载结束 {rest:.0f} 秒后仍未回落。",
    ),
    "memory_grows.kept": (
        " Most of what was kept was taken here: {mb:.0f} of {total:.0f} MB in the heap pass.",
        "其中大部分在此处分配：堆分析中占 {total:.0f} MB 里的 {mb:.0f} MB。",
    ),
    "memory_grows.advice": (
        "See what keeps it: caches without a bound, lists that only grow, whole answers held instead of streamed.",
        "查看是什么在保留内存：无上限的缓存、只增不减的列表、未流式处理而整体保存的回答。",
    ),
    "memory_grows.unknown": (
        "Run longer to know whether it levels off, and with the pass heap to see which line keeps it.",
        "请延长测试以确认是否会趋于平稳，并用 heap 查看是哪一行在保留内存。",
    ),
    "memory_high": ("The process took up to {peak:.0f} MB.", "进程内存最高 {peak:.0f} MB。"),
    "memory_high.advice": (
        "It did not grow with the requests: see what is loaded at the start, and how many workers share it.",
        "内存未随请求增长：请查看启动时加载了什么，以及有多少工作进程共享。",
    ),
    "loop_blocked": (
        "The event loop stood still: its delay reached {p99:.0f} ms (P99 of the worst 5 s), {max:.0f} ms at most.",
        "事件循环被阻塞：延迟达到 {p99:.0f} ms（最差 5 秒内的 P99），最长 {max:.0f} ms。",
    ),
    "loop_blocked.seen": (
        " {share} of {n} looks at a loop that stood still found it here.",
        "{n} 次观察到循环停顿，其中 {share} 停在此处。",
    ),
    "loop_blocked.cpu_seen": (" {share} of its CPU time was spent here.", "其 {share} 的 CPU 时间用于此处。"),
    "loop_blocked.advice": (
        "What waits or computes here holds up every other request: await it, or move it to a worker thread or process.",
        "此处的等待或计算会拖住其他所有请求：请改为 await，或移到工作线程或进程中。",
    ),
    "loop_blocked.unknown": (
        "The stack was not seen; run with the pass flame to see what holds the loop.",
        "未能看到调用栈；请加上 flame 以查看是什么占住了循环。",
    ),
    "cpu_bound": (
        "The process needed a whole core: {cpu:.0f} % of one used, {waiting:.0f} % more waited for.",
        "进程用满一个核：使用 {cpu:.0f} %，另有 {waiting:.0f} % 在等待 CPU。",
    ),
    "cpu_bound.many": (
        "The process used {cpu:.0f} % of the {cores} cores that it may use.",
        "进程使用了其可用 {cores} 个核的 {cpu:.0f} %。",
    ),
    "cpu_bound.seen": (" {share} of its CPU time was spent here.", "其 {share} 的 CPU 时间用于此处。"),
    "cpu_bound.loop": (
        " It holds the event loop, too: P99 of its delay {p99:.0f} ms.",
        "它也占住了事件循环：延迟 P99 为 {p99:.0f} ms。",
    ),
    "cpu_bound.advice": (
        "Make this work cheaper, cache its result, or spread it over worker processes: one process has one core here.",
        "请降低此处的计算量、缓存结果，或分散到多个工作进程：此处一个进程只能用一个核。",
    ),
    "cpu_bound.unknown": (
        "Run with the pass flame to see which function takes it.",
        "请加上 flame 以查看是哪个函数占用了 CPU。",
    ),
    "waits_on": (
        "{share} of the {things} that were under way waited here, for {what}; the process used {cpu:.0f} % of a core.",
        "进行中的{things}有 {share} 在此等待{what}；进程只用了一个核的 {cpu:.0f} %。",
    ),
    "waits_on.idle": (
        "{share} of the {things} that were under way waited here, for {what}.",
        "进行中的{things}有 {share} 在此等待{what}。",
    ),
    "waits_on.serves": (
        " From outside it answers {answered} at a time; inside {inside:.0f} worked, {waiting:.0f} waited: confirmed.",
        "从外部看，服务同时只回答 {answered} 个请求；在内部，{inside:.0f} 个在处理，{waiting:.0f} 个在等待：得到证实。",
    ),
    "waits_on.refuted": (
        " From outside it seems to answer {answered} at a time; inside, {inside:.0f} were at work: refuted.",
        "从外部看，服务似乎同时只回答 {answered} 个请求；但内部有 {inside:.0f} 个在处理：被否定。",
    ),
    "things.tasks": ("tasks", "任务"),
    "things.threads": ("worker threads", "工作线程"),
    "things.calls": ("requests", "请求"),
    "what.lock": ("a lock or a place in a pool", "锁或连接池的空位"),
    "what.queue": ("a queue", "队列"),
    "what.upstream": ("the answer of another service", "其他服务的回答"),
    "what.timer": ("a timer", "定时器"),
    "what.executor": ("a worker thread or process", "工作线程或进程"),
    "what.other": ("something that it does not tell", "某种未知的操作"),
    "waits_on.lock.advice": (
        "Raise the limit of the pool if what is behind it can take more, or hold a place for less time.",
        "若后端能承受更多，请提高连接池上限，或缩短占用时间。",
    ),
    "waits_on.queue.advice": (
        "See what fills the queue, and how many consumers empty it.",
        "请查看是什么在填充队列，以及有多少消费者在处理。",
    ),
    "waits_on.upstream.advice": (
        "The time is that service's: give it a time-out, ask it in parallel or ahead, or keep its answers.",
        "时间花在该服务上：请为其设置超时、并行或提前请求，或缓存其回答。",
    ),
    "waits_on.timer.advice": (
        "The code itself waits here: see whether it has to, and for so long.",
        "代码本身在此等待：请确认是否必要，以及时长是否合理。",
    ),
    "waits_on.executor.advice": (
        "All workers of the pool are taken: give it more, or keep long work out of it.",
        "工作池已占满：请增加工作线程，或把耗时工作移出。",
    ),
    "waits_on.other.advice": (
        "See what this line waits for.",
        "请查看这一行在等待什么。",
    ),
    "server_queue": (
        "Requests waited in the server's own queue {share} of the time, up to {most:.0f} at once.",
        "请求有 {share} 的时间在服务端自身的队列中等待，最多 {most:.0f} 个。",
    ),
    "server_queue.advice": (
        "It takes no more at once: raise its limit of running requests, or add a server.",
        "已达到其并发上限：请提高同时处理的请求数，或增加服务实例。",
    ),
    "cache_full": (
        "The KV cache was up to {cache:.0f} % full, with {preemptions} preemptions a second at most.",
        "KV 缓存最高占用 {cache:.0f} %，抢占最多每秒 {preemptions} 次。",
    ),
    "cache_full.advice": (
        "Give it more memory, or allow fewer requests or shorter contexts at once.",
        "请增加显存，或减少同时处理的请求数、缩短上下文。",
    ),
    "fds": ("{used:.0f} of {limit} descriptors were open.", "已打开 {used:.0f} 个描述符，上限 {limit}。"),
    "fds.advice": (
        "Raise the limit (ulimit -n), or see which connections and files are not closed.",
        "请提高上限（ulimit -n），或查看哪些连接和文件没有关闭。",
    ),
    "threads": (
        "Threads went from {before:.0f} to {after:.0f} during the load.",
        "测试期间线程数从 {before:.0f} 增至 {after:.0f}。",
    ),
    "threads.advice": (
        "Bound their number by a pool: each costs memory and time to switch.",
        "请用线程池限制数量：每个线程都占用内存和切换时间。",
    ),
    "degrading": (
        "Response times grew: the median went from {before:.0f} ms in the first third to {after:.0f}, {share}.",
        "响应时间在增长：最后三分之一的中位数比最初三分之一高 {share}，由 {before:.0f} ms 升至 {after:.0f} ms。",
    ),
    "degrading.advice": (
        "Nothing seen inside says why; run longer, with flame and heap.",
        "内部观察未说明原因；请延长测试，并加上 flame 和 heap。",
    ),
    "slow_first_chunk": ("The median first chunk came after {ms:.0f} ms.", "首个数据块的中位时间为 {ms:.0f} ms。"),
    "slow_first_chunk.advice": (
        "Nothing seen inside says why: the processes were neither busy nor seen waiting in code of their own.",
        "内部观察未说明原因：进程既不繁忙，也未在自身代码中等待。",
    ),
    "slow_answers": ("One answer in a hundred took {ms:.0f} ms or more.", "百分之一的回答耗时 {ms:.0f} ms 或更长。"),
    "slow_answers.advice": (
        "Nothing seen inside says why: see the slowest requests in the report of the load.",
        "内部观察未说明原因：请查看负载报告中最慢的请求。",
    ),
    "kb": ("{n:.0f} kB", "{n:.0f} kB"),
    "mb": ("{n:.1f} MB", "{n:.1f} MB"),
}


def words(key: str, **values: object) -> Words:
    """A text in both languages; a value that is a pair of texts is put into each."""
    made = []
    for column, text in enumerate(TEXTS[key]):
        own = {name: value[column] if isinstance(value, tuple) else value for name, value in values.items()}
        made.append(text.format(**own))
    return made[0], made[1]


def together(*parts: Words) -> Words:
    """Texts behind each other; those that follow begin with the space they need."""
    return "".join(part[0] for part in parts), "".join(part[1] for part in parts)
