"""What a profile says while it goes on, and of what it cannot measure."""

from __future__ import annotations

from ..texts import Texts

TEXTS: Texts = {
    "folder": ("profile folder", "分析目录"),
    "starting": ("starting the server: {command}", "正在启动服务端：{command}"),
    "ready": ("the server is ready after {seconds:.1f} s", "服务端在 {seconds:.1f} 秒后就绪"),
    "comparing": (
        "first {seconds:g} s of load without profilers, to say what they cost",
        "先进行 {seconds:g} 秒无分析器的负载，以说明其开销",
    ),
    "resting": (
        "the load is over; looking for {seconds:g} s whether the server comes back to rest",
        "负载结束；再观察 {seconds:g} 秒服务端是否恢复",
    ),
    "heaping": (
        "heap pass: the server again, with {seconds:g} s of load",
        "堆分析：重新启动服务端，施加 {seconds:g} 秒负载",
    ),
    "no_process": ("--pid {pid}: there is no such process", "--pid {pid}：没有这个进程"),
    "port": ("port {port}", "端口 {port}"),
    "folder_failed": ("{path}: cannot be made or run ({reason})", "{path}：无法创建或运行（{reason}）"),
    "unkept": (
        "{path}: cannot be written ({reason}); the page cannot be made again from it",
        "{path}：无法写入（{reason}），因此不能由该目录重新生成页面",
    ),
    "unread": ("{path}: cannot be read ({reason})", "{path}：无法读取（{reason}）"),
    "damaged": (
        "{path}: is damaged, or of another version; name the records beside it, run.jsonl",
        "{path}：已损坏或版本不符，请改用同目录的记录文件 run.jsonl",
    ),
    "cost": (
        "the figures are those of a server under profilers, whose TTFT P50 is higher by {share}",
        "数据来自分析器下的服务端：TTFT P50 比无分析器时高 {share}",
    ),
}

MISSING: Texts = {
    "psutil": (
        'CPU, memory, threads: psutil is not installed; pip install "sse-perf-tool[profile]"',
        'CPU、内存、线程：未安装 psutil；pip install "sse-perf-tool[profile]"',
    ),
    "pyspy": (
        'CPU by function of Python: py-spy is not installed; pip install "sse-perf-tool[profile]"',
        'Python 各函数的 CPU：未安装 py-spy；pip install "sse-perf-tool[profile]"',
    ),
    "pyspy_broken": (
        "CPU by function of Python: py-spy does not start here ({why})",
        "Python 各函数的 CPU：py-spy 无法在此启动（{why}）",
    ),
    "pyspy_refused": (
        "CPU by function of Python: py-spy said: {why}{hint}",
        "Python 各函数的 CPU：py-spy 报告：{why}{hint}",
    ),
    "hint_user": (" (the server runs as another user)", "（服务端以其他用户运行）"),
    "hint_yama": (
        " (kernel.yama.ptrace_scope lets only parents attach)",
        "（kernel.yama.ptrace_scope 只允许父进程附加）",
    ),
    "hint_container": (" (a container needs --cap-add SYS_PTRACE)", "（容器需要 --cap-add SYS_PTRACE）"),
    "pyspy_late": (
        "py-spy fell behind {n} times: the machine was too busy, and its shares are rough",
        "py-spy 有 {n} 次未能及时采样：机器过忙，比例仅供参考",
    ),
    "pyspy_nothing": ("CPU by function of Python: py-spy wrote nothing", "Python 各函数的 CPU：py-spy 没有写出数据"),
    "memray": (
        'memory by line of Python: memray is not installed; pip install "sse-perf-tool[profile]"',
        'Python 按行的内存：未安装 memray；pip install "sse-perf-tool[profile]"',
    ),
    "heap_failed": ("memory by line of process {pid}: {why}", "进程 {pid} 按行的内存：{why}"),
    "heap_nothing": (
        "memory by line: no process of the heap pass wrote anything",
        "按行的内存：堆分析中没有进程写出数据",
    ),
    "heap_pid": (
        "memory by line: only of a server that this command starts",
        "按行的内存：仅限由本命令启动的服务端",
    ),
    "hooks_pid": (
        "event-loop delay and waits: only of a server that this command starts",
        "事件循环延迟与等待：仅限由本命令启动的服务端",
    ),
    "hooks_off": ("event-loop delay and waits: --no-inject", "事件循环延迟与等待：已使用 --no-inject"),
    "hook_silent": (
        (
            "event-loop delay and waits of {process}: its hook was not loaded "
            "(python -I, -E or -S, a node that ignores NODE_OPTIONS, a frozen program)"
        ),
        "{process} 的事件循环延迟与等待：钩子未加载（python -I、-E、-S，忽略 NODE_OPTIONS 的 node，或打包的程序）",
    ),
    "hook_user": (
        "event-loop delay and waits of {process}: it runs as another user, whose hook may not write into the folder",
        "{process} 的事件循环延迟与等待：进程以其他用户运行，其钩子无法写入目录",
    ),
    "other_kind": (
        "event-loop delay, waits, CPU by function: no process of Python or Node.js was found",
        "事件循环延迟、等待、各函数的 CPU：未找到 Python 或 Node.js 进程",
    ),
    "node_pid": (
        "CPU by function of Node.js: only of a server that this command starts",
        "Node.js 各函数的 CPU：仅限由本命令启动的服务端",
    ),
    "prometheus": (
        'the server\'s /metrics: prometheus_client is not installed; pip install "sse-perf-tool[profile]"',
        '服务端 /metrics：未安装 prometheus_client；pip install "sse-perf-tool[profile]"',
    ),
    "sampler": (
        "the process that looks at the server ended early; later seconds are missing",
        "观察服务端的进程提前结束，缺少其后的数据",
    ),
    "compare_failed": ("what profiling cost: no request was ok without it", "分析开销：无分析器时没有成功的请求"),
}
