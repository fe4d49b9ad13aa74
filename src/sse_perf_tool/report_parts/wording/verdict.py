"""Texts of the verdict and of what to look at next."""

from __future__ import annotations

from ...texts import Texts

TEXTS: Texts = {
    "word.passed": ("Passed", "通过"),
    "word.missed": ("Failed", "未通过"),
    "word.good": ("No failures", "没有失败"),
    "word.fair": ("With remarks", "需留意"),
    "word.bad": ("Too many failures", "失败过多"),
    "word.none": ("Nothing measured", "无数据"),
    "all_ok": ("All {n} succeeded", "{n}全部成功"),
    "some_ok": ("{share} of {n} succeeded", "{n}中 {share} 成功"),
    "one_ok": ("The request succeeded", "请求成功"),
    "one_failed": ("The request failed", "请求失败"),
    "none_ok": ("None of {n} succeeded", "{n}无一成功"),
    "nothing_measured": ("No request succeeded, so there are no times to show.", "没有成功的请求，因此没有耗时数据。"),
    "nothing_sent": ("No request finished", "没有任何请求完成"),
    "requests.one": ("{n} request", "{n} 个请求"),
    "requests.many": ("{n} requests", "{n} 个请求"),
    "answers.one": ("{n} answer", "{n} 个回答"),
    "answers.many": ("{n} answers", "{n} 个回答"),
    "threads.one": ("{n} thread", "{n} 个线程"),
    "threads.many": ("{n} threads", "{n} 个线程"),
    "tested": (
        "{threads} sent {requests} to {target} within {duration}.",
        "{threads}在 {duration} 内向 {target} 发送了 {requests}。",
    ),
    "tested_model": (
        "{threads} sent {requests} for the model {model} to {target} within {duration}.",
        "{threads}在 {duration} 内向 {target} 的模型 {model} 发送了 {requests}。",
    ),
    "began": (
        "Half of the answers began within {p50}, 99 % within {p99}; the median answer was complete after {latency}.",
        "一半的回答在 {p50} 内出现首个 token，99 % 在 {p99} 内；回答完成的中位时间为 {latency}。",
    ),
    "began_few": (
        "Half of the answers began within {p50}; the median answer was complete after {latency}.",
        "一半的回答在 {p50} 内出现首个 token；回答完成的中位时间为 {latency}。",
    ),
    "complete": (
        "Half of the answers were complete within {p50}, 99 % within {p99}.",
        "一半的回答在 {p50} 内完成，99 % 在 {p99} 内完成。",
    ),
    "complete_few": ("Half of the answers were complete within {p50}.", "一半的回答在 {p50} 内完成。"),
    "pace": (
        "The target delivered {tokens} tokens/s at {rps} requests/s.",
        "系统吞吐为 {tokens} token/s，{rps} 请求/s。",
    ),
    "pace_failed": (
        "The target delivered {tokens} tokens/s at {rps} requests/s, failed ones included.",
        "系统吞吐为 {tokens} token/s，{rps} 请求/s（含失败的请求）。",
    ),
    "interrupted": (
        "The run was interrupted; the figures cover the requests finished before.",
        "测试被中断，数据仅涵盖已完成的部分。",
    ),
    "missing_headline": ("Missing: {n}", "缺少 {n}"),
    "not_said": ("an unknown number of requests", "数量未知的请求"),
    "partial": (
        "PARTIAL: a process or a worker of the tool was lost in mid-run; missing: {n}.",
        "结果不完整（PARTIAL）：本工具的一个进程或工作机中途丢失，缺少 {n}。",
    ),
    "partial_none": (
        "PARTIAL: a process or a worker of the tool ended early; none of its requests is missing.",
        "结果不完整（PARTIAL）：本工具的一个进程或工作机提前结束，但没有缺少请求。",
    ),
    "records_partial": (
        "The records file is incomplete because it could not be written; the figures here are of all requests.",
        "逐请求记录未能完整写入；此处的数据包含全部请求。",
    ),
    "skipped_lines": (
        "Damaged lines of the records were skipped; their requests are missing.",
        "逐请求记录中有损坏的行被跳过，缺少这些请求。",
    ),
    "cancelled": ("Not counted: {n} cancelled at the end.", "不计入数据：结束时被取消的 {n}。"),
    "look_next": ("What to look at next", "接下来看什么"),
    "look_more": ("{n} more", "另有 {n} 项"),
    "look.nothing": ("Nothing stands out. Raise the load to find the limit.", "没有异常。可以加大压力以寻找上限。"),
    "look.missed": ("Missed: {rules}.", "未达到：{rules}。"),
    "look.missed_more": ("Missed: {rules} and {n} more.", "未达到：{rules}，另有 {n} 项。"),
    "look.failed": ("{n} failed, most often as “{outcome}”.", "{n}失败，最常见的是“{outcome}”。"),
    "look.rate": (
        "Only {share} of the target rate of {asked} requests/s was sent, with threads free: this machine is too busy.",
        "只达到每秒 {asked} 个请求这一目标的 {share}，而线程有空闲：本机过于繁忙。",
    ),
    "look.rate_threads": (
        "Only {share} of the target rate of {asked} requests/s was sent, as all threads were busy: use more threads.",
        "只达到每秒 {asked} 个请求这一目标的 {share}，因所有线程都在忙：请增加线程。",
    ),
    "look.retried": (
        "{n} needed a retry; their times include the failed attempts.",
        "{n}经过重试才有结果，其耗时包含失败的尝试。",
    ),
    "look.resent": (
        "{n} had to be sent again: the server had closed the idle connection (its keep-alive time is short).",
        "{n}被重新发送：服务端已关闭空闲连接（其 keep-alive 时间较短）。",
    ),
    "look.contexts": (
        "Median TTFT {low} with {first} tokens of context, {high} with {last}.",
        "TTFT 中位数：上下文 {first} token 时为 {low}，{last} token 时为 {high}。",
    ),
    "look.contexts_whole": (
        "Median response time {low} with {first} tokens of context, {high} with {last}.",
        "响应时间中位数：上下文 {first} token 时为 {low}，{last} token 时为 {high}。",
    ),
    "look.turns": (
        "Median TTFT {low} in turn {first}, {high} in turn {last}.",
        "TTFT 中位数：第 {first} 轮为 {low}，第 {last} 轮为 {high}。",
    ),
    "look.turns_whole": (
        "Median response time {low} in turn {first}, {high} in turn {last}.",
        "响应时间中位数：第 {first} 轮为 {low}，第 {last} 轮为 {high}。",
    ),
    "look.tail": (
        "The slowest 1 % of first tokens took {ratio} times the median. See when.",
        "最慢 1 % 的首 token 耗时是中位数的 {ratio} 倍，看看出现在何时。",
    ),
    "look.drift": (
        "First tokens took {ratio} times as long in the last fifth of the run as in the first.",
        "最后五分之一时段的首 token 耗时是最初五分之一的 {ratio} 倍。",
    ),
    "look.tail_whole": (
        "The slowest 1 % of answers took {ratio} times the median. See when.",
        "最慢 1 % 的回答耗时是中位数的 {ratio} 倍，看看出现在何时。",
    ),
    "look.drift_whole": (
        "Answers took {ratio} times as long in the last fifth of the run as in the first.",
        "最后五分之一时段的回答耗时是最初五分之一的 {ratio} 倍。",
    ),
    "look.few": (
        "Only {n} finished: the 99th percentile needs 100.",
        "仅完成 {n}：P99 需要 100 个样本。",
    ),
    "look.estimate": (
        (
            "Tokens are estimated because the server reported none: compare such runs with each other only,"
            " of one model with one kind of answer."
        ),
        "服务器未返回 token 数，现为估算：只宜在同一模型、同类回答的结果之间比较。",
    ),
    "look.goodput": ("{met} of {n} met {rules}.", "{n}中只有 {met} 个满足 {rules}。"),
    "look.mixed": (
        "Only some answers reported their tokens; the tokens of the others were counted in another way.",
        "只有部分回答返回了 token 数，其余按其他方式计数。",
    ),
}
