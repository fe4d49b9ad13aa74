"""What master and workers say of each other, in both languages."""

from __future__ import annotations

from ..texts import Texts

TEXTS: Texts = {
    "extra": (
        "{flag}: needs two more packages; install them with: pip install 'sse-perf-tool[distributed]'",
        "{flag}：还需要两个软件包，请安装：pip install 'sse-perf-tool[distributed]'",
    ),
    "port_taken": (
        "--bind {place}: cannot be listened on: {reason}; is another master running? choose another port",
        "--bind {place}：无法监听：{reason}；是否已有另一个主控在运行？请换一个端口",
    ),
    "not_here": (
        "--bind {place}: not an address of this machine: {reason}; give one of its own, or 0.0.0.0 for all",
        "--bind {place}：不是本机的地址：{reason}；请给出本机的地址，或用 0.0.0.0 表示全部",
    ),
    "no_line": ("no line to the workers: {reason}", "无法与工作机通信：{reason}"),
    "join": (
        "workers to wait for: {number}; on each load machine: {command} worker --join {place} --cluster-token {token}",
        "等待 {number} 台工作机；在每台施压机上运行：{command} worker --join {place} --cluster-token {token}",
    ),
    "join_known": (
        "workers to wait for: {number}; on each load machine, with the same token: {command} worker --join {place}",
        "等待 {number} 台工作机；在每台施压机上用相同的令牌运行：{command} worker --join {place}",
    ),
    "joined": (
        "worker {number} of {of}: {name}, {cores} CPUs",
        "工作机 {number}/{of}：{name}，{cores} 个 CPU",
    ),
    "never_came": (
        "{come} of {number} workers came within {seconds:g} s (--worker-wait); start the others, or expect fewer",
        "{seconds:g} 秒内（--worker-wait）只有 {come}/{number} 台工作机加入；请启动其余工作机，或减少数量",
    ),
    "local_died": (
        "a worker on this machine ended before it joined: {reason}",
        "本机的一个工作进程在加入前退出：{reason}",
    ),
    "stranger": (
        "something spoke to {place} without the right token: refused",
        "有来源用错误的令牌连接 {place}：已拒绝",
    ),
    "too_long": (
        "something spoke to {place} with a message longer than any of this tool: refused",
        "有来源向 {place} 发送了超出本工具任何消息长度的消息：已拒绝",
    ),
    "master_too_long": (
        "{place} sent a message longer than any of this tool: refused",
        "{place} 发来了超出本工具任何消息长度的消息：已拒绝",
    ),
    "other_version": (
        "worker {name} has version {theirs}, the master {ours}: refused; install the same on both",
        "工作机 {name} 的版本为 {theirs}，主控为 {ours}：已拒绝，请安装相同版本",
    ),
    "late": (
        "worker {name} came late: the run goes on without it",
        "工作机 {name} 来晚了：测试不包含它",
    ),
    "you_other_version": (
        "refused: the master has version {ours}, this worker {theirs}; install the same on both",
        "被拒绝：主控版本为 {ours}，本工作机为 {theirs}，请安装相同版本",
    ),
    "you_late": (
        "refused: the run has all the workers that it expects, or has begun",
        "被拒绝：测试所需的工作机已齐，或测试已经开始",
    ),
    "silent": (
        "worker {number} ({name}) is not heard any more; the run goes on",
        "工作机 {number}（{name}）失去联系；测试继续",
    ),
    "back": (
        "worker {number} ({name}) is heard again, after {seconds:.0f} s",
        "工作机 {number}（{name}）在 {seconds:.0f} 秒后恢复联系",
    ),
    "no_workers_left": (
        "no worker is left: the run ends",
        "已没有工作机：测试结束",
    ),
    "lost": (
        (
            "worker {number} ({name}) was lost during the run: {missing} requests that it had sent are missing, "
            "and those of its last second, if there were any"
        ),
        "工作机 {number}（{name}）在运行中丢失：缺少它的 {missing} 个请求，以及最后一秒内可能发出的请求",
    ),
    "died": (
        "worker {number} ({name}) died during the run and stopped: {missing} requests that it had sent are missing",
        "工作机 {number}（{name}）的进程在运行中退出：此后不再发送；缺少它已发出的 {missing} 个请求",
    ),
    "left": (
        "worker {number} ({name}) was stopped there: what it had sent is in the results",
        "工作机 {number}（{name}）在本机被停止：它已发出的请求包含在结果中",
    ),
    "alone": (
        "worker {number} ({name}) lost the master for {seconds:g} s and stopped; what it had sent is in the results",
        "工作机 {number}（{name}）与主控失联超过 {seconds:g} 秒并停止；它已发出的请求包含在结果中",
    ),
    "within": ("worker {number} ({name}): {text}", "工作机 {number}（{name}）：{text}"),
    "failed": ("worker {number} ({name}): {reason}", "工作机 {number}（{name}）：{reason}"),
    "lines_missing": (
        "{missing} lines of the records of worker {number} ({name}) did not come",
        "工作机 {number}（{name}）有 {missing} 行逐请求记录未到达",
    ),
    "slow": (
        "worker {number} ({name}) is slower than the others: {figure} {value}, theirs {median}",
        "工作机 {number}（{name}）比其他工作机慢：{figure} 为 {value}，其他为 {median}",
    ),
    "calling": ("joining {place} ...", "正在加入 {place} ..."),
    "no_answer": (
        "no answer from {place} yet: is a run with --expect-workers going on there, and is the token the same?",
        "{place} 尚无应答：那里是否有带 --expect-workers 的测试？令牌是否相同？",
    ),
    "no_master": (
        "--join {place}: no master answered within {seconds:g} s (--worker-wait)",
        "--join {place}：{seconds:g} 秒内（--worker-wait）没有主控应答",
    ),
    "unknown_host": ("{flag} {place}: no such host: {reason}", "{flag} {place}：没有此主机：{reason}"),
    "ready": (
        "joined as a worker of {place}; waiting for the load",
        "已作为工作机加入 {place}；等待施压",
    ),
    "begins": ("sending its part of the load", "开始发送所承担的负载"),
    "ended": ("its part is sent, requests: {requests}", "所承担的部分已发送：{requests} 个请求"),
    "stopping": (
        "stopping; answers in flight may go on for {seconds:g} s",
        "正在停止；进行中的回答最多再等 {seconds:g} 秒",
    ),
    "without_master": (
        "the master has not been heard for {seconds:g} s: no more load is sent",
        "已 {seconds:g} 秒没有主控消息：不再发送负载",
    ),
    "undelivered": (
        "the master did not come back: what this worker measured is lost",
        "主控没有恢复：本工作机的测量结果已丢失",
    ),
    "master_gone": ("the master is gone", "主控已退出"),
    "unreadable_result": (
        "worker {number} ({name}): its results cannot be read: {reason}",
        "工作机 {number}（{name}）：无法读取其结果：{reason}",
    ),
    "unreadable_plan": (
        "the plan of the master cannot be read: {reason}",
        "无法读取主控的计划：{reason}",
    ),
}
